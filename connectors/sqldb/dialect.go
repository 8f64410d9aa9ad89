package sqldb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// dialect is all that differs between the kinds of databases, as data and functions. Each kind fills one in a package of its own.
type dialect struct {
	name     string // the type of its targets
	summary  string
	parallel int // transactions at once, if the configuration does not say
	// open gets ready to connect. It need not reach the database.
	open func(e connectors.Env, c Config, zone *time.Location) (link, error)
	port int // of a server; 0: a file
	// greet asks a server that was dialled for encryption; nil: its certificate cannot be looked at from outside.
	greet func(net.Conn) error
	// login is the account that a DSN names; empty: only the driver knows.
	login func(dsn string) string
	// grantee writes an account as GRANT takes it; nil: there are no accounts.
	grantee   func(user string) string
	dual      string // what follows a SELECT that needs no table
	inspector inspector

	maxBinds int  // placeholders in one statement
	maxRows  int  // rows in one multi-row statement; 1: none
	doubles  bool // a row that an upsert changes counts twice
	returns  bool // INSERT … RETURNING gives rows
	quote    func(name string) string
	bind     func(n int) string // n-th placeholder, from 1
	// differs is the condition that a column's value has other bytes than an argument; nil: nothing folds.
	differs func(c *column, quoted, mark string) string
	// write makes the statements for rows of one table that may go together; see write.go.
	write func(d *dialect, w *rowset) ([]statement, error)
	// table reads the catalog of one table through s.
	table func(ctx context.Context, s session, schema, name string) (*table, error)
	// arg turns a value into what the driver takes for a column: nil, string, int64 or []byte.
	arg func(c *column, v connectors.Value, zone *time.Location) (any, error)
	// fold spells a name as the server does where it stands without quotes; nil: as it is.
	fold func(name string) string
	// prove makes the statements by which a transaction proves that tables are as they were read.
	prove func(proofs []*proof) []statement
	// hold makes the statement that keeps a table as it is until the transaction ends, before anything is written to it;
	// nil where what is written can always be taken back.
	hold func(w *rowset) statement
	// tally makes the statement that counts what became of tables: a row each of rows inserted, deleted and updated, and
	// whether the server counts; nil: nobody there counts. settle has happen what else would happen at COMMIT.
	tally  func(tables []*table) statement
	settle string
	// counters make what counts for tally, or take it away at the end of the transaction; nil: the server counts by itself.
	counters func(tables []*table, begin bool) []string
	// pipelines says that statements travel together with COMMIT: what only their answers tell comes too late.
	pipelines bool
	// moments writes the moments that arg left in a rowset's arguments; nil: it leaves none.
	moments func(w *rowset) error
	// classify says what an error of the driver means.
	classify func(err error) verdict
	// inside tells that an error comes from what a statement sets going, such as a trigger; nil: nobody there can tell.
	inside func(err error) bool
	// offsets says that texts of moments may have an offset, which columns without a zone ignore.
	offsets bool
	// trial makes the statement that tries a value of a column with a proof; refutes tells by its error, and by that of what
	// prove makes, that it failed. nil: there are no such columns, and proofs are compared.
	trial   func(c *column, x any, means *culprit) statement
	refutes func(err error) bool
	// ledgerDDL is the DDL of the ledger table; digest the type of its column DIGEST, key how its columns are written to.
	ledgerDDL func(table string) string
	digest    string
	key       column
	// age is how many seconds ago WRITTEN_AT of the ledger is, by the database's own clock.
	age string
	// steady opens a transaction in which a row that changed after it was read cannot be written. Empty: it is so anyway, or
	// keeps says how.
	steady string
	// keeps: a savepoint that is rolled back keeps the locks of the rows that were written after it.
	keeps bool
	// since is the condition that WRITTEN_AT is at most that many seconds ago.
	since func(seconds int64) string
}

// session is one connection, used by one goroutine at a time. After an error that is not the server's
// own answer it must be thrown away.
type session interface {
	// run sends statements in order, opening a transaction first when begin is set and committing after
	// the last when commit is set. All of it may travel together. The error is always a *fault.
	run(ctx context.Context, stmts []statement, begin, commit bool) ([]result, error)
	// rollback takes back the open transaction, if any.
	rollback(ctx context.Context) error
	// forget has the next statements prepared anew.
	forget(ctx context.Context) error
	// fresh says no when what the session has open is no longer the database.
	fresh() bool
	close()
}

// link makes sessions of one database.
type link struct {
	connect func(ctx context.Context) (session, error)
	close   func() error
}

// statement is one SQL statement with its arguments.
type statement struct {
	sql  string
	args []any
	oids []uint32 // PostgreSQL: types of the arguments; nil: let the server infer
	rows bool     // it returns rows
	outs int      // Oracle: number of RETURNING … INTO places at the end of args
	op   string   // for messages: "insert into APPLICATION"
	item int      // index of the one item it belongs to, or -1 for several
	// at least and at most so many rows have to be touched; most 0: as many as it likes. sums: together with the
	// statement before. sure: it is so, or the statement fails. zero is the code when there are none.
	least, most int64
	sums, sure  bool
	zero        string
	none        bool   // it must give no row; if it does, that is what means says
	opens       bool   // it says what kind of transaction it is, before anything else happens in it
	tries       bool   // it tries whether a type takes a value: what the server refuses is the value
	means       error  // what it means when the statement divides by zero, or gives a row that it must not
	proves      *proof // it is to give this text
	looks       bool   // takes has to see the answer before COMMIT
	// takes looks at the answer.
	takes func(result) error
	// each takes the rows one by one instead of the result, so that big ones are not all held; names are
	// nil at the end. It returns false when it wants no more.
	each func(names []string, vals []connectors.Value) bool
}

// mustLook reports a statement whose answer has to be seen before COMMIT.
func (st *statement) mustLook() bool {
	return !st.sure && st.most > 0 || st.none || st.proves != nil || st.looks
}

// count compares the rows that the statement touched with those that were sent.
func (st *statement) count(touched int64) error {
	switch {
	case st.none && touched > 0 && st.means != nil:
		return st.means
	case st.none && touched > 0:
		return &culprit{st.item, CodeRows, st.op, errors.New("rows that were to be deleted are still there")}
	case st.most == 0 || st.least <= touched && touched <= st.most:
		return nil
	case touched == 0 && st.zero != "":
		return &culprit{st.item, st.zero, st.op, errors.New("no row has this key")}
	}
	return &culprit{st.item, CodeRows, fmt.Sprintf("%s (rows sent: %d, written: %d)", st.op, st.least, touched), errors.New("rows written differ from rows sent")}
}

// result is what a statement gave.
type result struct {
	affected int64
	names    []string
	rows     [][]connectors.Value
}

func quoteDouble(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func questionMark(int) string { return "?" }

// splitName cuts a table's name into schema and name; without a schema it is the default one.
func splitName(name, schema string) (string, string) {
	if s, t, ok := strings.Cut(name, "."); ok {
		return s, t
	}
	return schema, name
}

// ping is a statement that any session answers.
func (d *dialect) ping() statement {
	return statement{sql: "SELECT 1" + d.dual, rows: true, op: "ping", item: -1}
}

// digestAdded is what a DBA runs on a ledger of an earlier version.
func (d *dialect) digestAdded(table string) string {
	return "ALTER TABLE " + table + " ADD DIGEST " + d.digest
}

// quoteUnlessPlain puts a name in quotes that needs them.
func quoteUnlessPlain(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return quoteDouble(name)
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// one returns the only row of a query.
func one(ctx context.Context, s session, sql string) ([]connectors.Value, error) {
	res, err := s.run(ctx, []statement{question(sql)}, false, false)
	if err != nil {
		return nil, err
	}
	if len(res[0].rows) != 1 {
		return nil, errors.New("the server's answer is not one row")
	}
	return res[0].rows[0], nil
}

func question(sql string) statement {
	return statement{sql: sql, rows: true, op: "settle the session", item: -1}
}

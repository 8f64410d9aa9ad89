package dialect

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

// Dialect is all that differs between the kinds of databases, as data and functions. Each kind fills one in a package of its own.
type Dialect struct {
	Name     string // the type of its targets
	Summary  string
	Parallel int // transactions at once, if the configuration does not say
	// Open gets ready to connect. It need not reach the database.
	Open func(e connectors.Env, c Config, zone *time.Location) (Link, error)
	Port int // of a server; 0: a file
	// Greet asks a server that was dialled for encryption; nil: its certificate cannot be looked at from outside.
	Greet func(net.Conn) error
	// Login is the account that a DSN names; empty: only the driver knows.
	Login func(dsn string) string
	// Grantee writes an account as GRANT takes it; nil: there are no accounts.
	Grantee   func(user string) string
	Dual      string // what follows a SELECT that needs no table
	Inspector Inspector

	MaxBinds int    // placeholders in one statement
	MaxRows  int    // rows in one multi-row statement; 1: none
	Bare     string // what follows INSERT INTO of a row that has no value at all; empty: DEFAULT VALUES
	Doubles  bool   // a row that an upsert changes counts twice
	Returns  bool   // INSERT … RETURNING gives rows
	Quote    func(name string) string
	Bind     func(n int) string // n-th placeholder, from 1
	// Differs is the condition that a column's value has other bytes than an argument; nil: nothing folds.
	Differs func(c *Column, quoted, mark string) string
	// Write makes the statements for rows of one table that may go together; see write.go.
	Write func(d *Dialect, w *Rowset) ([]Statement, error)
	// Table reads the catalog of one table through s.
	Table func(ctx context.Context, s Session, schema, name string) (*Table, error)
	// Routine reads the catalog of one procedure or function through s: its parameters are the columns. nil: none is called.
	Routine func(ctx context.Context, s Session, schema, name string) (*Table, error)
	// Fence are the statements before and after a call, of which the second fails where the call ended the transaction; empty: the
	// server lets no call do that.
	Fence [2]string
	// Lock keeps other sessions from a key, and says no when one works on it; Unlock makes the statement that ends that, nil: the
	// transaction's end does.
	Lock   func(run func(Statement) (Result, error), key string) (bool, error)
	Unlock func(key string) Statement
	// Arg turns a value into what the driver takes for a column: nil, string, int64 or []byte.
	Arg func(c *Column, v connectors.Value, zone *time.Location) (any, error)
	// Fold spells a name as the server does where it stands without quotes; nil: as it is.
	Fold func(name string) string
	// Prove makes the statements by which a transaction proves that tables are as they were read.
	Prove func(proofs []*Proof) []Statement
	// Hold makes the statement that keeps a table as it is until the transaction ends, before anything is written to it;
	// nil where what is written can always be taken back.
	Hold func(w *Rowset) Statement
	// Tally makes the statement that counts what became of tables: a row each of rows inserted, deleted and updated, and
	// whether the server counts; nil: nobody there counts. settle has happen what else would happen at COMMIT.
	Tally  func(tables []*Table) Statement
	Settle string
	// Counters make what counts for tally, or take it away at the end of the transaction; nil: the server counts by itself.
	Counters func(tables []*Table, begin bool) []string
	// Pipelines says that statements travel together with COMMIT: what only their answers tell comes too late.
	Pipelines bool
	// Moments writes the moments that arg left in a rowset's arguments; nil: it leaves none.
	Moments func(w *Rowset) error
	// Classify says what an error of the driver means.
	Classify func(err error) Verdict
	// Inside tells that an error comes from what a statement sets going, such as a trigger; nil: nobody there can tell.
	Inside func(err error) bool
	// Offsets says that texts of moments may have an offset, which columns without a zone ignore.
	Offsets bool
	// Trial makes the statement that tries a value of a column with a proof; refutes tells by its error, and by that of what
	// prove makes, that it failed. nil: there are no such columns, and proofs are compared.
	Trial   func(c *Column, x any, means *Culprit) Statement
	Refutes func(err error) bool
	// LedgerDDL is the DDL of the ledger table; digest the type of its column DIGEST, key how its columns are written to.
	LedgerDDL func(table string) string
	Digest    string
	Key       Column
	// Age is how many seconds ago WRITTEN_AT of the ledger is, by the database's own clock.
	Age string
	// Steady opens a transaction in which a row that changed after it was read cannot be written. Empty: it is so anyway, or
	// Anew is set.
	Steady string
	// Anew has the next query of another session see what is committed now, whatever its isolation level. It is for systems where
	// a savepoint that is rolled back keeps the locks of what was written after it.
	Anew string
	// TakesBack says what a transaction that is rolled back leaves behind; nil: nobody has tried.
	TakesBack *TakesBack
	// Since is the condition that WRITTEN_AT is at most that many seconds ago.
	Since func(seconds int64) string
}

// TakesBack is what becomes of things beside rows when a transaction is rolled back.
type TakesBack struct {
	Calls    bool // what a procedure does is taken back, or the procedure fails
	Triggers bool // what a trigger does is taken back
	Numbers  bool // numbers that were drawn are not drawn again
}

// Session is one connection, used by one goroutine at a time. After an error that is not the server's
// own answer it must be thrown away.
type Session interface {
	// Run sends statements in order, opening a transaction first when begin is set and committing after
	// the last when commit is set. All of it may travel together. The error is always a *fault.
	Run(ctx context.Context, stmts []Statement, begin, commit bool) ([]Result, error)
	// Rollback takes back the open transaction, if any.
	Rollback(ctx context.Context) error
	// Forget has the next statements prepared anew.
	Forget(ctx context.Context) error
	// Fresh says no when what the session has open is no longer the database.
	Fresh() bool
	Close()
}

// Link makes sessions of one database.
type Link struct {
	Connect func(ctx context.Context) (Session, error)
	Close   func() error
}

// Statement is one SQL statement with its arguments.
type Statement struct {
	SQL  string
	Args []any
	OIDs []uint32 // PostgreSQL: types of the arguments; nil: let the server infer
	Rows bool     // it returns rows
	Outs int      // Oracle: number of RETURNING … INTO places at the end of args
	Op   string   // for messages: "insert into APPLICATION"
	Item int      // index of the one item it belongs to, or -1 for several
	// at least and at most so many rows have to be touched; most 0: as many as it likes. sums: together with the
	// statement before. sure: it is so, or the statement fails. zero is the code when there are none.
	Least, Most int64
	Sums, sure  bool
	zero        string
	none        bool   // it must give no row; if it does, that is what means says
	Opens       bool   // it says what kind of transaction it is, before anything else happens in it
	Calls       bool   // what it calls may change the session's settings, which are made again
	Fences      bool   // it fails where a call before it ended the transaction
	Tries       bool   // it tries whether a type takes a value: what the server refuses is the value
	Means       error  // what it means when the statement divides by zero, or gives a row that it must not
	proves      *Proof // it is to give this text
	Looks       bool   // takes has to see the answer before COMMIT
	// Takes looks at the answer.
	Takes func(Result) error
	// Each takes the rows one by one instead of the result, so that big ones are not all held; names are
	// nil at the end. It returns false when it wants no more.
	Each func(names []string, vals []connectors.Value) bool
}

// MustLook reports a statement whose answer has to be seen before COMMIT.
func (st *Statement) MustLook() bool {
	return !st.sure && st.Most > 0 || st.none || st.proves != nil || st.Looks
}

// Count compares the rows that the statement touched with those that were sent.
func (st *Statement) Count(touched int64) error {
	switch {
	case st.none && touched > 0 && st.Means != nil:
		return st.Means
	case st.none && touched > 0:
		return &Culprit{Item: st.Item, Code: CodeRows, Op: st.Op, Err: errors.New("rows that were to be deleted are still there")}
	case st.Most == 0 || st.Least <= touched && touched <= st.Most:
		return nil
	case touched == 0 && st.zero != "":
		return &Culprit{Item: st.Item, Code: st.zero, Op: st.Op, Err: errors.New("no row has this key")}
	}
	return &Culprit{Item: st.Item, Code: CodeRows, Op: fmt.Sprintf("%s (rows sent: %d, written: %d)", st.Op, st.Least, touched), Err: errors.New("rows written differ from rows sent")}
}

// Result is what a statement gave.
type Result struct {
	Affected int64
	Names    []string
	Bytes    []string // of them, those of columns of bytes, as far as the driver tells before a row
	Rows     [][]connectors.Value
}

// QuoteDouble quotes a name as standard SQL does.
func QuoteDouble(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuestionMark is the placeholder of systems that do not number theirs.
func QuestionMark(int) string { return "?" }

// SplitName cuts a table's name into schema and name; without a schema it is the default one.
func SplitName(name, schema string) (string, string) {
	if s, t, ok := strings.Cut(name, "."); ok {
		return s, t
	}
	return schema, name
}

// Ping is a statement that any session answers.
func (d *Dialect) Ping() Statement {
	return Statement{SQL: "SELECT 1" + d.Dual, Rows: true, Op: "ping", Item: -1}
}

// DigestAdded is what a DBA runs on a ledger of an earlier version.
func (d *Dialect) DigestAdded(table string) string {
	return "ALTER TABLE " + table + " ADD DIGEST " + d.Digest
}

// QuoteUnlessPlain puts a name in quotes that needs them.
func QuoteUnlessPlain(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return QuoteDouble(name)
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// One returns the only row of a query.
func One(ctx context.Context, s Session, sql string) ([]connectors.Value, error) {
	res, err := s.Run(ctx, []Statement{Question(sql)}, false, false)
	if err != nil {
		return nil, err
	}
	if len(res[0].Rows) != 1 {
		return nil, errors.New("the server's answer is not one row")
	}
	return res[0].Rows[0], nil
}

// Question is a statement that settles a session by what it returns.
func Question(sql string) Statement {
	return Statement{SQL: sql, Rows: true, Op: "settle the session", Item: -1}
}

package sqldb

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// inspector is what a kind of database knows about itself that only examining needs; functions may be nil but columns.
type inspector struct {
	explain string // put before a statement it lets the server judge it without running it; empty: there is no such thing
	names   string // query for the tables that there are: schema and name
	traits  func(ctx context.Context, x *inspection, tab *table) (*traits, error)
	server  func(ctx context.Context, x *inspection) error
	rights  func(ctx context.Context, x *inspection, tab *table, want []right) (lacking []right, err error)
	// columns asks for the names of a query's columns; errUnknownNames: they cannot be told, and that was said.
	columns func(ctx context.Context, x *inspection, sql string, places int) (names []string, err error)
	// describes says that columns takes every statement, and runs none.
	describes bool
	// mayCreate tells whether the account may make a table where the ledger would be.
	mayCreate func(ctx context.Context, x *inspection) (bool, error)
	strict    bool     // its types take no value of another kind
	gone      []string // words of EXPLAIN that say nothing of the statement
}

// traits are what the catalogue says about a table beyond what writing needs.
type traits struct {
	kind     string            // view, foreign table; empty: a table
	weak     string            // why its rows may be lost or cannot be taken back; empty: they are safe
	computed map[string]bool   // columns whose value the system alone makes
	strictly map[string]bool   // columns that refuse NULL
	needs    map[string]bool   // columns that refuse NULL and have no default
	charsets map[string]string // columns that cannot hold every character, with their character set
	whole    map[string]int    // digits before the point that every number may have
	hooks    []hook
	policies bool       // row security hides or refuses rows
	indexes  [][]string // columns of all indexes, in order
	closed   []string   // sequences of defaults that the account may not use, as column and sequence
}

// hook is a trigger or rule that may do something else than was asked for.
type hook struct {
	name  string
	what  string // such as BEFORE INSERT trigger
	event string // INSERT, UPDATE, DELETE
	fills bool   // it may give required columns a value
	keeps bool   // it may change values, but every row is written
}

// right is a privilege, on a column or a whole table.
type right struct{ privilege, column string }

// inspection is one look at a database, and what it has found.
type inspection struct {
	s     session
	cfg   *Config
	d     *dialect
	work  int // index of the mapping's work that is looked at; -1: the target itself
	found []connectors.Finding
}

// add notes a finding at a place of the mapping that is looked at.
func (x *inspection) add(f connectors.Finding) {
	f.Work = x.work
	x.found = append(x.found, f)
}

// unseen notes a statement that cannot be looked at without being run.
func (x *inspection) unseen(code, key string) {
	x.add(connectors.Finding{Warning: true, Code: code, Path: []any{"answer", key}, Message: "answer." + key + " cannot be looked at without being run", Cure: "try it out, with a row that is meant for it"})
}

// wrapped asks for a query's columns by an outer one that no row can pass, so that the inner one is never run.
func wrapped(alias string) func(ctx context.Context, x *inspection, sql string, places int) ([]string, error) {
	return func(ctx context.Context, x *inspection, sql string, places int) ([]string, error) {
		if !begins(sql, asked) {
			x.unseen(CodeQuery, "query")
			return nil, errUnknownNames
		}
		res, err := x.s.run(ctx, []statement{{sql: "SELECT * FROM (" + sql + "\n) " + alias + " WHERE 1 = 0", args: make([]any, places), rows: true, item: -1}}, false, false)
		if err != nil {
			return nil, err
		}
		return res[0].names, nil
	}
}

// begins tells how a statement begins, after comments and blanks.
func begins(sql string, how *regexp.Regexp) bool {
	for sql = strings.TrimSpace(sql); strings.HasPrefix(sql, "--") || strings.HasPrefix(sql, "/*"); {
		sql = strings.TrimSpace(sql[connectors.Skip(sql):])
	}
	return how.MatchString(sql)
}

// errUnknownNames says that a query's columns cannot be told, and that this was said.
var errUnknownNames = errors.New("the query's columns are not known")

func readOnly() connectors.Finding {
	return connectors.Finding{Code: CodeReadOnly, Message: "the server is read-only, such as a standby", Cure: "point the target at the writable server"}
}

// asked are statements that can stand within another query.
var asked = regexp.MustCompile(`(?is)^(?:select|with|values)\b`)

// unquoted cuts a quoted name into its parts.
func unquoted(name string, quote byte) (schema, table string) {
	q := string(quote)
	parts := strings.Split(strings.Trim(name, q), q+"."+q)
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], q+q, q)
	}
	if len(parts) == 1 {
		return "", parts[0]
	}
	return parts[0], parts[1]
}

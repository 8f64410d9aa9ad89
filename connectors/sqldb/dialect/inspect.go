package dialect

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Inspector is what a kind of database knows about itself that only examining needs; functions may be nil but columns.
type Inspector struct {
	Explain string // put before a statement it lets the server judge it without running it; empty: there is no such thing
	Names   string // query for the tables that there are: schema and name
	Traits  func(ctx context.Context, x *Inspection, tab *Table) (*Traits, error)
	Server  func(ctx context.Context, x *Inspection) error
	Rights  func(ctx context.Context, x *Inspection, tab *Table, want []Right) (lacking []Right, err error)
	// Columns asks for the names of a query's columns; ErrUnknownNames: they cannot be told, and that was said.
	Columns func(ctx context.Context, x *Inspection, sql string, places int) (names []string, err error)
	// Describes says that columns takes every statement, and runs none.
	Describes bool
	// MayCreate tells whether the account may make a table where the ledger would be.
	MayCreate func(ctx context.Context, x *Inspection) (bool, error)
	Strict    bool              // its types take no value of another kind
	Sets      map[string]string // its names of character sets to those that mappings have for them
	Gone      []string          // words of EXPLAIN that say nothing of the statement
	// Constraints asks for all that may refuse a row of a table; Takes says what a column takes. nil: that is not known.
	Constraints func(tab *Table) Statement
	Takes       func(c *Column, f *connectors.ColumnFacts)
}

// Traits are what the catalogue says about a table beyond what writing needs.
type Traits struct {
	Kind     string            // view, foreign table; empty: a table
	Weak     string            // why its rows may be lost or cannot be taken back; empty: they are safe
	Computed map[string]bool   // columns whose value the system alone makes
	Strictly map[string]bool   // columns that refuse NULL
	Needs    map[string]bool   // columns that refuse NULL and have no default
	Charsets map[string]string // columns that cannot hold every character, with their character set
	Whole    map[string]int    // digits before the point that every number may have
	Unsigned map[string]bool   // columns of numbers that take none below 0
	Hooks    []Hook
	Policies bool       // row security hides or refuses rows
	Indexes  [][]string // columns of all indexes, in order
	Closed   []string   // sequences of defaults that the account may not use, as column and sequence
}

// Hook is a trigger or rule that may do something else than was asked for.
type Hook struct {
	Name  string
	What  string // such as BEFORE INSERT trigger
	Event string // INSERT, UPDATE, DELETE
	Fills bool   // it may give required columns a value
	Keeps bool   // it may change values, but every row is written
}

// Right is a privilege, on a column or a whole table.
type Right struct{ Privilege, Column string }

// Inspection is one look at a database, and what it has found.
type Inspection struct {
	S     Session
	Cfg   *Config
	D     *Dialect
	Work  int // index of the mapping's work that is looked at; -1: the target itself
	Found []connectors.Finding
	Bytes []string // columns of bytes of the query that was looked at last
}

// Add notes a finding at a place of the mapping that is looked at.
func (x *Inspection) Add(f connectors.Finding) {
	f.Work = x.Work
	x.Found = append(x.Found, f)
}

// Unseen notes a statement that cannot be looked at without being run.
func (x *Inspection) Unseen(code, key string) {
	x.Add(connectors.Finding{Warning: true, Code: code, Path: []any{"answer", key}, Message: "answer." + key + " cannot be looked at without being run", Cure: "try it out, with a row that is meant for it"})
}

// Wrapped asks for a query's columns by an outer one that no row can pass, so that the inner one is never run.
func Wrapped(alias string) func(ctx context.Context, x *Inspection, sql string, places int) ([]string, error) {
	return func(ctx context.Context, x *Inspection, sql string, places int) ([]string, error) {
		if !Begins(sql, asked) {
			x.Unseen(CodeQuery, "query")
			return nil, ErrUnknownNames
		}
		res, err := x.S.Run(ctx, []Statement{{SQL: "SELECT * FROM (" + sql + "\n) " + alias + " WHERE 1 = 0", Args: make([]any, places), Rows: true, Item: -1}}, false, false)
		if err != nil {
			return nil, err
		}
		x.Bytes = res[0].Bytes
		return res[0].Names, nil
	}
}

// Begins tells how a statement begins, after comments and blanks.
func Begins(sql string, how *regexp.Regexp) bool {
	for sql = strings.TrimSpace(sql); strings.HasPrefix(sql, "--") || strings.HasPrefix(sql, "/*"); {
		sql = strings.TrimSpace(sql[connectors.Skip(sql):])
	}
	return how.MatchString(sql)
}

// ErrUnknownNames says that a query's columns cannot be told, and that this was said.
var ErrUnknownNames = errors.New("the query's columns are not known")

// ReadOnly is the finding that nothing can be written.
func ReadOnly() connectors.Finding {
	return connectors.Finding{Code: CodeReadOnly, Message: "the server is read-only, such as a standby", Cure: "point the target at the writable server"}
}

// asked are statements that can stand within another query.
var asked = regexp.MustCompile(`(?is)^(?:select|with|values)\b`)

// Unquoted cuts a quoted name into its parts.
func Unquoted(name string, quote byte) (schema, table string) {
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

package sqldb

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// family is what columns of many type names have in common.
type family uint8

const (
	famOther family = iota
	famText
	famInteger
	famDecimal
	famFloat
	famBoolean
	famDate
	famDateTime // without a zone
	famInstant  // with a zone
	famBinary
	famTime // of day
	famYear
	famBit // MariaDB: a number
	famEnum
	famSet
	famUUID
	famAddress
	famJSON // kept as a value, not as the text it came in
	famMoney
)

// anyScale is the scale of a column that takes as many decimals as come.
const anyScale = -1 << 15

// column is what the catalog says about one column.
type column struct {
	name     string
	typ      string // the system's own name of the type
	fam      family
	length   int    // characters; 0: no limit known
	bytes    bool   // length counts bytes
	fixed    blanks // what becomes of a value that is shorter than the column
	scale    int    // digits after the point, also of a second; negative ones round to tens; or anyScale
	digits   int    // significant digits that are kept; 0: all
	bits     int    // 32 or 64: a binary floating-point number
	labels   []string
	affinity string // SQLite: what the declared type makes of texts
	oid      uint32
	array    uint32   // PostgreSQL: the array type's OID
	proof    string   // PostgreSQL: of a type that is not known, its full name; each value is tried out by a cast
	required bool     // not null and without a default
	folds    bool     // the database may take two of its texts for the same that differ by bytes
	rules    []string // COLLATE …: by which else a unique index does so
	auto     bool     // the system makes the value
}

// blanks says what becomes of a value that is shorter than its column.
type blanks uint8

const (
	asIs     blanks = iota
	filled          // with blanks to its length: only one that has it keeps its own
	trimmed         // blanks at the end go
	zeroFill        // zero bytes to its length
)

// table is what the catalog says about one table.
type table struct {
	name  string // quoted, with schema
	plain string // as the mapping has it, for messages
	// loses says why what is written to it cannot be taken back, such as its engine, and cure what to do; empty: it can.
	loses, cure string
	clocked     bool // MariaDB: something in it asks the session's clock, or may
	columns     map[string]*column
	folded      map[string]*column // by lower-case name; nil entry: ambiguous
	uniques     [][]string
	nulls       [][]string // of uniques, those that take NULL for a value like others
	partly      bool       // unique indexes keep rows apart by something else than whole columns
	abort       string     // SQLite: OR ABORT, where the table's own words would do something else than refuse a row
	parents     []string   // tables that its foreign keys name, as name is
	// sure: every row that is sent is written or the statement fails; nothing such as a trigger, a rule or a policy
	// may leave it out, and the same holds for deletes.
	sure bool
	// countable: triggers can be put on it that count (SQLite).
	countable bool
	// instead are the operations that an INSTEAD OF trigger of a view takes over.
	instead map[connectors.Op]bool
	oid     int64   // PostgreSQL
	proofs  []proof // that it is still what it was
}

// proof is a statement, and the text that it gives as long as nothing of a table differs that writes rely on.
type proof struct {
	ask   statement
	print string
}

func newTable(plain, quoted string, columns []*column) *table {
	t := &table{name: quoted, plain: plain, columns: map[string]*column{}, folded: map[string]*column{}}
	for _, c := range columns {
		t.columns[c.name] = c
		low := strings.ToLower(c.name)
		if _, twice := t.folded[low]; twice {
			t.folded[low] = nil
		} else {
			t.folded[low] = c
		}
	}
	return t
}

// column finds a column as named, or else without regard to case.
func (t *table) column(name string) *column {
	if c := t.columns[name]; c != nil {
		return c
	}
	return t.folded[strings.ToLower(name)]
}

// makesNumbers reports whether the table numbers its rows itself.
func (t *table) makesNumbers() bool {
	for _, c := range t.columns {
		if c.auto {
			return true
		}
	}
	return false
}

// unique reports whether exactly these columns name a row.
func (t *table) unique(names []string) bool { return hasKey(t.uniques, names) }

// hasKey finds a key of exactly these columns.
func hasKey(keys [][]string, names []string) bool {
	for _, u := range keys {
		if len(u) != len(names) {
			continue
		}
		all := true
		for _, n := range names {
			all = all && slices.ContainsFunc(u, func(x string) bool { return strings.EqualFold(x, n) })
		}
		if all {
			return true
		}
	}
	return false
}

// takesNull tells whether a key with a NULL names a row to an operation.
func (t *table) takesNull(op connectors.Op, key []string) bool {
	switch op {
	case connectors.Update, connectors.ReplaceChildren:
		return false
	case connectors.Upsert:
		return hasKey(t.nulls, key)
	}
	return true // nothing is looked for by the key
}

// familyOf sorts type names that the systems share; each system's file adds its own before.
func familyOf(typ string) family {
	typ = strings.ToLower(typ)
	switch {
	case strings.Contains(typ, "char"), strings.Contains(typ, "text"), strings.Contains(typ, "clob"), strings.HasPrefix(typ, "enum"):
		return famText
	case strings.Contains(typ, "bool"):
		return famBoolean
	case strings.Contains(typ, "interval"), strings.Contains(typ, "point"):
		return famOther
	case strings.Contains(typ, "int"):
		return famInteger
	case strings.Contains(typ, "dec"), strings.Contains(typ, "numeric"), strings.Contains(typ, "number"):
		return famDecimal
	case strings.Contains(typ, "real"), strings.Contains(typ, "floa"), strings.Contains(typ, "doub"):
		return famFloat
	case strings.Contains(typ, "timestamp"), strings.Contains(typ, "datetime"):
		return famDateTime
	case strings.Contains(typ, "date"):
		return famDate
	case strings.Contains(typ, "blob"), strings.Contains(typ, "binary"), strings.Contains(typ, "bytea"), strings.Contains(typ, "raw"):
		return famBinary
	}
	return famOther
}

// indexRules takes in rows of (index, column, collation) of unique indexes that compare by a collation of their own.
func (t *table) indexRules(rows [][]connectors.Value) {
	for _, r := range rows {
		if c := t.column(r[1].Str); c != nil && r[2].Str != "" {
			c.rules = append(c.rules, r[2].Str)
		}
	}
}

// wholeKeys is the columns of unique indexes, from rows of (index, column, …, part). Those that look at part of a column or
// of the rows, or at something else, name no row.
func wholeKeys(rows [][]connectors.Value) (keys [][]string, partly bool) {
	part := map[string]bool{}
	for _, r := range rows {
		part[r[0].Str] = part[r[0].Str] || asInt(r[len(r)-1]) == 1
	}
	var whole [][]connectors.Value
	for _, r := range rows {
		if part[r[0].Str] {
			partly = true
		} else {
			whole = append(whole, r)
		}
	}
	return groupPairs(whole), partly
}

// groupPairs turns rows of (index, column) into lists of columns.
func groupPairs(rows [][]connectors.Value) [][]string {
	var all [][]string
	last := ""
	for _, r := range rows {
		if len(all) == 0 || r[0].Str != last {
			all = append(all, nil)
			last = r[0].Str
		}
		all[len(all)-1] = append(all[len(all)-1], r[1].Str)
	}
	return all
}

// parentNames turns rows of (schema, table) into names as a table's own.
func parentNames(rows [][]connectors.Value, quote func(string) string) []string {
	var all []string
	for _, r := range rows {
		all = append(all, quote(r[0].Str)+"."+quote(r[1].Str))
	}
	return all
}

// refersTo tells whether a foreign key of the table names another one.
func (t *table) refersTo(p *table) bool {
	return t != p && slices.ContainsFunc(t.parents, func(name string) bool { return strings.EqualFold(name, p.name) })
}

// temporary says that the table ends with the session.
func (t *table) temporary() {
	t.loses, t.cure = "temporary", "a temporary table stands before the one that is meant, and ends with the session: take it out of session:, or name the table with its schema"
}

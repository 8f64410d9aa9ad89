package dialect

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Family is what columns of many type names have in common.
type Family uint8

// The families.
const (
	FamOther Family = iota
	FamText
	FamInteger
	FamDecimal
	FamFloat
	FamBoolean
	FamDate
	FamDateTime // without a zone
	FamInstant  // with a zone
	FamBinary
	FamTime // of day
	FamYear
	FamBit // MariaDB: a number
	FamEnum
	FamSet
	FamUUID
	FamAddress
	FamJSON // kept as a value, not as the text it came in
	FamMoney
)

// AnyScale is the scale of a column that takes as many decimals as come.
const AnyScale = -1 << 15

// Column is what the catalog says about one column.
type Column struct {
	Name     string
	Typ      string // the system's own name of the type
	Fam      Family
	Length   int                                    // characters; 0: no limit known
	Bytes    bool                                   // length counts bytes
	Encoded  func(s string) (bytes int, exact bool) // how the driver sends a text to a database that is not Unicode; nil: as it is
	Fixed    blanks                                 // what becomes of a value that is shorter than the column
	Scale    int                                    // digits after the point, also of a second; negative ones round to tens; or AnyScale
	Digits   int                                    // significant digits that are kept; 0: all
	Bits     int                                    // 32 or 64: a binary floating-point number
	Labels   []string
	Affinity string // SQLite: what the declared type makes of texts
	OID      uint32
	Array    uint32   // PostgreSQL: the array type's OID
	Proof    string   // PostgreSQL: of a type that is not known, its full name; each value is tried out by a cast
	Required bool     // not null and without a default
	Folds    bool     // the database may take two of its texts for the same that differ by bytes
	rules    []string // COLLATE …: by which else a unique index does so
	Auto     bool     // the system makes the value
	Place    int      // among the table's columns
	Out      Out      // of a parameter
}

// blanks says what becomes of a value that is shorter than its column.
type blanks uint8

// What may become of it.
const (
	asIs     blanks = iota
	Filled          // with blanks to its length: only one that has it keeps its own
	Trimmed         // blanks at the end go
	ZeroFill        // zero bytes to its length
)

// Table is what the catalog says about one table.
type Table struct {
	Name  string // quoted, with schema
	Plain string // as the mapping has it, for messages
	// Loses says why what is written to it cannot be taken back, such as its engine, and cure what to do; empty: it can.
	Loses, Cure string
	Versioned   bool // MariaDB: what a row was is kept as one more, which counts
	Hooked      bool // something may run beside a statement, such as a trigger
	Clocked     bool // MariaDB: something in it asks the session's clock, or may
	Columns     map[string]*Column
	folded      map[string]*Column // by lower-case name; nil entry: ambiguous
	Uniques     [][]string
	Nulls       [][]string // of uniques, those that take NULL for a value like others
	Partly      bool       // unique indexes keep rows apart by something else than whole columns
	Abort       string     // SQLite: OR ABORT, where the table's own words would do something else than refuse a row
	Parents     []string   // tables that its foreign keys name, as name is
	// Sure: every row that is sent is written or the statement fails; nothing such as a trigger, a rule or a policy
	// may leave it out, and the same holds for deletes.
	Sure bool
	// Countable: triggers can be put on it that count (SQLite).
	Countable bool
	// Instead are the operations that an INSTEAD OF trigger of a view takes over.
	Instead map[connectors.Op]bool
	Only    string  // PostgreSQL: ONLY, where other tables inherit from it
	OID     int64   // PostgreSQL
	Proofs  []Proof // that it is still what it was
	Routine *Routine
}

// Proof is a statement, and the text that it gives as long as nothing of a table differs that writes rely on.
type Proof struct {
	Ask   Statement
	Print string
	Term  func(first int) string // PostgreSQL: the expression that gives the text, with places from first on; nil: a table's
}

// NewTable has the columns, and nothing else yet.
func NewTable(plain, quoted string, columns []*Column) *Table {
	t := &Table{Name: quoted, Plain: plain, Columns: map[string]*Column{}, folded: map[string]*Column{}}
	for i, c := range columns {
		c.Place = i
		t.Columns[c.Name] = c
		low := strings.ToLower(c.Name)
		if _, twice := t.folded[low]; twice {
			t.folded[low] = nil
		} else {
			t.folded[low] = c
		}
	}
	return t
}

// Column finds a column as named, or else without regard to case.
func (t *Table) Column(name string) *Column {
	if c := t.Columns[name]; c != nil {
		return c
	}
	return t.folded[strings.ToLower(name)]
}

// Pads reports whether blanks at the end of a column's texts are the server's and no part of them.
func (t *Table) Pads(name string) bool {
	c := t.Column(name)
	return c != nil && c.Fixed == Filled
}

// MakesNumbers reports whether the table numbers its rows itself.
func (t *Table) MakesNumbers() bool {
	for _, c := range t.Columns {
		if c.Auto {
			return true
		}
	}
	return false
}

// Identifying are the columns of unique keys, by which a row can be found again that something may change after a statement has said
// what it wrote, such as a trigger; none where nothing does.
func (t *Table) Identifying() (names []string) {
	if t.Sure {
		return nil
	}
	for _, u := range t.Uniques {
		for _, n := range u {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// Unique reports whether exactly these columns name a row.
func (t *Table) Unique(names []string) bool { return hasKey(t.Uniques, names) }

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

// TakesNull tells whether a key with a NULL names a row to an operation.
func (t *Table) TakesNull(op connectors.Op, key []string) bool {
	switch op {
	case connectors.Update, connectors.ReplaceChildren:
		return false
	case connectors.Upsert:
		return hasKey(t.Nulls, key)
	}
	return true // nothing is looked for by the key
}

// FamilyOf sorts type names that the systems share; each system's file adds its own before.
func FamilyOf(typ string) Family {
	typ = strings.ToLower(typ)
	switch {
	case strings.Contains(typ, "char"), strings.Contains(typ, "text"), strings.Contains(typ, "clob"), strings.HasPrefix(typ, "enum"):
		return FamText
	case strings.Contains(typ, "bool"):
		return FamBoolean
	case strings.Contains(typ, "interval"), strings.Contains(typ, "point"):
		return FamOther
	case strings.Contains(typ, "int"):
		return FamInteger
	case strings.Contains(typ, "dec"), strings.Contains(typ, "numeric"), strings.Contains(typ, "number"):
		return FamDecimal
	case strings.Contains(typ, "real"), strings.Contains(typ, "floa"), strings.Contains(typ, "doub"):
		return FamFloat
	case strings.Contains(typ, "timestamp"), strings.Contains(typ, "datetime"):
		return FamDateTime
	case strings.Contains(typ, "date"):
		return FamDate
	case strings.Contains(typ, "blob"), strings.Contains(typ, "binary"), strings.Contains(typ, "bytea"), strings.Contains(typ, "raw"):
		return FamBinary
	}
	return FamOther
}

// IndexRules takes in rows of (index, column, collation) of unique indexes that compare by a collation of their own.
func (t *Table) IndexRules(rows [][]connectors.Value) {
	for _, r := range rows {
		if c := t.Column(r[1].Str); c != nil && r[2].Str != "" {
			c.rules = append(c.rules, r[2].Str)
		}
	}
}

// WholeKeys is the columns of unique indexes, from rows of (index, column, …, part). Those that look at part of a column or
// of the rows, or at something else, name no row.
func WholeKeys(rows [][]connectors.Value) (keys [][]string, partly bool) {
	part := map[string]bool{}
	for _, r := range rows {
		part[r[0].Str] = part[r[0].Str] || AsInt(r[len(r)-1]) == 1
	}
	var whole [][]connectors.Value
	for _, r := range rows {
		if part[r[0].Str] {
			partly = true
		} else {
			whole = append(whole, r)
		}
	}
	return GroupPairs(whole), partly
}

// GroupPairs turns rows of (index, column) into lists of columns.
func GroupPairs(rows [][]connectors.Value) [][]string {
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

// ParentNames turns rows of (schema, table) into names as a table's own.
func ParentNames(rows [][]connectors.Value, quote func(string) string) []string {
	var all []string
	for _, r := range rows {
		all = append(all, quote(r[0].Str)+"."+quote(r[1].Str))
	}
	return all
}

// RefersTo tells whether a foreign key of the table names another one.
func (t *Table) RefersTo(p *Table) bool {
	return t != p && slices.ContainsFunc(t.Parents, func(name string) bool { return strings.EqualFold(name, p.Name) })
}

// Temporary says that the table ends with the session.
func (t *Table) Temporary() {
	t.Loses, t.Cure = "temporary", "a temporary table stands before the one that is meant, and ends with the session: take it out of session:, or name the table with its schema"
}

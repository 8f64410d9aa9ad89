package sqldb

import (
	"slices"
	"strings"
	"sync"

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
	name    string // quoted, with schema
	plain   string // as the mapping has it, for messages
	engine  string // of MariaDB; elsewhere only what is no table of the database's own for good
	clocked bool   // MariaDB: something in it asks the session's clock, or may
	columns map[string]*column
	folded  map[string]*column // by lower-case name; nil entry: ambiguous
	uniques [][]string
	nulls   [][]string // of uniques, those that take NULL for a value like others
	partly  bool       // unique indexes keep rows apart by something else than whole columns
	abort   string     // SQLite: OR ABORT, where the table's own words would do something else than refuse a row
	parents []string   // tables that its foreign keys name, as name is
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

// catalog remembers tables from one call to the next. A write relies on it only as far as its transaction proves
// that it is still true.
type catalog struct {
	reading sync.Mutex // held while a table is read through a session
	mu      sync.Mutex
	tables  map[string]*table
}

func (c *catalog) forget() {
	c.mu.Lock()
	c.tables = map[string]*table{}
	c.mu.Unlock()
}

func (c *catalog) get(name string) *table {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tables[name]
}

func (c *catalog) put(name string, t *table) {
	c.mu.Lock()
	c.tables[name] = t
	c.mu.Unlock()
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

package connectors

// Kind says what a Value is.
type Kind uint8

// The kinds of values. Missing, null and the empty text are three different things.
const (
	Missing   Kind = iota // not there: the column is not written, its default applies
	Null                  // there, and nothing
	Text                  // Str, valid UTF-8, NFC
	Integer               // Int
	Decimal               // Str, canonical: -?digits[.digits], exact
	Boolean               // Int is 0 or 1
	Date                  // Str, YYYY-MM-DD, no zone
	DateTime              // Str, RFC 3339; without an offset where the form had none
	Binary                // Blob
	Reference             // Str is WRITE.FIELD: a value that an earlier write of the same delivery returns; Int is of which of its records, from 1, or 0: it makes one
)

// Value is one field of a record. It is small and is passed by value.
type Value struct {
	Kind Kind
	Str  string
	Int  int64
	Blob *Blob
}

// Op says what a write does with its records.
type Op uint8

// The operations of a write.
const (
	Insert          Op = iota
	Upsert             // by Key
	Update             // by Key; no row is an item error
	ReplaceChildren    // delete what has the same Key, then insert; a Bare record only deletes
	Call               // a procedure; Fields are its parameters
	Put                // a line, file or document; the agent has encoded it
)

// Operations is a set of operations.
type Operations uint8

// OperationsOf makes a set.
func OperationsOf(ops ...Op) (set Operations) {
	for _, op := range ops {
		set |= 1 << op
	}
	return set
}

// Has tells whether an operation is in the set.
func (o Operations) Has(op Op) bool { return o&(1<<op) != 0 }

// RowOperations are those that write rows of tables.
const RowOperations = 1<<Insert | 1<<Upsert | 1<<Update | 1<<ReplaceChildren

// Shape is what all records of one write have in common. All records of a write of one plan share one
// pointer, so that a target can group rows by it.
type Shape struct {
	Write     string // the write's name in the mapping
	Object    string // table, procedure, layout or document
	Op        Op
	Fields    []string // column names, in the mapping's order
	Key       []int    // indexes into Fields that name the row
	Returning []string // columns whose values the target gives
	Unchecked bool     // how many rows the target counts may differ from how many it gets
	Loose     []int    // indexes into Fields whose values the target may change as it likes
	Own       []bool   // of layouts: the mapping's own values, such as constants, one for each of Fields
	Call      *Calling // of Call
}

// Calling is what the mapping says of a call beside its parameters.
type Calling struct {
	// Judge looks at the values of Returning, in their order; what it returns says that the call did not succeed. nil: whatever
	// returns has succeeded.
	Judge func(returned []Value) *Failure
	// Probe is a query, with :NAME for Fields, that gives a row, with Returning, as soon as the call has been made: it is not made again
	// then. Empty: what the call does is taken back with its transaction.
	Probe string
}

// Failure says what becomes of a delivery whose call did not succeed.
type Failure struct {
	Class  Class  // ItemError or Transient, of this delivery alone
	Code   string // the mapping's own
	Text   string // what the sender is told; empty: what was called, and the code
	Reject bool   // of an ItemError: the form is at fault
}

// Record is one row, line or call of one write. Values has one entry for each of Shape.Fields.
type Record struct {
	Shape  *Shape
	Values []Value
	Under  int64 // of files: of which record of the write that its own is under, from 1; 0: of none
	Bare   bool  // of ReplaceChildren: names the key of children that are no more; every other value is Missing
}

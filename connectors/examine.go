package connectors

import "context"

// Examiner is a Target that can compare what mappings will do with it with what it holds: a database its tables,
// columns, keys and grants, a folder the rights in it.
type Examiner interface {
	// Examine does what Check does, and compares besides. Like Check it changes nothing that stays; more than that, no
	// trigger fires and no number is drawn from a sequence. The error is what Check would say; findings may come with it,
	// as far as could be looked.
	Examine(ctx context.Context, work []Work) ([]Finding, error)
}

// Work is all that one mapping may do with one target.
type Work struct {
	Writes []Writing
	Asks   *Asking // nil: the target is asked for nothing
}

// Writing is one write, with what its fields may hold.
type Writing struct {
	Index    int // of the write in the mapping
	Shape    *Shape
	Contents []Content // one for each of Shape.Fields
}

// Content is what is known, before any form has come, of the values of one field. The zero value: nothing.
type Content struct {
	Kind      Kind   // of every value; Missing: not known
	Value     *Value // the only value that there will ever be; nil: there are many
	MinLength int    // of a text, in characters
	MaxLength int    // of a text, in characters; 0: not known
	Charset   string // of a text: the character set that has all its characters, as mappings name it; empty: not known
	Digits    int    // of a number, before the point at most; 0: not known
	Scale     int    // of a number, after the point at most, where Digits is known
	Absent    bool   // some forms will leave the column out
	Null      bool   // some forms will make it NULL
}

// Asking is how one mapping asks a target for results.
type Asking struct {
	Question Question
	Names    []Named // columns that are read from a row, as they stand in the mapping
}

// Named is a name with the place where the mapping has it.
type Named struct {
	Name string
	Path []any
}

// Finding is one thing that does not fit between a mapping, or the configuration, and a target.
type Finding struct {
	Warning bool     // it may be wrong; else it surely is
	Code    string   // stable and documented
	Message string   // what is wrong, one sentence without a full stop; names of the schema, never data
	Cure    string   // what to do about it
	Raw     string   // the system's own words; shown only to whoever asked on this machine
	Word    string   // a name that is not there
	Known   []string // what may be meant by it
	// Work is the index of the mapping's work, -1 for the target's own section of the configuration. Path leads from
	// there to the place by keys and indexes, such as write, 2, fields, AMOUNT; Offset counts bytes of the text there.
	Work   int
	Path   []any
	Offset int
}

package connectors

import "time"

// File is something to be put at a place under a name: a form's file, a sealed batch, a document.
type File struct {
	Name string // base name, already rendered and safe for the place
	Blob Blob   // with digest; the same bytes on every attempt
}

// Delivery is one submission's records for one target.
type Delivery struct {
	Key        string   // never changes; what the ledger knows it by; at most 64 bytes of ASCII
	Submission string   // the submission's ID
	Digest     Digest   // of the submission as it came; ledgers keep it, so that a lost submission is known again. Zero: unknown
	Order      string   // deliveries with the same Order go in sequence; empty: any order
	Records    []Record // for databases; a child comes after the parents it refers to
	Files      []File   // for places, when each delivery has files of its own
	Control    *File    // put after Files are in place; nil for none
}

// Group is one transaction, or one sealed batch. Membership and content of a sealed batch never change.
type Group struct {
	Key      string     // of a sealed batch, never changes; empty for a mere transaction
	Seq      int64      // the batch's gap-free number, from 1; 0 for none
	SealedAt time.Time  // of a sealed batch
	File     *File      // the sealed batch's bytes; nil when each item has files of its own
	Control  *File      // put after File is in place; nil for none
	Staged   bool       // the journal says that Stage succeeded for this group before
	Items    []Delivery // in the order of acceptance
}

// Class says how one item ended. The zero value is Uncertain, so that nothing is taken for written by accident.
type Class uint8

// The classes of outcomes and errors; they decide what the agent does.
const (
	Uncertain   Class = iota // unknown: look up, then act
	Written                  // the target has it
	Transient                // nothing was written; try again with back-off
	ItemError                // this submission's data is refused; park or reject it, write the others
	TargetError              // the system is at fault: open the circuit, raise the alarm, park nothing
)

// String returns the class's word as docs and logs use it.
func (c Class) String() string {
	switch c {
	case Written:
		return "written"
	case Transient:
		return "transient"
	case ItemError:
		return "item"
	case TargetError:
		return "target"
	default:
		return "uncertain"
	}
}

// Outcome says how one item of a group ended.
type Outcome struct {
	Key      string           // the delivery's key
	Class    Class            //
	Returned map[string]Value // WRITE.FIELD to value, for writes with Returning
	Code     string           // stable, such as sql.duplicate-key; empty when written
	Text     string           // safe to show: names of our own and of the schema, never data
	Raw      string           // the system's own words, kept sealed with the submission; may hold data
	// Untouched says of a Stager's item that failed that all of it is surely still as Stage left it: no part of it was put
	// in place, and it may be staged again.
	Untouched bool
	After     time.Duration // the other side asked not to be tried sooner; 0: it did not
	Reject    bool          // of an ItemError: the mapping says that the form is at fault, as the sender is to be told
}

// Presence is what Lookup found of an item.
type Presence uint8

// What a look-up may find. The zero value is Unknown, which parks.
const (
	Unknown Presence = iota
	Absent           // nothing of it is there: it may be delivered
	Present          // all of it is there
)

// Found is the answer of Lookup for one item.
type Found struct {
	Key      string
	Presence Presence
	Returned map[string]Value
	Where    string // of what is Unknown: by what a person finds it at the target, safe to show; empty: no more is known
}

// Guarantee is how surely an effect happens once; check prints it.
type Guarantee struct {
	Level string // exact, exact-by-key, at-least-once, parks-when-unclear
	Why   string // a sentence
}

// Abilities tell the agent how to use a target.
type Abilities struct {
	Operations Operations // what it can do: Put for Files, the others for Records
	Returning  bool       // gives the values of Shape.Returning back
	Binary     bool       // takes bytes that are no text
	MaxItems   int        // deliveries a group; 0: the agent's default
	Parallel   int        // Deliver calls at once; 0: one
	Recorded   bool       // the target records the key in the same transaction; else the agent journals before and after
	Guarantee  Guarantee  //
}

// Trace is one thing of ours that a target holds: a row of its ledger, or a file. Fields that the target does not
// know are empty.
type Trace struct {
	Key        string    // of the delivery
	Submission string    // its ID
	Digest     Digest    // of the submission as it came
	Name       string    // base name of a file, also of a temporary one as it would be called in the end
	At         time.Time // when it was written, by the target's clock
}

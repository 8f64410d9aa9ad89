package connectors

import "context"

// Planner is a Target that can show what a delivery would do to it, and take all of it back.
type Planner interface {
	// Plan writes one delivery in a transaction that it takes back. It does not begin where that is not sure: the error says why, and nothing was sent
	// then. What the target refuses of the delivery is in the answer. It ends within seconds, so that nobody waits for long
	// for what it holds meanwhile.
	Plan(ctx context.Context, d Delivery, o PlanOptions) (Planned, error)
}

// PlanOptions say what is known of a target beside what it tells.
type PlanOptions struct {
	Triggers bool // its triggers write nothing that is not taken back
}

// Planned is what a delivery would do.
type Planned struct {
	Sent     []Sent           // statements, in order; the last was refused where Refused is set
	Others   int              // statements that only look, or prove what tables are
	Rows     []RowChange      // of keys that are written to
	Returned map[string]Value // as Outcome has it; generated values are those of this plan, and others the next time
	Refused  *Error           // what the target says of the delivery
	Notes    []string         // what happened besides, or stays
}

// Sent is one statement with its values.
type Sent struct {
	SQL     string
	Values  []Value
	Touched int64 // rows, as the target counts them
}

// RowChange is what becomes of the rows of one key, or of a new row.
type RowChange struct {
	Table         string
	Write         string
	Before, After []Row
}

// Row is one of a table.
type Row []Cell

// Cell is a value of a row.
type Cell struct {
	Column    string
	Value     Value
	Generated bool // the target made it
}

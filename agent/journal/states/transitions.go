package states

import (
	"fmt"
	"slices"
	"strings"
)

// Step is what a change of a delivery does.
type Step uint8

// The steps.
const (
	Refused Step = iota // a mistake, or an effect that must not be begun
	Taken               // the delivery moves
	Stays               // too late to matter; the delivery stays where it is
)

// transitions say what a change may do. They are strict before an effect and mild after one: what was written is written,
// whatever an operator did meanwhile. What is in neither list is refused.
var transitions = map[Progress]struct{ takes, stays []Progress }{
	Pending:    {takes: fromStart},
	Waiting:    {takes: fromStart},
	Attempting: {takes: []Progress{Pending, Staged, Unclear, Done, Held}, stays: once},
	Batched:    {takes: []Progress{Attempting, Staged, Unclear, Done, Held}},
	Staged:     {takes: []Progress{Pending, Attempting, Batched, Unclear, Done, Held}, stays: once},
	Unclear:    {takes: []Progress{Pending, Attempting, Batched, Staged, Done, Held}, stays: once},
	Doubtful:   {takes: []Progress{Pending, Attempting, Batched, Staged, Unclear, Done, Skipped, Held}, stays: once},
	Held: {takes: []Progress{Unclear, Done, Skipped},
		stays: []Progress{Pending, Waiting}}, // a failed attempt that was under way when it was parked
	Dropped: {takes: []Progress{Done}, stays: []Progress{Pending, Waiting, Unclear, Skipped, Held}},
}

// fromStart is where a delivery goes that nothing was done for yet.
var fromStart = []Progress{Pending, Waiting, Attempting, Staged, Unclear, Done, Skipped, Held}

// once a value is there that a delivery lacks which may have been made, it is looked up.
var once = []Progress{Waiting}

// Transition says what a change from one state to another does.
func Transition(from, to Progress) Step {
	switch t := transitions[from]; {
	case from == to || slices.Contains(t.stays, to):
		return Stays
	case slices.Contains(t.takes, to):
		return Taken
	}
	return Refused
}

// Orders are what the journal does with a delivery on a person's word, or when it seals or gives up a batch, beside transitions.
var orders = []struct {
	from, to Progress
	why      string
}{
	{Pending, Batched, "sealed"},
	{Batched, Pending, "batch voided"},
	{Held, Pending, "release"},
	{Held, Batched, "release"},
	{Held, Doubtful, "release after a restore"},
	{Done, Pending, "redeliver"},
	{Held, Dropped, "reject"},
	{Pending, Dropped, "reject"},
}

//go:generate go test -count=1 -run TestDiagram -update .

// Diagram draws the states of a delivery for Mermaid.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> pending\n    [*] --> parked: the form is parked\n")
	for from := Pending; from <= Dropped; from++ {
		for _, to := range transitions[from].takes {
			if from != to {
				fmt.Fprintf(&b, "    %s --> %s\n", from, to)
			}
		}
		for _, o := range orders {
			if o.from == from {
				fmt.Fprintf(&b, "    %s --> %s: %s\n", o.from, o.to, o.why)
			}
		}
	}
	b.WriteString("    delivered --> [*]\n    skipped --> [*]\n    dropped --> [*]\n")
	return b.String()
}

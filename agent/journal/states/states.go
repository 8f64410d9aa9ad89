// Package states decides what may happen to submissions and deliveries, and what follows from it. It is pure: what there is
// comes in, and what is to be comes out.
package states

import "slices"

// State is where a submission stands, as a number in the journal. The numbers never change.
type State int64

// The states of a submission.
const (
	Accepted State = iota + 1
	Delivered
	Decided
	Closed
	Rejected
	Parked
)

// Progress is where a delivery stands, as a number in the journal. The numbers never change; below 10 it is open.
type Progress int64

// The states of a delivery.
const (
	Pending    Progress = 1
	Waiting    Progress = 2
	Attempting Progress = 3
	Batched    Progress = 4
	Staged     Progress = 5
	Unclear    Progress = 6
	Doubtful   Progress = 7
	Done       Progress = 11
	Skipped    Progress = 12
	Held       Progress = 13
	Dropped    Progress = 14
)

// Flags of a submission.
const (
	FlagWhole    = 1  // parked as a whole, not for one delivery
	FlagOverdue  = 2  // the front office was told that no decision came in time
	FlagFinal    = 4  // delivered is the last event, no decision is expected
	FlagReturned = 8  // some delivery returned values
	FlagTold     = 16 // the delivered event is out
	FlagReopened = 32 // an operator had it delivered again
	FlagHeard    = 64 // the front office knows the decision; closed once everything is delivered
)

// The types of events.
const (
	EventAccepted = iota + 1
	EventDelivered
	EventDecided
	EventRejected
	EventOverdue
	eventTypes
)

var (
	stateNames    = [...]string{Accepted: "accepted", Delivered: "delivered", Decided: "decided", Closed: "closed", Rejected: "rejected", Parked: "parked"}
	progressNames = [...]string{Pending: "pending", Waiting: "waiting", Attempting: "attempting", Batched: "batched", Staged: "staged", Unclear: "uncertain",
		Doubtful: "doubtful", Done: "delivered", Skipped: "skipped", Held: "parked", Dropped: "dropped"}
	eventNames = [...]string{EventAccepted: "accepted", EventDelivered: "delivered", EventDecided: "decided", EventRejected: "rejected", EventOverdue: "overdue"}
)

// String is the name that users read; empty: there is no such state.
func (s State) String() string { return nameOf(stateNames[:], int(s)) }

// String is the name that users read; empty: there is no such state.
func (p Progress) String() string { return nameOf(progressNames[:], int(p)) }

// EventName is the name that front offices read; empty: there is no such type.
func EventName(typ int) string { return nameOf(eventNames[:], typ) }

func nameOf(names []string, n int) string {
	if n <= 0 || n >= len(names) {
		return ""
	}
	return names[n]
}

// StateOf returns the state of a name; 0: there is none.
func StateOf(name string) State { return State(max(slices.Index(stateNames[:], name), 0)) }

// ProgressOf returns the state of a delivery of a name; 0: there is none.
func ProgressOf(name string) Progress { return Progress(max(slices.Index(progressNames[:], name), 0)) }

// Open tells whether something is still to be done for the delivery without a person.
func (p Progress) Open() bool { return p < 10 }

// Left tells whether the submission still waits for the delivery.
func (p Progress) Left() bool { return p.Open() || p == Held }

// Ended tells whether nothing more is expected to happen with a submission, but perhaps that its front office fetches the last event.
func Ended(s State, flags int64) bool {
	return s == Closed || s == Rejected || s == Decided || s == Delivered && flags&FlagFinal != 0
}

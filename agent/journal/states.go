package journal

import "slices"

// The states as numbers in the journal's file; the numbers never change. A delivery is open below 10.

type stateCode int64

type progressCode int64

const (
	sAccepted  stateCode = 1
	sDelivered stateCode = 2
	sDecided   stateCode = 3
	sClosed    stateCode = 4
	sRejected  stateCode = 5
	sParked    stateCode = 6
)

const (
	pPending    progressCode = 1
	pWaiting    progressCode = 2
	pAttempting progressCode = 3
	pBatched    progressCode = 4
	pStaged     progressCode = 5
	pUnclear    progressCode = 6
	pDoubtful   progressCode = 7
	pDone       progressCode = 11
	pSkipped    progressCode = 12
	pHeld       progressCode = 13
	pDropped    progressCode = 14
)

// Flags of a submission.
const (
	flagWhole    = 1  // parked as a whole, not for one delivery
	flagOverdue  = 2  // the front office was told that no decision came in time
	flagFinal    = 4  // delivered is the last word, no decision is expected
	flagReturned = 8  // some delivery returned values
	flagTold     = 16 // the delivered event is out
	flagReopened = 32 // an operator had it delivered again
	flagHeard    = 64 // the front office knows the decision; closed once everything is delivered
)

// Types of events.
const (
	evAccepted = iota + 1
	evDelivered
	evDecided
	evRejected
	evOverdue
)

var eventNames = [...]string{evAccepted: "accepted", evDelivered: "delivered", evDecided: "decided", evRejected: "rejected", evOverdue: "overdue"}

// states are the names of the codes.
var states = [...]State{sAccepted: Accepted, sDelivered: Delivered, sDecided: Decided, sClosed: Closed, sRejected: Rejected, sParked: Parked}

var progresses = [...]Progress{pPending: Pending, pWaiting: Waiting, pAttempting: Attempting, pBatched: Batched, pStaged: Staged, pUnclear: Unclear,
	pDoubtful: Doubtful, pDone: Done, pSkipped: Skipped, pHeld: Held, pDropped: Dropped}

// state is the name of a code; empty: it has none.
func (s stateCode) state() State { return nameOf(states[:], s) }

func (p progressCode) progress() Progress { return nameOf(progresses[:], p) }

func nameOf[N ~string, C ~int64](names []N, code C) (name N) {
	if code > 0 && int(code) < len(names) {
		name = names[code]
	}
	return name
}

// stateOf is the code of a name; 0: there is none.
func stateOf(s State) stateCode { return stateCode(max(slices.Index(states[:], s), 0)) }

func progressOf(p Progress) progressCode { return progressCode(max(slices.Index(progresses[:], p), 0)) }

func (p progressCode) open() bool { return p < 10 }

// left reports whether the submission still waits for the delivery.
func (p progressCode) left() bool { return p.open() || p == pHeld }

type step uint8

const (
	refused step = iota // a mistake, or an effect that must not be begun
	taken               // the delivery moves
	stays               // too late to matter; the delivery stays where it is
)

// transitions say what a Change may do. They are strict before an effect and mild after one: what was written is written,
// whatever an operator did meanwhile. What is in neither list is refused.
var transitions = map[progressCode]struct{ takes, stays []progressCode }{
	pPending:    {takes: begun},
	pWaiting:    {takes: begun},
	pAttempting: {takes: []progressCode{pPending, pStaged, pUnclear, pDone, pHeld}},
	pBatched:    {takes: []progressCode{pAttempting, pStaged, pUnclear, pDone, pHeld}},
	pStaged:     {takes: []progressCode{pPending, pAttempting, pUnclear, pDone, pHeld}},
	pUnclear:    {takes: []progressCode{pPending, pAttempting, pBatched, pStaged, pDone, pHeld}},
	pDoubtful: {takes: []progressCode{pPending, pAttempting, pBatched, pStaged, pUnclear, pDone, pSkipped, pHeld},
		stays: []progressCode{pWaiting}}, // once the value is there, it is looked up
	pHeld: {takes: []progressCode{pUnclear, pDone, pSkipped},
		stays: []progressCode{pPending, pWaiting}}, // a failed attempt that was under way when it was parked
	pDropped: {takes: []progressCode{pDone}, stays: []progressCode{pPending, pWaiting, pUnclear, pSkipped, pHeld}},
}

// begun is where a delivery goes that nothing was done for yet.
var begun = []progressCode{pPending, pWaiting, pAttempting, pStaged, pUnclear, pDone, pSkipped, pHeld}

// transition says what a Change from one state to another does.
func transition(from, to progressCode) step {
	switch t := transitions[from]; {
	case from == to || slices.Contains(t.stays, to):
		return stays
	case slices.Contains(t.takes, to):
		return taken
	}
	return refused
}

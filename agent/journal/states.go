package journal

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

func (s stateCode) word() State {
	switch s {
	case sAccepted:
		return Accepted
	case sDelivered:
		return Delivered
	case sDecided:
		return Decided
	case sClosed:
		return Closed
	case sRejected:
		return Rejected
	case sParked:
		return Parked
	}
	return ""
}

func stateOf(s State) stateCode {
	for c := sAccepted; c <= sParked; c++ {
		if c.word() == s {
			return c
		}
	}
	return 0
}

func (p progressCode) word() Progress {
	switch p {
	case pPending:
		return Pending
	case pWaiting:
		return Waiting
	case pAttempting:
		return Attempting
	case pBatched:
		return Batched
	case pStaged:
		return Staged
	case pUnclear:
		return Unclear
	case pDoubtful:
		return Doubtful
	case pDone:
		return Done
	case pSkipped:
		return Skipped
	case pHeld:
		return Held
	case pDropped:
		return Dropped
	}
	return ""
}

func progressOf(p Progress) progressCode {
	for c := pPending; c <= pDropped; c++ {
		if c.word() == p {
			return c
		}
	}
	return 0
}

func (p progressCode) open() bool { return p < 10 }

// left reports whether the submission still waits for the delivery.
func (p progressCode) left() bool { return p.open() || p == pHeld }

type step uint8

const (
	refused step = iota // a mistake, or an effect that must not be begun
	taken               // the delivery moves
	stays               // too late to matter; the delivery stays where it is
)

// transition says what a Change may do. It is strict before an effect and mild after one: what was
// written is written, whatever an operator did meanwhile.
func transition(from, to progressCode) step {
	if from == to {
		return stays
	}
	switch from {
	case pPending, pWaiting:
		switch to {
		case pPending, pWaiting, pAttempting, pStaged, pUnclear, pDone, pSkipped, pHeld:
			return taken
		}
	case pAttempting:
		switch to {
		case pPending, pStaged, pUnclear, pDone, pHeld:
			return taken
		}
	case pBatched:
		switch to {
		case pAttempting, pStaged, pUnclear, pDone, pHeld:
			return taken
		}
	case pStaged:
		switch to {
		case pPending, pAttempting, pUnclear, pDone, pHeld:
			return taken
		}
	case pUnclear:
		switch to {
		case pPending, pAttempting, pStaged, pBatched, pDone, pHeld:
			return taken
		}
	case pDoubtful:
		switch to {
		case pPending, pBatched, pAttempting, pStaged, pUnclear, pDone, pSkipped, pHeld:
			return taken
		case pWaiting:
			return stays // once the value is there, it is looked up
		}
	case pHeld:
		switch to {
		case pUnclear, pDone, pSkipped:
			return taken
		case pPending, pWaiting:
			return stays // a failed attempt that was under way when it was parked
		}
	case pDropped:
		switch to {
		case pDone:
			return taken
		case pPending, pWaiting, pUnclear, pHeld, pSkipped:
			return stays
		}
	}
	return refused
}

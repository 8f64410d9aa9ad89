package simulate

// mutation is one way to break a promise, to see whether the checks see it.
type mutation uint8

const (
	whole mutation = iota
	forgetLedger
	loseDelivery
	wrongValue
	swapOrder
	loseFile
	doubleFile
	loseForm
	loseResult
	skipEvent
	skipPush
	loseBatch
	doubleEnd
	wrongState
	dropReason
	loseCommit
)

// breaks tells whether the world is to break something in this way.
func (w *world) breaks(m mutation) bool { return w.broken == m }

// once is true the first time in a world. The lock is held.
func (w *world) once() bool {
	first := !w.spent
	w.spent = true
	return first
}

// mutations are all of them, each with the promise that must be seen to break.
var mutations = []struct {
	name     string
	mutation mutation
	property property
}{
	{"the ledger forgets what it has", forgetLedger, exactlyOnce},
	{"a delivery is called written and is not", loseDelivery, exactlyOnce},
	{"a batch or a file vanishes", loseFile, exactlyOnce},
	{"a batch vanishes", loseBatch, numbers},
	{"a file is put in place twice", doubleFile, exactlyOnce},
	{"a text is changed on its way", wrongValue, rightValues},
	{"the order key is not looked at", swapOrder, order},
	{"a form leaves the in-basket before anybody has it", loseForm, exactlyOnce},
	{"a result is marked before anybody has it", loseResult, results},
	{"the stream of events skips one", skipEvent, agreement},
	{"a push is called done and is not", skipPush, agreement},
	{"a final event comes twice", doubleEnd, oneEnd},
	{"a submission is told to be delivered that is not", wrongState, agreement},
	{"what is parked says no next step", dropReason, owner},
	{"the journal loses what it has committed", loseCommit, exactlyOnce},
}

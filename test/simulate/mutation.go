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
)

// breaks tells whether the world is to break something in this way.
func (w *world) breaks(m mutation) bool { return w.broken == m }

// once is true the first time in a world. The lock is held.
func (w *world) once() bool {
	first := !w.spent
	w.spent = true
	return first
}

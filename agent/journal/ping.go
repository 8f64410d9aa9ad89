package journal

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Maintaining tells whether the writer is busy with something that takes its time by nature; calls that
// change the journal wait for it.
func (j *Journal) Maintaining() bool { return j.maintaining.Load() }

// maintains says that a call takes its time by nature, until over.
func (t *tx) maintains() (over func()) {
	t.j.maintaining.Store(true)
	return func() { t.j.maintaining.Store(false) }
}

// Busy tells whether Close would have to wait for something that takes minutes in a large journal, and that cannot be
// broken off: it is being compacted or checked.
func (j *Journal) Busy() bool { return j.Maintaining() || j.checking.Load() > 0 }

// check is a read for which Busy is true.
func (j *Journal) check(ctx context.Context, f func(*look)) error {
	j.checking.Add(1)
	defer j.checking.Add(-1)
	return j.read(ctx, f)
}

// Ping returns once the writer takes calls. It changes nothing. While the writer is busy with something
// that takes its time by nature, such as copying the whole log back, Ping returns at once.
func (j *Journal) Ping(ctx context.Context) error {
	if j.maintaining.Load() {
		return nil
	}
	return j.send(ctx, "ask the journal's writer", &job{idle: func(*engine.Conn) error { return nil }})
}

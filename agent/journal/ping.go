package journal

import "context"

// Maintaining tells whether the writer is busy with something that takes its time by nature; calls that
// change the journal wait for it.
func (j *Journal) Maintaining() bool { return j.maintaining.Load() }

// Ping returns once the writer takes calls. It changes nothing. While the writer is busy with something
// that takes its time by nature, such as copying the whole log back, Ping returns at once.
func (j *Journal) Ping(ctx context.Context) error {
	if j.maintaining.Load() {
		return nil
	}
	return j.send(ctx, "ask the journal's writer", &job{idle: func(*conn) error { return nil }})
}

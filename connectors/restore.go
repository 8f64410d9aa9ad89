package connectors

import (
	"context"
	"errors"
	"time"
)

// ErrNoEvidence is what a Witness answers that cannot tell what it holds, such as a database without a ledger.
var ErrNoEvidence = errors.New("the target keeps no record of what it was given")

// Rescanner is an Inbasket or a ResultSource that keeps what it has settled, such as a folder with a done folder.
// After a restore the agent has it offer again what it settled since the backup was made: what the journal knows
// is then a repeat.
type Rescanner interface {
	// Settled counts what was settled since a time and can be offered again. It changes nothing.
	Settled(ctx context.Context, since time.Time) (int, error)
	// Reoffer has those items offered again by Next, and returns how many. tell is called with the transport's
	// names of some of them before they can be taken; an error of tell ends it. It may be repeated at will.
	Reoffer(ctx context.Context, since time.Time, tell func(names []string) error) (int, error)
}

// Repeater is a Questioner that can ask once more for what it has marked as fetched.
type Repeater interface {
	// Repeat returns a source that gives the rows of q.Again, each once, and then io.EOF. Settling marks nothing.
	Repeat(q Question, since time.Time) (ResultSource, error)
}

package restoring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// About is what a backup tells of the journal in it.
type About struct {
	Schema      int       `json:"schema"` // version of its tables
	Epoch       int64     `json:"epoch"`
	Seq         int64     `json:"seq"` // last event's number
	Submissions int64     `json:"submissions"`
	Events      int64     `json:"events"`
	Results     int64     `json:"results"`
	Last        time.Time `json:"last,omitzero"` // acceptance of the newest submission
	Held        bool      `json:"held,omitempty"`
}

// Snapshot writes a consistent copy of the journal to path, which must not exist. The writer goes on
// meanwhile. On return the copy is on disk; after an error nothing is left at path.
func (j Restores) Snapshot(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("snapshot of the journal: %w", fs.ErrExist)
	}
	return j.FaultOf("copy the journal", j.Engine().Copy(ctx, path))
}

// About tells what the journal holds.
func (j Restores) About(ctx context.Context) (About, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) (a About) {
		version, err := j.Engine().Version(l.Conn)
		l.Fail(err)
		a.Schema, a.Epoch, a.Seq = int(version), l.Number(journal.Epoch), l.Number(journal.LastEvent)
		a.Submissions, a.Events, a.Results = l.Number("SELECT count(*) FROM submission"), l.Number("SELECT count(*) FROM event"), l.Number("SELECT count(*) FROM result")
		a.Last = journal.Value[time.Time](l, "SELECT at FROM submission ORDER BY id DESC LIMIT 1")
		a.Held = version >= journal.HoldVersion && l.Is(journal.HeldNow)
		return a
	})
}

// Contents calls each for everything in the content store that the journal refers to, in the order of digests.
func (j Restores) Contents(ctx context.Context, each func(connectors.Digest) error) error {
	return j.Read(ctx, func(l *journal.Look) {
		l.Fail(j.Engine().Contents(l.Conn, func(digest []byte) error {
			if len(digest) != len(connectors.Digest{}) {
				return ctx.Err() // purged, or a reference that never was one
			}
			return errors.Join(each(connectors.Digest(digest)), ctx.Err())
		}))
	})
}

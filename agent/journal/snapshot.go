package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// FileName is how the journal's file is called in its folder, also within a backup.
const FileName = fileName

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
func (j *Journal) Snapshot(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("snapshot of the journal: %w", fs.ErrExist)
	}
	return j.fault("copy the journal", j.engine.Copy(ctx, path))
}

// About tells what the journal holds.
func (j *Journal) About(ctx context.Context) (About, error) {
	return find(ctx, j, func(l *look) (a About) {
		version, err := j.engine.Version(l.c)
		l.fail(err)
		a.Schema, a.Epoch, a.Seq = int(version), l.number(epoch), l.number(lastEvent)
		a.Submissions, a.Events, a.Results = l.number("SELECT count(*) FROM submission"), l.number("SELECT count(*) FROM event"), l.number("SELECT count(*) FROM result")
		a.Last = value[time.Time](l, "SELECT at FROM submission ORDER BY id DESC LIMIT 1")
		a.Held = version >= holdVersion && l.is(heldNow)
		return a
	})
}

// Contents calls each for everything in the content store that the journal refers to, in the order of digests.
func (j *Journal) Contents(ctx context.Context, each func(connectors.Digest) error) error {
	return j.read(ctx, func(l *look) {
		l.fail(j.engine.Contents(l.c, func(digest []byte) error {
			if len(digest) != len(connectors.Digest{}) {
				return ctx.Err() // purged, or a reference that never was one
			}
			return errors.Join(each(connectors.Digest(digest)), ctx.Err())
		}))
	})
}

// Lock keeps every agent from opening the journal in dir until release; ErrLocked says that one has it open. In a
// folder without a journal there is nothing to lock.
func Lock(dir string) (release func() error, err error) {
	if _, err := os.Stat(filepath.Join(dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil // made here, it would belong to whoever runs this
	}
	l, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	return l.release, nil
}

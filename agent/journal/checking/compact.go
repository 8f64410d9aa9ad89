package checking

import (
	"context"
	"errors"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// Compaction says what Compact did. All numbers are bytes.
type Compaction struct {
	Before int64 `json:"before"` // journal and write-ahead log
	After  int64 `json:"after"`
	Needed int64 `json:"needed"` // free space that it needed at most
	Free   int64 `json:"free"`   // that was there; -1: could not be told
}

// Compact writes the journal's file anew without what is unused, counts its tallies anew, and empties the
// write-ahead log. Everything that is to be written waits meanwhile: some seconds for each gigabyte. free tells
// how much space the disk has; nil: it cannot be told. A disk that fills up all the same costs nothing but time.
func (j Checks) Compact(ctx context.Context, free func() (int64, error)) (r Compaction, err error) {
	if r.Before, err = j.size(); err != nil {
		return r, err
	}
	r.Free = -1
	if err := j.Do(ctx, "count anew", recount); err != nil {
		return r, err
	}
	err = j.Idle(ctx, "compact the journal", func(c *engine.Conn) (err error) {
		if r.Needed, err = j.Engine().SpaceToCompact(c); err != nil {
			return err
		}
		if free != nil {
			if r.Free, err = free(); err != nil {
				r.Free = -1
			}
		}
		if r.Free >= 0 && r.Free < r.Needed {
			return &connectors.Error{Class: connectors.TargetError, Code: journal.CodeSpace, Op: "compact the journal",
				Hint: fmt.Sprintf("it needs %s for a while, and %s are free: make space, and compact it again", megabytes(r.Needed), megabytes(r.Free))}
		}
		return j.Engine().Compact(c)
	})
	if err != nil {
		return r, err
	}
	r.After, err = j.size()
	return r, err
}

// size returns the bytes that the journal takes on disk.
func (j Checks) size() (int64, error) {
	n, err := j.Engine().Size()
	return n, j.FaultOf("look at the journal's file", err)
}

// megabytes writes a size for people, rounded up.
func megabytes(n int64) string { return fmt.Sprintf("%d MB", (n+999_999)/1_000_000) }

// Scrub overwrites what may be left of what was deleted, from a place on and a bounded part of the journal, and says where to go
// on; 0 when all is done. It holds up nobody for longer than a usual commit.
func (j Checks) Scrub(ctx context.Context, from int64) (next int64, err error) {
	places, err := journal.Find(ctx, j.Journal, func(l *journal.Look) (places []int64) {
		places, next, err = j.Engine().Remains(l.Conn, from)
		l.Fail(err)
		return places
	})
	if err != nil || len(places) == 0 {
		return next, err
	}
	return next, j.Do(ctx, "overwrite what is deleted", func(t *journal.Tx) error { return j.Engine().Overwrite(t.Conn, places) })
}

// recount makes the counters what they count.
func recount(t *journal.Tx) error {
	defer t.Maintains()()
	for _, sql := range []string{
		"DELETE FROM tally WHERE kind IN (1, 2, 3, 5)",
		"INSERT INTO tally(kind, a, b, n) SELECT 1, route, state, count(*) FROM submission GROUP BY 2, 3",
		"INSERT INTO tally(kind, a, b, n) SELECT 2, target, state, count(*) FROM delivery GROUP BY 2, 3",
		"INSERT INTO tally(kind, a, b, n) SELECT 3, 0, 0, count(*) FROM result WHERE sub IS NULL AND park IS NULL",
		"INSERT INTO tally(kind, a, b, n) SELECT 5, 0, 0, count(*) FROM tombstone",
	} {
		t.Exec(sql)
	}
	return nil
}

// Checkpoint copies the whole write-ahead log into the journal's file and empties it.
func (j Checks) Checkpoint(ctx context.Context) error {
	return j.Idle(ctx, "checkpoint the journal", func(c *engine.Conn) error {
		done, err := j.Engine().Flush(c)
		if err == nil && !done {
			err = errors.New("a reader holds the log")
		}
		return err
	})
}

// Check reads the whole journal and reports damage. It takes its time.
func (j Checks) Check(ctx context.Context) error {
	return j.Read(ctx, func(l *journal.Look) {
		found, err := j.Engine().Damage(ctx, l.Conn, false, 20)
		l.Fail(err)
		if len(found) > 0 {
			l.Fail(fmt.Errorf("the journal is damaged: %s", found[0]))
		}
	})
}

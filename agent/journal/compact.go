package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
func (j *Journal) Compact(ctx context.Context, free func() (int64, error)) (r Compaction, err error) {
	if r.Before, err = j.size(); err != nil {
		return r, err
	}
	r.Free = -1
	if err := j.do(ctx, "count anew", (*tx).recount); err != nil {
		return r, err
	}
	err = j.send(ctx, "compact the journal", &job{idle: func(c *conn) (err error) {
		if r.Needed, err = needed(c); err != nil {
			return err
		}
		if free != nil {
			if r.Free, err = free(); err != nil {
				r.Free = -1
			}
		}
		if r.Free >= 0 && r.Free < r.Needed {
			return &connectors.Error{Class: connectors.TargetError, Code: CodeSpace, Op: "compact the journal",
				Hint: fmt.Sprintf("it needs %s for a while, and %s are free: make space, and compact it again", megabytes(r.Needed), megabytes(r.Free))}
		}
		if err := vacuum(c, filepath.Dir(j.path)); err != nil {
			return err
		}
		return truncateLog(c)
	}})
	if err != nil {
		return r, err
	}
	r.After, err = j.size()
	return r, err
}

// vacuum writes the file anew. The copy that it works with lies beside the journal, not in memory, and not in a
// folder for temporary files that others may read.
func vacuum(c *conn, dir string) (err error) {
	set := func(pragma string) error {
		return c.query("PRAGMA "+pragma, nil, func([]driver.Value) error { return nil })
	}
	defer func() { err = errors.Join(err, set("temp_store_directory=''"), set("temp_store=MEMORY")) }()
	err = errors.Join(set("temp_store=FILE"), set("temp_store_directory='"+strings.ReplaceAll(dir, "'", "''")+"'"))
	if err != nil {
		return err
	}
	_, err = c.exec("VACUUM")
	return err
}

// needed is how much space VACUUM takes: a copy of what is used in a temporary file, and the same in the log.
func needed(c *conn) (int64, error) {
	pages, err := c.number("PRAGMA page_count")
	if err != nil {
		return 0, err
	}
	unused, err := c.number("PRAGMA freelist_count")
	if err != nil {
		return 0, err
	}
	size, err := c.number("PRAGMA page_size")
	return 2 * (pages - unused) * (size + 24), err // 24 bytes are the head of a page in the log
}

// truncateLog copies the log back and empties it, as far as readers let it.
func truncateLog(c *conn) error {
	return c.query("PRAGMA wal_checkpoint(TRUNCATE)", nil, func([]driver.Value) error { return nil })
}

// size returns the bytes of the journal's file and its log.
func (j *Journal) size() (int64, error) {
	info, err := os.Stat(j.path)
	if err != nil {
		return 0, fault("look at the journal's file", err)
	}
	n := info.Size()
	log, err := os.Stat(j.path + "-wal")
	if errors.Is(err, os.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return 0, fault("look at the journal's log", err)
	}
	return n + log.Size(), nil
}

// megabytes writes a size for people, rounded up.
func megabytes(n int64) string { return fmt.Sprintf("%d MB", (n+999_999)/1_000_000) }

// recount makes the counters what they count.
func (t *tx) recount() error {
	defer t.maintains()()
	for _, sql := range []string{
		"DELETE FROM tally WHERE kind IN (1, 2, 3, 5)",
		"INSERT INTO tally(kind, a, b, n) SELECT 1, route, state, count(*) FROM submission GROUP BY 2, 3",
		"INSERT INTO tally(kind, a, b, n) SELECT 2, target, state, count(*) FROM delivery GROUP BY 2, 3",
		"INSERT INTO tally(kind, a, b, n) SELECT 3, 0, 0, count(*) FROM result WHERE sub IS NULL AND park IS NULL",
		"INSERT INTO tally(kind, a, b, n) SELECT 5, 0, 0, count(*) FROM tombstone",
	} {
		if _, err := t.c.exec(sql); err != nil {
			return err
		}
	}
	return nil
}

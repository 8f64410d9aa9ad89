package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// checkpointPages is how long the write-ahead log grows before it is copied back: 10 MiB in pages of 8 KiB.
// Pages of that size hold three usual forms each and cost a quarter less than the usual 4 KiB.
const checkpointPages = 1250

// checkpoint copies the log back once it is long enough. The callers of the last commit have their
// answer by then; only the next one waits.
func (j *Journal) checkpoint() {
	if j.w == nil {
		return
	}
	var pages int64
	err := j.w.query("PRAGMA wal_checkpoint(NOOP)", nil, func(row []driver.Value) error {
		pages = integer(row[1]) - integer(row[2])
		return nil
	})
	if err == nil && pages < checkpointPages {
		return
	}
	if err == nil {
		err = j.w.query("PRAGMA wal_checkpoint(PASSIVE)", nil, func([]driver.Value) error { return nil })
	}
	if err != nil {
		j.reconnect() // the log has everything; the next commit tries again and reports
	}
}

// Checkpoint copies the whole write-ahead log into the journal's file and empties it.
func (j *Journal) Checkpoint(ctx context.Context) error {
	return j.send(ctx, "checkpoint the journal", &job{idle: func(c *conn) error {
		return c.query("PRAGMA wal_checkpoint(TRUNCATE)", nil, func(row []driver.Value) error {
			if integer(row[0]) != 0 {
				return errors.New("a reader holds the log")
			}
			return nil
		})
	}})
}

// Check reads the whole journal and reports damage. It takes its time.
func (j *Journal) Check(ctx context.Context) error {
	return j.read(ctx, func(c *conn) error {
		return c.query("PRAGMA quick_check(20)", nil, func(row []driver.Value) error {
			if s := text(row[0]); s != "ok" {
				return &checkError{fmt.Sprintf("the journal is damaged: %s", s)}
			}
			return ctx.Err()
		})
	})
}

type checkError struct{ text string }

func (e *checkError) Error() string { return e.text }

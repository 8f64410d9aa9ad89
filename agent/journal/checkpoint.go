package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// checkpoint keeps what the engine stores beside its tables small. The callers of the last commit have their answer by then; only
// the next one waits.
func (j *Journal) checkpoint() {
	if j.w == nil {
		return
	}
	if err := j.engine.Trim(j.w); err != nil {
		j.reconnect() // everything is on disk; the next commit tries again and reports
	}
}

// Checkpoint copies the whole write-ahead log into the journal's file and empties it.
func (j *Journal) Checkpoint(ctx context.Context) error {
	return j.send(ctx, "checkpoint the journal", &job{idle: func(c *engine.Conn) error {
		done, err := j.engine.Flush(c)
		if err == nil && !done {
			err = errors.New("a reader holds the log")
		}
		return err
	}})
}

// Check reads the whole journal and reports damage. It takes its time.
func (j *Journal) Check(ctx context.Context) error {
	return j.read(ctx, func(l *look) {
		found, err := j.engine.Damage(ctx, l.c, false, 20)
		l.fail(err)
		if len(found) > 0 {
			l.fail(fmt.Errorf("the journal is damaged: %s", found[0]))
		}
	})
}

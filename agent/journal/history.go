package journal

import (
	"context"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// note adds a line to a submission's timeline; its time is now unless it has one.
func (t *tx) note(id ID, m Moment) error {
	at := m.At
	if at.IsZero() {
		at = t.now
	}
	return t.c.Insert("history(sub, at, what, target, code, text, by, raw)", []any{id, at, m.What, engine.Optional(m.Target), engine.Optional(m.Code),
		engine.Optional(m.Text), engine.Optional(m.By), engine.Optional(m.Raw)})
}

// Note adds a line to the timeline of a submission.
func (j *Journal) Note(ctx context.Context, id ID, m Moment) error {
	return j.do(ctx, "note", func(t *tx) error {
		if _, err := t.submission(id); err != nil {
			return err
		}
		return t.note(id, m)
	})
}

package journal

import "context"

const insertHistory = "INSERT INTO history(sub, at, what, target, code, text, by, raw) VALUES(?, ?, ?, ?, ?, ?, ?, ?)"

// note adds a line to a submission's timeline; its time is now unless it has one.
func (t *tx) note(id ID, m Moment) error {
	at := m.At
	if at.IsZero() {
		at = t.now
	}
	_, err := t.c.exec(insertHistory, id, at, m.What, nullable(m.Target), nullable(m.Code), nullable(m.Text), nullable(m.By), nullable(m.Raw))
	return err
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

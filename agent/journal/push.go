package journal

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Push is an event that is due to be sent to its front office.
type Push struct {
	Event   Event
	Attempt int   // failed attempts so far
	Nth     int64 // grows with each event of the submission
}

// PushOutcome is what became of one Push.
type PushOutcome struct {
	Seq    int64
	OK     bool
	NextAt time.Time // after a failure: when to try again
	GiveUp bool      // never again; the event stays to be polled
	Code   string
	Text   string
}

// EnablePush says whether an office has a push channel. From then on its events are queued for it; the
// journal does not remember the choice.
func (j *Journal) EnablePush(office string, on bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if on {
		j.push[office] = true
	} else {
		delete(j.push, office)
	}
}

func (j *Journal) pushes(office nameID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.push) > 0 && j.push[j.names.text(office)]
}

// LongestPush is the longest that a push may be put off. What is due much later was put off by a clock that
// was wrong, and is due at once.
const LongestPush = 24 * time.Hour

// DuePushes returns events to send, at most one of a submission, so that their order holds.
func (j *Journal) DuePushes(ctx context.Context, office string, now time.Time, limit int) (due []Push, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok {
			return nil
		}
		// What older programs told as a number stays as it is. From there on it is the microsecond, which also grows over a
		// restore, and grows with each event of the submission.
		const sql = `SELECT p.attempt, CASE WHEN e.seq<=? THEN e.seq ELSE (SELECT max(x.at)/1000+count(*) FROM event x WHERE x.sub=e.sub AND x.seq<=e.seq) END,
			e.seq, e.sub, e.type, e.final, e.at, e.data, e.office, s.reference
			FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq JOIN submission s ON s.id=p.sub
			WHERE p.office=? AND p.due IS NOT NULL AND (p.due<=? OR p.due>?) ORDER BY p.due, p.seq LIMIT ?`
		return engine.Each(c, sql, []any{j.positions.clear, w, now, now.Add(2 * LongestPush), bounded(limit)}, func(r struct {
			Attempt int
			Nth     int64
			Event   eventRow
		}) error {
			e, err := j.event(c, &r.Event)
			due = append(due, Push{Event: e, Attempt: r.Attempt, Nth: r.Nth})
			return err
		})
	})
	return due, err
}

// NextPush returns when the next event of an office is due; zero if none waits.
func (j *Journal) NextPush(ctx context.Context, office string) (at time.Time, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok {
			return nil
		}
		at, err = engine.Value[time.Time](c, "SELECT min(due) FROM push WHERE office=? AND due IS NOT NULL", w)
		return err
	})
	return at, err
}

// PushBacklog is what waits to be pushed to one front office.
type PushBacklog struct {
	Waiting int64     // events that were not pushed yet
	Failing int64     // of those, how many failed and are tried again
	Since   time.Time // when the oldest of the failing happened; zero: none fails
	NextAt  time.Time // when the next of the failing is tried
}

// PushBacklog counts what waits to be pushed to an office.
func (j *Journal) PushBacklog(ctx context.Context, office string) (b PushBacklog, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok {
			return nil
		}
		if b.Waiting, err = c.Number("SELECT count(*) FROM push WHERE office=?", w); err != nil || b.Waiting == 0 {
			return err
		}
		const failing = `SELECT count(*), min(e.at), min(p.due) FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq WHERE p.office=? AND p.attempt>0`
		f, err := engine.Value[struct {
			Count         int64
			Since, NextAt time.Time
		}](c, failing, w)
		b.Failing, b.Since, b.NextAt = f.Count, f.Since, f.NextAt
		return err
	})
	return b, err
}

// Pushed records what became of pushes to an office. A delivered last word closes its submission.
func (j *Journal) Pushed(ctx context.Context, office string, outcomes []PushOutcome) error {
	return j.do(ctx, "record pushes", func(t *tx) error {
		w, err := t.name(office)
		if err != nil {
			return err
		}
		for n := range outcomes {
			if err := t.pushed(w, &outcomes[n]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) pushed(office nameID, o *PushOutcome) error {
	p, found, err := engine.One[struct {
		ID    ID
		Final bool
	}](t.c, "SELECT p.sub, e.final FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq WHERE p.office=? AND p.seq=?", office, o.Seq)
	id, final := p.ID, p.Final
	if err != nil || !found {
		return err // recorded before
	}
	if !o.OK && !o.GiveUp {
		next := o.NextAt
		if next.IsZero() {
			next = t.now
		}
		if _, err := t.c.Exec("UPDATE push SET attempt=attempt+1, due=? WHERE office=? AND seq=?", next, office, o.Seq); err != nil {
			return err
		}
		return t.note(id, Moment{What: "push failed", Code: o.Code, Text: o.Text})
	}
	if _, err := t.c.Exec("DELETE FROM push WHERE office=? AND seq=?", office, o.Seq); err != nil {
		return err
	}
	const wake = "UPDATE push SET due=? WHERE office=? AND seq=(SELECT min(seq) FROM push WHERE office=? AND sub=?) AND due IS NULL"
	if _, err := t.c.Exec(wake, t.now, office, office, id); err != nil {
		return err
	}
	if o.GiveUp && !o.OK {
		return t.note(id, Moment{What: "push given up", Code: o.Code, Text: o.Text})
	}
	if err := t.note(id, Moment{What: "pushed"}); err != nil || !final {
		return err
	}
	return t.told(id, o.Seq)
}

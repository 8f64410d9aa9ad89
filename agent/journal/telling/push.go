package telling

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Push is an event that is due to be sent to its front office.
type Push struct {
	Event   journal.Event
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

// LongestPush is the longest that a push may be put off. What is due much later was put off by a clock that
// was wrong, and is due at once.
const LongestPush = 24 * time.Hour

// DuePushes returns events to send, at most one of a submission, so that their order holds.
func (j Stream) DuePushes(ctx context.Context, office string, now time.Time, limit int) ([]Push, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) (due []Push) {
		// What older programs told as a number stays as it is. From there on it is the microsecond, which also grows over a
		// restore, and grows with each event of the submission.
		const sql = `SELECT p.attempt, CASE WHEN e.seq<=? THEN e.seq ELSE (SELECT max(x.at)/1000+count(*) FROM event x WHERE x.sub=e.sub AND x.seq<=e.seq) END,
			e.type, e.seq, e.sub, e.office, s.reference, e.final, e.at, e.data
			FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq JOIN submission s ON s.id=p.sub
			WHERE p.office=? AND p.due IS NOT NULL AND (p.due<=? OR p.due>?) ORDER BY p.due, p.seq LIMIT ?`
		journal.Each(l, sql, []any{j.Clear(), engine.Word(office), now, now.Add(2 * LongestPush), journal.Bounded(limit)}, func(r struct {
			Attempt int
			Nth     int64
			Event   eventRow
		}) {
			due = append(due, Push{Event: event(l, r.Event), Attempt: r.Attempt, Nth: r.Nth})
		})
		return due
	})
}

// PushBacklog is what waits to be pushed to one front office.
type PushBacklog struct {
	Waiting int64     // events that were not pushed yet
	Failing int64     // of those, how many failed and are tried again
	Since   time.Time // when the oldest of the failing happened; zero: none fails
	NextAt  time.Time // when the next of the failing is tried
}

// PushBacklog counts what waits to be pushed to an office.
func (j Stream) PushBacklog(ctx context.Context, office string) (PushBacklog, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) PushBacklog {
		waiting := l.Number("SELECT count(*) FROM push WHERE office=?", engine.Word(office))
		return journal.Value[PushBacklog](l, `SELECT ?, count(*), min(e.at), min(p.due) FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq
			WHERE p.office=? AND p.attempt>0`, waiting, engine.Word(office))
	})
}

// PushWaiting tells when the oldest event that waits to be pushed to an office happened; zero without one.
func (j Stream) PushWaiting(ctx context.Context, office string) (time.Time, error) {
	const sql = "SELECT e.at FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq WHERE p.office=? ORDER BY p.seq LIMIT 1"
	return journal.AskOne[time.Time](ctx, j.Journal, sql, engine.Word(office))
}

// Pushed records what became of pushes to an office. A delivered last word closes its submission.
func (j Stream) Pushed(ctx context.Context, office string, outcomes []PushOutcome) error {
	return j.Do(ctx, "record pushes", func(t *journal.Tx) error {
		for n := range outcomes {
			pushed(t, t.NameID(office), &outcomes[n])
		}
		return nil
	})
}

func pushed(t *journal.Tx, office journal.NameID, o *PushOutcome) {
	p, found := journal.One[struct {
		ID    journal.ID
		Final bool
	}](t.Look, "SELECT p.sub, e.final FROM push p JOIN event e ON e.office=p.office AND e.seq=p.seq WHERE p.office=? AND p.seq=?", office, o.Seq)
	if !found {
		return // recorded before
	}
	if !o.OK && !o.GiveUp {
		next := o.NextAt
		if next.IsZero() {
			next = t.Now
		}
		t.Exec("UPDATE push SET attempt=attempt+1, due=? WHERE office=? AND seq=?", next, office, o.Seq)
		t.Note(p.ID, journal.Moment{What: "push failed", Code: o.Code, Text: o.Text})
		return
	}
	t.Exec("DELETE FROM push WHERE office=? AND seq=?", office, o.Seq)
	const wake = "UPDATE push SET due=? WHERE office=? AND seq=(SELECT min(seq) FROM push WHERE office=? AND sub=?) AND due IS NULL"
	t.Exec(wake, t.Now, office, office, p.ID)
	if !o.OK {
		t.Note(p.ID, journal.Moment{What: "push given up", Code: o.Code, Text: o.Text})
		return
	}
	t.Note(p.ID, journal.Moment{What: "pushed"})
	if p.Final {
		told(t, p.ID, o.Seq)
	}
}

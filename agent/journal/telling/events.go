package telling

import (
	"context"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

const eventColumns = "e.type, e.seq, e.sub, e.office, s.reference, e.final, e.at, e.data FROM event e JOIN submission s ON s.id=e.sub "

// eventRow is a row of eventColumns.
type eventRow struct {
	Type  int
	Event journal.Event
}

func event(l *journal.Look, r eventRow) journal.Event {
	if r.Event.Type = states.EventName(r.Type); r.Event.Type == "" {
		l.Fail(fmt.Errorf("event of unknown type %d", r.Type))
	}
	return r.Event
}

// List returns events.
func List(l *journal.Look, where string, args ...any) (events []journal.Event) {
	journal.Each(l, "SELECT "+eventColumns+where, args, func(r eventRow) { events = append(events, event(l, r)) })
	return events
}

// Events returns an office's events after a position, and the position to go on from.
func (j Stream) Events(ctx context.Context, office string, after int64, limit int) (events []journal.Event, next int64, err error) {
	events, err = journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Event {
		return List(l, "WHERE e.office=? AND e.seq>? ORDER BY e.seq LIMIT ?", engine.Word(office), after, journal.Bounded(limit))
	})
	if len(events) > 0 {
		after = events[len(events)-1].Seq
	}
	return events, after, err
}

// EventsOf returns the events of one submission.
func (j Stream) EventsOf(ctx context.Context, id journal.ID) ([]journal.Event, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Event { return List(l, "WHERE e.sub=? ORDER BY e.seq", id) })
}

const eventsCounted = 100_000 // events that Unacknowledged looks at

const cursorSeq = "SELECT seq FROM cursor WHERE office=? AND name=?"

// Cursor returns how far a cursor has come; 0 for one that never moved.
func (j Stream) Cursor(ctx context.Context, office, name string) (int64, error) {
	return journal.AskOne[int64](ctx, j.Journal, cursorSeq, engine.Word(office), name)
}

const ackChunk = 2000 // events that one transaction acknowledges

// Ack moves a cursor forward, never back, and closes the submissions whose last word it has passed. A
// position beyond the last event counts as the last event.
func (j Stream) Ack(ctx context.Context, office, cursor string, seq int64) error {
	for more := true; more; {
		err := j.Do(ctx, "acknowledge events", func(t *journal.Tx) error {
			more = ack(t, engine.Word(office), cursor, seq)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func ack(t *journal.Tx, office engine.Word, cursor string, seq int64) (more bool) {
	seq = min(seq, t.LastTold())
	old := t.Number(cursorSeq, office, cursor)
	if seq <= old {
		return false
	}
	type row struct {
		Seq   int64
		ID    journal.ID
		Final bool
	}
	const sql = "SELECT seq, sub, final FROM event WHERE office=? AND seq>? AND seq<=? ORDER BY seq LIMIT ?"
	passed := journal.All[row](t.Look, sql, office, old, seq, ackChunk)
	if more = len(passed) == ackChunk; more {
		seq = passed[ackChunk-1].Seq
	}
	for _, e := range passed {
		if e.Final {
			told(t, e.ID, seq)
		}
	}
	t.Exec("INSERT INTO cursor(office, name, seq) VALUES(?, ?, ?) ON CONFLICT(office, name) DO UPDATE SET seq=excluded.seq", office, cursor, seq)
	return more
}

// told closes a submission if the front office knows everything up to its last word.
func told(t *journal.Tx, id journal.ID, upTo int64) {
	if t.Number("SELECT coalesce(max(seq), 0) FROM event WHERE sub=? AND final=1", id) > upTo {
		return
	}
	s, err := t.Submission(id)
	switch {
	case err != nil:
	case s.State == states.Decided && s.Waits():
		s.Flags, s.Dirty = s.Flags|states.FlagHeard, true // decided before it was delivered: what is open still goes
	case s.State == states.Decided || s.State == states.Delivered && s.Flags&states.FlagFinal != 0:
		s.State = states.Closed
	}
}

// Unacknowledged counts the events of an office that none of its cursors has passed, at most 100,000, and
// tells when the oldest of them happened; zero without one. It is for offices that poll.
func (j Stream) Unacknowledged(ctx context.Context, office string) (n int64, oldest time.Time, err error) {
	err = j.Read(ctx, func(l *journal.Look) {
		passed := l.Number("SELECT coalesce(max(seq), 0) FROM cursor WHERE office=?", engine.Word(office))
		n = l.Number("SELECT count(*) FROM (SELECT 1 FROM event WHERE office=? AND seq>? LIMIT ?) some", engine.Word(office), passed, eventsCounted)
		oldest = journal.Value[time.Time](l, "SELECT at FROM event WHERE office=? AND seq>? ORDER BY seq LIMIT 1", engine.Word(office), passed)
	})
	return n, oldest, err
}

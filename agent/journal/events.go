package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

const eventColumns = "e.type, e.seq, e.sub, e.office, s.reference, e.final, e.at, e.data FROM event e JOIN submission s ON s.id=e.sub "

// eventRow is a row of eventColumns.
type eventRow struct {
	Type  int
	Event Event
}

func (l *look) event(r eventRow) Event {
	if r.Event.Type = states.EventName(r.Type); r.Event.Type == "" {
		l.fail(fmt.Errorf("event of unknown type %d", r.Type))
	}
	return r.Event
}

func (l *look) events(where string, args ...any) (events []Event) {
	each(l, "SELECT "+eventColumns+where, args, func(r eventRow) { events = append(events, l.event(r)) })
	return events
}

// Events returns an office's events after a position, and the position to go on from.
func (j *Journal) Events(ctx context.Context, office string, after int64, limit int) (events []Event, next int64, err error) {
	events, err = find(ctx, j, func(l *look) []Event {
		return l.events("WHERE e.office=? AND e.seq>? ORDER BY e.seq LIMIT ?", engine.Word(office), after, bounded(limit))
	})
	if len(events) > 0 {
		after = events[len(events)-1].Seq
	}
	return events, after, err
}

// EventsOf returns the events of one submission.
func (j *Journal) EventsOf(ctx context.Context, id ID) ([]Event, error) {
	return find(ctx, j, func(l *look) []Event { return l.events("WHERE e.sub=? ORDER BY e.seq", id) })
}

// maxList bounds every list that a caller may ask for.
const maxList = 10_000

func bounded(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, maxList)
}

const cursorSeq = "SELECT seq FROM cursor WHERE office=? AND name=?"

// Cursor returns how far a cursor has come; 0 for one that never moved.
func (j *Journal) Cursor(ctx context.Context, office, name string) (int64, error) {
	return askOne[int64](ctx, j, cursorSeq, engine.Word(office), name)
}

const ackChunk = 2000 // events that one transaction acknowledges

// Ack moves a cursor forward, never back, and closes the submissions whose last word it has passed. A
// position beyond the last event counts as the last event.
func (j *Journal) Ack(ctx context.Context, office, cursor string, seq int64) error {
	for more := true; more; {
		err := j.do(ctx, "acknowledge events", func(t *tx) error {
			more = t.ack(engine.Word(office), cursor, seq)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) ack(office engine.Word, cursor string, seq int64) (more bool) {
	seq = min(seq, t.j.seq)
	old := t.number(cursorSeq, office, cursor)
	if seq <= old {
		return false
	}
	type row struct {
		Seq   int64
		ID    ID
		Final bool
	}
	const sql = "SELECT seq, sub, final FROM event WHERE office=? AND seq>? AND seq<=? ORDER BY seq LIMIT ?"
	passed := all[row](t.look, sql, office, old, seq, ackChunk)
	if more = len(passed) == ackChunk; more {
		seq = passed[ackChunk-1].Seq
	}
	for _, e := range passed {
		if e.Final {
			t.told(e.ID, seq)
		}
	}
	t.exec("INSERT INTO cursor(office, name, seq) VALUES(?, ?, ?) ON CONFLICT(office, name) DO UPDATE SET seq=excluded.seq", office, cursor, seq)
	return more
}

// told closes a submission if the front office knows everything up to its last word.
func (t *tx) told(id ID, upTo int64) {
	if t.number("SELECT coalesce(max(seq), 0) FROM event WHERE sub=? AND final=1", id) > upTo {
		return
	}
	s, err := t.submission(id)
	switch {
	case err != nil:
	case s.State == states.Decided && s.waits():
		s.Flags, s.Dirty = s.Flags|states.FlagHeard, true // decided before it was delivered: what is open still goes
	case s.State == states.Decided || s.State == states.Delivered && s.Flags&states.FlagFinal != 0:
		s.State = states.Closed
	}
}

// Unacknowledged counts the events of an office that none of its cursors has passed, at most 100,000, and
// tells when the oldest of them happened; zero without one. It is for offices that poll.
func (j *Journal) Unacknowledged(ctx context.Context, office string) (n int64, oldest time.Time, err error) {
	err = j.read(ctx, func(l *look) {
		passed := l.number("SELECT coalesce(max(seq), 0) FROM cursor WHERE office=?", engine.Word(office))
		n = l.number("SELECT count(*) FROM (SELECT 1 FROM event WHERE office=? AND seq>? LIMIT ?) some", engine.Word(office), passed, eventsCounted)
		oldest = value[time.Time](l, "SELECT at FROM event WHERE office=? AND seq>? ORDER BY seq LIMIT 1", engine.Word(office), passed)
	})
	return n, oldest, err
}

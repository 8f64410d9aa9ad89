package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// pendingEvent is an event of the call under way; it gets its number when the call is through.
type pendingEvent struct {
	office nameID
	id     ID
	typ    int
	final  bool
	data   any // JSON text or nil
}

func (t *tx) event(office nameID, id ID, typ int, final bool, data any) {
	t.events = append(t.events, pendingEvent{office, id, typ, final, data})
}

func (t *tx) eventData(office nameID, id ID, typ int, final bool, data map[string]any) error {
	b, err := json.Marshal(data)
	if err == nil {
		t.event(office, id, typ, final, string(b))
	}
	return err
}

// writeEvents numbers the call's events. The one writer numbers in the order of commits, so a cursor
// never skips one.
func (t *tx) writeEvents() error {
	if len(t.events) == 0 {
		return nil
	}
	args := make([]any, 0, 7*len(t.events))
	var pushed []any
	queued := map[ID]bool{}
	for _, e := range t.events {
		t.j.seq++
		args = append(args, e.office, t.j.seq, e.id, e.typ, e.final, t.now, e.data)
		if !t.j.pushes(e.office) {
			continue
		}
		var due any
		if !queued[e.id] {
			n, err := t.c.Number("SELECT count(*) FROM push WHERE office=? AND sub=?", e.office, e.id)
			if err != nil {
				return err
			}
			if n == 0 {
				due = t.now
			}
			queued[e.id] = true
		}
		pushed = append(pushed, e.office, t.j.seq, e.id, 0, due)
	}
	if err := t.c.Insert("event(office, seq, sub, type, final, at, data)", args); err != nil {
		return err
	}
	return t.c.Insert("push(office, seq, sub, attempt, due)", pushed)
}

const eventColumns = "SELECT e.seq, e.sub, e.type, e.final, e.at, e.data, e.office, s.reference FROM event e JOIN submission s ON s.id=e.sub "

// Events returns an office's events after a position, and the position to go on from.
func (j *Journal) Events(ctx context.Context, office string, after int64, limit int) (events []Event, next int64, err error) {
	next = after
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok || w == 0 {
			return nil
		}
		events, err = j.queryEvents(c, eventColumns+"WHERE e.office=? AND e.seq>? ORDER BY e.seq LIMIT ?", w, after, bounded(limit))
		if err == nil && len(events) > 0 {
			next = events[len(events)-1].Seq
		}
		return err
	})
	return events, next, err
}

// EventsOf returns the events of one submission.
func (j *Journal) EventsOf(ctx context.Context, id ID) (events []Event, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		events, err = j.queryEvents(c, eventColumns+"WHERE e.sub=? ORDER BY e.seq", id)
		return err
	})
	return events, err
}

func (j *Journal) queryEvents(c *engine.Conn, sql string, args ...any) (events []Event, err error) {
	err = engine.Each(c, sql, args, func(r eventRow) error {
		e, err := j.event(c, &r)
		events = append(events, e)
		return err
	})
	return events, err
}

// eventRow is a row of eventColumns.
type eventRow struct {
	Seq       int64
	ID        ID
	Type      int
	Final     bool
	At        time.Time
	Data      string
	Office    nameID
	Reference string
}

func (j *Journal) event(c *engine.Conn, r *eventRow) (Event, error) {
	if states.EventName(r.Type) == "" {
		return Event{}, fmt.Errorf("event of unknown type %d", r.Type)
	}
	e := Event{Seq: r.Seq, ID: r.ID, Type: states.EventName(r.Type), Final: r.Final, At: r.At, Office: j.name(c, r.Office), Reference: r.Reference}
	if r.Data != "" {
		if err := json.Unmarshal([]byte(r.Data), &e.Data); err != nil {
			return e, fmt.Errorf("event %d: %w", e.Seq, err)
		}
	}
	return e, nil
}

// maxList bounds every list that a caller may ask for.
const maxList = 10_000

func bounded(limit int) int {
	switch {
	case limit <= 0:
		return 100
	case limit > maxList:
		return maxList
	}
	return limit
}

// Cursor returns how far a cursor has come; 0 for one that never moved.
func (j *Journal) Cursor(ctx context.Context, office, name string) (seq int64, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok {
			return nil
		}
		seq, err = c.Number("SELECT seq FROM cursor WHERE office=? AND name=?", w, name)
		return err
	})
	return seq, err
}

const ackChunk = 2000 // events that one transaction acknowledges

// Ack moves a cursor forward, never back, and closes the submissions whose last word it has passed. A
// position beyond the last event counts as the last event.
func (j *Journal) Ack(ctx context.Context, office, cursor string, seq int64) error {
	for more := true; more; {
		err := j.do(ctx, "acknowledge events", func(t *tx) (err error) {
			more, err = t.ack(office, cursor, seq)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) ack(office, cursor string, seq int64) (more bool, err error) {
	w, err := t.name(office)
	if err != nil {
		return false, err
	}
	seq = min(seq, t.j.seq)
	old, err := t.c.Number("SELECT seq FROM cursor WHERE office=? AND name=?", w, cursor)
	if err != nil || seq <= old {
		return false, err
	}
	reached, n := old, 0
	var final []ID
	const sql = "SELECT seq, sub, final FROM event WHERE office=? AND seq>? AND seq<=? ORDER BY seq LIMIT ?"
	err = engine.Each(t.c, sql, []any{w, old, seq, ackChunk}, func(e struct {
		Seq   int64
		ID    ID
		Final bool
	}) error {
		reached = e.Seq
		n++
		if e.Final {
			final = append(final, e.ID)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if more = n == ackChunk; !more {
		reached = seq
	}
	for _, id := range final {
		if err := t.told(id, reached); err != nil {
			return false, err
		}
	}
	_, err = t.c.Exec("INSERT INTO cursor(office, name, seq) VALUES(?, ?, ?) ON CONFLICT(office, name) DO UPDATE SET seq=excluded.seq", w, cursor, reached)
	return more, err
}

// told closes a submission if the front office knows everything up to its last word.
func (t *tx) told(id ID, upTo int64) error {
	last, err := t.c.Number("SELECT coalesce(max(seq), 0) FROM event WHERE sub=? AND final=1", id)
	if err != nil || last > upTo {
		return err
	}
	s, err := t.submission(id)
	if err != nil {
		return err
	}
	if s.state == states.Decided && s.waits() {
		s.flags, s.dirty = s.flags|states.FlagHeard, true // decided before it was delivered: what is open still goes
		return t.save(s)
	}
	if s.state == states.Decided || s.state == states.Delivered && s.flags&states.FlagFinal != 0 {
		s.state = states.Closed
		return t.save(s)
	}
	return nil
}

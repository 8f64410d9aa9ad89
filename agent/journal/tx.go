package journal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// tx is what one call changes within the transaction under way. Its first error ends it, as that of a look does, and nothing of the
// call stays. Submissions that it has loaded are saved, and what is told and noted is written, once the call is through.
type tx struct {
	*look
	now    time.Time
	rows   map[ID]*submissionRow // loaded
	loaded []*submissionRow      // in order
	tally  map[tallyKey]int64
	events []pendingEvent // in order
	notes  []any          // rows of the timeline
	moved  []ID           // submissions whose state or flags changed
	used   []int64        // plans pinned for the first time
}

type tallyKey struct {
	kind int64
	a, b int64
}

// The kinds of tallies.
const (
	tallyState    = 1 // route, state
	tallyProgress = 2 // target, progress
	tallyOrphans  = 3
	tallyPurged   = 5 // tombstones
	tallySeq      = 4 // the last event's number, so that numbers are never used again
)

func (t *tx) count(kind, a, b, n int64) { t.tally[tallyKey{kind, a, b}] += n }

// nameID returns the number of a name, which is added if need be.
func (t *tx) nameID(s string) nameID {
	id, err := t.j.names.put(t.c, s)
	t.fail(err)
	return id
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(sql string, args ...any) int64 {
	if t.err != nil {
		return 0
	}
	n, err := t.c.Exec(sql, args...)
	t.fail(err)
	return n
}

// insert writes rows; see engine.Conn.
func (t *tx) insert(into string, args []any) {
	if t.err == nil {
		t.fail(t.c.Insert(into, args))
	}
}

// insertNew writes the rows that are not there yet, and returns how many.
func (t *tx) insertNew(into string, args ...any) int64 {
	if t.err != nil {
		return 0
	}
	n, err := t.c.InsertNew(into, args)
	t.fail(err)
	return n
}

// note adds a line to a submission's timeline; its time is now unless it has one.
func (t *tx) note(id ID, m Moment) {
	if m.At.IsZero() {
		m.At = t.now
	}
	t.notes = append(t.notes, id, m.At, m.What, engine.Optional(m.Target), engine.Optional(m.Code), engine.Optional(m.Text), engine.Optional(m.By), engine.Optional(m.Raw))
}

// pendingEvent is an event of the call under way; it gets its number when the call is through.
type pendingEvent struct {
	office nameID
	id     ID
	typ    int
	final  bool
	data   any // JSON text or nil
}

// event tells a submission's front office something; nobody is told where it has none.
func (t *tx) event(office nameID, id ID, typ int, final bool, data map[string]any) {
	if office == 0 {
		return
	}
	e := pendingEvent{office, id, typ, final, nil}
	if data != nil {
		b, err := json.Marshal(data)
		t.fail(err)
		e.data = string(b)
	}
	t.events = append(t.events, e)
}

// finish writes what the call has left to its end.
func (t *tx) finish() {
	for _, s := range t.loaded {
		t.save(s)
	}
	t.insert("history(sub, at, what, target, code, text, by, raw)", t.notes)
	t.writeEvents()
}

// writeEvents numbers the call's events. The one writer numbers in the order of commits, so a cursor never skips one.
func (t *tx) writeEvents() {
	if len(t.events) == 0 {
		return
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
			if t.number("SELECT count(*) FROM push WHERE office=? AND sub=?", e.office, e.id) == 0 {
				due = t.now
			}
			queued[e.id] = true
		}
		pushed = append(pushed, e.office, t.j.seq, e.id, 0, due)
	}
	t.insert("event(office, seq, sub, type, final, at, data)", args)
	t.insert("push(office, seq, sub, attempt, due)", pushed)
}

// put has the writer run one statement.
func (j *Journal) put(ctx context.Context, op, sql string, args ...any) error {
	return j.do(ctx, op, func(t *tx) error { t.exec(sql, args...); return nil })
}

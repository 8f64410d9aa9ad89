package journal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// Tx is what one call changes within the transaction under way. Its first error ends it, as that of a look does, and nothing of the
// call stays. Submissions that it has loaded are saved, and what is told and noted is written, once the call is through.
type Tx struct {
	*Look
	Now    time.Time
	rows   map[ID]*Row // loaded
	loaded []*Row      // in order
	tally  map[TallyKey]int64
	events []pendingEvent // in order
	notes  []any          // rows of the timeline
	moved  []ID           // submissions whose state or flags changed
	turns  []Turn
	used   []int64 // plans pinned for the first time
}

// NewTx changes by a look.
func NewTx(l *Look) *Tx {
	return &Tx{Look: l, rows: map[ID]*Row{}, tally: map[TallyKey]int64{}}
}

// TallyKey is what a counter counts: of a kind, by two numbers.
type TallyKey struct {
	Kind int64
	A, B int64
}

// The kinds of tallies.
const (
	TallyState    = 1 // route, state
	TallyProgress = 2 // target, progress
	TallyOrphans  = 3
	TallyPurged   = 5 // tombstones
	TallySeq      = 4 // the last event's number, so that numbers are never used again
)

// Count adds to a counter once the call is through.
func (t *Tx) Count(kind, a, b, n int64) { t.tally[TallyKey{kind, a, b}] += n }

// NameID returns the number of a name, which is added if need be.
func (t *Tx) NameID(s string) NameID {
	id, err := t.Journal.names.put(t.Conn, s)
	t.Fail(err)
	return id
}

// Exec runs a statement and returns how many rows it changed.
func (t *Tx) Exec(sql string, args ...any) int64 {
	if t.Err != nil {
		return 0
	}
	n, err := t.Conn.Exec(sql, args...)
	t.Fail(err)
	return n
}

// Insert writes rows; see engine.Conn.
func (t *Tx) Insert(into string, args []any) {
	if t.Err == nil {
		t.Fail(t.Conn.Insert(into, args))
	}
}

// InsertNew writes the rows that are not there yet, and returns how many.
func (t *Tx) InsertNew(into string, args ...any) int64 {
	if t.Err != nil {
		return 0
	}
	n, err := t.Conn.InsertNew(into, args)
	t.Fail(err)
	return n
}

// Note adds a line to a submission's timeline; its time is now unless it has one.
func (t *Tx) Note(id ID, m Moment) {
	if m.At.IsZero() {
		m.At = t.Now
	}
	t.notes = append(t.notes, id, m.At, m.What, engine.Optional(m.Target), engine.Optional(m.Code), engine.Optional(m.Text), engine.Optional(m.By), engine.Optional(m.Raw))
}

// pendingEvent is an event of the call under way; it gets its number when the call is through.
type pendingEvent struct {
	office NameID
	id     ID
	typ    int
	final  bool
	data   any // JSON text or nil
}

// Event tells a submission's front office something; nobody is told where it has none.
func (t *Tx) Event(office NameID, id ID, typ int, final bool, data map[string]any) {
	if office == 0 {
		return
	}
	e := pendingEvent{office, id, typ, final, nil}
	if data != nil {
		b, err := json.Marshal(data)
		t.Fail(err)
		e.data = string(b)
	}
	t.events = append(t.events, e)
}

// finish writes what the call has left to its end.
func (t *Tx) finish() {
	for _, s := range t.loaded {
		t.save(s)
	}
	t.Insert("history(sub, at, what, target, code, text, by, raw)", t.notes)
	t.writeEvents()
}

// writeEvents numbers the call's events. The one writer numbers in the order of commits, so a cursor never skips one.
func (t *Tx) writeEvents() {
	if len(t.events) == 0 {
		return
	}
	args := make([]any, 0, 7*len(t.events))
	var pushed []any
	queued := map[ID]bool{}
	for _, e := range t.events {
		t.Journal.seq++
		args = append(args, e.office, t.Journal.seq, e.id, e.typ, e.final, t.Now, e.data)
		if !t.Journal.pushes(e.office) {
			continue
		}
		var due any
		if !queued[e.id] {
			if t.Number("SELECT count(*) FROM push WHERE office=? AND sub=?", e.office, e.id) == 0 {
				due = t.Now
			}
			queued[e.id] = true
		}
		pushed = append(pushed, e.office, t.Journal.seq, e.id, 0, due)
	}
	t.Insert("event(office, seq, sub, type, final, at, data)", args)
	t.Insert("push(office, seq, sub, attempt, due)", pushed)
}

// Put has the writer run one statement.
func (j *Journal) Put(ctx context.Context, op, sql string, args ...any) error {
	return j.Do(ctx, op, func(t *Tx) error { t.Exec(sql, args...); return nil })
}

// Discard notes content that may be removed once nothing refers to it.
func (t *Tx) Discard(d connectors.Digest) { t.InsertNew("garbage(digest)", d) }

// DiscardBatches notes the files of batches that are delivered or voided.
func (t *Tx) DiscardBatches(where string, args ...any) {
	const sql = "UPDATE batch SET gone=1 WHERE gone=0 AND (state=11 OR state=14) AND "
	for _, d := range All[connectors.Digest](t.Look, sql+where+" RETURNING digest", args...) {
		t.Discard(d)
	}
}

// Ends tells the target's lane that it has nothing of a submission to deliver any more.
func (t *Tx) Ends(target NameID, id ID) {
	t.turns = append(t.turns, Turn{t.Name(target), id, true})
}

// Maintains says that a call takes its time by nature, until over.
func (t *Tx) Maintains() (over func()) {
	t.Journal.maintaining.Store(true)
	return func() { t.Journal.maintaining.Store(false) }
}

// NextID returns an ID that was never used.
func (t *Tx) NextID() ID {
	id, err := t.Journal.ids.next(t.Now)
	t.Fail(err)
	return id
}

// UsedID keeps an ID, and all before it, from being used again, also when no row shows any more that they were.
func (t *Tx) UsedID(id ID) {
	t.Journal.ids.last = max(t.Journal.ids.last, id)
	t.Exec(RaiseMeta, "last-id", id)
}

// LastUsed returns the last ID that was used: what is accepted from now on has a higher one.
func (t *Tx) LastUsed() ID { return t.Journal.ids.last }

// LastTold returns the last event's number.
func (t *Tx) LastTold() int64 { return t.Journal.seq }

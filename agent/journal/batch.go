package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

const (
	lastSeq = `SELECT max(n) FROM (SELECT 0 AS n UNION ALL SELECT max(seq) FROM batch WHERE target=?
		UNION ALL SELECT value FROM meta WHERE key='seq:'||?) used`
	raiseMeta = `INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value WHERE meta.value<excluded.value`
	seqOfKey  = "seq:"
)

// lastSeq returns the last number that a target's batches have used.
func (l *look) lastSeq(target string) int64 { return l.number(lastSeq, engine.Word(target), target) }

// NextSeq returns the number that the target's next sealed batch must have.
func (j *Journal) NextSeq(ctx context.Context, target string) (int64, error) {
	return find(ctx, j, func(l *look) int64 { return l.lastSeq(target) + 1 })
}

// LastBatch returns the highest number of a target's batches that the journal has, whatever became of them; 0: none.
func (j *Journal) LastBatch(ctx context.Context, target string) (int64, error) {
	return askOne[int64](ctx, j, "SELECT coalesce((SELECT max(seq) FROM batch WHERE target=?), 0)", engine.Word(target))
}

// Seal journals a batch before its first byte leaves: its number, which must be the next one, its bytes'
// digest and its members, which must be pending.
func (j *Journal) Seal(ctx context.Context, b Batch) error {
	return j.do(ctx, "seal a batch", func(t *tx) error {
		last := t.lastSeq(b.Target)
		if b.Seq <= last && t.sealed(b) {
			return nil
		}
		if b.Seq != last+1 {
			return fmt.Errorf("seal batch %d of %s after %d: %w", b.Seq, b.Target, last, ErrSequence)
		}
		rows, err := t.load(b.Members...)
		if err != nil {
			return err
		}
		target := t.nameID(b.Target)
		for _, id := range b.Members {
			d := rows[id].delivery(target)
			if d == nil {
				return &TransitionError{ID: id, Target: b.Target, To: Batched}
			}
			if d.State != states.Pending && d.State != states.Waiting {
				return &TransitionError{ID: id, Target: b.Target, From: Progress(d.State.String()), To: Batched}
			}
			d.move(states.Batched)
			d.Batch = b.Seq
		}
		at := b.SealedAt
		if at.IsZero() {
			at = t.now
		}
		t.exec(`INSERT INTO batch(target, seq, name, digest, size, control, sealed, state, members, closed, why)
			VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`, target, b.Seq, b.Name, b.Digest[:], b.Size, b.Control, at.Format(time.RFC3339Nano),
			states.Batched, encodeIDs(b.Members), b.Why)
		return nil
	})
}

// sealed reports whether the very batch is journaled already: the call is repeated after a fault of the
// disk that left its outcome open.
func (t *tx) sealed(b Batch) bool {
	list := t.batches("target=? AND seq=?", engine.Word(b.Target), b.Seq)
	return len(list) > 0 && list[0].Digest == b.Digest && list[0].Name == b.Name && slices.Equal(list[0].Members, b.Members)
}

// Batches returns a target's sealed batches by number, those of all targets when it is empty; openOnly leaves out what
// is delivered or voided.
func (j *Journal) Batches(ctx context.Context, target string, openOnly bool) ([]Batch, error) {
	return find(ctx, j, func(l *look) []Batch {
		where, args := "1=1", []any{}
		if target != "" {
			where, args = "target=?", []any{engine.Word(target)}
		}
		if openOnly {
			where += " AND (state<10 OR state=13)"
		}
		return l.batches(where, args...)
	})
}

// LastClosed returns when the last of a target's batches that closed for a reason and was not voided was sealed; zero:
// none is known.
func (j *Journal) LastClosed(ctx context.Context, target, why string) (time.Time, error) {
	return find(ctx, j, func(l *look) (at time.Time) {
		const sql = "SELECT sealed FROM batch WHERE target=? AND closed=? AND state<>? ORDER BY seq DESC LIMIT 1"
		if sealed, found := one[string](l, sql, engine.Word(target), why, states.Dropped); found {
			at = l.sealedAt(sealed)
		}
		return at
	})
}

func (l *look) sealedAt(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	l.fail(err)
	return at
}

// batches returns batches by target and number.
func (l *look) batches(where string, args ...any) (list []Batch) {
	const columns = "SELECT seq, target, name, digest, size, control, state, closed, sealed, members, why FROM batch WHERE "
	each(l, columns+where+" ORDER BY target, seq", args, func(r struct {
		Batch   Batch
		Sealed  string
		Members []byte
		Why     *Reason
	}) {
		b := r.Batch
		b.Untouched = b.Progress == Held && r.Why != nil && r.Why.Untouched
		b.SealedAt = l.sealedAt(r.Sealed)
		var err error
		b.Members, err = decodeIDs(r.Members)
		l.fail(err)
		list = append(list, b)
	})
	return list
}

// batch returns a batch with its members; without it the call fails.
func (t *tx) batch(target string, seq int64) (b Batch, members map[ID]*submissionRow, err error) {
	list := t.batches("target=? AND seq=?", engine.Word(target), seq)
	if len(list) == 0 {
		t.fail(fmt.Errorf("batch %d of %s: %w", seq, target, ErrNotFound))
		return b, nil, t.err
	}
	members, err = t.load(list[0].Members...)
	return list[0], members, err
}

// moveBatch writes where a batch stands, and why.
func (t *tx) moveBatch(b *Batch, to states.Progress, why *Reason) error {
	t.exec("UPDATE batch SET state=?, why=? WHERE target=? AND seq=?", to, encodeReason(why), engine.Word(b.Target), b.Seq)
	return nil
}

// MoveBatch moves a sealed batch. With Done the changes of its members are applied with it; members that
// changes do not name become Done without returned values. With any other state the members follow it.
func (j *Journal) MoveBatch(ctx context.Context, target string, seq int64, to Progress, reason *Reason, changes []Change) error {
	return j.do(ctx, "record a batch", func(t *tx) error {
		b, rows, err := t.batch(target, seq)
		if err != nil {
			return err
		}
		w := t.nameID(target)
		from, code := states.ProgressOf(string(b.Progress)), states.ProgressOf(string(to))
		resumes := from == states.Held && code == states.Batched
		if code == states.Dropped || from == states.Dropped || from == states.Done && to != Done || states.Transition(from, code) == states.Refused && !resumes {
			return fmt.Errorf("batch %d of %s cannot go from %s to %s: %w", seq, target, b.Progress, to, ErrState)
		}
		if resumes {
			t.resume(rows, b.Members, w)
			return t.moveBatch(&b, code, reason)
		}
		named := make(map[ID]bool, len(changes))
		for n := range changes {
			named[changes[n].ID] = true
		}
		all := append(make([]Change, 0, len(b.Members)), changes...)
		for _, id := range b.Members {
			// What was given up on an operator's word stays in the file and stays given up, until it is delivered.
			if d := rows[id].delivery(w); named[id] || to != Done && d != nil && d.State == states.Dropped {
				continue
			}
			c := Change{ID: id, Target: target, To: to}
			if to == Held {
				c.Reason = reason // list says why each of them waits
			}
			all = append(all, c)
		}
		if err := t.apply(all); err != nil {
			return err
		}
		return t.moveBatch(&b, code, reason)
	})
}

// resume puts the held members of a batch back into it.
func (t *tx) resume(rows map[ID]*submissionRow, members []ID, target nameID) {
	for _, id := range members {
		if d := rows[id].delivery(target); d != nil && d.State == states.Held {
			d.move(states.Batched)
			t.settle(rows[id], false)
		}
	}
}

// VoidBatch gives up a sealed batch on an operator's word. Its number stays used; its members go into a
// later one.
func (j *Journal) VoidBatch(ctx context.Context, target string, seq int64, by, reason string) error {
	return j.do(ctx, "void a batch", func(t *tx) error {
		b, rows, err := t.batch(target, seq)
		if err != nil || b.Progress == Dropped {
			return err
		}
		if b.Progress == Done {
			return fmt.Errorf("void batch %d of %s, which is %s: %w", seq, target, b.Progress, ErrState)
		}
		w := t.nameID(target)
		for _, id := range b.Members {
			s := rows[id]
			d := s.delivery(w)
			if d == nil || d.Batch != seq || !d.State.Left() {
				continue
			}
			d.Batch = 0
			d.move(s.start())
			t.settle(s, false)
			t.note(id, Moment{What: "batch voided", Target: target, Text: reason, By: by})
		}
		return t.moveBatch(&b, states.Dropped, &Reason{Text: reason})
	})
}

package delivering

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// NextSeq returns the number that the target's next sealed batch must have.
func (j Deliveries) NextSeq(ctx context.Context, target string) (int64, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) int64 { return l.LastSeq(target) + 1 })
}

// LastBatch returns the highest number of a target's batches that the journal has, whatever became of them; 0: none.
func (j Deliveries) LastBatch(ctx context.Context, target string) (int64, error) {
	return journal.AskOne[int64](ctx, j.Journal, "SELECT coalesce((SELECT max(seq) FROM batch WHERE target=?), 0)", engine.Word(target))
}

// Seal journals a batch before its first byte leaves: its number, which must be the next one, its bytes'
// digest and its members, which must be pending.
func (j Deliveries) Seal(ctx context.Context, b journal.Batch) error {
	return j.Do(ctx, "seal a batch", func(t *journal.Tx) error {
		last := t.LastSeq(b.Target)
		if b.Seq <= last && sealed(t, b) {
			return nil
		}
		if b.Seq != last+1 {
			return fmt.Errorf("seal batch %d of %s after %d: %w", b.Seq, b.Target, last, journal.ErrSequence)
		}
		rows, err := t.Load(b.Members...)
		if err != nil {
			return err
		}
		target := t.NameID(b.Target)
		for _, id := range b.Members {
			d := rows[id].Delivery(target)
			if d == nil {
				return &journal.TransitionError{ID: id, Target: b.Target, To: journal.Batched}
			}
			if d.State != states.Pending {
				return &journal.TransitionError{ID: id, Target: b.Target, From: journal.Progress(d.State.String()), To: journal.Batched}
			}
			d.Move(states.Batched)
			d.Batch = b.Seq
		}
		at := b.SealedAt
		if at.IsZero() {
			at = t.Now
		}
		t.Exec(`INSERT INTO batch(target, seq, name, digest, size, control, sealed, state, members, closed, why)
			VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`, target, b.Seq, b.Name, b.Digest[:], b.Size, b.Control, at.Format(time.RFC3339Nano),
			states.Batched, journal.EncodeIDs(b.Members), b.Why)
		return nil
	})
}

// sealed reports whether the very batch is journaled already: the call is repeated after a fault of the
// disk that left its outcome open.
func sealed(t *journal.Tx, b journal.Batch) bool {
	list := batches(t.Look, "target=? AND seq=?", engine.Word(b.Target), b.Seq)
	return len(list) > 0 && list[0].Digest == b.Digest && list[0].Name == b.Name && slices.Equal(list[0].Members, b.Members)
}

// Batches returns a target's sealed batches by number, those of all targets when it is empty; openOnly leaves out what
// is delivered or voided.
func (j Deliveries) Batches(ctx context.Context, target string, openOnly bool) ([]journal.Batch, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Batch {
		where, args := "1=1", []any{}
		if target != "" {
			where, args = "target=?", []any{engine.Word(target)}
		}
		if openOnly {
			where += " AND (state<10 OR state=13)"
		}
		return batches(l, where, args...)
	})
}

// LastClosed returns when the last of a target's batches that closed for a reason and was not voided was sealed; zero:
// none is known.
func (j Deliveries) LastClosed(ctx context.Context, target, why string) (time.Time, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) (at time.Time) {
		const sql = "SELECT sealed FROM batch WHERE target=? AND closed=? AND state<>? ORDER BY seq DESC LIMIT 1"
		if sealed, found := journal.One[string](l, sql, engine.Word(target), why, states.Dropped); found {
			at = sealedAt(l, sealed)
		}
		return at
	})
}

func sealedAt(l *journal.Look, text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	l.Fail(err)
	return at
}

// batches returns batches by target and number.
func batches(l *journal.Look, where string, args ...any) (list []journal.Batch) {
	const columns = "SELECT seq, target, name, digest, size, control, state, closed, sealed, members, why FROM batch WHERE "
	journal.Each(l, columns+where+" ORDER BY target, seq", args, func(r struct {
		Batch   journal.Batch
		Sealed  string
		Members []byte
		Why     *journal.Reason
	}) {
		b := r.Batch
		b.Untouched = b.Progress == journal.Held && r.Why != nil && r.Why.Untouched
		b.SealedAt = sealedAt(l, r.Sealed)
		var err error
		b.Members, err = journal.DecodeIDs(r.Members)
		l.Fail(err)
		list = append(list, b)
	})
	return list
}

// batch returns a batch with those of its members that are not purged; without it the call fails.
func batch(t *journal.Tx, target string, seq int64) (b journal.Batch, members map[journal.ID]*journal.Row, err error) {
	list := batches(t.Look, "target=? AND seq=?", engine.Word(target), seq)
	if len(list) == 0 {
		t.Fail(fmt.Errorf("batch %d of %s: %w", seq, target, journal.ErrNotFound))
		return b, nil, t.Err
	}
	b, known := list[0], map[journal.ID]bool{}
	journal.EachOf(t.Look, "SELECT id FROM submission WHERE id IN ", nil, b.Members, func(id journal.ID) { known[id] = true })
	b.Members = slices.DeleteFunc(b.Members, func(id journal.ID) bool { return !known[id] })
	members, err = t.Load(b.Members...)
	return b, members, err
}

// moveBatch writes where a batch stands, and why.
func moveBatch(t *journal.Tx, b *journal.Batch, to states.Progress, why *journal.Reason) error {
	t.Exec("UPDATE batch SET state=?, why=? WHERE target=? AND seq=?", to, journal.EncodeReason(why), engine.Word(b.Target), b.Seq)
	return nil
}

// MoveBatch moves a sealed batch. With Done the changes of its members are applied with it; members that
// changes do not name become Done without returned values. With any other state the members follow it.
func (j Deliveries) MoveBatch(ctx context.Context, target string, seq int64, to journal.Progress, reason *journal.Reason, changes []journal.Change) error {
	return j.Do(ctx, "record a batch", func(t *journal.Tx) error {
		b, rows, err := batch(t, target, seq)
		if err != nil {
			return err
		}
		w := t.NameID(target)
		from, code := states.ProgressOf(string(b.Progress)), states.ProgressOf(string(to))
		resumes := from == states.Held && code == states.Batched
		if code == states.Dropped || from == states.Dropped || from == states.Done && to != journal.Done || states.Transition(from, code) == states.Refused && !resumes {
			return fmt.Errorf("batch %d of %s cannot go from %s to %s: %w", seq, target, b.Progress, to, journal.ErrState)
		}
		if resumes {
			resume(t, rows, b.Members, w)
			return moveBatch(t, &b, code, reason)
		}
		named := make(map[journal.ID]bool, len(changes))
		for n := range changes {
			named[changes[n].ID] = true
		}
		all := append(make([]journal.Change, 0, len(b.Members)), changes...)
		for _, id := range b.Members {
			// What was given up on an operator's word stays in the file and stays given up, until it is delivered.
			if d := rows[id].Delivery(w); named[id] || to != journal.Done && d != nil && d.State == states.Dropped {
				continue
			}
			c := journal.Change{ID: id, Target: target, To: to}
			if to == journal.Held {
				c.Reason = reason // list says why each of them waits
			}
			all = append(all, c)
		}
		if err := apply(t, all); err != nil {
			return err
		}
		return moveBatch(t, &b, code, reason)
	})
}

// resume puts the held members of a batch back into it.
func resume(t *journal.Tx, rows map[journal.ID]*journal.Row, members []journal.ID, target journal.NameID) {
	for _, id := range members {
		if d := rows[id].Delivery(target); d != nil && d.State == states.Held {
			d.Move(states.Batched)
			t.Settle(rows[id], false)
		}
	}
}

// VoidBatch gives up a sealed batch on an operator's word. Its number stays used; its members go into a
// later one.
func (j Deliveries) VoidBatch(ctx context.Context, target string, seq int64, by, reason string) error {
	return j.Do(ctx, "void a batch", func(t *journal.Tx) error {
		b, rows, err := batch(t, target, seq)
		if err != nil || b.Progress == journal.Dropped {
			return err
		}
		if b.Progress == journal.Done {
			return fmt.Errorf("void batch %d of %s, which is %s: %w", seq, target, b.Progress, journal.ErrState)
		}
		w := t.NameID(target)
		for _, id := range b.Members {
			s := rows[id]
			d := s.Delivery(w)
			if d == nil || d.Batch != seq || !d.State.Left() {
				continue
			}
			d.Batch = 0
			d.Move(s.Start())
			t.Settle(s, false)
			t.Note(id, journal.Moment{What: "batch voided", Target: target, Text: reason, By: by})
		}
		return moveBatch(t, &b, states.Dropped, &journal.Reason{Text: reason})
	})
}

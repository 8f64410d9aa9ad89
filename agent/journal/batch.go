package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

const (
	lastSeq = `SELECT max(n) FROM (SELECT 0 AS n UNION ALL SELECT max(seq) FROM batch WHERE target=?
		UNION ALL SELECT value FROM meta WHERE key='seq:'||?) used`
	raiseMeta = `INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value=excluded.value WHERE meta.value<excluded.value`
	seqOfKey  = "seq:"
)

// NextSeq returns the number that the target's next sealed batch must have.
func (j *Journal) NextSeq(ctx context.Context, target string) (seq int64, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, _ := j.nameID(c, target)
		seq, err = c.Number(lastSeq, w, target)
		return err
	})
	return seq + 1, err
}

// LastBatch returns the highest number of a target's batches that the journal has, whatever became of them; 0: none.
func (j *Journal) LastBatch(ctx context.Context, target string) (seq int64, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, _ := j.nameID(c, target)
		seq, err = c.Number("SELECT coalesce((SELECT max(seq) FROM batch WHERE target=?), 0)", w)
		return err
	})
	return seq, err
}

// RaiseSeq makes sure that a target's next batch gets a number above last, which evidence at the target
// shows to be used, such as after the journal was restored from a backup.
func (j *Journal) RaiseSeq(ctx context.Context, target string, last int64) error {
	return j.do(ctx, "raise a sequence number", func(t *tx) error {
		_, err := t.c.Exec(raiseMeta, seqOfKey+target, last)
		return err
	})
}

// Seal journals a batch before its first byte leaves: its number, which must be the next one, its bytes'
// digest and its members, which must be pending.
func (j *Journal) Seal(ctx context.Context, b Batch) error {
	return j.do(ctx, "seal a batch", func(t *tx) error {
		target, err := t.name(b.Target)
		if err != nil {
			return err
		}
		last, err := t.c.Number(lastSeq, target, b.Target)
		if err != nil {
			return err
		}
		if b.Seq <= last {
			if same, err := t.sealed(b); err != nil || same {
				return err
			}
		}
		if b.Seq != last+1 {
			return fmt.Errorf("seal batch %d of %s after %d: %w", b.Seq, b.Target, last, ErrSequence)
		}
		rows, err := t.load(b.Members)
		if err != nil {
			return err
		}
		for _, id := range b.Members {
			s := rows[id]
			d := s.delivery(target)
			if d == nil || d.state != states.Pending && d.state != states.Waiting {
				from := Progress("")
				if d != nil {
					from = Progress(d.state.String())
				}
				return &TransitionError{ID: id, Target: b.Target, From: from, To: Batched}
			}
			d.move(states.Batched)
			d.batch = b.Seq
			if err := t.save(s); err != nil {
				return err
			}
		}
		at := b.SealedAt
		if at.IsZero() {
			at = t.now
		}
		_, err = t.c.Exec(`INSERT INTO batch(target, seq, name, digest, size, control, sealed, state, members, closed, why)
			VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`, target, b.Seq, b.Name, b.Digest[:], b.Size, b.Control, at.Format(time.RFC3339Nano),
			states.Batched, encodeIDs(b.Members), b.Why)
		return err
	})
}

// sealed reports whether the very batch is journaled already: the call is repeated after a fault of the
// disk that left its outcome open.
func (t *tx) sealed(b Batch) (bool, error) {
	_, old, err := t.batch(b.Target, b.Seq)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && old.Digest == b.Digest && old.Name == b.Name && slices.Equal(old.Members, b.Members), err
}

const batchColumns = "SELECT target, seq, name, digest, size, control, sealed, state, members, closed, why FROM batch "

// Batches returns a target's sealed batches by number, those of all targets when it is empty; openOnly leaves out what
// is delivered or voided.
func (j *Journal) Batches(ctx context.Context, target string, openOnly bool) (list []Batch, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		where, args := "1=1", []any{}
		if target != "" {
			w, ok := j.nameID(c, target)
			if !ok {
				return nil
			}
			where, args = "target=?", []any{w}
		}
		if openOnly {
			where += " AND (state<10 OR state=13)"
		}
		return engine.Each(c, batchColumns+"WHERE "+where+" ORDER BY target, seq", args, func(row batchRow) error {
			b, err := j.batch(c, row)
			list = append(list, b)
			return err
		})
	})
	return list, err
}

// LastClosed returns when the last of a target's batches that closed for a reason and was not voided was sealed; zero:
// none is known.
func (j *Journal) LastClosed(ctx context.Context, target, why string) (at time.Time, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, target)
		if !ok {
			return nil
		}
		const sql = "SELECT sealed FROM batch WHERE target=? AND closed=? AND state<>? ORDER BY seq DESC LIMIT 1"
		sealed, found, err := engine.One[string](c, sql, w, why, states.Dropped)
		if err == nil && found {
			at, err = time.Parse(time.RFC3339Nano, sealed)
		}
		return err
	})
	return at, err
}

// batchRow is a row of batchColumns.
type batchRow struct {
	Target  nameID
	Seq     int64
	Name    string
	Digest  connectors.Digest
	Size    int64
	Control string
	Sealed  string
	State   states.Progress
	Members []byte
	Closed  string
	Reason  string
}

func (j *Journal) batch(c *engine.Conn, r batchRow) (b Batch, err error) {
	b = Batch{Target: j.name(c, r.Target), Seq: r.Seq, Name: r.Name, Digest: r.Digest, Size: r.Size, Control: r.Control,
		Progress: Progress(r.State.String()), Why: r.Closed}
	if why := decodeVerdict(r.Reason).Reason; why != nil {
		b.Untouched = r.State == states.Held && why.Untouched
	}
	if b.SealedAt, err = time.Parse(time.RFC3339Nano, r.Sealed); err != nil {
		return b, err
	}
	b.Members, err = decodeIDs(r.Members)
	return b, err
}

func (t *tx) batch(target string, seq int64) (w nameID, b Batch, err error) {
	if w, err = t.name(target); err != nil {
		return w, b, err
	}
	row, found, err := engine.One[batchRow](t.c, batchColumns+"WHERE target=? AND seq=?", w, seq)
	if err != nil || !found {
		return w, b, errorOr(err, fmt.Errorf("batch %d of %s: %w", seq, target, ErrNotFound))
	}
	b, err = t.j.batch(t.c, row)
	return w, b, err
}

// MoveBatch moves a sealed batch. With Done the changes of its members are applied with it; members that
// changes do not name become Done without returned values. With any other state the members follow it.
func (j *Journal) MoveBatch(ctx context.Context, target string, seq int64, to Progress, reason *Reason, changes []Change) error {
	return j.do(ctx, "record a batch", func(t *tx) error {
		w, b, err := t.batch(target, seq)
		if err != nil {
			return err
		}
		from, code := states.ProgressOf(string(b.Progress)), states.ProgressOf(string(to))
		if code == states.Dropped || from == states.Dropped || from == states.Done && to != Done || states.Transition(from, code) == states.Refused && !(from == states.Held && code == states.Batched) {
			return fmt.Errorf("batch %d of %s cannot go from %s to %s: %w", seq, target, b.Progress, to, ErrState)
		}
		named := make(map[ID]bool, len(changes))
		for n := range changes {
			named[changes[n].ID] = true
		}
		rows, err := t.load(b.Members)
		if err != nil {
			return err
		}
		all := append(make([]Change, 0, len(b.Members)), changes...)
		for _, id := range b.Members {
			// What was given up on an operator's word stays in the file and stays given up, until it is delivered.
			if d := rows[id].delivery(w); to != Done && d != nil && d.state == states.Dropped {
				continue
			}
			if !named[id] {
				c := Change{ID: id, Target: target, To: to}
				if to == Held {
					c.Reason = reason // list says why each of them waits
				}
				all = append(all, c)
			}
		}
		if from == states.Held && code == states.Batched {
			if err := t.resume(w, b.Members); err != nil {
				return err
			}
		} else if err := t.apply(all); err != nil {
			return err
		}
		_, err = t.c.Exec("UPDATE batch SET state=?, why=? WHERE target=? AND seq=?", code, encodeReason(reason), w, seq)
		return err
	})
}

// resume puts the held members of a batch back into it.
func (t *tx) resume(target nameID, members []ID) error {
	rows, err := t.load(members)
	if err != nil {
		return err
	}
	for _, id := range members {
		s := rows[id]
		if d := s.delivery(target); d != nil && d.state == states.Held {
			d.move(states.Batched)
			t.settle(s, false)
			if err := t.save(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// VoidBatch gives up a sealed batch on an operator's word. Its number stays used; its members go into a
// later one.
func (j *Journal) VoidBatch(ctx context.Context, target string, seq int64, by, reason string) error {
	return j.do(ctx, "void a batch", func(t *tx) error {
		w, b, err := t.batch(target, seq)
		if err != nil {
			return err
		}
		if b.Progress == Dropped {
			return nil
		}
		if b.Progress == Done {
			return fmt.Errorf("void batch %d of %s, which is %s: %w", seq, target, b.Progress, ErrState)
		}
		rows, err := t.load(b.Members)
		if err != nil {
			return err
		}
		for _, id := range b.Members {
			s := rows[id]
			d := s.delivery(w)
			if d == nil || d.batch != seq || !d.state.Left() {
				continue
			}
			d.batch = 0
			d.move(s.start())
			t.settle(s, false)
			if err := t.note(id, Moment{What: "batch voided", Target: target, Text: reason, By: by}); err != nil {
				return err
			}
			if err := t.save(s); err != nil {
				return err
			}
		}
		why := Reason{Code: "", Text: reason}
		_, err = t.c.Exec("UPDATE batch SET state=?, why=? WHERE target=? AND seq=?", states.Dropped, encodeReason(&why), w, seq)
		return err
	})
}

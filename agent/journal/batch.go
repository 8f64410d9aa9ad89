package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	lastSeq  = "SELECT max(coalesce((SELECT max(seq) FROM batch WHERE target=?), 0), coalesce((SELECT value FROM meta WHERE key='seq:'||?), 0))"
	setMeta  = "INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT DO UPDATE SET value=max(value, excluded.value)"
	seqOfKey = "seq:"
)

// NextSeq returns the number that the target's next sealed batch must have.
func (j *Journal) NextSeq(ctx context.Context, target string) (seq int64, err error) {
	err = j.read(ctx, func(c *conn) error {
		w, _ := j.known(c, target)
		seq, err = c.number(lastSeq, w, target)
		return err
	})
	return seq + 1, err
}

// LastBatch returns the highest number of a target's batches that the journal has, whatever became of them; 0: none.
func (j *Journal) LastBatch(ctx context.Context, target string) (seq int64, err error) {
	err = j.read(ctx, func(c *conn) error {
		w, _ := j.known(c, target)
		seq, err = c.number("SELECT coalesce((SELECT max(seq) FROM batch WHERE target=?), 0)", w)
		return err
	})
	return seq, err
}

// RaiseSeq makes sure that a target's next batch gets a number above last, which evidence at the target
// shows to be used, such as after the journal was restored from a backup.
func (j *Journal) RaiseSeq(ctx context.Context, target string, last int64) error {
	return j.do(ctx, "raise a sequence number", func(t *tx) error {
		_, err := t.c.exec(setMeta, seqOfKey+target, last)
		return err
	})
}

// Seal journals a batch before its first byte leaves: its number, which must be the next one, its bytes'
// digest and its members, which must be pending.
func (j *Journal) Seal(ctx context.Context, b Batch) error {
	return j.do(ctx, "seal a batch", func(t *tx) error {
		target, err := t.word(b.Target)
		if err != nil {
			return err
		}
		last, err := t.c.number(lastSeq, target, b.Target)
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
			if d == nil || d.state != pPending && d.state != pWaiting {
				from := Progress("")
				if d != nil {
					from = d.state.word()
				}
				return &TransitionError{ID: id, Target: b.Target, From: from, To: Batched}
			}
			d.move(pBatched)
			d.batch = b.Seq
			if err := t.save(s); err != nil {
				return err
			}
		}
		at := b.SealedAt
		if at.IsZero() {
			at = t.now
		}
		_, err = t.c.exec(`INSERT INTO batch(target, seq, name, digest, size, control, sealed, state, members, closed, why)
			VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`, target, b.Seq, b.Name, b.Digest[:], b.Size, b.Control, at.Format(time.RFC3339Nano),
			pBatched, encodeIDs(b.Members), b.Why)
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

const batchColumns = "SELECT target, seq, name, digest, size, control, sealed, state, members, closed FROM batch "

// Batches returns a target's sealed batches by number, those of all targets when it is empty; openOnly leaves out what
// is delivered or voided.
func (j *Journal) Batches(ctx context.Context, target string, openOnly bool) (list []Batch, err error) {
	err = j.read(ctx, func(c *conn) error {
		where, args := "1=1", []any{}
		if target != "" {
			w, ok := j.known(c, target)
			if !ok {
				return nil
			}
			where, args = "target=?", []any{w}
		}
		if openOnly {
			where += " AND (state<10 OR state=13)"
		}
		return c.query(batchColumns+"WHERE "+where+" ORDER BY target, seq", args, func(row []driver.Value) error {
			b, err := j.batchRow(c, row)
			list = append(list, b)
			return err
		})
	})
	return list, err
}

// LastClosed returns when the last of a target's batches that closed for a reason and was not voided was sealed; zero:
// none is known.
func (j *Journal) LastClosed(ctx context.Context, target, why string) (at time.Time, err error) {
	err = j.read(ctx, func(c *conn) error {
		w, ok := j.known(c, target)
		if !ok {
			return nil
		}
		_, err := c.one("SELECT sealed FROM batch WHERE target=? AND closed=? AND state<>? ORDER BY seq DESC LIMIT 1", []any{w, why, pDropped},
			func(row []driver.Value) (err error) { at, err = time.Parse(time.RFC3339Nano, text(row[0])); return err })
		return err
	})
	return at, err
}

func (j *Journal) batchRow(c *conn, row []driver.Value) (b Batch, err error) {
	b = Batch{Target: j.name(c, row[0]), Seq: integer(row[1]), Name: text(row[2]), Size: integer(row[4]), Control: text(row[5]),
		Progress: progressCode(integer(row[7])).word(), Why: text(row[9])}
	copy(b.Digest[:], bytesOf(row[3]))
	if b.SealedAt, err = time.Parse(time.RFC3339Nano, text(row[6])); err != nil {
		return b, err
	}
	b.Members, err = decodeIDs(bytesOf(row[8]))
	return b, err
}

func (t *tx) batch(target string, seq int64) (w word, b Batch, err error) {
	if w, err = t.word(target); err != nil {
		return w, b, err
	}
	found, err := t.c.one(batchColumns+"WHERE target=? AND seq=?", []any{w, seq}, func(row []driver.Value) (err error) {
		b, err = t.j.batchRow(t.c, row)
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("batch %d of %s: %w", seq, target, ErrNotFound)
	}
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
		from, code := progressOf(b.Progress), progressOf(to)
		if code == pDropped || from == pDropped || from == pDone && to != Done || transition(from, code) == refused && !(from == pHeld && code == pBatched) {
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
			if d := rows[id].delivery(w); to != Done && d != nil && d.state == pDropped {
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
		if from == pHeld && code == pBatched {
			if err := t.resume(w, b.Members); err != nil {
				return err
			}
		} else if err := t.apply(all); err != nil {
			return err
		}
		_, err = t.c.exec("UPDATE batch SET state=?, why=? WHERE target=? AND seq=?", code, encodeReason(reason), w, seq)
		return err
	})
}

// resume puts the held members of a batch back into it.
func (t *tx) resume(target word, members []ID) error {
	rows, err := t.load(members)
	if err != nil {
		return err
	}
	for _, id := range members {
		s := rows[id]
		if d := s.delivery(target); d != nil && d.state == pHeld {
			d.move(pBatched)
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
			if d == nil || d.batch != seq || !d.state.left() {
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
		_, err = t.c.exec("UPDATE batch SET state=?, why=? WHERE target=? AND seq=?", pDropped, encodeReason(&why), w, seq)
		return err
	})
}

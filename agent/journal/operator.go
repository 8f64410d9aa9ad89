package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// order has something done with one submission on a person's word, or the agent's.
func (j *Journal) order(ctx context.Context, op string, id ID, f func(*tx, *submissionRow) error) error {
	return j.do(ctx, op, func(t *tx) error {
		s, err := t.submission(id)
		if err != nil {
			return err
		}
		return f(t, s)
	})
}

// Reject ends a submission as wrong: its open deliveries are dropped, and its front office is told the
// field errors. What is delivered stays, so that needs force; else the error is a PartlyDeliveredError.
func (j *Journal) Reject(ctx context.Context, id ID, errs []FieldError, r Reason, by string, force bool) error {
	return j.order(ctx, "reject a submission", id, func(t *tx, s *submissionRow) error {
		if s.State == states.Rejected {
			return nil
		}
		var there []string
		for n := range s.Deliveries {
			d := &s.Deliveries[n]
			// What is on its way, or sealed into a batch, may be there as well; only an explicit word gives that up.
			if d.State == states.Done || d.unclear() || d.Batch != 0 && d.State.Left() || d.State != states.Pending && d.State != states.Waiting && d.State.Open() {
				there = append(there, t.name(d.Target))
			}
		}
		if len(there) > 0 && !force {
			return &PartlyDeliveredError{ID: id, Targets: there}
		}
		if s.State == states.Closed || s.State == states.Decided {
			return s.refused("reject")
		}
		for n := range s.Deliveries {
			if s.Deliveries[n].State.Left() {
				s.Deliveries[n].move(states.Dropped)
			}
		}
		s.State, s.Code, s.Flags = states.Rejected, engine.Optional(r.Code), s.Flags&^states.FlagWhole
		s.Why = encodeVerdict(verdict{Reason: &r, Errors: errs})
		t.event(s.Office, id, states.EventRejected, true, map[string]any{"code": r.Code, "reason": r.Text, "errors": errs})
		t.note(id, Moment{What: "rejected", Code: r.Code, Text: r.Text, By: by, Raw: r.Raw})
		return nil
	})
}

// ParkSubmission parks a submission as a whole. Deliveries that have not begun are held; what is on its
// way finishes.
func (j *Journal) ParkSubmission(ctx context.Context, id ID, r Reason) error {
	return j.order(ctx, "park a submission", id, func(t *tx, s *submissionRow) error {
		if s.State != states.Accepted && s.State != states.Parked {
			return s.refused("park")
		}
		for n := range s.Deliveries {
			if d := &s.Deliveries[n]; d.State == states.Pending || d.State == states.Waiting {
				d.move(states.Held)
			}
		}
		s.Flags |= states.FlagWhole
		s.park(&r)
		t.note(id, Moment{What: "parked", Code: r.Code, Text: r.Text, Raw: r.Raw})
		return nil
	})
}

// Release lets a parked submission go on. A held member of a sealed batch goes back into it; everything else that was held
// starts anew, but for what may be at its target already: that stays, unless it is the one that is sure, and is told as an
// UnclearError by which nothing else was kept back.
func (j *Journal) Release(ctx context.Context, id ID, sure, by string) error {
	var unclear *UnclearError
	err := j.order(ctx, "release a submission", id, func(t *tx, s *submissionRow) error {
		held := slices.ContainsFunc(s.Deliveries, func(d deliveryRow) bool { return d.State == states.Held })
		switch { // also what was held after it was decided or delivered again
		case s.State != states.Parked && !held:
			return s.refused("release")
		case len(s.Deliveries) == 0:
			return fmt.Errorf("release %s, which has no mapping yet: %w", id, ErrState)
		}
		unclear = t.release(s, sure, by)
		return nil
	})
	if err == nil && unclear != nil {
		return unclear
	}
	return err
}

func (t *tx) release(s *submissionRow, sure, by string) (unclear *UnclearError) {
	var why *Reason
	stays := func(d *deliveryRow) bool { return d.unclear() && t.name(d.Target) != sure }
	rest := s.Flags&states.FlagWhole != 0
	for n := range s.Deliveries {
		switch d := &s.Deliveries[n]; {
		case d.State == states.Held && !stays(d):
			rest = true
		case d.State == states.Held:
			if unclear == nil {
				unclear = &UnclearError{ID: s.ID}
			}
			unclear.Targets, why = append(unclear.Targets, t.name(d.Target)), decodeVerdict(string(d.Why)).Reason
		}
	}
	if !rest && unclear != nil {
		return unclear
	}
	s.Flags &^= states.FlagWhole
	s.Code, s.Why, s.Dirty = "", "", true
	if unclear != nil && s.State == states.Parked {
		s.park(why)
	}
	for n := range s.Deliveries {
		if d := &s.Deliveries[n]; d.State == states.Held && !stays(d) {
			d.Why = ""
			t.unpark(s, d)
		}
	}
	t.settle(s, false)
	t.note(s.ID, Moment{What: "released", By: by})
	if sure != "" { // that one was meant
		return nil
	}
	if unclear != nil {
		unclear.Rest = true
	}
	return unclear
}

// unpark lets a held delivery go on. One that was parked before a restore may have been released and delivered in the
// time that the journal lost, and its target cannot tell by itself: it is doubtful.
func (t *tx) unpark(s *submissionRow, d *deliveryRow) {
	restored := t.j.afterRestore.doubts[d.Target]
	switch {
	case d.Batch != 0:
		d.move(states.Batched)
	case restored != 0 && t.number("SELECT at FROM delivery WHERE target=? AND sub=?", d.Target, s.ID) < restored:
		d.move(states.Doubtful)
	default:
		d.move(states.Pending)
	}
}

// Repin gives a submission another plan and starts anew what is not written yet; what is written stays as
// it is. It is refused when a delivery is under way or of unknown outcome, but for one that is sure, and when nothing would
// be left to deliver.
func (j *Journal) Repin(ctx context.Context, id ID, digest connectors.Digest, targets []string, sure, by string) error {
	return j.order(ctx, "change a submission's mapping", id, func(t *tx, s *submissionRow) error {
		if s.State != states.Accepted && s.State != states.Parked {
			return s.refused("change the mapping of")
		}
		var written []string
		for n := range s.Deliveries {
			d := &s.Deliveries[n]
			switch name := t.name(d.Target); {
			case d.State == states.Done:
				written = append(written, name)
			case d.Batch != 0 || d.State.Open() && d.State != states.Pending && d.State != states.Waiting:
				return &TransitionError{ID: id, Target: name, From: Progress(d.State.String()), To: Pending}
			case d.unclear() && name != sure:
				return &UnclearError{ID: id, Targets: []string{name}}
			}
		}
		fresh := slices.DeleteFunc(slices.Clone(targets), func(name string) bool { return slices.Contains(written, name) })
		if len(fresh) == 0 {
			return fmt.Errorf("change the mapping of %s: nothing would be left to deliver: %w", id, ErrState)
		}
		t.forget(s)
		t.repin(s, t.pin(digest), written, fresh, by)
		return nil
	})
}

// forget removes what of a submission is not written.
func (t *tx) forget(s *submissionRow) {
	for n := range s.Deliveries {
		if d := &s.Deliveries[n]; d.State != states.Done {
			t.exec("DELETE FROM delivery WHERE target=? AND sub=?", d.Target, s.ID)
			t.count(tallyProgress, int64(d.Target), int64(d.was), -1)
		}
	}
}

// repin gives a submission a plan, of whose targets some are written and the others are to be.
func (t *tx) repin(s *submissionRow, plan int64, written, fresh []string, by string) {
	s.Deliveries = nil
	for _, name := range fresh {
		target := t.nameID(name)
		t.insert(deliveryColumns, []any{target, s.ID, states.Pending, 0, 0, t.now})
		t.count(tallyProgress, int64(target), int64(states.Pending), 1)
	}
	t.exec("UPDATE submission SET plan=?, targets=? WHERE id=?", plan, engine.Word(joinList(append(written, fresh...))), s.ID)
	s.State, s.Flags, s.Code, s.Why, s.Dirty = states.Accepted, s.Flags&^states.FlagWhole, "", "", true
	t.note(s.ID, Moment{What: "mapping changed", By: by})
}

// Reopen has submissions delivered to a target again, such as one restored from last night's backup.
// Only deliveries that were done change; the submissions keep their state.
func (j *Journal) Reopen(ctx context.Context, ids []ID, target, by string) error {
	return j.do(ctx, "deliver again", func(t *tx) error {
		rows, err := t.load(ids...)
		if err != nil {
			return err
		}
		w := t.nameID(target)
		for _, id := range ids {
			s := rows[id]
			d := s.delivery(w)
			if d == nil || d.State != states.Done || s.State == states.Rejected {
				continue
			}
			// Soon its row tells of the next time only.
			at := value[time.Time](t.look, "SELECT at FROM delivery WHERE target=? AND sub=?", w, id)
			t.note(id, Moment{At: at, What: string(Done), Target: target, Text: batchText(d.Batch)})
			t.discardBatches("target=? AND seq=?", w, d.Batch) // it goes in another one
			d.move(s.start())
			d.Batch = 0
			s.Flags, s.Dirty = s.Flags|states.FlagReopened, true
			t.note(id, Moment{What: "redeliver", Target: target, By: by})
		}
		return nil
	})
}

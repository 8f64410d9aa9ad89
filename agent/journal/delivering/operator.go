package delivering

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// order has something done with one submission on a person's word, or the agent's.
func (j Deliveries) order(ctx context.Context, op string, id journal.ID, f func(*journal.Tx, *journal.Row) error) error {
	return j.Do(ctx, op, func(t *journal.Tx) error {
		s, err := t.Submission(id)
		if err != nil {
			return err
		}
		return f(t, s)
	})
}

// Reject ends a submission as wrong: its open deliveries are dropped, and its front office is told the
// field errors. What is delivered stays, so that needs force; else the error is a PartlyDeliveredError. Of one that is decided,
// what is left is given up.
func (j Deliveries) Reject(ctx context.Context, id journal.ID, errs []journal.FieldError, r journal.Reason, by string, force bool) error {
	return j.reject(ctx, id, errs, r, by, force, "")
}

// RejectAt is Reject by the word of a target. What another one may be about to deliver counts as delivered: a person says what becomes of it.
func (j Deliveries) RejectAt(ctx context.Context, id journal.ID, target string, r journal.Reason) error {
	return j.reject(ctx, id, []journal.FieldError{}, r, "", false, target)
}

func (j Deliveries) reject(ctx context.Context, id journal.ID, errs []journal.FieldError, r journal.Reason, by string, force bool, at string) error {
	return j.order(ctx, "reject a submission", id, func(t *journal.Tx, s *journal.Row) error {
		if s.State == states.Rejected {
			return nil
		}
		var there []string
		for n := range s.Deliveries {
			d := &s.Deliveries[n]
			// What is on its way, or sealed into a batch, may be there as well; only an explicit word gives that up.
			mayGo := at != "" && d.State == states.Pending && t.Name(d.Target) != at
			if mayGo || d.State == states.Done || d.Unclear() || d.Batch != 0 && d.State.Left() || d.State != states.Pending && d.State != states.Waiting && d.State.Open() {
				there = append(there, t.Name(d.Target))
			}
		}
		if len(there) > 0 && !force {
			return &journal.PartlyDeliveredError{ID: id, Targets: there}
		}
		if by == "" && s.State != states.Accepted && s.State != states.Parked {
			return s.Refused("reject") // its front office knows something else already: a person says what becomes of it
		}
		if s.State == states.Closed || s.State == states.Decided {
			given := slices.ContainsFunc(s.Deliveries, func(d journal.DeliveryRow) bool { return d.State == states.Dropped })
			switch {
			case s.Waits():
				giveUp(t, s, &r, by)
				return nil
			case given: // before, by an order whose answer may be lost
				return nil
			}
			return s.Refused("reject")
		}
		for n := range s.Deliveries {
			if s.Deliveries[n].State.Left() {
				drop(t, s, &s.Deliveries[n])
			}
		}
		s.State, s.Code, s.Flags = states.Rejected, engine.Optional(r.Code), s.Flags&^states.FlagWhole
		s.Why = journal.EncodeVerdict(journal.Verdict{Reason: &r, Errors: errs})
		t.Event(s.Office, id, states.EventRejected, true, map[string]any{"code": r.Code, "reason": r.Text, "errors": errs})
		t.Note(id, journal.Moment{What: "rejected", Code: r.Code, Text: r.Text, By: by, Raw: r.Raw})
		return nil
	})
}

// drop gives up a delivery.
func drop(t *journal.Tx, s *journal.Row, d *journal.DeliveryRow) {
	d.Move(states.Dropped)
	t.Ends(d.Target, s.ID)
}

// giveUp ends what is left to deliver of a submission whose front office knows a decision: that stays the last word.
func giveUp(t *journal.Tx, s *journal.Row, r *journal.Reason, by string) {
	for n := range s.Deliveries {
		if d := &s.Deliveries[n]; d.State.Left() {
			drop(t, s, d)
			t.Note(s.ID, journal.Moment{What: string(journal.Dropped), Target: t.Name(d.Target), Code: r.Code, Text: r.Text, By: by})
		}
	}
	s.Flags = s.Flags&^states.FlagWhole | states.FlagTold // not all of it is delivered
	s.Code, s.Why, s.Dirty = "", "", true
	t.Settle(s, false)
}

// ParkSubmission parks a submission as a whole. Deliveries that have not begun are held; what is on its
// way finishes. Of one that is delivered or decided, what has not begun is held and its state stays.
func (j Deliveries) ParkSubmission(ctx context.Context, id journal.ID, r journal.Reason) error {
	return j.order(ctx, "park a submission", id, func(t *journal.Tx, s *journal.Row) error {
		late, moved, held := s.State != states.Accepted && s.State != states.Parked, false, false
		for n := range s.Deliveries {
			d := &s.Deliveries[n]
			if d.State == states.Pending || d.State == states.Waiting {
				if moved = true; late {
					d.Why = journal.EncodeReason(&r)
				}
				d.Move(states.Held)
			}
			held = held || d.State == states.Held
		}
		switch {
		case late && !held:
			return s.Refused("park")
		case late && !moved: // before, by a call whose answer may be lost
			return nil
		case late:
			t.Note(id, journal.Moment{What: "parked", Code: r.Code, Text: r.Text, Raw: r.Raw})
			return nil
		}
		s.Flags |= states.FlagWhole
		s.Park(&r)
		t.Note(id, journal.Moment{What: "parked", Code: r.Code, Text: r.Text, Raw: r.Raw})
		return nil
	})
}

// Release lets a parked submission go on. A held member of a sealed batch goes back into it; everything else that was held
// starts anew, but for what may be at its target already: that stays, unless it is the one that is sure, and is told as an
// UnclearError by which nothing else was kept back.
func (j Deliveries) Release(ctx context.Context, id journal.ID, sure, by string) error {
	var unclear *journal.UnclearError
	err := j.order(ctx, "release a submission", id, func(t *journal.Tx, s *journal.Row) error {
		held := slices.ContainsFunc(s.Deliveries, func(d journal.DeliveryRow) bool { return d.State == states.Held })
		switch { // also what was held after it was decided or delivered again
		case s.State != states.Parked && !held:
			return s.Refused("release")
		case len(s.Deliveries) == 0:
			return fmt.Errorf("release %s, which has no mapping yet: %w", id, journal.ErrState)
		}
		unclear = release(t, s, sure, by)
		return nil
	})
	if err == nil && unclear != nil {
		return unclear
	}
	return err
}

func release(t *journal.Tx, s *journal.Row, sure, by string) (unclear *journal.UnclearError) {
	var why *journal.Reason
	stays := func(d *journal.DeliveryRow) bool { return d.Unclear() && t.Name(d.Target) != sure }
	rest := s.Flags&states.FlagWhole != 0
	for n := range s.Deliveries {
		switch d := &s.Deliveries[n]; {
		case d.State == states.Held && !stays(d):
			rest = true
		case d.State == states.Held:
			if unclear == nil {
				unclear = &journal.UnclearError{ID: s.ID}
			}
			unclear.Targets, why = append(unclear.Targets, t.Name(d.Target)), journal.DecodeVerdict(string(d.Why)).Reason
		}
	}
	if !rest && unclear != nil {
		return unclear
	}
	s.Flags &^= states.FlagWhole
	s.Code, s.Why, s.Dirty = "", "", true
	if unclear != nil && s.State == states.Parked {
		s.Park(why)
	}
	for n := range s.Deliveries {
		if d := &s.Deliveries[n]; d.State == states.Held && !stays(d) {
			d.Why = ""
			unpark(t, s, d)
		}
	}
	t.Settle(s, false)
	t.Note(s.ID, journal.Moment{What: "released", By: by})
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
func unpark(t *journal.Tx, s *journal.Row, d *journal.DeliveryRow) {
	restored := t.AfterRestore().Unsure[d.Target]
	switch {
	case d.Batch != 0:
		d.Move(states.Batched)
	case restored != 0 && t.Number("SELECT at FROM delivery WHERE target=? AND sub=?", d.Target, s.ID) < restored:
		d.Move(states.Doubtful)
	default:
		d.Move(states.Pending)
	}
}

// Repin gives a submission another plan and starts anew what is not written yet; what is written stays as
// it is. It is refused when a delivery is under way or of unknown outcome, but for one that is sure, and when nothing would
// be left to deliver.
func (j Deliveries) Repin(ctx context.Context, id journal.ID, digest connectors.Digest, targets []string, sure, by string) error {
	return j.order(ctx, "change a submission's mapping", id, func(t *journal.Tx, s *journal.Row) error {
		if s.State != states.Accepted && s.State != states.Parked {
			return s.Refused("change the mapping of")
		}
		var written []string
		for n := range s.Deliveries {
			d := &s.Deliveries[n]
			switch name := t.Name(d.Target); {
			case d.State == states.Done:
				written = append(written, name)
			case d.Batch != 0 || d.State.Open() && d.State != states.Pending && d.State != states.Waiting:
				return &journal.TransitionError{ID: id, Target: name, From: journal.Progress(d.State.String()), To: journal.Pending}
			case d.Unclear() && name != sure:
				return &journal.UnclearError{ID: id, Targets: []string{name}}
			}
		}
		fresh := slices.DeleteFunc(slices.Clone(targets), func(name string) bool { return slices.Contains(written, name) })
		if len(fresh) == 0 {
			return fmt.Errorf("change the mapping of %s: nothing would be left to deliver: %w", id, journal.ErrState)
		}
		forget(t, s)
		repin(t, s, t.Pin(digest), written, fresh, by)
		return nil
	})
}

// forget removes what of a submission is not written.
func forget(t *journal.Tx, s *journal.Row) {
	for n := range s.Deliveries {
		if d := &s.Deliveries[n]; d.State != states.Done {
			t.Exec("DELETE FROM delivery WHERE target=? AND sub=?", d.Target, s.ID)
			t.Count(journal.TallyProgress, int64(d.Target), int64(d.Was), -1)
		}
	}
}

// repin gives a submission a plan, of whose targets some are written and the others are to be.
func repin(t *journal.Tx, s *journal.Row, plan int64, written, fresh []string, by string) {
	for _, d := range s.Deliveries {
		if !slices.Contains(fresh, t.Name(d.Target)) { // it stops nothing there any more
			t.Ends(d.Target, s.ID)
		}
	}
	s.Deliveries = nil
	for _, name := range fresh {
		target := t.NameID(name)
		t.Insert(journal.DeliveryColumns, []any{target, s.ID, states.Pending, 0, 0, t.Now})
		t.Count(journal.TallyProgress, int64(target), int64(states.Pending), 1)
	}
	t.Exec("UPDATE submission SET plan=?, targets=? WHERE id=?", plan, engine.Word(journal.JoinList(append(written, fresh...))), s.ID)
	s.State, s.Flags, s.Code, s.Why, s.Dirty = states.Accepted, s.Flags&^states.FlagWhole, "", "", true
	t.Note(s.ID, journal.Moment{What: "mapping changed", By: by})
}

// Reopen has submissions delivered to a target again, such as one restored from last night's backup.
// Only deliveries that were done change; the submissions keep their state.
func (j Deliveries) Reopen(ctx context.Context, ids []journal.ID, target, by string) error {
	return j.Do(ctx, "deliver again", func(t *journal.Tx) error {
		rows, err := t.Load(ids...)
		if err != nil {
			return err
		}
		defer t.Maintains()()
		t.Exec("CREATE INDEX IF NOT EXISTS match_sub ON match(sub)") // by which values that are replaced are found
		w := t.NameID(target)
		for _, id := range ids {
			s := rows[id]
			d := s.Delivery(w)
			if d == nil || d.State != states.Done || s.State == states.Rejected {
				continue
			}
			// Soon its row tells of the next time only.
			at := journal.Value[time.Time](t.Look, "SELECT at FROM delivery WHERE target=? AND sub=?", w, id)
			t.Note(id, journal.Moment{At: at, What: string(journal.Done), Target: target, Text: journal.BatchText(d.Batch)})
			t.DiscardBatches("target=? AND seq=?", w, d.Batch)                      // it goes in another one
			t.Exec("UPDATE delivery SET okey=NULL WHERE target=? AND sub=?", w, id) // another mapping may give another one
			d.Move(s.Start())
			d.Batch = 0
			s.Flags, s.Dirty = s.Flags|states.FlagReopened, true
			t.Note(id, journal.Moment{What: "redeliver", Target: target, By: by})
		}
		return nil
	})
}

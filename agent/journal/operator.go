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

// Reject ends a submission as wrong: its open deliveries are dropped, and its front office is told the
// field errors. What is delivered stays, so that needs force; else the error is a PartlyDeliveredError. Of one that is decided,
// what is left is given up.
func (j *Journal) Reject(ctx context.Context, id ID, errs []FieldError, r Reason, by string, force bool) error {
	return j.do(ctx, "reject a submission", func(t *tx) error {
		s, err := t.submission(id)
		if err != nil {
			return err
		}
		if s.state == states.Rejected {
			return nil
		}
		var there []string
		for n := range s.deliveries {
			d := &s.deliveries[n]
			// What is on its way, or sealed into a batch, may be there as well; only an explicit word gives that up.
			if d.state == states.Done || d.unclear() || d.batch != 0 && d.state.Left() || d.state != states.Pending && d.state != states.Waiting && d.state.Open() {
				there = append(there, t.j.names.text(d.target))
			}
		}
		if len(there) > 0 && !force {
			return &PartlyDeliveredError{ID: id, Targets: there}
		}
		if s.state == states.Closed || s.state == states.Decided {
			given := slices.ContainsFunc(s.deliveries, func(d deliveryRow) bool { return d.state == states.Dropped })
			switch {
			case s.waits():
				return t.giveUp(s, &r, by)
			case given: // before, by an order whose answer may be lost
				return nil
			default:
				return fmt.Errorf("reject %s, which is %s: %w", id, State(s.state.String()), ErrState)
			}
		}
		for n := range s.deliveries {
			if s.deliveries[n].state.Left() {
				s.deliveries[n].move(states.Dropped)
			}
		}
		s.state, s.code, s.flags = states.Rejected, engine.Optional(r.Code), s.flags&^states.FlagWhole
		s.why = encodeVerdict(verdict{Reason: &r, Errors: errs})
		if s.office != 0 {
			data := map[string]any{"code": r.Code, "reason": r.Text, "errors": errs}
			if err := t.eventData(s.office, id, states.EventRejected, true, data); err != nil {
				return err
			}
		}
		if err := t.note(id, Moment{What: "rejected", Code: r.Code, Text: r.Text, By: by, Raw: r.Raw}); err != nil {
			return err
		}
		return t.save(s)
	})
}

// giveUp ends what is left to deliver of a submission whose front office knows a decision: that stays the last word.
func (t *tx) giveUp(s *submissionRow, r *Reason, by string) error {
	for n := range s.deliveries {
		d := &s.deliveries[n]
		if !d.state.Left() {
			continue
		}
		d.move(states.Dropped)
		if err := t.note(s.id, Moment{What: string(Dropped), Target: t.j.names.text(d.target), Code: r.Code, Text: r.Text, By: by}); err != nil {
			return err
		}
	}
	s.flags |= states.FlagTold // not all of it is delivered
	s.flags &^= states.FlagWhole
	s.code, s.why, s.dirty = "", "", true
	t.settle(s, false)
	return t.save(s)
}

// ParkSubmission parks a submission as a whole. Deliveries that have not begun are held; what is on its
// way finishes.
func (j *Journal) ParkSubmission(ctx context.Context, id ID, r Reason) error {
	return j.do(ctx, "park a submission", func(t *tx) error {
		s, err := t.submission(id)
		if err != nil {
			return err
		}
		if s.state != states.Accepted && s.state != states.Parked {
			return fmt.Errorf("park %s, which is %s: %w", id, State(s.state.String()), ErrState)
		}
		for n := range s.deliveries {
			if d := &s.deliveries[n]; d.state == states.Pending || d.state == states.Waiting {
				d.move(states.Held)
			}
		}
		s.flags |= states.FlagWhole
		s.park(&r)
		if err := t.note(id, Moment{What: "parked", Code: r.Code, Text: r.Text, Raw: r.Raw}); err != nil {
			return err
		}
		return t.save(s)
	})
}

// Release lets a parked submission go on. A held member of a sealed batch goes back into it; everything else that was held
// starts anew, but for what may be at its target already: that stays, unless it is the one that is sure, and is told as an
// UnclearError by which nothing else was kept back.
func (j *Journal) Release(ctx context.Context, id ID, sure, by string) error {
	var unclear *UnclearError
	err := j.do(ctx, "release a submission", func(t *tx) (err error) {
		s, err := t.submission(id)
		if err != nil {
			return err
		}
		if s.state != states.Parked {
			for n := range s.deliveries {
				if s.deliveries[n].state == states.Held { // held after it was decided or delivered again
					unclear, err = t.release(s, sure, by)
					return err
				}
			}
			return fmt.Errorf("release %s, which is %s: %w", id, State(s.state.String()), ErrState)
		}
		if len(s.deliveries) == 0 {
			return fmt.Errorf("release %s, which has no mapping yet: %w", id, ErrState)
		}
		unclear, err = t.release(s, sure, by)
		return err
	})
	if err == nil && unclear != nil {
		return unclear
	}
	return err
}

func (t *tx) release(s *submissionRow, sure, by string) (unclear *UnclearError, err error) {
	released := s.flags&states.FlagWhole != 0
	s.flags &^= states.FlagWhole
	s.code, s.why, s.dirty = "", "", true
	for n := range s.deliveries {
		d := &s.deliveries[n]
		switch name := t.j.names.text(d.target); {
		case d.state != states.Held:
		case d.unclear() && name != sure:
			if unclear == nil {
				unclear = &UnclearError{ID: s.id}
			}
			unclear.Targets = append(unclear.Targets, name)
			if r := decodeVerdict(string(d.why)).Reason; s.state == states.Parked {
				s.park(r)
			}
		default:
			d.why, released = "", true
			if err := t.unpark(s, d); err != nil {
				return nil, err
			}
		}
	}
	if !released && unclear != nil {
		return unclear, nil
	}
	if sure != "" { // that one was meant
		unclear = nil
	}
	if unclear != nil {
		unclear.Rest = true
	}
	t.settle(s, false)
	if err := t.note(s.id, Moment{What: "released", By: by}); err != nil {
		return nil, err
	}
	return unclear, t.save(s)
}

// unpark lets a held delivery go on. One that was parked before a restore may have been released and delivered in the
// time that the journal lost, and its target cannot tell by itself: it is doubtful.
func (t *tx) unpark(s *submissionRow, d *deliveryRow) error {
	restored := t.j.afterRestore.doubts[d.target]
	switch {
	case d.batch != 0:
		d.move(states.Batched)
		return nil
	case restored != 0:
		at, err := t.c.Number("SELECT at FROM delivery WHERE target=? AND sub=?", d.target, s.id)
		if err != nil {
			return err
		}
		if at < restored {
			d.move(states.Doubtful)
			return nil
		}
	}
	d.move(states.Pending)
	return nil
}

// Repin gives a submission another plan and starts anew what is not written yet; what is written stays as
// it is. It is refused when a delivery is under way or of unknown outcome, but for one that is sure, and when nothing would
// be left to deliver.
func (j *Journal) Repin(ctx context.Context, id ID, digest connectors.Digest, targets []string, sure, by string) error {
	return j.do(ctx, "change a submission's mapping", func(t *tx) error {
		s, err := t.submission(id)
		if err != nil {
			return err
		}
		if s.state != states.Accepted && s.state != states.Parked {
			return fmt.Errorf("change the mapping of %s, which is %s: %w", id, State(s.state.String()), ErrState)
		}
		var written []string
		for n := range s.deliveries {
			d := &s.deliveries[n]
			name := t.j.names.text(d.target)
			if d.state == states.Done {
				written = append(written, name)
			} else if d.batch != 0 || d.state.Open() && d.state != states.Pending && d.state != states.Waiting {
				return &TransitionError{ID: id, Target: name, From: Progress(d.state.String()), To: Pending}
			} else if d.unclear() && name != sure {
				return &UnclearError{ID: id, Targets: []string{name}}
			}
		}
		fresh := slices.DeleteFunc(slices.Clone(targets), func(name string) bool { return slices.Contains(written, name) })
		if len(fresh) == 0 {
			return fmt.Errorf("change the mapping of %s: nothing would be left to deliver: %w", id, ErrState)
		}
		plan, err := t.pin(digest)
		if err != nil {
			return err
		}
		if err := t.forget(s); err != nil {
			return err
		}
		return t.repin(s, plan, written, fresh, by)
	})
}

// forget removes what of a submission is not written.
func (t *tx) forget(s *submissionRow) error {
	for n := range s.deliveries {
		d := &s.deliveries[n]
		if d.state == states.Done {
			continue
		}
		if _, err := t.c.Exec("DELETE FROM delivery WHERE target=? AND sub=?", d.target, s.id); err != nil {
			return err
		}
		t.count(tallyProgress, int64(d.target), int64(d.was), -1)
	}
	return nil
}

func (t *tx) repin(s *submissionRow, plan int64, written, fresh []string, by string) error {
	list, err := t.name(joinList(append(written, fresh...)))
	if err != nil {
		return err
	}
	s.deliveries = nil
	for _, name := range fresh {
		target, err := t.name(name)
		if err != nil {
			return err
		}
		if err := t.c.Insert(deliveryColumns, []any{target, s.id, states.Pending, 0, 0, t.now}); err != nil {
			return err
		}
		t.count(tallyProgress, int64(target), int64(states.Pending), 1)
	}
	if _, err := t.c.Exec("UPDATE submission SET plan=?, targets=? WHERE id=?", plan, list, s.id); err != nil {
		return err
	}
	s.state, s.flags, s.code, s.why, s.dirty = states.Accepted, s.flags&^states.FlagWhole, "", "", true
	if err := t.note(s.id, Moment{What: "mapping changed", By: by}); err != nil {
		return err
	}
	return t.save(s)
}

// Reopen has submissions delivered to a target again, such as one restored from last night's backup.
// Only deliveries that were done change; the submissions keep their state.
func (j *Journal) Reopen(ctx context.Context, ids []ID, target, by string) error {
	return j.do(ctx, "deliver again", func(t *tx) error {
		rows, err := t.load(ids)
		if err != nil {
			return err
		}
		w, err := t.name(target)
		if err != nil {
			return err
		}
		for _, id := range ids {
			s := rows[id]
			d := s.delivery(w)
			if d == nil || d.state != states.Done || s.state == states.Rejected {
				continue
			}
			if err := t.noteDone(id, w, target, d); err != nil {
				return err
			}
			if err := t.discardBatches("target=? AND seq=?", w, d.batch); err != nil { // it goes in another one
				return err
			}
			d.move(s.start())
			d.batch = 0
			s.flags |= states.FlagReopened
			s.dirty = true
			if err := t.note(id, Moment{What: "redeliver", Target: target, By: by}); err != nil {
				return err
			}
			if err := t.save(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// noteDone keeps in the timeline when a target had a delivery: soon its row tells of the next time only.
func (t *tx) noteDone(id ID, w nameID, target string, d *deliveryRow) error {
	at, err := engine.Value[time.Time](t.c, "SELECT at FROM delivery WHERE target=? AND sub=?", w, id)
	if err != nil {
		return err
	}
	m := Moment{At: at, What: string(Done), Target: target}
	if d.batch != 0 {
		m.Text = batchText(d.batch)
	}
	return t.note(id, m)
}

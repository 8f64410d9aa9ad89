package agent

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
)

// prepare maps stored submissions for one target, for a lane that reads its backlog from the journal.
// With an error some of the page must be read again.
func (f *flow) prepare(ctx context.Context, target string, page []journal.Stored) ([]*parcel, error) {
	if len(page) == 0 {
		return nil, nil
	}
	made := make([]prepared, len(page))
	later := make([]error, len(page))
	parallel(len(page), func(i int) {
		a := &arrived{stored: page[i]}
		if a.plan, made[i].err = f.plans.get(ctx, page[i].Plan); made[i].err == nil {
			made[i] = f.prepareOne(a, target)
			return
		}
		made[i].stored = &a.stored
		if !errors.Is(made[i].err, errPlan) { // the journal cannot be read now, which is nobody's fault
			later[i], made[i].err = made[i].err, nil
		}
	})
	byTarget, err := f.carryOut(ctx, made)
	return byTarget[target], errors.Join(append(later, err)...)
}

// resolved lets deliveries go on that waited for a value which another target has returned.
func (f *flow) resolved(ctx context.Context, from string, ids []journal.ID) {
	if !f.waits.Load() {
		return
	}
	for target, l := range f.lanes {
		if target == from {
			continue
		}
		stored, err := f.journal.Load(ctx, target, ids)
		if err != nil {
			l.again()
			continue
		}
		waiting := stored[:0]
		for _, s := range stored {
			if s.Progress == journal.Waiting {
				waiting = append(waiting, s)
			}
			if s.Progress == journal.Doubtful {
				l.again()
			}
		}
		parcels, err := f.prepare(ctx, target, waiting)
		if err != nil {
			l.again()
		}
		if len(parcels) > 0 {
			l.admit(parcels)
		}
	}
}

// prepared is what mapping one submission led to.
type prepared struct {
	stored  *journal.Stored
	parcels []*parcel // one a target, nil entries left out
	targets []string  // of parcels
	changes []journal.Change
	awaits  map[string]string    // target to order key, of deliveries that lack a value
	first   bool                 // the first that this flow knows to wait for a value of another target
	wrong   []mapping.FieldError // the form's fault
	err     error                // ours
}

// prepareOne maps one submission, for one target or, when only is empty, for all of them.
func (f *flow) prepareOne(a *arrived, only string) (p prepared) {
	p.stored = &a.stored
	defer func() {
		if r := recover(); r != nil {
			p = prepared{stored: &a.stored, err: fmt.Errorf("mapping panicked: %v\n%s", r, debug.Stack())}
		}
	}()
	if a.stored.Lost != nil {
		p.err = a.stored.Lost
		return p
	}
	if !a.read {
		if a.form, p.err = a.plan.Decode(a.stored.Form, a.stored.ContentType); p.err != nil {
			return p
		}
		// A retry may have given it another mapping or a first route since it was accepted.
		if p.blame(a.plan.Validate(a.form)); len(p.wrong) > 0 || p.err != nil {
			return p
		}
		if _, err := a.plan.Reference(a.form); err != nil {
			p.blame(err)
			return p
		}
	}
	in := f.inputOf(&a.stored)
	mapped, err := a.plan.Map(a.form, in)
	if err != nil {
		p.blame(err)
		return p
	}
	for i := range mapped.Deliveries {
		d := &mapped.Deliveries[i]
		if only != "" && d.Target != only {
			continue
		}
		if p.add(f, a, in, d); p.err != nil {
			return p
		}
	}
	return p
}

// blame keeps an error as the form's fault, or as ours.
func (p *prepared) blame(err error) {
	var wrong *mapping.MapError
	if errors.As(err, &wrong) {
		p.wrong = append(p.wrong, wrong.Fields...)
		return
	}
	p.err = err
}

// add turns one mapped delivery into a parcel, or into what is journaled instead.
func (p *prepared) add(f *flow, a *arrived, in mapping.Input, d *mapping.Delivery) {
	switch {
	case d.Empty:
		p.changes = append(p.changes, journal.Change{ID: a.stored.ID, Target: d.Target, To: journal.Skipped, Final: f.lastWord(a)})
		return
	case len(d.Needs) > 0:
		p.first = f.waits.CompareAndSwap(false, true) || p.first
		if d.Order != "" {
			if p.awaits == nil {
				p.awaits = map[string]string{}
			}
			p.awaits[d.Target] = d.Order
		}
		if a.stored.Progress != journal.Waiting {
			p.changes = append(p.changes, journal.Change{ID: a.stored.ID, Target: d.Target, To: journal.Waiting})
		}
		return
	}
	l := f.lanes[d.Target]
	if l == nil {
		return // the target was removed with an explicit word; the delivery stays open in the journal
	}
	parcel, err := l.pack(a, in, d)
	if err != nil {
		p.blame(err)
		return
	}
	parcel.final = f.lastWord(a)
	p.parcels, p.targets = append(p.parcels, parcel), append(p.targets, d.Target)
}

// lastWord tells whether nothing comes after delivered: the mapping reads no decisions, and the route sets no
// time within which a person makes one.
func (f *flow) lastWord(a *arrived) bool {
	if hasAnswer(a.plan) {
		return false
	}
	r := f.routes[a.stored.Route]
	return r == nil || r.within == 0
}

// carryOut journals what mapping led to beside parcels, and sorts the parcels by target. With an error
// some of it is not journaled, and must be mapped again.
func (f *flow) carryOut(ctx context.Context, made []prepared) (map[string][]*parcel, error) {
	byTarget := map[string][]*parcel{}
	var changes []journal.Change
	var refused []prepared
	for _, p := range made {
		if p.err != nil || len(p.wrong) > 0 {
			refused = append(refused, p)
			continue
		}
		changes = append(changes, p.changes...)
		if p.first { // a value may have come before anybody looked for those who wait
			for _, l := range f.lanes {
				l.again()
			}
		}
		for target, key := range p.awaits {
			if l := f.lanes[target]; l != nil {
				l.await(key, p.stored.ID)
			}
		}
		for i, q := range p.parcels {
			byTarget[p.targets[i]] = append(byTarget[p.targets[i]], q)
		}
	}
	errs := make([]error, len(refused), len(refused)+2)
	err := applyAll(ctx, f.journal, changes)
	if err == nil {
		err = f.returnedMeanwhile(ctx, changes)
	}
	// Side by side, so that the journal commits them together.
	parallel(len(refused), func(i int) { errs[i] = f.refuse(ctx, refused[i]) })
	return byTarget, errors.Join(append(errs, err)...)
}

// returnedMeanwhile lets deliveries go on whose value another target returned while the journal did not
// yet say that they wait for it.
func (f *flow) returnedMeanwhile(ctx context.Context, changes []journal.Change) error {
	byTarget := map[string][]journal.ID{}
	for _, c := range changes {
		if l := f.lanes[c.Target]; l != nil && c.To == journal.Skipped && f.waits.Load() {
			l.liftAll(c.ID) // it may have held up its order key while it lacked a value
		}
		if c.To == journal.Waiting {
			byTarget[c.Target] = append(byTarget[c.Target], c.ID)
		}
	}
	for target, ids := range byTarget {
		stored, err := f.journal.Load(ctx, target, ids)
		if err != nil {
			return err
		}
		l, again := f.lanes[target], false
		if l == nil {
			continue
		}
		for _, s := range stored {
			again = again || (s.Progress == journal.Waiting || s.Progress == journal.Doubtful) && len(s.Returned) > 0
			if s.Progress != journal.Waiting && s.Progress != journal.Doubtful {
				l.liftAll(s.ID)
			}
		}
		if again {
			l.again()
		}
	}
	return nil
}

// refuse rejects a wrong form, or parks what we cannot map.
func (f *flow) refuse(ctx context.Context, p prepared) error {
	ctx, cancel := graced(ctx)
	defer cancel()
	var err error
	if p.err == nil {
		reason := journal.Reason{Code: CodeFormWrong, Text: "the form is wrong: see the field errors", Next: "the front office was told"}
		err = f.journal.Reject(ctx, p.stored.ID, fieldErrors(p.wrong), reason, "", false)
		if errors.Is(err, journal.ErrPartlyDelivered) {
			err = f.journal.ParkSubmission(ctx, p.stored.ID, journal.Reason{Code: CodePartly, Text: "the form is wrong for one target, and another has it already",
				Next: "mend the mapping and retry, or reject with --force"})
		}
	} else {
		why := unmapped(p.err)
		if errors.Is(p.err, errPlan) {
			why.Code, why.Text, why.Next = CodePlan, "the mapping that the form was accepted with cannot be read", "restore the journal from backup, or inbasket retry --mapping NEW"
		}
		if p.stored.Lost != nil {
			why.Code, why.Text, why.Next = CodeContent, "the form is not in the content store any more", "restore the folder content below state from backup, then inbasket retry"
		}
		err = f.journal.ParkSubmission(ctx, p.stored.ID, why)
	}
	if errors.Is(err, journal.ErrState) { // it was settled meanwhile
		return nil
	}
	return err
}

// WhyParked says in words why a form that is not wrong would be parked, with the code and what to do.
func WhyParked(err error) string {
	why := unmapped(err)
	if why.Raw != "" {
		why.Text += ": " + why.Raw
	}
	return why.Text + " [" + why.Code + "]; " + why.Next
}

// unmapped says why a form that is not wrong cannot be mapped.
func unmapped(err error) journal.Reason {
	var d *decode.Error
	var fault *mapping.Fault
	var nothing *mapping.Nothing
	switch {
	case errors.As(err, &d):
		return *undecodable(err)
	case errors.As(err, &fault):
		return journal.Reason{Code: fault.Code(), Text: fault.Error(), Next: fault.Next()}
	case errors.As(err, &nothing):
		return journal.Reason{Code: mapping.CodeNothing, Text: err.Error(), Next: "mend the mapping and inbasket retry --mapping NEW, or end it: inbasket confirm (as done) or inbasket reject"}
	}
	return journal.Reason{Code: CodeMapping, Text: "the mapping cannot handle this form", Next: "mend the mapping, then inbasket retry --mapping NEW", Raw: err.Error()}
}

func (f *flow) inputOf(s *journal.Stored) mapping.Input {
	in := mapping.Input{ID: s.ID.String(), Reference: s.Reference, Received: s.At, Returned: s.Returned}
	for _, a := range s.Attachments {
		in.Attachments = append(in.Attachments, connectors.Attachment{Name: a.Name, ContentType: a.ContentType, Blob: f.content.Blob(a.Digest, a.Size)})
	}
	return in
}

// orderOf returns the order key of a stored submission's delivery to a target; empty: none, or unknown.
func (f *flow) orderOf(ctx context.Context, s *journal.Stored, target string) (key string) {
	defer func() {
		if recover() != nil {
			key = "" // a plan that breaks is told of when the form is mapped
		}
	}()
	plan, err := f.plans.get(ctx, s.Plan)
	if err != nil {
		return ""
	}
	form, err := plan.Decode(s.Form, s.ContentType)
	if err != nil {
		return ""
	}
	mapped, err := plan.Map(form, f.inputOf(s))
	if err != nil {
		return ""
	}
	for _, d := range mapped.Deliveries {
		if d.Target == target {
			return d.Order
		}
	}
	return ""
}

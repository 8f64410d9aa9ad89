// Package prepare makes of forms what travels to targets: parcels, mapped and encoded. A form may be mapped any number of
// times and gives the same; nothing happens outside, and only what mapping leads to beside parcels goes into the journal.
package prepare

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// Preparer maps the forms of one configuration. All methods may be called concurrently.
type Preparer struct {
	Journal *journal.Journal
	Content *content.Store
	Plans   *Plans
	Routes  map[string]*Route
	Targets map[string]*Target // one that is missing was removed with an explicit word: deliveries to it stay open
	Log     zerolog.Logger
}

// Form is an accepted submission on its way to its targets.
type Form struct {
	Stored  journal.Stored
	Plan    *mapping.Plan
	Content mapping.Form
	Decoded bool // Content is there, and right as far as its schema and reference tell
}

// Made is what mapping one form led to.
type Made struct {
	Form    *Form
	Parcels []Parcel // one a target
	changes []journal.Change
	wrong   []mapping.FieldError // the form's fault
	err     error                // ours
}

// Waiting are the deliveries that lack a value which another target returns.
func (m *Made) Waiting() iter.Seq[*journal.Change] {
	return func(yield func(*journal.Change) bool) {
		for i := range m.changes {
			if m.changes[i].To == journal.Waiting && !yield(&m.changes[i]) {
				return
			}
		}
	}
}

// Refused tells whether the form leads to nothing but its rejection, or waits for a person.
func (m *Made) Refused() bool { return m.err != nil || len(m.wrong) > 0 }

// Stored maps what the journal has, for one target. With an error some of it must be read again, and is left out.
func (p *Preparer) Stored(ctx context.Context, page []journal.Stored, target string) ([]Made, error) {
	made := make([]Made, len(page))
	later := make([]error, len(page))
	forms := make([]*Form, len(page))
	for i := range page {
		forms[i] = &Form{Stored: page[i]}
		forms[i].Plan, later[i] = p.Plans.Get(ctx, page[i].Plan)
	}
	unnumbered := p.Number(ctx, forms...)
	loop.Parallel(len(page), func(i int) {
		f := forms[i]
		if later[i] == nil && unnumbered != nil && len(f.Plan.Sequences()) > 0 {
			later[i] = unnumbered
			return
		}
		if later[i] == nil {
			made[i] = p.Map(f, target)
			return
		}
		made[i].Form = f
		if errors.Is(later[i], errPlan) { // else the journal cannot be read now, which is nobody's fault
			made[i].err, later[i] = later[i], nil
		}
	})
	return made, errors.Join(later...)
}

// Map maps one form, for one target or, when only is empty, for all of them.
func (p *Preparer) Map(f *Form, only string) (m Made) {
	m.Form = f
	defer func() {
		if r := recover(); r != nil {
			m = Made{Form: f, err: fmt.Errorf("mapping panicked: %v\n%s", r, debug.Stack())}
		}
	}()
	if err := p.decode(f); err != nil {
		m.blame(err)
		return m
	}
	if err := numbered(f.Plan, &f.Stored); err != nil {
		m.blame(err)
		return m
	}
	in := p.input(&f.Stored)
	mapped, err := f.Plan.Map(f.Content, in)
	if err != nil {
		m.blame(err)
		return m
	}
	final := p.Routes[f.Stored.Route].Final(f.Plan)
	for i := range mapped.Deliveries {
		d := &mapped.Deliveries[i]
		to := p.Targets[d.Target]
		switch {
		case only != "" && d.Target != only:
		case d.Empty:
			m.changes = append(m.changes, journal.Change{ID: f.Stored.ID, Target: d.Target, To: journal.Skipped, Final: final, Changed: changed(mapped, "")})
		case len(d.Needs) > 0:
			needs := journal.Needs{}
			for _, value := range d.Needs {
				needs[value] = f.Plan.Giver(value)
			}
			m.changes = append(m.changes, journal.Change{ID: f.Stored.ID, Target: d.Target, To: journal.Waiting, Order: &d.Order, Needs: needs})
		case to != nil:
			parcel, err := p.pack(f, in, d, to)
			if err != nil {
				if m.blame(err); m.err != nil {
					return m
				}
				continue // there may be more that is wrong with the form
			}
			parcel.Final, parcel.Changed = final, changed(mapped, d.Target)
			m.Parcels = append(m.Parcels, parcel)
		}
	}
	return m
}

// decode reads and checks a form that nobody has read since it was accepted: a retry may have given it another mapping
// or a first route.
func (p *Preparer) decode(f *Form) (err error) {
	switch {
	case f.Stored.Lost != nil:
		return f.Stored.Lost
	case f.Decoded:
		return nil
	}
	if f.Content, err = f.Plan.Decode(f.Stored.Form, f.Stored.ContentType); err != nil {
		return err
	}
	if err := f.Plan.Validate(f.Content); err != nil {
		return err
	}
	_, err = f.Plan.Reference(f.Content)
	return err
}

// blame keeps an error as the form's fault, or as ours.
func (m *Made) blame(err error) {
	var wrong *mapping.MapError
	if errors.As(err, &wrong) {
		m.wrong = append(m.wrong, wrong.Fields...)
		return
	}
	m.err = err
}

func (p *Preparer) input(s *journal.Stored) mapping.Input { return Input(p.Content, s) }

// Input is what a mapping knows of a form beside what the citizen wrote.
func Input(store *content.Store, s *journal.Stored) mapping.Input {
	in := mapping.Input{ID: s.ID.String(), Reference: s.Reference, Received: s.At, Returned: s.Returned, Numbers: s.Numbers}
	for _, a := range s.Attachments {
		in.Attachments = append(in.Attachments, connectors.Attachment{Name: a.Name, ContentType: a.ContentType, Blob: store.Blob(a.Digest, a.Size)})
	}
	return in
}

// Record journals what mapping led to beside parcels, and returns the deliveries that seemed to lack a value and have ended before. With an error
// some of it is not journaled, and must be mapped again.
func (p *Preparer) Record(ctx context.Context, made []Made) (ended []journal.Turn, err error) {
	var changes []journal.Change
	var refused []*Made
	for i := range made {
		if made[i].Refused() {
			refused = append(refused, &made[i])
		} else {
			changes = append(changes, made[i].changes...)
		}
	}
	errs := make([]error, len(refused), len(refused)+1)
	err = ApplyAll(ctx, p.Journal, changes)
	for i := range changes {
		if c := &changes[i]; err == nil && c.To == journal.Waiting && !c.Stands.Left() {
			ended = append(ended, journal.Turn{Target: c.Target, ID: c.ID, Ended: true})
		}
	}
	// Side by side, so that the journal commits them together.
	loop.Parallel(len(refused), func(i int) { errs[i] = p.refuse(ctx, refused[i]) })
	return ended, errors.Join(append(errs, err)...)
}

// ApplyAll journals changes even while the agent is stopping: an effect that happened must be on record. Those stand nowhere afterwards
// that do not fit what the journal has by now: on an operator's order, or by an earlier call whose commit seemed to fail.
func ApplyAll(ctx context.Context, j *journal.Journal, changes []journal.Change) error {
	if len(changes) == 0 {
		return nil
	}
	ctx, cancel := loop.Grace(ctx)
	defer cancel()
	err := delivering.Of(j).Apply(ctx, changes)
	var wrong *journal.TransitionError
	if !errors.As(err, &wrong) {
		return err
	}
	var errs []error // one of them must not keep the others back
	for i := range changes {
		if err := delivering.Of(j).Apply(ctx, changes[i:i+1]); err != nil && !errors.As(err, &wrong) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Reject ends a parked submission whose form is at fault, as a target says. One that another target has, or may get now, stays parked.
func Reject(ctx context.Context, j *journal.Journal, id journal.ID, target string, r journal.Reason) error {
	ctx, cancel := loop.Grace(ctx)
	defer cancel()
	err := delivering.Of(j).RejectAt(ctx, id, target, r)
	if errors.Is(err, journal.ErrPartlyDelivered) || errors.Is(err, journal.ErrState) {
		return nil
	}
	return err
}

// refuse rejects a wrong form, or parks what we cannot map.
func (p *Preparer) refuse(ctx context.Context, m *Made) error {
	ctx, cancel := loop.Grace(ctx)
	defer cancel()
	s := &m.Form.Stored
	var err error
	if m.err == nil {
		err = delivering.Of(p.Journal).Reject(ctx, s.ID, FieldErrors(m.wrong), WrongForm(), "", false)
		if errors.Is(err, journal.ErrPartlyDelivered) || errors.Is(err, journal.ErrState) { // or decided before, or delivered again
			err = delivering.Of(p.Journal).ParkSubmission(ctx, s.ID, journal.Reason{Code: CodePartly, Text: "the form is wrong for one target, and another has it already",
				Next: "mend the mapping and retry, or reject with --force"})
		}
	} else {
		why := Unmapped(m.err)
		if errors.Is(m.err, errPlan) {
			why.Code, why.Text, why.Next = CodePlan, "the mapping that the form was accepted with cannot be read", "restore the journal from backup, or inbasket retry --mapping NEW"
		}
		if s.Lost != nil {
			why.Code, why.Text, why.Next = content.CodeUnavailable, "the form is not in the content store any more", "restore the folder content below state from backup, then inbasket retry"
		}
		err = delivering.Of(p.Journal).ParkSubmission(ctx, s.ID, why)
	}
	if errors.Is(err, journal.ErrState) { // it was settled meanwhile
		return nil
	}
	return err
}

// Order returns the order key of a stored submission's delivery to a target; empty: it has none. What cannot be mapped yet is not known.
func (p *Preparer) Order(ctx context.Context, s *journal.Stored, target string) (key string, known bool) {
	defer func() {
		if recover() != nil {
			key, known = "", false // a plan that breaks is told of when the form is mapped
		}
	}()
	plan, err := p.Plans.Get(ctx, s.Plan)
	if err != nil || s.Lost != nil {
		return "", false
	}
	form, err := plan.Decode(s.Form, s.ContentType)
	if err != nil {
		return "", false
	}
	f := Form{Stored: *s, Plan: plan}
	if err := p.Number(ctx, &f); err != nil || numbered(plan, &f.Stored) != nil {
		return "", false
	}
	mapped, err := plan.Map(form, p.input(&f.Stored))
	if err != nil {
		return "", false
	}
	for _, d := range mapped.Deliveries {
		if d.Target == target {
			return d.Order, true
		}
	}
	return "", false // such as one that a value decides about which is not there yet
}

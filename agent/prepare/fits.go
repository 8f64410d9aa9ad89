package prepare

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// Fits says why a new mapping does not fit a submission of which a part is delivered, and what to do: it needs a value that a finished delivery did
// not return, or writes more to its target: that would never be written. What cannot be mapped by it is parked later, as ever.
func (p *Preparer) Fits(ctx context.Context, v journal.View, plan *mapping.Plan) (why, next string, err error) {
	done := map[string]bool{}
	var stored []journal.Stored
	for _, d := range v.Deliveries {
		if d.Progress == journal.Done {
			done[d.Target] = true
			one, err := delivering.Of(p.Journal).Load(ctx, d.Target, []journal.ID{v.ID})
			if err != nil {
				return "", "", err
			}
			stored = one
		}
	}
	if len(stored) == 0 {
		return "", "", nil
	}
	s := &stored[0]
	was, err := p.Plans.Get(ctx, s.Plan)
	if err != nil {
		return "", "", err
	}
	mapped := p.mapped(s, plan, s.Returned)
	if mapped == nil {
		return "", "", nil
	}
	for _, d := range mapped.Deliveries {
		for _, name := range d.Needs {
			if giver := plan.Giver(name); done[giver] && !done[d.Target] {
				return fmt.Sprintf("the mapping in force has %s get %s, which %s did not return when it got its part", d.Target, name, giver),
					"have the mapping ask for what was returned, named as it was, or bring it to " + d.Target + " by hand and: inbasket confirm", nil
			}
		}
	}
	before := p.mapped(s, was, s.Returned)
	if before == nil { // what stopped it may be the value
		before = p.mapped(s, was, nil)
	}
	for target := range done {
		if object := more(target, plan, was, mapped, before); object != "" {
			return fmt.Sprintf("%s has its part already, and the mapping in force writes more to %s there, which would never be written", target, object),
				"write it there by hand and have the mapping of this form leave it out, or let the form go on as it is: inbasket retry without --mapping", nil
		}
	}
	return "", "", nil
}

// mapped is what a mapping makes of a stored form; nil: it cannot.
func (p *Preparer) mapped(s *journal.Stored, plan *mapping.Plan, returned map[string]connectors.Value) *mapping.Mapped {
	form, err := plan.Decode(s.Form, s.ContentType)
	if err != nil {
		return nil
	}
	in := p.input(s)
	in.Returned = returned
	mapped, err := plan.Map(form, in)
	if err != nil {
		return nil
	}
	return mapped
}

// more names a table or layout of which a mapping makes more for a target than another one did: by the records where both can
// map the form, else by the writes.
func more(target string, plan, was *mapping.Plan, mapped, before *mapping.Mapped) string {
	left := map[string]int{}
	count := func(plan *mapping.Plan, mapped *mapping.Mapped, by int) {
		if before == nil {
			work, _ := plan.Work(target)
			for _, w := range work.Writes {
				left[w.Shape.Object] += by
			}
			return
		}
		for _, d := range mapped.Deliveries {
			if d.Target == target {
				for _, r := range d.Records {
					left[r.Shape.Object] += by
				}
			}
		}
	}
	count(plan, mapped, 1)
	count(was, before, -1)
	for object, n := range left {
		if n > 0 {
			return object
		}
	}
	return ""
}

package prepare

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// Done is how the journal ends a stored delivery of which a person says that the target has it, and what it would have
// returned. It is an error where the mapping names no such value, or where another target waits for one that is not said; and, unless force is
// set, where another submission has the value: its decisions would find both.
func (p *Preparer) Done(ctx context.Context, s *journal.Stored, target string, returned map[string]string, force bool) (c journal.Change, err error) {
	plan, err := p.Plans.Get(ctx, s.Plan)
	if err != nil {
		return c, err
	}
	form, err := plan.Decode(s.Form, s.ContentType)
	if err != nil {
		return c, err
	}
	c = journal.Change{ID: s.ID, Target: target, To: journal.Done, Final: p.Routes[s.Route].Final(plan)}
	names := returnedBy(plan, target)
	if c.Returned, err = p.valuesOf(ctx, s.ID, target, names, returned); err != nil {
		return c, err
	}
	if of, name, err := delivering.Of(p.Journal).ReturnedTo(ctx, target, s.ID, c.Returned); err != nil || of != 0 && !force {
		return c, cmp.Or(err, taken(s.ID, of, target, name))
	}
	f := Form{Stored: *s, Plan: plan}
	if err := p.Number(ctx, &f); err != nil {
		return c, err
	}
	in := p.input(&f.Stored)
	in.Returned = c.Returned
	in = knowing(in, s.Returned)
	c.MatchKey, _ = plan.MatchKey(form, in, in.Returned)
	c.Keys = KeysOf(plan, form, in)
	if len(names) == 0 {
		return c, nil
	}
	if missing := common(plan.MatchNeeds(form, in), names); len(missing) > 0 {
		return c, refused(s.ID, target, fmt.Sprintf("its decisions are found by a value that only this delivery returns: say --returned %s=VALUE as it stands in %s", strings.Join(missing, "=VALUE --returned "), target))
	}
	mapped, err := plan.Map(form, in)
	switch {
	case err == nil:
		return c, p.waiting(ctx, s.ID, target, names, mapped)
	case len(returned) > 0:
		return c, refused(s.ID, target, "the mapping cannot go on with these values: inbasket show tells of the form, inbasket explain of the mapping")
	}
	return c, nil // what is wrong with the form is wrong for nobody but a person
}

// returnedBy names the values that a mapping has a target return.
func returnedBy(plan *mapping.Plan, target string) (names []string) {
	work, _ := plan.Work(target)
	for _, w := range work.Writes {
		for _, column := range w.Shape.Returning {
			names = append(names, w.Shape.Write+"."+column)
		}
	}
	return names
}

// valuesOf reads what a person says that a target returned: whole numbers as such, anything else as text. Where the target last
// returned a whole number, it is one.
func (p *Preparer) valuesOf(ctx context.Context, id journal.ID, target string, names []string, returned map[string]string) (values map[string]connectors.Value, err error) {
	var last map[string]connectors.Value
	if len(returned) > 0 {
		if last, err = delivering.Of(p.Journal).LastReturned(ctx, target); err != nil {
			return nil, err
		}
	}
	for name, text := range returned {
		if !slices.Contains(names, name) || text == "" {
			return nil, refused(id, target, fmt.Sprintf("the mapping has %s return %s, with a value each", target, cmp.Or(strings.Join(names, ", "), "nothing")))
		}
		if values == nil {
			values = map[string]connectors.Value{}
		}
		values[name] = connectors.Value{Kind: connectors.Text, Str: text}
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil && strconv.FormatInt(n, 10) == strings.TrimSpace(text) {
			values[name] = connectors.Value{Kind: connectors.Integer, Int: n}
		}
		if known := last[name].Kind; known == connectors.Integer && values[name].Kind != known {
			return nil, refused(id, target, fmt.Sprintf("%s returns a whole number as %s", target, name))
		}
	}
	return values, nil
}

// common are those of a list that stand in another one.
func common(list, of []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return !slices.Contains(of, name) })
}

// waiting refuses to end a delivery while another one waits for a value that only it returns, and that is not said.
func (p *Preparer) waiting(ctx context.Context, id journal.ID, target string, names []string, mapped *mapping.Mapped) error {
	for _, d := range mapped.Deliveries {
		missing := common(d.Needs, names)
		if len(missing) == 0 {
			continue
		}
		stored, err := delivering.Of(p.Journal).Load(ctx, d.Target, []journal.ID{id})
		if err != nil {
			return err
		}
		ended := []journal.Progress{journal.Done, journal.Skipped, journal.Dropped}
		if len(stored) > 0 && !slices.Contains(ended, stored[0].Progress) {
			return refused(id, target, fmt.Sprintf("%s waits for a value that only a delivery returns: say --returned %s=VALUE as it stands in %s",
				d.Target, strings.Join(missing, "=VALUE --returned "), target))
		}
	}
	return nil
}

func refused(id journal.ID, target, hint string) error {
	return &connectors.Error{Class: connectors.ItemError, Code: CodeReturned, Op: fmt.Sprintf("confirm %s %s", id, target), Hint: hint}
}

func taken(id, of journal.ID, target, name string) error {
	return &connectors.Error{Class: connectors.ItemError, Code: CodeTaken, Op: fmt.Sprintf("confirm %s %s", id, target),
		Hint: fmt.Sprintf("%s has returned this %s to submission %s: look in the target which row is whose; where several may have it, say --force", target, name, of)}
}

package journal

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// Apply moves deliveries and derives what follows for their submissions: delivered, parked, events. It
// is all or nothing; a TransitionError names the first Change that is not possible. A Change that comes
// too late to matter, such as a failed attempt of a delivery that was dropped, is left out.
func (j *Journal) Apply(ctx context.Context, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	return j.do(ctx, "record deliveries", func(t *tx) error { return t.apply(changes) })
}

func (t *tx) apply(changes []Change) error {
	ids := make([]ID, len(changes))
	for n := range changes {
		ids[n] = changes[n].ID
	}
	rows, err := t.load(ids)
	if err != nil {
		return err
	}
	m, err := t.matcher()
	if err != nil {
		return err
	}
	touched := make([]*submissionRow, 0, len(rows))
	final := make(map[ID]bool)
	for n := range changes {
		s := rows[changes[n].ID]
		if err := t.change(s, &changes[n], m); err != nil {
			return err
		}
		if changes[n].Final && (changes[n].To == Done || changes[n].To == Skipped) {
			final[s.id] = true
		}
		if n == 0 || changes[n-1].ID != s.id {
			touched = append(touched, s)
		}
	}
	for _, s := range touched {
		t.settle(s, final[s.id])
		if err := t.save(s); err != nil {
			return err
		}
	}
	return m.attach(t)
}

// change moves one delivery in memory, and writes what goes beside it.
func (t *tx) change(s *submissionRow, c *Change, m *matcher) error {
	target, ok := t.j.names.find(c.Target)
	var d *deliveryRow
	if ok {
		d = s.delivery(target)
	}
	if d == nil {
		return &TransitionError{ID: c.ID, Target: c.Target, To: c.To}
	}
	to := states.ProgressOf(string(c.To))
	how := states.Transition(d.state, to)
	if how == states.Refused || to == states.Dropped || to == states.Batched && d.batch == 0 {
		return &TransitionError{ID: c.ID, Target: c.Target, From: Progress(d.state.String()), To: c.To}
	}
	if c.Attempt || to == states.Done && how != states.Stays {
		d.attempts++
		d.dirty = true
	}
	if c.Reason != nil && to != states.Done {
		if err := t.noteReason(s, d, c, how); err != nil {
			return err
		}
	}
	if how == states.Stays && d.state != states.Done {
		return nil
	}
	if to == states.Done {
		if err := t.done(s, d, c, m); err != nil {
			return err
		}
	}
	if how == states.Stays {
		return nil
	}
	if d.state == states.Dropped || s.state == states.Rejected {
		if err := t.note(s.id, Moment{What: "late", Target: c.Target, Text: "the target has it although it was given up"}); err != nil {
			return err
		}
	}
	if to == states.Pending || to == states.Waiting {
		to = max(to, s.start()) // it was parked while this was under way
	}
	if to == states.Done && c.By != "" {
		why := ""
		if c.Reason != nil {
			why = c.Reason.Text
		}
		if err := t.note(s.id, Moment{What: "confirmed", Target: c.Target, Text: why, By: c.By}); err != nil {
			return err
		}
	}
	d.move(to)
	if to == states.Done && c.By != "" && !s.waits() { // a person has ended the last of what was parked as a whole
		s.flags, s.dirty = s.flags&^states.FlagWhole, true
	}
	if to == states.Held && (s.state == states.Accepted || s.state == states.Parked) && s.flags&states.FlagWhole == 0 {
		s.park(c.Reason)
	}
	return nil
}

// noteReason keeps why a delivery failed, waits or is unclear.
func (t *tx) noteReason(s *submissionRow, d *deliveryRow, c *Change, how states.Step) error {
	what := "attempt"
	switch {
	case c.To == Held:
		what = "parked"
	case c.To == Unclear:
		what = "unclear"
	}
	if how == states.Taken || d.state == states.ProgressOf(string(c.To)) {
		d.why, d.dirty = encodeReason(c.Reason), true
	}
	return t.note(s.id, Moment{What: what, Target: c.Target, Code: c.Reason.Code, Text: c.Reason.Text, Raw: c.Reason.Raw})
}

// done keeps what the target returned and by what a result will find the submission.
func (t *tx) done(s *submissionRow, d *deliveryRow, c *Change, m *matcher) error {
	d.why = ""
	if len(c.Returned) > 0 {
		text, err := encodeReturned(c.Returned)
		if err != nil {
			return err
		}
		d.returned, d.dirty = text, true
		if s.flags&states.FlagReturned == 0 {
			s.flags |= states.FlagReturned
			s.dirty = true
		}
	}
	if c.MatchKey == "" {
		return nil
	}
	return m.add(t, s, c.MatchKey)
}

// matcher finds orphaned results for submissions that are delivered only now.
type matcher struct {
	orphans bool             // there are any
	names   map[int64]nameID // names of mappings by plan
	found   []attachment
}

type attachment struct {
	n  int64 // of the result
	id ID
}

func (t *tx) matcher() (*matcher, error) {
	some, err := engine.Value[bool](t.c, "SELECT EXISTS(SELECT 1 FROM result WHERE sub IS NULL AND park IS NULL)")
	return &matcher{orphans: some, names: map[int64]nameID{}}, err
}

func (m *matcher) add(t *tx, s *submissionRow, key string) error {
	name, err := m.planName(t, s.plan)
	if err != nil {
		return err
	}
	if _, err := t.c.InsertNew("match(plan, key, sub)", []any{name, key, s.id}); err != nil || !m.orphans {
		return err
	}
	const sql = "SELECT n FROM result WHERE sub IS NULL AND park IS NULL AND plan=? AND key=? ORDER BY n"
	return engine.Each(t.c, sql, []any{name, key}, func(n int64) error {
		m.found = append(m.found, attachment{n, s.id})
		return nil
	})
}

func (m *matcher) planName(t *tx, plan int64) (nameID, error) {
	if w, ok := m.names[plan]; ok {
		return w, nil
	}
	name, found, err := engine.One[string](t.c, "SELECT name FROM plan WHERE id=?", plan)
	if err != nil || !found {
		return 0, errorOr(err, fmt.Errorf("mapping of a submission: %w", ErrNotFound))
	}
	w, err := t.name(name)
	m.names[plan] = w
	return w, err
}

// attach gives the results that were waiting to their submissions, after those were saved.
func (m *matcher) attach(t *tx) error {
	for _, a := range m.found {
		o, open, err := t.result(a.n)
		if err != nil {
			return err
		}
		if !open || o.Park != nil {
			continue // given to another submission of the same call
		}
		if err := t.matched(a.n, o, a.id); err != nil {
			return err
		}
	}
	return nil
}

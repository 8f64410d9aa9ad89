package journal

import (
	"context"
	"fmt"

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
	rows, err := t.load(ids...)
	if err != nil {
		return err
	}
	m := &matcher{tx: t, names: map[int64]nameID{}, orphans: t.is("SELECT EXISTS(SELECT 1 FROM result WHERE sub IS NULL AND park IS NULL)")}
	final := make(map[ID]bool)
	for n := range changes {
		c := &changes[n]
		if err := t.change(rows[c.ID], c, m); err != nil {
			return err
		}
		if c.Final && (c.To == Done || c.To == Skipped) {
			final[c.ID] = true
		}
	}
	for n, id := range ids {
		if n == 0 || ids[n-1] != id {
			t.settle(rows[id], final[id])
		}
	}
	m.attach()
	return nil
}

// change moves one delivery, and writes what goes beside it.
func (t *tx) change(s *submissionRow, c *Change, m *matcher) error {
	target, _ := t.j.names.find(c.Target)
	d := s.delivery(target)
	if d == nil {
		return &TransitionError{ID: c.ID, Target: c.Target, To: c.To}
	}
	to := states.ProgressOf(string(c.To))
	how := states.Transition(d.State, to)
	if how == states.Refused || to == states.Dropped || to == states.Batched && d.Batch == 0 {
		return &TransitionError{ID: c.ID, Target: c.Target, From: Progress(d.State.String()), To: c.To}
	}
	if c.Attempt || to == states.Done && how != states.Stays {
		d.Attempts++
		d.Dirty = true
	}
	if c.Reason != nil && to != states.Done {
		t.noteReason(s, d, c, how)
	}
	if to == states.Done {
		t.done(s, d, c, m)
	}
	if how == states.Stays {
		return nil
	}
	if d.State == states.Dropped || s.State == states.Rejected {
		t.note(s.ID, Moment{What: "late", Target: c.Target, Text: "the target has it although it was given up"})
	}
	if to == states.Pending || to == states.Waiting {
		to = max(to, s.start()) // it was parked while this was under way
	}
	confirmed := to == states.Done && c.By != ""
	if confirmed {
		why := ""
		if c.Reason != nil {
			why = c.Reason.Text
		}
		t.note(s.ID, Moment{What: "confirmed", Target: c.Target, Text: why, By: c.By})
	}
	d.move(to)
	if confirmed && !s.waits() { // a person has ended the last of what was parked as a whole
		s.Flags, s.Dirty = s.Flags&^states.FlagWhole, true
	}
	if to == states.Held && (s.State == states.Accepted || s.State == states.Parked) && s.Flags&states.FlagWhole == 0 {
		s.park(c.Reason)
	}
	return nil
}

// noteReason keeps why a delivery failed, waits or is unclear.
func (t *tx) noteReason(s *submissionRow, d *deliveryRow, c *Change, how states.Step) {
	what := "attempt"
	switch {
	case c.To == Held:
		what = "parked"
	case c.To == Unclear:
		what = "unclear"
	}
	if how == states.Taken || d.State == states.ProgressOf(string(c.To)) {
		d.Why, d.Dirty = encodeReason(c.Reason), true
	}
	t.note(s.ID, Moment{What: what, Target: c.Target, Code: c.Reason.Code, Text: c.Reason.Text, Raw: c.Reason.Raw})
}

// done keeps what the target returned and by what a result will find the submission.
func (t *tx) done(s *submissionRow, d *deliveryRow, c *Change, m *matcher) {
	d.Why = ""
	if len(c.Returned) > 0 {
		text, err := encodeReturned(c.Returned)
		t.fail(err)
		d.Returned, d.Dirty = text, true
		if s.Flags&states.FlagReturned == 0 {
			s.Flags, s.Dirty = s.Flags|states.FlagReturned, true
		}
	}
	if c.MatchKey != "" {
		m.add(s, c.MatchKey)
	}
}

// matcher finds orphaned results for submissions that are delivered only now.
type matcher struct {
	*tx
	orphans bool             // there are any
	names   map[int64]nameID // names of mappings by plan
	found   []attachment
}

type attachment struct {
	n  int64 // of the result
	id ID
}

func (m *matcher) add(s *submissionRow, key string) {
	plan, ok := m.names[s.Plan]
	if !ok {
		name, found := one[string](m.look, "SELECT name FROM plan WHERE id=?", s.Plan)
		if !found {
			m.fail(fmt.Errorf("mapping of a submission: %w", ErrNotFound))
		}
		plan = m.nameID(name)
		m.names[s.Plan] = plan
	}
	m.insertNew("match(plan, key, sub)", plan, key, s.ID)
	if !m.orphans {
		return
	}
	const sql = "SELECT n FROM result WHERE sub IS NULL AND park IS NULL AND plan=? AND key=? ORDER BY n"
	each(m.look, sql, []any{plan, key}, func(n int64) { m.found = append(m.found, attachment{n, s.ID}) })
}

// attach gives the results that were waiting to their submissions.
func (m *matcher) attach() {
	for _, a := range m.found {
		if o, open := m.result(a.n); open && o.Park == nil { // else it was given to another submission of the same call
			m.matched(a.n, o, a.id)
		}
	}
}

package delivering

import (
	"context"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/searching"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// Apply moves deliveries and derives what follows for their submissions: delivered, parked, events. It
// is all or nothing; a TransitionError names the first Change that is not possible. A Change that comes
// too late to matter, such as a failed attempt of a delivery that was dropped, is left out.
func (j Deliveries) Apply(ctx context.Context, changes []journal.Change) error {
	if len(changes) == 0 {
		return nil
	}
	return j.Do(ctx, "record deliveries", func(t *journal.Tx) error { return apply(t, changes) })
}

func apply(t *journal.Tx, changes []journal.Change) error {
	ids := make([]journal.ID, len(changes))
	for n := range changes {
		ids[n] = changes[n].ID
	}
	rows, err := t.Load(ids...)
	if err != nil {
		return err
	}
	m := &matcher{Tx: t, names: map[int64]journal.NameID{}, orphans: t.Is("SELECT EXISTS(SELECT 1 FROM result WHERE sub IS NULL AND park IS NULL)")}
	final := make(map[journal.ID]bool)
	found := searching.Keys{Tx: t}
	for n := range changes {
		c := &changes[n]
		c.Stands = ""
		if err := change(t, rows[c.ID], c, m); err != nil {
			return err
		}
		if c.Final && (c.To == journal.Done || c.To == journal.Skipped) {
			final[c.ID] = true
		}
		if c.To == journal.Done {
			found.Add(c.ID, c.Keys)
		}
	}
	found.Write()
	for n, id := range ids {
		if n == 0 || ids[n-1] != id {
			t.Settle(rows[id], final[id])
		}
	}
	for n := range changes {
		c := &changes[n]
		c.Stands = journal.Progress(rows[c.ID].Delivery(t.NameID(c.Target)).State.String())
	}
	m.attach()
	return nil
}

// change moves one delivery, and writes what goes beside it.
func change(t *journal.Tx, s *journal.Row, c *journal.Change, m *matcher) error {
	target := t.NameID(c.Target)
	d := s.Delivery(target)
	if d == nil {
		return &journal.TransitionError{ID: c.ID, Target: c.Target, To: c.To}
	}
	to := states.ProgressOf(string(c.To))
	how := states.Transition(d.State, to)
	if how == states.Refused || to == states.Dropped || to == states.Batched && d.Batch == 0 {
		return &journal.TransitionError{ID: c.ID, Target: c.Target, From: journal.Progress(d.State.String()), To: c.To}
	}
	if c.Attempt || to == states.Done && how != states.Stays {
		d.Attempts++
		d.Dirty = true
	}
	if c.Reason != nil && to != states.Done {
		noteReason(t, s, d, c, how)
	}
	if to == states.Done {
		done(t, s, d, c, m)
	}
	lacks := to == states.Waiting && d.State.Open()
	if lacks {
		d.Needs, d.Dirty = c.Needs, true
	}
	if (lacks || to == states.Held && d.State.Left()) && c.Order != nil {
		d.Order, d.Dirty = *c.Order, true
	}
	if how == states.Stays {
		return nil
	}
	if d.State == states.Dropped || s.State == states.Rejected {
		t.Note(s.ID, journal.Moment{What: "late", Target: c.Target, Text: "the target has it although it was given up"})
	}
	if to == states.Pending || to == states.Waiting {
		to = max(to, s.Start()) // it was parked while this was under way
	}
	confirmed := to == states.Done && c.By != ""
	if confirmed {
		why := ""
		if c.Reason != nil {
			why = c.Reason.Text
		}
		t.Note(s.ID, journal.Moment{What: "confirmed", Target: c.Target, Text: why, By: c.By})
	}
	d.Move(to)
	if confirmed || to == states.Skipped {
		t.Ends(target, s.ID)
	}
	if (to == states.Done || to == states.Skipped) && c.Changed != "" {
		t.Note(s.ID, journal.Moment{What: "changed", Target: c.Target, Text: c.Changed})
	}
	if confirmed && !s.Waits() { // a person has ended the last of what was parked as a whole
		s.Flags, s.Dirty = s.Flags&^states.FlagWhole, true
	}
	if to == states.Held && (s.State == states.Accepted || s.State == states.Parked) && s.Flags&states.FlagWhole == 0 {
		s.Park(c.Reason)
	}
	return nil
}

// noteReason keeps why a delivery failed, waits or is unclear.
func noteReason(t *journal.Tx, s *journal.Row, d *journal.DeliveryRow, c *journal.Change, how states.Step) {
	what := "attempt"
	switch {
	case c.To == journal.Held:
		what = "parked"
	case c.To == journal.Unclear:
		what = "unclear"
	}
	if how == states.Taken || d.State == states.ProgressOf(string(c.To)) {
		d.Why, d.Dirty = journal.EncodeReason(c.Reason), true
	}
	t.Note(s.ID, journal.Moment{What: what, Target: c.Target, Code: c.Reason.Code, Text: c.Reason.Text, Raw: c.Reason.Raw})
}

// done keeps what the target returned and by what a result will find the submission.
func done(t *journal.Tx, s *journal.Row, d *journal.DeliveryRow, c *journal.Change, m *matcher) {
	d.Why = ""
	anew := false
	if len(c.Returned) > 0 {
		text, err := journal.EncodeReturned(c.Returned)
		t.Fail(err)
		if anew = d.Returned != "" && d.Returned != engine.Optional(text); anew {
			t.Note(s.ID, journal.Moment{What: "returned anew", Target: c.Target, Code: journal.CodeOtherValues, Text: "it returned other values than the first time; what other targets hold of the old ones is wrong"})
		}
		d.Returned, d.Dirty = text, true
		if s.Flags&states.FlagReturned == 0 {
			s.Flags, s.Dirty = s.Flags|states.FlagReturned, true
		}
	}
	if c.MatchKey != "" {
		m.add(s, c.MatchKey, anew)
	}
}

// matcher finds orphaned results for submissions that are delivered only now.
type matcher struct {
	*journal.Tx
	orphans bool                     // there are any
	names   map[int64]journal.NameID // names of mappings by plan
	found   []attachment
}

type attachment struct {
	n  int64 // of the result
	id journal.ID
}

// add has results find a submission by a key. One made of values that its target has returned anew replaces those of before.
func (m *matcher) add(s *journal.Row, key string, anew bool) {
	plan, ok := m.names[s.Plan]
	if !ok {
		name, found := journal.One[string](m.Look, "SELECT name FROM plan WHERE id=?", s.Plan)
		if !found {
			m.Fail(fmt.Errorf("mapping of a submission: %w", journal.ErrNotFound))
		}
		plan = m.NameID(name)
		m.names[s.Plan] = plan
	}
	if anew {
		const since = `INSERT INTO match(plan, key, sub, since) VALUES(?, ?, ?, ?)
			ON CONFLICT(plan, key, sub) DO UPDATE SET since=excluded.since WHERE match.since=?`
		last := m.Number("SELECT coalesce(max(n), 0) FROM result")
		m.Exec(journal.RaiseMeta, journal.LastResult, last) // a number that is purged is not given again
		m.Exec(since, plan, key, s.ID, last, journal.FormerValue)
		m.Exec("UPDATE match SET since=? WHERE sub=? AND key<>?", journal.FormerValue, s.ID, key)
	} else {
		m.InsertNew("match(plan, key, sub)", plan, key, s.ID)
	}
	if !m.orphans {
		return
	}
	const sql = "SELECT n FROM result WHERE sub IS NULL AND park IS NULL AND plan=? AND key=? ORDER BY n"
	journal.Each(m.Look, sql, []any{plan, key}, func(n int64) { m.found = append(m.found, attachment{n, s.ID}) })
}

// attach gives the results that were waiting to their submissions.
func (m *matcher) attach() {
	for _, a := range m.found {
		if o, open := deciding.Result(m.Tx, a.n); open && o.Park == nil { // else it was given to another submission of the same call
			deciding.Matched(m.Tx, a.n, o, a.id)
		}
	}
}

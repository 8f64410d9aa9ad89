package delivering

import (
	"context"
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/searching"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Origin tells where a submission came from: its in-basket, and its name there.
func (j Deliveries) Origin(ctx context.Context, id journal.ID) (inbasket, transport string, err error) {
	err = j.Read(ctx, func(l *journal.Look) {
		from, found := journal.One[struct {
			Inbasket  string `col:"word"`
			Transport string
		}](l, "SELECT inbasket, coalesce(transport, reference) FROM submission WHERE id=?", id)
		if !found {
			l.Missing(id)
		}
		inbasket, transport = from.Inbasket, from.Transport
	})
	return inbasket, transport, err
}

// Assign gives a parked submission that was never read the route, front office, reference, mapping and targets of r, and starts
// its deliveries. It is refused where known finds that it is another submission, or may be.
func (j Deliveries) Assign(ctx context.Context, id journal.ID, r journal.Arrival, by string, known func(*journal.Look, journal.ID, *journal.Arrival) journal.ID) error {
	return j.Do(ctx, "assign a submission to a route", func(t *journal.Tx) error {
		s, err := t.Submission(id)
		if err != nil {
			return err
		}
		if s.State != states.Parked || len(r.Targets) == 0 || slices.ContainsFunc(s.Deliveries, func(d journal.DeliveryRow) bool { return d.State != states.Held || d.Batch != 0 }) {
			return fmt.Errorf("assign %s to a route: %w", id, journal.ErrState)
		}
		if other := known(t.Look, id, &r); other != 0 {
			return &connectors.Error{Class: connectors.ItemError, Code: journal.CodeReference, Op: fmt.Sprintf("assign %s, which is or has the reference of %s,", id, other),
				Hint: "compare both; reject this one, or ask the sender for a form with another reference", Err: journal.ErrState}
		}
		forget(t, s)
		office, route := t.NameID(r.Office), t.NameID(r.Route)
		const sql = "UPDATE submission SET scope=?, office=?, route=?, reference=?, transport=?, claim=1 WHERE id=?"
		t.Exec(sql, engine.Word(r.Scope), office, route, r.Reference, r.StoredTransport(), id)
		t.Count(journal.TallyState, int64(s.Route), int64(s.Was), -1)
		t.Count(journal.TallyState, int64(route), int64(s.Was), 1)
		if s.Office == 0 { // else it was told when the form came
			t.Event(office, id, states.EventAccepted, false, nil)
		}
		s.Route, s.Office = route, office
		found := searching.Keys{Tx: t}
		found.Add(id, r.Keys)
		found.Write()
		repin(t, s, t.Pin(r.Plan), nil, r.Targets, by)
		return nil
	})
}

package journal

import (
	"context"
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// Origin tells where a submission came from: its in-basket, and its name there.
func (j *Journal) Origin(ctx context.Context, id ID) (inbasket, transport string, err error) {
	type origin struct {
		Inbasket  string `col:"word"`
		Transport string
	}
	from, err := find(ctx, j, func(l *look) origin {
		from, found := one[origin](l, "SELECT inbasket, coalesce(transport, reference) FROM submission WHERE id=?", id)
		if !found {
			l.missing(id)
		}
		return from
	})
	return from.Inbasket, from.Transport, err
}

// Assign gives a parked submission that was never read the route, front office, reference, mapping and targets of r, and starts
// its deliveries. It is refused when another submission has the reference.
func (j *Journal) Assign(ctx context.Context, id ID, r Arrival, by string) error {
	return j.do(ctx, "assign a submission to a route", func(t *tx) error {
		s, err := t.submission(id)
		if err != nil {
			return err
		}
		if s.State != states.Parked || len(r.Targets) == 0 || slices.ContainsFunc(s.Deliveries, func(d deliveryRow) bool { return d.State != states.Held || d.Batch != 0 }) {
			return fmt.Errorf("assign %s to a route: %w", id, ErrState)
		}
		if known, found := t.claimant(r.Scope, r.Reference); found && known.ID != id {
			return fmt.Errorf("assign %s to a route: its reference is known as %s: %w", id, known.ID, ErrState)
		}
		t.forget(s)
		office, route := t.nameID(r.Office), t.nameID(r.Route)
		const sql = "UPDATE submission SET scope=?, office=?, route=?, reference=?, transport=?, claim=1 WHERE id=?"
		t.exec(sql, engine.Word(r.Scope), office, route, r.Reference, r.storedTransport(), id)
		t.count(tallyState, int64(s.Route), int64(s.was), -1)
		t.count(tallyState, int64(route), int64(s.was), 1)
		if s.Office == 0 { // else it was told when the form came
			t.event(office, id, states.EventAccepted, false, nil)
		}
		s.Route, s.Office = route, office
		t.repin(s, t.pin(r.Plan), nil, r.Targets, by)
		return nil
	})
}

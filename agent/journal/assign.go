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
	err = j.read(ctx, func(c *engine.Conn) error {
		from, found, err := engine.One[struct {
			Inbasket  nameID
			Transport string
		}](c, "SELECT inbasket, coalesce(transport, reference) FROM submission WHERE id=?", id)
		if err != nil || !found {
			return errorOr(err, fmt.Errorf("submission %s: %w", id, ErrNotFound))
		}
		inbasket, transport = j.name(c, from.Inbasket), from.Transport
		return nil
	})
	return inbasket, transport, err
}

// Assign gives a parked submission that was never read the route, front office, reference, mapping and targets of r, and starts
// its deliveries. It is refused when another submission has the reference.
func (j *Journal) Assign(ctx context.Context, id ID, r Arrival, by string) error {
	return j.do(ctx, "assign a submission to a route", func(t *tx) error {
		s, err := t.submission(id)
		if err != nil {
			return err
		}
		if s.state != states.Parked || len(r.Targets) == 0 || slices.ContainsFunc(s.deliveries, func(d deliveryRow) bool { return d.state != states.Held || d.batch != 0 }) {
			return fmt.Errorf("assign %s to a route: %w", id, ErrState)
		}
		scope, err := t.name(r.Scope)
		if err != nil {
			return err
		}
		known, found, err := claimant(t, scope, r.Reference)
		if err != nil {
			return err
		}
		if found && known.ID != id {
			return fmt.Errorf("assign %s to a route: its reference is known as %s: %w", id, known.ID, ErrState)
		}
		if err := t.forget(s); err != nil {
			return err
		}
		return t.assign(s, scope, r, by)
	})
}

func (t *tx) assign(s *submissionRow, scope nameID, r Arrival, by string) error {
	office, err := t.name(r.Office)
	if err != nil {
		return err
	}
	route, err := t.name(r.Route)
	if err != nil {
		return err
	}
	plan, err := t.pin(r.Plan)
	if err != nil {
		return err
	}
	const sql = "UPDATE submission SET scope=?, office=?, route=?, reference=?, transport=?, claim=1 WHERE id=?"
	if _, err := t.c.Exec(sql, scope, office, route, r.Reference, r.storedTransport(), s.id); err != nil {
		return err
	}
	t.count(tallyState, int64(s.route), int64(s.was), -1)
	t.count(tallyState, int64(route), int64(s.was), 1)
	if office != 0 && s.office == 0 { // else it was told when the form came
		t.event(office, s.id, states.EventAccepted, false, nil)
	}
	s.route, s.office = route, office
	return t.repin(s, plan, nil, r.Targets, by)
}

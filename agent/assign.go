package agent

import (
	"context"
	"fmt"
	"net/http"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// Configuration is the one that was loaded.
func (rt *assembly) Configuration() *config.Config { return rt.config }

// Lanes are those of all targets, for orders.
func (rt *assembly) Lanes() map[string]orders.Lane {
	lanes := make(map[string]orders.Lane, len(rt.flow.lanes))
	for name, l := range rt.flow.lanes {
		lanes[name] = orderly{l}
	}
	return lanes
}

// Recorded tells whether a target records what it has.
func (rt *assembly) Recorded(target string) bool {
	l := rt.flow.lanes[target]
	return l != nil && l.can.Recorded
}

// Plan returns the mapping that a submission's route has now.
func (rt *assembly) Plan(id journal.ID, route string) (*mapping.Plan, error) {
	if r := rt.flow.routes[route]; r != nil {
		return r.plan, nil
	}
	return nil, &control.Error{Code: CodeNoRoute, Message: fmt.Sprintf("submission %s belongs to no route of the configuration", id), Hint: "add the route, reload, and retry", Status: http.StatusConflict}
}

// unassigned tells whether a submission was never read: no route took it, or its route's mapping could not read it, so that even
// its reference is not known.
func (rt *assembly) unassigned(ctx context.Context, v journal.View) (bool, error) {
	if v.Route == "" || v.State != journal.Parked {
		return v.State == journal.Parked, nil
	}
	_, transport, err := rt.flow.journal.Origin(ctx, v.ID)
	return err == nil && v.Reference == rt.flow.unreadName(transport), err
}

// Assign gives a submission that was never read to the route that takes it now, as if it had just arrived.
func (rt *assembly) Assign(ctx context.Context, v journal.View, by string) (unread bool, err error) {
	if unread, err = rt.unassigned(ctx, v); err != nil || !unread {
		return unread, err
	}
	return true, rt.assign(ctx, v, by)
}

func (rt *assembly) assign(ctx context.Context, v journal.View, by string) error {
	id := v.ID
	inbasket, transport, err := rt.flow.journal.Origin(ctx, id)
	if err != nil {
		return err
	}
	r := rt.flow.routes[v.Route]
	if v.Route == "" {
		r = routeFor(rt.feeds[inbasket], transport)
	}
	if r == nil {
		return &control.Error{Code: CodeNoRoute, Message: fmt.Sprintf("no route takes submission %s", id),
			Hint: "add or mend a route of in-basket " + inbasket + ", reload, and retry", Status: http.StatusConflict}
	}
	form, contentType, attachments, err := rt.flow.journal.Form(ctx, id)
	if err != nil {
		return err
	}
	arr := &arrival{route: r, item: connectors.Submission{Transport: transport}, entry: journal.Arrival{Inbasket: inbasket,
		Reference: rt.flow.unreadName(transport), Transport: transport, ContentType: contentType, Form: form, Attachments: attachments}}
	rt.flow.read1(arr)
	if arr.entry.Park != nil { // its reason is that of the route now
		return rt.flow.journal.ParkSubmission(ctx, id, *arr.entry.Park)
	}
	if err := rt.flow.journal.Assign(ctx, id, arr.entry, by); err != nil || len(arr.entry.Reject) == 0 {
		return err
	}
	reason := journal.Reason{Code: CodeFormWrong, Text: "the form is wrong: see the field errors", Next: "the front office was told"}
	return rt.flow.journal.Reject(ctx, id, arr.entry.Reject, reason, "", false)
}

// Confirmed makes the changes that end deliveries, as their target would have ended them.
func (rt *assembly) Confirmed(ctx context.Context, r control.ConfirmRequest, ids []journal.ID) ([]journal.Change, error) {
	stored, err := rt.flow.journal.Load(ctx, r.Target, ids)
	if err != nil {
		return nil, err
	}
	f := rt.flow
	changes := make([]journal.Change, 0, len(stored))
	for i := range stored {
		s := &stored[i]
		plan, err := f.plans.get(ctx, s.Plan)
		if err != nil {
			return nil, err
		}
		form, err := plan.Decode(s.Form, s.ContentType)
		if err != nil {
			return nil, err
		}
		c := journal.Change{ID: s.ID, Target: r.Target, To: journal.Done, By: r.By, Reason: &journal.Reason{Text: r.Reason},
			Final: f.lastWord(&arrived{stored: *s, plan: plan})}
		c.MatchKey, _ = plan.MatchKey(form, f.inputOf(s), s.Returned)
		changes = append(changes, c)
	}
	return changes, nil
}

// orderly is a lane as orders see it.
type orderly struct{ *lane }

// Again makes the lane read the journal from its beginning.
func (l orderly) Again() { l.again() }

// TryNow makes the circuit, and a batch that is held, be tried at once.
func (l orderly) TryNow(asked bool) {
	l.mu.Lock()
	if l.sealing != nil {
		l.sealing.retry, l.sealing.asked = true, asked
	}
	l.mu.Unlock()
	l.tryNow()
}

// Pause stops deliveries, or lets them go on.
func (l orderly) Pause(why string, paused bool) {
	l.mu.Lock()
	l.paused, l.stopping = why, paused
	l.mu.Unlock()
	l.tryNow()
}

// Bar keeps deliveries of a submission from beginning, and waits for one that is under way.
func (l orderly) Bar(ctx context.Context, id journal.ID) (flying bool, over func()) {
	return l.bar(id) && !l.landed(ctx, id), func() { l.unbar(id) }
}

// Drop takes a submission out of the queue.
func (l orderly) Drop(id journal.ID) { l.drop(id) }

// EndBatch has do end a sealed batch, unless it is being sent at this moment.
func (l orderly) EndBatch(seq int64, do func() error) (sending bool, err error) {
	return l.void(seq, do)
}

// answers tells whether a mapping reads decisions, from a database or from files.
func answers(p *mapping.Plan) bool {
	ok, _ := p.HasAnswer()
	return ok
}

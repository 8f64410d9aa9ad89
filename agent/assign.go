package agent

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/mapping"
)

// Configuration is the one that was loaded.
func (rt *assembly) Configuration() *config.Config { return rt.config }

// Lanes are those of all targets.
func (rt *assembly) Lanes() *lane.Lanes { return rt.flow.lanes }

// Plan returns the mapping that a submission's route has now, if it fits what is delivered.
func (rt *assembly) Plan(ctx context.Context, v journal.View) (*mapping.Plan, error) {
	if r := rt.flow.prepare.Routes[v.Route]; r != nil {
		why, next, err := rt.flow.prepare.Fits(ctx, v, r.Plan)
		if why != "" {
			err = &control.Error{Code: prepare.CodeEnded, Message: fmt.Sprintf("submission %s keeps its mapping: %s", v.ID, why), Hint: next, Status: http.StatusConflict}
		}
		return r.Plan, err
	}
	return nil, &control.Error{Code: prepare.CodeNoRoute, Message: fmt.Sprintf("submission %s belongs to no route of the configuration", v.ID), Hint: "add the route, reload, and retry", Status: http.StatusConflict}
}

// unassigned tells whether a submission was never read: no route took it, or its route's mapping could not read it, so that even
// its reference is not known.
func (rt *assembly) unassigned(ctx context.Context, v journal.View) (bool, error) {
	if v.Route == "" || v.State != journal.Parked {
		return v.State == journal.Parked, nil
	}
	_, transport, err := delivering.Of(rt.flow.journal).Origin(ctx, v.ID)
	return err == nil && v.Reference == rt.flow.intake.UnreadName(transport), err
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
	inbasket, transport, err := delivering.Of(rt.flow.journal).Origin(ctx, id)
	if err != nil {
		return err
	}
	able := prepare.Named(rt.feeds[inbasket], transport)
	if v.Route != "" {
		able = nil
		if r := rt.flow.prepare.Routes[v.Route]; r != nil {
			able = append(able, r)
		}
	}
	if len(able) == 0 {
		return &control.Error{Code: prepare.CodeNoRoute, Message: fmt.Sprintf("no route takes submission %s", id),
			Hint: "add or mend a route of in-basket " + inbasket + ", reload, and retry", Status: http.StatusConflict}
	}
	form, contentType, attachments, err := delivering.Of(rt.flow.journal).Form(ctx, id)
	if err != nil {
		return err
	}
	entry := rt.flow.intake.Read(rt.feeds[inbasket], able, inbasket, transport, contentType, form, attachments)
	if entry.Park != nil { // its reason is that of the route now
		return delivering.Of(rt.flow.journal).ParkSubmission(ctx, id, *entry.Park)
	}
	if err := delivering.Of(rt.flow.journal).Assign(ctx, id, entry, by, accepting.KnownAs); err != nil || len(entry.Reject) == 0 {
		return err
	}
	return delivering.Of(rt.flow.journal).Reject(ctx, id, entry.Reject, prepare.WrongForm(), "", false)
}

// Confirmed makes the changes that end deliveries, as their target would have ended them.
func (rt *assembly) Confirmed(ctx context.Context, r control.ConfirmRequest, ids []journal.ID) ([]journal.Change, error) {
	stored, err := delivering.Of(rt.flow.journal).Load(ctx, r.Target, ids)
	if err != nil {
		return nil, err
	}
	changes := make([]journal.Change, len(stored))
	for i := range stored {
		c, err := rt.flow.prepare.Done(ctx, &stored[i], r.Target, r.Returned, r.Force)
		if err != nil {
			return nil, err
		}
		c.By, c.Reason = r.By, &journal.Reason{Text: strings.TrimSpace(r.Reason + " " + r.Said())}
		changes[i] = c
	}
	return changes, nil
}

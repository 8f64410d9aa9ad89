package agent

import (
	"context"
	"fmt"
	"net/http"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/intake"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/prepare"
)

// unassigned tells whether a submission was never read: no route took it, or its route's mapping could not read it, so that even
// its reference is not known.
func (a *Agent) unassigned(ctx context.Context, v journal.View) (bool, error) {
	if v.Route == "" || v.State != journal.Parked {
		return v.State == journal.Parked, nil
	}
	_, transport, err := a.journal.Origin(ctx, v.ID)
	return err == nil && v.Reference == a.current().flow.intake.UnreadName(transport), err
}

// assign gives a submission that was never read to the route that takes it now, as if it had just prepare.Form.
func (a *Agent) assign(ctx context.Context, v journal.View, by string) error {
	id := v.ID
	inbasket, transport, err := a.journal.Origin(ctx, id)
	if err != nil {
		return err
	}
	rt := a.current()
	r := rt.flow.prepare.Routes[v.Route]
	if v.Route == "" {
		r = prepare.RouteFor(rt.feeds[inbasket], transport)
	}
	if r == nil {
		return &control.Error{Code: intake.CodeNoRoute, Message: fmt.Sprintf("no route takes submission %s", id),
			Hint: "add or mend a route of in-basket " + inbasket + ", reload, and retry", Status: http.StatusConflict}
	}
	form, contentType, attachments, err := a.journal.Form(ctx, id)
	if err != nil {
		return err
	}
	entry := rt.flow.intake.Read(r, inbasket, transport, contentType, form, attachments)
	if entry.Park != nil { // its reason is that of the route now
		return a.journal.ParkSubmission(ctx, id, *entry.Park)
	}
	if err := a.journal.Assign(ctx, id, entry, by); err != nil || len(entry.Reject) == 0 {
		return err
	}
	return a.journal.Reject(ctx, id, entry.Reject, prepare.WrongForm(), "", false)
}

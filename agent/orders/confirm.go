package orders

import (
	"context"
	"fmt"
	"net/http"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/lane"
)

// confirm takes as delivered what a person has found in a target that could not tell: a parked delivery, or
// a sealed batch that is held.
func (d *Desk) confirm(ctx context.Context, r control.ConfirmRequest) (control.Settled, error) {
	l, err := d.laneOf(r.Target)
	if err != nil {
		return control.Settled{}, err
	}
	if r.Seq > 0 {
		return control.Settled{}, d.confirmBatch(ctx, l, r)
	}
	view, err := reading.Of(d.Journal).Show(ctx, r.ID)
	if err != nil {
		return control.Settled{}, err
	}
	found := false
	for _, x := range view.Deliveries {
		if x.Target == r.Target && x.Batch > 0 && x.Progress != journal.Done {
			return control.Settled{}, notConfirmed(fmt.Sprintf("submission %s travels in batch %d of %s", r.ID, x.Batch, r.Target), fmt.Sprintf("inbasket confirm --batch %d %s", x.Batch, r.Target))
		}
		found = found || x.Target == r.Target && x.Progress == journal.Held
	}
	if !found {
		return control.Settled{}, notConfirmed(fmt.Sprintf("no delivery of submission %s to %s is parked", r.ID, r.Target), "look at it by: inbasket show "+r.ID.String())
	}
	changes, err := d.Running().Confirmed(ctx, r, []journal.ID{r.ID})
	if err != nil {
		return control.Settled{}, err
	}
	err = d.behindBar(ctx, r.ID, false, func() error { return delivering.Of(d.Journal).Apply(ctx, changes) })
	if err != nil {
		return control.Settled{}, err
	}
	return d.goOn(ctx, r.ID)
}

// confirmBatch ends a sealed batch whose file the target has.
func (d *Desk) confirmBatch(ctx context.Context, l *lane.Lane, r control.ConfirmRequest) error {
	open, err := delivering.Of(d.Journal).Batches(ctx, r.Target, true)
	if err != nil {
		return err
	}
	for _, b := range open {
		if b.Seq != r.Seq {
			continue
		}
		if b.Progress != journal.Held && b.Progress != journal.Doubtful {
			return notConfirmed(fmt.Sprintf("batch %d of %s is not held: the agent itself still finds out", r.Seq, r.Target), "look at it by: inbasket batches "+r.Target)
		}
		changes, err := d.Running().Confirmed(ctx, r, b.Members)
		if err != nil {
			return err
		}
		sending, err := l.Void(ctx, r.Seq, d.Clock.After(landing), func() error {
			return delivering.Of(d.Journal).MoveBatch(ctx, r.Target, r.Seq, journal.Done, nil, changes)
		})
		if sending {
			return notConfirmed(fmt.Sprintf("batch %d of %s is being sent at this moment", r.Seq, r.Target), "ask again in a moment")
		}
		return err
	}
	return notConfirmed(fmt.Sprintf("%s has no batch %d that waits", r.Target, r.Seq), "look for it by: inbasket batches "+r.Target)
}

func notConfirmed(message, hint string) error {
	return &control.Error{Code: control.CodeNotAllowed, Message: message, Hint: hint, Status: http.StatusConflict}
}

package agent

import (
	"context"
	"fmt"
	"net/http"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/lane"
)

// Confirm takes as delivered what a person has found in a target that could not tell: a parked delivery, or
// a sealed batch that is held.
func (a *Agent) Confirm(ctx context.Context, r control.ConfirmRequest) (control.Settled, error) {
	if err := a.notHeld(); err != nil {
		return control.Settled{}, err
	}
	l, err := a.laneOf(r.Target)
	if err != nil {
		return control.Settled{}, err
	}
	if r.Seq > 0 {
		return control.Settled{}, a.confirmBatch(ctx, l, r)
	}
	view, err := a.journal.Show(ctx, r.ID)
	if err != nil {
		return control.Settled{}, err
	}
	found := false
	for _, d := range view.Deliveries {
		if d.Target == r.Target && d.Batch > 0 && d.Progress != journal.Done {
			return control.Settled{}, notConfirmed(fmt.Sprintf("submission %s travels in batch %d of %s", r.ID, d.Batch, r.Target), fmt.Sprintf("inbasket confirm --batch %d %s", d.Batch, r.Target))
		}
		found = found || d.Target == r.Target && d.Progress == journal.Held
		if d.Progress == journal.Waiting {
			return control.Settled{}, notConfirmed(fmt.Sprintf("%s waits for a value that only a delivery returns", d.Target), "make the target take it again: inbasket retry")
		}
	}
	if !found {
		return control.Settled{}, notConfirmed(fmt.Sprintf("no delivery of submission %s to %s is parked", r.ID, r.Target), "look at it by: inbasket show "+r.ID.String())
	}
	changes, err := a.confirmed(ctx, r, []journal.ID{r.ID})
	if err != nil {
		return control.Settled{}, err
	}
	err = a.behindBar(ctx, r.ID, false, func() error {
		if err := a.journal.Apply(ctx, changes); err != nil {
			return err
		}
		l.Drop(r.ID)
		return nil
	})
	if err != nil {
		return control.Settled{}, err
	}
	return a.goOn(ctx, r.ID)
}

// confirmBatch ends a sealed batch whose file the target has.
func (a *Agent) confirmBatch(ctx context.Context, l *lane.Lane, r control.ConfirmRequest) error {
	open, err := a.journal.Batches(ctx, r.Target, true)
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
		changes, err := a.confirmed(ctx, r, b.Members)
		if err != nil {
			return err
		}
		sending, err := l.Void(r.Seq, func() error {
			return a.journal.MoveBatch(ctx, r.Target, r.Seq, journal.Done, nil, changes)
		})
		if sending {
			return notConfirmed(fmt.Sprintf("batch %d of %s is being sent at this moment", r.Seq, r.Target), "ask again in a moment")
		}
		return err
	}
	return notConfirmed(fmt.Sprintf("%s has no batch %d that waits", r.Target, r.Seq), "look for it by: inbasket batches "+r.Target)
}

func notConfirmed(message, hint string) error {
	return &control.Error{Code: CodeNotAllowed, Message: message, Hint: hint, Status: http.StatusConflict}
}

// confirmed makes the changes that end deliveries, as their target would have ended them.
func (a *Agent) confirmed(ctx context.Context, r control.ConfirmRequest, ids []journal.ID) ([]journal.Change, error) {
	stored, err := a.journal.Load(ctx, r.Target, ids)
	if err != nil {
		return nil, err
	}
	changes := make([]journal.Change, len(stored))
	for i := range stored {
		c, err := a.current().flow.prepare.Done(ctx, &stored[i], r.Target)
		if err != nil {
			return nil, err
		}
		c.By, c.Reason = r.By, &journal.Reason{Text: r.Reason}
		changes[i] = c
	}
	return changes, nil
}

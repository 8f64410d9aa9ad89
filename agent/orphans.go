package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
)

// Results returns results of the back office that wait for a person.
func (a *Agent) Results(ctx context.Context, f control.ResultsFilter) ([]journal.Outcome, error) {
	return control.WaitingResults(ctx, a.journal, f)
}

// Attach gives a result that waits for a person to a submission, whose front office is then told.
func (a *Agent) Attach(ctx context.Context, r control.AttachRequest) (control.Settled, error) {
	view, err := a.journal.Show(ctx, r.ID)
	if err != nil {
		return control.Settled{}, err
	}
	if view.State == journal.Rejected {
		return control.Settled{}, &control.Error{Code: CodeNotAllowed, Message: fmt.Sprintf("submission %s is rejected; its front office was told so", r.ID), Status: http.StatusConflict}
	}
	err = a.journal.AttachOrphan(ctx, r.Result, r.ID, r.Outcome, r.By)
	switch {
	case errors.Is(err, journal.ErrMeaning):
		return control.Settled{}, &control.Error{Code: control.CodeState, Message: "the mapping does not know the status of this result",
			Hint: "say what it means by --outcome, such as approved or refused", Status: http.StatusConflict}
	case errors.Is(err, journal.ErrNotFound):
		return control.Settled{}, &control.Error{Code: control.CodeNotFound, Message: fmt.Sprintf("there is no result %d", r.Result),
			Hint: "look for it by: inbasket results", Status: http.StatusNotFound}
	case errors.Is(err, journal.ErrState):
		return control.Settled{}, &control.Error{Code: control.CodeState, Message: "this result belongs to a submission already",
			Hint: "look for those that wait by: inbasket results", Status: http.StatusConflict}
	case err != nil:
		return control.Settled{}, err
	}
	return a.settled(ctx, r.ID)
}

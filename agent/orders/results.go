package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/agent/journal/reading"
)

// attach gives a result that waits for a person to a submission, whose front office is then told.
func (d *Desk) attach(ctx context.Context, r control.AttachRequest) (control.Settled, error) {
	view, err := reading.Of(d.Journal).Show(ctx, r.ID)
	if err != nil {
		return control.Settled{}, err
	}
	if view.State == journal.Purged {
		gone, err := purging.Of(d.Journal).Tombstone(ctx, r.ID)
		return control.Settled{}, cmp.Or[error](err, &journal.PurgedError{Tombstone: gone})
	}
	if view.State == journal.Rejected {
		return control.Settled{}, &control.Error{Code: control.CodeNotAllowed, Message: fmt.Sprintf("submission %s is rejected; its front office was told so", r.ID), Status: http.StatusConflict}
	}
	if err := waitingError(r.Result, deciding.Of(d.Journal).AttachOrphan(ctx, r.Result, r.ID, r.Outcome, r.By)); err != nil {
		return control.Settled{}, err
	}
	return d.settled(ctx, r.ID)
}

// dropResult sets a result that waits for a person aside for good, on that person's word.
func (d *Desk) dropResult(ctx context.Context, r control.DropResultRequest) (done control.Nothing, err error) {
	return done, waitingError(r.Result, deciding.Of(d.Journal).DropResult(ctx, r.Result, r.Reason, r.By))
}

// waitingError words the journal's errors about a waiting result for people.
func waitingError(n int64, err error) error {
	switch {
	case errors.Is(err, deciding.ErrMeaning):
		return &control.Error{Code: control.CodeState, Message: "the mapping does not know the status of this result",
			Hint: "say what it means by --outcome, such as approved or refused", Status: http.StatusConflict}
	case errors.Is(err, deciding.ErrOtherMeaning):
		return &control.Error{Code: control.CodeState, Message: fmt.Sprintf("result %d says itself what it means, and --outcome says otherwise", n),
			Hint: "leave --outcome out; or drop the result and record what the office decided: inbasket decide", Status: http.StatusConflict}
	case errors.Is(err, deciding.ErrWhole):
		return &control.Error{Code: CodeWholeFile, Message: fmt.Sprintf("result %d is a whole answer file of many decisions: given to one submission, it would tell one citizen what was decided of others", n),
			Hint: "mend the file and put it there again with its documents, then: inbasket results drop", Status: http.StatusConflict}
	case errors.Is(err, journal.ErrNotFound):
		return &control.Error{Code: control.CodeNotFound, Message: fmt.Sprintf("there is no result %d", n),
			Hint: "look for it by: inbasket results", Status: http.StatusNotFound}
	case errors.Is(err, journal.ErrState):
		return &control.Error{Code: control.CodeState, Message: "this result belongs to a submission already, or was dropped",
			Hint: "look for those that wait by: inbasket results", Status: http.StatusConflict}
	}
	return err
}

package agent

import (
	"context"
	"net/http"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice"
)

// Submit accepts a form that a front office posted.
func (a *Agent) Submit(ctx context.Context, office string, in frontoffice.Incoming) (frontoffice.Receipt, error) {
	if a.journal.Held() {
		return frontoffice.Receipt{}, frontoffice.Refuse(http.StatusServiceUnavailable, CodeHeld,
			"nothing is accepted until an operator has looked at a restored journal; repeat later with the same Idempotency-Key or reference").Later(time.Minute)
	}
	receipt, form, err := a.current().flow.intake.Submit(ctx, office, in)
	if form != nil { // a reload may have come between
		a.current().flow.intake.Forward(form)
	}
	return receipt, err
}

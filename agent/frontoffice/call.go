package frontoffice

import (
	"context"
	"net/http"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// call is one authenticated request.
type call struct {
	*account
	office string
	w      http.ResponseWriter
	r      *http.Request
	body   *pacedReader // of r
}

type callKey struct{}

// callOf returns the call that a handler works for; every handler has one.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// patient moves the connection's deadlines so that the answer may take d longer. Without that the
// server's own deadlines would cut a long poll, and with it the request's context.
func (q *call) patient(d time.Duration, clock connectors.Clock) {
	rc := http.NewResponseController(q.w)
	until := clock.Now().Add(d + answerTime)
	_ = rc.SetReadDeadline(until) // not every writer of a test has deadlines
	_ = rc.SetWriteDeadline(until)
}

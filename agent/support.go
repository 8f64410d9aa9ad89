package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"strconv"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// SystemClock is the real clock.
type SystemClock struct{}

// Now returns the time.
func (SystemClock) Now() time.Time { return time.Now() }

// After is time.After.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }


// digested returns a blob over b with its digest.
func digested(b []byte) connectors.Blob {
	return connectors.Blob{Digest: sha256.Sum256(b), Size: int64(len(b)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// deliveryKey is what a target's ledger knows a delivery by.
func deliveryKey(id journal.ID, identity string) string { return id.String() + "/" + identity }

func batchKey(identity string, seq int64) string {
	return identity + "/batch/" + strconv.FormatInt(seq, 10)
}

// routeFor returns the route that takes a form of this transport name: the first that matches.
func routeFor(routes []*route, transport string) *route {
	for _, r := range routes {
		if r.matches(transport) {
			return r
		}
	}
	return nil
}

func fieldErrors(in []mapping.FieldError) []journal.FieldError {
	out := make([]journal.FieldError, len(in))
	for i, e := range in {
		out[i] = journal.FieldError{Pointer: e.Pointer, Code: e.Code, Message: e.Message}
	}
	return out
}

// wait waits for d, or until ctx ends.
func (f *flow) wait(ctx context.Context, d time.Duration) {
	loop.Pause(ctx, f.clock, d)
}

// trouble remembers that a source keeps failing, so that it is logged once and asked ever more rarely.
type trouble struct {
	flow    *flow
	what    string
	name    string
	circuit *guard.Circuit
}

func troubles(f *flow, what, name string) *trouble {
	t := &trouble{flow: f, what: what, name: name, circuit: guard.NewCircuit(guard.Backoff{First: 250 * time.Millisecond, Most: time.Minute, Jitter: 0.3}, f.clock)}
	f.figures.watch(what, name, t.circuit)
	return t
}

// failed notes a failure, and waits before the next try.
func (t *trouble) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	t.note(err)
	_, tr := t.circuit.State()
	t.flow.wait(ctx, max(tr.RetryAt.Sub(t.flow.clock.Now()), 10*time.Millisecond))
}

// note notes a failure.
func (t *trouble) note(err error) {
	code, text := guard.Describe(err)
	if t.circuit.Fail(connectors.ClassOf(err), code, text) {
		t.flow.log.Error().Str("code", code).Str(t.what, t.name).Msg(t.what + " fails; trying again: " + text)
	}
}

func (t *trouble) over() {
	if t.circuit.OK() {
		t.flow.log.Info().Str(t.what, t.name).Msg(t.what + " works again")
	}
}

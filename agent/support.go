package agent

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// SystemClock is the real clock.
type SystemClock struct{}

// Now returns the time.
func (SystemClock) Now() time.Time { return time.Now() }

// After is time.After.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

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

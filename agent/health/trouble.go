package health

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// Trouble remembers that a source or a channel keeps failing, so that it is logged once and asked ever more rarely.
type Trouble struct {
	kind, name string
	circuit    *guard.Circuit
	clock      connectors.Clock
	log        zerolog.Logger
}

// Trouble makes that of a source or a channel, for status to show.
func (c *Counters) Trouble(kind, name string, log zerolog.Logger) *Trouble {
	t := &Trouble{kind: kind, name: name, clock: c.clock, log: log,
		circuit: guard.NewCircuit(guard.Backoff{First: 250 * time.Millisecond, Most: time.Minute, Jitter: 0.3, Random: c.jitter}, c.clock)}
	c.mu.Lock()
	c.of(kind, name).circuit = t.circuit
	c.mu.Unlock()
	return t
}

// Failed notes a failure, and waits before the next try.
func (t *Trouble) Failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	t.Note(err)
	_, tr := t.circuit.State()
	loop.Pause(ctx, t.clock, max(tr.RetryAt.Sub(t.clock.Now()), 10*time.Millisecond))
}

// Note notes a failure.
func (t *Trouble) Note(err error) {
	code, text := guard.Describe(err)
	if t.circuit.Fail(connectors.ClassOf(err), code, text) {
		t.log.Error().Str("code", code).Str(t.kind, t.name).Msg(t.kind + " fails; trying again: " + text)
	}
}

// Over notes that it works.
func (t *Trouble) Over() {
	if t.circuit.OK() {
		t.log.Info().Str(t.kind, t.name).Msg(t.kind + " works again")
	}
}

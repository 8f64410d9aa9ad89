package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// SystemClock is the real clock.
type SystemClock struct{}

// Now returns the time.
func (SystemClock) Now() time.Time { return time.Now() }

// After is time.After.
func (SystemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// maxContent bounds one attachment or document, in bytes; in-baskets have smaller bounds of their own.
const maxContent = 4 << 30

// grace is how long the last journal entries and moves may take once the agent is told to stop.
const grace = 5 * time.Second

// graced returns a context that outlives ctx by the grace, for what must be recorded of effects that
// have happened.
func graced(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}

// lingering returns a context that ends a grace after ctx does.
func lingering(ctx context.Context, clock connectors.Clock) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-clock.After(grace):
		case <-out.Done():
		}
		cancel()
	})
	return out, func() { stop(); cancel() }
}

// parallel runs f for 0 to n-1 on all processors and waits. Small work runs on the spot.
func parallel(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers < 2 || n < 8 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}

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
	defer waiting(ctx)()
	select {
	case <-ctx.Done():
	case <-f.clock.After(d):
	}
}

// turn lets one at a time do something that takes long. Who waits for it may give up.
type turn chan struct{}

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) over() { <-t }

// safely runs a call into a connector; one that breaks is an error, not the end of the agent.
func safely(op string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &connectors.Error{Class: connectors.Uncertain, Code: guard.CodePanic, Op: op, Err: fmt.Errorf("%v\n%s", p, debug.Stack())}
		}
	}()
	return call()
}

// trouble remembers that a source keeps failing, so that it is logged once and asked ever more rarely.
type trouble struct {
	flow    *flow
	what    string
	name    string
	circuit *guard.Circuit
}

func troubles(f *flow, what, name string) *trouble {
	t := &trouble{flow: f, what: what, name: name, circuit: guard.NewCircuit(guard.Backoff{First: 250 * time.Millisecond, Most: time.Minute, Jitter: 0.3, Random: f.jitter}, f.clock)}
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
	code, text := describe(err)
	if t.circuit.Fail(connectors.ClassOf(err), code, text) {
		t.flow.log.Error().Str("code", code).Str(t.what, t.name).Msg(t.what + " fails; trying again: " + text)
	}
}

func (t *trouble) over() {
	if t.circuit.OK() {
		t.flow.log.Info().Str(t.what, t.name).Msg(t.what + " works again")
	}
}

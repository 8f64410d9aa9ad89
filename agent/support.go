package agent

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

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

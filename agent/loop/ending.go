package loop

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// CodePanic is for what broke in the agent itself.
const CodePanic = "agent.panic" // the agent broke on this submission; it is parked, the others go on; send diagnostics to the maintainers

// grace is how long the last journal entries and moves may take once the agent is told to stop.
const grace = 5 * time.Second

// Grace returns a context that outlives ctx by a few seconds, for what must be recorded of effects that have happened.
func Grace(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), grace)
}

// Linger returns a context that ends a few seconds after ctx does, for what has begun: cut off, its outcome would be unclear.
func Linger(ctx context.Context, clock connectors.Clock) (context.Context, context.CancelFunc) {
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

// Parallel runs f for 0 to n-1 on all processors and waits. Small work runs on the spot.
func Parallel(n int, f func(i int)) {
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

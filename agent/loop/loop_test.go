package loop_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// A group that stops waits for what is in flight, for as long as it is let; what comes later does not start.
func TestGroupStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := loop.New(nil).Group(t.Context())
		release := make(chan struct{})
		g.Go("target", "register", func(ctx context.Context) { <-ctx.Done(); <-release })
		g.Background(func(ctx context.Context) { <-ctx.Done() })
		if g.Stop(time.After(time.Second)) {
			t.Error("stopped though a loop is in flight")
		}
		close(release)
		if !g.Stop(nil) {
			t.Error("not stopped though all have ended")
		}
		g.Go("target", "late", func(context.Context) { t.Error("started after the stop") })
		synctest.Wait()
	})
}

// Each way to wait ends with its context, is no work, and is work again afterwards.
func TestWaitsAreNoWork(t *testing.T) {
	ways := map[string]func(context.Context) bool{
		"wait":    func(ctx context.Context) bool { return loop.Wait(ctx, nil, nil) },
		"receive": func(ctx context.Context) bool { _, ok := loop.Receive(ctx, make(chan int)); return ok },
		"send":    func(ctx context.Context) bool { return loop.Send(ctx, make(chan int), 1) },
		"ask": func(ctx context.Context) bool {
			return loop.Ask(ctx, "ask", func() error { <-ctx.Done(); return ctx.Err() }) == nil
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := loop.New(nil)
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan bool)
				go h.Run(ctx, "kind", name, func(ctx context.Context) { ended <- way(ctx); <-t.Context().Done() })
				synctest.Wait()
				if stuck, hung := h.Look(time.Hour); len(stuck)+len(hung) != 0 {
					t.Errorf("while it waits: %v %v", stuck, hung)
				}
				stop()
				if <-ended {
					t.Error("it tells that it has what it waited for")
				}
				synctest.Wait()
				if stuck, _ := h.Look(time.Hour); len(stuck) != 1 || stuck[0].Name != name {
					t.Errorf("afterwards: %v", stuck)
				}
			})
		})
	}
}

// A call that hangs is the connector's, and one that breaks is an error.
func TestCallIsTheConnectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := loop.New(nil)
		release := make(chan struct{})
		var err error
		go h.Run(t.Context(), "target", "register", func(ctx context.Context) {
			err = loop.Call(ctx, "deliver", time.Minute, func() error { <-release; panic("broken") })
		})
		synctest.Wait()
		if stuck, hung := h.Look(time.Hour); len(stuck) != 0 || len(hung) != 1 || hung[0].Doing != "deliver" {
			t.Errorf("%v %v", stuck, hung)
		}
		close(release)
		synctest.Wait()
		var told *connectors.Error
		if !errors.As(err, &told) || told.Code != guard.CodePanic {
			t.Errorf("%v", err)
		}
	})
}

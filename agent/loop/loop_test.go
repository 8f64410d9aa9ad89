package loop_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/inbasket/inbasket/agent/loop"
)

type system struct{}

func (system) Now() time.Time                         { return time.Now() }
func (system) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Whatever way a loop waits, that is no stall; and work after it is one once it takes too long.
func TestWaitingIsNoStall(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(context.Context, chan int){
		"wait":    func(ctx context.Context, _ chan int) { loop.Wait(ctx, nil, nil) },
		"pause":   func(ctx context.Context, _ chan int) { loop.Pause(ctx, system{}, time.Hour) },
		"receive": func(ctx context.Context, c chan int) { loop.Receive(ctx, c) },
		"send":    func(ctx context.Context, c chan int) { loop.Send(ctx, c, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				beats := loop.New(nil)
				g := beats.Group(t.Context())
				waits, end := context.WithCancel(t.Context())
				go func() {
					ctx, _, _ := beats.Enter(waits, "test", name)
					wait(ctx, make(chan int))
				}()
				synctest.Wait()
				if stuck, hung := beats.Look(24 * time.Hour); len(stuck)+len(hung) != 0 {
					t.Errorf("waiting is told as %v, %v", stuck, hung)
				}
				end()
				synctest.Wait()
				if stuck, _ := beats.Look(time.Hour); len(stuck) != 1 {
					t.Errorf("an hour of work after it is told as %v", stuck)
				}
				if !g.Stop(nil) {
					t.Error("a group without loops does not stop")
				}
			})
		})
	}
}

// What has begun may end within a grace after a stop.
func TestLinger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		out, cancel := loop.Linger(ctx, system{})
		defer cancel()
		stop()
		synctest.Wait()
		if out.Err() != nil {
			t.Error("cut off at once")
		}
		loop.Pause(t.Context(), system{}, time.Minute) // of the bubble
		if out.Err() == nil {
			t.Error("lingers for ever")
		}
	})
}

func TestParallel(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 7, 8, 1000} {
		var sum atomic.Int64
		loop.Parallel(n, func(i int) { sum.Add(int64(i) + 1) })
		if got := sum.Load(); got != int64(n*(n+1)/2) {
			t.Errorf("%d: %d", n, got)
		}
	}
}

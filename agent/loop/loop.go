// Package loop starts, watches and stops what runs for as long as the agent does. A loop that works, waits or calls into a
// connector says so by the functions of this package, and that is what the watchdog looks at.
package loop

import (
	"context"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/connectors"
)

// Group are loops that start and stop together.
type Group struct {
	beats   *Heartbeats
	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Group makes a group whose loops end with ctx, or when it is stopped.
func (h *Heartbeats) Group(ctx context.Context) *Group {
	g := &Group{beats: h}
	g.ctx, g.stop = context.WithCancel(ctx)
	return g
}

// Context is that of the group's loops.
func (g *Group) Context() context.Context { return g.ctx }

// Go starts a loop that the watchdog looks at. It returns at once; in a group that was stopped nothing starts.
func (g *Group) Go(kind, name string, f func(ctx context.Context)) {
	g.Background(func(ctx context.Context) { g.beats.Run(ctx, kind, name, f) })
}

// Run runs f as a loop that the watchdog looks at, and returns when it ends.
func (h *Heartbeats) Run(ctx context.Context, kind, name string, f func(ctx context.Context)) {
	ctx, _, leave := h.Enter(ctx, kind, name)
	defer leave()
	f(ctx)
}

// Background is Go for what may work for long, such as a purge at night: nobody looks whether it moves.
func (g *Group) Background(f func(ctx context.Context)) {
	if g.ctx.Err() == nil {
		g.running.Go(func() { f(g.ctx) })
	}
}

// Stop ends all loops and waits for what is in flight, for as long as limit lets it; nil waits without end. It tells
// whether all have ended.
func (g *Group) Stop(limit <-chan time.Time) bool {
	g.stop()
	done := make(chan struct{})
	go func() { g.running.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-limit:
		return false
	}
}

// Wait waits for the first of both channels, each of which may be nil; false: ctx ended.
func Wait(ctx context.Context, changed <-chan struct{}, after <-chan time.Time) bool {
	defer Waiting(ctx)()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-after:
	}
	return true
}

// Pause waits for d; false: ctx ended.
func Pause(ctx context.Context, clock connectors.Clock, d time.Duration) bool {
	return Wait(ctx, nil, clock.After(d))
}

// Receive waits for a value; false: the channel is closed, or ctx ended.
func Receive[T any](ctx context.Context, from <-chan T) (v T, ok bool) {
	defer Waiting(ctx)()
	select {
	case v, ok = <-from:
	case <-ctx.Done():
	}
	return v, ok
}

// Send waits until a value is taken; false: ctx ended.
func Send[T any](ctx context.Context, to chan<- T, v T) bool {
	defer Waiting(ctx)()
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// Ask calls into a connector for something that need not come, such as the next form: it has time limits of its own. A
// connector that breaks gives an error, and is not the end of the agent.
func Ask(ctx context.Context, op string, call func() error) error {
	defer Waiting(ctx)()
	return guard.Safely(op, call)
}

// Call calls into a connector, which has limit for it; 0: no limit of its own. One that breaks gives an error.
func Call(ctx context.Context, op string, limit time.Duration, call func() error) error {
	defer Calling(ctx, op, limit)()
	return guard.Safely(op, call)
}

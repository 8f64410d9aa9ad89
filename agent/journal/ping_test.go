package journal_test

import (
	"context"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Ping waits for a writer that is at work on a call, and not for one that keeps the journal.
func TestPing(t *testing.T) {
	r := newRig(t)
	r.must(r.Ping(r.ctx()))
	begun, release := make(chan struct{}), make(chan struct{})
	busy := func() error { begun <- struct{}{}; <-release; return nil }
	ended := make(chan error, 1)
	go func() { ended <- r.Do(context.Background(), "test", func(*journal.Tx) error { return busy() }) }()
	<-begun
	ctx, cancel := context.WithTimeout(r.ctx(), 50*time.Millisecond)
	defer cancel()
	if err := r.Ping(ctx); err == nil {
		t.Error("a writer that is stuck in a call answered")
	}
	release <- struct{}{}
	r.must(<-ended)
	r.must(r.Ping(r.ctx()))
	go func() { ended <- r.Idle(context.Background(), "test", func(*engine.Conn) error { return busy() }) }()
	<-begun
	if !r.Maintaining() {
		t.Error("it does not tell that it keeps the journal")
	}
	r.must(r.Ping(r.ctx()))
	release <- struct{}{}
	r.must(<-ended)
	r.must(r.Close())
	if err := r.Ping(r.ctx()); err == nil {
		t.Error("a closed journal answered")
	}
}

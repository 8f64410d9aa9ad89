package loop_test

import (
	"context"
	"errors"
	"testing"

	"github.com/inbasket/inbasket/agent/loop"
)

// Who waits for a turn and goes away neither has it nor keeps it from others.
func TestTurn(t *testing.T) {
	var turn loop.Turn
	if err := turn.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { gone <- turn.Take(ctx) }()
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	turn.Over()
	if err := turn.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
}

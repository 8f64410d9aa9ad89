package guard

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

type fakeClock struct{ now time.Time }

func (c *fakeClock) Now() time.Time                       { return c.now }
func (c *fakeClock) After(time.Duration) <-chan time.Time { return nil }

func TestCircuit(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	c := NewCircuit(Backoff{First: time.Second, Most: 4 * time.Second}, clock)
	allow := func(ok, probe bool, wait time.Duration) {
		t.Helper()
		if o, p, w := c.Allow(); o != ok || p != probe || w != wait {
			t.Fatalf("Allow = %v, %v, %v; want %v, %v, %v", o, p, w, ok, probe, wait)
		}
	}
	allow(true, false, 0)
	if !c.Fail(connectors.TargetError, "sql.login", "login refused") {
		t.Error("the first failure must be news")
	}
	allow(false, false, time.Second)
	clock.now = clock.now.Add(time.Second)
	allow(true, true, 0)
	if s, _ := c.State(); s != HalfOpen {
		t.Errorf("state %s while probing", s)
	}
	allow(false, false, time.Second) // one probe at a time
	if c.Fail(connectors.TargetError, "sql.login", "login refused") {
		t.Error("a second failure is no news")
	}
	allow(false, false, 2*time.Second)
	c.Try() // an operator mended it
	allow(true, true, 0)
	if !c.OK() {
		t.Error("closing must be news")
	}
	allow(true, false, 0)
}

// A clock set back by hours must not keep the circuit open for hours.
func TestCircuitClockSetBack(t *testing.T) {
	clock := &fakeClock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	c := NewCircuit(Backoff{First: time.Second, Most: 4 * time.Second}, clock)
	c.Fail(connectors.Transient, "x", "y")
	clock.now = clock.now.Add(-5 * time.Hour)
	if ok, probe, _ := c.Allow(); !ok || !probe {
		t.Error("the circuit waits for the old clock")
	}
}

func TestBackoff(t *testing.T) {
	b := Backoff{First: time.Second, Most: 10 * time.Second, Jitter: 0.5}
	for n, want := range map[int]time.Duration{1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 60: 10} {
		if got := b.After(n, 0); got != want*time.Second {
			t.Errorf("After(%d) = %v, want %v s", n, got, want)
		}
	}
	if got := b.After(1, 1); got != 500*time.Millisecond {
		t.Errorf("full jitter gives %v", got)
	}
}

type brokenTarget struct{ connectors.Target }

func (brokenTarget) Deliver(ctx context.Context, g connectors.Group) ([]connectors.Outcome, error) {
	if g.Key == "panic" {
		panic("broken")
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestTargetGuards(t *testing.T) {
	g := Wrap(brokenTarget{}, 10*time.Millisecond)
	for key, code := range map[string]string{"panic": CodePanic, "slow": CodeTimeout} {
		_, err := g.Deliver(t.Context(), connectors.Group{Key: key})
		var e *connectors.Error
		if !errors.As(err, &e) || e.Code != code || e.Class != connectors.Uncertain {
			t.Errorf("%s: %v, want an uncertain %s", key, err, code)
		}
	}
}

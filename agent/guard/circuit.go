package guard

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Backoff says how long to wait after failures in a row.
type Backoff struct {
	First  time.Duration  // after the first failure
	Most   time.Duration  // never longer
	Jitter float64        // share of the delay that is random, 0 to 1
	Random func() float64 // in [0,1); nil: the system's
}

// DefaultBackoff is for targets and result sources: from a quarter of a second to five minutes.
func DefaultBackoff() Backoff {
	return Backoff{First: 250 * time.Millisecond, Most: 5 * time.Minute, Jitter: 0.3}
}

// After returns the delay after n failures in a row (n counts from 1), made random by r in [0,1).
func (b Backoff) After(n int, r float64) time.Duration {
	d := b.First
	for i := 1; i < n && d < b.Most; i++ {
		d *= 2
	}
	d = min(d, b.Most)
	return d - time.Duration(float64(d)*b.Jitter*r)
}

// State of a circuit.
type State string

// The states: closed lets everything through, open nothing, half-open one small group to try.
const (
	Closed   State = "closed"
	Open     State = "open"
	HalfOpen State = "half-open"
)

// Trouble says why a circuit is not closed.
type Trouble struct {
	Since   time.Time
	RetryAt time.Time
	Class   connectors.Class
	Code    string
	Text    string // safe to show
	Count   int    // failures in a row
}

// Circuit keeps a failing system from being hammered. All methods may be called concurrently.
type Circuit struct {
	backoff Backoff
	clock   connectors.Clock

	mu      sync.Mutex
	trouble Trouble
	trying  bool
}

// NewCircuit returns a closed circuit.
func NewCircuit(b Backoff, clock connectors.Clock) *Circuit {
	if b.Random == nil {
		b.Random = rand.Float64
	}
	return &Circuit{backoff: b, clock: clock}
}

// Allow tells whether a group may go now: all of it, or with probe only a small one. If not, wait says
// for how long. A caller that was allowed must call OK or Fail, else a probe blocks the circuit.
func (c *Circuit) Allow() (ok, probe bool, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trouble.Count == 0 {
		return true, false, 0
	}
	if c.trying {
		return false, false, time.Second
	}
	if now := c.clock.Now(); now.Before(c.trouble.RetryAt) {
		// A clock that was set back must not keep the circuit open for longer than its longest delay.
		if wait = c.trouble.RetryAt.Sub(now); wait <= c.backoff.Most {
			return false, false, wait
		}
	}
	c.trying = true
	return true, true, 0
}

// OK closes the circuit; it returns true if it was not closed before.
func (c *Circuit) OK() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.trouble.Count > 0
	c.trouble, c.trying = Trouble{}, false
	return was
}

// Fail opens the circuit, or keeps it open for longer; it returns true if it was closed before.
func (c *Circuit) Fail(class connectors.Class, code, text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	t := &c.trouble
	if t.Count == 0 {
		t.Since = now
	}
	t.Count++
	t.Class, t.Code, t.Text = class, code, text
	t.RetryAt = now.Add(c.backoff.After(t.Count, c.backoff.Random()))
	c.trying = false
	return t.Count == 1
}

// Abandon takes back an Allow that led to nothing.
func (c *Circuit) Abandon() {
	c.mu.Lock()
	c.trying = false
	c.mu.Unlock()
}

// Try makes the next Allow succeed, for an operator who has mended the system.
func (c *Circuit) Try() {
	c.mu.Lock()
	c.trouble.RetryAt = time.Time{}
	c.mu.Unlock()
}

// State returns the state and, unless closed, the trouble.
func (c *Circuit) State() (State, Trouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.trouble.Count == 0:
		return Closed, Trouble{}
	case c.trying:
		return HalfOpen, c.trouble
	default:
		return Open, c.trouble
	}
}

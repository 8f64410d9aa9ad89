package intake

import (
	"sync"
	"time"
)

// fakeClock stands still until it is told to go on. asleep, when set, is called whenever somebody
// begins to wait on it: a test then knows that there is nothing more to do.
type fakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers []fakeTimer
	asleep func()
}

type fakeTimer struct {
	at time.Time
	c  chan time.Time
}

func newClock() *fakeClock { return &fakeClock{now: time.Now()} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	ch := make(chan time.Time, 1)
	c.timers = append(c.timers, fakeTimer{c.now.Add(d), ch})
	f := c.asleep
	c.mu.Unlock()
	if f != nil {
		f()
	}
	return ch
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	left := c.timers[:0]
	for _, t := range c.timers {
		if t.at.After(c.now) {
			left = append(left, t)
		} else {
			t.c <- c.now
		}
	}
	c.timers = left
}

func (c *fakeClock) onSleep(f func()) {
	c.mu.Lock()
	c.asleep = f
	c.mu.Unlock()
}

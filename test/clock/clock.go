// Package clock gives tests a connectors.Clock that they control.
package clock

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Start is where every clock of this package starts: a Monday noon, UTC.
var Start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Fast is a clock that runs Factor times as fast as the real one, for tests of code that polls.
type Fast struct {
	factor int
	begun  time.Time
	set    atomic.Int64 // by how much it was set since, in nanoseconds
}

// NewFast returns a running clock.
func NewFast(factor int) *Fast { return &Fast{factor: factor, begun: time.Now()} }

// Now returns Start plus what has passed, times the factor, and what Jump added.
func (f *Fast) Now() time.Time {
	return Start.Add(time.Since(f.begun)*time.Duration(f.factor) + time.Duration(f.set.Load()))
}

// After returns a channel that receives when d has passed on this clock.
func (f *Fast) After(d time.Duration) <-chan time.Time {
	return time.After(d / time.Duration(f.factor))
}

// Manual is a clock that stands still until Advance moves it.
type Manual struct {
	mu     sync.Mutex
	now    time.Time
	alarms []alarm
}

type alarm struct {
	at time.Time
	c  chan time.Time
}

// NewManual returns a clock that stands at Start.
func NewManual() *Manual { return &Manual{now: Start} }

// Now returns where the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// After returns a channel that receives when Advance has moved the clock by d or more.
func (m *Manual) After(d time.Duration) <-chan time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := make(chan time.Time, 1)
	if d <= 0 {
		c <- m.now
		return c
	}
	m.alarms = append(m.alarms, alarm{m.now.Add(d), c})
	return c
}

// Advance moves the clock and lets every alarm go off that is due, earliest first.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	slices.SortStableFunc(m.alarms, func(a, b alarm) int { return a.at.Compare(b.at) })
	for len(m.alarms) > 0 && !m.alarms[0].at.After(m.now) {
		m.alarms[0].c <- m.now
		m.alarms = m.alarms[1:]
	}
}

// Waiting returns how many alarms are set, so that a test can wait until the code under test sleeps.
func (m *Manual) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.alarms)
}

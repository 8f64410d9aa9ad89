package health

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

const (
	lookEvery    = 15 * time.Second // when no service manager wants it more often
	journalLimit = 2 * time.Minute  // of the journal's writer, to take the next call
)

// watchdog looks whether the agent moves, and tells the service manager while it does.
type watchdog struct {
	every  time.Duration
	ping   func(context.Context) error // returns once the journal's writer takes calls
	busy   func() bool                 // the writer takes its time for good reason, and all may have to wait for it
	asked  atomic.Bool                 // the journal's writer has not answered yet
	writer *loop.Heartbeat             // of the journal
	last   time.Time                   // on the clock, at the last look
	status string                      // as told last
}

// watchEvery is how often it is looked: twice in the time after which a service manager restarts the agent.
func watchEvery(manager time.Duration) time.Duration {
	if half := manager / 2; half > 0 {
		return min(half, lookEvery)
	}
	return lookEvery
}

// Watch looks until ctx ends.
func (s *Service) Watch(ctx context.Context) {
	defer s.begin(ctx, s.journal.Ping, s.journal.Maintaining)()
	s.options.Each()
	for loop.Pause(ctx, s.options.Clock, s.dog.every) {
		s.watch(ctx)
		s.tellStatus(ctx)
	}
}

// begin begins to look; the returned func ends it.
func (s *Service) begin(ctx context.Context, ping func(context.Context) error, busy func() bool) (end func()) {
	w := &s.dog
	_, w.writer, end = s.Loops.Enter(ctx, "journal", "writer")
	w.writer.Rest()
	w.ping, w.busy, w.last = ping, busy, s.options.Clock.Now()
	return end
}

// watch tells the service manager that the agent moves, unless a part of it is stuck: then the manager
// restarts it. What hangs in a connector is that system's trouble; a restart would stop the others for it.
func (s *Service) watch(ctx context.Context) {
	w := &s.dog
	s.jumped()
	s.options.Each()
	if w.asked.CompareAndSwap(false, true) {
		w.writer.Do("take the next call", journalLimit)
		go func() {
			_ = w.ping(ctx) // an error is an answer
			w.writer.Rest()
			w.asked.Store(false)
		}()
	}
	passed := w.every
	if w.busy() {
		passed = 0
	}
	stuck, hung := s.Loops.Look(passed)
	s.mu.Lock()
	wasStuck, wasHung := s.stuck, s.hung
	s.stuck, s.hung = stuck, hung
	s.mu.Unlock()
	s.log(CodeStuck, stuck, wasStuck, "a part of the agent is stuck; the service manager restarts it, nothing is lost")
	s.log(CodeHung, hung, wasHung, "a call to an outside system does not end though its time is over; the others go on")
	if len(stuck) == 0 {
		s.Tell("watchdog")
	} else {
		s.Tell("stuck")
	}
}

// log logs what has begun and what is over.
func (s *Service) log(code string, now, was []loop.Stall, text string) {
	has := func(list []loop.Stall, x loop.Stall) bool {
		return slices.ContainsFunc(list, func(y loop.Stall) bool { return x.Kind == y.Kind && x.Name == y.Name })
	}
	for _, x := range now {
		if !has(was, x) {
			s.options.Log.Error().Str("code", code).Str("part", x.Kind+" "+x.Name).Str("doing", x.Doing).Msg(text)
		}
	}
	for _, x := range was {
		if !has(now, x) {
			s.options.Log.Info().Str("code", code).Str("part", x.Kind+" "+x.Name).Msg("it moves again")
		}
	}
}

// tellStatus tells the service manager in one line how the agent stands, when that has changed.
func (s *Service) tellStatus(ctx context.Context) {
	w := &s.dog
	stuck, _ := s.stalled()
	if s.ending.Load() || s.options.Notify == nil || w.asked.Load() && len(stuck) > 0 {
		return // it said that it stops, nobody listens, or reading the journal would be stuck as well
	}
	status, err := s.Status(ctx)
	if err != nil {
		return
	}
	if line := Line(status); line != w.status {
		w.status = line
		s.Tell("status " + line)
	}
}

// jumped notices that the clock was set, or that the machine slept.
func (s *Service) jumped() {
	w := &s.dog
	now := s.options.Clock.Now()
	passed := w.every
	if now != now.Round(0) { // it has a monotonic reading
		passed = now.Sub(w.last)
	}
	by := now.Round(0).Sub(w.last.Round(0)) - passed
	w.last = now
	if by.Abs() <= time.Minute {
		return
	}
	how := "forward"
	if by < 0 {
		how = "back"
	}
	s.Notice(connectors.Notice{Code: CodeJumped, Text: fmt.Sprintf("the clock went %s by %s: it was set, or this machine slept; the agent goes on", how, roughly(by.Abs()))})
}

// roughly prints how far a clock was off: in days when that is many.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day {
		return fmt.Sprintf("%d days", (d+day/2)/day)
	}
	return d.Round(time.Second).String()
}

package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// journalLimit is how long the journal's writer may take to take the next call, which is far more than it needs.
const journalLimit = 2 * time.Minute

// lookEvery is how often the agent looks at itself when no service manager wants it more often.
const lookEvery = 15 * time.Second

// watcher looks whether the agent moves, and tells the service manager while it does.
type watcher struct {
	agent  *Agent
	every  time.Duration
	ping   func(context.Context) error // returns once the journal's writer takes calls
	busy   func() bool                 // the writer takes its time for good reason, and all may have to wait for it
	asked  atomic.Bool                 // the journal's writer has not answered yet
	probe  *loop.Heartbeat
	last   time.Time // on the clock, at the last look
	status string    // as told last
	quiet  bool      // no status line

	stuck, hung []loop.Stall // as found last; guarded by the agent's mu
}

// watch looks until ctx ends.
func (a *Agent) watch(ctx context.Context) {
	w := a.watcher
	if w.ping == nil {
		w.ping, w.busy = a.journal.Ping, a.journal.Maintaining
	}
	_, probe, leave := a.beats.Enter(ctx, "journal", "writer")
	defer leave()
	w.probe = probe
	w.probe.Rest()
	w.last = a.clock.Now()
	w.keepReserve()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.clock.After(w.every):
		}
		w.look(ctx)
	}
}

func newWatcher(a *Agent) *watcher {
	w := &watcher{agent: a, every: lookEvery}
	if half := a.options.Watchdog / 2; half > 0 {
		w.every = min(half, lookEvery)
	}
	return w
}

// look tells the service manager that the agent moves, unless a part of it is stuck: then the manager
// restarts it. What hangs in a connector is that system's trouble; a restart would stop the others for it.
func (w *watcher) look(ctx context.Context) {
	a := w.agent
	w.jumped()
	w.keepReserve()
	if a.serving != nil {
		a.serving.api.Sweep()
	}
	if w.asked.CompareAndSwap(false, true) {
		w.probe.Do("take the next call", journalLimit)
		go func() {
			_ = w.ping(ctx) // an error is an answer
			w.probe.Rest()
			w.asked.Store(false)
		}()
	}
	passed := w.every
	if w.busy != nil && w.busy() {
		passed = 0
	}
	stuck, hung := a.beats.Look(passed)
	a.mu.Lock()
	wasStuck, wasHung := w.stuck, w.hung
	w.stuck, w.hung = stuck, hung
	a.mu.Unlock()
	w.tell(CodeStuck, stuck, wasStuck, "a part of the agent is stuck; the service manager restarts it, nothing is lost")
	w.tell(CodeHung, hung, wasHung, "a call to an outside system does not end though its time is over; the others go on")
	if len(stuck) == 0 {
		a.tell("watchdog")
	} else {
		a.tell("stuck")
	}
	w.tellStatus(ctx)
}

func (w *watcher) keepReserve() {
	if !w.quiet {
		keepReserve(w.agent.options.Config.State)
	}
}

// tell logs what has begun and what is over.
func (w *watcher) tell(code string, now, was []loop.Stall, text string) {
	has := func(list []loop.Stall, s loop.Stall) bool {
		return slices.ContainsFunc(list, func(x loop.Stall) bool { return x.Kind == s.Kind && x.Name == s.Name })
	}
	for _, s := range now {
		if !has(was, s) {
			w.agent.log.Error().Str("code", code).Str("part", s.Kind+" "+s.Name).Str("doing", s.Doing).Msg(text)
		}
	}
	for _, s := range was {
		if !has(now, s) {
			w.agent.log.Info().Str("code", code).Str("part", s.Kind+" "+s.Name).Msg("it moves again")
		}
	}
}

// jumped notices that the clock was set, or that the machine slept.
func (w *watcher) jumped() {
	now := w.agent.clock.Now()
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
	w.agent.notice(connectors.Notice{Code: CodeJumped, Text: fmt.Sprintf("the clock went %s by %s: it was set, or this machine slept; the agent goes on", how, roughly(by.Abs()))})
}

// roughly prints how far a clock was off: in days when that is many.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day {
		return fmt.Sprintf("%d days", (d+day/2)/day)
	}
	return d.Round(time.Second).String()
}

// stalled returns what does not move, for status.
func (a *Agent) stalled() (stuck, hung []loop.Stall) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.watcher.stuck, a.watcher.hung
}

// trouble tells a stall to people.
func stallTrouble(s loop.Stall, code, next string, now time.Time) *control.Trouble {
	return &control.Trouble{Code: code, Text: fmt.Sprintf("%s does not end", s.Doing), Next: next, Since: now.Add(-s.Spent)}
}

// addStalls puts what does not move into a status.
func (a *Agent) addStalls(s *control.Status) {
	stuck, hung := a.stalled()
	now := a.clock.Now()
	for _, x := range stuck {
		t := stallTrouble(x, CodeStuck, "the service manager restarts the agent; without one, restart it", now)
		t.Text = x.Kind + " " + x.Name + ": " + t.Text
		s.Stuck = append(s.Stuck, *t)
	}
	for _, x := range hung {
		t := stallTrouble(x, CodeHung, "look at that system; when it works and this does not end, restart the agent", now)
		switch x.Kind {
		case kindTarget:
			for i := range s.Targets {
				if s.Targets[i].Name == x.Name {
					s.Targets[i].Trouble = t
				}
			}
		case kindInbasket:
			setTrouble(s.Inbaskets, x.Name, t)
		case kindResults:
			setTrouble(s.Results, x.Name, t)
		case kindOffice:
			for i := range s.FrontOffices {
				if s.FrontOffices[i].Name == x.Name {
					s.FrontOffices[i].Trouble = t
				}
			}
		}
	}
}

func setTrouble(list []control.SourceStatus, name string, t *control.Trouble) {
	for i := range list {
		if list[i].Name == name {
			list[i].Trouble = t
		}
	}
}

// unstuck refuses what would wait for a call that does not end.
func (a *Agent) unstuck(op string) error {
	_, hung := a.stalled()
	if len(hung) == 0 {
		return nil
	}
	var names []string
	for _, x := range hung {
		names = append(names, x.Kind+" "+x.Name)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeHung, Op: op,
		Hint: "a call to " + strings.Join(names, ", ") + " does not end, and this would wait for it; restart the agent instead"}
}

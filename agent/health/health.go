// Package health tells how the agent does: to the service manager that may restart it, to people by status, and to monitoring by
// metrics. All three are made of one look at the agent.
package health

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/monitor"
	"github.com/inbasket/inbasket/connectors"
)

// Options are what the health of an agent is made of.
type Options struct {
	Clock    connectors.Clock
	Log      zerolog.Logger
	Version  string
	Config   *config.Config // at the start: its state folder does not change
	Memory   Memory
	Watchdog time.Duration           // a service manager restarts the agent when it hears nothing for this long; 0: none does
	Notify   func(event string)      // tells the service manager; nil: none is there
	Jitter   func() float64          // random share of delays; nil: the system's
	Parts    func() Parts            // what the configuration in force has at work
	Each     func()                  // done at each look of the watchdog
	Held     func() *control.Trouble // why a restored agent is held; nil: it is not
	Space    func() *control.Trouble // why posted forms are refused; nil: there is space for them
}

// Parts are what one configuration has at work.
type Parts struct {
	Config    *config.Config
	Loaded    time.Time
	Inbaskets map[string]connectors.Inbasket
	Results   map[string]ResultSource
	Push      []string // front offices that events are pushed to
	Targets   map[string]interface{ Health() TargetHealth }
	Waiting   func(kind, name string) []control.WaitingItem // items of a source that wait, each on its own
}

// ResultSource is a source of results, and the kind of system that it asks.
type ResultSource struct {
	connectors.ResultSource
	Type string
}

// TargetHealth is how one target's lane stands.
type TargetHealth struct {
	Circuit   *guard.Circuit
	Guarantee string
	Paused    bool
	Why       string               // it is paused
	Trouble   *control.Trouble     // beside that of its circuit
	Batch     *control.BatchStatus // the open batch; nil: it takes none
	Stopped   int                  // deliveries that wait behind older ones of their order keys
	StoppedBy journal.ID           // the oldest of these
}

// Served is where the agent is reached.
type Served struct {
	FrontOffice, Monitor string // addresses; empty: not served
	API                  *frontoffice.API
	Offices              *frontoffice.Server // nil: not served
}

// Service tells how one agent does.
type Service struct {
	Counters *Counters
	Loops    *loop.Heartbeats

	options Options
	started time.Time
	journal *journal.Journal
	served  Served
	dog     watchdog
	ending  atomic.Bool // it said so to the service manager

	mu          sync.Mutex
	stuck, hung []loop.Stall // as found last
}

// New makes the health of an agent that starts.
func New(o Options) *Service {
	s := &Service{options: o, started: o.Clock.Now(), Counters: newCounters(o.Clock, o.Jitter), Loops: loop.New(NewGoal(o.Memory).AtWork)}
	s.Counters.Metrics = monitor.NewMetrics(s, o.Clock, o.Version)
	s.dog.every = watchEvery(o.Watchdog)
	return s
}

// Runs tells of the journal, and of where the agent is reached. It is called before anything is asked.
func (s *Service) Runs(j *journal.Journal, at Served) { s.journal, s.served = j, at }

// Notice tells the operator of something: in the log, in status and in the metrics.
func (s *Service) Notice(n connectors.Notice) {
	s.options.Log.Warn().Str("code", n.Code).Msg(n.Text)
	s.Counters.Notice(n)
}

// Tell tells the service manager how the agent stands.
func (s *Service) Tell(event string) {
	if s.options.Notify != nil {
		s.options.Notify(event)
	}
}

// Stopping tells the service manager that the agent stops, and nothing more.
func (s *Service) Stopping() {
	s.ending.Store(true)
	s.Tell("stopping")
}

// stalled returns what does not move.
func (s *Service) stalled() (stuck, hung []loop.Stall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck, s.hung
}

// Alive returns why the agent should be restarted: a part of it is stuck, or the journal cannot be read at all.
func (s *Service) Alive(ctx context.Context) (reasons []monitor.Reason) {
	stuck, _ := s.stalled()
	for _, x := range stuck {
		reasons = append(reasons, monitor.Reason{Code: CodeStuck, Text: x.Kind + " " + x.Name + ": " + x.Doing + " does not end"})
	}
	if len(reasons) > 0 {
		return reasons // reading the journal might be stuck as well
	}
	if _, err := delivering.Of(s.journal).Paused(ctx); err != nil {
		return []monitor.Reason{{Code: journal.CodeUnavailable, Text: "the journal cannot be read"}}
	}
	return nil
}

// Ready returns why the agent cannot do all of its work now: targets, in-baskets and front offices in trouble.
func (s *Service) Ready(ctx context.Context) []monitor.Reason {
	reasons := s.Alive(ctx)
	status, err := s.Status(ctx)
	if err != nil {
		return reasons
	}
	add := func(what string, t *control.Trouble) {
		if t != nil {
			reasons = append(reasons, monitor.Reason{Code: t.Code, Text: what + ": " + t.Text})
		}
	}
	add("the journal", status.Journal)
	add("the agent", status.Held)
	for _, p := range parts(&status) {
		add(p.kind+" "+p.name, *p.trouble)
	}
	return reasons
}

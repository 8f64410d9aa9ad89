// Package agent is the agent itself: it takes submissions out of in-baskets, delivers them to targets,
// collects results and tells front offices. flow.go reads top to bottom as a submission's life.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/decisions"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/recovery"
	"github.com/inbasket/inbasket/agent/upkeep"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
)

// stopLimit is how long a clean stop may take; what is still in flight then is found by the next start.
const stopLimit = 8 * time.Second

// closeLimit is how long a stop waits for the journal to take the last word, and to close.
const closeLimit = 700 * time.Millisecond

// Options are what an agent is made of.
type Options struct {
	Config  *config.Config
	Reload  func() (*config.Config, error) // reads the configuration again; nil: reload is refused
	Clock   connectors.Clock               // nil: the system's
	Log     zerolog.Logger
	Version string
	Force   bool            // targets with open deliveries may be re-pointed or removed
	Ready   func(Addresses) // called once everything runs; may be nil
	// Notify tells a service manager: reloading, reloaded, stopping, watchdog (all parts of the agent move), or
	// "status " and a line on how it stands. It may be nil.
	Notify   func(event string)
	Watchdog time.Duration // a service manager restarts the agent when it hears no watchdog for this long; 0: none does
	Memory   health.Memory
	Surround Surround // what stands between the agent and its machine; the zero value: nothing
}

// Surround takes the place of what an agent asks of its machine, so that a simulation can be equal for equal seeds.
type Surround struct {
	// Listen opens the listener of front offices or of orders, by its name; nil: the system's.
	Listen func(name string) (net.Listener, error)
	IDs    io.Reader      // random bytes of IDs; nil: the system's
	Jitter func() float64 // random share of delays, in [0,1); nil: the system's
	Commit journal.Hooks  // around each commit of the journal
}

// The listeners of Surround.Listen.
const (
	ListenerOffices = "front offices"
	ListenerOrders  = "orders"
)

// Addresses are where a running agent listens.
type Addresses struct {
	FrontOffice string // host:port; empty: not served
	Monitor     string // host:port; empty: not served
	Control     string // path of the socket, or host:port
}

// Agent is one agent on one journal.
type Agent struct {
	options   Options
	clock     connectors.Clock
	log       zerolog.Logger
	journal   *journal.Journal
	content   *content.Store
	health    *health.Service
	waiting   *waiting.Items
	decisions *decisions.Service
	serving   *serving
	trail     *audit.Trail
	desk      *orders.Desk
	upkeep    *upkeep.Service
	recovery  *recovery.Service

	mu        sync.Mutex // guards assembly, next and reloading
	assembly  *assembly
	next      *assembly // about to take over; nil: none
	reloading loop.Turn
	parent    context.Context // of assemblies
	closed    sync.Once
}

// roomLook is between two looks for room at the start.
const roomLook = 2 * time.Second

// New opens journal and content store, and builds everything that the configuration names. Nothing
// runs until Run. Only one agent can have a journal open. While the disk is full New waits for room.
func New(ctx context.Context, o Options) (*Agent, error) {
	if o.Clock == nil {
		o.Clock = SystemClock{}
	}
	state, told := o.Config.State, false
	for {
		a, err := open(ctx, o)
		if err == nil {
			if told {
				o.Log.Info().Msg("there is room on the disk again; the agent starts")
			}
			return a, nil
		}
		if !upkeep.NoSpace(state, err) {
			return nil, err
		}
		if upkeep.GiveUpReserve(state, o.Log) {
			continue
		}
		if !told {
			told = true
			o.Log.Error().Str("code", journal.CodeDiskFull).Msg("the disk that holds the state folder is full: the agent waits for room and then starts by itself; nothing is lost")
			if o.Notify != nil {
				o.Notify("status waiting: the disk that holds " + state + " is full")
			}
		}
		if !loop.Pause(ctx, o.Clock, roomLook) {
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

// open is one attempt of New.
func open(ctx context.Context, o Options) (*Agent, error) {
	a := &Agent{options: o, clock: o.Clock, log: o.Log, waiting: waiting.New(o.Clock, o.Log)}
	if err := os.MkdirAll(o.Config.State, 0o700); err != nil {
		return nil, fmt.Errorf("make the state folder: %w", err)
	}
	if err := backup.Finish(o.Config.State); err != nil { // a restore that a crash interrupted
		return nil, err
	}
	a.health = health.New(health.Options{Clock: o.Clock, Log: o.Log, Version: o.Version, Config: o.Config, Memory: o.Memory, Watchdog: o.Watchdog, Notify: o.Notify, Jitter: a.options.Surround.jitter(),
		Parts: func() health.Parts { return a.current().parts(a.waiting) }, Held: func() *control.Trouble { return a.recovery.HeldTrouble() },
		Space: func() *control.Trouble { return spaceTrouble(a.current().config) }, Each: func() {
			upkeep.KeepReserve(o.Config.State)
			a.serving.api.Sweep()
		}})
	var err error
	if a.content, err = content.Open(filepath.Join(o.Config.State, "content")); err != nil {
		return nil, err
	}
	if err = a.openJournal(ctx); err != nil {
		return nil, err
	}
	if err := backup.Settle(o.Config.State); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.trail = audit.NewTrail(o.Config.State, a.clock, a.journal, a.log, a.health.Notice)
	if err := a.trail.Open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.upkeep = &upkeep.Service{Journal: a.journal, Content: a.content, Clock: a.clock, Log: a.log, Trail: a.trail, Notice: a.health.Notice,
		Config: func() *config.Config { return a.current().config }}
	a.decisions = &decisions.Service{Journal: a.journal, Clock: a.clock, Log: a.log, Counters: a.health.Counters, Content: a.content, Waiting: a.waiting, Jitter: a.options.Surround.jitter()}
	a.recovery = &recovery.Service{Journal: a.journal, Clock: a.clock, Log: a.log, Reloading: &a.reloading, Begin: a.goLive,
		Parts: func() recovery.Parts { return a.current().lost(a.decisions) }}
	a.desk = &orders.Desk{Journal: a.journal, Content: a.content, Clock: a.clock, Log: a.log, Trail: a.trail, Health: a.health, Version: o.Version, State: o.Config.State,
		Running: func() orders.Running { return a.current() }, Agent: a, Upkeep: a.upkeep, Recovery: a.recovery}
	if err := repoint(ctx, a.journal, o.Config, o.Force); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	if a.assembly, err = a.build(ctx, o.Config); err == nil {
		err = a.journal.KeepRoutes(ctx, a.assembly.known)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.health.Counters.Loaded(true)
	return a, nil
}

// lockPatience is how long a new agent waits for one that was just killed to be gone.
const lockPatience = time.Second

// openJournal opens the journal. A supervisor may start the next agent before the system has buried the last.
func (a *Agent) openJournal(ctx context.Context) (err error) {
	dir := filepath.Join(a.options.Config.State, "journal")
	for waited := time.Duration(0); ; waited += lockPatience / 10 {
		a.journal, err = journal.Open(ctx, dir, journal.Options{Clock: a.clock, Content: a.content,
			Mended: a.readAgain, Turned: a.turned, Rand: a.options.Surround.IDs, Hooks: a.options.Surround.Commit})
		if !errors.Is(err, journal.ErrLocked) || waited >= lockPatience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.clock.After(lockPatience / 10):
		}
	}
}

// Run runs the agent until ctx ends, then stops within ten seconds. It returns early only if it cannot
// listen where it is configured to.
func (a *Agent) Run(ctx context.Context) error {
	a.parent = ctx
	served, err := a.listen(ctx)
	if err != nil {
		return err
	}
	defer served.close()
	a.serving = served
	a.health.Runs(a.journal, served.served())
	if err := a.assembly.flow.lanes.Read(ctx); err != nil {
		return err
	}
	recordStart(ctx, a.trail, &a.options)
	a.assembly.record(ctx, a.trail, "agent", a.options.Version)
	a.assembly.start(a, ctx)
	served.start(a)
	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx)) // also while it stops
	defer unwatch()
	go a.health.Watch(watching)
	a.log.Info().Str("version", a.options.Version).Str("agency", a.options.Config.Agency).Msg("inbasket runs")
	if a.options.Ready != nil {
		a.options.Ready(served.addresses())
	}
	<-ctx.Done()
	a.health.Stopping()
	a.log.Info().Msg("stopping: what is in flight is finished first")
	limit := a.clock.After(stopLimit)
	a.mu.Lock()
	rt := a.assembly
	a.mu.Unlock()
	served.stop(ctx)
	if !rt.halt(limit) {
		a.log.Warn().Msg("stopped before everything in flight was finished; the next start finds it")
	}
	within(a.clock, a.journal, closeLimit, func() { a.trail.Tell(ctx, audit.Record{Who: "agent", Via: audit.ViaSystem, Action: "stop"}) })
	return nil
}

// Close closes everything. It may be called twice.
func (a *Agent) Close() (err error) {
	a.closed.Do(func() {
		if rt := a.current(); rt != nil {
			rt.close()
		}
		var failed error
		over := within(a.clock, a.journal, closeLimit, func() {
			failed = a.trail.Close()
			if a.journal != nil {
				failed = errors.Join(failed, a.journal.Close())
			}
		})
		if !over { // it is being compacted or checked, and that of a large one takes minutes
			a.log.Warn().Str("code", CodeJournal).Msg("the journal is still busy and is left as after a power cut; the next start finds everything")
			return
		}
		err = failed
	})
	return err
}

// readAgain makes all lanes read the journal anew: it may have more than they know, by a commit that seemed to fail.
func (a *Agent) readAgain() {
	if rt := a.current(); rt != nil {
		rt.flow.lanes.Again()
	}
}

// turned tells the lanes what a commit turned.
func (a *Agent) turned(turns []journal.Turn) {
	a.mu.Lock()
	now, next := a.assembly, a.next
	a.mu.Unlock()
	for _, rt := range []*assembly{now, next} {
		if rt != nil {
			rt.flow.lanes.Turned(turns)
		}
	}
}

// within runs f, which asks the journal, and does not wait for it where the journal is busy beyond the limit.
func within(clock connectors.Clock, j *journal.Journal, limit time.Duration, f func()) (over bool) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	for {
		select {
		case <-done:
			return true
		case <-clock.After(limit):
			if j != nil && j.Busy() {
				return false
			}
		}
	}
}

// repoint refuses a configuration that would point targets with open deliveries elsewhere, or lose
// them, unless forced; else it remembers where the targets point now.
func repoint(ctx context.Context, j *journal.Journal, cfg *config.Config, force bool) error {
	known, err := delivering.Of(j).Targets(ctx)
	if err != nil {
		return err
	}
	var wrong []error
	for name, mark := range known {
		if mark.Open == 0 || force {
			continue
		}
		t, ok := cfg.Target(name)
		switch {
		case !ok:
			wrong = append(wrong, &connectors.Error{Class: connectors.TargetError, Code: CodeRepointed, Op: "remove target " + name,
				Hint: fmt.Sprintf("it has %d open deliveries; let them finish, or say so with --force", mark.Open)})
		case mark.Identity != "" && mark.Identity != t.Identity:
			wrong = append(wrong, &connectors.Error{Class: connectors.TargetError, Code: CodeRepointed, Op: "change the identity of target " + name,
				Hint: fmt.Sprintf("its ledger would not recognise %d open deliveries and take them twice; let them finish, or say so with --force", mark.Open)})
		case mark.Fingerprint != "" && mark.Fingerprint != t.Fingerprint:
			wrong = append(wrong, &connectors.Error{Class: connectors.TargetError, Code: CodeRepointed, Op: "point target " + name + " elsewhere",
				Hint: fmt.Sprintf("it has %d open deliveries; let them finish, or say so with --force", mark.Open)})
		}
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	for _, t := range cfg.Targets {
		if err := delivering.Of(j).PutTarget(ctx, t.Name, t.Identity, t.Fingerprint); err != nil {
			return err
		}
	}
	return nil
}

// Reload reads the configuration again and changes over to it, all or nothing: what is wrong with it is
// returned, and the old one stays in force. Submissions in flight finish on their mapping.
func (a *Agent) Reload(ctx context.Context, r control.ReloadRequest) (control.ReloadReport, error) {
	if a.options.Reload == nil {
		return control.ReloadReport{}, errors.New("this agent runs without a configuration file; there is nothing to reload")
	}
	if err := a.reloading.Take(ctx); err != nil {
		return control.ReloadReport{}, err
	}
	defer a.reloading.Over()
	a.health.Tell("reloading")
	defer a.health.Tell("reloaded") // also when it is refused: the old one is in force again
	ok := false
	defer func() { a.health.Counters.Loaded(ok) }()
	cfg, err := a.options.Reload()
	if err != nil {
		return control.ReloadReport{}, err
	}
	if err := a.health.Unstuck("reload"); err != nil {
		return control.ReloadReport{}, err
	}
	old := a.current().config
	report := control.ReloadReport{Changes: append([]config.Change{}, cfg.Diff(old)...), Warnings: cfg.Warnings.Format()}
	if cfg.State != old.State {
		return report, &connectors.Error{Class: connectors.TargetError, Code: CodeOpen, Op: "reload", Hint: "state cannot change while the agent runs; stop it, move the folder, start it"}
	}
	if err := catalog.AbsentFiles(cfg); err != nil {
		return report, err
	}
	next, err := a.build(ctx, cfg)
	if err != nil {
		return report, err
	}
	if err := repoint(ctx, a.journal, cfg, r.Force); err != nil {
		next.close()
		return report, err
	}
	told, err := renewed(ctx, next, a.current())
	if err == nil {
		err = a.journal.KeepRoutes(ctx, next.known)
	}
	if err != nil {
		next.close()
		return report, err
	}
	report.Warnings += told + usedAgain(next, a.current())
	a.swap(next)
	ok = true
	next.record(ctx, a.trail, r.By, a.options.Version)
	a.log.Info().Str("by", r.By).Int("changes", len(report.Changes)).Int("files", len(cfg.Files)).Msg("configuration reloaded")
	return report, nil
}

// jitter gives the random shares of delays.
func (s *Surround) jitter() func() float64 {
	if f := s.Jitter; f != nil {
		return f
	}
	return rand.Float64
}

// goLive starts what a hold kept from running. What is paused and blocked may have changed since the start.
func (a *Agent) goLive() {
	rt := a.current()
	for !rt.ready(a) {
		if !loop.Pause(a.parent, a.clock, time.Second) {
			return
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	rt.begin(a)
}

// swap stops the running configuration and starts the next. What it needs of the journal is read before
// it takes over, however long the journal cannot be read; status and acceptance go on meanwhile.
func (a *Agent) swap(next *assembly) {
	last := a.current()
	last.halt(nil)
	a.mu.Lock()
	a.next = next
	a.mu.Unlock()
	for !next.ready(a) {
		if !loop.Pause(a.parent, a.clock, time.Second) {
			next.close()
			return
		}
	}
	last.close()
	a.mu.Lock()
	a.assembly, a.next = next, nil
	next.start(a, a.parent)
	a.mu.Unlock()
	if err := next.flow.lanes.ReadPaused(a.parent); err != nil { // of an operator who was at it just now
		a.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot read which targets are paused")
	}
	for _, o := range last.config.FrontOffices {
		if _, stays := next.config.FrontOffice(o.Name); !stays {
			a.journal.EnablePush(o.Name, false)
		}
	}
	a.serving.changed(a, next.config)
}

func (a *Agent) current() *assembly {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.assembly
}

// Desk is where orders to the agent are carried out.
func (a *Agent) Desk() *orders.Desk { return a.desk }

// Journal is the agent's memory.
func (a *Agent) Journal() *journal.Journal { return a.journal }

// Health tells how the agent does.
func (a *Agent) Health() *health.Service { return a.health }

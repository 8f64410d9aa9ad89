package agent

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/recovery"
	"github.com/inbasket/inbasket/connectors"
)

// assembly is everything that one configuration opens. A reload builds the next one beside it, and only
// then stops this one.
type assembly struct {
	config  *config.Config
	loaded  time.Time
	flow    *flow
	catalog *Catalog

	inbaskets map[string]connectors.Inbasket
	feeds     map[string][]*route // routes by in-basket
	sources   map[string]connectors.ResultSource
	readers   map[string][]*route // routes by source of results
	offices   map[string]connectors.FrontOffice

	gathered atomic.Bool // evidence for a restored journal was gathered with these targets

	loops *loop.Group
}

// build opens what a configuration names. Nothing runs yet, and nothing outside is changed; on an error
// everything is closed again.
func (a *Agent) build(ctx context.Context, cfg *config.Config) (_ *assembly, err error) {
	catalog, err := openCatalog(cfg, a.env(cfg))
	if err != nil {
		return nil, err
	}
	made := &assembly{config: cfg, loaded: a.clock.Now(), catalog: catalog,
		inbaskets: map[string]connectors.Inbasket{}, feeds: map[string][]*route{},
		sources: map[string]connectors.ResultSource{}, readers: map[string][]*route{}, offices: map[string]connectors.FrontOffice{}}
	defer func() {
		if err != nil {
			made.close()
		}
	}()
	mappings, problems := LoadMappings(cfg, catalog)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	made.flow = &flow{loops: a.health.Loops, journal: a.journal, content: a.content, clock: a.clock, log: a.log, counters: a.health.Counters, alone: a.alone, served: a.served,
		plans: newPlans(a.journal), routes: map[string]*route{}, lanes: map[string]*lane{}, posted: make(chan *arrived, pageItems)}
	for _, r := range cfg.Routes {
		one := &route{name: r.Name, office: r.FrontOffice, plan: mappings[r.Name], within: r.DecideWithin, matches: r.Matches}
		if err := made.flow.plans.add(ctx, one.plan); err != nil {
			return nil, fmt.Errorf("mapping %s version %d: %w", one.plan.Name(), one.plan.Version(), err)
		}
		if err := made.flow.olderRules(ctx, one); err != nil {
			return nil, err
		}
		made.flow.routes[r.Name] = one
		for _, from := range r.From {
			made.feeds[from] = append(made.feeds[from], one)
		}
	}
	for _, t := range cfg.Targets {
		made.flow.lanes[t.Name] = a.lane(made.flow, t, catalog.targets[t.Name])
	}
	if err := made.open(a); err != nil {
		return nil, err
	}
	return made, nil
}

// env returns what connectors of a configuration are opened with.
func (a *Agent) env(cfg *config.Config) envOf {
	return func(role connectors.Role, name, identity string) connectors.Env {
		e := cfg.Env(role, name, identity, a.clock, a.health.Notice)
		e.Certificate = a.health.Counters.Certificate(string(role) + "/" + name)
		return e
	}
}

// lane makes the lane of one target.
func (a *Agent) lane(f *flow, t config.Target, target *guard.Target) *lane {
	backoff := guard.DefaultBackoff()
	if t.Retry.First > 0 {
		backoff.First = t.Retry.First
	}
	if t.Retry.Most > 0 {
		backoff.Most = t.Retry.Most
	}
	l := &lane{name: t.Name, identity: t.Identity, target: target, can: target.Abilities(), circuit: guard.NewCircuit(backoff, a.clock), backoff: backoff,
		journal: a.journal, clock: a.clock, counters: a.health.Counters, log: a.log.With().Str("target", t.Name).Logger(), prepare: f.prepare}
	if t.Group > 0 {
		l.can.MaxItems = t.Group
	}
	l.returned = func(ctx context.Context, ids []journal.ID) { f.resolved(ctx, t.Name, ids) }
	if t.Batch != nil {
		l.sealing = &sealing{policy: t.Batch.Policy(), name: t.Batch.Name, control: t.Batch.Control, content: a.content}
	}
	if t.File != nil {
		l.files = &fileRules{name: t.File.Name, control: t.File.Control}
	}
	l.start()
	return l
}

// open opens in-baskets, sources of results and push channels.
func (rt *assembly) open(a *Agent) error {
	cfg, env := rt.config, a.env(rt.config)
	for _, i := range cfg.Inbaskets {
		in, err := i.Definition.Inbasket(env(connectors.RoleInbasket, i.Name, ""), i.Config)
		if err != nil {
			return opening("in-basket", i.Name, err)
		}
		rt.inbaskets[i.Name] = in
	}
	for _, r := range cfg.Results {
		src, err := r.Definition.Results(env(connectors.RoleResults, r.Name, ""), r.Config)
		if err != nil {
			return opening("results", r.Name, err)
		}
		rt.sources[r.Name] = src
	}
	for _, o := range cfg.FrontOffices {
		if o.Push == nil {
			continue
		}
		to, err := o.Push.Definition.FrontOffice(env(connectors.RoleFrontOffice, o.Name, ""), o.Push.Config)
		if err != nil {
			return opening("front office", o.Name, err)
		}
		rt.offices[o.Name] = to
	}
	for _, r := range cfg.Routes {
		if err := rt.ask(rt.flow.routes[r.Name]); err != nil {
			return err
		}
	}
	return nil
}

// ask opens the source that a route's mapping expects its answers from.
func (rt *assembly) ask(r *route) error {
	if !answers(r.plan) {
		return nil
	}
	from, question, asks := r.plan.Question()
	if _, configured := rt.sources[from]; configured {
		rt.readers[from] = append(rt.readers[from], r)
		return nil
	}
	if !asks {
		return opening("results", from, fmt.Errorf("the mapping of route %s takes answer files, and results has no entry of this name", r.name))
	}
	// Each mapping asks a database its own question.
	name := from + "/" + r.plan.Name()
	if _, asked := rt.sources[name]; !asked {
		target := rt.catalog.targets[from]
		if target == nil {
			return opening("results", from, fmt.Errorf("no target or source of results has this name"))
		}
		q, ok := target.Unwrap().(connectors.Questioner)
		if !ok {
			return opening("results", from, fmt.Errorf("this kind of target cannot be asked for results"))
		}
		src, err := q.Answers(question)
		if err != nil {
			return opening("results", from, err)
		}
		rt.sources[name] = src
	}
	rt.readers[name] = append(rt.readers[name], r)
	return nil
}

// typed are the sources of results, with the kinds of systems that they ask.
func (rt *assembly) typed() map[string]health.ResultSource {
	typed := map[string]health.ResultSource{}
	for name, src := range rt.sources {
		typed[name] = health.ResultSource{ResultSource: src, Type: rt.sourceType(name)}
	}
	return typed
}

// lost are what can tell about the time that a restored journal does not know.
func (rt *assembly) lost() recovery.Parts {
	return recovery.Parts{Config: rt.config, Targets: rt.catalog.targets, Inbaskets: rt.inbaskets, Results: rt.typed(), Gathered: &rt.gathered,
		Take: func(ctx context.Context, source string, results []connectors.Result) ([]connectors.Receipt, error) {
			return rt.flow.take(ctx, source, results, rt.readers[source])
		},
		Asked: func(source string) (asked []connectors.Question) {
			for _, r := range rt.readers[source] {
				if _, q, asks := r.plan.Question(); asks {
					asked = append(asked, q)
				}
			}
			return asked
		}}
}

// sourceType returns the kind of system that a source of results asks.
func (rt *assembly) sourceType(name string) string {
	for _, r := range rt.config.Results {
		if r.Name == name {
			return r.Definition.Type
		}
	}
	if target, _, ok := strings.Cut(name, "/"); ok {
		t, _ := rt.config.Target(target)
		return t.Definition.Type
	}
	return ""
}

func opening(what, name string, err error) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeOpen, Op: "open " + what + " " + name, Hint: "mend its section in the configuration", Err: err}
}

// ready reads what the lanes must know before they start, and tells whether that was possible.
func (rt *assembly) ready(a *Agent) bool {
	err := rt.read(a.parent, a)
	if err != nil && a.parent.Err() == nil {
		a.log.Error().Str("code", CodeJournal).Err(err).Msg("the journal cannot be read; the new configuration waits for it")
	}
	return err == nil
}

// read reads what the lanes must know before they start: what is paused, and which order keys are held up.
func (rt *assembly) read(ctx context.Context, a *Agent) error {
	for _, l := range rt.flow.lanes {
		if err := rt.blocked(ctx, l); err != nil {
			return err
		}
	}
	return rt.pauses(ctx, a)
}

// pauses tells the lanes which of them are paused.
func (rt *assembly) pauses(ctx context.Context, a *Agent) error {
	paused, err := a.journal.Paused(ctx)
	if err != nil {
		return err
	}
	for name, l := range rt.flow.lanes {
		l.mu.Lock()
		l.paused, l.stopping = paused[name]
		l.signal()
		l.mu.Unlock()
	}
	return nil
}

// start runs everything; it returns at once.
func (rt *assembly) start(a *Agent, parent context.Context) {
	rt.loops = a.health.Loops.Group(parent)
	for _, o := range rt.config.FrontOffices {
		a.journal.EnablePush(o.Name, o.Push != nil)
	}
	if a.journal.Held() { // restored from a backup: nothing is taken, delivered or told
		rt.loops.Background(a.recovery.Gather)
		return
	}
	rt.begin(a)
}

// begin runs what takes, delivers, collects and tells; it returns at once.
func (rt *assembly) begin(a *Agent) {
	f, g := rt.flow, rt.loops
	g.Background(a.recovery.ReadAgain)
	g.Background(func(ctx context.Context) { f.knownNow(ctx, rt.readers) })
	for _, l := range f.lanes {
		workers := max(l.can.Parallel, 1)
		if l.sealing != nil {
			workers = 1
		}
		l.target.Watch(loop.Calling)
		for range workers {
			g.Go(health.Target, l.name, l.work)
		}
	}
	for name, src := range rt.sources {
		g.Go(health.Results, name, func(ctx context.Context) { f.collect(ctx, name, src, rt.readers[name]) })
	}
	for name, to := range rt.offices {
		schedule := pushSchedule()
		if p, ok := to.(connectors.Patient); ok {
			schedule = p.Schedule()
		}
		g.Go(health.FrontOffice, name, func(ctx context.Context) { f.pushes(ctx, name, to, schedule) })
	}
	g.Go("deadlines", "of decisions", f.watchDeadlines)
	for name, in := range rt.inbaskets {
		g.Background(func(ctx context.Context) { f.serve(ctx, name, in, rt.feeds[name]) }) // three loops
	}
	g.Go("forms", "of front offices", f.forwardPosted)
	g.Background(func(ctx context.Context) { a.upkeep.Nightly(ctx, rt.config) })
}

// pushSchedule is for push channels without a schedule of their own.
func pushSchedule() []time.Duration {
	return []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour}
}

// blocked finds the order keys that parked deliveries hold up, from before this start.
func (rt *assembly) blocked(ctx context.Context, l *lane) error {
	filter := journal.Filter{Target: l.name, Progress: journal.Held, Limit: pageItems}
	for {
		parked, err := l.journal.List(ctx, filter)
		if err != nil || len(parked) == 0 {
			return err
		}
		ids := make([]journal.ID, len(parked))
		for i, e := range parked {
			ids[i] = e.ID
		}
		stored, err := l.journal.Load(ctx, l.name, ids)
		if err != nil {
			return err
		}
		for i := range stored {
			if key := rt.flow.orderOf(ctx, &stored[i], l.name); key != "" {
				if _, has := l.stopped[key]; !has {
					l.stopped[key] = stored[i].ID
				}
			}
		}
		filter.After = ids[len(ids)-1]
		if len(parked) < filter.Limit {
			return nil
		}
	}
}

// halt stops everything and waits for what is in flight, at most for limit.
func (rt *assembly) halt(limit <-chan time.Time) bool { return rt.loops == nil || rt.loops.Stop(limit) }

// close closes what build opened.
func (rt *assembly) close() {
	for _, in := range rt.inbaskets {
		_ = in.Close()
	}
	for _, s := range rt.sources {
		_ = s.Close()
	}
	for _, o := range rt.offices {
		_ = o.Close()
	}
	_ = rt.catalog.Close()
}

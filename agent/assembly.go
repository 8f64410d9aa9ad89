package agent

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/inbasket/inbasket/agent/catalog"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/decisions"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/intake"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/recovery"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
)

// assembly is everything that one configuration opens. A reload builds the next one beside it, and only
// then stops this one.
type assembly struct {
	config  *config.Config
	loaded  time.Time
	flow    *flow
	catalog *catalog.Catalog
	known   []journal.RouteFact // how forms of all times are known

	inbaskets map[string]connectors.Inbasket
	feeds     map[string][]*prepare.Route // routes by in-basket
	sources   map[string]connectors.ResultSource
	readers   map[string][]*prepare.Route // routes by source of results
	offices   map[string]connectors.FrontOffice

	gathered atomic.Bool // evidence for a restored journal was gathered with these targets

	loops *loop.Group // once it runs
}

// build opens what a configuration names. Nothing runs yet, and nothing outside is changed; on an error
// everything is closed again.
func (a *Agent) build(ctx context.Context, cfg *config.Config) (_ *assembly, err error) {
	targets, err := catalog.OpenIn(cfg, a.env(cfg))
	if err != nil {
		return nil, err
	}
	made := &assembly{config: cfg, loaded: a.clock.Now(), catalog: targets,
		inbaskets: map[string]connectors.Inbasket{}, feeds: map[string][]*prepare.Route{},
		sources: map[string]connectors.ResultSource{}, readers: map[string][]*prepare.Route{}, offices: map[string]connectors.FrontOffice{}}
	defer func() {
		if err != nil {
			made.close()
		}
	}()
	mappings, problems := catalog.Mappings(cfg, targets)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	preparer := &prepare.Preparer{Journal: a.journal, Content: a.content, Plans: prepare.NewPlans(a.journal),
		Routes: map[string]*prepare.Route{}, Targets: map[string]*prepare.Target{}, Log: a.log}
	there := func(route string) bool { return mappings[route] != nil }
	known, err := routesOf(ctx, a.journal, cfg, mappings)
	if err != nil {
		return nil, err
	}
	made.known = known
	for _, r := range cfg.Routes {
		one := &prepare.Route{Name: r.Name, Office: r.FrontOffice, Plan: mappings[r.Name], Within: r.DecideWithin, Matches: r.Matches}
		err := preparer.Plans.Add(ctx, one, one.KnownBefore(known, r.From, there))
		if err == nil && one.Unnamed() {
			err = accepting.Of(a.journal).IndexContent(ctx)
		}
		if err != nil {
			return nil, err
		}
		preparer.Routes[r.Name] = one
		for _, from := range r.From {
			made.feeds[from] = append(made.feeds[from], one)
		}
	}
	made.flow = &flow{journal: a.journal, prepare: preparer, lanes: lane.New(preparer)}
	made.flow.intake = intake.New(intake.Options{Journal: a.journal, Content: a.content, Clock: a.clock, Log: a.log, Counters: a.health.Counters, Waiting: a.waiting,
		Routes: preparer.Routes, Lanes: made.flow.lanes})
	for _, t := range cfg.Targets {
		made.flow.lanes.Add(a.lane(t, targets.Opened[t.Name]))
	}
	if err := made.open(a); err != nil {
		return nil, err
	}
	return made, nil
}

// env returns what connectors of a configuration are opened with.
func (a *Agent) env(cfg *config.Config) catalog.EnvOf {
	return func(role connectors.Role, name, identity string) connectors.Env {
		e := cfg.Env(role, name, identity, a.clock, a.health.Notice)
		e.Certificate = a.health.Counters.Certificate(string(role) + "/" + name)
		return e
	}
}

// lane says how the lane of one target is made.
func (a *Agent) lane(t config.Target, target *guard.Target) lane.Options {
	o := lane.Options{Target: prepare.Target{Name: t.Name, Identity: t.Identity, Batch: t.Batch != nil}, Guarded: target, MaxItems: t.Group, Backoff: guard.DefaultBackoff(),
		Journal: a.journal, Content: a.content, Clock: a.clock, Log: a.log,
		Notice: a.health.Counters.Notice, Delivered: func(outcomes map[connectors.Class]int) { a.health.Counters.Delivered(t.Name, outcomes) }}
	o.Backoff.Random = a.options.Surround.jitter()
	if t.Retry.First > 0 {
		o.Backoff.First = t.Retry.First
	}
	if t.Retry.Most > 0 {
		o.Backoff.Most = t.Retry.Most
	}
	if t.Batch != nil {
		o.Batch = &lane.Batch{Policy: t.Batch.Policy(), Name: t.Batch.Name, Control: t.Batch.Control}
	}
	if t.File != nil {
		o.Target.File, o.Target.Control = t.File.Name, t.File.Control
	}
	return o
}

// open opens in-baskets, sources of results and push channels.
func (rt *assembly) open(a *Agent) error {
	cfg, env := rt.config, a.env(rt.config)
	for _, i := range cfg.Inbaskets {
		in, err := i.Definition.Inbasket(env(connectors.RoleInbasket, i.Name, ""), i.Config)
		if err != nil {
			return catalog.NotOpened("in-basket", i.Name, err)
		}
		rt.inbaskets[i.Name] = in
	}
	for _, r := range cfg.Results {
		src, err := r.Definition.Results(env(connectors.RoleResults, r.Name, ""), r.Config)
		if err != nil {
			return catalog.NotOpened("results", r.Name, err)
		}
		rt.sources[r.Name] = src
	}
	for _, o := range cfg.FrontOffices {
		if o.Push == nil {
			continue
		}
		to, err := o.Push.Definition.FrontOffice(env(connectors.RoleFrontOffice, o.Name, ""), o.Push.Config)
		if err != nil {
			return catalog.NotOpened("front office", o.Name, err)
		}
		rt.offices[o.Name] = to
	}
	for _, r := range cfg.Routes {
		if err := rt.ask(rt.flow.prepare.Routes[r.Name]); err != nil {
			return err
		}
	}
	return nil
}

// ask opens the source that a route's mapping expects its answers from.
func (rt *assembly) ask(r *prepare.Route) error {
	if reads, _ := r.Plan.HasAnswer(); !reads {
		return nil
	}
	from, question, asks := r.Plan.Question()
	if _, configured := rt.sources[from]; configured {
		rt.readers[from] = append(rt.readers[from], r)
		return nil
	}
	if !asks {
		return catalog.NotOpened("results", from, fmt.Errorf("the mapping of route %s takes answer files, and results has no entry of this name", r.Name))
	}
	// Each mapping asks a database its own question.
	name := from + "/" + r.Plan.Name()
	if _, asked := rt.sources[name]; !asked {
		target := rt.catalog.Opened[from]
		if target == nil {
			return catalog.NotOpened("results", from, fmt.Errorf("no target or source of results has this name"))
		}
		q, ok := target.Unwrap().(connectors.Questioner)
		if !ok {
			return catalog.NotOpened("results", from, fmt.Errorf("this kind of target cannot be asked for results"))
		}
		src, err := q.Answers(question)
		if err != nil {
			return catalog.NotOpened("results", from, err)
		}
		rt.sources[name] = src
	}
	rt.readers[name] = append(rt.readers[name], r)
	return nil
}

// parts are what the configuration has at work, for status and metrics.
func (rt *assembly) parts(items *waiting.Items) health.Parts {
	p := health.Parts{Config: rt.config, Loaded: rt.loaded, Inbaskets: rt.inbaskets, Results: rt.typed(), Waiting: items.List,
		Targets: map[string]interface{ Health() health.TargetHealth }{}}
	for name := range rt.offices {
		p.Push = append(p.Push, name)
	}
	for name, l := range rt.flow.lanes.All() {
		p.Targets[name] = l
	}
	return p
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
func (rt *assembly) lost(tell *decisions.Service) recovery.Parts {
	return recovery.Parts{Config: rt.config, Lanes: rt.flow.lanes, Inbaskets: rt.inbaskets, Results: rt.typed(), EvidenceFound: &rt.gathered,
		Take: func(ctx context.Context, source string, results []connectors.Result) ([]connectors.Receipt, error) {
			return tell.Take(ctx, source, results, rt.readers[source])
		},
		Asked: func(source string) (asked []connectors.Question) {
			for _, r := range rt.readers[source] {
				if _, q, asks := r.Plan.Question(); asks {
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

// ready reads what the lanes must know before they start, and tells whether that was possible.
func (rt *assembly) ready(a *Agent) bool {
	err := rt.flow.lanes.Read(a.parent)
	if err != nil && a.parent.Err() == nil {
		a.log.Error().Str("code", CodeJournal).Err(err).Msg("the journal cannot be read; the new configuration waits for it")
	}
	return err == nil
}

// start runs everything; it returns at once.
func (rt *assembly) start(a *Agent, parent context.Context) {
	rt.loops = a.health.Loops.Group(parent)
	for _, o := range rt.config.FrontOffices {
		a.journal.EnablePush(o.Name, o.Push != nil)
	}
	if a.journal.Held() { // restored from a backup: nothing is taken, delivered or told
		rt.loops.Background(a.recovery.FindEvidence)
		return
	}
	rt.begin(a)
}

// begin runs what takes, delivers, collects and tells; it returns at once.
func (rt *assembly) begin(a *Agent) {
	f, g := rt.flow, rt.loops
	g.Background(a.recovery.ReadAgain)
	g.Background(func(ctx context.Context) { a.decisions.KnownNow(ctx, rt.readers) })
	f.lanes.Start(g)
	for name, src := range rt.sources {
		g.Go(health.Results, name, func(ctx context.Context) { a.decisions.Collect(ctx, name, src, rt.readers[name]) })
	}
	for name, to := range rt.offices {
		schedule := decisions.DefaultSchedule()
		if p, ok := to.(connectors.Patient); ok {
			schedule = p.Schedule()
		}
		g.Go(health.FrontOffice, name, func(ctx context.Context) { a.decisions.Push(ctx, name, to, schedule) })
	}
	g.Go("deadlines", "of decisions", func(ctx context.Context) { a.decisions.Deadlines(ctx, f.prepare.Routes) })
	for name, in := range rt.inbaskets {
		f.intake.Serve(g, name, in, rt.feeds[name])
	}
	g.Go("forms", "of front offices", f.intake.ForwardPosted)
	g.Background(func(ctx context.Context) { a.upkeep.Nightly(ctx, rt.config) })
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

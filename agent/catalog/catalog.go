// Package catalog is what mappings are told of a configuration: what its targets can do, and the mappings of all its routes with what is
// wrong with them together.
package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
)

// Catalog tells mappings what the targets of a configuration can do. It holds them open; opening a
// target connects to nothing.
type Catalog struct {
	Opened map[string]*guard.Target // by name
	config *config.Config
}

// Open opens the targets of a configuration.
func Open(cfg *config.Config, clock connectors.Clock, notify func(connectors.Notice)) (*Catalog, error) {
	return OpenIn(cfg, func(role connectors.Role, name, identity string) connectors.Env {
		return cfg.Env(role, name, identity, clock, notify)
	})
}

// EnvOf makes what a connector is opened with, see config.Config.Env.
type EnvOf func(role connectors.Role, name, identity string) connectors.Env

// OpenIn opens the targets of a configuration, each in what env makes for it.
func OpenIn(cfg *config.Config, env EnvOf) (*Catalog, error) {
	c := &Catalog{config: cfg, Opened: map[string]*guard.Target{}}
	for _, t := range cfg.Targets {
		target, err := t.Definition.Target(env(connectors.RoleTarget, t.Name, t.Identity), t.Config)
		if err != nil {
			_ = c.Close()
			return nil, NotOpened(health.Target, t.Name, err)
		}
		c.Opened[t.Name] = guard.Wrap(target, t.Timeout)
	}
	return c, nil
}

// NotOpened says that a connector of a configuration cannot be opened.
func NotOpened(what, name string, err error) error {
	return &connectors.Error{Class: connectors.TargetError, Code: CodeOpen, Op: "open " + what + " " + name, Hint: "mend its section in the configuration", Err: err}
}

// Close closes the targets.
func (c *Catalog) Close() error {
	for _, t := range c.Opened {
		_ = t.Close()
	}
	return nil
}

// Target tells what the target or source of results of this name can do.
func (c *Catalog) Target(name string) (load.TargetInfo, bool) {
	for _, r := range c.config.Results {
		if r.Name == name {
			return load.TargetInfo{Results: true, Files: true}, true
		}
	}
	target, ok := c.Opened[name]
	if !ok {
		return load.TargetInfo{}, false
	}
	t, _ := c.config.Target(name)
	can := target.Abilities()
	_, asks := target.Unwrap().(connectors.Questioner)
	return load.TargetInfo{Operations: can.Operations, Returning: can.Returning, Binary: can.Binary, Batch: t.Batch != nil, Guarantee: can.Guarantee, Results: asks}, true
}

// Targets returns the names that a mapping can write to.
func (c *Catalog) Targets() []string {
	names := make([]string, len(c.config.Targets))
	for i, t := range c.config.Targets {
		names[i] = t.Name
	}
	return names
}

// Mappings loads the mapping of every route and returns everything wrong with any of them.
func Mappings(cfg *config.Config, c load.Catalog) (map[string]*mapping.Plan, diag.Problems) {
	plans := map[string]*mapping.Plan{}
	files := loaded(cfg, c)
	problems := cfg.CheckShapes(func(name string) (takes, known bool) {
		info, ok := c.Target(name)
		return info.Operations.Has(connectors.Put), ok
	})
	for _, r := range cfg.Routes {
		f := files[r.Mapping]
		if f.err != nil {
			problems = append(problems, problemsOf(cfg, r, f.err)...)
			continue
		}
		plans[r.Name] = f.plan
	}
	problems = append(problems, twins(cfg, plans)...)
	wrong, _ := sharedResults(cfg, plans)
	return plans, append(problems, wrong...)
}

// file is a mapping file as it was loaded.
type file struct {
	plan *mapping.Plan
	err  error
}

// loaded loads the mapping files of all routes, each once, and as many at a time as there are processors.
func loaded(cfg *config.Config, c load.Catalog) map[string]*file {
	files, turns := map[string]*file{}, make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for _, r := range cfg.Routes {
		if files[r.Mapping] != nil {
			continue
		}
		f := &file{}
		files[r.Mapping] = f
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			f.plan, f.err = load.Mapping(os.DirFS(filepath.Dir(r.Mapping)), filepath.Base(r.Mapping), c)
		})
	}
	wg.Wait()
	return files
}

// twins refuses two mapping files that call themselves the same mapping and version, and differ.
func twins(cfg *config.Config, plans map[string]*mapping.Plan) (problems diag.Problems) {
	type named struct {
		name    string
		version int
	}
	first := map[named]config.Route{}
	for _, r := range cfg.Routes {
		plan := plans[r.Name]
		if plan == nil {
			continue
		}
		n := named{plan.Name(), plan.Version()}
		if before, known := first[n]; !known {
			first[n] = r
		} else if plans[before.Name].Digest() != plan.Digest() {
			problems = append(problems, cfg.Problem(CodeMappingTwice, fmt.Sprintf("this file and that of route %s both say mapping %s, version %d, and differ: nobody could tell which one a form was written by", before.Name, n.name, n.version),
				"give one of them another name", "routes", r.Name, "mapping"))
		}
	}
	return problems
}

// Warnings returns what may go wrong with the mappings of a configuration though they are right.
func Warnings(cfg *config.Config, plans map[string]*mapping.Plan) (found diag.Problems) {
	_, found = sharedResults(cfg, plans)
	told := map[*mapping.Plan]bool{}
	for _, r := range cfg.Routes {
		plan := plans[r.Name]
		if plan == nil {
			continue
		}
		if cfg.Listen != nil && r.FrontOffice != "" && !plan.HasReference() && plan.SameRule() == "" {
			found = append(found, cfg.Problem(CodeDoubles, "a form that a front office posts again is a new one if a single byte differs, such as a time stamp: the mapping names neither reference nor same",
				"name input.reference or input.same in the mapping; a post with an Idempotency-Key is safe all the same", "routes", r.Name, "mapping"))
		}
		if !told[plan] {
			told[plan] = true
			found = append(found, problemsOf(cfg, r, slices.Clone(plan.Warnings()))...)
		}
	}
	return found
}

func problemsOf(cfg *config.Config, r config.Route, err error) diag.Problems {
	var found diag.Problems
	if errors.As(err, &found) {
		for i := range found { // a mapping knows its files by their place beside it
			found[i].File = filepath.Join(filepath.Dir(r.Mapping), filepath.FromSlash(found[i].File))
		}
		return found
	}
	return diag.Problems{cfg.Problem(CodeMappingFile, "the mapping of route "+r.Name+" cannot be read: "+err.Error(), "", "routes", r.Name, "mapping")}
}

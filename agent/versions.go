package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/mapping"
)

// record puts on record which configuration is in force from now on, and on whose word. Digests say
// whether a file that is shown later is the one that was in force.
func (rt *assembly) record(ctx context.Context, trail *audit.Trail, by, version string) {
	h := sha256.New()
	var files, mappings []string
	for _, path := range rt.config.Files {
		text, err := os.ReadFile(path)
		if err != nil {
			files = append(files, filepath.Base(path)+" cannot be read any more")
			continue
		}
		sum := sha256.Sum256(text)
		h.Write(sum[:])
		files = append(files, fmt.Sprintf("%s %x", filepath.Base(path), sum[:8]))
	}
	for _, r := range rt.config.Routes {
		plan := rt.flow.prepare.Routes[r.Name].Plan
		digest := plan.Digest()
		h.Write(digest[:])
		if s := fmt.Sprintf("%s version %d %x", plan.Name(), plan.Version(), digest[:8]); !slices.Contains(mappings, s) {
			mappings = append(mappings, s)
		}
	}
	trail.Tell(ctx, audit.Record{Who: by, Via: audit.ViaSystem, Action: "config", Object: hex.EncodeToString(h.Sum(nil)),
		Details: map[string]string{"files": strings.Join(files, ", "), "mappings": strings.Join(mappings, ", "), "version": version}})
}

// routesOf returns how forms are known, at any time and by a configuration.
func routesOf(ctx context.Context, j *journal.Journal, cfg *config.Config, plans map[string]*mapping.Plan) ([]journal.RouteFact, error) {
	var now []journal.RouteFact
	for _, r := range cfg.Routes {
		route := prepare.Route{Name: r.Name, Office: r.FrontOffice}
		for _, from := range append([]string{""}, r.From...) {
			now = append(now, journal.RouteFact{Route: r.Name, Scope: route.Scope(), Mapping: plans[r.Name].Name(), Inbasket: from})
		}
	}
	return j.Routes(ctx, now)
}

// renewed warns of routes whose decisions are known by other names than before, so that what was told then and is shown again is new; and of those
// whose decisions are asked for by another query while forms wait for them.
func renewed(ctx context.Context, next, before *assembly) (warnings string, err error) {
	sum, err := reading.Of(next.flow.journal).Summary(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range next.config.Routes {
		i := slices.IndexFunc(before.config.Routes, func(o config.Route) bool { return o.Name == r.Name })
		if i < 0 { // renamed, perhaps
			i = slices.IndexFunc(before.config.Routes, func(o config.Route) bool {
				return o.Mapping == r.Mapping && next.flow.prepare.Routes[o.Name] == nil
			})
		}
		if i < 0 {
			continue
		}
		was, is := before.flow.prepare.Routes[before.config.Routes[i].Name], next.flow.prepare.Routes[r.Name]
		if a, b := answersOf(before.config, was.Plan), answersOf(next.config, is.Plan); a != b && a != "" && b != "" {
			warnings += fmt.Sprintf("route %s: its decisions were known by %s, and are by %s now: what the office shows again and that says anything else is told again, as a new last word;"+
				" take what was told out of its files or rows first, or keep the names [%s]\n", r.Name, a, b, CodeRenewed)
		}
		_, old, asked := was.Plan.Question()
		_, q, asks := is.Plan.Question()
		if !asked || !asks || slices.Equal(strings.Fields(old.Query), strings.Fields(q.Query)) {
			continue
		}
		if open := undecided(sum, before.config.Routes[i].Name); open > 0 {
			warnings += fmt.Sprintf("route %s: %d of its submissions are not decided, and their decisions are asked for by another query now; what only the old one gives never comes [%s]\n", r.Name, open, CodeAskedAnew)
		}
	}
	return warnings, nil
}

// undecided is how many submissions of a route wait for their decision, or will.
func undecided(s journal.Summary, route string) (n int64) {
	for _, r := range s.Routes {
		if r.Route == route {
			n += r.States[journal.Accepted] + r.States[journal.Delivered] + r.States[journal.Parked]
		}
	}
	return n
}

// usedAgain warns of names that mean something else than before: of a system that has another one, and of a front office that has an earlier one's.
func usedAgain(next, before *assembly) (warnings string) {
	lacks := func(rt *assembly, identity string) bool {
		return !slices.ContainsFunc(rt.config.Targets, func(t config.Target) bool { return t.Identity == identity })
	}
	for _, t := range next.config.Targets {
		for _, o := range before.config.Targets {
			if t.Fingerprint != "" && t.Fingerprint == o.Fingerprint && lacks(before, t.Identity) && lacks(next, o.Identity) {
				warnings += fmt.Sprintf("target %s is the system that was %s: what it got under that name is not delivered again with it; write identity: %s in its section and reload [%s]\n",
					t.Name, o.Identity, o.Identity, CodeRenamed)
			}
		}
	}
	for _, o := range next.config.FrontOffices {
		named := func(was config.FrontOffice) bool { return was.Name == o.Name }
		known := func(f journal.RouteFact) bool { return f.Scope == o.Name }
		if !slices.ContainsFunc(before.config.FrontOffices, named) && slices.ContainsFunc(before.known, known) {
			warnings += fmt.Sprintf("front office %s has the name of an earlier one, whose forms are answered as its own where a reference comes again; give it another name, unless it is the same one again [%s]\n",
				o.Name, CodeOfficeAgain)
		}
	}
	return warnings
}

// answersOf tells by what the decisions that a mapping reads are known; empty: it reads none.
func answersOf(cfg *config.Config, plan *mapping.Plan) string {
	from, _, asks := plan.Question()
	if from == "" {
		return ""
	}
	for _, t := range cfg.Targets {
		if t.Name == from {
			from = t.Identity
		}
	}
	if asks {
		from += "/" + plan.Name()
	}
	return from + " with id " + strings.Join(plan.AnswerID(), ", ")
}

// recordStart puts on record that the agent starts, and with what.
func recordStart(ctx context.Context, trail *audit.Trail, o *Options) {
	trail.Tell(ctx, audit.Record{Who: "agent", Via: audit.ViaSystem, Action: "start",
		Details: map[string]string{"version": o.Version, "pid": strconv.Itoa(os.Getpid()), "force": audit.Yes(o.Force)}})
}

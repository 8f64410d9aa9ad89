package prepare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

// Route says which mapping a submission follows, and whom its result is owed to.
type Route struct {
	Name   string
	Office string // owed the result; empty: nobody
	Plan   *mapping.Plan
	Within time.Duration         // in which a person decides; 0: nobody waits for that
	Named  []*mapping.Plan       // versions of the mapping by which forms had another reference, one for each rule
	Before []journal.FormerRoute // where its forms were known before, by another front office or name
	Older  []*mapping.Plan       // versions of the mapping by which other forms were the same, one for each rule; nil: by all bytes

	Matches func(transport string) bool // for in-baskets that several routes share
}

// Unnamed tells whether forms of the route had no reference of their own once, and have one now: they are known by their content alone.
func (r *Route) Unnamed() bool {
	return r.Plan.HasReference() && slices.ContainsFunc(r.Named, func(old *mapping.Plan) bool { return !old.HasReference() })
}

// Scope is what references are unique in.
func (r *Route) Scope() string {
	if r.Office != "" {
		return r.Office
	}
	return "route:" + r.Name
}

// KnownBefore finds where forms of the route were known before, and returns the names that its mapping had. facts are those of all
// times: what a route had that is there no longer is this one's where it has the mapping, or takes forms of the same in-basket; or where its
// mapping is not known, since only tombstones of it are left. What a route had that is still there may be this one's by what in-baskets both have.
func (r *Route) KnownBefore(facts []journal.RouteFact, from []string, there func(route string) bool) (mappings []string) {
	for _, f := range facts {
		was := journal.FormerRoute{Route: f.Route, Scope: f.Scope}
		if f.Route != r.Name {
			was.Loose, was.There = f.Mapping != r.Plan.Name(), there(f.Route)
			if was.There {
				was.Loose = true
				if f.Scope != r.Scope() && slices.Contains(from, f.Inbasket) && !slices.Contains(r.Before, was) {
					r.Before = append(r.Before, was)
				}
				continue
			}
			if was.Loose && f.Mapping != "" && !slices.Contains(from, f.Inbasket) {
				continue
			}
		}
		if f.Mapping != "" && f.Mapping != r.Plan.Name() && !slices.Contains(mappings, f.Mapping) {
			mappings = append(mappings, f.Mapping)
		}
		if f.Scope != r.Scope() && !slices.Contains(r.Before, was) {
			r.Before = append(r.Before, was)
		}
	}
	return mappings
}

// Final tells whether nothing comes after delivered on a route, which may be nil: the mapping reads no decisions, and nobody
// is given a time to make one.
func (r *Route) Final(plan *mapping.Plan) bool {
	reads, _ := plan.HasAnswer()
	return !reads && (r == nil || r.Within == 0)
}

// RouteFor returns the route that takes a form of this transport name: the first that matches, or nil.
func RouteFor(routes []*Route, transport string) *Route {
	for _, r := range routes {
		if r.Matches(journal.ItemName(transport)) {
			return r
		}
	}
	return nil
}

// errPlan says that a pinned plan is lost for good, not only for now.
var errPlan = errors.New("pinned mapping")

// Plans gives the plan that a submission is pinned to: submissions in flight finish on their mapping,
// also when the file has changed since, so old plans are read back from the journal.
type Plans struct {
	journal *journal.Journal

	mu    sync.Mutex
	known map[connectors.Digest]*mapping.Plan
}

// NewPlans returns the plans of a journal.
func NewPlans(j *journal.Journal) *Plans {
	return &Plans{journal: j, known: map[connectors.Digest]*mapping.Plan{}}
}

// Add journals the plan of a route, so that submissions can be pinned to it, and finds the older ones by which forms of
// the route were the same, under the names that its mapping had.
func (p *Plans) Add(ctx context.Context, r *Route, names []string) error {
	plan := r.Plan
	err := p.journal.PutPlan(ctx, journal.Plan{Digest: plan.Digest(), Name: plan.Name(), Version: plan.Version(), Bundle: plan.Bundle()})
	if err != nil {
		return fmt.Errorf("mapping %s version %d: %w", plan.Name(), plan.Version(), err)
	}
	p.mu.Lock()
	p.known[plan.Digest()] = plan
	p.mu.Unlock()
	named, same := map[string]bool{plan.ReferenceRule(): true}, map[string]bool{sameRule(plan): true}
	for _, name := range append([]string{plan.Name()}, names...) {
		digests, err := p.journal.PlansOf(ctx, name)
		if err != nil {
			return err
		}
		for _, d := range digests {
			old, err := p.Get(ctx, d)
			if err != nil {
				old = nil // one that cannot be read is told of where a form needs it
			} else if rule := old.ReferenceRule(); !named[rule] {
				named[rule] = true
				r.Named = append(r.Named, old)
			}
			if rule := sameRule(old); !same[rule] {
				same[rule] = true
				r.Older = append(r.Older, old)
			}
		}
	}
	return nil
}

// sameRule is by which a mapping compares forms: what it compares, and the reference, which counts with that.
func sameRule(p *mapping.Plan) string {
	if p == nil || p.SameRule() == "" {
		return ""
	}
	return p.SameRule() + "\x00" + p.ReferenceRule()
}

// Get returns the plan of a digest.
func (p *Plans) Get(ctx context.Context, d connectors.Digest) (*mapping.Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if plan := p.known[d]; plan != nil {
		return plan, nil
	}
	stored, err := p.journal.Plan(ctx, d)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errPlan, err)
	}
	if err != nil {
		return nil, err
	}
	// It was checked when it was in force; since then targets may have been removed, which must not stop others.
	plan, err := load.Bundle(stored.Bundle, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPlan, err)
	}
	p.known[d] = plan
	return plan, nil
}

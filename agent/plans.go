package agent

import (
	"context"
	"sync"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// plans gives the plan that a submission is pinned to: submissions in flight finish on their mapping,
// also when the file has changed since, so old plans are read back from the journal.
type plans struct {
	journal *journal.Journal
	catalog mapping.Catalog

	mu    sync.Mutex
	known map[connectors.Digest]*mapping.Plan
}

func newPlans(j *journal.Journal, c mapping.Catalog) *plans {
	return &plans{journal: j, catalog: c, known: map[connectors.Digest]*mapping.Plan{}}
}

// add journals a plan of the configuration, so that submissions can be pinned to it.
func (p *plans) add(ctx context.Context, plan *mapping.Plan) error {
	err := p.journal.PutPlan(ctx, journal.Plan{Digest: plan.Digest(), Name: plan.Name(), Version: plan.Version(), Bundle: plan.Bundle()})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.known[plan.Digest()] = plan
	p.mu.Unlock()
	return nil
}

// get returns the plan of a digest.
func (p *plans) get(ctx context.Context, d connectors.Digest) (*mapping.Plan, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if plan := p.known[d]; plan != nil {
		return plan, nil
	}
	stored, err := p.journal.Plan(ctx, d)
	if err != nil {
		return nil, err
	}
	plan, err := mapping.LoadBundle(stored.Bundle, p.catalog)
	if err != nil {
		return nil, err
	}
	p.known[d] = plan
	return plan, nil
}

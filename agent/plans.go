package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// errPlan says that a pinned plan is lost for good, not only for now.
var errPlan = errors.New("pinned mapping")

// plans gives the plan that a submission is pinned to: submissions in flight finish on their mapping,
// also when the file has changed since, so old plans are read back from the journal.
type plans struct {
	journal *journal.Journal

	mu    sync.Mutex
	known map[connectors.Digest]*mapping.Plan
}

func newPlans(j *journal.Journal) *plans {
	return &plans{journal: j, known: map[connectors.Digest]*mapping.Plan{}}
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
	if errors.Is(err, journal.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errPlan, err)
	}
	if err != nil {
		return nil, err
	}
	// It was checked when it was in force; since then targets may have been removed, which must not stop others.
	plan, err := mapping.LoadBundle(stored.Bundle, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPlan, err)
	}
	p.known[d] = plan
	return plan, nil
}

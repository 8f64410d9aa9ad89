package decisions

import (
	"context"
	"errors"

	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

// Collect takes results out of one source until ctx ends. A result is settled only after the journal has
// it, so a crash repeats it, and the journal knows the repeat by the result's own identity.
func (s *Service) Collect(ctx context.Context, name string, src connectors.ResultSource, readers []*prepare.Route) {
	trouble := s.Counters.Trouble(health.Results, name, s.Log)
	for ctx.Err() == nil {
		var results []connectors.Result
		err := loop.Ask(ctx, "ask for results", func() (err error) { results, err = src.Next(ctx, PageResults); return err })
		if err != nil {
			trouble.Failed(ctx, err)
			continue
		}
		receipts, err := s.Take(ctx, name, results, readers)
		settled := settleResults(ctx, src, receipts, trouble)
		if settled {
			err = errors.Join(err, s.cleared(ctx, name, receipts))
		}
		if settled && err == nil {
			trouble.Over()
		}
		if err != nil { // some were released, and come again
			trouble.Failed(ctx, err)
		}
	}
}

// PageResults is how many results are asked for at once.
const PageResults = 100

// settleResults tells a source what became of its results until it has heard it: what it was not told
// of, it would never give again.
func settleResults(ctx context.Context, src connectors.ResultSource, receipts []connectors.Receipt, trouble *health.Trouble) bool {
	for {
		err := loop.Call(ctx, "settle results", 0, func() error {
			graced, cancel := loop.Grace(ctx)
			defer cancel()
			return src.Settle(graced, receipts)
		})
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
		trouble.Failed(ctx, err)
	}
}

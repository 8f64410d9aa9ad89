package decisions

import (
	"context"
	"errors"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
)

// Take journals results and returns what their source is told. Each is settled alone: one that cannot be taken is
// released, and the others go on. The error is for what is wrong with all of them.
func (s *Service) Take(ctx context.Context, source string, results []connectors.Result, readers []*prepare.Route) ([]connectors.Receipt, error) {
	defer loop.Calling(ctx, "read documents", time.Hour)()
	receipts := released(results)
	var ready []*understood
	var wrong error
	for i, r := range results {
		u := &understood{service: s, source: source, result: r, receipt: &receipts[i]}
		err := guard.Safely("understand a result", func() error { return u.read(ctx, readers) })
		var missing *answers.MissingName
		switch {
		case ctx.Err() != nil:
			return released(results), ctx.Err()
		case errors.As(err, &missing) && !missing.File: // it is so with every row
			wrong = &connectors.Error{Class: connectors.TargetError, Code: CodeMissing, Op: "read results",
				Hint: missing.Error() + ": nothing is told or marked; mend the mapping or the query, and reload", Err: err}
		case err != nil && connectors.ClassOf(err) == connectors.Transient:
			return released(results), err
		case err != nil: // reading it broke us
			u.alone(waiting.Item{Code: loop.CodePanic, Text: "reading it broke the agent", Next: "send diagnostics to the maintainers"}, err)
		}
		if wrong == nil {
			ready = append(ready, u)
		}
	}
	if err := s.record(ctx, ready); err != nil {
		return receipts, err
	}
	return receipts, wrong
}

func released(results []connectors.Result) []connectors.Receipt {
	receipts := make([]connectors.Receipt, len(results))
	for i, r := range results {
		receipts[i].Handle = r.Handle
	}
	return receipts
}

// recordAtOnce is how many outcomes the journal is given in one call.
const recordAtOnce = 1000

// record journals what was understood. Where the journal refuses some of it, each result is tried on its own.
func (s *Service) record(ctx context.Context, ready []*understood) error {
	err := s.recordAll(ctx, ready)
	if err == nil {
		return nil
	}
	var refused []*understood
	for i := range ready {
		if s.recordAll(ctx, ready[i:i+1]) != nil {
			refused = append(refused, ready[i])
		}
	}
	if len(refused) == len(ready) { // it takes nothing at all
		return &connectors.Error{Class: connectors.Transient, Code: journal.CodeUnavailable, Op: "journal results", Err: err}
	}
	for _, u := range refused {
		u.alone(waiting.Item{Code: journal.CodeUnavailable, Text: "the journal does not take it", Next: "look at the submission that it speaks of, and send diagnostics to the maintainers"}, err)
		if err := s.recordAll(ctx, []*understood{u}); err != nil {
			s.Log.Error().Str("code", journal.CodeUnavailable).Str("results", u.source).Err(err).Msg("a result cannot be set aside either; it waits on")
		}
	}
	return nil
}

func (s *Service) recordAll(ctx context.Context, part []*understood) error {
	var outcomes []journal.Outcome
	for _, u := range part {
		outcomes = append(outcomes, u.outcomes...)
	}
	if err := s.serve(ctx, part); err != nil {
		return err
	}
	verdicts := make([]connectors.Verdict, 0, len(outcomes))
	for len(outcomes) > 0 {
		n := min(len(outcomes), recordAtOnce) // others write to the journal as well
		some, err := deciding.Of(s.Journal).Results(ctx, outcomes[:n])
		if err != nil {
			return err
		}
		verdicts, outcomes = append(verdicts, some...), outcomes[n:]
	}
	for _, u := range part {
		u.recorded(verdicts[:len(u.outcomes)])
		verdicts = verdicts[len(u.outcomes):]
	}
	return nil
}

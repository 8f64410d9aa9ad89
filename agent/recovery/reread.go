package recovery

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/decisions"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// rereadPause is between two tries to offer something again.
const rereadPause = 2 * time.Second

// ReadAgain has offered again what in-baskets and sources of results settled in the time that a restored journal does
// not know. What is left is in the journal, so that a crash only repeats it.
func (s *Service) ReadAgain(ctx context.Context) {
	told := map[string]string{}
	for ctx.Err() == nil {
		list, err := restoring.Of(s.Journal).Rereads(ctx)
		if err == nil && len(list) == 0 {
			return
		}
		for _, r := range list {
			if err = s.rereadOne(ctx, r); err == nil {
				err = restoring.Of(s.Journal).RereadDone(ctx, r.Kind, r.Name)
			}
			if err == nil || ctx.Err() != nil {
				continue
			}
			if code, text := guard.Describe(err); told[r.Kind+r.Name] != code {
				told[r.Kind+r.Name] = code
				s.Log.Warn().Str("code", CodeReread).Str("cause", code).Str(r.Kind, r.Name).Msg("what was settled after the backup cannot be offered again yet; trying again: " + text)
			}
		}
		loop.Pause(ctx, s.Clock, rereadPause)
	}
}

func (s *Service) rereadOne(ctx context.Context, r restoring.Reread) error {
	now := s.Parts()
	return guard.Safely("offer again", func() error {
		if r.Kind == health.Inbasket {
			again, ok := now.Inbaskets[r.Name].(connectors.Rescanner)
			if !ok {
				return nil // it was removed from the configuration
			}
			n, err := again.Reoffer(ctx, r.Since, func(names []string) error { return restoring.Of(s.Journal).Recall(ctx, r.Name, names) })
			if n > 0 {
				s.Log.Info().Str("in-basket", r.Name).Int("forms", n).Msg("forms of the done folder are offered again; those that are known are only repeats")
			}
			return err
		}
		if again, ok := now.Results[r.Name].ResultSource.(connectors.Rescanner); ok {
			_, err := again.Reoffer(ctx, r.Since, func([]string) error { return nil })
			return err
		}
		return now.repeatResults(ctx, r)
	})
}

// repeatResults asks a database for the results that were marked, and takes those that the journal does not know.
func (p Parts) repeatResults(ctx context.Context, r restoring.Reread) error {
	target, _, _ := strings.Cut(r.Name, "/")
	l := p.Lanes.Get(target)
	if l == nil {
		return nil // it was removed from the configuration
	}
	repeater, ok := l.Unwrap().(connectors.Repeater)
	if !ok {
		return nil
	}
	for _, q := range p.Asked(r.Name) {
		if q.Again == "" {
			continue
		}
		src, err := repeater.Repeat(q, r.Since)
		if err != nil {
			return err
		}
		return errors.Join(p.drain(ctx, r.Name, src), src.Close())
	}
	return nil
}

// drain takes all results of a source that ends. Where some of them wait, it is to be read once more.
func (p Parts) drain(ctx context.Context, name string, src connectors.ResultSource) error {
	wait := false
	for {
		results, err := src.Next(ctx, decisions.PageResults)
		if errors.Is(err, io.EOF) && wait {
			return &connectors.Error{Class: connectors.Transient, Code: CodeReread, Op: "take results again", Hint: "some of them wait: inbasket status names them"}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		receipts, err := p.Take(ctx, name, results)
		if err != nil {
			return err
		}
		if err := src.Settle(ctx, receipts); err != nil {
			return err
		}
		wait = wait || slices.ContainsFunc(receipts, func(r connectors.Receipt) bool { return r.Verdict == connectors.Released })
	}
}

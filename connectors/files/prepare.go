package files

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// prepare makes the folders for what is finished, finishes what a crash interrupted, and finds out what the place can tell.
func (s *source) prepare(ctx context.Context) error {
	n := &s.next
	for _, folder := range []string{s.errs, s.done} {
		if folder == "" {
			continue
		}
		if err := s.place.MakeFolder(ctx, folder); err != nil {
			return local.Fault("create the done and error folders", err)
		}
	}
	if err := s.claim(); err != nil {
		return err
	}
	n.probe = s.place.Probe(ctx)
	n.trusted = s.sameClock()
	if err := s.finishMoves(ctx); err != nil {
		return err
	}
	n.prepared = true
	return nil
}

// clockTolerance is how far the folder's clock and the agent's may differ.
const clockTolerance = time.Second

// sameClock tells whether the place's clock is ours.
func (s *source) sameClock() bool {
	tolerance := clockTolerance
	if s.cfg.Quiet > 0 {
		tolerance = min(tolerance, s.cfg.Quiet/2)
	}
	now := s.next.probe.Now
	return !now.IsZero() && now.Sub(s.env.Clock.Now()).Abs() <= tolerance
}

package intake

import (
	"context"
	"errors"
	"time"

	"github.com/inbasket/inbasket/connectors/files/place"
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

// Check lists the place, and tries out what settling needs: to put a file, to move it to the folders for what is finished,
// and to take it away. Its name is none of a form.
func (s *source) Check(ctx context.Context) error {
	trial := s.hidden("inbasket-check.tmp")
	if err := s.place.Check(ctx, trial); err != nil {
		return err
	}
	l, err := s.place.List(ctx, "")
	if err != nil {
		return local.Fault("list the in-basket folder", err)
	}
	_ = l.Close() // nothing was written
	for _, folder := range []string{s.errs, s.done} {
		if err := s.tryMove(ctx, trial, folder); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) tryMove(ctx context.Context, trial, folder string) error {
	if folder == "" {
		return nil
	}
	to := place.Join(folder, trial)
	err := s.place.MakeFolder(ctx, folder)
	if err == nil {
		err = s.place.Remove(ctx, to)
	}
	if err == nil {
		err = s.place.Put(ctx, trial, place.Trial(), false)
	}
	if l, ok := s.place.(place.Closed); ok && err == nil { // now that a file lies there, a refusal cannot mean that there is none
		if err = l.Lists(ctx); err != nil {
			return errors.Join(err, s.place.Remove(ctx, trial))
		}
	}
	if err != nil {
		return err
	}
	var moved string
	if err = s.move(ctx, trial, to, &moved); err != nil {
		return errors.Join(err, s.place.Remove(ctx, trial))
	}
	return s.place.Remove(ctx, to)
}

// Package upkeep lets go of what is kept no longer: by order, and at night by itself. It also keeps back a little room on the disk.
package upkeep

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

const (
	lookEvery = 15 * time.Minute // how often it is looked whether the night has come
	rest      = 20 * time.Hour   // at least between two times
	latest    = 36 * time.Hour   // after that also by day: the machine may be off at night
	longGap   = 7 * 24 * time.Hour
	nightFrom = 2 // hours of the day, in this machine's zone
	nightTo   = 5
)

// nightMark is under what name the journal remembers when the nightly work was done last.
const nightMark = "house-kept"

// Service keeps what one agent stands on.
type Service struct {
	Journal *journal.Journal
	Content *content.Store
	Clock   connectors.Clock
	Log     zerolog.Logger
	Trail   *audit.Trail
	Notice  func(connectors.Notice)
	Config  func() *config.Config // in force

	working sync.Mutex // held by the one purge or compaction that runs
}

// Nightly purges what is kept no longer, once a day and at night, until ctx ends.
func (s *Service) Nightly(ctx context.Context, cfg *config.Config) {
	for loop.Pause(ctx, s.Clock, lookEvery) {
		if err := s.ifDue(ctx, cfg); err != nil && ctx.Err() == nil {
			s.Log.Error().Str("code", CodePurge).Err(err).Msg("what is kept no longer could not all be purged; it is tried again tomorrow")
		}
	}
}

// ifDue does the nightly work if it is time. The time is noted first: what cannot be done is not tried for ever.
func (s *Service) ifDue(ctx context.Context, cfg *config.Config) error {
	at := s.Clock.Now().Round(0)
	last, err := s.done(ctx)
	if err != nil {
		return err
	}
	since := at.Sub(last)
	hour := at.Local().Hour()
	night := hour >= nightFrom && hour < nightTo
	if !last.IsZero() && since >= 0 && (since < rest || since < latest && !night) {
		return nil
	}
	if !s.working.TryLock() { // an operator purges or compacts: not waited for, since a reload waits for this
		return nil
	}
	defer s.working.Unlock()
	if err := s.Journal.SetValue(ctx, nightMark, at.Format(time.RFC3339)); err != nil {
		return err
	}
	switch {
	case last.IsZero(): // the first look of all
		return nil
	case since < 0 || since > longGap:
		// A clock that is wrong must not purge what is young: it has a day to be set right.
		s.Notice(connectors.Notice{Code: CodePurgeWaits, Text: "the clock says that nothing was purged since " + stampOf(last) + "; purging waits for a day, in case the clock is wrong"})
		return nil
	}
	err = s.work(ctx, cfg, at)
	if ctx.Err() != nil { // it is stopped or reloaded: the next one goes on
		return errors.Join(err, s.Journal.SetValue(context.WithoutCancel(ctx), nightMark, last.Format(time.RFC3339)))
	}
	return err
}

// done tells when the nightly work was done last.
func (s *Service) done(ctx context.Context) (time.Time, error) {
	text, err := s.Journal.Value(ctx, nightMark)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	last, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, nil // as if it was never noted
	}
	return last, nil
}

// work is for one who holds working.
func (s *Service) work(ctx context.Context, cfg *config.Config, at time.Time) error {
	s.Trail.Say()
	p := &purge{service: s, config: cfg, yields: true, report: control.PurgeReport{}}
	if err := p.carryOut(ctx, nil); err != nil {
		return err
	}
	n, err := s.unreferenced(ctx, int(at.Unix()/(24*60*60))%storeParts)
	if n > 0 {
		s.Log.Info().Int64("files", n).Msg("content that nothing refers to was removed")
	}
	return err
}

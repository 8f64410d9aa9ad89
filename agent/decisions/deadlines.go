// Package decisions tells front offices what became of their forms, and that a decision is late.
package decisions

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
)

// Service tells what one agent has to tell.
type Service struct {
	Journal  *journal.Journal
	Clock    connectors.Clock
	Log      zerolog.Logger
	Counters *health.Counters
	Content  *content.Store
	Waiting  *waiting.Items // of sources
	Jitter   func() float64 // random share of delays

	served servings
}

// Deadlines raises "no decision in N days" for routes with a deadline, until ctx ends.
func (s *Service) Deadlines(ctx context.Context, routes map[string]*prepare.Route) {
	for last := s.Clock.Now(); ctx.Err() == nil; last = s.Clock.Now() {
		for _, r := range routes {
			if r.Within > 0 {
				s.raise(ctx, r)
			}
		}
		loop.Pause(ctx, s.Clock, time.Minute)
		if jump := s.Clock.Now().Round(0).Sub(last.Round(0)) - time.Minute; jump.Abs() > clockJump {
			loop.Pause(ctx, s.Clock, clockPatience)
		}
	}
}

const (
	lateAtOnce    = 300
	clockJump     = 5 * time.Minute  // a clock that jumps by more may be wrong
	clockPatience = 15 * time.Minute // for it to be set right, before front offices are told what cannot be taken back
)

func (s *Service) raise(ctx context.Context, r *prepare.Route) {
	late, err := deciding.Of(s.Journal).Overdue(ctx, r.Name, s.Clock.Now().Add(-r.Within), lateAtOnce)
	if err != nil && ctx.Err() == nil {
		s.Log.Error().Str("code", journal.CodeUnavailable).Err(err).Msg("cannot read which submissions are overdue")
	}
	if err != nil || len(late) == 0 {
		return
	}
	ids := make([]journal.ID, len(late))
	for i, e := range late {
		ids[i] = e.ID
	}
	if err := deciding.Of(s.Journal).MarkOverdue(ctx, ids); err != nil {
		s.Log.Error().Str("code", journal.CodeUnavailable).Err(err).Msg("cannot journal overdue submissions")
		return
	}
	for _, e := range late {
		s.Log.Warn().Str("code", health.CodeOverdue).Str("submission", e.ID.String()).Str("route", r.Name).
			Msg("no decision in " + span(r.Within))
	}
}

// span prints how long a route gives the office: in days, unless it is no whole number of them.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day != 0 {
		return d.String()
	}
	return fmt.Sprintf("%d days", d/day)
}

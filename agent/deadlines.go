package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
)

// watchDeadlines raises "no decision in N days" for routes with a deadline, until ctx ends.
func (f *flow) watchDeadlines(ctx context.Context) {
	for last := f.clock.Now(); ctx.Err() == nil; last = f.clock.Now() {
		for _, r := range f.prepare.Routes {
			if r.Within > 0 {
				f.raise(ctx, r)
			}
		}
		loop.Pause(ctx, f.clock, time.Minute)
		if jump := f.clock.Now().Round(0).Sub(last.Round(0)) - time.Minute; jump.Abs() > clockDoubt {
			loop.Pause(ctx, f.clock, clockPatience)
		}
	}
}

const (
	clockDoubt    = 5 * time.Minute  // a clock that jumps by more may be wrong
	clockPatience = 15 * time.Minute // for it to be set right, before front offices are told what cannot be taken back
)

func (f *flow) raise(ctx context.Context, r *prepare.Route) {
	late, err := f.journal.Overdue(ctx, r.Name, f.clock.Now().Add(-r.Within), pageForms)
	if err != nil && ctx.Err() == nil {
		f.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot read which submissions are overdue")
	}
	if err != nil || len(late) == 0 {
		return
	}
	ids := make([]journal.ID, len(late))
	for i, e := range late {
		ids[i] = e.ID
	}
	if err := f.journal.MarkOverdue(ctx, ids); err != nil {
		f.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot journal overdue submissions")
		return
	}
	for _, e := range late {
		f.log.Warn().Str("code", health.CodeOverdue).Str("submission", e.ID.String()).Str("route", r.Name).
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

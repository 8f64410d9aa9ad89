package agent

import (
	"context"
	"errors"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

const (
	houseLook   = 15 * time.Minute // how often it is looked whether the night has come
	houseRest   = 20 * time.Hour   // at least between two times
	houseLatest = 36 * time.Hour   // after that also by day: the machine may be off at night
	houseGap    = 7 * 24 * time.Hour
	nightFrom   = 2 // hours of the day, in this machine's zone
	nightTo     = 5
)

// houseMark is under what name the journal remembers when the house was kept last.
const houseMark = "house-kept"

// keepHouse purges what is kept no longer, once a day and at night, until ctx ends.
func (a *Agent) keepHouse(ctx context.Context, cfg *config.Config) {
	for loop.Pause(ctx, a.clock, houseLook) {
		if err := a.keepHouseIfDue(ctx, cfg); err != nil && ctx.Err() == nil {
			a.log.Error().Str("code", CodePurge).Err(err).Msg("what is kept no longer could not all be purged; it is tried again tomorrow")
		}
	}
}

// keepHouseIfDue keeps the house if it is time. The time is noted first: a house that cannot be kept is not tried
// for ever.
func (a *Agent) keepHouseIfDue(ctx context.Context, cfg *config.Config) error {
	now := a.clock.Now().Round(0)
	last, err := a.houseKept(ctx)
	if err != nil {
		return err
	}
	since := now.Sub(last)
	hour := now.Local().Hour()
	night := hour >= nightFrom && hour < nightTo
	if !last.IsZero() && since >= 0 && (since < houseRest || since < houseLatest && !night) {
		return nil
	}
	if !a.purging.TryLock() { // an operator purges or compacts: not waited for, since a reload waits for this
		return nil
	}
	defer a.purging.Unlock()
	if err := a.journal.SetMark(ctx, houseMark, now.Format(time.RFC3339)); err != nil {
		return err
	}
	switch {
	case last.IsZero(): // the first look of all
		return nil
	case since < 0 || since > houseGap:
		// A clock that is wrong must not purge what is young: it has a day to be set right.
		a.health.Notice(connectors.Notice{Code: CodePurgeWaits, Text: "the clock says that nothing was purged since " + stampOf(last) + "; purging waits for a day, in case the clock is wrong"})
		return nil
	}
	err = a.keepHouseNow(ctx, cfg, now)
	if ctx.Err() != nil { // it is stopped or reloaded: the next one goes on
		return errors.Join(err, a.journal.SetMark(context.WithoutCancel(ctx), houseMark, last.Format(time.RFC3339)))
	}
	return err
}

func (a *Agent) houseKept(ctx context.Context) (time.Time, error) {
	text, err := a.journal.Mark(ctx, houseMark)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	last, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, nil // as if it was never noted
	}
	return last, nil
}

// keepHouseNow is for one who holds purging.
func (a *Agent) keepHouseNow(ctx context.Context, cfg *config.Config, now time.Time) error {
	a.trail.say()
	p := &purge{agent: a, config: cfg, patient: true, report: control.PurgeReport{}}
	if err := p.carryOut(ctx, nil); err != nil {
		return err
	}
	n, err := a.strays(ctx, int(now.Unix()/(24*60*60))%strayParts)
	if n > 0 {
		a.log.Info().Int64("files", n).Msg("content that nothing refers to was removed")
	}
	return err
}

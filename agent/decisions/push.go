package decisions

import (
	"context"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/telling"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// DefaultSchedule is for push channels without a schedule of their own.
func DefaultSchedule() []time.Duration {
	return []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour}
}

// pushLook is how often due repeats are looked for when nothing new happens.
const pushLook = 5 * time.Second

// Push sends one front office its events until ctx ends. A front office that is down holds up no one:
// its events wait in the journal, and it may poll meanwhile.
func (s *Service) Push(ctx context.Context, office string, to connectors.FrontOffice, schedule []time.Duration) {
	trouble := s.Counters.Trouble(health.FrontOffice, office, s.Log)
	for ctx.Err() == nil {
		news, stop := s.Journal.Watch(office, 0)
		due, err := telling.Of(s.Journal).DuePushes(ctx, office, s.Clock.Now(), 100)
		if err != nil && ctx.Err() == nil {
			s.Log.Error().Str("code", journal.CodeUnavailable).Str("front-office", office).Err(err).Msg("cannot read the events to push; trying again")
		}
		if len(due) == 0 {
			loop.Wait(ctx, news, s.Clock.After(pushLook))
			stop()
			continue
		}
		stop()
		s.pushAll(ctx, office, to, due, schedule, trouble)
	}
}

func (s *Service) pushAll(ctx context.Context, office string, to connectors.FrontOffice, due []telling.Push, schedule []time.Duration, trouble *health.Trouble) {
	events := make([]connectors.Event, len(due))
	for i, d := range due {
		events[i] = s.eventOf(d)
	}
	var outcomes []connectors.Outcome
	err := loop.Call(ctx, "push events", 0, func() (err error) { outcomes, err = to.Publish(ctx, events); return err })
	if ctx.Err() != nil && len(outcomes) == 0 {
		return
	}
	byID := map[string]connectors.Outcome{}
	for _, o := range outcomes {
		byID[o.Key] = o
	}
	told := make([]telling.PushOutcome, 0, len(due))
	for i, d := range due {
		o, tried := byID[events[i].ID]
		if !tried {
			if err == nil {
				continue // not tried this time
			}
			o.Class = connectors.Transient
			o.Code, o.Text = guard.Describe(err)
		}
		told = append(told, s.pushed(office, d, o, schedule))
	}
	if len(told) == 0 { // nothing was tried; not again at once
		loop.Pause(ctx, s.Clock, time.Second)
		return
	}
	judge(told, err, trouble)
	graced, cancel := loop.Grace(ctx)
	defer cancel()
	if err := telling.Of(s.Journal).Pushed(graced, office, told); err != nil {
		s.Log.Error().Str("code", journal.CodeUnavailable).Str("front-office", office).Err(err).Msg("cannot journal what was pushed; it is pushed again")
		loop.Pause(ctx, s.Clock, time.Second)
	}
}

// judge keeps for status whether the front office can be reached at all.
func judge(told []telling.PushOutcome, err error, trouble *health.Trouble) {
	if slices.ContainsFunc(told, func(o telling.PushOutcome) bool { return o.OK }) {
		trouble.Over()
		return
	}
	if err == nil {
		last := told[len(told)-1]
		err = &connectors.Error{Class: connectors.Transient, Code: last.Code, Op: "push events", Hint: last.Text}
	}
	trouble.Note(err)
}

// pushed says what the journal notes of one attempt.
func (s *Service) pushed(office string, d telling.Push, o connectors.Outcome, schedule []time.Duration) telling.PushOutcome {
	s.Counters.Push(office, o.Class, 1)
	p := telling.PushOutcome{Seq: d.Event.Seq, OK: o.Class == connectors.Written, Code: o.Code, Text: o.Text}
	if p.OK {
		return p
	}
	next := d.Attempt + 1 // attempts made
	if next >= len(schedule) || o.Class == connectors.ItemError {
		p.GiveUp = true
		s.Counters.GaveUp(office)
		s.Log.Error().Str("code", health.CodeOffice).Str("front-office", office).Str("submission", d.Event.ID.String()).
			Msg("gave up pushing an event; the front office can still read it")
		return p
	}
	delay := schedule[next]
	delay = max(delay+time.Duration(float64(delay)*0.1*s.Jitter()), min(o.After, telling.LongestPush))
	p.NextAt = s.Clock.Now().Add(delay)
	return p
}

// eventOf makes a journaled event what a front office gets. Its ID never changes.
func (s *Service) eventOf(d telling.Push) connectors.Event {
	e := d.Event
	return connectors.Event{ID: frontoffice.EventID(s.Journal, e), Seq: d.Nth, Submission: e.ID.String(),
		Reference: e.Reference, Type: e.Type, At: e.At, Data: e.Data}
}

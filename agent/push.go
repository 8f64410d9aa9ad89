package agent

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// pushLook is how often due repeats are looked for when nothing new happens.
const pushLook = 5 * time.Second

// pushes sends one front office its events until ctx ends. A front office that is down holds up no one:
// its events wait in the journal, and it may poll meanwhile.
func (f *flow) pushes(ctx context.Context, office string, to connectors.FrontOffice, schedule []time.Duration) {
	trouble := f.counters.Trouble(health.FrontOffice, office, f.log)
	for ctx.Err() == nil {
		news, stop := f.journal.Watch(office, 0)
		due, err := f.journal.DuePushes(ctx, office, f.clock.Now(), 100)
		if err != nil && ctx.Err() == nil {
			f.log.Error().Str("code", CodeJournal).Str("front-office", office).Err(err).Msg("cannot read the events to push; trying again")
		}
		if len(due) == 0 {
			loop.Wait(ctx, news, f.clock.After(pushLook))
			stop()
			continue
		}
		stop()
		f.pushAll(ctx, office, to, due, schedule, trouble)
	}
}

func (f *flow) pushAll(ctx context.Context, office string, to connectors.FrontOffice, due []journal.Push, schedule []time.Duration, trouble *health.Trouble) {
	events := make([]connectors.Event, len(due))
	for i, d := range due {
		events[i] = f.eventOf(d)
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
	told := make([]journal.PushOutcome, 0, len(due))
	for i, d := range due {
		o, tried := byID[events[i].ID]
		if !tried {
			if err == nil {
				continue // not tried this time
			}
			o.Class = connectors.Transient
			o.Code, o.Text = guard.Describe(err)
		}
		told = append(told, f.pushed(office, d, o, schedule))
	}
	if len(told) == 0 { // nothing was tried; not again at once
		loop.Pause(ctx, f.clock, time.Second)
		return
	}
	judge(told, err, trouble)
	graced, cancel := loop.Grace(ctx)
	defer cancel()
	if err := f.journal.Pushed(graced, office, told); err != nil {
		f.log.Error().Str("code", CodeJournal).Str("front-office", office).Err(err).Msg("cannot journal what was pushed; it is pushed again")
		loop.Pause(ctx, f.clock, time.Second)
	}
}

// judge keeps for status whether the front office can be reached at all.
func judge(told []journal.PushOutcome, err error, trouble *health.Trouble) {
	if slices.ContainsFunc(told, func(o journal.PushOutcome) bool { return o.OK }) {
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
func (f *flow) pushed(office string, d journal.Push, o connectors.Outcome, schedule []time.Duration) journal.PushOutcome {
	f.counters.Push(office, o.Class, 1)
	p := journal.PushOutcome{Seq: d.Event.Seq, OK: o.Class == connectors.Written, Code: o.Code, Text: o.Text}
	if p.OK {
		return p
	}
	next := d.Attempt + 1 // attempts made
	if next >= len(schedule) || o.Class == connectors.ItemError {
		p.GiveUp = true
		f.counters.GaveUp(office)
		f.log.Error().Str("code", health.CodeOffice).Str("front-office", office).Str("submission", d.Event.ID.String()).
			Msg("gave up pushing an event; the front office can still read it")
		return p
	}
	delay := schedule[next]
	delay = max(delay+time.Duration(float64(delay)*0.1*rand.Float64()), min(o.After, journal.LongestPush))
	p.NextAt = f.clock.Now().Add(delay)
	return p
}

// eventOf makes a journaled event what a front office gets. Its ID never changes.
func (f *flow) eventOf(d journal.Push) connectors.Event {
	e := d.Event
	return connectors.Event{ID: frontoffice.EventID(f.journal, e), Seq: d.Nth, Submission: e.ID.String(),
		Reference: e.Reference, Type: e.Type, At: e.At, Data: e.Data}
}

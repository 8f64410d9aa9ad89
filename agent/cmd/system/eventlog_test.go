package system

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/codes"
)

// event is what a test's event log was given.
type event struct {
	kind zerolog.Level
	id   uint32
	text string
}

// recorder is an event log for tests.
type recorder struct{ events []event }

func (r *recorder) sink(kind zerolog.Level, id uint32, text string) {
	r.events = append(r.events, event{kind, id, text})
}

// TestEventWriter wants warnings and errors in the event log, each under the ID of its code, and nothing else.
func TestEventWriter(t *testing.T) {
	r := &recorder{}
	log := zerolog.New(zerolog.MultiLevelWriter(newEventWriter(r.sink, time.Now)))
	log.Info().Msg("not an event")
	log.Debug().Msg("nor this")
	log.Warn().Str("code", "submission.overdue").Str("route", "permits").Str("submission", "01ABC").Msg("no decision yet")
	log.Error().Str("code", "sql.login").Bytes("stack", []byte("x")).Msg("target failed")
	log.Error().Msg("without a code")
	want := []event{
		{zerolog.WarnLevel, 325, "no decision yet\n\ncode: submission.overdue\nroute: permits\nsubmission: 01ABC"},
		{zerolog.ErrorLevel, 320, "target failed\n\ncode: sql.login"},
		{zerolog.ErrorLevel, codes.EventOther, "without a code\n"},
	}
	if !slices.Equal(r.events, want) {
		t.Errorf("got  %+v\nwant %+v", r.events, want)
	}
}

// TestEventsAlike lets a fault that comes again and again push nothing else out of the event log.
func TestEventsAlike(t *testing.T) {
	r := &recorder{}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	log := zerolog.New(zerolog.MultiLevelWriter(newEventWriter(r.sink, func() time.Time { return now })))
	fault := func(target string, n int) {
		for range n {
			log.Error().Str("code", "sql.login").Str("target", target).Msg("target failed")
		}
	}
	fault("register", 1000)
	if n := len(r.events); n != eventsAlike+1 {
		t.Fatalf("%d events for 1000 entries alike, want %d and one that says so", n, eventsAlike)
	}
	if last := r.events[eventsAlike]; last.id != eventMuted || !strings.Contains(last.text, "log file") {
		t.Errorf("the last one is %+v", last)
	}
	fault("mainframe", 1)
	if n := len(r.events); n != eventsAlike+2 {
		t.Errorf("the fault of another target was muted too")
	}
	now = now.Add(eventsWithin)
	fault("register", 1)
	if n := len(r.events); n != eventsAlike+3 {
		t.Errorf("after the hour it stays muted")
	}
	now = now.Add(-24 * time.Hour) // a clock that was put back
	fault("register", 1)
	if n := len(r.events); n != eventsAlike+4 {
		t.Errorf("after the clock was put back it stays muted")
	}
}

// TestEventIDs keeps those of the agent itself apart from each other and from those of codes.
func TestEventIDs(t *testing.T) {
	seen := map[uint32]bool{}
	for _, id := range []uint32{eventReady, eventStopped, eventReloaded, eventReloadRefused, EventInstalled, eventEnded, eventSlowStop, eventStuck, eventMuted} {
		if id < 100 || id >= 200 || seen[id] {
			t.Errorf("%d", id)
		}
		seen[id] = true
	}
}

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// event is what a test's event log was given.
type event struct {
	kind eventKind
	id   uint32
	text string
}

// recorder is an event log for tests.
type recorder struct{ events []event }

func (r *recorder) sink(kind eventKind, id uint32, text string) {
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
		{eventWarning, 325, "no decision yet\n\ncode: submission.overdue\nroute: permits\nsubmission: 01ABC"},
		{eventError, 320, "target failed\n\ncode: sql.login"},
		{eventError, eventOther, "without a code\n"},
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

// TestDog ends an agent that says nothing twice in a row, and leaves one alone that slept once.
func TestDog(t *testing.T) {
	d := &dog{}
	for range 3 { // sleeps, and wakes each time
		if d.bites() {
			t.Fatal("it bites at the first miss")
		}
		d.heard()
	}
	if d.bites() || !d.bites() {
		t.Error("two misses in a row do not count")
	}
}

// TestEventIDs keeps IDs within what EventCreate.exe knows and each with one meaning, and gives every area
// of codes that is documented its own.
func TestEventIDs(t *testing.T) {
	seen := map[uint32]string{eventReady: "ready", eventStopped: "stopped", eventReloaded: "reloaded", eventReloadRefused: "refused",
		eventInstalled: "installed", eventEnded: "ended", eventSlowStop: "slow", eventStuck: "stuck", eventMuted: "muted", eventOther: "other"}
	for area, id := range areaEvents {
		if id < 200 || id > 1000 {
			t.Errorf("%s has the ID %d", area, id)
		}
		if other, taken := seen[id]; taken {
			t.Errorf("%d is %s and %s", id, other, area)
		}
		seen[id] = area
	}
	list, err := os.ReadFile(repository + "/docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(repository + "/docs/install-windows.md")
	if err != nil {
		t.Fatal(err)
	}
	for area, id := range areaEvents {
		if row := fmt.Sprintf("| %d | `%s` |", id, area); !strings.Contains(string(page), row) {
			t.Errorf("docs/install-windows.md is without %s", row)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(string(list), -1) {
		if _, ok := areaEvents[m[1]]; !ok {
			t.Errorf("codes %s.… have no event ID of their own: give them one in eventids.go", m[1])
		}
	}
}

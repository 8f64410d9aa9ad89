package connectors_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

const wall = "2006-01-02T15:04:05"

func TestMoments(t *testing.T) {
	for _, c := range []struct {
		zone, local string
		times       int
		first, last string
	}{
		{"Europe/Berlin", "2026-07-01T12:00:00", 1, "2026-07-01T12:00:00+02:00", "2026-07-01T12:00:00+02:00"},
		{"Europe/Berlin", "2026-10-25T01:59:59", 1, "2026-10-25T01:59:59+02:00", "2026-10-25T01:59:59+02:00"},
		{"Europe/Berlin", "2026-10-25T02:00:00", 2, "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"},
		{"Europe/Berlin", "2026-10-25T02:59:59", 2, "2026-10-25T02:59:59+02:00", "2026-10-25T02:59:59+01:00"},
		{"Europe/Berlin", "2026-10-25T03:00:00", 1, "2026-10-25T03:00:00+01:00", "2026-10-25T03:00:00+01:00"},
		{"Europe/Berlin", "2026-03-29T02:00:00", 0, "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29T02:59:59", 0, "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29T03:00:00", 1, "2026-03-29T03:00:00+02:00", "2026-03-29T03:00:00+02:00"},
		{"Australia/Lord_Howe", "2026-04-05T01:45:00", 2, "2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30"}, // half an hour
		{"America/Sao_Paulo", "2018-11-04T00:00:00", 0, "2018-11-04T01:00:00-02:00", "2018-11-04T01:00:00-02:00"},   // no midnight
		{"Pacific/Apia", "2011-12-30T12:00:00", 0, "2011-12-31T00:00:00+14:00", "2011-12-31T00:00:00+14:00"},        // no such day
		{"America/New_York", "2040-11-04T01:30:00", 2, "2040-11-04T01:30:00-04:00", "2040-11-04T01:30:00-05:00"},
		{"UTC", "2026-10-25T02:30:00", 1, "2026-10-25T02:30:00Z", "2026-10-25T02:30:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		local, err := time.Parse(wall, c.local)
		if err != nil {
			t.Fatal(err)
		}
		first, last, times := connectors.Moments(local, zone)
		if times != c.times || first.Format(time.RFC3339) != c.first || last.Format(time.RFC3339) != c.last {
			t.Errorf("%s %s: %d, %s, %s", c.zone, c.local, times, first.Format(time.RFC3339), last.Format(time.RFC3339))
		}
	}
}

// Every local time near a change of clocks of every zone is found as often as a search of every minute finds it.
func TestMomentsOfAllZones(t *testing.T) {
	zones := clock.Zones(t)
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(-3e9, 4e9).Draw(t, "at"), 0).In(zone)
		if _, end := at.ZoneBounds(); !end.IsZero() {
			at = end
		}
		local := at.Add(time.Duration(rapid.IntRange(-26*60, 26*60).Draw(t, "minutes")) * time.Minute)
		text := local.Format(wall)
		utc, _ := time.Parse(wall, text)
		found := map[int64]bool{}
		for m := -27 * 60; m <= 27*60; m++ {
			_, offset := utc.Add(time.Duration(m) * time.Minute).In(zone).Zone()
			if at := utc.Add(-time.Duration(offset) * time.Second); at.In(zone).Format(wall) == text {
				found[at.Unix()] = true
			}
		}
		first, last, times := connectors.Moments(utc, zone)
		if times != len(found) || times > 0 && (!found[first.Unix()] || !found[last.Unix()]) || times == 2 && !first.Before(last) {
			t.Fatalf("%s in %s: %d times, %v and %v; want %v", text, zone, times, first, last, found)
		}
		if before := first.Add(-time.Second); times == 0 && (before.Format(wall) >= text || first.Format(wall) <= text) {
			t.Fatalf("%s in %s: clocks went from %v to %v", text, zone, before, first)
		}
	})
}

package batch

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/test/clock"
)

func zoned(t testing.TB, zone, s string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(location)
}

func TestTimesOfDay(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		at         TimeOfDay
		after      string
		want       []string
	}{
		{"put back: the first of two", "Europe/Berlin", TimeOfDay{2, 30}, "2026-10-24T12:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"put forward: when they are", "Europe/Berlin", TimeOfDay{2, 30}, "2026-03-28T12:00:00Z", []string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
		{"no midnight", "America/Sao_Paulo", TimeOfDay{0, 0}, "2018-11-03T12:00:00Z", []string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
		{"no such day", "Pacific/Apia", TimeOfDay{18, 0}, "2011-12-29T12:00:00Z", []string{"2011-12-29T18:00:00-10:00", "2011-12-31T18:00:00+14:00", "2012-01-01T18:00:00+14:00"}},
		{"no such day", "Pacific/Kwajalein", TimeOfDay{18, 0}, "1993-08-20T12:00:00Z", []string{"1993-08-20T18:00:00-12:00", "1993-08-22T18:00:00+12:00"}},
		{"put forward over midnight", "America/Nuuk", TimeOfDay{23, 30}, "2024-03-30T12:00:00Z", []string{"2024-03-31T00:00:00-01:00", "2024-03-31T23:30:00-01:00"}},
		{"half an hour", "Australia/Lord_Howe", TimeOfDay{1, 45}, "2026-04-04T00:00:00Z", []string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"}},
	} {
		location := zoned(t, c.zone, c.after).Location()
		p := Policy{At: []TimeOfDay{c.at}, Zone: location}
		now := zoned(t, c.zone, c.after)
		for _, want := range c.want {
			now = p.NextTime(now)
			if got := now.Format(time.RFC3339); got != want {
				t.Errorf("%s: %s, want %s", c.name, got, want)
			}
		}
	}
}

// Over five years and in every zone, a batch closes once for each day of the calendar: at the first moment at which
// clocks show that day's time or a later one.
func TestOnceADay(t *testing.T) {
	zones := clock.Zones(t)
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		at := TimeOfDay{rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")}
		onceADay(t, zone, at, rapid.IntRange(1973, 2045).Draw(t, "year"))
	})
}

// The same in every zone, around today.
func TestOnceADayInAllZones(t *testing.T) {
	for _, zone := range clock.Zones(t) {
		onceADay(t, zone, TimeOfDay{2, 30}, 2024)
	}
}

func onceADay(t interface{ Fatalf(string, ...any) }, zone *time.Location, at TimeOfDay, year int) {
	p := Policy{At: []TimeOfDay{at}, Zone: zone}
	begin, end := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+5, 1, 1, 0, 0, 0, 0, time.UTC)
	days := map[int64]bool{}
	for h := begin.AddDate(0, 0, -3); h.Before(end); h = h.Add(time.Hour) {
		days[shown(h, zone)/86400] = true
	}
	closed := searched(zone, at, begin)
	for day := begin.AddDate(0, 0, 1); day.Before(end); day = day.AddDate(0, 0, 1) {
		if !days[day.Unix()/86400] {
			continue // the calendar left it out
		}
		want, got := searched(zone, at, day), p.NextTime(closed)
		if !got.Equal(want) {
			t.Fatalf("%s %v: after %v comes %v, want %v", zone, at, closed, got, want.In(zone))
		}
		closed = got
	}
}

// searched finds the moment of a time of day minute by minute, on days near a change of clocks.
func searched(zone *time.Location, at TimeOfDay, day time.Time) time.Time {
	from, to := day.Add(-26*time.Hour), day.Add(50*time.Hour)
	_, before := from.In(zone).Zone()
	_, after := to.In(zone).Zone()
	wall := day.Add(time.Duration(at.Hour)*time.Hour + time.Duration(at.Minute)*time.Minute)
	if before == after {
		return wall.Add(-time.Duration(before) * time.Second)
	}
	for shown(from, zone) < wall.Unix() {
		from = from.Add(time.Minute)
	}
	return from
}

// shown is what clocks show at a moment, as seconds.
func shown(at time.Time, zone *time.Location) int64 {
	_, offset := at.In(zone).Zone()
	return at.Unix() + int64(offset)
}

// What closed a batch by its time closes none again when the clock is set back a little, and one that is accepted again in
// the hour that comes twice waits for the next day.
func TestClosedOnce(t *testing.T) {
	nightly := Policy{At: []TimeOfDay{{2, 30}}, Zone: zoned(t, "Europe/Berlin", "2026-10-25T00:00:00Z").Location()}
	at := func(s string) time.Time { return zoned(t, "Europe/Berlin", s) }
	for _, c := range []struct{ name, now, oldest, closed, why, next string }{
		{"the first 02:30", "2026-10-25T00:30:00Z", "2026-10-24T12:00:00Z", "2026-10-24T00:30:00Z", ByTime, ""},
		{"the second 02:30", "2026-10-25T01:30:00Z", "2026-10-25T00:40:00Z", "2026-10-25T00:30:00Z", "", "2026-10-26T01:30:00Z"},
		{"set back by ten minutes", "2026-10-25T00:22:00Z", "2026-10-25T00:21:00Z", "2026-10-25T00:30:00Z", "", "2026-10-26T01:30:00Z"},
		{"and on to 02:30 again", "2026-10-25T00:30:00Z", "2026-10-25T00:21:00Z", "2026-10-25T00:30:01Z", "", "2026-10-26T01:30:00Z"},
		{"the clock was years ahead", "2026-10-25T00:30:00Z", "2026-10-25T00:21:00Z", "2029-10-25T00:30:00Z", ByTime, ""},
		{"down over the moment", "2026-10-25T07:00:00Z", "2026-10-24T12:00:00Z", "2026-10-24T00:30:00Z", ByTime, ""},
		{"released long after it was accepted", "2026-10-25T07:00:00Z", "2026-10-20T12:00:00Z", "2026-10-25T00:30:00Z", "", "2026-10-26T01:30:00Z"},
	} {
		why, next := nightly.Due(at(c.now), at(c.oldest), at(c.closed), 1, 1)
		if why != c.why || c.next != "" && !next.Equal(at(c.next)) {
			t.Errorf("%s: %q, %v", c.name, why, next.UTC())
		}
	}
}

package batch

import (
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, berlin)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	nightly := Policy{At: []TimeOfDay{{18, 0}}, Zone: berlin}
	for _, c := range []struct {
		name        string
		policy      Policy
		now, oldest string
		count       int
		size        int64
		why, next   string
	}{
		{"empty never closes", Policy{Count: 1, At: nightly.At}, "2026-03-01 19:00", "2026-03-01 08:00", 0, 0, "", ""},
		{"count", Policy{Count: 3}, "2026-03-01 08:00", "2026-03-01 08:00", 3, 10, ByCount, ""},
		{"below count, nothing else", Policy{Count: 3}, "2026-03-09 08:00", "2026-03-01 08:00", 2, 10, "", ""},
		{"size", Policy{Size: 100}, "2026-03-01 08:00", "2026-03-01 08:00", 1, 100, BySize, ""},
		{"age reached", Policy{Age: time.Hour}, "2026-03-01 09:00", "2026-03-01 08:00", 1, 1, ByAge, ""},
		{"age to come", Policy{Age: time.Hour}, "2026-03-01 08:30", "2026-03-01 08:00", 1, 1, "", "2026-03-01 09:00"},
		{"before the time", nightly, "2026-03-01 17:59", "2026-03-01 08:00", 1, 1, "", "2026-03-01 18:00"},
		{"at the time", nightly, "2026-03-01 18:00", "2026-03-01 08:00", 1, 1, ByTime, ""},
		{"accepted after the time: tomorrow", nightly, "2026-03-01 19:00", "2026-03-01 18:30", 1, 1, "", "2026-03-02 18:00"},
		{"missed while stopped", nightly, "2026-03-02 07:00", "2026-03-01 08:00", 1, 1, ByTime, ""},
		{"the day clocks go forward", nightly, "2026-03-29 17:59", "2026-03-28 19:00", 1, 1, "", "2026-03-29 18:00"},
		{"nothing else closes it", Policy{Age: time.Hour}, "2026-03-01 08:00", "2026-03-01 08:00", 1_000_000, 1 << 40, "", "2026-03-01 09:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			why, next := c.policy.Due(at(c.now), at(c.oldest), time.Time{}, c.count, c.size)
			if why != c.why {
				t.Errorf("why = %q, want %q", why, c.why)
			}
			if c.why == "" && c.next != "" && !next.Equal(at(c.next)) {
				t.Errorf("next = %v, want %s", next, c.next)
			}
			if c.why == "" && c.next == "" && !next.IsZero() {
				t.Errorf("next = %v, want none", next)
			}
		})
	}
}

func TestParseTimeOfDay(t *testing.T) {
	if got, err := ParseTimeOfDay("06:05"); err != nil || got != (TimeOfDay{6, 5}) {
		t.Errorf("06:05 gives %v, %v", got, err)
	}
	for _, s := range []string{"", "25:00", "6", "18.00", "18:60"} {
		if _, err := ParseTimeOfDay(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

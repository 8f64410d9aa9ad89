package agent

import (
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/test/clock"
)

// household is an agent that nothing runs in, and its clock.
func household(t *testing.T) (*Agent, *clock.Manual) {
	t.Helper()
	c := clock.NewManual()
	a, err := New(t.Context(), Options{Config: &config.Config{State: t.TempDir()}, Clock: c, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a, c
}

// keepHouse keeps the house if it is due, and returns when it was kept last.
func keepHouse(t *testing.T, a *Agent) time.Time {
	t.Helper()
	if err := a.keepHouseIfDue(t.Context(), a.options.Config); err != nil {
		t.Fatal(err)
	}
	at, err := a.houseKept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The house is kept once a day, at night if the machine is on then; and not on the word of a clock that jumped.
func TestWhenTheHouseIsKept(t *testing.T) {
	a, c := household(t)
	untilHour := func(hour int) time.Duration {
		now := c.Now().Local()
		d := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, time.Local).Sub(now)
		if d <= 0 {
			d += 24 * time.Hour
		}
		return d
	}
	first := keepHouse(t, a)
	if !first.Equal(c.Now()) {
		t.Fatalf("the first look notes the time: %s", first)
	}
	for _, step := range []struct {
		what string
		by   time.Duration
		now  bool
	}{
		{"soon after", time.Hour, false},
		{"in the next night", untilHour(3) + 24*time.Hour, true},
		{"in the same night", time.Hour, false},
		{"by day", 10 * time.Hour, false},
		{"in the night after", 13 * time.Hour, true},
		{"after a night without the machine", 37 * time.Hour, true},
		{"after a jump by a year", 365 * 24 * time.Hour, true},
	} {
		c.Advance(step.by)
		if at := keepHouse(t, a); at.Equal(c.Now()) != step.now {
			t.Errorf("%s, at %s: kept at %s", step.what, c.Now().Local(), at)
		}
	}
	if notices := a.health.Counters.Notices(); len(notices) != 1 || notices[0].Code != CodePurgeWaits {
		t.Errorf("%+v", notices)
	}
}

// An operator's purge or compaction may take long. The house is not kept meanwhile, and nothing waits for it: a reload,
// which has stopped all deliveries, would wait as well.
func TestTheHouseDoesNotWaitForAnOperator(t *testing.T) {
	a, c := household(t)
	first := keepHouse(t, a)
	c.Advance(48 * time.Hour)
	a.purging.Lock()
	if at := keepHouse(t, a); !at.Equal(first) {
		t.Errorf("it was kept meanwhile, at %s", at)
	}
	a.purging.Unlock()
	if at := keepHouse(t, a); !at.Equal(c.Now()) {
		t.Errorf("it was not kept afterwards, but at %s", at)
	}
}

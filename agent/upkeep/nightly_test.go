package upkeep

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

// kept is the upkeep of an agent in which nothing else runs.
type kept struct {
	*Service
	clock   *clock.Manual
	notices []connectors.Notice
}

func newKept(t *testing.T) *kept {
	t.Helper()
	k := &kept{clock: clock.NewManual()}
	state := t.TempDir()
	store, err := content.Open(filepath.Join(state, "content"))
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), filepath.Join(state, "journal"), journal.Options{Clock: k.clock, Content: store})
	if err != nil {
		t.Fatal(err)
	}
	notice := func(n connectors.Notice) { k.notices = append(k.notices, n) }
	k.Service = &Service{Journal: j, Content: store, Clock: k.clock, Log: zerolog.Nop(), Notice: notice, Trail: audit.NewTrail(state, k.clock, j, zerolog.Nop(), notice)}
	t.Cleanup(func() {
		if err := errors.Join(k.Trail.Close(), j.Close()); err != nil {
			t.Error(err)
		}
	})
	return k
}

// night does the nightly work if it is due, and returns when it was done last.
func (k *kept) night(t *testing.T) time.Time {
	t.Helper()
	if err := k.ifDue(t.Context(), &config.Config{}); err != nil {
		t.Fatal(err)
	}
	at, err := k.done(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The nightly work is done once a day, at night if the machine is on then; and not on the word of a clock that jumped.
func TestWhenTheNightlyWorkIsDone(t *testing.T) {
	k := newKept(t)
	c := k.clock
	untilHour := func(hour int) time.Duration {
		now := c.Now().Local()
		d := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, time.Local).Sub(now)
		if d <= 0 {
			d += 24 * time.Hour
		}
		return d
	}
	first := k.night(t)
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
		if at := k.night(t); at.Equal(c.Now()) != step.now {
			t.Errorf("%s, at %s: done at %s", step.what, c.Now().Local(), at)
		}
	}
	if notices := k.notices; len(notices) != 1 || notices[0].Code != CodePurgeWaits {
		t.Errorf("%+v", notices)
	}
}

// An operator's purge or compaction may take long. The nightly work is not done meanwhile, and nothing waits for it: a reload,
// which has stopped all deliveries, would wait as well.
func TestTheNightDoesNotWaitForAnOperator(t *testing.T) {
	k := newKept(t)
	c := k.clock
	first := k.night(t)
	c.Advance(48 * time.Hour)
	k.working.Lock()
	if at := k.night(t); !at.Equal(first) {
		t.Errorf("it was done meanwhile, at %s", at)
	}
	k.working.Unlock()
	if at := k.night(t); !at.Equal(c.Now()) {
		t.Errorf("it was not done afterwards, but at %s", at)
	}
}

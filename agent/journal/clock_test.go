package journal_test

import (
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal/telling"
)

// A clock that was years ahead and is right again: pushes that were put off then are due at once, and a form
// whose ID is ahead of the clock is overdue by when it was accepted.
func TestClockWasAhead(t *testing.T) {
	const year = 365 * 24 * time.Hour
	r := newRig(t)
	r.EnablePush("portal", true)
	r.clock.add(3 * year)
	r.one("ahead", "x") // the IDs from now on are years ahead
	due, err := r.DuePushes(r.ctx(), "portal", r.clock.Now(), 10)
	r.must(err)
	if len(due) == 0 {
		t.Fatal("nothing to push")
	}
	r.must(r.Pushed(r.ctx(), "portal", []telling.PushOutcome{{Seq: due[0].Event.Seq, NextAt: r.clock.Now().Add(time.Minute)}}))
	if due, err = r.DuePushes(r.ctx(), "portal", r.clock.Now(), 10); err != nil || len(due) != 0 {
		t.Errorf("due before its time: %v, %v", due, err)
	}
	r.clock.add(-3 * year)
	if due, err = r.DuePushes(r.ctx(), "portal", r.clock.Now(), 10); err != nil || len(due) != 1 {
		t.Errorf("not due once the clock is right: %v, %v", due, err)
	}

	id := r.delivered("right", "")
	list, err := r.Overdue(r.ctx(), "building", r.clock.Now().Add(-time.Hour), 10)
	r.must(err)
	for _, e := range list {
		if e.ID == id {
			t.Error("overdue at once")
		}
	}
	r.clock.add(2 * time.Hour)
	list, err = r.Overdue(r.ctx(), "building", r.clock.Now().Add(-time.Hour), 10)
	r.must(err)
	if len(list) != 1 || list[0].ID != id {
		t.Errorf("overdue: %v, want %v", list, id)
	}
}

package journal_test

import (
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/telling"
)

func TestUnacknowledged(t *testing.T) {
	r := newRig(t)
	expect := func(what string, n int64, oldest time.Time) {
		t.Helper()
		got, at, err := r.Unacknowledged(r.ctx(), "portal")
		r.must(err)
		if got != n || !at.Equal(oldest) {
			t.Errorf("%s: %d since %s instead of %d since %s", what, got, at, n, oldest)
		}
	}
	expect("nothing happened", 0, time.Time{})
	first := r.clock.Now()
	r.one("A", "x")
	r.clock.add(time.Hour)
	second := r.clock.Now()
	r.one("B", "x")
	expect("nothing is acknowledged", 2, first)
	r.must(r.Ack(r.ctx(), "portal", "main", 1))
	expect("the first is", 1, second)
	r.must(r.Ack(r.ctx(), "portal", "another", 2))
	expect("another cursor has passed all", 0, time.Time{})
	if n, _, err := r.Unacknowledged(r.ctx(), "nobody"); n != 0 || err != nil {
		t.Error(n, err)
	}
}

func TestPushWaiting(t *testing.T) {
	r := newRig(t)
	r.EnablePush("portal", true)
	first := r.clock.Now()
	r.one("A", "x")
	r.clock.add(time.Hour)
	r.one("B", "x")
	at, err := r.PushWaiting(r.ctx(), "portal")
	r.must(err)
	if !at.Equal(first) {
		t.Errorf("%s instead of %s", at, first)
	}
	for seq := range int64(2) {
		r.must(r.Pushed(r.ctx(), "portal", []telling.PushOutcome{{Seq: seq + 1, OK: true}}))
	}
	if at, err = r.PushWaiting(r.ctx(), "portal"); err != nil || !at.IsZero() {
		t.Error(at, err)
	}
}

func TestParkedBy(t *testing.T) {
	r := newRig(t)
	r.accept(arrival("A", "x"), arrival("B", "x"))
	again := arrival("A", "x")
	again.Digest[0]++
	again.ParkConflict = true
	r.accept(again)
	by, err := r.ParkedBy(r.ctx())
	r.must(err)
	if len(by) != 1 || by[journal.CodeReference] != 1 {
		t.Errorf("%v", by)
	}
}

package journal_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/telling"
)

func TestEventsAreReadInOrderAndNeverSkipped(t *testing.T) {
	r := newRig(t)
	for n := range 7 {
		a := arrival(fmt.Sprint(n), "x")
		if n%3 == 2 {
			a.Office = "other"
		}
		r.accept(a)
	}
	var refs []string
	after := int64(0)
	for {
		events, next, err := r.Events(r.ctx(), "portal", after, 2)
		r.must(err)
		if len(events) == 0 {
			if next != after {
				t.Errorf("position moved from %d to %d without an event", after, next)
			}
			break
		}
		for _, e := range events {
			refs = append(refs, e.Reference)
			if e.Seq <= after || e.Office != "portal" || !e.At.Equal(r.clock.Now()) {
				t.Errorf("%+v after %d", e, after)
			}
			after = e.Seq
		}
	}
	if !slices.Equal(refs, []string{"0", "1", "3", "4", "6"}) {
		t.Errorf("%v", refs)
	}
	if events, _, err := r.Events(r.ctx(), "nobody", 0, 10); err != nil || len(events) != 0 {
		t.Errorf("%v %v", events, err)
	}
	last := after
	r.reopen()
	id := r.one("later", "x")
	events, err := r.EventsOf(r.ctx(), id)
	r.must(err)
	if events[0].Seq <= last {
		t.Errorf("number %d after %d", events[0].Seq, last)
	}
}

func TestCursorNeverMovesBack(t *testing.T) {
	r := newRig(t)
	r.one("A", "x")
	r.one("B", "x")
	for _, c := range []struct{ ack, want int64 }{{1, 1}, {0, 1}, {99, 2}, {1, 2}} {
		r.must(r.Ack(r.ctx(), "portal", "main", c.ack))
		got, err := r.Cursor(r.ctx(), "portal", "main")
		r.must(err)
		if got != c.want {
			t.Errorf("acknowledged %d: cursor %d instead of %d", c.ack, got, c.want)
		}
	}
	if got, err := r.Cursor(r.ctx(), "portal", "other"); err != nil || got != 0 {
		t.Errorf("%d %v", got, err)
	}
}

func TestAcknowledgingManyAtOnce(t *testing.T) {
	r := newRig(t)
	var all []journal.Arrival
	for n := range 2010 {
		all = append(all, arrival(fmt.Sprint(n), "x"))
	}
	out := r.accept(all...)
	changes := make([]journal.Change, len(out))
	for n := range out {
		changes[n] = journal.Change{ID: out[n].ID, Target: "x", To: journal.Done, Final: true}
	}
	r.must(r.Apply(r.ctx(), changes))
	r.must(r.Ack(r.ctx(), "portal", "main", 1<<40))
	sum, err := r.Summary(r.ctx())
	r.must(err)
	if sum.States[journal.Closed] != int64(len(all)) {
		t.Errorf("%v", sum.States)
	}
	r.check()
}

func TestPushKeepsTheOrderOfASubmission(t *testing.T) {
	r := newRig(t)
	r.EnablePush("portal", true)
	a, b := r.one("A", "x"), r.one("B", "x")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: a, Target: "x", To: journal.Done, Final: true}}))
	due := func() (s []string) {
		t.Helper()
		list, err := r.DuePushes(r.ctx(), "portal", r.clock.Now(), 10)
		r.must(err)
		for _, p := range list {
			s = append(s, fmt.Sprintf("%s %s %d", p.Event.Reference, p.Event.Type, p.Attempt))
		}
		return s
	}
	seq := func(id journal.ID, n int) int64 {
		t.Helper()
		events, err := r.EventsOf(r.ctx(), id)
		r.must(err)
		return events[n].Seq
	}
	if got := due(); !slices.Equal(got, []string{"A accepted 0", "B accepted 0"}) {
		t.Fatalf("%v", got)
	}
	next := r.clock.Now().Add(time.Minute)
	r.must(r.Pushed(r.ctx(), "portal", []telling.PushOutcome{{Seq: seq(a, 0), NextAt: next, Code: "http.503"}, {Seq: seq(b, 0), OK: true}}))
	if got := due(); len(got) != 0 {
		t.Fatalf("%v", got)
	}
	if b, err := r.PushBacklog(r.ctx(), "portal"); err != nil || b.Waiting != 2 || b.Failing != 1 || !b.NextAt.Equal(next) || b.Since.IsZero() {
		t.Errorf("backlog %+v, %v", b, err)
	}
	if b, err := r.PushBacklog(r.ctx(), "nobody"); err != nil || b != (telling.PushBacklog{}) {
		t.Errorf("backlog %+v, %v", b, err)
	}
	r.reopen()
	r.clock.add(time.Minute)
	if got := due(); !slices.Equal(got, []string{"A accepted 1"}) {
		t.Fatalf("%v", got)
	}
	r.must(r.Pushed(r.ctx(), "portal", []telling.PushOutcome{{Seq: seq(a, 0), GiveUp: true}}))
	if got := due(); !slices.Equal(got, []string{"A delivered 0"}) {
		t.Fatalf("%v", got)
	}
	r.must(r.Pushed(r.ctx(), "portal", []telling.PushOutcome{{Seq: seq(a, 1), OK: true}}))
	r.must(r.Pushed(r.ctx(), "portal", []telling.PushOutcome{{Seq: seq(a, 1), OK: true}}))
	if s := r.state(a); s != journal.Closed {
		t.Errorf("state %s", s)
	}
	if b, err := r.PushBacklog(r.ctx(), "portal"); err != nil || b.Waiting != 0 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestListAndSummary(t *testing.T) {
	r := newRig(t)
	start := r.clock.Now()
	a := r.one("A", "x", "y")
	r.clock.add(time.Hour)
	b := r.one("B", "x")
	other := arrival("C", "y")
	other.Route, other.Office, other.Park = "dogs", "", &journal.Reason{Code: "c"}
	c := r.accept(other)[0].ID
	r.done(a, "x")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: b, Target: "x", To: journal.Unclear}}))
	for _, q := range []struct {
		f    journal.Filter
		want []journal.ID
	}{
		{journal.Filter{}, []journal.ID{a, b, c}},
		{journal.Filter{Limit: 1}, []journal.ID{a}},
		{journal.Filter{After: a}, []journal.ID{b, c}},
		{journal.Filter{State: journal.Parked}, []journal.ID{c}},
		{journal.Filter{State: journal.Accepted}, []journal.ID{a, b}},
		{journal.Filter{Route: "dogs"}, []journal.ID{c}},
		{journal.Filter{Route: "cats"}, nil},
		{journal.Filter{Office: "portal"}, []journal.ID{a, b}},
		{journal.Filter{Reference: "B"}, []journal.ID{b}},
		{journal.Filter{Target: "y"}, []journal.ID{a, c}},
		{journal.Filter{Target: "y", Progress: journal.Held}, []journal.ID{c}},
		{journal.Filter{Target: "x", Progress: journal.Unclear}, []journal.ID{b}},
		{journal.Filter{Progress: journal.Done}, []journal.ID{a}},
		{journal.Filter{Since: start.Add(time.Minute)}, []journal.ID{b, c}},
		{journal.Filter{Until: start.Add(time.Minute)}, []journal.ID{a}},
	} {
		list, err := r.List(r.ctx(), q.f)
		r.must(err)
		var got []journal.ID
		for _, e := range list {
			got = append(got, e.ID)
		}
		if !slices.Equal(got, q.want) {
			t.Errorf("%+v: %v instead of %v", q.f, got, q.want)
		}
	}
	r.must(r.SetPaused(r.ctx(), "y", true, "me", "maintenance"))
	r.must(r.SetPaused(r.ctx(), "z", true, "me", ""))
	r.must(r.SetPaused(r.ctx(), "z", false, "me", ""))
	paused, err := r.Paused(r.ctx())
	r.must(err)
	if len(paused) != 1 || paused["y"] != "maintenance" {
		t.Errorf("%v", paused)
	}
	sum, err := r.Summary(r.ctx())
	r.must(err)
	x, y := sum.Targets[0], sum.Targets[1]
	if x.Open != 1 || !x.Oldest.Equal(start.Add(time.Hour)) || y.Open != 1 || y.Parked != 1 || !y.Paused || !y.Oldest.Equal(start) {
		t.Errorf("%+v", sum.Targets)
	}
	if len(sum.Routes) != 2 || !sum.Routes[0].Oldest.Equal(start) || sum.Routes[1].States[journal.Parked] != 1 || !sum.Routes[1].Oldest.Equal(start.Add(time.Hour)) {
		t.Errorf("%+v", sum.Routes)
	}
	r.must(r.PutTarget(r.ctx(), "x", "id-1", "host=a"))
	marks, err := r.Targets(r.ctx())
	r.must(err)
	if marks["x"] != (delivering.KnownTarget{Identity: "id-1", Fingerprint: "host=a", Open: 1}) || marks["y"].Open != 2 {
		t.Errorf("%+v", marks)
	}
	r.must(r.Checkpoint(r.ctx()))
	r.check()
}

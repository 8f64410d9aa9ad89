package conformance

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Behaviour is how the receiver of a front office answers.
type Behaviour int

// What a receiver may do.
const (
	Accepts Behaviour = iota // has the event and says so
	Fails                    // says that it cannot now
	Silent                   // has the event, but its answer is lost
	Forbids                  // says that this sender may not
	Nowhere                  // cannot be reached
	Gone                     // says that it wants no events any more
)

// FrontOffice is what the test of a front office's connector gives to TestFrontOffice.
type FrontOffice struct {
	Open   func() connectors.FrontOffice
	Behave func(Behaviour) // how the receiver answers from now on
	Has    func() []string // IDs of the events that the receiver has, in order, repeats counted
	Cannot []Behaviour     // what this kind of receiver cannot do
}

// TestFrontOffice runs the suite for front offices.
func TestFrontOffice(t *testing.T, harness func(testing.TB) FrontOffice) {
	runSteps(t, harness, []step[FrontOffice]{
		{"publishes in order", officeOrder},
		{"a repeat carries the same ID", officeRepeat},
		{"what fails is tried again later", officeFails},
		{"a lost answer is not a failure for good", officeSilent},
		{"close twice", officeClose},
	})
}

func events(ids ...string) []connectors.Event {
	var all []connectors.Event
	for i, id := range ids {
		all = append(all, connectors.Event{
			ID: id, Seq: int64(i + 1), Submission: "0123456789ABC", Reference: "REF-" + id, Type: "accepted",
			At: time.Date(2026, 3, 2, 12, 0, i, 0, time.UTC), Data: map[string]any{"n": i},
		})
	}
	return all
}

func (h FrontOffice) open(t testing.TB) connectors.FrontOffice {
	t.Helper()
	o := h.Open()
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return o
}

func classes(t testing.TB, evs []connectors.Event, out []connectors.Outcome) map[string]connectors.Class {
	t.Helper()
	known := map[string]bool{}
	for _, e := range evs {
		known[e.ID] = true
	}
	by := map[string]connectors.Class{}
	for _, o := range out {
		if _, twice := by[o.Key]; twice || !known[o.Key] {
			t.Errorf("outcome for event %q is one too many", o.Key)
		}
		by[o.Key] = o.Class
	}
	return by
}

func officeOrder(t *testing.T, h FrontOffice) {
	var ids []string
	for i := range 20 {
		ids = append(ids, fmt.Sprintf("evt_%02d", i))
	}
	evs := events(ids...)
	out, err := h.open(t).Publish(within(t), evs)
	if err != nil {
		t.Fatal(err)
	}
	for id, class := range classes(t, evs, out) {
		if class != connectors.Written {
			t.Errorf("%s is %s", id, class)
		}
	}
	if got := h.Has(); !slices.Equal(got, ids) {
		t.Errorf("the receiver has %q, want %q", got, ids)
	}
}

func officeRepeat(t *testing.T, h FrontOffice) {
	evs := events("evt_a")
	for _, o := range []connectors.FrontOffice{h.open(t), h.open(t)} {
		if _, err := o.Publish(within(t), evs); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.Has(); !slices.Equal(got, []string{"evt_a", "evt_a"}) {
		t.Errorf("the receiver has %q", got)
	}
}

func officeFails(t *testing.T, h FrontOffice) {
	for _, b := range []Behaviour{Fails, Forbids, Nowhere, Gone} {
		if slices.Contains(h.Cannot, b) {
			continue
		}
		o := h.open(t)
		before := len(h.Has())
		h.Behave(b)
		evs := events("evt_a", "evt_b")
		out, err := o.Publish(within(t), evs)
		got := classes(t, evs, out)
		if err == nil && len(got) == 0 {
			t.Errorf("behaviour %d: no outcome and no error", b)
		}
		for id, class := range got {
			if class == connectors.Written {
				t.Errorf("behaviour %d: %s is written", b, id)
			}
			if gone := b == Gone; gone != (class == connectors.ItemError) {
				t.Errorf("behaviour %d: %s ends as %v", b, id, class)
			}
		}
		// The second event never overtakes the first.
		if n := len(h.Has()); n != before {
			t.Errorf("behaviour %d: the receiver has %d more events", b, n-before)
		}
		h.Behave(Accepts)
		out, err = o.Publish(within(t), evs)
		if err != nil || classes(t, evs, out)["evt_b"] != connectors.Written {
			t.Errorf("behaviour %d: after it is over: %v %v", b, out, err)
		}
	}
}

func officeSilent(t *testing.T, h FrontOffice) {
	if slices.Contains(h.Cannot, Silent) {
		t.Skip("no answer can be lost")
	}
	o := h.open(t)
	h.Behave(Silent)
	evs := events("evt_a")
	out, err := o.Publish(within(t), evs)
	if class := classes(t, evs, out)["evt_a"]; err == nil && (class == connectors.Written || class == connectors.ItemError) {
		t.Errorf("an event whose answer was lost is %s", class)
	}
	h.Behave(Accepts)
	if out, err := o.Publish(within(t), evs); err != nil || classes(t, evs, out)["evt_a"] != connectors.Written {
		t.Errorf("the second attempt: %v %v", out, err)
	}
	got := h.Has()
	if len(got) < 2 || got[0] != got[len(got)-1] {
		t.Errorf("the receiver has %q, want the same event twice", got)
	}
}

func officeClose(t *testing.T, h FrontOffice) {
	o := h.Open()
	if err := errors.Join(o.Close(), o.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
}

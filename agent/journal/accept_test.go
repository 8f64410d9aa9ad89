package journal_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// other returns the same reference with other content.
func other(a journal.Arrival) journal.Arrival {
	a.Form = append([]byte(" "), a.Form...)
	a.Digest = sha256.Sum256(a.Form)
	return a
}

func TestRepeatsAndConflicts(t *testing.T) {
	r := newRig(t)
	first := r.accept(arrival("A", "register"))[0]
	if first.Verdict != connectors.Taken {
		t.Fatalf("first: %+v", first)
	}
	if again := r.accept(arrival("A", "register"))[0]; again.Verdict != connectors.Repeat || again.ID != first.ID || again.State != journal.Accepted {
		t.Errorf("repeat: %+v", again)
	}
	if c := r.accept(other(arrival("A", "register")))[0]; c.Verdict != connectors.Conflict || c.ID != first.ID || c.On != "reference" {
		t.Errorf("conflict: %+v", c)
	}
	elsewhere := arrival("A", "register")
	elsewhere.Scope = "another"
	if got := r.accept(elsewhere)[0]; got.Verdict != connectors.Taken {
		t.Errorf("another scope: %+v", got)
	}
	park := other(arrival("A", "register"))
	park.ParkConflict = true
	p := r.accept(park)[0]
	if p.Verdict != connectors.Conflict || p.ID == first.ID || p.State != journal.Parked || r.state(p.ID) != journal.Parked {
		t.Errorf("parked conflict: %+v", p)
	}
	if again := r.accept(park)[0]; again.ID != p.ID || again.Verdict != connectors.Conflict {
		t.Errorf("the same conflict again: %+v", again)
	}
	v, err := r.Show(r.ctx(), p.ID)
	r.must(err)
	if v.Code != journal.CodeReference || v.Reference != "A" || v.Reason == nil {
		t.Errorf("show: %+v", v)
	}
	list, err := r.List(r.ctx(), journal.Filter{Reference: "A"})
	r.must(err)
	if len(list) != 3 {
		t.Errorf("list by reference: %+v", list)
	}
	show, err := r.Show(r.ctx(), first.ID)
	r.must(err)
	var what []string
	for _, m := range show.Timeline {
		what = append(what, m.What)
	}
	if got := strings.Join(what, " "); !strings.Contains(got, "repeat conflict conflict") {
		t.Errorf("timeline: %s", got)
	}
}

func TestRepeatsWithinOneCall(t *testing.T) {
	r := newRig(t)
	out := r.accept(arrival("A", "x"), arrival("B", "x"), arrival("A", "x"), other(arrival("B", "x")), arrival("C", "x"))
	want := []connectors.Verdict{connectors.Taken, connectors.Taken, connectors.Repeat, connectors.Conflict, connectors.Taken}
	for n, a := range out {
		if a.Verdict != want[n] {
			t.Errorf("%d: %s instead of %s", n, a.Verdict, want[n])
		}
	}
	if out[2].ID != out[0].ID || out[3].ID != out[1].ID || out[4].ID <= out[1].ID {
		t.Errorf("IDs: %+v", out)
	}
	list, err := r.Backlog(r.ctx(), "x", 0, 10)
	r.must(err)
	if len(list) != 3 {
		t.Errorf("%d in the backlog", len(list))
	}
}

func TestIdempotencyKey(t *testing.T) {
	r := newRig(t)
	a := arrival("t-1", "x")
	a.IdempotencyKey = "key"
	again, changed := a, other(arrival("t-2", "x"))
	again.Reference, again.Transport = "t-3", "t-3"
	changed.IdempotencyKey = "key"
	out := r.accept(a, again, changed)
	if out[0].Verdict != connectors.Taken || out[1].Verdict != connectors.Repeat || out[1].ID != out[0].ID || out[2].Verdict != connectors.Conflict || out[2].On != "idempotency-key" {
		t.Fatalf("in one call: %+v", out)
	}
	out = r.accept(again, changed)
	if out[0].Verdict != connectors.Repeat || out[1].Verdict != connectors.Conflict || out[1].On != "idempotency-key" || out[1].ID != out[0].ID {
		t.Fatalf("later: %+v", out)
	}
	elsewhere := changed
	elsewhere.Scope = "another"
	if got := r.accept(elsewhere)[0]; got.Verdict != connectors.Taken {
		t.Errorf("another scope: %+v", got)
	}
}

// A form that would be refused is answered when it is known, and leaves no trace when it is not.
func TestKnownOnly(t *testing.T) {
	r := newRig(t)
	a := arrival("A", "x")
	a.IdempotencyKey = "key"
	first := r.accept(a)[0]
	a.KnownOnly = true
	byKey, byReference := other(a), other(arrival("A", "x"))
	byKey.Reference = "B"
	byReference.KnownOnly = true
	fresh := arrival("C", "x")
	fresh.KnownOnly, fresh.IdempotencyKey = true, "key-2"
	out := r.accept(a, byKey, byReference, fresh)
	if out[0].Verdict != connectors.Repeat || out[0].ID != first.ID {
		t.Errorf("the same again: %+v", out[0])
	}
	if out[1].Verdict != connectors.Conflict || out[1].ID != first.ID || out[1].On != "idempotency-key" {
		t.Errorf("its key: %+v", out[1])
	}
	if out[2].Verdict != connectors.Conflict || out[2].ID != first.ID || out[2].On != "reference" {
		t.Errorf("its reference: %+v", out[2])
	}
	if out[3] != (journal.Acceptance{}) {
		t.Errorf("unknown: %+v", out[3])
	}
	fresh.KnownOnly = false
	if got := r.accept(fresh)[0]; got.Verdict != connectors.Taken {
		t.Errorf("left a trace: %+v", got)
	}
}

func TestRejectedAndParkedOnArrival(t *testing.T) {
	r := newRig(t)
	bad := arrival("bad", "x")
	bad.Reject = []journal.FieldError{{Pointer: "/owner", Code: "form.required", Message: "is required"}}
	bad.Why = &journal.Reason{Code: "form.wrong", Text: "see the fields"}
	odd := journal.Arrival{Scope: "folder", Inbasket: "folder", Reference: "x.json", Digest: sha256.Sum256(nil), Park: &journal.Reason{Code: "form.unknown", Text: "no route", Raw: "secret"}}
	out := r.accept(bad, odd)
	if out[0].State != journal.Rejected || out[1].State != journal.Parked {
		t.Fatalf("%+v", out)
	}
	if got := r.types(out[0].ID); got != "accepted rejected! " {
		t.Errorf("events %q", got)
	}
	events, err := r.EventsOf(r.ctx(), out[0].ID)
	r.must(err)
	if errs, _ := events[1].Data["errors"].([]any); len(errs) != 1 || errs[0].(map[string]any)["pointer"] != "/owner" {
		t.Errorf("data of the event: %v", events[1].Data)
	}
	rejected, err := r.Show(r.ctx(), out[0].ID)
	r.must(err)
	if line := rejected.Timeline[1]; line.What != "rejected" || line.Code != rejected.Code {
		t.Errorf("timeline %+v", rejected.Timeline)
	}
	v, err := r.Show(r.ctx(), out[1].ID)
	r.must(err)
	if v.Reason == nil || v.Reason.Raw != "secret" || v.Code != "form.unknown" {
		t.Errorf("show: %+v", v)
	}
	if err := r.Release(r.ctx(), out[1].ID, "", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("released without a mapping: %v", err)
	}
	r.must(r.Repin(r.ctx(), out[1].ID, planA.Digest, []string{"x"}, "", "me"))
	r.done(out[1].ID, "x")
	if s := r.state(out[1].ID); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
	if _, err := r.Accept(r.ctx(), []journal.Arrival{{Reference: "none"}}); !errors.Is(err, journal.ErrState) {
		t.Errorf("accepted without targets: %v", err)
	}
}

func TestLargeFormsLieInTheContentStore(t *testing.T) {
	r := newRig(t)
	a := arrival("big", "x")
	a.ContentType = "application/xml"
	a.Form = bytes.Repeat([]byte("0123456789abcdef"), 5000)
	a.Digest = sha256.Sum256(a.Form)
	id := r.accept(a)[0].ID
	list, err := r.Load(r.ctx(), "x", []journal.ID{id})
	r.must(err)
	if len(list) != 1 || !bytes.Equal(list[0].Form, a.Form) || list[0].ContentType != "application/xml" {
		t.Fatal("form differs")
	}
	form, ct, _, err := r.Form(r.ctx(), id)
	r.must(err)
	if !bytes.Equal(form, a.Form) || ct != "application/xml" {
		t.Fatal("form differs")
	}
	if !r.ContentStore().Has(sha256.Sum256(a.Form)) {
		t.Fatal("not in the content store")
	}
}

func TestBacklogIsBoundedByBytes(t *testing.T) {
	r := newRig(t)
	var all []journal.Arrival
	for n := range 40 {
		a := arrival(string(rune('a'+n)), "x")
		a.Form = bytes.Repeat([]byte{byte(n)}, 1<<20)
		a.Digest = sha256.Sum256(a.Form)
		all = append(all, a)
	}
	r.accept(all...)
	seen, after := 0, journal.ID(0)
	for {
		list, err := r.Backlog(r.ctx(), "x", after, 100)
		r.must(err)
		if len(list) == 0 {
			break
		}
		if len(list) > 9 {
			t.Fatalf("%d forms of 1 MiB at once", len(list))
		}
		seen += len(list)
		after = list[len(list)-1].ID
	}
	if seen != 40 {
		t.Fatalf("%d of 40", seen)
	}
}

func TestPlanChangedUnderItsVersion(t *testing.T) {
	r := newRig(t)
	changed := planA
	changed.Digest, changed.Bundle = sha256.Sum256([]byte("other")), []byte("other")
	r.must(r.PutPlan(r.ctx(), changed)) // planA was not used yet
	unknown := arrival("A", "x")
	unknown.Plan = sha256.Sum256(nil)
	if _, err := r.Accept(r.ctx(), []journal.Arrival{unknown}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("pinned to a plan that was not put: %v", err)
	}
	a := arrival("A", "x")
	a.Plan = changed.Digest
	r.accept(a)
	r.reopen()
	r.must(r.PutPlan(r.ctx(), planA)) // it was put before
	third := planA
	third.Digest = sha256.Sum256([]byte("third"))
	err := r.PutPlan(r.ctx(), third)
	var e *connectors.Error
	if !errors.Is(err, journal.ErrPlanChanged) || !errors.As(err, &e) || e.Code != journal.CodePlanChanged {
		t.Errorf("changed content: %v", err)
	}
	r.must(r.PutPlan(r.ctx(), changed))
	next := planA
	next.Version, next.Digest = 2, sha256.Sum256([]byte("two"))
	r.must(r.PutPlan(r.ctx(), next))
	plans, err := r.PlansOf(r.ctx(), next.Name)
	if err != nil || len(plans) != 3 || plans[0] != next.Digest {
		t.Errorf("latest: %x, %v", plans, err)
	}
}

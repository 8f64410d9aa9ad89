package journal_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/connectors"
)

func TestApplyIsAllOrNothing(t *testing.T) {
	r := newRig(t)
	a, b := r.one("A", "x"), r.one("B", "x")
	r.done(b, "x")
	err := r.Apply(r.ctx(), []journal.Change{{ID: a, Target: "x", To: journal.Done}, {ID: b, Target: "x", To: journal.Attempting}})
	var te *journal.TransitionError
	if !errors.As(err, &te) || te.ID != b || te.From != journal.Done || te.To != journal.Attempting {
		t.Fatalf("%v", err)
	}
	if s := r.state(a); s != journal.Accepted {
		t.Errorf("half applied: %s", s)
	}
	for _, c := range []journal.Change{{ID: a, Target: "y", To: journal.Done}, {ID: a, Target: "x", To: journal.Batched}, {ID: a, Target: "x", To: journal.Dropped}, {ID: a, Target: "x", To: "nonsense"}} {
		if err := r.Apply(r.ctx(), []journal.Change{c}); !errors.Is(err, journal.ErrState) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := r.Apply(r.ctx(), []journal.Change{{ID: 4711, Target: "x", To: journal.Done}}); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("unknown submission: %v", err)
	}
}

func TestDoneTwiceIsOnce(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x")
	r.done(id, "x")
	r.done(id, "x")
	if got := r.types(id); got != "accepted delivered " {
		t.Errorf("events %q", got)
	}
}

func TestFinalDelivery(t *testing.T) {
	r := newRig(t)
	with := r.one("A", "x")
	a := arrival("B", "x")
	a.Office = ""
	without := r.accept(a)[0].ID
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: with, Target: "x", To: journal.Done, Final: true}, {ID: without, Target: "x", To: journal.Skipped}}))
	if s := r.state(with); s != journal.Delivered {
		t.Errorf("with office: %s", s)
	}
	if got := r.types(with); got != "accepted delivered! " {
		t.Errorf("events %q", got)
	}
	if s := r.state(without); s != journal.Delivered { // a decision is expected
		t.Errorf("without office: %s", s)
	}
	r.must(r.Ack(r.ctx(), "portal", "c", 1000))
	if s := r.state(with); s != journal.Closed {
		t.Errorf("acknowledged: %s", s)
	}
	c := arrival("C", "x")
	c.Office = ""
	id := r.accept(c)[0].ID
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, Final: true}}))
	if s := r.state(id); s != journal.Closed {
		t.Errorf("final without office: %s", s)
	}
}

func TestParkAndRelease(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x", "y")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Held, Attempt: true, Reason: &journal.Reason{Code: "sql.too-long", Text: "column SURNAME", Next: "mend it", Raw: "MÜLLER"}}}))
	v, err := r.Show(r.ctx(), id)
	r.must(err)
	if v.State != journal.Parked || v.Code != "sql.too-long" || v.Deliveries[0].Reason.Raw != "MÜLLER" || v.Deliveries[0].Attempts != 1 {
		t.Fatalf("%+v", v)
	}
	list, err := r.Backlog(r.ctx(), "y", 0, 10)
	r.must(err)
	if len(list) != 1 {
		t.Fatal("the other target does not go on")
	}
	r.done(id, "y")
	if s := r.state(id); s != journal.Parked {
		t.Fatalf("state %s", s)
	}
	r.must(r.Release(r.ctx(), id, "", "me"))
	if r.state(id) != journal.Accepted {
		t.Fatalf("released: %s", r.state(id))
	}
	r.done(id, "x")
	if s := r.state(id); s != journal.Delivered {
		t.Fatalf("state %s", s)
	}
	if err := r.Release(r.ctx(), id, "", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("released again: %v", err)
	}
}

// What may be at a target goes on only by the word that it is not there, whichever order would let it go: that is Release, Repin
// and Reject. What is surely not there goes on.
func TestUnclearWaitsForAWord(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x", "y")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "y", To: journal.Held, Reason: &journal.Reason{Code: "sql.wrong"}}, {ID: id, Target: "x", To: journal.Attempting}}))
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Held, Reason: &journal.Reason{Code: journal.CodeUnclear}}}))
	var unclear *journal.UnclearError
	if err := r.Release(r.ctx(), id, "", "me"); !errors.As(err, &unclear) || !slices.Equal(unclear.Targets, []string{"x"}) {
		t.Fatalf("released: %v", err)
	}
	v, err := r.Show(r.ctx(), id)
	r.must(err)
	if v.State != journal.Parked || v.Code != journal.CodeUnclear || v.Deliveries[0].Progress != journal.Held || v.Deliveries[1].Progress != journal.Pending {
		t.Fatalf("%s for %s: %+v", v.State, v.Code, v.Deliveries)
	}
	if err := r.Release(r.ctx(), id, "y", "me"); !errors.As(err, &unclear) {
		t.Errorf("released on the word for another target: %v", err)
	}
	next := planA
	next.Digest, next.Version = [32]byte{9}, 9
	r.must(r.PutPlan(r.ctx(), next))
	if err := r.Repin(r.ctx(), id, next.Digest, []string{"x", "y"}, "", "me"); !errors.As(err, &unclear) {
		t.Errorf("pinned to another mapping: %v", err)
	}
	if err := r.Reject(r.ctx(), id, nil, journal.Reason{Code: "no"}, "me", false); !errors.Is(err, journal.ErrPartlyDelivered) {
		t.Errorf("rejected: %v", err)
	}
	r.must(r.Release(r.ctx(), id, "x", "me"))
	r.done(id, "x")
	r.done(id, "y")
	if s := r.state(id); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
}

func TestParkedAsAWholeWhileUnderWay(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x", "y")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Attempting}}))
	r.must(r.ParkSubmission(r.ctx(), id, journal.Reason{Code: "operator.parked"}))
	if err := r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "y", To: journal.Attempting}}); !errors.Is(err, journal.ErrState) {
		t.Errorf("began an effect while parked: %v", err)
	}
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "y", To: journal.Pending, Attempt: true, Reason: &journal.Reason{Code: "late"}}})) // too late to matter
	r.done(id, "x")
	if s := r.state(id); s != journal.Parked {
		t.Errorf("state %s", s)
	}
	r.must(r.Release(r.ctx(), id, "", "me"))
	r.done(id, "y")
	if s := r.state(id); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
}

func TestReject(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x", "y")
	r.done(id, "x")
	err := r.Reject(r.ctx(), id, nil, journal.Reason{Code: "operator.rejected", Text: "withdrawn"}, "me", false)
	var pd *journal.PartlyDeliveredError
	if !errors.Is(err, journal.ErrPartlyDelivered) || !errors.As(err, &pd) || !slices.Equal(pd.Targets, []string{"x"}) {
		t.Fatalf("%v", err)
	}
	r.must(r.Reject(r.ctx(), id, nil, journal.Reason{Code: "operator.rejected", Text: "withdrawn"}, "me", true))
	if got := r.types(id); got != "accepted rejected! " || r.state(id) != journal.Rejected {
		t.Errorf("events %q, %s", got, r.state(id))
	}
	list, err := r.Backlog(r.ctx(), "y", 0, 10)
	r.must(err)
	if len(list) != 0 {
		t.Error("a rejected submission is still to be delivered")
	}
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "y", To: journal.Pending, Attempt: true, Reason: &journal.Reason{Code: "late"}}}))
	r.done(id, "y") // it was under way
	if s := r.state(id); s != journal.Rejected {
		t.Errorf("state %s", s)
	}
	r.must(r.Reject(r.ctx(), id, nil, journal.Reason{}, "me", false)) // again
	if got := r.types(id); got != "accepted rejected! " {
		t.Errorf("events %q", got)
	}
}

func TestRepin(t *testing.T) {
	r := newRig(t)
	next := planA
	next.Version, next.Digest[0] = 2, next.Digest[0]+1
	r.must(r.PutPlan(r.ctx(), next))
	id, busy := r.one("A", "x", "y"), r.one("B", "x")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Held, Reason: &journal.Reason{Code: "c"}}, {ID: busy, Target: "x", To: journal.Unclear}}))
	r.must(r.Repin(r.ctx(), id, next.Digest, []string{"z"}, "", "me"))
	list, err := r.Backlog(r.ctx(), "z", 0, 10)
	r.must(err)
	if len(list) != 1 || list[0].Plan != next.Digest {
		t.Fatalf("%+v", list)
	}
	if list, _ = r.Backlog(r.ctx(), "y", 0, 10); len(list) != 0 {
		t.Error("an old delivery is left")
	}
	if err := r.Repin(r.ctx(), busy, next.Digest, []string{"z"}, "", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("unclear: %v", err)
	}
	r.done(id, "z")
	if err := r.Repin(r.ctx(), id, next.Digest, []string{"z"}, "", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("delivered: %v", err)
	}
	partly := r.one("C", "x", "y")
	r.done(partly, "x")
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: partly, Target: "y", To: journal.Held, Reason: &journal.Reason{Code: "c"}}}))
	if err := r.Repin(r.ctx(), partly, next.Digest, []string{"x"}, "", "me"); !errors.Is(err, journal.ErrState) {
		t.Errorf("nothing left: %v", err)
	}
	r.must(r.Repin(r.ctx(), partly, next.Digest, []string{"y", "x"}, "", "me")) // what is written stays
	if list, _ = r.Backlog(r.ctx(), "x", 0, 10); slices.ContainsFunc(list, func(s journal.Stored) bool { return s.ID == partly }) {
		t.Error("what is written is delivered again")
	}
	r.done(partly, "y")
	if s := r.state(partly); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
	r.check()
}

func TestReopen(t *testing.T) {
	r := newRig(t)
	var ids []journal.ID
	for _, ref := range []string{"A", "B", "C"} {
		id := r.one(ref, "x", "y")
		r.done(id, "x")
		r.done(id, "y")
		ids = append(ids, id)
		r.clock.add(time.Minute)
	}
	since := r.clock.Now().Add(-2 * time.Minute)
	list, count, err := r.Delivered(r.ctx(), "x", since, false, 0, 1)
	r.must(err)
	if count != 2 || len(list) != 1 || list[0].ID != ids[1] {
		t.Fatalf("%d, %+v", count, list)
	}
	r.must(r.Reopen(r.ctx(), ids[1:], "x", "me"))
	if s := r.state(ids[1]); s != journal.Delivered {
		t.Errorf("state %s", s)
	}
	back, err := r.Backlog(r.ctx(), "x", 0, 10)
	r.must(err)
	if len(back) != 2 {
		t.Fatalf("%d in the backlog", len(back))
	}
	r.clock.add(time.Minute)
	r.done(ids[1], "x")
	if got := r.types(ids[1]); got != "accepted delivered " {
		t.Errorf("events %q", got)
	}
	v, err := r.Show(r.ctx(), ids[1])
	r.must(err)
	told := ""
	for _, m := range v.Timeline {
		if m.Target == "x" {
			told += m.What + " "
		}
	}
	if told != "delivered redeliver delivered " {
		t.Errorf("timeline of x: %s", told)
	}
}

func TestReturnedValuesOfEveryKind(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x", "y")
	blob := connectors.BytesBlob([]byte{0, 1, 2})
	want := map[string]connectors.Value{
		"w.T": {Kind: connectors.Text, Str: "é"}, "w.N": {Kind: connectors.Null}, "w.I": {Kind: connectors.Integer, Int: -1 << 62},
		"w.D": {Kind: connectors.Decimal, Str: "12.340"}, "w.B": {Kind: connectors.Binary, Blob: &blob},
	}
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Done, Returned: want}}))
	list, err := r.Load(r.ctx(), "y", []journal.ID{id, 99})
	r.must(err)
	got := list[0].Returned
	content, err := got["w.B"].Blob.Open()
	r.must(err)
	b, err := io.ReadAll(content)
	r.must(err)
	if len(got) != 5 || got["w.T"].Str != "é" || got["w.N"].Kind != connectors.Null || got["w.I"].Int != -1<<62 || got["w.D"].Str != "12.340" || string(b) != "\x00\x01\x02" {
		t.Errorf("%+v", got)
	}
}

// The order key of a parked delivery is kept with it, and forgotten when another mapping may give another one.
func TestOrderOfAParkedDelivery(t *testing.T) {
	r := newRig(t)
	a, b, c := r.one("A", "x"), r.one("B", "x"), r.one("C", "x")
	key, none := "parcel 7", ""
	park := func(id journal.ID, order *string) {
		t.Helper()
		r.must(r.Apply(r.ctx(), []journal.Change{{ID: id, Target: "x", To: journal.Held, Order: order, Reason: &journal.Reason{Code: "c"}}}))
	}
	want := func(want ...delivering.Stopping) {
		t.Helper()
		if got, err := r.Stopping(r.ctx(), "x", 0, 10); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v instead of %+v, %v", got, want, err)
		}
	}
	park(a, &key)
	park(b, &none)
	park(c, nil)
	want(delivering.Stopping{ID: a, Known: true, Order: key}, delivering.Stopping{ID: b, Known: true}, delivering.Stopping{ID: c})
	r.must(r.KeepOrders(r.ctx(), "x", map[journal.ID]string{c: "late"}))
	r.reopen()
	want(delivering.Stopping{ID: a, Known: true, Order: key}, delivering.Stopping{ID: b, Known: true}, delivering.Stopping{ID: c, Known: true, Order: "late"})
	if got, err := r.Stopping(r.ctx(), "x", b, 10); err != nil || len(got) != 1 {
		t.Errorf("after the second: %+v, %v", got, err)
	}
	r.must(r.Repin(r.ctx(), a, planA.Digest, []string{"x"}, "", "me"))
	park(a, nil)
	r.must(r.Apply(r.ctx(), []journal.Change{{ID: c, Target: "x", To: journal.Done}}))
	r.must(r.Reopen(r.ctx(), []journal.ID{c}, "x", "me"))
	park(c, nil)
	want(delivering.Stopping{ID: a}, delivering.Stopping{ID: b, Known: true}, delivering.Stopping{ID: c})
	r.check()
}

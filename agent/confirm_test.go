package agent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

// A held batch whose file a person has found at the target is delivered on that person's word, without
// being sent again, and the next one goes under the next number.
func TestConfirmBatch(t *testing.T) {
	w, s := newBatching(t)
	refuse := make(chan struct{})
	s.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		select {
		case <-refuse:
			return written(g), nil
		default:
			return nil, connectors.Errorf(connectors.ItemError, "test.taken", "rename", "", "taken")
		}
	}
	w.start()
	w.drop(0, 3)
	w.until("held", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(open) == 1 && open[0].Progress == journal.Held
	})
	ctx := context.Background()
	if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{Target: "batches", Seq: 7, By: "me", Reason: "test"}); err == nil {
		t.Error("a batch that there is not was confirmed")
	}
	parked, err := reading.Of(w.agent.Journal()).List(ctx, journal.Filter{State: journal.Parked})
	if err != nil || len(parked) != 3 || parked[0].Code != "test.taken" {
		t.Fatalf("%+v, %v", parked, err)
	}
	if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{ID: parked[0].ID, Target: "batches", By: "me", Reason: "test"}); err == nil {
		t.Error("one member of a batch was confirmed alone")
	}
	close(refuse)
	if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{Target: "batches", Seq: 1, By: "me", Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	w.drop(3, 6)
	w.until("the next", func() bool { return w.states()[journal.Delivered] == 6 })
	v, err := reading.Of(w.agent.Journal()).Show(ctx, parked[0].ID)
	if err != nil || v.Code != "" {
		t.Errorf("%+v, %v", v.Entry, err)
	}
	told := false
	for _, m := range v.Timeline {
		told = told || m.What == "confirmed" && m.By == "me" && m.Text == "test"
	}
	if !told {
		t.Errorf("nobody is on record: %+v", v.Timeline)
	}
	if seqs, _ := s.numbers(); seqs[len(seqs)-1] != 2 {
		t.Errorf("batches %v", seqs)
	}
}

// unclearWorld is a world whose target one may have the only form, and cannot tell; two waits for what one returned.
func unclearWorld(t *testing.T) (w *world, one, two *script, id journal.ID) {
	one, two = newScript(connectors.Abilities{}), newScript(recorded)
	one.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) { return nil, errors.New("cut") }
	one.found = connectors.Unknown
	w = newScripted(t, one, two, "")
	w.write("permit.yaml", strings.Replace(scriptMapping, "table: COPY\n    fields: {", "table: COPY\n    fields: {CASE: application.ID, ", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	return w, one, two, w.only().ID
}

// What is at a target is confirmed with what the target gave it, and who waits for that goes on with it. Without the value, or with
// one that the mapping does not name, the order is refused and nothing changes.
func TestConfirmReturned(t *testing.T) {
	w, _, two, id := unclearWorld(t)
	ctx := context.Background()
	confirm := func(returned map[string]string) error {
		_, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{ID: id, Target: "one", By: "me", Reason: "it is there", Returned: returned})
		return err
	}
	for _, wrong := range []map[string]string{nil, {"application.NAME": "Anna"}, {"ID": "4711"}} {
		if e := control.ErrorOf(confirm(wrong)); e == nil || e.Code != prepare.CodeReturned || !strings.Contains(e.Hint, "application.ID") {
			t.Errorf("%v: %+v", wrong, e)
		}
	}
	if p := w.to("REF-1", "one").Progress; p != journal.Held {
		t.Fatal(p)
	}
	if err := confirm(map[string]string{"application.ID": "4711"}); err != nil {
		t.Fatal(err)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	if v := two.groups[0].Items[0].Records[0].Values[0]; v.Kind != connectors.Integer || v.Int != 4711 {
		t.Errorf("%+v", v)
	}
	told := false
	for _, m := range w.view("REF-1").Timeline {
		told = told || m.What == "confirmed" && m.By == "me" && m.Text == "it is there application.ID=4711"
	}
	entries, err := orders.Audit.Give(ctx, w.agent.Desk(), audit.Filter{})
	if err != nil || !told || !slices.ContainsFunc(entries, func(e audit.Entry) bool {
		return e.Action == "confirm" && e.Details["returned"] == "application.ID=4711"
	}) {
		t.Errorf("not on record: %v, %+v, %v", told, entries, err)
	}
}

// A retry leaves what may be at its target already, and names it; the word for that target delivers it.
func TestRetryLeavesWhatIsUnclear(t *testing.T) {
	w, one, _, id := unclearWorld(t)
	one.set(func() { one.deliver = nil })
	ctx := context.Background()
	retry := func(target string) *control.Error {
		t.Helper()
		out, err := orders.Retry.Give(ctx, w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{id}, Target: target, By: "me"})
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Error
	}
	if out, err := orders.Retry.Give(ctx, w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{id}, By: "me"}); err != nil || len(out[0].Targets) > 0 {
		t.Fatalf("nothing goes on: %+v, %v", out, err)
	}
	if e := retry(""); e == nil || e.Code != journal.CodeUnclear || !strings.Contains(e.Message, "one") || !strings.Contains(e.Hint, "inbasket retry "+id.String()+" --target") {
		t.Fatalf("%+v", e)
	}
	out, err := orders.Release.Give(ctx, w.agent.Desk(), control.ReleaseRequest{IDs: []journal.ID{id}, By: "me"})
	if err != nil || out[0].Error == nil || out[0].Error.Code != journal.CodeUnclear {
		t.Fatalf("%+v, %v", out, err)
	}
	if p := w.to("REF-1", "one").Progress; p != journal.Held || one.count() != 0 {
		t.Fatal(p, one.count())
	}
	if e := retry("one"); e != nil {
		t.Fatal(e)
	}
	w.until("delivered", func() bool { return one.count() == 1 && w.to("REF-1", "one").Progress == journal.Done })
}

// slowLog writes slowly that a batch is held: the journal says so already, and the lane is not at the end of its attempt.
type slowLog struct{ wait chan struct{} }

func (s slowLog) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "stops its target") {
		<-s.wait
	}
	return len(b), nil
}

// Who sees that a batch is held may confirm it: an attempt that is about to end is waited for.
func TestConfirmBatchAtOnce(t *testing.T) {
	w, s := newBatching(t)
	s.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
		return nil, connectors.Errorf(connectors.ItemError, "test.taken", "rename", "", "taken")
	}
	slow := slowLog{make(chan struct{})}
	w.startWith(func(o *agent.Options) { o.Log = zerolog.New(slow) })
	w.drop(0, 3)
	ctx := context.Background()
	w.until("held", func() bool {
		open, err := delivering.Of(w.agent.Journal()).Batches(ctx, "batches", true)
		return err == nil && len(open) == 1 && open[0].Progress == journal.Held
	})
	confirmed := make(chan error, 1)
	go func() {
		_, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{Target: "batches", Seq: 1, By: "me", Reason: "test"})
		confirmed <- err
	}()
	w.until("the order is on record", func() bool {
		entries, err := orders.Audit.Give(ctx, w.agent.Desk(), audit.Filter{})
		return err == nil && slices.ContainsFunc(entries, func(e audit.Entry) bool { return e.Action == "confirm" })
	})
	close(slow.wait)
	if err := <-confirmed; err != nil {
		t.Fatal(err)
	}
}

// What a person has confirmed is not delivered again unless that is said: the target may have it without a record of it.
func TestRedeliverLeavesWhatWasConfirmed(t *testing.T) {
	w, one, _, id := unclearWorld(t)
	one.set(func() { one.deliver = nil })
	ctx := context.Background()
	if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{ID: id, Target: "one", By: "me", Reason: "there", Returned: map[string]string{"application.ID": "7"}}); err != nil {
		t.Fatal(err)
	}
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("the other one is delivered", func() bool { return one.count() == 1 && w.to("REF-2", "one").Progress == journal.Done })
	redeliver := func(force bool, count, left int64) {
		t.Helper()
		for _, dry := range []bool{true, false} {
			r, err := orders.Redeliver.Give(ctx, w.agent.Desk(), control.RedeliverRequest{Target: "one", DryRun: dry, Force: force, By: "me"})
			if err != nil || r.Count != count || r.Left != left || r.Done == dry {
				t.Fatalf("force %v: %+v, %v", force, r, err)
			}
		}
		w.until("delivered again", func() bool {
			return w.to("REF-1", "one").Progress == journal.Done && w.to("REF-2", "one").Progress == journal.Done
		})
	}
	redeliver(false, 1, 1)
	if names := one.names(); !slices.Equal(names, []string{"Berta", "Berta"}) {
		t.Fatal(names)
	}
	redeliver(true, 2, 0)
	if names := one.names(); len(names) != 4 || !slices.Contains(names, "Anna") {
		t.Fatal(names)
	}
	redeliver(false, 2, 0) // by now the target has it from us
}

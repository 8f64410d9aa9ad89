package agent_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

var recorded = connectors.Abilities{Recorded: true}

// one returns the only submission.
func (w *world) only() journal.Entry {
	w.t.Helper()
	list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{})
	if err != nil || len(list) != 1 {
		w.t.Fatalf("%d submissions, %v", len(list), err)
	}
	return list[0]
}

// An operator who rejects what is being put in place must not stop the target for the others.
func TestRejectWhileStaging(t *testing.T) {
	one, two := newScript(recorded), newScript(connectors.Abilities{})
	two.found = connectors.Absent
	staging, begun, goOn := staging{two}, make(chan struct{}, 10), make(chan struct{})
	two.stage = func(context.Context, connectors.Group) error { begun <- struct{}{}; <-goOn; return nil }
	one.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
		return nil, connectors.Errorf(connectors.TargetError, "test.down", "deliver", "", "down")
	}
	w := newScripted(t, one, staging, "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	<-begun
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("both accepted", func() bool { return w.states()[journal.Accepted] == 2 })
	all, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = orders.Reject.Give(context.Background(), w.agent.Desk(), control.RejectRequest{ID: all[0].ID, Reason: "withdrawn"})
	var refused *control.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusConflict {
		t.Errorf("rejected what is under way: %v", err)
	}
	if _, err = orders.Reject.Give(context.Background(), w.agent.Desk(), control.RejectRequest{ID: all[0].ID, Reason: "withdrawn", Force: true}); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	w.until("the other one delivered", func() bool { return slices.Equal(two.names(), []string{"Berta"}) })
	one.set(func() { one.deliver = nil })
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 && w.states()[journal.Rejected] == 1 })
	if got := one.names(); !slices.Equal(got, []string{"Berta"}) {
		t.Errorf("delivered %v", got)
	}
}

// What cannot be put in place for one submission, such as a name that the target cannot have, parks that one alone.
func TestOneOfAGroupCannotBeStaged(t *testing.T) {
	one, two := newScript(recorded), newScript(connectors.Abilities{})
	two.stage = func(_ context.Context, g connectors.Group) error {
		if slices.ContainsFunc(g.Items, func(d connectors.Delivery) bool { return nameOf(d) == "Anna" }) {
			return connectors.Errorf(connectors.ItemError, "test.name", "put in place", "", "the name")
		}
		return nil
	}
	w := newScripted(t, one, staging{two}, "")
	w.write("in/0.json", form("REF-0", "Berta"))
	w.write("in/1.json", form("REF-1", "Anna"))
	w.write("in/2.json", form("REF-2", "Berta"))
	w.start()
	w.until("one parked, the others delivered", func() bool { return w.states()[journal.Parked] == 1 && w.states()[journal.Delivered] == 2 })
	if p := w.to("REF-1", "two").Progress; p != journal.Held {
		t.Errorf("parked is another one: %s", p)
	}
}

// A submission that keeps failing must not keep the others waiting, whatever the class of its failure.
func TestPoison(t *testing.T) {
	fail := map[string]func() ([]connectors.Outcome, error){
		"transient": func() ([]connectors.Outcome, error) {
			return nil, connectors.Errorf(connectors.Transient, "test.lock", "deliver", "", "lock")
		},
		"panic": func() ([]connectors.Outcome, error) { panic("broken by Anna") },
	}
	for name, failing := range fail {
		t.Run(name, func(t *testing.T) {
			one, two := newScript(recorded), newScript(recorded)
			one.found = connectors.Absent
			one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
				for _, d := range g.Items {
					if nameOf(d) == "Anna" {
						return failing()
					}
				}
				return written(g), nil
			}
			w := newScripted(t, one, two, "")
			w.write("in/00.json", form("REF-0", "Anna"))
			for i := range 9 {
				w.write(fmt.Sprintf("in/%02d.json", i+1), form(fmt.Sprintf("REF-%d", i+1), "Berta"))
			}
			w.start()
			w.until("the others delivered", func() bool { return one.count() == 9 })
			if name == "panic" {
				w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
			}
			if s := w.log.String(); strings.Contains(s, "Anna") {
				t.Errorf("the log shows a name:\n%s", s)
			}
		})
	}
}

// A form that its target is not to take, as the mapping says of what a procedure returned, is rejected, and its sender told the mapping's text;
// one that another target has, or may get at any moment, waits for a person.
func TestRejectedByTarget(t *testing.T) {
	for name, c := range map[string]struct {
		other func(context.Context, connectors.Group) ([]connectors.Outcome, error) // of the other target
		want  string
	}{"everywhere": {nil, "rejected"}, "another has it": {written1, "parked"}, "another may get it": {down, "parked"}} {
		t.Run(name, func(t *testing.T) {
			one, two := newScript(recorded), newScript(recorded)
			refuse := func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
				out := written(g)
				for i, d := range g.Items {
					if nameOf(d) == "Anna" {
						out[i] = connectors.Outcome{Key: d.Key, Class: connectors.ItemError, Code: "rule.no-plot", Text: "There is no such plot", Raw: "CODE = 7", Reject: true}
					}
				}
				return out, nil
			}
			one.deliver, two.deliver = refuse, refuse
			if c.other != nil {
				two.deliver = c.other
			}
			w := newScripted(t, one, two, "")
			w.start()
			w.write("in/a.json", form("REF-1", "Anna"))
			w.until("it ends", func() bool { return len(w.files("in")) == 0 && string(w.view("REF-1").State) == c.want })
			if v := w.view("REF-1"); v.Reason == nil || v.Reason.Code != "rule.no-plot" || v.Reason.Text != "There is no such plot" {
				t.Errorf("%+v", v.Reason)
			}
			w.write("in/b.json", form("REF-2", "Berta"))
			w.until("others go on", func() bool { return slices.Contains(one.names(), "Berta") })
		})
	}
}

func written1(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
	return written(g), nil
}

// Equal order keys are delivered in the order of acceptance, also past one that is parked, retried, and a restart.
func TestOrder(t *testing.T) {
	one, two := newScript(connectors.Abilities{Recorded: true, Parallel: 3, MaxItems: 2}), newScript(recorded)
	refuse := func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		out := written(g)
		for i, d := range g.Items {
			if nameOf(d) == "K1 b" {
				out[i] = connectors.Outcome{Key: d.Key, Class: connectors.ItemError, Code: "test.refused", Text: "refused"}
			}
		}
		return out, nil
	}
	one.deliver = refuse
	w := newScripted(t, one, two, "order: 'form.name | substring(0, 2)'\n")
	w.start()
	names := []string{"K1 a", "K1 b", "K2 a", "K1 c", "K2 b", "K1 d"}
	for i, n := range names {
		w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), n))
		w.until("taken in this order", func() bool { return len(w.files("in")) == 0 })
	}
	of := func(key string) (list []string) {
		for _, n := range one.names() {
			if strings.HasPrefix(n, key) {
				list = append(list, n)
			}
		}
		return list
	}
	w.until("the other key goes on", func() bool { return len(of("K2")) == 2 })
	if got := of("K1"); !slices.Equal(got, []string{"K1 a"}) {
		t.Errorf("overtaken: %v", got)
	}
	parked, waits := w.view("REF-1").ID, w.view("REF-3").ID
	w.until("it says what it waits for", func() bool {
		v, err := orders.Show.Give(context.Background(), w.agent.Desk(), control.ShowRequest{ID: waits})
		target := w.status().Targets[0]
		return err == nil && v.Deliveries[0].Code == lane.CodeBehind && strings.Contains(v.Deliveries[0].Text, parked.String()) &&
			target.Stopped == 2 && target.StoppedBy == parked.String()
	})
	w.halt()
	w.start()
	w.write("in/9.json", form("REF-9", "K2 c"))
	w.until("still goes on", func() bool { return len(of("K2")) == 3 })
	if got := of("K1"); !slices.Equal(got, []string{"K1 a"}) {
		t.Errorf("overtaken after a restart: %v", got)
	}
	one.set(func() { one.deliver = nil })
	if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Target: "one"}); err != nil {
		t.Fatal(err)
	}
	w.until("all in order", func() bool { return slices.Equal(of("K1"), []string{"K1 a", "K1 b", "K1 c", "K1 d"}) })
	if d := one.doubled(); d != nil {
		t.Errorf("written twice: %v", d)
	}
}

// A value that one target returns lets the other's delivery go, also after a restart between the two.
func TestReturnedValueAcrossTargets(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	down := func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
		return nil, connectors.Errorf(connectors.TargetError, "test.down", "deliver", "", "down")
	}
	returning := func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		out := written(g)
		for i := range out {
			out[i].Returned = map[string]connectors.Value{"application.ID": {Kind: connectors.Integer, Int: 4711}}
		}
		return out, nil
	}
	one.deliver, two.deliver = down, down
	w := newScripted(t, one, two, "")
	w.write("permit.yaml", strings.Replace(scriptMapping, "table: COPY\n    fields: {", "table: COPY\n    fields: {CASE: application.ID, ", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("accepted", func() bool { return w.states()[journal.Accepted] == 1 })
	w.halt()
	w.start() // the value is not there yet
	one.set(func() { one.deliver = returning })
	w.until("first delivered", func() bool { return one.count() == 1 })
	w.halt()
	w.start() // the value is in the journal
	two.set(func() { two.deliver = nil })
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
	for _, g := range two.groups {
		for _, d := range g.Items {
			if v := d.Records[0].Values[0]; v.Int != 4711 {
				t.Errorf("value %+v", v)
			}
		}
	}
	if first, second := one.doubled(), two.doubled(); first != nil || second != nil {
		t.Errorf("written twice: %v, %v", first, second)
	}
}

// A target that hangs and heeds nothing does not keep the agent from stopping in time.
func TestStopWithHangingTarget(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	hang, began := make(chan struct{}), make(chan struct{}, 1)
	one.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
		began <- struct{}{}
		<-hang
		return nil, errors.New("cut")
	}
	w := newScripted(t, one, two, "")
	w.start()
	t.Cleanup(func() { close(hang) })
	w.write("in/a.json", form("REF-1", "Anna"))
	<-began
	since := time.Now()
	w.halt()
	if took := time.Since(since); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

// A clean stop lets what has begun come to its end: cut off, a target without a ledger would have to park it.
func TestStopFinishesWhatBegan(t *testing.T) {
	one, two := newScript(connectors.Abilities{}), newScript(recorded)
	began := make(chan struct{}, 1)
	one.deliver = func(ctx context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		began <- struct{}{}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
			return written(g), nil
		}
	}
	w := newScripted(t, one, two, "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	<-began
	w.halt()
	w.start()
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	if one.count() != 1 || one.doubled() != nil || one.looked != 0 {
		t.Errorf("%d written, %d looked up", one.count(), one.looked)
	}
}

// An unclear outcome is looked up: what is there is not repeated, what is not there is, what nobody can tell parks.
func TestUnclear(t *testing.T) {
	for presence, want := range map[connectors.Presence]journal.State{connectors.Present: journal.Delivered, connectors.Absent: journal.Delivered, connectors.Unknown: journal.Parked} {
		t.Run(string(want)+fmt.Sprint(presence), func(t *testing.T) {
			one, two := newScript(connectors.Abilities{}), newScript(recorded)
			one.found = presence
			first := true
			one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
				if first {
					first = false
					return nil, errors.New("connection cut at COMMIT")
				}
				return written(g), nil
			}
			w := newScripted(t, one, two, "")
			w.start()
			w.write("in/a.json", form("REF-1", "Anna"))
			w.until("settled", func() bool { return w.states()[want] == 1 })
			if n := one.count(); n != map[connectors.Presence]int{connectors.Absent: 1}[presence] {
				t.Errorf("written %d times", n)
			}
		})
	}
}

// A look-up that works is no delivery that works: the target is told as failed once, and is tried at longer and longer intervals.
func TestLookupsDoNotCloseTheCircuit(t *testing.T) {
	one, two := newScript(connectors.Abilities{}), newScript(recorded)
	one.found = connectors.Absent
	one.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
		return nil, errors.New("cut off at every attempt")
	}
	w := newScripted(t, one, two, "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("five failures in a row", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Trouble != nil && s.Targets[0].Trouble.Count >= 5
	})
	if n := strings.Count(w.log.String(), "target failed; nothing"); n != 1 {
		t.Errorf("told %d times:\n%s", n, w.log)
	}
}

// Status must not show trouble for ever when nothing waits for the target any more.
func TestTroubleEndsWithoutWork(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	one.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
		return nil, connectors.Errorf(connectors.TargetError, "test.down", "deliver", "", "down")
	}
	one.check = errors.New("down")
	w := newScripted(t, one, two, "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	trouble := func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Trouble != nil
	}
	w.until("trouble", func() bool { return trouble() && two.count() == 1 })
	w.until("rejected", func() bool {
		_, err := orders.Reject.Give(context.Background(), w.agent.Desk(), control.RejectRequest{ID: w.only().ID, Reason: "no", Force: true})
		return err == nil
	})
	if !trouble() {
		t.Error("no trouble though the target is down")
	}
	one.set(func() { one.check = nil })
	w.until("no trouble", func() bool { return !trouble() })
}

// A delivery that waits for another target's value holds up its order key: a younger one must not overtake it.
func TestOrderAcrossWaiting(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	hold := true
	one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		out := written(g)
		for i, d := range g.Items {
			out[i].Returned = map[string]connectors.Value{"application.ID": {Kind: connectors.Integer, Int: 1}}
			one.mu.Lock()
			if hold && nameOf(d) == "K a" {
				out[i] = connectors.Outcome{Key: d.Key, Class: connectors.ItemError, Code: "test.refused", Text: "refused"}
			}
			one.mu.Unlock()
		}
		return out, nil
	}
	w := newScripted(t, one, two, "")
	w.write("permit.yaml", strings.Replace(scriptMapping, "table: COPY\n    fields: {", "table: COPY\n    fields: {CASE: application.ID, ", 1)+
		"order: {two: 'form.name | substring(0, 2)'}\n")
	w.start()
	for i, n := range []string{"K a", "K b", "L a"} {
		w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), n))
		w.until("taken in this order", func() bool { return len(w.files("in")) == 0 })
	}
	w.until("the other key goes", func() bool { return slices.Equal(two.names(), []string{"L a"}) })
	w.halt()
	w.start()
	w.until("still parked", func() bool { return w.states()[journal.Parked] == 1 })
	if got := two.names(); !slices.Equal(got, []string{"L a"}) {
		t.Errorf("overtaken: %v", got)
	}
	one.set(func() { hold = false })
	if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Target: "one"}); err != nil {
		t.Fatal(err)
	}
	w.until("in order", func() bool { return slices.Equal(two.names(), []string{"L a", "K a", "K b"}) })
}

// Two submissions that the target refuses as if it were at fault itself hold up none of the others, and are parked once the
// target has taken others for ten minutes.
func TestTargetFaultOfSomeSubmissions(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		for _, d := range g.Items {
			if nameOf(d) == "Bad" {
				return nil, connectors.Errorf(connectors.TargetError, "test.no-partition", "write a group", "", "no partition")
			}
		}
		return written(g), nil
	}
	w := newScripted(t, one, two, "")
	c := clock.NewFast(1)
	w.startWith(func(o *agent.Options) { o.Clock = c })
	w.write("in/a.json", form("REF-A", "Bad"))
	w.write("in/b.json", form("REF-B", "Bad"))
	w.until("both were refused", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && two.count() == 2 && s.Targets[0].Trouble != nil
	})
	for i := range 20 {
		w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), "Anna"))
	}
	w.until("the others are written", func() bool { return one.count() == 20 })
	if n := w.states()[journal.Parked]; n != 0 {
		t.Errorf("%d parked at once: the target may be mended", n)
	}
	c.Jump(11 * time.Minute)
	w.until("the two are parked", func() bool { return w.states()[journal.Parked] == 2 })
}

// What a database refuses in words that nobody knows stops it at first, with the submission named whose words these are; once
// it takes others, that one is parked, without waiting for ten minutes.
func TestRefusalNamesItsSubmission(t *testing.T) {
	w := newWorld(t)
	w.exec("create trigger g before insert on APPLICATION when new.NAME = 'BAD' begin select json_extract('{', '$'); end")
	w.start()
	w.write("in/a.json", form("REF-A", "Bad"))
	w.until("the target is in trouble", func() bool { return w.status().Targets[0].Trouble != nil })
	id := w.view("REF-A").ID
	if x := w.status().Targets[0].Trouble; x.Code != "sql.refused" || !strings.Contains(x.Text, "inbasket show "+id.String()+" --raw") {
		t.Errorf("%+v", x)
	}
	v, err := orders.Show.Give(context.Background(), w.agent.Desk(), control.ShowRequest{ID: id, Raw: true})
	if err != nil || !strings.Contains(strings.Join(v.Raw, " "), "malformed JSON") {
		t.Errorf("%v", err)
	}
	for _, n := range []string{"1", "2"} {
		w.write("in/"+n+".json", form("REF-"+n, "Anna"))
	}
	w.until("the others are written, and it is parked", func() bool {
		return w.number("select count(*) from APPLICATION") == 2 && w.states()[journal.Parked] == 1
	})
}

// A target that refuses everything parks nothing, however long it takes.
func TestTargetFaultOfAll(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	one.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
		return nil, connectors.Errorf(connectors.TargetError, "test.no-grant", "write a group", "", "no grant")
	}
	w := newScripted(t, one, two, "")
	c := clock.NewFast(1)
	w.startWith(func(o *agent.Options) { o.Clock = c })
	w.write("in/a.json", form("REF-A", "Anna"))
	w.write("in/b.json", form("REF-B", "Anna"))
	failures := func(n int) {
		t.Helper()
		w.until(fmt.Sprintf("%d failures", n), func() bool {
			s, err := w.agent.Health().Status(context.Background())
			return err == nil && s.Targets[0].Trouble != nil && s.Targets[0].Trouble.Count >= n
		})
	}
	failures(4)
	c.Jump(11 * time.Minute)
	failures(8)
	if n := w.states()[journal.Parked]; n != 0 {
		t.Errorf("%d parked", n)
	}
	one.set(func() { one.deliver = nil })
	w.until("both are written", func() bool { return one.count() == 2 })
}

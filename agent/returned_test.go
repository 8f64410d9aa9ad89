package agent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// takes is the mapping of scripts whose second target takes a value of the first.
func takes(value string) string {
	return strings.Replace(scriptMapping, "table: COPY\n    fields: {", "table: COPY\n    fields: {CASE: "+value+", ", 1)
}

// retryNew has the only submission go on by the mapping in force.
func (w *world) retryNew() *control.Error {
	w.t.Helper()
	out, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{w.only().ID}, Mapping: true, By: "me"})
	if err != nil {
		w.t.Fatal(err)
	}
	return out[0].Error
}

// A delivery never waits for a value that its target did not return: it is parked, says why, and goes on once the mapping asks for
// nothing that is not there. One that the mapping says has no record is parked with the form, before anything is written.
func TestValueThatNeverComes(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	w.write("permit.yaml", takes("application.ID"))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	if d := w.to("REF-1", "two"); d.Progress != journal.Held || d.Reason.Code != journal.CodeNoValue || one.count() != 1 {
		t.Errorf("%+v", d)
	}
	w.write("permit.yaml", strings.Replace(scriptMapping, "version: 1", "version: 2", 1))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	if err := w.retryNew(); err != nil {
		t.Fatal(err)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })

	w.write("permit.yaml", strings.Replace(strings.Replace(takes("application.ID"), "version: 1", "version: 3", 1), "table: APPLICATION\n", "table: APPLICATION\n    when: form.name != \"Berta\"\n", 1))
	if err := w.reload(false); err == nil {
		w.write("in/b.json", form("REF-2", "Berta"))
		w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
		if v := w.view("REF-2"); v.Code != mapping.CodeWrong || !strings.Contains(v.Reason.Text, "makes no record") {
			t.Errorf("%+v", v.Reason)
		}
	} else {
		t.Fatal(err)
	}
}

// A new mapping that needs what a finished delivery never returned, or writes more to its target, is refused with the reason, and
// nothing has changed.
func TestNewMappingAsksMore(t *testing.T) {
	for _, c := range []struct{ with, instead, why string }{
		{"    returning: [ID]\n", "    returning: [ID, OTHER]\n", "get application.OTHER, which one did not return"},
		{"  - as: copy\n", "  - as: more\n    to: one\n    table: MORE\n    fields: {NAME: form.name}\n  - as: copy\n", "writes more to MORE there"},
	} {
		one, two := newScript(recorded), newScript(recorded)
		two.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
			return nil, connectors.Errorf(connectors.ItemError, "test.wrong", "deliver", "", "wrong")
		}
		w := newScripted(t, one, two, "")
		w.start()
		w.write("in/a.json", form("REF-1", "Anna"))
		w.until("parked", func() bool { return w.states()[journal.Parked] == 1 && one.count() == 1 })
		text := strings.Replace(strings.Replace(scriptMapping, "version: 1", "version: 2", 1), c.with, c.instead, 1)
		if strings.Contains(c.why, "OTHER") {
			text = strings.Replace(text, "table: COPY\n    fields: {", "table: COPY\n    fields: {CASE: application.OTHER, ", 1)
		}
		w.write("permit.yaml", text)
		if err := w.reload(false); err != nil {
			t.Fatal(err)
		}
		if err := w.retryNew(); err == nil || err.Code != prepare.CodeEnded || !strings.Contains(err.Message, c.why) {
			t.Errorf("%s: %+v", c.why, err)
		}
		if v := w.view("REF-1"); v.State != journal.Parked || !strings.HasSuffix(v.Plan, "version 1") {
			t.Errorf("%+v", v.Entry)
		}
	}
}

// Who confirms a delivery by whose value decisions are found says that value, of the type that the target returns.
func TestConfirmWhatDecisionsNeed(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool {
		return w.states()[journal.Accepted] == 1 && w.to("REF-1", "register").Progress == journal.Done
	})
	w.write("in/b.json", form("REF-2", "forbidden"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	confirm := func(returned map[string]string) error {
		_, err := orders.Confirm.Give(context.Background(), w.agent.Desk(),
			control.ConfirmRequest{ID: w.view("REF-2").ID, Target: "register", By: "me", Reason: "it is there", Returned: returned})
		return err
	}
	for said, why := range map[string]string{"": "its decisions are found by", "abc": "a whole number as application.ID"} {
		returned := map[string]string{"application.ID": said}
		if said == "" {
			returned = nil
		}
		if e := control.ErrorOf(confirm(returned)); e == nil || e.Code != prepare.CodeReturned || !strings.Contains(e.Hint, why) {
			t.Errorf("%q: %+v", said, e)
		}
	}
	taken := fmt.Sprint(w.number("select ID from APPLICATION where NAME = 'ANNA'"))
	if e := control.ErrorOf(confirm(map[string]string{"application.ID": taken})); e == nil || e.Code != prepare.CodeTaken || !strings.Contains(e.Hint, w.view("REF-1").ID.String()) {
		t.Errorf("what REF-1 has is said of REF-2: %+v", e)
	}
	if err := confirm(map[string]string{"application.ID": " 77 "}); err != nil {
		t.Fatal(err)
	}
	w.exec("insert into DECISION(APP_ID, STATUS) values(77, 'A')")
	w.until("decided", func() bool { return len(w.view("REF-2").Results) == 1 })
}

// Whatever a new mapping makes of a parked delivery (another order key, nothing, a rejection), what waited behind it goes on.
func TestNewMappingFreesOrder(t *testing.T) {
	const order = "order: 'form.name | substring(0, 2)'\n"
	for what, change := range map[string][2]string{
		"another key":   {order, "order: form.ref\n"},
		"no key":        {order, ""},
		"nothing":       {"table: APPLICATION\n", "table: APPLICATION\n    when: form.name != \"K1 a\"\n"},
		"no such write": {"    to: one\n", "    to: two\n"},
		"a rejection":   {"NAME: form.name}\n    returning", "NAME: 'form.name == \"K1 a\" ? fail(\"not here\") : form.name'}\n    returning"},
	} {
		t.Run(what, func(t *testing.T) {
			one, two := newScript(recorded), newScript(recorded)
			one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
				out := written(g)
				for i, d := range g.Items {
					if nameOf(d) == "K1 a" {
						out[i] = connectors.Outcome{Key: d.Key, Class: connectors.ItemError, Code: "test.refused", Text: "refused"}
					}
				}
				return out, nil
			}
			two.deliver = one.deliver
			w := newScripted(t, one, two, order)
			w.write("permit.yaml", scriptMapping+order)
			w.start()
			w.write("in/a.json", form("REF-1", "K1 a"))
			w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
			w.write("in/b.json", form("REF-2", "K1 b"))
			w.until("it waits", func() bool { return w.status().Targets[0].Stopped == 1 })
			w.write("permit.yaml", strings.Replace(strings.Replace(scriptMapping+order, change[0], change[1], 1), "version: 1", "version: 2", 1))
			if err := w.reload(false); err != nil {
				t.Fatal(err)
			}
			one.set(func() { one.deliver = nil })
			out, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{w.view("REF-1").ID}, Mapping: true, By: "me"})
			if err != nil || out[0].Error != nil {
				t.Fatal(out, err)
			}
			w.until("it goes on", func() bool { return w.to("REF-2", "one").Progress == journal.Done })
		})
	}
}

// A parked delivery of a form that was decided meanwhile is listed with its reason, and reject gives it up: the decision stands, its front
// office is told nothing more, and what waited behind it goes on.
func TestParkedAndDecided(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		out := written(g)
		for i, d := range g.Items {
			if nameOf(d) == "K1 a" {
				out[i] = connectors.Outcome{Key: d.Key, Class: connectors.ItemError, Code: "test.refused", Text: "refused"}
			}
		}
		return out, nil
	}
	w := newScripted(t, one, two, "order: 'form.name | substring(0, 2)'\n")
	w.start()
	w.write("in/a.json", form("REF-1", "K1 a"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	w.write("in/b.json", form("REF-2", "K1 b"))
	w.until("it waits", func() bool { return w.status().Targets[0].Stopped == 1 })
	ctx, id := context.Background(), w.view("REF-1").ID
	if _, err := orders.Decide.Give(ctx, w.agent.Desk(), control.DecideRequest{ID: id, Outcome: "approved", By: "me", Documents: func(func(control.Document, error) bool) {}}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []journal.Filter{{State: journal.Parked}, {}} {
		list, err := reading.Of(w.agent.Journal()).List(ctx, f)
		if err != nil || len(list) == 0 || list[0].ID != id || list[0].State != journal.Decided || list[0].Code != "test.refused" {
			t.Errorf("%+v, %v", list, err)
		}
	}
	reject := func(force bool) error {
		_, err := orders.Reject.Give(ctx, w.agent.Desk(), control.RejectRequest{ID: id, Reason: "not wanted there", By: "me", Force: force})
		return err
	}
	if e := control.ErrorOf(reject(false)); e == nil || e.Code != control.CodePartly {
		t.Errorf("%+v", e)
	}
	retried, err := orders.Retry.Give(ctx, w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{id}, Mapping: true, By: "me"})
	if err != nil || retried[0].Error == nil || retried[0].Error.Code != prepare.CodeEnded {
		t.Fatal(retried, err)
	}
	for _, way := range []string{"inbasket retry " + id.String(), "inbasket confirm " + id.String() + " one", "inbasket reject " + id.String() + " --force"} {
		if !strings.Contains(retried[0].Error.Hint, way) {
			t.Errorf("%q does not say %q", retried[0].Error.Hint, way)
		}
	}
	before := len(w.events())
	if err := reject(true); err != nil {
		t.Fatal(err)
	}
	w.until("it goes on", func() bool { return w.to("REF-2", "one").Progress == journal.Done })
	if v := w.view("REF-1"); v.State != journal.Decided || w.to("REF-1", "one").Progress != journal.Dropped {
		t.Errorf("%+v", v.Entry)
	}
	for _, e := range w.events()[before:] {
		if e.Reference == "REF-1" {
			t.Errorf("told: %+v", e)
		}
	}
	if list, err := reading.Of(w.agent.Journal()).List(ctx, journal.Filter{State: journal.Parked}); err != nil || len(list) > 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// What is given up while it is under way holds up nothing of its order key, also where its target then refuses it.
func TestGivenUpUnderWayFreesOrder(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	begun, goOn := make(chan struct{}, 10), make(chan struct{})
	one.deliver = func(_ context.Context, g connectors.Group) ([]connectors.Outcome, error) {
		out := written(g)
		if nameOf(g.Items[0]) == "K1 a" {
			begun <- struct{}{}
			<-goOn
			out[0] = connectors.Outcome{Key: g.Items[0].Key, Class: connectors.ItemError, Code: "test.refused", Text: "refused"}
		}
		return out, nil
	}
	w := newScripted(t, one, two, "order: 'form.name | substring(0, 2)'\n")
	w.start()
	w.write("in/a.json", form("REF-1", "K1 a"))
	<-begun
	w.write("in/b.json", form("REF-2", "K1 b"))
	w.until("both accepted", func() bool { return w.states()[journal.Accepted] == 2 })
	_, err := orders.Reject.Give(context.Background(), w.agent.Desk(), control.RejectRequest{ID: w.view("REF-1").ID, Reason: "withdrawn", By: "me", Force: true})
	if err != nil {
		t.Fatal(err)
	}
	close(goOn)
	w.until("the next goes", func() bool { return w.to("REF-2", "one").Progress == journal.Done })
	if v := w.view("REF-1"); v.State != journal.Rejected || w.to("REF-1", "one").Progress != journal.Dropped {
		t.Errorf("%+v", v.Entry)
	}
}

// What waits for a value goes on without it once another mapping asks for none, also where the target that was to return it is gone.
func TestNewMappingWaitsForNothing(t *testing.T) {
	for what, gone := range map[string]bool{"another mapping": false, "its target is gone": true} {
		t.Run(what, func(t *testing.T) {
			one, two := newScript(recorded), newScript(recorded)
			one.deliver = down
			w := newScripted(t, one, two, "")
			w.write("permit.yaml", takes("application.ID"))
			w.start()
			w.write("in/a.json", form("REF-1", "Anna"))
			w.until("it waits", func() bool {
				return w.states()[journal.Accepted] == 1 && w.to("REF-1", "two").Progress == journal.Waiting
			})
			if r := w.to("REF-1", "two").Reason; r == nil || r.Code != journal.CodeLacks || !strings.Contains(r.Text, "application.ID, which one returns") {
				t.Errorf("it waits for %+v", r)
			}
			text := strings.Replace(scriptMapping, "version: 1", "version: 2", 1)
			if gone {
				before, rest, _ := strings.Cut(text, "  - as: application\n")
				text = before + rest[strings.Index(rest, "  - as: copy\n"):]
				w.write("inbasket.yaml", strings.Replace(w.readFile("inbasket.yaml"), "  one: {script: {path: a}, retry: {first: 5ms, most: 50ms}}\n", "", 1))
			}
			w.write("permit.yaml", text)
			if err := w.reload(true); err != nil {
				t.Fatal(err)
			}
			if p := w.to("REF-1", "two").Progress; p != journal.Waiting {
				t.Errorf("by its own mapping it is %s", p)
			}
			if err := w.retryNew(); err != nil {
				t.Fatal(err)
			}
			w.until("it goes", func() bool { return w.to("REF-1", "two").Progress == journal.Done && two.count() == 1 })
		})
	}
}

// What is parked of a submission that is decided is counted with all that waits for a person, and the next step that is shown is one that
// is not refused.
func TestDecidedWhileParked(t *testing.T) {
	one, r := newScript(recorded), &rows{told: map[string]connectors.Verdict{}}
	w := newScripted(t, asking{one, r}, newScript(recorded), askingAnswer)
	w.write("permit.yaml", takes("application.ID")+askingAnswer)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 && one.count() == 1 })
	r.add("1", "REF-1", "A")
	w.until("decided", func() bool { return w.states()[journal.Decided] == 1 })
	if s := w.status(); s.Parked() != 1 || s.ParkedLate != 1 || s.States[journal.Parked] != 0 {
		t.Errorf("%d parked of %v", s.Parked(), s.States)
	}
	v := w.view("REF-1")
	shown := control.ViewOf(v, false).Deliveries[1]
	if err := w.retryNew(); shown.Code != journal.CodeNoValue || err == nil || err.Hint != shown.Next || strings.Contains(shown.Next, "--mapping NEW") {
		t.Errorf("%+v, %+v", shown, err)
	}
	if _, err := orders.Confirm.Give(context.Background(), w.agent.Desk(), control.ConfirmRequest{ID: v.ID, Target: "two", By: "me", Reason: "it is there"}); err != nil {
		t.Error(err)
	}
	if s := w.status(); s.Parked() != 0 {
		t.Errorf("%d parked", s.Parked())
	}
}

// What another submission was given is said of a second one only with force; a value that is only alike is another one.
func TestConfirmAValueThatAnotherHas(t *testing.T) {
	for name, c := range map[string]struct {
		first, said string
		code        string
	}{
		"equal":          {"A_7%", "A_7%", prepare.CodeTaken},
		"other capitals": {"A_7%", "a_7%", ""},
		"alike":          {"AB7%x", "A_7%", ""},
		"quoted":         {`A"\7`, `A"\7`, prepare.CodeTaken},
		"a number":       {"7", "7", prepare.CodeTaken},
		"a part":         {"77", "7", ""},
	} {
		for _, force := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", force), func(t *testing.T) {
				t.Parallel()
				one := newScript(recorded)
				one.deliver = func(context.Context, connectors.Group) ([]connectors.Outcome, error) {
					return nil, connectors.Errorf(connectors.ItemError, "test.wrong", "deliver", "", "wrong")
				}
				w := newScripted(t, one, newScript(recorded), "")
				w.start()
				w.write("in/a.json", form("REF-1", "Anna"))
				w.write("in/b.json", form("REF-2", "Berta"))
				w.until("parked", func() bool { return w.states()[journal.Parked] == 2 })
				confirm := func(ref, value string, force bool) error {
					_, err := orders.Confirm.Give(context.Background(), w.agent.Desk(), control.ConfirmRequest{ID: w.view(ref).ID, Target: "one", By: "me", Reason: "there",
						Returned: map[string]string{"application.ID": value}, Force: force})
					return err
				}
				if err := confirm("REF-1", c.first, false); err != nil {
					t.Fatal(err)
				}
				err := confirm("REF-2", c.said, force)
				if refused := c.code != "" && !force; refused != (err != nil) || refused && control.ErrorOf(err).Code != c.code {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

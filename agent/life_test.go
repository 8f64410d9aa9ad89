package agent_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
)

// Nothing runs on after the agent was closed, also past a reload.
func TestNothingLeaks(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w := newWorld(t)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("written", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	w.post(form("REF-2", "Berta"), "application/json").expect(t, "posted", 202, "")
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	w.until("written", func() bool { return w.number("select count(*) from APPLICATION") == 2 })
	w.halt()
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// "No decision in N days" is raised once, to the front office as well, and not for what is decided or final.
func TestOverdue(t *testing.T) {
	w := newWorld(t)
	within := func(d string) {
		w.write("inbasket.yaml", fmt.Sprintf(strings.Replace(worldConfig, "front-office: portal}", "front-office: portal, decide-within: "+d+"}", 1), tokenHash))
	}
	within("30d")
	w.start()
	w.drop(0, 3)
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 3 })
	w.exec("insert into DECISION (APP_ID, STATUS) select ID, 'A' from APPLICATION where FORM_REF = 'REF-1'")
	w.until("one decided", func() bool { return w.states()[journal.Decided] == 1 })
	overdue := func() (n int) {
		for _, e := range w.events() {
			if e.Type == "overdue" {
				n++
			}
		}
		return n
	}
	if n := overdue(); n != 0 {
		t.Errorf("%d overdue at once", n)
	}
	for range 2 {
		w.halt()
		within("1s")
		time.Sleep(1100 * time.Millisecond) // the deadline is by the wall clock
		w.start()
		w.until("overdue", func() bool { return overdue() == 2 })
	}
}

// A form that is written nowhere waits for a person, who may end it as done; the front office is told nothing before.
func TestNothingToWrite(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := nothingWorld(t, one, two, "")
	w.post(form("REF-1", "Berta"), "application/json").expect(t, "posted", 202, "")
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	v := w.view("REF-1")
	if v.Code != "form.nothing-written" || one.count()+two.count() != 0 {
		t.Errorf("%+v, %d and %d written", v.Entry, one.count(), two.count())
	}
	for _, e := range w.events() {
		if e.Final || e.Type == "rejected" {
			t.Errorf("told: %+v", e)
		}
	}
	for _, target := range []string{"one", "two"} {
		if _, err := orders.Confirm.Give(context.Background(), w.agent.Desk(), control.ConfirmRequest{ID: v.ID, Target: target, By: "me", Reason: "nothing to do"}); err != nil {
			t.Fatal(err)
		}
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
}

// Where the mapping says that nothing may be written, that is the last word.
func TestNothingAllowed(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := nothingWorld(t, one, two, "nothing: allow\n")
	w.post(form("REF-1", "Berta"), "application/json").expect(t, "posted", 202, "")
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	final := false
	for _, e := range w.events() {
		final = final || e.Type == "delivered" && e.Final
	}
	if !final || one.count()+two.count() != 0 {
		t.Errorf("final %v, %d and %d written", final, one.count(), two.count())
	}
	if list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{}); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
}

// nothingWorld runs an agent whose mapping writes only forms of Anna.
func nothingWorld(t *testing.T, one, two *script, more string) *world {
	w := newScripted(t, one, two, "")
	w.write("permit.yaml", more+strings.NewReplacer("    table: APPLICATION", "    when: form.name == \"Anna\"\n    table: APPLICATION", "    table: COPY", "    when: form.name == \"Anna\"\n    table: COPY").Replace(scriptMapping))
	w.start()
	return w
}

package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
)

// What could not be cleared away is cleared away once that is possible again, without a restart.
func TestClearedAwayLater(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.write("in/0.json", form("REF-0", "Anna"))
	w.until("cleared away", func() bool { return len(w.files("in")) == 0 })
	if err := os.RemoveAll(filepath.Join(w.dir, "in", "done")); err != nil {
		t.Fatal(err)
	}
	w.write("in/done", "a file where the folder belongs")
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("told", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && len(s.Notices) > 0
	})
	if strings.Contains(w.log.String(), "a.json") {
		t.Errorf("the log shows a file name:\n%s", w.log)
	}
	if err := os.Remove(filepath.Join(w.dir, "in", "done")); err != nil {
		t.Fatal(err)
	}
	w.until("cleared away", func() bool { return len(w.files("in")) == 0 })
	if n := w.number("select count(*) from APPLICATION"); n != 2 {
		t.Errorf("%d applications", n)
	}
}

// A rule of the mapping that the schema does not know is found after 202: the front office reads a rejection with the field.
func TestRejectedAfterAcceptance(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	w.write("permit.yaml", strings.Replace(scriptMapping, "NAME: form.name}\n    returning", "NAME: 'form.name == \"Anna\" ? fail(\"not again\") : form.name'}\n    returning", 1))
	w.start()
	w.post(form("REF-1", "Anna"), "application/json").expect(t, "posted", 202, "")
	w.until("rejected", func() bool { return w.states()[journal.Rejected] == 1 })
	rejected := 0
	for _, e := range w.events() {
		if e.Type == "rejected" && e.Final {
			rejected++
		}
	}
	if rejected != 1 || one.count()+two.count() != 0 {
		t.Errorf("%d rejections, %d and %d written", rejected, one.count(), two.count())
	}
}

// Forms that one front office posts one after the other are delivered in that order where the mapping asks for it.
func TestPostedInOrder(t *testing.T) {
	one, two := newScript(connectors.Abilities{Recorded: true, Parallel: 3}), newScript(recorded)
	w := newScripted(t, one, two, "order: 'form.name | substring(0, 1)'\n")
	w.start()
	const n = 40
	for i := range n {
		w.post(form("REF-"+string(rune('A'+i)), "K"+string(rune('A'+i))), "application/json").expect(t, "posted", 202, "")
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == n })
	for i, name := range one.names() {
		if name != "K"+string(rune('A'+i)) {
			t.Fatalf("number %d is %s", i, name)
		}
	}
}

// Redeliver writes what a target restored from a backup has lost, and says first what it would do.
func TestRedeliver(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.drop(0, 6)
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 6 })
	// Last night's backup: two forms are gone, with their ledger rows.
	w.exec(`delete from PARCEL where APP_ID in (select ID from APPLICATION where FORM_REF in ('REF-1', 'REF-4'))`)
	w.exec(`delete from APPLICATION where FORM_REF in ('REF-1', 'REF-4')`)
	for _, ref := range []string{"REF-1", "REF-4"} {
		list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{Reference: ref})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		w.exec("delete from INBASKET_LEDGER where SUBMISSION = ?", list[0].ID.String())
	}
	if n := w.number("select count(*) from INBASKET_LEDGER"); n != 4 {
		t.Fatalf("%d ledger rows", n)
	}
	order := control.RedeliverRequest{Target: "register", DryRun: true, By: "test"}
	r, err := orders.Redeliver.Give(context.Background(), w.agent.Desk(), order)
	if err != nil || r.Count != 6 || r.Done || w.number("select count(*) from APPLICATION") != 4 {
		t.Fatalf("dry run: %+v, %v", r, err)
	}
	order.DryRun = false
	if r, err = orders.Redeliver.Give(context.Background(), w.agent.Desk(), order); err != nil || !r.Done {
		t.Fatalf("%+v, %v", r, err)
	}
	w.until("written again", func() bool {
		return w.number("select count(*) from APPLICATION") == 6 && w.number("select count(*) from PARCEL") == 12
	})
	w.until("settled", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Open == 0
	})
	for ref, told := range map[string]int{"REF-1": 1, "REF-2": 0, "REF-4": 1} { // new rows have other numbers, and what others hold of the old ones is wrong
		n := 0
		for _, m := range w.view(ref).Timeline {
			if m.Code == journal.CodeOtherValues {
				n++
			}
		}
		if n != told {
			t.Errorf("%s: told %d times of other values: %+v", ref, n, w.view(ref).Timeline)
		}
	}
	s, err := w.agent.Health().Status(context.Background())
	if i := slices.IndexFunc(s.Notices, func(n control.Notice) bool { return n.Code == journal.CodeOtherValues }); err != nil || i < 0 || s.Notices[i].Count != 2 {
		t.Errorf("%+v, %v", s.Notices, err)
	}
	if n := strings.Count(w.log.String(), journal.CodeOtherValues); n != 2 {
		t.Errorf("logged %d times", n)
	}
	delivered := 0
	for _, e := range w.events() {
		if e.Type == "delivered" {
			delivered++
		}
	}
	if delivered != 6 {
		t.Errorf("%d delivered events", delivered)
	}
}

// A form that no route takes is parked, and goes on once a route takes it; a wrong one is rejected then.
func TestRouteAddedLater(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	good := fmt.Sprintf(scriptWorld, tokenHash)
	w.write("inbasket.yaml", strings.Replace(good, "{from: permits,", "{from: permits, match: \"x*.json\",", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.write("in/b.json", `{"ref": "REF-2"}`)
	w.until("parked", func() bool { return w.states()[journal.Parked] == 2 })
	order := control.RetryRequest{Code: "route.none"}
	settled, err := orders.Retry.Give(context.Background(), w.agent.Desk(), order)
	if err != nil || len(settled) != 2 || settled[0].Error == nil || settled[0].Error.Code != "route.none" {
		t.Errorf("%+v, %v", settled, err)
	}
	w.write("inbasket.yaml", good)
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	if settled, err = orders.Retry.Give(context.Background(), w.agent.Desk(), order); err != nil || len(settled) != 2 || settled[0].Error != nil || settled[1].Error != nil {
		t.Fatalf("%+v, %v", settled, err)
	}
	w.until("settled", func() bool { return w.states()[journal.Delivered] == 1 && w.states()[journal.Rejected] == 1 })
	w.write("in/again.json", form("REF-1", "Anna"))
	w.until("a repeat", func() bool { return len(w.files("in")) == 0 })
	if v := w.view("REF-1"); v.Office != "portal" || one.count() != 1 || one.names()[0] != "Anna" {
		t.Errorf("%+v, written %v", v.Entry, one.names())
	}
	told := map[string]int{}
	for _, e := range w.events() {
		told[e.Type]++
	}
	if told["accepted"] != 2 || told["rejected"] != 1 || told["delivered"] != 1 {
		t.Errorf("events %v", told)
	}
	if n := len(w.states()); w.states()[journal.Parked] != 0 {
		t.Errorf("%d states: %v", n, w.states())
	}
}

package agent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

// numbersOf are the numbers that a script got, by reference; a form that got two has both.
func (s *script) numbersOf() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for _, g := range s.groups {
		for _, d := range g.Items {
			v := d.Records[0].Values
			ref, n := v[0].Str, fmt.Sprint(v[1].Int)
			if !strings.Contains(out[ref], n) {
				out[ref] = strings.TrimPrefix(out[ref]+" "+n, " ")
			}
		}
	}
	return out
}

// newNumbered makes a world whose forms have numbers.
func newNumbered(t *testing.T, one, two connectors.Target) *world {
	w := newScripted(t, one, two, "")
	w.write("permit.yaml", strings.NewReplacer("NAME: form.name", "CASE_NO: numbers.case", "reference: form.ref}", "reference: form.ref, unused: allow}").Replace(scriptMapping)+
		"sequences: {case: {first: 100}}\n")
	return w
}

// TestNumbers: each form has one number, the same for all its targets, over starts and when it is delivered again.
func TestNumbers(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newNumbered(t, one, two)
	w.start()
	numbered := func(want map[string]string) {
		t.Helper()
		w.until("delivered", func() bool { return w.states()[journal.Delivered]+w.states()[journal.Closed] == int64(len(want)) })
		for _, s := range []*script{one, two} {
			if have := s.numbersOf(); fmt.Sprint(have) != fmt.Sprint(want) {
				t.Errorf("%v instead of %v", have, want)
			}
		}
	}
	w.write("in/a.json", form("REF-1", "Anna"))
	numbered(map[string]string{"REF-1": "100"})
	w.halt()
	w.start()
	w.write("in/b.json", form("REF-2", "Bert"))
	numbered(map[string]string{"REF-1": "100", "REF-2": "101"})
	if _, err := orders.Redeliver.Give(context.Background(), w.agent.Desk(), control.RedeliverRequest{Target: "one", Force: true, By: "test"}); err != nil {
		t.Fatal(err)
	}
	w.write("in/c.json", form("REF-3", "Cleo"))
	numbered(map[string]string{"REF-1": "100", "REF-2": "101", "REF-3": "102"})
}

// TestNumbersWaitAfterARestore: a form of a restored agent gets no number that another one may have, and one once somebody has looked.
func TestNumbersWaitAfterARestore(t *testing.T) {
	one, two := newScript(recorded), newScript(connectors.Abilities{})
	w := newNumbered(t, one, two)
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.states()[journal.Delivered]+w.states()[journal.Closed] == 1 })
	w.reborn(w.backup("b.tar"))
	w.gathered()
	w.endHold(control.EndHoldRequest{})
	w.write("in/b.json", form("REF-2", "Bert"))
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	id := w.parkedForms()[0]
	v, err := orders.Show.Give(context.Background(), w.agent.Desk(), control.ShowRequest{ID: id})
	if err != nil || v.Code != prepare.CodeNumber || !strings.Contains(fmt.Sprint(v), "inbasket sequences set case NUMBER") {
		t.Errorf("%v %+v", err, v)
	}
	if _, err := orders.SetSequence.Give(context.Background(), w.agent.Desk(), control.SequenceRequest{Series: "case", Last: 140, Reason: "highest in the register", By: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{id}, By: "test"}); err != nil {
		t.Fatal(err)
	}
	w.until("delivered", func() bool { return one.numbersOf()["REF-2"] == "141" })
}

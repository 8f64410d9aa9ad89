package agent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

const year = 365 * 24 * time.Hour

// timed runs a world on a clock that the test sets; the agent looks at itself often.
func timed(w *world, c connectors.Clock) {
	w.startWith(func(o *agent.Options) { o.Clock, o.Watchdog = c, 100*time.Millisecond })
}

// The clock is set years ahead and back again around a running agent: forms, retries, the order of IDs and
// restarts go on, and the operator is told.
func TestClockJumps(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	c := &clock.Settable{}
	timed(w, c)
	n := 0
	send := func() {
		t.Helper()
		n++
		w.write(fmt.Sprintf("in/%d.json", n), form(fmt.Sprintf("REF-%d", n), "Anna"))
		w.until(fmt.Sprintf("form %d delivered", n), func() bool { return one.count() == n && two.count() == n })
	}
	send()
	for told, by := range []time.Duration{3 * year, -6 * year, 3*year - time.Hour, 90 * time.Second} {
		one.set(func() { one.deliver = down })
		n++
		w.write(fmt.Sprintf("in/%d.json", n), form(fmt.Sprintf("REF-%d", n), "Anna"))
		w.until("in trouble", func() bool {
			s, err := w.agent.Health().Status(context.Background())
			return err == nil && s.Targets[0].Trouble != nil && two.count() == n
		})
		c.Set(by) // while the circuit is open
		one.set(func() { one.deliver = nil })
		w.until(fmt.Sprintf("delivered after the clock was set by %v", by), func() bool { return one.count() == n })
		send()
		w.until("the operator is told", func() bool {
			s, err := w.agent.Health().Status(context.Background())
			return err == nil && noticed(s, health.CodeJumped) == told+1
		})
	}
	w.halt()
	c.Set(-10 * year) // it starts in the past of its own journal
	timed(w, c)
	send()
	list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{})
	if err != nil || len(list) != n {
		t.Fatalf("%d forms, %v", len(list), err)
	}
	order := map[string]journal.ID{}
	for _, e := range list {
		order[e.Reference] = e.ID
	}
	for i := 2; i <= n; i++ {
		if before, after := order[fmt.Sprintf("REF-%d", i-1)], order[fmt.Sprintf("REF-%d", i)]; after <= before {
			t.Errorf("form %d has the ID %v, form %d before it %v", i, after, i-1, before)
		}
	}
	if one.doubled() != nil || two.doubled() != nil {
		t.Error("written twice")
	}
	if strings.Contains(w.log.String(), health.CodeStuck) {
		t.Errorf("something seemed stuck:\n%s", w.log)
	}
}

// noticed counts the notices of a code.
func noticed(s control.Status, code string) (n int) {
	for _, x := range s.Notices {
		if x.Code == code {
			n += x.Count
		}
	}
	return n
}

// A batch that was begun before the clock was set back closes by its age all the same.
func TestClockBackClosesBatch(t *testing.T) {
	w := newWorld(t)
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), "count: 3, age: 1h", "count: 100, age: 2s", 1))
	c := &clock.Settable{}
	c.Set(3 * year)
	timed(w, c)
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("accepted", func() bool { return w.number("select count(*) from APPLICATION") == 1 })
	c.Set(-3 * year)
	w.until("the batch is sealed and put", func() bool { return len(w.files("batches")) == 1 })
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("accepted", func() bool { return w.number("select count(*) from APPLICATION") == 2 })
	w.halt()
	c.Set(-time.Hour) // and over a restart
	timed(w, c)
	w.until("the next one too", func() bool { return len(w.files("batches")) == 2 })
}

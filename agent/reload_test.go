package agent_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
)

func down(context.Context, connectors.Group) ([]connectors.Outcome, error) {
	return nil, connectors.Errorf(connectors.TargetError, "test.down", "deliver", "", "down")
}

func (w *world) reload(force bool) error {
	_, err := w.agent.Reload(context.Background(), control.ReloadRequest{Force: force, By: "test"})
	return err
}

// A wrong configuration is refused, and everything goes on as before.
func TestReloadRefused(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	w.start()
	good := fmt.Sprintf(scriptWorld, tokenHash)
	for name, bad := range map[string]string{
		"unknown key":     good + "wrong: 1\n",
		"missing mapping": strings.Replace(good, "permit.yaml", "gone.yaml", 1),
		"other state":     strings.Replace(good, "state: state", "state: elsewhere", 1),
	} {
		w.write("inbasket.yaml", bad)
		if err := w.reload(false); err == nil {
			t.Errorf("%s: taken over", name)
		}
	}
	w.write("inbasket.yaml", good)
	w.write("permit.yaml", scriptMapping+"order: form.nmae\n")
	if err := w.reload(false); err == nil || !strings.Contains(err.Error(), "permit.yaml:") {
		t.Errorf("a wrong mapping: %v", err)
	}
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered as before", func() bool { return w.states()[journal.Delivered] == 1 })
}

// A target with open deliveries is not pointed elsewhere, removed, or given another identity without an explicit word.
func TestReloadRepoint(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	one.deliver = down
	w := newScripted(t, one, two, "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("one open", func() bool { return w.states()[journal.Accepted] == 1 && two.count() == 1 })
	good := fmt.Sprintf(scriptWorld, tokenHash)
	for name, other := range map[string]string{
		"path":     strings.Replace(good, "path: a", "path: c", 1),
		"identity": strings.Replace(good, "{path: a},", "{path: a}, identity: other,", 1),
	} {
		w.write("inbasket.yaml", other)
		if err := w.reload(false); err == nil || !strings.Contains(err.Error(), "config.repointed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	one.set(func() { one.deliver = nil })
	w.write("inbasket.yaml", strings.Replace(good, "path: a", "path: c", 1))
	if err := w.reload(true); err != nil {
		t.Error("forced:", err)
	}
	w.until("delivered after all", func() bool { return w.states()[journal.Delivered] == 1 })
	if one.doubled() != nil || two.doubled() != nil {
		t.Error("written twice")
	}
}

// What was accepted before a reload finishes on its mapping, what comes after it goes by the new one; what
// flies while it reloads arrives once.
func TestReloadKeepsMapping(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	one.deliver = down
	w := newScripted(t, one, two, "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("accepted", func() bool { return w.states()[journal.Accepted] == 1 })
	w.write("permit.yaml", strings.Replace(strings.Replace(scriptMapping, "version: 1", "version: 2", 1), "NAME: form.name}\n    returning", "NAME: form.name | upper()}\n    returning", 1))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	w.write("in/b.json", form("REF-2", "Berta"))
	w.until("both accepted", func() bool { return w.states()[journal.Accepted] == 2 })
	one.set(func() { one.deliver = nil })
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 2 })
	if got := one.names(); len(got) != 2 || !slices.Contains(got, "Anna") || !slices.Contains(got, "BERTA") {
		t.Errorf("written %v", got)
	}
	w.write("permit.yaml", strings.Replace(scriptMapping, "NAME: form.name}\n    returning", "NAME: form.ref}\n    returning", 1))
	if err := w.reload(false); err == nil || !strings.Contains(err.Error(), "version") {
		t.Errorf("changed under an old version: %v", err)
	}
}

// Reloads while forms are posted and dropped neither lose nor double any.
func TestReloadInFlight(t *testing.T) {
	one, two := newScript(connectors.Abilities{Recorded: true, Parallel: 2}), newScript(recorded)
	w := newScripted(t, one, two, "")
	w.start()
	const n = 60
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range n {
			if i%2 == 0 {
				w.write(fmt.Sprintf("in/%d.json", i), form(fmt.Sprintf("REF-%d", i), "Anna"))
			} else {
				w.post(form(fmt.Sprintf("REF-%d", i), "Anna"), "application/json").expect(t, "posted", 202, "")
			}
		}
	}()
	for range 5 {
		if err := w.reload(false); err != nil {
			t.Fatal(err)
		}
	}
	<-done
	w.until("all delivered", func() bool { return w.states()[journal.Delivered] == n })
	if one.count() != n || two.count() != n || one.doubled() != nil || two.doubled() != nil {
		t.Errorf("%d and %d written, doubled %v %v", one.count(), two.count(), one.doubled(), two.doubled())
	}
}

// Pause and resume outlive a restart; a resumed target is tried at once.
func TestPauseOutlivesRestart(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	w.start()
	pause := func(on bool) {
		t.Helper()
		if _, err := orders.Pause.Give(context.Background(), w.agent.Desk(), control.PauseRequest{Target: "one", Paused: on, Reason: "update"}); err != nil {
			t.Fatal(err)
		}
	}
	pause(true)
	w.halt()
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("the other delivered", func() bool { return two.count() == 1 })
	s, err := w.agent.Health().Status(context.Background())
	if err != nil || !s.Targets[0].Paused || s.Targets[0].Why != "update" || one.count() != 0 {
		t.Errorf("%+v, %v, %d written", s.Targets[0], err, one.count())
	}
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	if s, err = w.agent.Health().Status(context.Background()); err != nil || !s.Targets[0].Paused {
		t.Errorf("after a reload: %+v, %v", s.Targets[0], err)
	}
	pause(false)
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
}

// Resume tries a target in trouble at once, however long it would have waited.
func TestResumeTriesAtOnce(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	one.deliver = down
	w := newScripted(t, one, two, "")
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(scriptWorld, tokenHash), "{path: a}, retry: {first: 5ms, most: 50ms}", "{path: a}, retry: {first: 1h, most: 1h}", 1))
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("trouble", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[0].Trouble != nil
	})
	one.set(func() { one.deliver = nil })
	since := time.Now()
	if _, err := orders.Pause.Give(context.Background(), w.agent.Desk(), control.PauseRequest{Target: "one"}); err != nil {
		t.Fatal(err)
	}
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	if time.Since(since) > 30*time.Second {
		t.Error("it waited")
	}
}

// A reload tells where decisions will be known by other names, before anything comes again. A form whose mapping takes
// another reference out of it is known all the same.
func TestReloadTellsOfNewNames(t *testing.T) {
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	w.write("permit.yaml", strings.Replace(strings.Replace(scriptMapping, "reference: form.ref", "reference: form.name", 1), "version: 1", "version: 2", 1))
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	w.write("in/b.json", form("REF-1", "Anna"))
	w.until("known", func() bool {
		return slices.ContainsFunc(w.view("REF-1").Timeline, func(m journal.Moment) bool { return m.What == "repeat" })
	})
	w.write("in/c.json", form("REF-1", "Berta")) // another form by the rule of now
	w.until("delivered", func() bool { return one.count() == 2 })

	v := newWorld(t)
	v.start()
	v.write("permit.yaml", strings.Replace(strings.Replace(worldMapping, "  id: ID\n", "  id: [ID, APP_ID]\n", 1), "version: 1", "version: 2", 1))
	report, err := v.agent.Reload(context.Background(), control.ReloadRequest{By: "test"})
	if err != nil || !strings.Contains(report.Warnings, agent.CodeRenewed) || !strings.Contains(report.Warnings, "known by register/permit with id ID, and are by register/permit with id ID, APP_ID now") {
		t.Errorf("%+v, %v", report, err)
	}
}

// A reload tells where decisions that are awaited will be asked for by another query: what only the old one gives never comes.
func TestReloadTellsOfAnotherQuery(t *testing.T) {
	for name, c := range map[string]struct {
		awaited  bool
		from, to string
		told     bool
	}{
		"awaited":         {true, "where SENT is null\n", "where SENT is null and STATUS <> 'X'\n", true},
		"nothing awaited": {false, "where SENT is null\n", "where SENT is null and STATUS <> 'X'\n", false},
		"other blanks":    {true, "where SENT is null\n", "where  SENT is null\n", false},
		"another mark":    {true, "mark: update DECISION set SENT = 1", "mark: update DECISION set SENT = 2", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.start()
			if c.awaited {
				w.write("in/a.json", form("REF-1", "Anna"))
				w.until("delivered", func() bool {
					return w.number("select count(*) from APPLICATION") == 1 && w.to("REF-1", "register").Progress == journal.Done
				})
			}
			w.write("permit.yaml", strings.Replace(strings.Replace(worldMapping, c.from, c.to, 1), "version: 1", "version: 2", 1))
			report, err := w.agent.Reload(context.Background(), control.ReloadRequest{By: "test"})
			if err != nil || strings.Contains(report.Warnings, agent.CodeAskedAnew) != c.told || c.told && !strings.Contains(report.Warnings, "1 of its submissions") {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}

// A reload tells of names that mean something else now: a target that is the system of another name, a front office that has the name of
// another one, whose forms would be answered as its own.
func TestReloadTellsOfNamesUsedAgain(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	w.reg = registry(map[string]connectors.Target{"one": one, "main": one, "third": one, "two": two})
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return w.states()[journal.Delivered] == 1 })
	config := fmt.Sprintf(scriptWorld, tokenHash)
	other := strings.NewReplacer("  portal:", "  city:", "front-office: portal", "front-office: city").Replace(config)
	main := strings.Replace(config, "  one: {", "  main: {", 1)
	for _, step := range []struct {
		name, config, mapping string
		wants                 []string
	}{
		{"renamed", other, scriptMapping, nil},
		{"the name again", config, scriptMapping, []string{agent.CodeOfficeAgain, "front office portal"}},
		{"the same system", main, strings.NewReplacer("to: one", "to: main", "from: one", "from: main", "version: 1", "version: 2").Replace(scriptMapping),
			[]string{agent.CodeRenamed, "target main is the system that was one", "identity: one"}},
		{"by its identity", strings.Replace(config, "  one: {", "  third: {identity: main, ", 1),
			strings.NewReplacer("to: one", "to: third", "from: one", "from: third", "version: 1", "version: 3").Replace(scriptMapping), nil},
	} {
		w.write("inbasket.yaml", step.config)
		w.write("permit.yaml", step.mapping)
		report, err := w.agent.Reload(context.Background(), control.ReloadRequest{By: "test", Force: true})
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		for _, code := range []string{agent.CodeOfficeAgain, agent.CodeRenamed} {
			if told := strings.Contains(report.Warnings, code); told != slices.Contains(step.wants, code) {
				t.Errorf("%s: %q", step.name, report.Warnings)
			}
		}
		for _, want := range step.wants {
			if !strings.Contains(report.Warnings, want) {
				t.Errorf("%s: no %q in %q", step.name, want, report.Warnings)
			}
		}
	}
}

// A target that was removed by force stays in status as long as deliveries wait for it.
func TestRemovedTargetInStatus(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	two.deliver = down
	w := newScripted(t, one, two, "")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered to one", func() bool { return one.count() == 1 })
	text, err := os.ReadFile(filepath.Join(w.dir, "inbasket.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(text), "\n"), func(l string) bool { return strings.HasPrefix(strings.TrimSpace(l), "two:") })
	w.write("inbasket.yaml", strings.Join(lines, "\n"))
	before, rest, _ := strings.Cut(scriptMapping, "  - as: copy\n")
	w.write("permit.yaml", strings.Replace(before, "version: 1", "version: 2", 1)+rest[strings.Index(rest, "ignore:"):])
	if err := w.reload(true); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(w.status().Targets, func(x control.TargetStatus) bool { return x.Name == "two" })
	if i < 0 || w.status().Targets[i].Open != 1 || w.status().Targets[i].Trouble == nil {
		t.Errorf("%+v", w.status().Targets)
	}
}

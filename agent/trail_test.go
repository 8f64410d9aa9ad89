package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

// bare makes an agent without targets on a state folder; it does not run.
func bare(t *testing.T, state string) *Agent {
	t.Helper()
	a, err := New(t.Context(), Options{Config: &config.Config{State: state}, Clock: clock.NewManual(), Log: zerolog.Nop(), Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func actions(t *testing.T, a *Agent) string {
	t.Helper()
	list, err := orders.Audit.Give(t.Context(), a.Desk(), audit.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Action)
	}
	return strings.Join(out, " ")
}

// Where nothing can be put on record, orders are refused and nothing is done; the agent itself goes on, and what it
// did meanwhile is put on record later.
func TestNoOrderWithoutRecord(t *testing.T) {
	state := t.TempDir()
	inTheWay := filepath.Join(state, audit.Folder)
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a := bare(t, state)
	if n := a.health.Counters.Notices(); len(n) != 1 || n[0].Code != audit.CodeUnwritten {
		t.Fatalf("%+v", n)
	}
	recordStart(t.Context(), a.trail, &a.options)
	a.assembly.record(t.Context(), a.trail, "agent", a.options.Version)
	carried := 0
	pause := orders.Pause
	pause.Do = func(*orders.Desk, context.Context, control.PauseRequest) (done control.Nothing, err error) {
		carried++
		return done, nil
	}
	order := func() error {
		_, err := pause.Give(context.Background(), a.Desk(), control.PauseRequest{Paused: true, By: "anna"})
		return err
	}
	err := order()
	var coded *connectors.Error
	if !errors.As(err, &coded) || coded.Code != audit.CodeUnwritten || carried != 0 {
		t.Fatalf("%v, carried out %d times", err, carried)
	}
	if e := control.ErrorOf(err); e.Code != audit.CodeUnwritten || !strings.Contains(e.Hint, "nothing is done") {
		t.Fatalf("%+v", e)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	if err := order(); err != nil || carried != 1 {
		t.Fatalf("%v, carried out %d times", err, carried)
	}
	if _, err := orders.Pause.Give(t.Context(), a.Desk(), control.PauseRequest{Target: "nowhere", By: "anna"}); err == nil {
		t.Fatal("a target that does not exist was resumed")
	}
	if got := actions(t, a); got != "start config pause resume resume.failed" {
		t.Fatal(got)
	}
}

// A log whose end was cut off while the agent was stopped is noticed at the start.
func TestACutLogIsNoticedAtTheStart(t *testing.T) {
	state := t.TempDir()
	a := bare(t, state)
	recordStart(t.Context(), a.trail, &a.options)
	a.assembly.record(t.Context(), a.trail, "agent", a.options.Version)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(state, audit.Folder, "audit-000001.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(path, []byte(first+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a = bare(t, state)
	if n := a.health.Counters.Notices(); len(n) != 1 || n[0].Code != audit.CodeBroken {
		t.Fatalf("%+v", n)
	}
	r, err := orders.VerifyAudit.Give(t.Context(), a.Desk(), control.VerifyAuditRequest{})
	if err != nil || r.OK || !strings.Contains(r.Wrong, "cut off") {
		t.Fatalf("%+v %v", r, err)
	}
}

// Half a line that a crash left is set aside, and the chain goes on.
func TestATornLogGoesOn(t *testing.T) {
	state := t.TempDir()
	a := bare(t, state)
	recordStart(t.Context(), a.trail, &a.options)
	a.assembly.record(t.Context(), a.trail, "agent", a.options.Version)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(state, audit.Folder, "audit-000001.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"n":3,"at":"20`)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	a = bare(t, state)
	if got := actions(t, a); got != "start config log-repaired" {
		t.Fatal(got)
	}
	if r, err := orders.VerifyAudit.Give(t.Context(), a.Desk(), control.VerifyAuditRequest{}); err != nil || !r.OK {
		t.Fatalf("%+v %v", r, err)
	}
}

// rewrite makes the entries of a log anew, so that each fits the one before, and keeps the first n of them.
func rewrite(t *testing.T, state string, keep, more int) {
	t.Helper()
	dir := filepath.Join(state, audit.Folder)
	list, err := audit.Read(t.Context(), dir, audit.Filter{})
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.Open(dir, clock.NewManual())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for n := range keep + more {
		r := audit.Record{Who: "mallory", Via: audit.ViaControl, Action: "status"}
		if n < keep {
			r = audit.Record{Who: list[n].Who, Via: list[n].Via, Action: list[n].Action, Object: list[n].Object, Details: list[n].Details}
		}
		if _, err := l.Add(r); err != nil {
			t.Fatal(err)
		}
	}
}

// What was done to the log while the agent was stopped shows for good, not only until the agent writes on: starting
// it must not make the journal forget what it remembered.
func TestWhatWasDoneToTheLogShowsForGood(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, state string){
		"cut off":                   func(t *testing.T, state string) { rewrite(t, state, 1, 0) },
		"written anew":              func(t *testing.T, state string) { rewrite(t, state, 1, 3) },
		"written anew and extended": func(t *testing.T, state string) { rewrite(t, state, 1, 9) },
		"removed":                   func(t *testing.T, state string) { rewrite(t, state, 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			state := t.TempDir()
			for range 2 {
				a := bare(t, state)
				recordStart(t.Context(), a.trail, &a.options)
				a.assembly.record(t.Context(), a.trail, "agent", a.options.Version)
				if err := a.Close(); err != nil {
					t.Fatal(err)
				}
			}
			change(t, state)
			for range 2 { // started twice since
				a := bare(t, state)
				recordStart(t.Context(), a.trail, &a.options)
				a.assembly.record(t.Context(), a.trail, "agent", a.options.Version)
				r, err := orders.VerifyAudit.Give(t.Context(), a.Desk(), control.VerifyAuditRequest{})
				if err != nil || r.OK {
					t.Fatalf("%+v %v", r, err)
				}
				if got := strings.Count(actions(t, a), "log-broken"); got != 1 {
					t.Errorf("it is said %d times", got)
				}
				if err := a.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

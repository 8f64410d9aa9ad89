package agent_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
)

// againMapping is the world's, with results that can be asked for again.
const againMapping = `answer:
  from: register
  query: select ID, APP_ID, STATUS, REASON, PDF from DECISION where SENT is null
  id: ID
  match: {APP_ID: application.ID}
  mark: update DECISION set SENT = datetime('now') where ID = :ID and SENT is null
  again: select ID, APP_ID, STATUS, REASON, PDF from DECISION where SENT >= :since
  outcome: {STATUS: {A: approved, R: refused}}
  reason: REASON
  every: 50ms
`

// restorable makes a world that can be restored.
func restorable(t *testing.T) *world {
	w := newWorld(t)
	w.answering(againMapping)
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), "age: 1h", "age: 100ms", 1))
	return w
}

// backup makes a backup of the running agent, and returns its file.
func (w *world) backup(name string) string {
	w.t.Helper()
	file := filepath.Join(w.dir, name)
	_, err := backup.Save(context.Background(), file, func(out io.Writer) error {
		_, err := orders.Backup.Give(context.Background(), w.agent.Desk(), control.BackupRequest{By: "test", To: out})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return file
}

// lose throws the state away as a broken disk does.
func (w *world) lose() {
	w.t.Helper()
	w.halt()
	if err := os.RemoveAll(filepath.Join(w.dir, "state")); err != nil {
		w.t.Fatal(err)
	}
}

// reborn loses the state, restores it from a backup and starts.
func (w *world) reborn(file string) {
	w.t.Helper()
	w.lose()
	w.restore(file, false)
	w.start()
}

// deliver drops forms and waits until the register has as many.
func (w *world) deliver(from, to int) {
	w.t.Helper()
	w.drop(from, to)
	w.until("all are delivered", func() bool { return w.inRegister() == to })
}

func (w *world) restore(file string, replace bool) backup.Restored {
	w.t.Helper()
	out, err := backup.Run(context.Background(), backup.Restore{File: file, State: filepath.Join(w.dir, "state"), Replace: replace, Now: time.Now()})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// gathered waits until a held agent has looked at its targets.
func (w *world) gathered() (r control.Restored) {
	w.t.Helper()
	w.until("evidence is gathered", func() bool {
		var err error
		if r, err = orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{}); err != nil {
			w.t.Fatal(err)
		}
		return !r.EvidenceFound.IsZero()
	})
	return r
}

func (w *world) endHold(r control.EndHoldRequest) control.Restored {
	w.t.Helper()
	r.By = "operator"
	out, err := orders.EndHold.Give(context.Background(), w.agent.Desk(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) inRegister() int { return w.number("select count(*) from APPLICATION") }

// batched counts how often each reference travelled in a batch file.
func (w *world) batched() map[string]int {
	w.t.Helper()
	seen := map[string]int{}
	for _, name := range w.files("batches") {
		if strings.HasPrefix(name, ".") {
			continue // on its way
		}
		b, err := os.ReadFile(filepath.Join(w.dir, "batches", name))
		if err != nil {
			w.t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(b), "\n") {
			if ref := strings.TrimSpace(line[:min(12, len(line))]); strings.HasPrefix(ref, "REF-") {
				seen[ref]++
			}
		}
	}
	return seen
}

// decide lets the office rule on a reference.
func (w *world) rule(ref, status string) {
	w.t.Helper()
	w.exec("insert into DECISION (APP_ID, STATUS, REASON) select ID, ?, 'so' from APPLICATION where FORM_REF=?", status, ref)
}

// TestRestore runs forms, makes a backup while they flow, runs more, loses everything, restores, and finds every form
// exactly once at every target, every result again, and no number used twice.
func TestRestore(t *testing.T) {
	w := restorable(t)
	w.start()
	w.deliver(0, 10)
	w.drop(10, 30)
	file := w.backup("backup.tar") // while they are being taken
	w.drop(30, 40)
	posted := w.post(form("REF-40", "Anna"), "application/json")
	lost := w.post(form("REF-41", "Anna"), "application/json")
	w.until("all are delivered", func() bool { return w.inRegister() == 42 })
	w.rule("REF-1", "A")
	w.rule("REF-35", "R")
	w.until("both are decided", func() bool { return w.states()[journal.Decided] == 2 })
	w.until("batches of three went", func() bool { return len(w.batched()) == 42 })
	before := w.files("batches")
	told := map[string]bool{}
	for _, e := range w.events() {
		told[e.ID] = true
	}

	w.reborn(file)
	w.heldBack()
	report := w.gathered()
	if report.Lost < 12 || report.Inbaskets[0].Count < 40 || !report.Results[0].Again || len(report.Needs) != 0 || report.Back != 0 {
		t.Fatalf("%+v", report)
	}
	w.endHold(control.EndHoldRequest{})
	w.until("the lost forms come again", func() bool {
		r, err := orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{})
		return err == nil && r.Lost-r.Back == 2 // those that were posted
	})
	// A front office posts again what it finds unknown.
	if again := w.post(form("REF-40", "Anna"), "application/json"); again.status != 202 || again.ID != posted.ID {
		t.Fatalf("%+v instead of %s", again, posted.ID)
	}
	w.until("the new form is taken as well", func() bool { return w.inRegister() == 43 })
	w.until("both are decided again", func() bool { return w.states()[journal.Decided] == 2 })
	w.settleBatches()
	w.until("nothing is parked", func() bool { return w.states()[journal.Parked] == 0 && w.states()[journal.Accepted] == 0 })
	w.sound()
	if n := w.number("select count(*) from PARCEL"); n != 2*w.inRegister() {
		t.Fatalf("%d parcels", n)
	}
	for ref, n := range w.batched() {
		if n != 1 {
			t.Errorf("%s travelled %d times", ref, n)
		}
	}
	for _, name := range w.files("batches") {
		if name < before[len(before)-1] && !slices.Contains(before, name) {
			t.Errorf("number of %s was used before", name)
		}
	}
	for _, e := range w.events() {
		if told[e.ID] && e.Submission == lost.ID {
			t.Errorf("%s of a lost submission", e.ID)
		}
	}
	if r, _ := orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{}); len(r.Missing) != 1 || r.Missing[0].ID.String() != lost.ID {
		t.Fatalf("%+v", r.Missing)
	}
}

// sound makes sure that the journal's own counters and references agree.
func (w *world) sound() {
	w.t.Helper()
	k, err := orders.CheckJournal.Give(context.Background(), w.agent.Desk(), control.CheckJournalRequest{Full: true, Content: true})
	if err != nil || len(k.Findings) != 0 {
		w.t.Fatalf("%+v %v", k, err)
	}
}

// heldBack makes sure that a held agent does nothing but tell how it stands.
func (w *world) heldBack() {
	w.t.Helper()
	w.drop(99, 100)
	p := w.post(form("REF-98", "Anna"), "application/json")
	p.expect(w.t, "while held", http.StatusServiceUnavailable, agent.CodeHeld)
	if p.header.Get("Retry-After") == "" {
		w.t.Error("no Retry-After")
	}
	status, err := w.agent.Health().Status(context.Background())
	if err != nil || status.Held == nil || status.Held.Code != agent.CodeHeld {
		w.t.Fatalf("%+v %v", status.Held, err)
	}
	if reasons := w.agent.Health().Ready(context.Background()); len(reasons) == 0 || reasons[0].Code != agent.CodeHeld {
		w.t.Fatalf("%+v", reasons)
	}
	if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{}); err == nil {
		w.t.Error("retry while held")
	}
	w.events() // reading goes on
}

// settleBatches does what an operator does with forms of which the batch target cannot tell: look, then confirm or retry.
func (w *world) settleBatches() {
	w.t.Helper()
	ctx := context.Background()
	settled := 0
	w.until("what is unclear parks, and is settled", func() bool {
		list, err := reading.Of(w.agent.Journal()).List(ctx, journal.Filter{Target: "batches", Progress: journal.Held, Limit: 1000})
		if err != nil {
			w.t.Fatal(err)
		}
		there := w.batched()
		for _, e := range list {
			if e.Code != journal.CodeRestore && e.State == journal.Parked {
				w.t.Fatalf("%+v", e)
			}
			settled++
			if there[e.Reference] > 0 {
				if _, err := orders.Confirm.Give(ctx, w.agent.Desk(), control.ConfirmRequest{ID: e.ID, Target: "batches", Reason: "it is in the file", By: "x"}); err != nil {
					w.t.Fatal(err)
				}
				continue
			}
			out, err := orders.Retry.Give(ctx, w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{e.ID}, Target: "batches", By: "x"})
			if err != nil || out[0].Error != nil {
				w.t.Fatal(err, out)
			}
		}
		if settled < 12 {
			return false
		}
		return len(w.batched()) == 42+1 && len(list) == 0
	})
}

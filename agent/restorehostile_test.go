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
)

// reconfigure changes the configuration file by replacing texts.
func (w *world) reconfigure(pairs ...string) {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, "inbasket.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("inbasket.yaml", strings.NewReplacer(pairs...).Replace(string(b)))
}

// TestRestoreGaps asks for the last batch number when a target has taken some of the lost time's files: the highest
// that is left need not be the last.
func TestRestoreGaps(t *testing.T) {
	w := restorable(t)
	w.start()
	file := w.backup("b.tar")
	w.drop(0, 12)
	w.until("four batches went", func() bool { return len(w.batched()) == 12 })
	names := w.files("batches")
	for _, n := range []int{0, 3} { // the second was refused by the legacy system and left lying, the third as well
		w.remove("batches/" + names[n])
	}
	w.reborn(file)
	r := w.gathered()
	if r.Targets[2].SeenSeq != 3 || len(r.Needs) != 1 || !strings.Contains(r.Needs[0], "--seq batches=NUMBER") {
		t.Fatalf("%+v", r)
	}
	if _, err := orders.EndHold.Give(context.Background(), w.agent.Desk(), control.EndHoldRequest{By: "x"}); err == nil {
		t.Fatal("released without a word on the numbers")
	}
	w.endHold(control.EndHoldRequest{Seqs: map[string]int64{"batches": 4}})
	w.drop(12, 15)
	w.until("the next one bears the next number", func() bool {
		return slices.ContainsFunc(w.files("batches"), func(n string) bool { return n >= "B000005.DAT" })
	})
	if slices.Contains(w.files("batches"), names[3]) {
		t.Fatal("a number was used twice")
	}
}

// TestRestoreReloaded releases nothing by what was found under another configuration.
func TestRestoreReloaded(t *testing.T) {
	w := restorable(t)
	w.start()
	file := w.backup("b.tar")
	w.deliver(0, 3)
	w.lose()
	w.restore(file, false)
	w.reconfigure("legacy.db", "empty.db") // a test system, by mistake
	w.start()
	if r := w.gathered(); r.Lost != 0 {
		t.Fatalf("%+v", r)
	}
	w.reconfigure("empty.db", "legacy.db")
	busy := w.db() // it answers late
	defer busy.Close()
	busy.SetMaxOpenConns(1)
	for _, sql := range []string{"PRAGMA locking_mode=EXCLUSIVE", "BEGIN EXCLUSIVE", "CREATE TABLE BUSY (X)"} {
		if _, err := busy.Exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.agent.Reload(context.Background(), control.ReloadRequest{By: "x"}); err != nil {
		t.Fatal(err)
	}
	said := control.EndHoldRequest{By: "x", AcceptSeq: []string{"batches"}}
	if r, err := orders.EndHold.Give(context.Background(), w.agent.Desk(), said); err == nil {
		t.Fatalf("released by what another database told: %+v", r.Targets[0])
	}
	if _, err := busy.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	_ = busy.Close()
	w.until("it is released", func() bool {
		_, err := orders.EndHold.Give(context.Background(), w.agent.Desk(), said)
		return err == nil
	})
	w.until("all came again", func() bool {
		r, err := orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{})
		return err == nil && r.Lost == 3 && r.Back == 3
	})
	if n := w.inRegister(); n != 3 {
		t.Fatalf("%d in place of 3", n)
	}
}

// TestRestoreDown releases while the only witness is down: what comes again parks, and nothing is written twice.
func TestRestoreDown(t *testing.T) {
	w := restorable(t)
	w.start()
	w.deliver(0, 2)
	w.pause("register", true)
	w.drop(2, 3)
	w.until("it is accepted", func() bool { return w.states()[journal.Accepted] == 1 })
	file := w.backup("b.tar")
	w.pause("register", false)
	w.deliver(3, 5)
	w.lose()
	w.restore(file, false)
	w.rename("legacy.db", "away.db")
	if err := os.Mkdir(filepath.Join(w.dir, "legacy.db"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.start()
	r := w.gathered()
	if r.Targets[0].Evidence != control.EvidenceFailed || r.Targets[0].Trouble == nil || len(r.Needs) == 0 {
		t.Fatalf("%+v", r)
	}
	w.endHold(control.EndHoldRequest{WithoutEvidence: []string{"register"}, AcceptSeq: []string{"batches"}})
	w.remove("legacy.db")
	w.rename("away.db", "legacy.db")
	w.pause("register", false)
	w.until("what was open is found", func() bool { return w.to("REF-2", "register").Progress == journal.Done })
	w.until("what came again parks", func() bool {
		list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{Target: "register", Progress: journal.Held})
		return err == nil && len(list) == 2
	})
	if n := w.inRegister(); n != 5 {
		t.Fatalf("%d in place of 5", n)
	}
}

// TestRestoreAttached knows forms with attachments again by their digest, from the done folder.
func TestRestoreAttached(t *testing.T) {
	w := restorable(t)
	w.reconfigure(`match: "*.json", `, `match: "*.json", attachments: {beside: ["{name}.pdf", "{name}-{n}.png"]}, `)
	w.start()
	file := w.backup("b.tar")
	for n := range 3 {
		w.write(fmt.Sprintf("in/f%d.pdf", n), fmt.Sprint("pdf", n))
		w.write(fmt.Sprintf("in/f%d-1.png", n), fmt.Sprint("png", n))
		w.write(fmt.Sprintf("in/.f%d", n), form(fmt.Sprintf("REF-%d", n), "Anna"))
		w.rename(fmt.Sprintf("in/.f%d", n), fmt.Sprintf("in/f%d.json", n))
	}
	w.until("all are delivered", func() bool { return w.inRegister() == 3 })
	w.reborn(file)
	if r := w.gathered(); r.Lost != 3 {
		t.Fatalf("%+v", r)
	}
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}})
	w.until("all came again", func() bool {
		r, err := orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{})
		return err == nil && r.Back == 3
	})
	if n := w.inRegister(); n != 3 {
		t.Fatal(n)
	}
}

// TestRestoreManyLost lists every submission that is lost, however many they are.
func TestRestoreManyLost(t *testing.T) {
	w := restorable(t)
	w.start()
	file := w.backup("b.tar")
	w.deliver(0, 130)
	w.reborn(file)
	if r := w.gathered(); r.Lost != 130 || len(r.Missing) != 100 {
		t.Fatalf("%d %d", r.Lost, len(r.Missing))
	}
	r, err := orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{All: true})
	if err != nil || len(r.Missing) != 130 {
		t.Fatal(len(r.Missing), err)
	}
}

// TestRestoreTrustedBatch takes nobody's word that nothing was taken away for more than it says: what a batch file
// carries that lies there, nothing tells.
func TestRestoreTrustedBatch(t *testing.T) {
	w := restorable(t)
	w.start()
	w.drop(0, 3)
	w.until("the first batch went", func() bool { return len(w.batched()) == 3 })
	file := w.backup("b.tar")
	w.drop(3, 6)
	w.until("the second batch went", func() bool { return len(w.batched()) == 6 })
	w.reborn(file)
	w.gathered()
	_, err := orders.EndHold.Give(context.Background(), w.agent.Desk(), control.EndHoldRequest{By: "x", TrustAbsent: []string{"batches"}})
	if err == nil || !strings.Contains(control.ErrorOf(err).Hint, "number 2") {
		t.Fatal(err)
	}
	w.endHold(control.EndHoldRequest{})
	w.until("what the second batch carries parks", func() bool {
		list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{Target: "batches", Progress: journal.Held})
		return err == nil && len(list) == 3
	})
	if _, err := os.Stat(filepath.Join(w.dir, "batches", "B000003.DAT")); err == nil {
		t.Fatal("it travelled twice")
	}
}

// TestRestoreOrders lists what people ordered after the backup, across restores that were made one over the other.
func TestRestoreOrders(t *testing.T) {
	w := restorable(t)
	w.start()
	client := control.NewClient(filepath.Join(w.dir, "state"))
	ctx := context.Background()
	w.deliver(0, 3)
	if _, err := orders.Pause.Ask(ctx, client, control.PauseRequest{Target: "drop", Paused: true, Reason: "before"}); err != nil {
		t.Fatal(err)
	}
	file := w.backup("b.tar")
	first, second := w.view("REF-0").ID, w.view("REF-1").ID
	if _, err := orders.Reject.Ask(ctx, client, control.RejectRequest{ID: first, Reason: "doubled", Force: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := orders.Reject.Ask(ctx, client, control.RejectRequest{ID: 12345, Reason: "unknown"}); err == nil {
		t.Fatal("an unknown one was rejected")
	}
	w.halt()
	w.restore(file, true)
	w.start()
	if r := w.gathered(); len(r.Orders) != 1 || r.Orders[0].Action != "reject" || r.Orders[0].Object != first.String() || r.Orders[0].Details["reason"] != "doubled" {
		t.Fatalf("%+v", r.Orders)
	}
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}})
	if _, err := orders.Reject.Ask(ctx, client, control.RejectRequest{ID: second, Reason: "later", Force: true}); err != nil {
		t.Fatal(err)
	}
	w.halt()
	w.restore(file, true)
	w.start()
	if r := w.gathered(); len(r.Orders) != 2 || r.Orders[0].Object != first.String() || r.Orders[1].Object != second.String() {
		t.Fatalf("%+v", r.Orders)
	}
}

// TestRestoreNamedByID parks a form that comes again under a new ID for a folder whose files are named by the ID: no
// word on what was taken tells that the file of its old ID lies there.
func TestRestoreNamedByID(t *testing.T) {
	w := restorable(t)
	w.reconfigure("{reference}", "{id}")
	w.start()
	w.pause("register", true) // so that no ledger knows it
	file := w.backup("b.tar")
	w.drop(0, 1)
	w.until("it is dropped", func() bool { // both files, under their last names
		names := w.files("drop")
		return len(names) == 2 && !strings.Contains(names[0]+names[1], "inbasket-part")
	})
	w.reborn(file)
	w.gathered()
	w.endHold(control.EndHoldRequest{TrustAbsent: []string{"drop"}, AcceptSeq: []string{"batches"}})
	w.until("it parks", func() bool {
		list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{Target: "drop", Progress: journal.Held})
		return err == nil && len(list) == 1
	})
	if names := w.files("drop"); len(names) != 2 {
		t.Fatal(names)
	}
}

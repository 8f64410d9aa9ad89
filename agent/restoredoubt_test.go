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
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/orders"
)

func (w *world) pause(target string, paused bool) {
	w.t.Helper()
	if _, err := orders.Pause.Give(context.Background(), w.agent.Desk(), control.PauseRequest{Target: target, Paused: paused, Reason: "test", By: "x"}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(names ...string) {
	w.t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) rename(from, to string) {
	w.t.Helper()
	if err := os.Rename(filepath.Join(w.dir, from), filepath.Join(w.dir, to)); err != nil {
		w.t.Fatal(err)
	}
}

// to returns where a submission's delivery stands.
func (w *world) to(ref, target string) journal.DeliveryView {
	w.t.Helper()
	for _, d := range w.view(ref).Deliveries {
		if d.Target == target {
			return d
		}
	}
	return journal.DeliveryView{}
}

// TestRestoreTakenFiles delivers nothing twice to a folder that a legacy system empties: what lies there is known, what
// lies there under its temporary name is finished, and what is not there parks until a person has looked.
func TestRestoreTakenFiles(t *testing.T) {
	w := restorable(t)
	w.start()
	w.pause("drop", true)
	w.deliver(0, 3)
	file := w.backup("b.tar")
	w.pause("drop", false)
	w.until("all are dropped", func() bool {
		for _, ref := range []string{"REF-0", "REF-1", "REF-2"} {
			if w.to(ref, "drop").Progress != journal.Done {
				return false
			}
		}
		return true
	})
	w.remove("drop/REF-0.csv", "drop/REF-0.ok")
	w.rename("drop/REF-2.csv", "drop/.REF-2.csv.inbasket-part")
	w.rename("drop/REF-2.ok", "drop/.REF-2.ok.inbasket-part")
	w.reborn(file)
	if r := w.gathered(); r.Targets[1].Name != "drop" || r.Targets[1].Evidence != control.EvidenceFiles || !r.Targets[1].Unsure || r.Targets[1].Open != 3 {
		t.Fatalf("%+v", r.Targets)
	}
	w.pauseEnds("drop")
	w.until("what lies there is delivered", func() bool {
		return w.to("REF-1", "drop").Progress == journal.Done && w.to("REF-2", "drop").Progress == journal.Done
	})
	w.until("what was taken parks", func() bool { return w.to("REF-0", "drop").Progress == journal.Held })
	if d := w.to("REF-0", "drop"); d.Reason == nil || d.Reason.Code != journal.CodeRestore {
		t.Fatalf("%+v", d)
	}
	if slices.Contains(w.files("drop"), "REF-0.csv") {
		t.Fatal("it was delivered a second time")
	}
	out, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{w.view("REF-0").ID}, Target: "drop", By: "x"})
	if err != nil || out[0].Error != nil {
		t.Fatal(err, out)
	}
	w.until("a person's word delivers it", func() bool { return slices.Contains(w.files("drop"), "REF-0.ok") })
	w.sound()
}

// pauseEnds releases a held agent, whose journal also remembers a pause.
func (w *world) pauseEnds(target string) {
	w.t.Helper()
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}})
	w.pause(target, false)
}

// TestRestoreTrusted delivers what is not there on the word that the target took nothing away.
func TestRestoreTrusted(t *testing.T) {
	w := restorable(t)
	w.start()
	w.pause("drop", true)
	w.pause("batches", true)
	w.deliver(0, 1)
	file := w.backup("b.tar")
	w.reborn(file)
	w.gathered()
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}, TrustAbsent: []string{"drop", "batches"}})
	w.pause("drop", false)
	w.pause("batches", false)
	w.until("it is dropped", func() bool { return slices.Contains(w.files("drop"), "REF-0.ok") })
	w.until("it travels", func() bool { return w.batched()["REF-0"] == 1 })
}

// sealedBackup makes a backup in which one batch is sealed and not sent, and sends it afterwards.
func sealedBackup(t *testing.T) (w *world, file string) {
	w = restorable(t)
	w.write("inbasket.yaml", fmt.Sprintf(worldConfig, tokenHash)) // by age it could close before all three are there
	w.start()
	w.rename("batches", "away")
	w.drop(0, 3)
	w.until("a batch is sealed", func() bool {
		list, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(list) == 1
	})
	file = w.backup("b.tar")
	w.rename("away", "batches")
	w.until("it is sent", func() bool { return len(w.files("batches")) == 1 })
	w.until("nothing waits", func() bool {
		list, err := delivering.Of(w.agent.Journal()).Batches(context.Background(), "batches", true)
		return err == nil && len(list) == 0
	})
	return w, file
}

// TestRestoreSealedBatch knows a batch again that still lies at its target.
func TestRestoreSealedBatch(t *testing.T) {
	w, file := sealedBackup(t)
	w.reborn(file)
	if r := w.gathered(); r.Targets[2].LastSeq != 1 || r.Targets[2].SeenSeq != 1 || len(r.Needs) != 1 || !strings.Contains(r.Needs[0], "--seq batches=NUMBER") {
		t.Fatalf("%+v", r)
	}
	if _, err := orders.EndHold.Give(context.Background(), w.agent.Desk(), control.EndHoldRequest{By: "x"}); err == nil {
		t.Fatal("released without a word on the numbers")
	}
	if _, err := orders.EndHold.Give(context.Background(), w.agent.Desk(), control.EndHoldRequest{By: "x", Seqs: map[string]int64{"batches": 0}}); err == nil {
		t.Fatal("a number that is used was taken")
	}
	w.endHold(control.EndHoldRequest{Seqs: map[string]int64{"batches": 5}})
	w.until("the batch is known", func() bool { return w.to("REF-0", "batches").Progress == journal.Done })
	w.drop(3, 6)
	w.until("the next one bears the next number", func() bool { return slices.Contains(w.files("batches"), "B000006.DAT") })
	if n := w.batched()["REF-0"]; n != 1 {
		t.Fatal(n)
	}
}

// TestRestoreTakenBatch sends a batch that may have been taken away only on a person's word for its target.
func TestRestoreTakenBatch(t *testing.T) {
	w, file := sealedBackup(t)
	w.remove("batches/B000001.DAT")
	w.reborn(file)
	w.gathered()
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}})
	held := func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[2].Trouble != nil && strings.Contains(s.Targets[2].Trouble.Text, journal.CodeRestore)
	}
	w.until("the target is stopped", held)
	w.halt() // a restart forgets nothing of it
	w.start()
	w.until("the target is stopped again", held)
	if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Code: "other", By: "x"}); err != nil { // means all targets
		t.Fatal(err)
	}
	w.until("the target is stopped still", held)
	if len(w.files("batches")) != 0 {
		t.Fatal("it was sent without a word")
	}
	if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Target: "batches", By: "x"}); err != nil {
		t.Fatal(err)
	}
	w.until("it is sent again", func() bool { return slices.Contains(w.files("batches"), "B000001.DAT") })
	w.until("its forms are delivered", func() bool { return w.to("REF-2", "batches").Progress == journal.Done })
	w.sound()
}

// TestRestoreConfirmedBatch takes a batch as sent on a person's word.
func TestRestoreConfirmedBatch(t *testing.T) {
	w, file := sealedBackup(t)
	w.remove("batches/B000001.DAT")
	w.reborn(file)
	w.gathered()
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}})
	w.until("the target is stopped", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Targets[2].Trouble != nil
	})
	if _, err := orders.Confirm.Give(context.Background(), w.agent.Desk(), control.ConfirmRequest{Target: "batches", Seq: 1, Reason: "the office has it", By: "x"}); err != nil {
		t.Fatal(err)
	}
	w.until("its forms are delivered", func() bool { return w.to("REF-2", "batches").Progress == journal.Done })
	w.sound()
	if len(w.files("batches")) != 0 {
		t.Fatal("it was sent")
	}
}

// TestRestoreWithoutLedger parks what a database without a ledger may have got in the lost time, and writes nothing twice.
func TestRestoreWithoutLedger(t *testing.T) {
	w := restorable(t)
	cfg, err := os.ReadFile(filepath.Join(w.dir, "inbasket.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("inbasket.yaml", strings.Replace(string(cfg), "create-ledger: true", "ledger: false", 1))
	w.start()
	w.pause("register", true)
	w.drop(0, 2)
	w.until("both are accepted", func() bool { return w.states()[journal.Accepted] == 2 })
	w.until("both are dropped", func() bool {
		return w.to("REF-0", "drop").Progress == journal.Done && w.to("REF-1", "drop").Progress == journal.Done
	})
	file := w.backup("b.tar")
	w.pause("register", false)
	w.until("both are written", func() bool { return w.inRegister() == 2 })
	w.reborn(file)
	if r := w.gathered(); r.Targets[0].Evidence != control.EvidenceNone || !r.Targets[0].Unsure {
		t.Fatalf("%+v", r.Targets[0])
	}
	w.pauseEnds("register")
	w.until("both park", func() bool {
		return w.to("REF-0", "register").Progress == journal.Held && w.to("REF-1", "register").Progress == journal.Held
	})
	if d := w.to("REF-1", "register"); d.Reason == nil || d.Reason.Code != journal.CodeRestore || w.inRegister() != 2 {
		t.Fatalf("%+v", d)
	}
	w.sound()
}

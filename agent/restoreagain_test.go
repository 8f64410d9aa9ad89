package agent_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/backup"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/orders"
)

// TestRestoreOldLedger parks what comes again for a database whose ledger keeps no digests, and writes it on a person's
// word only.
func TestRestoreOldLedger(t *testing.T) {
	w := restorable(t)
	w.start()
	w.deliver(0, 1)
	w.halt()
	w.exec("alter table INBASKET_LEDGER drop column DIGEST")
	w.start()
	file := w.backup("b.tar")
	w.deliver(1, 3)
	w.reborn(file)
	if r := w.gathered(); r.Targets[0].Lost != 2 || r.Targets[0].Blind != 2 {
		t.Fatalf("%+v", r.Targets[0])
	}
	w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}})
	w.until("both park", func() bool {
		list, err := reading.Of(w.agent.Journal()).List(context.Background(), journal.Filter{Target: "register", Progress: journal.Held})
		return err == nil && len(list) == 2
	})
	if d := w.to("REF-2", "register"); d.Reason == nil || d.Reason.Code != journal.CodeRestore {
		t.Fatalf("%+v", d)
	}
	if n := w.number("select count(*) from INBASKET_LEDGER"); n != 3 {
		t.Fatal(n)
	}
	_, err := orders.Confirm.Give(context.Background(), w.agent.Desk(), control.ConfirmRequest{ID: w.view("REF-2").ID, Target: "register", Reason: "it is there", By: "x", Returned: map[string]string{"application.ID": "2"}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRestoreInterrupted stops the agent at once after its release, again and again: what was to be read again is.
func TestRestoreInterrupted(t *testing.T) {
	w := restorable(t)
	w.start()
	file := w.backup("b.tar")
	w.deliver(0, 60)
	w.rule("REF-5", "A")
	w.until("it is decided", func() bool { return w.states()[journal.Decided] == 1 })
	w.reborn(file)
	w.gathered()
	w.endHold(control.EndHoldRequest{})
	for range 5 {
		w.halt()
		w.start()
	}
	w.until("all came again", func() bool {
		r, err := orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{})
		return err == nil && r.Lost == 60 && r.Back == 60
	})
	w.until("the decision came again", func() bool { return w.states()[journal.Decided] == 1 })
	if n := w.number("select count(*) from INBASKET_LEDGER"); n != 60 || w.inRegister() != 60 {
		t.Fatal(n, w.inRegister())
	}
	w.sound()
	if len(w.files("in")) != 0 {
		t.Fatal(w.files("in"))
	}
}

// TestRestoreTwice restores the same backup a second time, over the first: what was taken in between is lost and comes
// again as well.
func TestRestoreTwice(t *testing.T) {
	w := restorable(t)
	w.start()
	w.deliver(0, 2)
	file := w.backup("b.tar")
	w.deliver(2, 4)
	var epochs []int64
	for n := range 2 {
		w.halt()
		out := w.restore(file, true)
		epochs = append(epochs, out.Epoch)
		if !out.Prior {
			t.Fatal("the journal in place was not read")
		}
		w.start()
		r := w.gathered()
		if want := int64(2 * (n + 1)); r.Lost != want {
			t.Fatalf("%d lost, %d times", r.Lost, n+1)
		}
		w.endHold(control.EndHoldRequest{AcceptSeq: []string{"batches"}})
		w.drop(4+2*n, 6+2*n)
		w.until("all are back, and new ones too", func() bool {
			r, err := orders.Restored.Give(context.Background(), w.agent.Desk(), control.RestoredRequest{})
			return err == nil && r.Back == r.Lost && w.inRegister() == 6+2*n
		})
	}
	if epochs[1] <= epochs[0] {
		t.Fatal(epochs)
	}
	if n := w.number("select count(*) from INBASKET_LEDGER"); n != 8 {
		t.Fatal(n)
	}
}

// TestRestoreHeldBackup restores a backup of an agent that was held: it looks back to the first backup, not to the second.
func TestRestoreHeldBackup(t *testing.T) {
	w := restorable(t)
	w.start()
	file := w.backup("b.tar")
	w.deliver(0, 3)
	w.reborn(file)
	first := w.gathered()
	second := w.backup("held.tar")
	w.lose()
	if out := w.restore(second, false); !out.Manifest.Journal.Held {
		t.Fatalf("%+v", out.Manifest)
	}
	w.start()
	if r := w.gathered(); !r.Backup.Equal(first.Backup) || r.Lost != 3 || !r.Held {
		t.Fatalf("%+v", r)
	}
}

// TestBackupUnderLoad makes backups while forms flow. Each of them has everything that was acknowledged before it began,
// and none holds acceptance up for long.
func TestBackupUnderLoad(t *testing.T) {
	w := restorable(t)
	w.start()
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; !stop.Load(); n += 20 {
			w.drop(n, n+20)
		}
	}()
	for n := range 4 {
		p := w.post(form("REF-x"+strings.Repeat("x", n), "Anna"), "application/json")
		p.expect(t, "post", 202, "")
		m, err := backup.VerifyFile(context.Background(), w.backup("b"+strings.Repeat("x", n)+".tar"))
		if err != nil || m.Journal.Submissions < int64(n+1) {
			t.Fatalf("%+v %v", m, err)
		}
	}
	stop.Store(true)
	<-done
	if left, _ := filepath.Glob(filepath.Join(w.dir, "state", ".inbasket*")); len(left) != 0 {
		t.Fatal(left)
	}
	// One at a time; one that nobody takes ends with its caller.
	r, out := io.Pipe()
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, err := orders.Backup.Give(ctx, w.agent.Desk(), control.BackupRequest{To: out})
		ended <- err
	}()
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := orders.Backup.Give(context.Background(), w.agent.Desk(), control.BackupRequest{To: io.Discard}); err == nil {
		t.Fatal("two at once")
	}
	cancel()
	_ = r.Close()
	if err := <-ended; err == nil {
		t.Fatal("a backup that nobody took succeeded")
	}
}

// TestStartFinishesRestore starts an agent after a restore that was killed while it changed over.
func TestStartFinishesRestore(t *testing.T) {
	w := restorable(t)
	w.start()
	w.deliver(0, 2)
	file := w.backup("b.tar")
	w.halt()
	w.restore(file, true)
	// As it stood after the first of the three renames.
	state := filepath.Join(w.dir, "state")
	staged := filepath.Join(state, ".inbasket-restoring")
	if err := os.Mkdir(staged, 0o700); err != nil {
		t.Fatal(err)
	}
	w.rename("state/journal", "state/.inbasket-restoring/journal")
	w.write("state/restore.json", `{"aside": "before-restore-20261122T100000Z"}`)
	w.start()
	if r := w.gathered(); !r.Held {
		t.Fatalf("%+v", r)
	}
	if _, err := os.Stat(staged); err == nil || backup.Pending(state) {
		t.Fatal("it was not finished")
	}
	if at, err := w.agent.Health().Status(context.Background()); err != nil || at.States[journal.Accepted]+at.States[journal.Delivered] != 2 || time.Since(at.Started) < 0 {
		t.Fatalf("%+v %v", at, err)
	}
}

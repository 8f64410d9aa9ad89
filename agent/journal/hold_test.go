package journal_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

// lostWorld is a journal that was restored from a backup of an hour before, with two submissions in it.
func lostWorld(t *testing.T) (r *rig, known []journal.Acceptance) {
	t.Helper()
	r = newRig(t)
	ctx := context.Background()
	known = r.take(t, arrivalOf("known", "register", "drop"), arrivalOf("parked", "register", "drop"))
	if err := r.Apply(ctx, []journal.Change{{ID: known[1].ID, Target: "register", To: journal.Held, Reason: &journal.Reason{Code: "x"}}}); err != nil {
		t.Fatal(err)
	}
	r.restored(t)
	return r, known
}

// restored closes the journal, makes it a restored one, and opens it again.
func (r *rig) restored(t *testing.T) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	backup := r.clock.Now()
	r.clock.add(time.Hour)
	if _, err := restoring.Restored(context.Background(), r.dir, restoring.Restoring{Backup: backup, Now: r.clock.Now(), File: "x.tar"}); err != nil {
		t.Fatal(err)
	}
	r.open()
}

func (r *rig) take(t *testing.T, list ...journal.Arrival) []journal.Acceptance {
	t.Helper()
	if err := r.PutPlan(context.Background(), planA); err != nil {
		t.Fatal(err)
	}
	out, err := r.Accept(context.Background(), list)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func arrivalOf(ref string, targets ...string) journal.Arrival {
	return journal.Arrival{Scope: "portal", Office: "portal", Inbasket: "forms", Route: "permit", Plan: planA.Digest, Reference: ref, Transport: ref + ".json",
		Digest: sha256.Sum256([]byte(ref)), Form: []byte(ref), Targets: targets}
}

func traceOf(id journal.ID, ref string) connectors.Trace {
	tr := connectors.Trace{Submission: id.String(), Key: id.String() + "/register", At: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}
	if ref != "" {
		tr.Digest = sha256.Sum256([]byte(ref))
	}
	return tr
}

func (r *rig) progress(t *testing.T, id journal.ID, target string) journal.Progress {
	t.Helper()
	v, err := r.Show(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range v.Deliveries {
		if d.Target == target {
			return d.Progress
		}
	}
	return ""
}

// TestGhosts keeps what targets tell of lost submissions, and gives a form that comes again the ID that it had.
func TestGhosts(t *testing.T) {
	r, known := lostWorld(t)
	ctx := context.Background()
	lost := known[1].ID + 1000
	blind := known[1].ID + 2000
	traces := []connectors.Trace{traceOf(known[0].ID, "known"), traceOf(known[1].ID, "parked"), traceOf(lost, "lost"), traceOf(blind, ""), {Submission: "no ID"}}
	for range 2 { // it may be repeated
		got, err := r.KeepEvidence(ctx, "register", traces)
		if err != nil || got.Unknown != 2 || got.Blind != 1 {
			t.Fatalf("%+v %v", got, err)
		}
	}
	if p := r.progress(t, known[1].ID, "register"); p != journal.Unclear {
		t.Fatalf("what the target has stays %s", p)
	}
	if _, err := r.KeepEvidence(ctx, "other", []connectors.Trace{traceOf(lost, "lost")}); err != nil {
		t.Fatal(err)
	}
	err := r.EndHold(ctx, restoring.Ending{By: "x", Seqs: map[string]int64{"batches": 9}, Uncertain: []restoring.UncertainTarget{{Target: "drop", Open: true}}})
	if err != nil || r.Held() {
		t.Fatal(err)
	}
	if err := r.EndHold(ctx, restoring.Ending{By: "x"}); !errors.Is(err, restoring.ErrNotHeld) {
		t.Fatal(err)
	}
	if n, err := r.NextSeq(ctx, "batches"); err != nil || n != 10 {
		t.Fatal(n, err)
	}
	r.reopen() // what a release decided outlives a restart
	out := r.take(t, arrivalOf("known", "register", "drop"), arrivalOf("lost", "register", "drop"), arrivalOf("fresh", "register", "drop"))
	if out[0].Verdict != connectors.Repeat || out[0].Again || out[1].ID != lost || !out[1].Again || out[2].Again || out[2].ID <= blind {
		t.Fatalf("%+v", out)
	}
	if a, b, c := r.progress(t, known[0].ID, "drop"), r.progress(t, lost, "drop"), r.progress(t, out[2].ID, "drop"); a != journal.Doubtful || b != journal.Doubtful || c != journal.Pending {
		t.Fatal(a, b, c)
	}
	if p := r.progress(t, lost, "register"); p != journal.Pending {
		t.Fatal(p) // its ledger knows
	}
	if all, adopted, none, err := r.LostCount(ctx); err != nil || all != 2 || adopted != 1 || none != 1 {
		t.Fatal(all, adopted, none, err)
	}
	list, err := r.LostSubmissions(ctx, 0, true, 10)
	if err != nil || len(list) != 2 || len(list[0].Targets) != 2 || !list[0].Adopted || list[1].ID != blind {
		t.Fatalf("%+v %v", list, err)
	}
	sum, err := r.Summary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sum.Targets {
		if s.Target == "drop" && (s.Open != 4 || s.Parked != 0) {
			t.Errorf("%+v", s)
		}
	}
}

// TestGhostTwins gives two equal forms in one call two different IDs, and a third none.
func TestGhostTwins(t *testing.T) {
	r, known := lostWorld(t)
	ctx := context.Background()
	if _, err := r.KeepEvidence(ctx, "register", []connectors.Trace{traceOf(known[1].ID+5, "twin"), traceOf(known[1].ID+6, "twin")}); err != nil {
		t.Fatal(err)
	}
	var list []journal.Arrival
	for n := range 3 {
		a := arrivalOf("twin", "register")
		a.Reference = fmt.Sprint("twin", n)
		list = append(list, a)
	}
	out := r.take(t, list...)
	if out[0].ID != known[1].ID+5 || out[1].ID != known[1].ID+6 || out[2].Again {
		t.Fatalf("%+v", out)
	}
}

// TestRecall knows a form that was put back by its name, once, and makes its deliveries doubtful where no target tells.
func TestRecall(t *testing.T) {
	r, _ := lostWorld(t)
	ctx := context.Background()
	if err := r.EndHold(ctx, restoring.Ending{By: "x", Uncertain: []restoring.UncertainTarget{{Target: "drop", Open: true}}, Rereads: []restoring.Reread{{Kind: "in-basket", Name: "forms", Since: r.clock.Now()}}}); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Rereads(ctx); err != nil || len(list) != 1 || list[0].Name != "forms" || !list[0].Since.Equal(r.clock.Now()) {
		t.Fatalf("%+v %v", list, err)
	}
	if err := r.RereadDone(ctx, "in-basket", "forms"); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Rereads(ctx); err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	if err := r.Recall(ctx, "forms", []string{"lost.json", "known.json"}); err != nil {
		t.Fatal(err)
	}
	out := r.take(t, arrivalOf("lost", "register", "drop"), arrivalOf("known", "register", "drop"))
	if !out[0].Again || out[1].Verdict != connectors.Repeat {
		t.Fatalf("%+v", out)
	}
	if p := r.progress(t, out[0].ID, "drop"); p != journal.Doubtful {
		t.Fatal(p)
	}
	r.must(r.Read(r.ctx(), func(l *journal.Look) {
		if l.AfterRestore().Active {
			t.Error("acceptance still looks for what came again")
		}
	}))
}

// TestUnpark makes a delivery doubtful that was parked before the restore, the first time that it is released.
func TestUnpark(t *testing.T) {
	r, known := lostWorld(t)
	ctx := context.Background()
	if err := r.EndHold(ctx, restoring.Ending{By: "x", Uncertain: []restoring.UncertainTarget{{Target: "register", Open: true}}}); err != nil {
		t.Fatal(err)
	}
	for n, want := range []journal.Progress{journal.Doubtful, journal.Pending} {
		r.clock.add(time.Second)
		if err := r.Release(ctx, known[1].ID, "register", "x"); err != nil {
			t.Fatal(err)
		}
		if p := r.progress(t, known[1].ID, "register"); p != want {
			t.Fatal(n, p)
		}
		if err := r.Apply(ctx, []journal.Change{{ID: known[1].ID, Target: "register", To: journal.Held, Reason: &journal.Reason{Code: "restore.unclear"}}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRestoredNumbers uses no number again: not an epoch, not an event's, not a submission's, also when it is restored
// twice, and keeps what it does not know since the first restore that nobody released.
func TestRestoredNumbers(t *testing.T) {
	r, known := lostWorld(t)
	ctx := context.Background()
	first, err := r.About(ctx)
	if err != nil || first.Epoch < r.clock.Now().Unix() || first.Seq < r.clock.Now().UnixMicro() || !first.Held {
		t.Fatalf("%+v %v", first, err)
	}
	hold, err := r.Hold(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := r.LastBackup(ctx); err != nil || !at.Equal(hold.Backup) { // the one that it comes from
		t.Fatalf("the last backup is of %s, %v", at, err)
	}
	r.restored(t)
	second, err := r.About(ctx)
	if err != nil || second.Epoch <= first.Epoch || second.Seq <= first.Seq {
		t.Fatalf("%+v %v", second, err)
	}
	if again, err := r.Hold(ctx); err != nil || !again.Backup.Equal(hold.Backup) || again.Restored.Equal(hold.Restored) {
		t.Fatalf("%+v %v", again, err)
	}
	if out := r.take(t, arrivalOf("new", "register")); out[0].ID.Time().Before(r.clock.Now().Add(-time.Millisecond)) || out[0].ID <= known[1].ID {
		t.Fatalf("%s of %s", out[0].ID, out[0].ID.Time())
	}
	// The same second once more, with a journal in place that had been in a later epoch.
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	prior := &restoring.Prior{Epoch: second.Epoch + 100, Seq: second.Seq + 1e9, Seqs: map[string]int64{"batches": 41}}
	epoch, err := restoring.Restored(ctx, r.dir, restoring.Restoring{Backup: r.clock.Now(), Now: r.clock.Now(), Prior: prior})
	if err != nil || epoch != prior.Epoch+1 {
		t.Fatal(epoch, err)
	}
	r.open()
	if n, err := r.NextSeq(ctx, "batches"); err != nil || n != 42 {
		t.Fatal(n, err)
	}
}

// TestSnapshot copies a journal while it is written, with everything that had been acknowledged before.
func TestSnapshot(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	stop, stopped := make(chan struct{}), make(chan struct{})
	r.take(t, arrivalOf("first", "register"))
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
				if _, err := r.Accept(ctx, []journal.Arrival{arrivalOf(fmt.Sprint("n", n), "register")}); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	for n := range 5 {
		dir := t.TempDir()
		mine := fmt.Sprint("mine", n)
		r.take(t, arrivalOf(mine, "register"))
		if err := r.Snapshot(ctx, filepath.Join(dir, journal.FileName)); err != nil {
			t.Fatal(err)
		}
		j, err := journal.OpenReadOnly(ctx, dir, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := reading.Of(j).List(ctx, journal.Filter{Reference: mine})
		if err != nil || len(list) != 1 || checking.Of(j).Check(ctx) != nil {
			t.Fatal(list, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if err := r.Snapshot(ctx, filepath.Join(dir, journal.FileName)); !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
	}
	close(stop)
	<-stopped
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	path := filepath.Join(t.TempDir(), journal.FileName)
	if err := r.Snapshot(cancelled, path); err == nil {
		t.Fatal("a cancelled snapshot succeeded")
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("half a snapshot is left")
	}
}

// TestFirstVersion opens, backs up and restores a journal that the first version of the program wrote.
func TestFirstVersion(t *testing.T) {
	dir := t.TempDir()
	older(t, dir, 1)
	ctx := context.Background()
	j, err := journal.OpenReadOnly(ctx, dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := restoring.Of(j).About(ctx)
	if err != nil || a.Schema != 1 || a.Held {
		t.Fatalf("%+v %v", a, err)
	}
	if h, err := restoring.Of(j).Hold(ctx); h != nil || err != nil {
		t.Fatal(h, err)
	}
	if err := restoring.Of(j).Contents(ctx, func(connectors.Digest) error { return nil }); err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	if err := restoring.Of(j).Snapshot(ctx, filepath.Join(copied, journal.FileName)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := restoring.Restored(ctx, copied, restoring.Restoring{Backup: time.Now(), Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{copied, dir} {
		j, err := journal.Open(ctx, d, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, err := restoring.Of(j).About(ctx)
		if err != nil || a.Schema != journal.Version() || j.Held() != (d == copied) {
			t.Fatalf("%+v %v", a, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestContents names everything that a journal refers to, once.
func TestContents(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	store, err := content.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.opts.Content = store
	r.reopen()
	large := arrivalOf("large", "register")
	large.Form = bytes.Repeat([]byte("x"), journal.InlineForm+1)
	large.Attachments = []journal.File{{Name: "a", Digest: sha256.Sum256([]byte("a"))}, {Name: "b", Digest: sha256.Sum256([]byte("b"))}}
	small := arrivalOf("small", "register")
	small.Attachments = large.Attachments[:1]
	r.take(t, large, small)
	got := map[connectors.Digest]int{}
	if err := r.Contents(ctx, func(d connectors.Digest) error { got[d]++; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[sha256.Sum256(large.Form)] != 1 || got[large.Attachments[0].Digest] != 1 {
		t.Fatalf("%d", len(got))
	}
}

// TestGhostOfATakenReference keeps a form that was accepted and delivered in the lost time, although another one bears its reference
// by now: it is parked beside that, what its ledger has is looked up, and what it may have been given besides waits for a word.
func TestGhostOfATakenReference(t *testing.T) {
	r, known := lostWorld(t)
	ctx := context.Background()
	lost := known[1].ID + 1000
	if _, err := r.KeepEvidence(ctx, "register", []connectors.Trace{traceOf(lost, "lost")}); err != nil {
		t.Fatal(err)
	}
	if err := r.EndHold(ctx, restoring.Ending{By: "x", Uncertain: []restoring.UncertainTarget{{Target: "drop", Open: true}}}); err != nil {
		t.Fatal(err)
	}
	other, ghost, third := arrivalOf("other", "register", "drop"), arrivalOf("lost", "register", "drop"), arrivalOf("third", "register", "drop")
	ghost.Reference, third.Reference = other.Reference, other.Reference
	ghost.IdempotencyKey = "key"
	out := r.take(t, other, ghost, third)
	if out[1].ID != lost || out[1].Verdict != connectors.Taken || out[1].State != journal.Parked || !out[1].Again || out[2].Verdict != connectors.Conflict || out[2].ID != out[0].ID {
		t.Fatalf("%+v", out)
	}
	ghost.IdempotencyKey = ""
	if again := r.take(t, ghost); again[0].ID != lost || again[0].Verdict != connectors.Repeat {
		t.Fatalf("%+v", again)
	}
	v, err := r.Show(ctx, lost)
	if err != nil || v.Code != journal.CodeReference || !strings.Contains(v.Reason.Text, "stands in register") || r.progress(t, lost, "register") != journal.Unclear || r.progress(t, lost, "drop") != journal.Held {
		t.Fatalf("%+v %v", v, err)
	}
	var unclear *journal.UnclearError
	if err := r.Release(ctx, lost, "", "x"); !errors.As(err, &unclear) || !slices.Equal(unclear.Targets, []string{"drop"}) {
		t.Fatal(err)
	}
}

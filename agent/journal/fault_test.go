package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/connectors"
)

var errDisk = errors.New("disk fell out")

// faultyRig returns a rig whose commits fail while the flags are set.
func faultyRig(t *testing.T) (r *rig, before, after *error) {
	before, after = new(error), new(error)
	r = newRig(t)
	r.opts.Hooks = journal.Hooks{BeforeCommit: func() error { return *before }, AfterCommit: func() error { return *after }}
	r.reopen()
	return r, before, after
}

// TestMended: whoever reads the journal is told of a commit that seemed to fail before the next call returns.
func TestMended(t *testing.T) {
	r, _, after := faultyRig(t)
	told := 0
	r.opts.Mended = func() { told++ }
	r.reopen()
	r.one("A", "target")
	*after = errDisk
	if _, err := r.Accept(r.ctx(), []journal.Arrival{arrival("B", "target")}); !errors.Is(err, errDisk) {
		t.Fatalf("%v", err)
	}
	*after = nil
	if told != 0 {
		t.Fatal("told before it works again")
	}
	r.one("C", "target")
	r.one("D", "target")
	if told != 1 {
		t.Fatalf("told %d times", told)
	}
}

func TestCommitFails(t *testing.T) {
	r, before, after := faultyRig(t)
	*before = errDisk
	fresh := arrival("A", "new target")
	if _, err := r.Accept(r.ctx(), []journal.Arrival{fresh}); !errors.Is(err, errDisk) {
		t.Fatalf("%v", err)
	}
	*before = nil
	if a := r.accept(fresh)[0]; a.Verdict != connectors.Taken {
		t.Errorf("after a rollback: %s", a.Verdict)
	}
	*after = errDisk
	fresh = arrival("B", "newer target")
	if _, err := r.Accept(r.ctx(), []journal.Arrival{fresh}); !errors.Is(err, errDisk) {
		t.Fatalf("%v", err)
	}
	*after = nil
	a := r.accept(fresh)[0] // it was on disk after all
	if a.Verdict != connectors.Repeat {
		t.Errorf("after a commit of unknown outcome: %s", a.Verdict)
	}
	r.one("C", "newest target")
	r.done(a.ID, "newer target")
	r.reopen()
	for _, target := range []string{"new target", "newest target"} {
		list, err := r.Backlog(r.ctx(), target, 0, 10)
		r.must(err)
		if len(list) != 1 {
			t.Errorf("%s: %d", target, len(list))
		}
	}
	r.check()
}

func TestDiskFull(t *testing.T) {
	r, before, _ := faultyRig(t)
	*before = &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	_, err := r.Accept(r.ctx(), []journal.Arrival{arrival("A", "x")})
	var e *connectors.Error
	if !errors.As(err, &e) || e.Code != journal.CodeDiskFull || e.Class != connectors.TargetError || strings.Contains(e.Safe(), "PathError") {
		t.Fatalf("%v", err)
	}
	if f := r.Fault(); f == nil || f.Count != 1 || !errors.As(f.Err, &e) || e.Code != journal.CodeDiskFull {
		t.Errorf("fault: %+v", f)
	}
	*before = nil
	r.one("C", "x")
	if f := r.Fault(); f != nil {
		t.Errorf("after a commit: %+v", f)
	}
	// SQLite's own word for it.
	r.must(r.Idle(r.ctx(), "shrink", func(c *engine.Conn) error {
		_, err := c.Number("PRAGMA max_page_count=10")
		return err
	}))
	big := arrival("B", "x")
	big.Form = noise(60 << 10)
	for n := range 30 {
		big.Reference = fmt.Sprint("B", n)
		if _, err = r.Accept(r.ctx(), []journal.Arrival{big}); err != nil {
			break
		}
	}
	if !errors.As(err, &e) || e.Code != journal.CodeDiskFull {
		t.Fatalf("%v", err)
	}
	if a := r.accept(big)[0]; a.Verdict != connectors.Taken { // the new connection has no such limit
		t.Errorf("%s", a.Verdict)
	}
	r.check()
}

// A call that fails takes nothing of the others in its group with it.
func TestCallsOfAGroupAreApart(t *testing.T) {
	r := newRig(t)
	ids := make([]journal.ID, 40)
	for n := range ids {
		ids[n] = r.one(fmt.Sprint(n), "x")
	}
	var wg sync.WaitGroup
	errs := make([]error, len(ids))
	for n, id := range ids {
		wg.Go(func() {
			changes := []journal.Change{{ID: id, Target: "x", To: journal.Done}}
			if n%3 == 0 {
				changes = append(changes, journal.Change{ID: id, Target: "no such target " + fmt.Sprint(n), To: journal.Done})
			}
			errs[n] = r.Apply(r.ctx(), changes)
		})
	}
	wg.Wait()
	for n, id := range ids {
		want := journal.Delivered
		if n%3 == 0 {
			want = journal.Accepted
		}
		if (errs[n] != nil) != (n%3 == 0) || r.state(id) != want {
			t.Errorf("%d: %v, %s", n, errs[n], r.state(id))
		}
	}
	r.check()
}

func TestCancelledAndClosed(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(r.ctx())
	cancel()
	if _, err := r.Accept(ctx, []journal.Arrival{arrival("A", "x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	r.must(r.Close())
	r.must(r.Close())
	if _, err := r.Accept(r.ctx(), []journal.Arrival{arrival("A", "x")}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("%v", err)
	}
	if _, err := r.Summary(r.ctx()); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestOneAgentPerJournal(t *testing.T) {
	r := newRig(t)
	_, err := journal.Open(r.ctx(), r.dir, journal.Options{})
	var e *connectors.Error
	if !errors.Is(err, journal.ErrLocked) || !errors.As(err, &e) || !strings.Contains(e.Hint, fmt.Sprint(os.Getpid())) {
		t.Fatalf("%v", err)
	}
}

func TestReadOnly(t *testing.T) {
	r := newRig(t)
	id := r.one("A", "x")
	look := func(when string) {
		t.Helper()
		j, err := journal.OpenReadOnly(r.ctx(), r.dir, journal.Options{})
		r.must(err)
		defer func() { r.must(j.Close()) }()
		v, err := reading.Of(j).Show(r.ctx(), id)
		if err != nil || v.Route != "building" {
			t.Errorf("%s: %+v, %v", when, v, err)
		}
		if _, err := accepting.Of(j).Accept(r.ctx(), []journal.Arrival{arrival("B", "x")}); !errors.Is(err, journal.ErrReadOnly) {
			t.Errorf("%s: %v", when, err)
		}
	}
	look("running")
	r.must(r.Close())
	look("stopped")
	if _, err := os.Stat(filepath.Join(r.dir, journal.FileName+"-wal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading left a file: %v", err)
	}
	if _, err := journal.OpenReadOnly(r.ctx(), t.TempDir(), journal.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no journal: %v", err)
	}
}

func TestNewerJournalIsRefused(t *testing.T) {
	r := newRig(t)
	r.must(r.Idle(r.ctx(), "age", func(c *engine.Conn) error {
		_, err := c.Exec("PRAGMA user_version=99")
		return err
	}))
	r.must(r.Close())
	if _, err := journal.Open(r.ctx(), r.dir, r.opts); !errors.Is(err, journal.ErrTooNew) {
		t.Errorf("%v", err)
	}
	if _, err := journal.OpenReadOnly(r.ctx(), r.dir, r.opts); !errors.Is(err, journal.ErrTooNew) {
		t.Errorf("read only: %v", err)
	}
}

// killed runs this test once more in a process of its own, told by env to be the victim, hears what it says line by
// line, and kills it after so many lines.
func killed(t *testing.T, round int, env string, after int, hear func(line string)) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), env, fmt.Sprintf("INBASKET_JOURNAL_ROUND=%d", round))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		hear(lines.Text())
		if n == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
}

// TestKilled starts this test binary as an agent that accepts, kills it, and looks whether everything
// that it had acknowledged is there.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("INBASKET_JOURNAL_VICTIM"); dir != "" {
		victim(dir)
		return
	}
	dir := t.TempDir()
	acked := map[string]bool{}
	for round := range 5 {
		killed(t, round, "INBASKET_JOURNAL_VICTIM="+dir, 50+70*round, func(line string) {
			if ref, ok := strings.CutPrefix(line, "acked "); ok {
				acked[ref] = true
			}
		})
	}
	j, err := journal.Open(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	if err := checking.Of(j).Check(t.Context()); err != nil {
		t.Error(err)
	}
	for ref := range acked {
		list, err := reading.Of(j).List(t.Context(), journal.Filter{Reference: ref})
		if err != nil || len(list) != 1 || list[0].State != journal.Delivered {
			t.Fatalf("%s was acknowledged and is lost: %+v, %v", ref, list, err)
		}
	}
	if len(acked) < 500 {
		t.Errorf("only %d acknowledged", len(acked))
	}
}

func victim(dir string) {
	ctx := context.Background()
	j, err := journal.Open(ctx, dir, journal.Options{})
	if err == nil {
		err = j.PutPlan(ctx, planA)
	}
	for n := 0; err == nil; n++ {
		ref := fmt.Sprintf("%s-%d", os.Getenv("INBASKET_JOURNAL_ROUND"), n)
		var out []journal.Acceptance
		if out, err = accepting.Of(j).Accept(ctx, []journal.Arrival{arrival(ref, "x")}); err == nil {
			err = delivering.Of(j).Apply(ctx, []journal.Change{{ID: out[0].ID, Target: "x", To: journal.Done}})
		}
		if err == nil {
			fmt.Println("acked " + ref)
		}
	}
	fmt.Println(err)
}

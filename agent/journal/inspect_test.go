package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/restoring"
)

// TestInspect looks at a journal that runs, that is stopped, and that is not there.
func TestInspect(t *testing.T) {
	if _, err := checking.Inspect(t.Context(), t.TempDir(), true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	dir := t.TempDir()
	j, err := journal.Open(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan := journal.Plan{Name: "permit", Version: 2, Bundle: []byte("bundle")}
	plan.Digest[0] = 7
	if err := j.PutPlan(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	a := journal.Arrival{Scope: "r", Inbasket: "in", Route: "r", Plan: plan.Digest, Reference: "1", Form: []byte("{}"), Targets: []string{"a"}, At: j.Now()}
	a.Digest[0] = 1
	if _, err := accepting.Of(j).Accept(t.Context(), []journal.Arrival{a}); err != nil {
		t.Fatal(err)
	}
	i, err := checking.Inspect(t.Context(), dir, true)
	if err != nil || !i.Locked || i.Holder != os.Getpid() || i.Version != i.Known || i.Epoch != 1 || i.Newest.IsZero() || i.Damage != "" || i.Held || i.Log == 0 {
		t.Errorf("running: %+v %v", i, err)
	}
	if len(i.Plans) != 1 || i.Plans[0].Name != "permit" || i.Plans[0].Version != 2 || i.Plans[0].Open != 1 || i.Plans[0].Digest != plan.Digest {
		t.Errorf("%+v", i.Plans)
	}
	if err := restoring.Of(j).NoteBackup(t.Context(), a.At); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before := list(t, dir)
	i, err = checking.Inspect(t.Context(), dir, true)
	if err != nil || i.Locked || len(i.Plans) != 1 || !i.Backup.Equal(a.At) {
		t.Errorf("stopped: %+v %v", i, err)
	}
	if after := list(t, dir); after != before {
		t.Errorf("looking changed the folder from %s to %s", before, after)
	}
}

func list(t *testing.T, dir string) (s string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		s += e.Name() + " "
	}
	return s
}

// TestInspectOtherVersions reads a journal of version 1, and of one to come only that it is newer.
func TestInspectOtherVersions(t *testing.T) {
	dir := t.TempDir()
	older(t, dir, 1)
	i, err := checking.Inspect(t.Context(), dir, true)
	if err != nil || i.Version != 1 || i.Known < 3 || i.Epoch != 1 || i.Held {
		t.Errorf("%+v %v", i, err)
	}
	older(t, dir, 1, "DROP TABLE plan", "DROP TABLE submission", "PRAGMA user_version=1000")
	if i, err = checking.Inspect(t.Context(), dir, true); err != nil || i.Version != 1000 {
		t.Errorf("%+v %v", i, err)
	}
}

// TestInspectDamage finds what was overwritten, and tells a file that is no journal at all.
func TestInspectDamage(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Open(t.Context(), dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, journal.FileName)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 3 * 8192; i < len(raw) && i < 40*8192; i++ {
		raw[i] = 0xff
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	i, err := checking.Inspect(t.Context(), dir, true)
	if i.Damage == "" && err == nil {
		t.Errorf("nothing found: %+v %v", i, err)
	}
	if err := os.WriteFile(path, []byte("this is no database at all, but long enough to be looked at as one......................."), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := checking.Inspect(t.Context(), dir, true); err == nil {
		t.Error("a file that is no journal is taken for one")
	}
}

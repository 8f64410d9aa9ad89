package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestManifestGuarded changes each byte of what a backup says of itself, such as when it was made: nothing of it
// is believed.
func TestManifestGuarded(t *testing.T) {
	s := newState(t, t.TempDir())
	s.accept(2)
	var b bytes.Buffer
	if _, err := s.write(&b); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	read := &counted{r: bytes.NewReader(whole)}
	h, err := tar.NewReader(read).Next()
	if err != nil || h.Name != manifestName {
		t.Fatal(h, err)
	}
	for at := read.n; at < read.n+int(h.Size); at++ {
		bad := bytes.Clone(whole)
		bad[at] ^= 1
		if _, err := Verify(context.Background(), bytes.NewReader(bad)); err == nil {
			t.Fatalf("a change of the manifest at %d is not seen: %q", at-read.n, bad[max(at-20, 0):at+5])
		}
	}
}

// TestSaveTwice writes one file from two sides: who is refused leaves the other's file alone.
func TestSaveTwice(t *testing.T) {
	s := newState(t, t.TempDir())
	s.accept(2)
	file := filepath.Join(t.TempDir(), "b.tar")
	_, err := Save(context.Background(), file, func(w io.Writer) error {
		if _, err := io.WriteString(w, ""); err != nil {
			return err
		}
		var all bytes.Buffer
		if _, err := s.write(&all); err != nil {
			return err
		}
		half := all.Len() / 2
		if _, err := w.Write(all.Next(half)); err != nil {
			return err
		}
		refused := errors.New("another backup is being made")
		if _, err := Save(context.Background(), file, func(io.Writer) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("the second: %v", err)
		}
		_, err := w.Write(all.Bytes())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyFile(context.Background(), file); err != nil {
		t.Fatal(err)
	}
}

// TestSaveLink does not write through a link that somebody put where the temporary file is to lie.
func TestSaveLink(t *testing.T) {
	s := newState(t, t.TempDir())
	dir := t.TempDir()
	file, other := filepath.Join(dir, "b.tar"), filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, file+partSuffix); err != nil {
		t.Skip(err) // Windows without the right to make links
	}
	if _, err := Save(context.Background(), file, s.writeTo); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(other); string(text) != "mine" {
		t.Fatal("it was written through the link")
	}
}

// TestNoRoomToVerify says which folder lacks room: it is not the state folder.
func TestNoRoomToVerify(t *testing.T) {
	s := newState(t, t.TempDir())
	file := s.save()
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	t.Setenv("TMP", filepath.Join(t.TempDir(), "none"))
	_, err := VerifyFile(context.Background(), file)
	if err == nil || code(err) != CodeSpace || !strings.Contains(err.Error(), os.TempDir()) {
		t.Fatal(err)
	}
}

// TestSweep removes what killed backups of this agency left long ago, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	stale := "inbasket-A-20261120T100000Z.tar" + partSuffix
	keep := []string{"inbasket-A-20261120T100000Z.tar", "inbasket-A-20261122T093000Z.tar" + partSuffix, "inbasket-B-20261120T100000Z.tar" + partSuffix,
		"inbasket-A-x.tar" + partSuffix, "notes" + partSuffix}
	for _, name := range append(keep, stale) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := Sweep(dir, "A", time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	if err != nil || len(removed) != 1 || removed[0] != stale {
		t.Fatal(removed, err)
	}
	for _, name := range keep {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// TestSettle leaves what a restore unpacks alone while it is under way: an agent that starts meanwhile is told so.
func TestSettle(t *testing.T) {
	state := t.TempDir()
	unlock, err := journal.LockFile(filepath.Join(state, lockName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(state, staging), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Settle(state); code(err) != CodeRunning {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(state, staging)); err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	if err := Settle(state); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(state, staging)); err == nil {
		t.Fatal("what an interrupted restore left is there still")
	}
}

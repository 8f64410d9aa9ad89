package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestRenames(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(path(name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(name, want string) {
		t.Helper()
		if b, err := os.ReadFile(path(name)); err != nil || string(b) != want {
			t.Errorf("%s holds %q (%v), want %q", name, b, err, want)
		}
	}
	write("a")
	write("b")
	if err := RenameNew(path("a"), path("b")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over an existing file: %v", err)
	}
	holds("b", "b")
	if err := errors.Join(RenameNew(path("a"), path("c")), Rename(path("c"), path("b")), SyncDir(dir)); err != nil {
		t.Fatal(err)
	}
	holds("b", "a")
	if err := Rename(path("gone"), path("b")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	if err := os.Mkdir(path("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Rename(path("folder"), path("moved")); err != nil {
		t.Errorf("a folder: %v", err)
	}
}

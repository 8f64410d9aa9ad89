package files

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/connectors"
)

// TestDiskFull drops into a file system of 64 KiB, makes room and goes on.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		lacks(t, "needs root for a tiny tmpfs:", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	cfg := DropDefaults()
	cfg.Path = dir
	d, err := NewDrop(connectors.Env{Clock: newClock()}, cfg)
	must(t, err)
	ballast := filepath.Join(dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 48<<10), 0o600))
	g := connectors.Group{Items: []connectors.Delivery{{Key: "a", Files: []connectors.File{file("a.csv", strings.Repeat("x", 32<<10))}}}}
	expect(t, "full", deliver(t, d, g), "target:files.disk-full")
	expect(t, "no half file stays", tree(t, dir), "ballast")
	must(t, os.Remove(ballast))
	expect(t, "room again", deliver(t, d, g), "written")
	must(t, d.Check(context.Background()))
}

// TestReadOnly drops into a file system that is mounted read-only.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_RDONLY, "size=64k"); err != nil {
		lacks(t, "needs root:", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	cfg := DropDefaults()
	cfg.Path = dir
	d, err := NewDrop(connectors.Env{Clock: newClock()}, cfg)
	must(t, err)
	expect(t, "read-only", deliver(t, d, batch()), "target:files.read-only target:files.read-only")
	if err := d.Check(context.Background()); connectors.ClassOf(err) != connectors.TargetError {
		t.Errorf("check: %v", err)
	}
}

// TestErrorFolderCannotBeWritten leaves the form where it is and says so, once a minute.
func TestErrorFolderCannotBeWritten(t *testing.T) {
	b := newBasket(t, func(c *FolderConfig) { c.MaxBytes = 10 })
	b.names()
	errs := filepath.Join(b.dir, "error")
	if err := syscall.Mount("tmpfs", errs, "tmpfs", syscall.MS_RDONLY, "size=64k"); err != nil {
		lacks(t, "needs root:", err)
	}
	defer func() { _ = syscall.Unmount(errs, syscall.MNT_DETACH) }()
	b.put("a.json", strings.Repeat("x", 11))
	expect(t, "not taken", b.later(), "")
	expect(t, "not taken", b.later(), "")
	expect(t, "left lying", tree(t, b.dir), "a.json")
	expect(t, "told once", strings.Join(b.notices, " "), CodeNotMoved)
}

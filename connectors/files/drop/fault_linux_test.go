package drop

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/test/clock"
)

// TestDiskFull drops into a file system of 64 KiB, makes room and goes on.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		lacks(t, "needs root for a tiny tmpfs:", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	cfg := FolderDefaults()
	cfg.Path = dir
	d, err := NewFolder(connectors.Env{Clock: clock.NewManual()}, cfg)
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
	cfg := FolderDefaults()
	cfg.Path = dir
	d, err := NewFolder(connectors.Env{Clock: clock.NewManual()}, cfg)
	must(t, err)
	expect(t, "read-only", deliver(t, d, batch()), "target:files.read-only target:files.read-only")
	if err := d.Check(context.Background()); connectors.ClassOf(err) != connectors.TargetError {
		t.Errorf("check: %v", err)
	}
}

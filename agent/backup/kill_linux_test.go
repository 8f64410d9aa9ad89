package backup

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/connectors"
)

// restoreHere names, to a child of this test, the backup and the state folder to restore into.
const restoreHere = "INBASKET_TEST_RESTORE"

func TestMain(m *testing.M) {
	if file, dir, ok := strings.Cut(os.Getenv(restoreHere), "|"); ok {
		runtime.LockOSThread() // strace counts the calls of each thread on its own
		if _, err := restore(dir, file, true); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKilledRestore kills a restore at the system calls that change folders: what is left is the old state or the new
// one, whole, after what a start of the agent does.
func TestKilledRestore(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("strace is needed")
		}
		t.Skip("strace is needed")
	}
	source := newState(t, t.TempDir())
	source.accept(3)
	file := source.save()
	old, fresh, whole := 0, 0, false
	const calls = "rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,fsync,fdatasync"
	for n := 1; !whole && n < 400; n++ {
		s := newState(t, t.TempDir())
		s.accept(1)
		if err := s.journal.Close(); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("strace", "-f", "-qq", "-o", os.DevNull, "-e", "trace="+calls,
			"-e", fmt.Sprintf("inject=%s:signal=KILL:when=%d", calls, n), os.Args[0])
		cmd.Env = append(os.Environ(), restoreHere+"="+file+"|"+s.dir, "GOMAXPROCS=1")
		out, err := cmd.CombinedOutput()
		whole = err == nil
		if err != nil && len(out) > 0 {
			t.Fatalf("%d: %v %s", n, err, out)
		}
		if err := Finish(s.dir); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		s.open()
		if err := Clean(s.dir); err != nil {
			t.Fatal(err)
		}
		switch a := s.about(); {
		case a.Submissions == 1 && !a.Held && !whole:
			old++
		case a.Submissions == 3 && a.Held:
			fresh++
		default:
			t.Fatalf("%d: %+v", n, a)
		}
		if err := restoring.Of(s.journal).Contents(context.Background(), func(d connectors.Digest) error { return s.content.Verify(context.Background(), d) }); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if left, _ := filepath.Glob(filepath.Join(s.dir, ".inbasket*")); len(left) != 0 || Pending(s.dir) {
			t.Fatalf("%d: %v", n, left)
		}
		if err := s.journal.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !whole || old < 3 || fresh < 3 {
		t.Fatalf("never to its end, or always: %d old, %d new", old, fresh)
	}
	t.Logf("%d times the old state, %d times the new one", old, fresh)
}

// TestDiskFull ends a backup and a restore on a full disk with a message that says so, and leaves nothing half.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t, "256k")
	s := newState(t, t.TempDir())
	s.accept(40)
	_, err := Save(context.Background(), filepath.Join(dir, "x.tar"), s.writeTo)
	if code(err) != CodeWrite {
		t.Fatal(err)
	}
	if _, err := restore(dir, s.save(), false); code(err) != CodeState && code(err) != journal.CodeDiskFull {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockName {
			t.Errorf("%s is left", e.Name())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// smallDisk mounts a disk that is soon full.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("a small disk needs root")
		}
		t.Skip("a small disk needs root")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v %s", err, out)
		}
		t.Skipf("no small disk: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	return dir
}

// TestNoRoomForCopy refuses a backup that would fill the disk of a working agent.
func TestNoRoomForCopy(t *testing.T) {
	state := smallDisk(t, "8m")
	s := newState(t, state)
	s.accept(20)
	size := int64(0)
	for _, name := range []string{journal.FileName, journal.FileName + "-wal"} {
		if info, err := os.Stat(filepath.Join(state, journalFolder, name)); err == nil {
			size += info.Size()
		}
	}
	space, err := disk.Of(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "other"), make([]byte, int64(space.Free)-size-4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write(io.Discard); code(err) != CodeSpace {
		t.Fatal(err)
	}
	s.accept(1) // it works on
}

package agent_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
)

// smallDisk puts the state folder of a world on a disk of its own of this size in bytes, and returns what
// fills the disk to the last byte and what frees it again.
func smallDisk(t *testing.T, w *world, options string) (fill, free func()) {
	t.Helper()
	state := filepath.Join(w.dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, options); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI must be able to mount a small disk: %v", err)
		}
		t.Skipf("a small disk cannot be mounted here, it needs root: %v", err)
	}
	t.Cleanup(func() {
		w.halt()
		if err := syscall.Unmount(state, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	filler := filepath.Join(state, "filler")
	fill = func() {
		t.Helper()
		f, err := os.OpenFile(filler, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		b := make([]byte, 4096)
		for err == nil {
			_, err = f.Write(b)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	free = func() {
		t.Helper()
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	return fill, free
}

// An agent that is started on a disk without any room comes up by its reserve, takes nothing in that it
// cannot keep, and goes on by itself when there is room again.
func TestStartOnFullDisk(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	fill, free := smallDisk(t, w, "size=64m")
	w.start()
	reserve := filepath.Join(w.dir, "state", "reserve")
	there := func() bool { _, err := os.Stat(reserve); return err == nil }
	w.until("room kept back", there)
	w.halt()
	fill()
	w.start()
	if there() || !strings.Contains(w.log.String(), "starts with the room") {
		t.Errorf("it did not need its reserve:\n%s", w.log)
	}
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("one delivered with what was kept back", func() bool { return one.count() == 1 })
	fill()
	w.write("in/b.json", form("REF-2", strings.Repeat("B", 20)))
	w.until("told in status, or taken", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && (s.Journal != nil && s.Journal.Code == journal.CodeDiskFull || one.count() == 2)
	})
	free()
	w.write("in/c.json", form("REF-3", "Clara"))
	w.until("all delivered once there is room", func() bool { return one.count() == 3 && two.count() == 3 })
	w.until("no trouble any more", func() bool {
		s, err := w.agent.Health().Status(context.Background())
		return err == nil && s.Journal == nil
	})
	if one.doubled() != nil || two.doubled() != nil {
		t.Error("written twice")
	}
}

// Without a reserve the agent waits for room, and then starts by itself.
func TestStartWaitsForRoom(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	fill, free := smallDisk(t, w, "size=8m")
	w.write("in/a.json", form("REF-1", "Anna"))
	fill()
	started := make(chan struct{})
	go func() {
		defer close(started)
		w.start()
	}()
	w.untilLogged(journal.CodeDiskFull)
	free()
	<-started
	w.until("delivered", func() bool { return one.count() == 1 && two.count() == 1 })
}

// The same for an agent that was killed: its journal has a log that is read again at the start.
func TestRestartWaitsForRoom(t *testing.T) {
	one, two := newScript(recorded), newScript(recorded)
	w := newScripted(t, one, two, "")
	fill, free := smallDisk(t, w, "size=8m")
	w.start()
	w.write("in/a.json", form("REF-1", "Anna"))
	w.until("delivered", func() bool { return one.count() == 1 })
	w.halt()
	fill()
	started := make(chan struct{})
	go func() {
		defer close(started)
		w.start()
	}()
	w.untilLogged(journal.CodeDiskFull)
	w.write("in/b.json", form("REF-2", "Berta"))
	free()
	<-started
	w.until("delivered", func() bool { return one.count() == 2 && two.count() == 2 })
	if one.doubled() != nil || two.doubled() != nil {
		t.Error("written twice")
	}
}

// Posted forms leave the disk what the agent needs to end what has begun: known ones are answered still, and what a
// folder holds is taken and delivered.
func TestPostsLeaveTheDiskItsReserve(t *testing.T) {
	w := newWorld(t)
	fill, free := smallDisk(t, w, "size=64m")
	w.start()
	w.post(form("REF-1", "Anna"), "application/json").expect(t, "with room", 202, "")
	fill()
	filler := filepath.Join(w.dir, "state", "filler")
	info, err := os.Stat(filler)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filler, info.Size()-4<<20); err != nil {
		t.Fatal(err)
	}
	p := w.post(form("REF-2", "Anna"), "application/json")
	if p.expect(t, "with the reserve only", 503, "submit.no-room"); p.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if p := w.post(form("REF-1", "Anna"), "application/json"); p.status != 202 || p.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a known form: %+v", p)
	}
	w.write("in/a.json", form("REF-3", "Anna"))
	w.until("delivered from the reserve", func() bool { return w.number("select count(*) from APPLICATION") == 2 })
	free()
	w.post(form("REF-2", "Anna"), "application/json").expect(t, "with room again", 202, "")
}

// While posts are refused for want of space, status says so.
func TestSpaceInStatus(t *testing.T) {
	w := newScripted(t, newScript(recorded), newScript(recorded), "")
	fill, free := smallDisk(t, w, "size=64m")
	w.start()
	space := func() string {
		s, err := w.agent.Health().Status(context.Background())
		if err != nil || s.Space == nil {
			return ""
		}
		return s.Space.Code
	}
	if space() != "" {
		t.Fatalf("told with space left: %s", space())
	}
	fill()
	w.until("told", func() bool { return space() == frontoffice.CodeNoSpace })
	free()
	w.until("over", func() bool { return space() == "" })
}

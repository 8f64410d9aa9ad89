//go:build !windows

package system

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func TestReloadOnSignal(t *testing.T) {
	reloaded := make(chan struct{}, 1)
	stop := Process(func(string) string { return "" }).OnReload(context.Background(), func() { reloaded <- struct{}{} })
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	<-reloaded
	stop()
}

// What systemd hears of each event, by a socket of its kind.
func TestNotifier(t *testing.T) {
	dir, err := os.MkdirTemp("", "n") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "s")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := func() string {
		t.Helper()
		b := make([]byte, 4096)
		if err := l.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	t.Setenv("NOTIFY_SOCKET", at)
	n := Process(func(string) string { return "" })
	for event, want := range map[string]string{
		"reloading":           `^RELOADING=1\nMONOTONIC_USEC=[0-9]+$`,
		"reloaded":            `^READY=1$`,
		"watchdog":            `^WATCHDOG=1$`,
		"stopping":            `^STOPPING=1\nSTATUS=stopping`,
		"starting":            `^EXTEND_TIMEOUT_USEC=30000000$`,
		"status 3 parked\nX=": `^STATUS=3 parked X=$`,
	} {
		n.Event(event)
		if got := heard(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %q", event, got)
		}
	}
	n.Ready()
	if got := heard(); !regexp.MustCompile(`^READY=1\nMAINPID=[0-9]+\nSTATUS=`).MatchString(got) {
		t.Errorf("ready: %q", got)
	}
	stop := n.Starting(context.Background())
	if got := heard(); got != "EXTEND_TIMEOUT_USEC=30000000" {
		t.Errorf("starting: %q", got)
	}
	stop()
	stop()
	Process(func(string) string { return "" }).Event("stuck") // whoever started it does not start it again
	s := Process(func(string) string { return "1" })
	s.Event("stuck")
	s.Event("stuck")
	<-s.Stuck
	for _, socket := range []string{"", filepath.Join(dir, "gone")} { // no manager, and one that does not listen
		t.Setenv("NOTIFY_SOCKET", socket)
		n.Event("watchdog")
		n.Starting(context.Background())()
	}
}

// TestWatchdogTime reads what systemd says, unless another process is meant.
func TestWatchdogTime(t *testing.T) {
	for name, c := range map[string]struct {
		usec, pid string
		want      time.Duration
	}{
		"set":           {"30000000", "", 30 * time.Second},
		"for us":        {"30000000", strconv.Itoa(os.Getpid()), 30 * time.Second},
		"for another":   {"30000000", "1", 0},
		"not set":       {"", "", 0},
		"off":           {"0", "", 0},
		"nonsense":      {"30s", "", 0},
		"below nothing": {"-1", "", 0},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		if c.pid == "" {
			os.Unsetenv("WATCHDOG_PID")
		}
		if got := Process(func(string) string { return "" }).Watchdog; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestSilence ends an agent that says nothing twice in a row, and leaves one alone that slept once.
func TestSilence(t *testing.T) {
	s := silence(0)
	for range 3 { // sleeps, and wakes each time
		if s.again() {
			t.Fatal("it counts at the first miss")
		}
		s = 0
	}
	if s.again() || !s.again() {
		t.Error("two misses in a row do not count")
	}
}

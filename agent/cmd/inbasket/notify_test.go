//go:build !windows

package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

func TestWatchdogTime(t *testing.T) {
	for name, c := range map[string]struct {
		usec, pid string
		want      time.Duration
	}{
		"set":           {"30000000", "", 30 * time.Second},
		"for us":        {"30000000", "42", 30 * time.Second},
		"for another":   {"30000000", "43", 0},
		"not set":       {"", "", 0},
		"off":           {"0", "", 0},
		"nonsense":      {"30s", "", 0},
		"below nothing": {"-1", "", 0},
		"for ever":      {"9223372036854775807", "", 0},
	} {
		env := map[string]string{"WATCHDOG_USEC": c.usec, "WATCHDOG_PID": c.pid}
		if got := watchdogTime(func(k string) string { return env[k] }, 42); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
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
	n := notifier{socket: at}
	for event, want := range map[string]string{
		"reloading":           `^RELOADING=1\nMONOTONIC_USEC=[0-9]+$`,
		"reloaded":            `^READY=1$`,
		"watchdog":            `^WATCHDOG=1$`,
		"stopping":            `^STOPPING=1\nSTATUS=stopping`,
		"starting":            `^EXTEND_TIMEOUT_USEC=30000000$`,
		"status 3 parked\nX=": `^STATUS=3 parked X=$`,
	} {
		n.event(event)
		if got := heard(); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s: %q", event, got)
		}
	}
	n.ready()
	if got := heard(); !regexp.MustCompile(`^READY=1\nMAINPID=[0-9]+\nSTATUS=`).MatchString(got) {
		t.Errorf("ready: %q", got)
	}
	stop := n.starting(context.Background())
	if got := heard(); got != "EXTEND_TIMEOUT_USEC=30000000" {
		t.Errorf("starting: %q", got)
	}
	stop()
	stop()
	notifier{}.event("watchdog")                                   // no manager: nothing happens
	notifier{socket: filepath.Join(dir, "gone")}.event("watchdog") // one that does not listen
}

//go:build !windows

package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/health"
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
	ended := 0
	notifier{abort: func() { ended++ }}.event("stuck")
	if ended != 1 {
		t.Error("a stuck agent is not ended where nothing else would")
	}
	notifier{}.event("stuck")
	notifier{}.event("watchdog")                                   // no manager: nothing happens
	notifier{socket: filepath.Join(dir, "gone")}.event("watchdog") // one that does not listen
}

// A whole run as systemd hears it: ready, the watchdog again and again, how it stands, a reload, the stop.
func TestRunUnderManager(t *testing.T) {
	dir, err := os.MkdirTemp("", "n")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{"inbasket.yaml": managedConfig, "m.yaml": managedMapping} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := filepath.Join(dir, "s")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	env := map[string]string{"NOTIFY_SOCKET": at, "WATCHDOG_USEC": "200000"}
	out, err := os.Create(filepath.Join(dir, "log")) // written to by several goroutines
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a := &app{stdin: strings.NewReader(""), stdout: out, stderr: out, getenv: func(k string) string { return env[k] }}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan int, 1)
	go func() { ended <- a.execute(ctx, []string{"run", "-c", filepath.Join(dir, "inbasket.yaml")}) }()
	heard := func(want string) {
		t.Helper()
		b := make([]byte, 4096)
		if err := l.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for seen := ""; !strings.Contains(seen, want); {
			n, err := l.Read(b)
			if err != nil {
				t.Fatalf("%q was not heard: %v, only %q", want, err, seen)
			}
			seen = string(b[:n])
		}
	}
	heard("EXTEND_TIMEOUT_USEC=")
	heard("READY=1\n")
	heard("in-basket in down since") // told once; the watchdog again and again
	for range 3 {
		heard("WATCHDOG=1")
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	heard("RELOADING=1\nMONOTONIC_USEC=")
	heard("READY=1")
	heard("WATCHDOG=1")
	stop()
	heard("STOPPING=1")
	if code := <-ended; code != exitOK {
		log, _ := os.ReadFile(out.Name())
		t.Errorf("exit code %d\n%s", code, log)
	}
}

const managedConfig = `agency: A
monitor: off
inbaskets: {in: {folder: {path: gone, quiet: 0s, poll: 50ms}}}
targets: {drop: {folder: {path: out}, file: {name: "{id}.csv"}}}
routes: {r: {from: in, mapping: m.yaml}}
`

const managedMapping = `mapping: m
version: 1
input: {format: json, unused: allow}
layouts: {row: {format: csv, fields: [{name: REF}]}}
write: [{as: one, to: drop, layout: row, fields: {REF: form.ref}}]
`

// An agent that is stuck is left behind, though its work never ends.
func TestUnlessStuck(t *testing.T) {
	stuck, never := make(chan struct{}), make(chan error)
	close(stuck)
	err := unlessStuck(context.Background(), stuck, func(context.Context) error { return <-never })
	if exitCode(err) != exitRetry || codeOf(err) != health.CodeStuck {
		t.Errorf("it ends with %v", err)
	}
	close(never)
	if err := unlessStuck(context.Background(), nil, func(context.Context) error { return errSame }); err != errSame {
		t.Errorf("one that moves ends with %v", err)
	}
}

var errSame = errors.New("its own end")

//go:build !windows

package keep

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/system"
	"github.com/inbasket/inbasket/agent/health"
)

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
	t.Setenv("NOTIFY_SOCKET", at)
	t.Setenv("WATCHDOG_USEC", "200000")
	out, err := os.Create(filepath.Join(dir, "log")) // written to by several goroutines
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	getenv := func(string) string { return "" }
	a := &cli.App{Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Getenv: getenv, Config: filepath.Join(dir, "inbasket.yaml")}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan int, 1)
	go func() { ended <- a.End(runAgent(ctx, a, system.Process(getenv), false)) }()
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
	if code := <-ended; code != cli.ExitOK {
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
	if f := cli.FaultOf(err); f.Exit != cli.ExitRetry || f.Code != health.CodeStuck {
		t.Errorf("it ends with %v", err)
	}
	close(never)
	if err := unlessStuck(context.Background(), nil, func(context.Context) error { return errSame }); err != errSame {
		t.Errorf("one that moves ends with %v", err)
	}
}

var errSame = errors.New("its own end")

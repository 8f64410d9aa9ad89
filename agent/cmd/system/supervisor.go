// Package system is what operating systems want of a program that serves: to tell its service manager how it stands, to
// take its orders, to log where it is looked for, and on Windows to be a service in the first place.
package system

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// Supervisor is what started the agent and watches it, as the running agent sees it.
type Supervisor struct {
	// Event is told the agent's events, see agent.Options.
	Event func(event string)
	// Starting has the supervisor wait until stop is called: a big journal takes its time to open after a crash or an upgrade.
	Starting func(ctx context.Context) (stop func())
	// Ready says that the agent runs.
	Ready func()
	// Watchdog is how long the agent may say nothing; 0: for ever.
	Watchdog time.Duration
	// Stuck is closed when the agent is to be left behind: a clean stop would wait for what is stuck.
	Stuck <-chan struct{}

	// OnReload calls do at each order to reload until stop is called; stop waits for the one under way.
	OnReload func(ctx context.Context, do func()) (stop func())
	// Reloaded is told how an order to reload ended; nil: it was carried out.
	Reloaded func(error)
	// By names who orders a reload other than by the command, for the audit log.
	By string

	// Service: the agent is a service of Windows, which orders its end and tells that itself. It has no standard error, and logs
	// to Folder when the configuration names no file; warnings and errors go to Events too.
	Service bool
	Folder  string
	Events  zerolog.LevelWriter
}

// supervised is set by a supervisor that has no watchdog, and starts the agent again when it ends.
const supervised = "INBASKET_SUPERVISED"

// startPatience is for how long systemd waits once more each time it hears that the agent still starts.
const startPatience = 30 * time.Second

// Process returns what supervises a process: systemd, if it wants to be told, signals, and whoever set INBASKET_SUPERVISED.
func Process(getenv func(string) string) *Supervisor {
	stuck := make(chan struct{})
	abort := sync.OnceFunc(func() {
		if getenv(supervised) != "" {
			close(stuck)
		}
	})
	s := &Supervisor{Stuck: stuck, OnReload: onSignal, Reloaded: func(error) {}, By: "SIGHUP", Starting: starting}
	s.Ready = func() { tell(fmt.Sprintf("%s\nMAINPID=%d\nSTATUS=delivering", daemon.SdNotifyReady, os.Getpid())) }
	s.Event = func(event string) {
		if event == "stuck" {
			abort()
		}
		tell(stateOf(event))
	}
	if d, err := daemon.SdWatchdogEnabled(false); err == nil && d > 0 {
		s.Watchdog = d
	}
	return s
}

// stateOf is what systemd is told of an event; empty: nothing.
func stateOf(event string) string {
	if line, ok := strings.CutPrefix(event, "status "); ok {
		return "STATUS=" + strings.ReplaceAll(line, "\n", " ")
	}
	switch event {
	case "reloading":
		return strings.TrimSpace(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
	case "reloaded":
		return daemon.SdNotifyReady
	case "stopping":
		return daemon.SdNotifyStopping + "\nSTATUS=stopping: what is in flight is finished first"
	case "watchdog":
		return daemon.SdNotifyWatchdog
	case "starting":
		return fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", startPatience.Microseconds())
	}
	return ""
}

func tell(state string) {
	if state != "" {
		_, _ = daemon.SdNotify(false, state) // a manager that does not listen does not wait either
	}
}

func starting(ctx context.Context) (stop func()) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return func() {}
	}
	tick := time.NewTicker(startPatience / 3)
	tell(stateOf("starting"))
	end := onOrders(ctx, tick.C, func() { tell(stateOf("starting")) })
	return func() { tick.Stop(); end() }
}

// onSignal takes SIGHUP for an order; no process of Windows ever gets one.
func onSignal(ctx context.Context, do func()) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	end := onOrders(ctx, signals, do)
	return func() {
		signal.Stop(signals)
		end()
	}
}

// onOrders calls do at each order until ctx ends or stop is called; stop waits for the one under way.
func onOrders[T any](ctx context.Context, orders <-chan T, do func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-orders:
				do()
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// silence counts how often in a row the watchdog's time was up without a word from the agent.
type silence int

// again is called each time the time was up, and tells whether the agent is stuck. One time does not count: a machine
// that slept wakes with a clock that went on.
func (s *silence) again() bool {
	*s++
	return *s > 1
}

// Program is the command line as a service manager runs it.
type Program struct {
	Version string
	// Run carries out a command line whose errors are written to said by whoever calls it.
	Run func(ctx context.Context, s *Supervisor, args []string, said io.Writer) error
	// ConfigPath returns the configuration file when the command line names given, which may be empty.
	ConfigPath func(given string) string
	// Explain returns an error as a terminal would show it, with its code and the exit code.
	Explain func(error) (text, code string, exit int)
}

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// notifier tells systemd how the service stands, as sd_notify does: datagrams of NAME=value lines to the
// socket in NOTIFY_SOCKET. Without one it does nothing.
type notifier struct {
	socket   string
	watchdog time.Duration // systemd restarts the service when it hears nothing for this long; 0: it does not
	// abort ends the agent at once, for a manager that starts it again and has no watchdog; nil: there is none.
	abort func()
}

func newNotifier(getenv func(string) string, pid int) notifier {
	return notifier{socket: getenv("NOTIFY_SOCKET"), watchdog: watchdogTime(getenv, pid)}
}

// watchdogTime reads WATCHDOG_USEC, unless WATCHDOG_PID says that another process is meant.
func watchdogTime(getenv func(string) string, pid int) time.Duration {
	if other := getenv("WATCHDOG_PID"); other != "" && other != strconv.Itoa(pid) {
		return 0
	}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || usec <= 0 || usec > int64(365*24*time.Hour/time.Microsecond) {
		return 0
	}
	return time.Duration(usec) * time.Microsecond
}

// event tells one of the agent's events, see agent.Options.
func (n notifier) event(event string) {
	line, isStatus := strings.CutPrefix(event, "status ")
	switch {
	case isStatus:
		n.send("STATUS=" + strings.ReplaceAll(line, "\n", " "))
	case event == "reloading":
		n.send("RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(monotonic().Microseconds(), 10))
	case event == "reloaded":
		n.send("READY=1")
	case event == "stopping":
		n.send("STOPPING=1\nSTATUS=stopping: what is in flight is finished first")
	case event == "stuck":
		if n.abort != nil {
			n.abort() // a clean stop would wait for what is stuck
		}
	case event == "watchdog":
		n.send("WATCHDOG=1")
	case event == "starting":
		n.send("EXTEND_TIMEOUT_USEC=" + strconv.FormatInt(startPatience.Microseconds(), 10))
	}
}

// startPatience is for how long systemd waits once more each time it hears that the agent still starts.
const startPatience = 30 * time.Second

// starting asks systemd to wait until stop is called: a big journal takes its time to open after a crash
// or an upgrade.
func (n notifier) starting(ctx context.Context) (stop func()) {
	if n.socket == "" {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(startPatience / 3)
		defer tick.Stop()
		for {
			n.event("starting")
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() { cancel(); <-done }
}

// ready says where the agent can be reached, and that it runs.
func (n notifier) ready() { n.send(fmt.Sprintf("READY=1\nMAINPID=%d\nSTATUS=delivering", os.Getpid())) }

func (n notifier) send(state string) {
	if n.socket == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return // the manager does not listen: it does not wait either
	}
	defer c.Close()
	_, _ = c.Write([]byte(state))
}

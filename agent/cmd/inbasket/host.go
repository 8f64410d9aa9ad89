package main

import (
	"time"

	"github.com/rs/zerolog"
)

// host is the service manager of Windows as the running agent sees it. Elsewhere, and in a terminal, there
// is none.
type host struct {
	folder string              // for the log file, when the configuration names none
	ready  func()              // tells the manager that the agent runs
	events zerolog.LevelWriter // the event log: warnings and errors go there too
	//lint:ignore U1000 only files for Windows read it
	reloads <-chan struct{} // orders to reload: sc control NAME paramchange
	// alive is told that all parts of the agent move, so often that watchdog never passes in between.
	alive    func()
	stuck    func() // is told that a part stands still: the agent is to be ended, not waited for
	watchdog time.Duration
	//lint:ignore U1000 as above
	// reloaded is told how an order to reload ended; nil: it was carried out.
	reloaded func(error)
}

// dog counts how often in a row its time was up without a word from the agent. One time does not count: a
// machine that slept wakes with a clock that went on.
type dog struct{ misses int }

// heard is called for each word.
func (d *dog) heard() { d.misses = 0 }

// bites is called each time the time was up, and tells whether the agent is stuck.
func (d *dog) bites() bool {
	d.misses++
	return d.misses > 1
}

// notified returns what tells the service manager of the agent's events, and how often it wants to hear that
// the agent lives.
func (a *app) notified(n notifier) (func(event string), time.Duration) {
	if a.host == nil {
		return n.event, n.watchdog
	}
	return func(event string) {
		switch event {
		case "watchdog":
			a.host.alive()
		case "stuck":
			a.host.stuck()
		}
	}, a.host.watchdog
}

// ordersReload names who orders a reload other than by the command, for the audit log.
func (a *app) ordersReload() string {
	if a.host != nil {
		return "paramchange"
	}
	return "SIGHUP"
}

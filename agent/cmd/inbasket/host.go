package main

import "github.com/rs/zerolog"

// host is the service manager of Windows as the running agent sees it. Elsewhere, and in a terminal, there
// is none.
type host struct {
	folder  string              // for the log file, when the configuration names none
	ready   func()              // tells the manager that the agent runs
	events  zerolog.LevelWriter // the event log: warnings and errors go there too
	reloads <-chan struct{}     // orders to reload: sc control NAME paramchange
	// reloaded is told how an order to reload ended; nil: it was carried out.
	reloaded func(error)
}

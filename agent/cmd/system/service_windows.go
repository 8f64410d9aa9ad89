package system

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/windows/svc"

	"github.com/inbasket/inbasket/installer"
)

const (
	exitOK, exitFailure, exitUsage = 0, 1, 2
	// startHint is how often a starting or stopping agent tells the manager that it still works on it.
	startHint = time.Second
	// stopPatience is how long an agent may take to stop; it bounds itself below that.
	stopPatience = 10 * time.Second
	// watchdog is how long the agent may say nothing; twice in a row, and it is taken for stuck.
	watchdog = time.Minute
)

// windowsService is the agent as Windows sees it. The whole command line runs inside of Execute, so that
// also an agent that cannot even start has told the manager why: never a bare 1053 or 1067.
type windowsService struct {
	name    string
	args    []string
	log     EventSink
	exit    int
	program Program
	config  string // the configuration file; empty until it is known
	dir     string // for log files, beside the configuration

	// said is what the command line wrote to standard error: a service has none.
	said strings.Builder

	// probing is a start that only looks at the configuration as the service's own account, for the installer.
	probing bool
}

// Service runs the command line as a service of Windows if it is one, and returns the exit code. The
// service's own command line has --service NAME: what asks the system sees only the session, and some
// systems give services another one.
func (p Program) Service(args []string) (exit int, yes bool) {
	name := flagOf(args, "--service")
	if name == "" {
		if is, err := svc.IsWindowsService(); err != nil || !is {
			return 0, false
		}
		name = installer.DefaultName
	}
	sink, closeSink := OpenEventLog(name)
	defer closeSink()
	s := &windowsService{name: name, args: args, log: sink, program: p}
	if err := svc.Run(name, s); err != nil {
		fmt.Fprintf(os.Stderr, "inbasket: --service is for the service manager of Windows (%v)\n    run it in this terminal without --service, or start the service by: inbasket service start\n", err)
		return exitUsage, true
	}
	return s.exit, true
}

// flagOf returns the value of a flag before the command line is read as a whole: what cannot be understood is told in the right place as well.
func flagOf(args []string, names ...string) string {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		switch {
		case !slices.Contains(names, name):
		case joined:
			return value
		case i+1 < len(args):
			return args[i+1]
		}
	}
	return ""
}

// Execute runs the agent and answers the service manager until one of them ends it.
func (s *windowsService) Execute(given []string, orders <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	now := svc.Status{State: svc.StartPending, CheckPoint: 1, WaitHint: waitHint()}
	status <- now
	if slices.Contains(given, installer.ProbeArgument) {
		s.probing = true
		s.args = []string{"service", "probe", "--config", flagOf(s.args, "--config", "-c")}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r := s.begin(ctx)
	tick := time.NewTicker(startHint)
	defer tick.Stop()
	var stopped <-chan time.Time
	watch := time.NewTicker(watchdog)
	defer watch.Stop()
	quiet := silence(0)
	for {
		select {
		case err := <-r.done:
			return s.end(err, stopped != nil)
		case <-stopped:
			s.log(zerolog.ErrorLevel, eventSlowStop, "The agent did not stop within 10 seconds and is ended.\n\nNothing is lost: the next start takes up what was in flight.")
			return s.leave(exitOK) // an error would have Windows start again what was told to stop
		case <-r.ready:
			r.ready = nil
			now = svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptPreShutdown | svc.AcceptParamChange}
			status <- now
		case <-r.alive:
			quiet = 0
			watch.Reset(watchdog)
		case <-r.stuck:
			return s.giveUp()
		case <-watch.C:
			if now.State == svc.Running && quiet.again() {
				return s.giveUp()
			}
		case <-tick.C:
			if now.State != svc.Running {
				now.CheckPoint++
				status <- now
			}
		case order := <-orders:
			switch order.Cmd {
			case svc.Interrogate:
				status <- now
			case svc.ParamChange:
				signalOnce(r.reloads) // orders that come while one waits are one order
			case svc.Stop, svc.Shutdown, svc.PreShutdown:
				if stopped == nil {
					now = svc.Status{State: svc.StopPending, CheckPoint: 1, WaitHint: waitHint()}
					status <- now
					stopped = time.After(stopPatience)
					cancel()
				}
			}
		}
	}
}

// waitHint is how long the manager shall wait for the next sign of life, in milliseconds.
func waitHint() uint32 { return uint32(10 * startHint / time.Millisecond) }

// serviceRun is the running command line.
type serviceRun struct {
	done    chan error
	ready   chan struct{}
	reloads chan struct{}
	alive   chan struct{}
	stuck   chan struct{}
}

// signalOnce says something once; while nobody has listened yet, a second time is as good as one.
func signalOnce(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// begin runs the command line beside the manager's orders.
func (s *windowsService) begin(ctx context.Context) serviceRun {
	r := serviceRun{done: make(chan error, 1), ready: make(chan struct{}), reloads: make(chan struct{}, 1), alive: make(chan struct{}, 1), stuck: make(chan struct{}, 1)}
	h := &Supervisor{
		Service:  true,
		Events:   newEventWriter(s.log, time.Now),
		Watchdog: watchdog,
		By:       "paramchange",
		Starting: func(context.Context) func() { return func() {} },
		Ready:    func() { s.started(); close(r.ready) },
		Event: func(event string) {
			switch event {
			case "watchdog":
				signalOnce(r.alive)
			case "stuck":
				signalOnce(r.stuck)
			}
		},
		OnReload: func(ctx context.Context, do func()) func() { return onOrders(ctx, r.reloads, do) },
		Reloaded: s.reloaded,
	}
	go func() {
		defer func() {
			if p := recover(); p != nil {
				r.done <- fmt.Errorf("the agent broke: %v\n%s", p, debug.Stack())
			}
		}()
		s.place(flagOf(s.args, "--config", "-c"))
		h.Folder = s.dir
		r.done <- s.program.Run(ctx, h, s.args, &s.said)
	}()
	return r
}

// place finds out where log files lie, and lets a crash of the program leave its trace there.
func (s *windowsService) place(given string) {
	s.config = s.program.ConfigPath(given)
	s.dir = installer.LogFolder(s.config)
	if os.MkdirAll(s.dir, 0o700) != nil {
		return // the log file, which cannot be opened either, says why
	}
	f, err := os.OpenFile(filepath.Join(s.dir, "crash.txt"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	_ = debug.SetCrashOutput(f, debug.CrashOptions{}) // it keeps a duplicate
	_ = f.Close()
}

// started says that all is well, and that what kept it from starting before is over.
func (s *windowsService) started() {
	_ = os.Remove(filepath.Join(s.dir, installer.StartErrorName))
	s.log(zerolog.InfoLevel, eventReady, fmt.Sprintf("Inbasket %s is ready.\n\nconfiguration: %s\nlog files: %s", s.program.Version, s.config, s.dir))
}

// reloaded tells how a reload that the service manager ordered ended.
func (s *windowsService) reloaded(err error) {
	if err != nil {
		text, _, _ := s.program.Explain(err)
		s.log(zerolog.ErrorLevel, eventReloadRefused, "The configuration was not changed over; the old one stays in force.\n\n"+text)
		return
	}
	s.log(zerolog.InfoLevel, eventReloaded, "The configuration was read again and is in force.")
}

// end tells the event log how the agent ended, and returns what the service manager is told.
func (s *windowsService) end(err error, ordered bool) (bool, uint32) {
	if err == nil && s.probing {
		_ = os.Remove(filepath.Join(s.dir, installer.StartErrorName)) // of an attempt before
		return s.leave(exitOK)
	}
	if err == nil && ordered {
		s.log(zerolog.InfoLevel, eventStopped, "The agent was stopped.")
		return s.leave(exitOK)
	}
	if err == nil {
		err = errors.New("the agent ended by itself without a reason")
	}
	why, name, code := s.program.Explain(err)
	text := fmt.Sprintf("%s%s\ncode: %s\nexit code: %d", s.said.String(), why, name, code)
	if !s.probing { // who asked is told
		s.log(zerolog.ErrorLevel, eventEnded, "The agent does not run.\n\n"+text)
	}
	_ = os.WriteFile(filepath.Join(s.dir, installer.StartErrorName), []byte(text+"\n"), 0o600) // the event log has it too
	if ordered {
		return s.leave(exitOK) // an error would have Windows start again what was told to stop
	}
	return s.leave(code)
}

// giveUp ends an agent that would not end by itself. Windows starts it again.
func (s *windowsService) giveUp() (bool, uint32) {
	s.log(zerolog.ErrorLevel, eventStuck, "A part of the agent stands still; it is ended, so that Windows starts it again.\n\nNothing is lost: the next start takes up what was in flight.")
	return s.leave(exitFailure)
}

// leave ends the service; any code but 0 lets the recovery actions run.
func (s *windowsService) leave(code int) (bool, uint32) {
	s.exit = code
	return true, uint32(code)
}

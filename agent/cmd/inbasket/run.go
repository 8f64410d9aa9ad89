package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/connectors"
)

func runCommand(a *app) *cobra.Command {
	force := false
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the agent, in the foreground or under a service manager",
		Long: `Run is what the service manager calls, and what runs in a terminal: the same code. It starts with targets down and
ends within ten seconds of Ctrl+C, SIGTERM or a stop of the service. SIGHUP reloads the configuration.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context(), force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "also when targets with open deliveries now point elsewhere or are gone")
	cmd.Flags().String("service", "", "name of the service of Windows that this is; see asService")
	_ = cmd.Flags().MarkHidden("service") // it is there
	return cmd
}

// memoryShare is how much of the machine, or of the control group that the agent runs in, the garbage collector lets
// accumulate at most where the configuration names no memory.
const memoryShare = 0.25

// memory is the collector's goal: GOMEMLIMIT fixes it, as for any program in Go.
func (a *app) memory(most int64) health.Memory {
	if a.getenv("GOMEMLIMIT") != "" {
		return health.Memory{}
	}
	if most == 0 {
		share, err := memlimit.ApplyRatio(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem), memoryShare)()
		if err == nil && share < math.MaxInt64 {
			most = int64(share)
		}
	}
	return health.Memory{Set: func(goal int64) { debug.SetMemoryLimit(goal) }, Most: most}
}

// supervised is set by a service manager that has no watchdog, and starts the agent again when it ends.
const supervised = "INBASKET_SUPERVISED"

func (a *app) run(ctx context.Context, force bool) error {
	cfg, err := a.loadToRun()
	if err != nil {
		return err
	}
	log, last, closeLog, err := a.logger(cfg.Log, cfg.State)
	if err != nil {
		return err
	}
	defer closeLog()
	for _, w := range cfg.Warnings {
		log.Warn().Str("code", w.Code).Msg(w.String())
	}
	notify := newNotifier(a.getenv, os.Getpid())
	stuck := make(chan struct{})
	if a.getenv(supervised) != "" {
		notify.abort = sync.OnceFunc(func() { close(stuck) })
	}
	event, watchdog := a.notified(notify)
	work := func(ctx context.Context) error {
		started := notify.starting(ctx)
		defer started()
		ag, err := agent.New(ctx, agent.Options{
			Config: cfg, Log: log, Version: version, Force: force,
			Reload: a.loadToRun,
			Ready: func(at agent.Addresses) {
				started()
				a.ready(notify, log, at)
			},
			Notify: event, Watchdog: watchdog, Memory: a.memory(cfg.Memory),
		})
		if err != nil {
			return err
		}
		defer ag.Close()
		stop := reloadOnSignal(ctx, a.host, log, func() error {
			_, err := ag.Reload(ctx, control.ReloadRequest{By: a.ordersReload()})
			return err
		})
		defer stop()
		return ag.Run(ctx)
	}
	if a.host != nil {
		err = work(ctx)
	} else {
		err = serve(ctx, func(ctx context.Context) error { return unlessStuck(ctx, stuck, work) })
	}
	if err != nil && cfg.Log.File != "" { // else standard error, where the caller prints it, is the log
		last.Error().Str("code", codeOf(err)).Msg("the agent ended: " + safeText(err))
	}
	return err
}

// unlessStuck runs work, and leaves it behind when it is stuck: a clean stop would wait for what does not move.
func unlessStuck(ctx context.Context, stuck <-chan struct{}, work func(context.Context) error) error {
	done := make(chan error, 1)
	go func() { done <- work(ctx) }()
	select {
	case err := <-done:
		return err
	case <-stuck:
		return &connectors.Error{Class: connectors.Transient, Code: health.CodeStuck, Op: "run", Hint: "the service manager starts the agent again; nothing is lost"}
	}
}

// loadToRun reads the configuration that the agent runs with.
func (a *app) loadToRun() (*config.Config, error) {
	cfg, err := a.load(false)
	if err == nil && cfg.Log.File == "" && a.host != nil {
		cfg.Log.File = filepath.Join(a.host.folder, "inbasket.log") // a Windows service has no standard error
	}
	return cfg, err
}

// ready tells the service manager and the log where the agent can be reached.
func (a *app) ready(n notifier, log zerolog.Logger, at agent.Addresses) {
	n.ready()
	if a.host != nil {
		a.host.ready()
	}
	log.Info().Str("frontOffice", at.FrontOffice).Str("monitor", at.Monitor).Str("control", at.Control).Msg("ready")
}

// logger makes the log of the configuration; close flushes a log file. Under the service manager of Windows
// warnings and errors go to the event log too, except those of last: how the agent ended is told there anyway.
func (a *app) logger(c config.Log, state string) (log, last zerolog.Logger, closeLog func(), err error) {
	outlivePipes()
	pipe := newPipeLog(a.stderr, state)
	var w io.Writer = pipe
	closeLog = func() { _ = pipe.Close() }
	if c.File != "" {
		f, err := openLog(c.File)
		if err != nil {
			return log, log, closeLog, fmt.Errorf("open the log: %w", err)
		}
		w, closeLog = f, func() { _ = f.Close() }
	}
	if c.Format == "console" {
		isFile := c.File == "" && a.stderr == os.Stderr
		w = zerolog.ConsoleWriter{Out: w, NoColor: !isFile || a.getenv("NO_COLOR") != "", TimeFormat: time.DateTime}
	}
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	last = zerolog.New(w).Level(level).With().Timestamp().Logger()
	log = last
	if a.host != nil {
		log = last.Output(zerolog.MultiLevelWriter(w, a.host.events))
	}
	return log, last, closeLog, nil
}

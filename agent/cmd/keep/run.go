package keep

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/cmd/system"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/connectors"
)

func run(a *cli.App, s *system.Supervisor) *cobra.Command {
	force := false
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the agent, in the foreground or under a service manager",
		RunE:  func(cmd *cobra.Command, _ []string) error { return runAgent(cmd.Context(), a, s, force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "also when targets with open deliveries now point elsewhere or are gone")
	cmd.Flags().String("service", "", "name of the service of Windows that this is; see system.Program")
	_ = cmd.Flags().MarkHidden("service") // it is there
	return cmd
}

// memoryShare is how much of the machine, or of the control group that the agent runs in, the garbage collector lets
// accumulate at most where the configuration names no memory.
const memoryShare = 0.25

// memory is the collector's goal: GOMEMLIMIT fixes it, as for any program in Go.
func memory(a *cli.App, most int64) health.Memory {
	if a.Getenv("GOMEMLIMIT") != "" {
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

func runAgent(ctx context.Context, a *cli.App, s *system.Supervisor, force bool) error {
	load := func() (*config.Config, error) {
		cfg, err := a.Load(false)
		if err == nil && cfg.Log.File == "" && s.Service {
			cfg.Log.File = filepath.Join(s.Folder, "inbasket.log")
		}
		return cfg, err
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	log, last, closeLog, err := logger(a, s, cfg.Log, cfg.State)
	if err != nil {
		return err
	}
	defer closeLog()
	for _, w := range cfg.Warnings {
		log.Warn().Str("code", w.Code).Msg(w.String())
	}
	work := func(ctx context.Context) error {
		started := s.Starting(ctx)
		defer started()
		ag, err := agent.New(ctx, agent.Options{
			Config: cfg, Log: log, Version: a.Version, Force: force,
			Reload: load,
			Ready: func(at agent.Addresses) {
				started()
				s.Ready()
				log.Info().Str("frontOffice", at.FrontOffice).Str("monitor", at.Monitor).Str("control", at.Control).Msg("ready")
			},
			Notify: s.Event, Watchdog: s.Watchdog, Memory: memory(a, cfg.Memory),
		})
		if err != nil {
			return err
		}
		defer ag.Close()
		stop := s.OnReload(ctx, func() {
			_, err := ag.Reload(ctx, control.ReloadRequest{By: s.By})
			s.Reloaded(err)
			if err != nil {
				f := cli.FaultOf(err)
				last.Error().Str("code", f.Code).Msg("reload refused, the old configuration stays in force: " + f.Safe)
			}
		})
		defer stop()
		return ag.Run(ctx)
	}
	if !s.Service {
		signalled, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		ctx = signalled
	}
	err = unlessStuck(ctx, s.Stuck, work)
	if err != nil && cfg.Log.File != "" { // else standard error, where the caller prints it, is the log
		f := cli.FaultOf(err)
		last.Error().Str("code", f.Code).Msg("the agent ended: " + f.Safe)
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

// logger makes the log of the configuration; close flushes a log file. Under the service manager of Windows
// warnings and errors go to the event log too, except those of last: how the agent ended is told there anyway.
func logger(a *cli.App, s *system.Supervisor, c config.Log, state string) (log, last zerolog.Logger, closeLog func(), err error) {
	pipe := system.NewPipeLog(a.Stderr, state)
	var w io.Writer = pipe
	closeLog = func() { _ = pipe.Close() }
	if c.File != "" {
		f, err := system.OpenLog(c.File)
		if err != nil {
			return log, log, closeLog, fmt.Errorf("open the log: %w", err)
		}
		w, closeLog = f, func() { _ = f.Close() }
	}
	if c.Format == "console" {
		isFile := c.File == "" && a.Stderr == os.Stderr
		w = zerolog.ConsoleWriter{Out: w, NoColor: !isFile || a.Getenv("NO_COLOR") != "", TimeFormat: time.DateTime}
	}
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	last = zerolog.New(w).Level(level).With().Timestamp().Logger()
	log = last
	if s.Events != nil {
		log = last.Output(zerolog.MultiLevelWriter(w, s.Events))
	}
	return log, last, closeLog, nil
}

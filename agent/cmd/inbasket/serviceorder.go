package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/installer"
)

// serviceOrderCommand is start, stop or restart.
func serviceOrderCommand(a *app, o *serviceOptions, verb string) *cobra.Command {
	texts := map[string][2]string{
		"start":   {"Start the service and wait until it is ready", "Start returns when the agent says that it is ready; if it does not, the reason is printed, and the end of its log."},
		"stop":    {"Stop the service and wait until it has ended", "Stop returns when the agent has ended, which takes ten seconds at most. Nothing that was accepted is lost."},
		"restart": {"Stop the service and start it again", "Restart stops the service and starts it again; it returns when the agent says that it is ready. A service that\nruns is left alone when its configuration is wrong."},
	}
	return &cobra.Command{
		Use: verb, Short: texts[verb][0], Long: texts[verb][1], Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serviceOrder(cmd.Context(), o, verb) },
	}
}

func (a *app) serviceOrder(ctx context.Context, o *serviceOptions, verb string) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	if verb == "restart" {
		if err := a.beforeRestart(ctx, m, o); err != nil {
			return err
		}
	}
	order := map[string]func(context.Context, string) error{"start": m.Start, "stop": m.Stop, "restart": m.Restart}[verb]
	if err := order(ctx, o.name); err != nil {
		return err
	}
	state, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil {
		return err
	}
	out := serviceDone{Service: state.Name, Changes: installer.Changes{verb + " " + state.Name}, Running: state.Running}
	return a.print(out, func(w io.Writer) { fmt.Fprintf(w, "%s is %s\n", state.Name, runningWord(state)) })
}

// beforeRestart keeps a running service from being stopped for a configuration that it could not start with.
func (a *app) beforeRestart(ctx context.Context, m installer.Manager, o *serviceOptions) error {
	state, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil || !state.Running || state.Config == "" {
		return err
	}
	_, err = config.Load(state.Config, all.Registry(), config.Options{Lenient: true, Getenv: a.getenv})
	if err != nil {
		fmt.Fprintf(a.stderr, "%s was left running: it could not start again with this configuration\n", state.Name)
	}
	return err
}

func serviceStatusCommand(a *app, o *serviceOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the service as the service manager sees it",
		Long: `Status shows how the service stands, and what differs from what install would write now, such as a folder of the
configuration that is not open to it. It ends with 0 when the service runs, and with 69 when it does not. How the agent's
work goes is shown by: inbasket status`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serviceStatus(cmd.Context(), o) },
	}
}

func (a *app) serviceStatus(ctx context.Context, o *serviceOptions) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	i := installer.Instance{Name: o.name}
	state, err := m.Status(ctx, i)
	if err != nil {
		return err
	}
	if state.Installed && state.Config != "" {
		i.Config = state.Config
		if cfg, err := config.Load(state.Config, all.Registry(), config.Options{Lenient: true, Getenv: a.getenv}); err == nil {
			i = installer.Describe(cfg)
			i.Name, i.Program, i.Account = o.name, state.Program, state.Account
			if state, err = m.Status(ctx, i); err != nil {
				return err
			}
		}
	}
	if err := a.print(state, func(w io.Writer) { printService(w, state) }); err != nil {
		return err
	}
	if !state.Running {
		return silentError(exitUnavailable)
	}
	return nil
}

func printService(w io.Writer, s installer.State) {
	if !s.Installed {
		fmt.Fprintf(w, "%s is not installed as a service (%s)\n", s.Name, s.Manager)
		return
	}
	table(w, func(w io.Writer) {
		row := func(name, value string) {
			if value != "" {
				fmt.Fprintf(w, "%s\t%s\n", name, value)
			}
		}
		since := ""
		if !s.Since.IsZero() {
			since = " since " + s.Since.Local().Format(time.DateTime)
		}
		row("service", s.Name+" ("+s.Manager+")")
		row("state", runningWord(s)+since)
		if !s.Running && s.ExitCode != 0 {
			row("last exit code", fmt.Sprint(s.ExitCode))
		}
		row("with the machine", map[bool]string{true: "starts", false: "does not start"}[s.Enabled])
		row("definition", s.Definition)
		row("program", s.Program)
		row("configuration", s.Config)
		row("account", s.Account)
	})
	for _, d := range s.Drift {
		fmt.Fprintf(w, "differs: %s\n", d)
	}
}

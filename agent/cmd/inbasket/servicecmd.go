package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/installer"
)

// serviceOptions are the flags of the commands below service.
type serviceOptions struct {
	name    string
	account string
	program string
	noStart bool
	dryRun  bool
	force   bool
	write   bool
}

func serviceCommand(a *app) *cobra.Command {
	o := &serviceOptions{}
	cmd := &cobra.Command{
		Use:   "service",
		Short: "Make the agent a service of the system, without a package",
		Long: `Service makes the agent a service of systemd or Windows, and gives it orders. It is for machines
where Inbasket was not installed from a package; with a package, install only opens the configured folders, and start, stop
and status work as well.

Several agents can run side by side, each with a --name, a configuration and a state folder of its own.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&o.name, "name", "", "instance: the service is called inbasket-NAME, its configuration is NAME/inbasket.yaml")
	cmd.AddCommand(serviceInstallCommand(a, o), serviceUninstallCommand(a, o), serviceOrderCommand(a, o, "start"),
		serviceOrderCommand(a, o, "stop"), serviceOrderCommand(a, o, "restart"), serviceStatusCommand(a, o),
		serviceDropInCommand(a, o), serviceProbeCommand(a))
	cmd.AddCommand(servicePackageCommands(a, o)...)
	return cmd
}

func serviceInstallCommand(a *app, o *serviceOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the service, or mend it",
		Long: `Install makes the system account and the state folder when they are missing, checks the configuration as that account
with its rights and secrets, writes the definition of the service, opens the folders that the configuration names, has the
service start with the machine, and starts it. It needs root, or an elevated prompt.

A second install mends what differs and says what that was. If a step fails, the steps before it are undone: nothing is left
behind that was not there before.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serviceInstall(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.account, "account", "", "run as this account; made when it is missing (default inbasket; Linux only)")
	f.StringVar(&o.program, "program", "", "the program to run (default: this one)")
	f.BoolVar(&o.noStart, "no-start", false, "do not start it now")
	f.BoolVar(&o.dryRun, "dry-run", false, "change nothing; print the files and the steps")
	f.BoolVar(&o.force, "force", false, "also a program in a place where others can change it")
	return cmd
}

// serviceConfig returns the configuration file of an instance: what is said, what its service runs with, the usual place.
func (a *app) serviceConfig(o *serviceOptions, s installer.State) (string, error) {
	switch {
	case a.config != "":
		return filepath.Abs(a.config)
	case s.Config != "":
		return s.Config, nil
	case installer.ServiceName(o.name) == installer.DefaultName:
		return filepath.Abs(a.configPath())
	}
	parent := "/etc/inbasket"
	if runtime.GOOS == "windows" {
		parent = filepath.Join(a.getenv("ProgramData"), "Inbasket")
	}
	return filepath.Join(parent, o.name, "inbasket.yaml"), nil
}

// instance reads the configuration and makes of it what the installer is told.
func (a *app) instance(ctx context.Context, m installer.Manager, o *serviceOptions) (installer.Instance, error) {
	var none installer.Instance
	state, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil {
		return none, err
	}
	path, err := a.serviceConfig(o, state)
	if err != nil {
		return none, err
	}
	a.config = path
	cfg, err := config.Load(path, all.Registry(), config.Options{Lenient: true, Getenv: a.getenv})
	if err != nil {
		return none, err
	}
	i := installer.Describe(cfg)
	i.Name, i.Account, i.NoStart, i.DelayedStart = o.name, o.account, o.noStart, true
	if i.Account == "" && state.Account != "root" { // a broken unit names nobody, and systemd takes that for root
		i.Account = state.Account // a second install keeps it
	}
	i.Program, err = programPath(o.program)
	return i, err
}

// programPath returns the real path of the program that the service shall run.
func programPath(given string) (string, error) {
	if given == "" {
		self, err := os.Executable()
		if err != nil {
			return "", fmt.Errorf("find this program: %w", err)
		}
		given = self
	}
	abs, err := filepath.Abs(given)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	return abs, nil
}

// serviceDone is what a service command did, for --json.
type serviceDone struct {
	Service string            `json:"service"`
	Changes installer.Changes `json:"changes"`
	Files   []installer.File  `json:"files,omitempty"` // with --dry-run
	DryRun  bool              `json:"dryRun,omitempty"`
	Kept    []string          `json:"kept,omitempty"`
	Running bool              `json:"running"`
}

func (a *app) serviceInstall(ctx context.Context, o *serviceOptions) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	i, err := a.instance(ctx, m, o)
	if err != nil {
		return err
	}
	if !o.force {
		if err := installer.CheckProgram(i.Program); err != nil {
			return err
		}
	}
	if o.dryRun {
		return a.servicePreview(ctx, m, i)
	}
	// Ctrl+C breaks the step off that is under way, and has those before it undone.
	interruptible, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var changes installer.Changes
	err = a.noted(ctx, i.Config, "service-install", i.Service(), func() (err error) { changes, err = m.Install(interruptible, i); return err })
	if err != nil {
		return err
	}
	out := serviceDone{Service: i.Service(), Changes: changes}
	state, err := m.Status(ctx, i)
	if err != nil {
		return err
	}
	out.Running = state.Running
	return a.print(out, func(w io.Writer) {
		if len(changes) == 0 {
			fmt.Fprintln(w, "nothing to change")
		}
		printChanges(w, changes)
		fmt.Fprintf(w, "%s is installed and %s\n", i.Service(), runningWord(state))
	})
}

func (a *app) servicePreview(ctx context.Context, m installer.Manager, i installer.Instance) error {
	p, ok := m.(installer.Previewer)
	if !ok {
		return usagef("--dry-run is not known for this service manager")
	}
	preview, err := p.Preview(ctx, i)
	if err != nil {
		return err
	}
	out := serviceDone{Service: i.Service(), Changes: preview.Steps, Files: preview.Files, DryRun: true}
	return a.print(out, func(w io.Writer) {
		for _, f := range preview.Files {
			fmt.Fprintf(w, "--- %s\n%s\n", f.Path, f.Content)
		}
		if len(preview.Steps) == 0 {
			fmt.Fprintln(w, "nothing to change")
			return
		}
		fmt.Fprintln(w, "Install would:")
		printChanges(w, preview.Steps)
	})
}

func printChanges(w io.Writer, changes []string) {
	for _, c := range changes {
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(c, "\n", "\n  "))
	}
}

func runningWord(s installer.State) string {
	if s.Running && s.PID > 0 {
		return fmt.Sprintf("running (process %d)", s.PID)
	}
	if s.Running {
		return "running"
	}
	return "stopped"
}

func serviceUninstallCommand(a *app, o *serviceOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "uninstall",
		Short: "Stop and remove the service; configuration and data stay",
		Long: `Uninstall stops the service and removes what install wrote. The configuration, the secrets, the state folder with
everything that was accepted, and the account stay, and it says where they are.`,
		Args: args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serviceUninstall(cmd.Context(), o) },
	}
}

func (a *app) serviceUninstall(ctx context.Context, o *serviceOptions) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	before, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil {
		return err
	}
	var changes installer.Changes
	err = a.noted(ctx, before.Config, "service-uninstall", installer.ServiceName(o.name), func() (err error) { changes, err = m.Uninstall(ctx, o.name); return err })
	if err != nil {
		return err
	}
	out := serviceDone{Service: installer.ServiceName(o.name), Changes: changes}
	if before.Config != "" {
		out.Kept = append(out.Kept, "configuration "+before.Config)
		if place, err := config.Locate(before.Config); err == nil {
			out.Kept = append(out.Kept, "state folder "+place.State+" with all that was accepted")
		}
	}
	if before.Account != "" {
		out.Kept = append(out.Kept, "account "+before.Account)
	}
	return a.print(out, func(w io.Writer) {
		printChanges(w, changes)
		for _, k := range out.Kept {
			fmt.Fprintf(w, "kept: %s\n", k)
		}
	})
}

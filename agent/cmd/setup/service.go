package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
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

// serviceRun is one command about one service.
type serviceRun struct {
	*serviceOptions
	*cli.App
	m      installer.Manager
	before installer.State // as the manager knew it
}

func openService(ctx context.Context, a *cli.App, o *serviceOptions) (*serviceRun, error) {
	m, err := installer.System()
	if err != nil {
		return nil, err
	}
	before, err := m.Status(ctx, installer.Instance{Name: o.name})
	return &serviceRun{o, a, m, before}, err
}

// command is one below service.
func (o *serviceOptions) command(a *cli.App, use, short string, do func(*serviceRun, context.Context) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, _ []string) error {
		s, err := openService(cmd.Context(), a, o)
		if err != nil {
			return err
		}
		return do(s, cmd.Context())
	}}
}

func service(a *cli.App) *cobra.Command {
	o := &serviceOptions{}
	install := o.command(a, "install", "Install the service, or mend it", (*serviceRun).install)
	f := install.Flags()
	f.StringVar(&o.account, "account", "", "run as this account; made when it is missing (default inbasket; Linux only)")
	f.StringVar(&o.program, "program", "", "the program to run (default: this one)")
	f.BoolVar(&o.noStart, "no-start", false, "do not start it now")
	f.BoolVar(&o.dryRun, "dry-run", false, "change nothing; print the files and the steps")
	f.BoolVar(&o.force, "force", false, "also a program in a place where others can change it")
	dropIn := o.command(a, "drop-in", "Print or write what opens the configured folders to the service (systemd)", (*serviceRun).dropIn)
	dropIn.Flags().BoolVar(&o.write, "write", false, "write it, and have systemd read it (needs root)")
	cmd := cli.Group("service", "Make the agent a service of the system, without a package",
		install, dropIn, serviceProbeCommand(a),
		o.command(a, "uninstall", "Stop and remove the service; configuration and data stay", (*serviceRun).uninstall),
		o.command(a, "start", "Start the service and wait until it is ready",
			func(s *serviceRun, ctx context.Context) error { return s.order(ctx, "start", s.m.Start) }),
		o.command(a, "stop", "Stop the service and wait until it has ended",
			func(s *serviceRun, ctx context.Context) error { return s.order(ctx, "stop", s.m.Stop) }),
		o.command(a, "restart", "Stop the service and start it again",
			(*serviceRun).restart),
		o.command(a, "status", "Show the service as the service manager sees it", (*serviceRun).status))
	cmd.PersistentFlags().StringVar(&o.name, "name", "", "instance: the service is called inbasket-NAME, its configuration is NAME/inbasket.yaml")
	cmd.AddCommand(servicePackageCommands(a, o)...)
	return cmd
}

// instance reads the configuration and makes of it what the installer is told.
func (s *serviceRun) instance() (i installer.Instance, err error) {
	if s.Config, err = s.InstanceConfig(s.name, s.before); err != nil {
		return i, err
	}
	cfg, err := s.Load(true)
	if err != nil {
		return i, err
	}
	i = installer.Describe(cfg)
	i.Name, i.Account, i.NoStart, i.DelayedStart = s.name, s.account, s.noStart, true
	if i.Account == "" && s.before.Account != "root" { // a broken unit names nobody, and systemd takes that for root
		i.Account = s.before.Account // a second install keeps it
	}
	i.Program, err = programPath(s.program)
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

func (s *serviceRun) install(ctx context.Context) error {
	i, err := s.instance()
	if err != nil {
		return err
	}
	if !s.force {
		if err := installer.CheckProgram(i.Program); err != nil {
			return err
		}
	}
	if s.dryRun {
		return s.preview(ctx, i)
	}
	// Ctrl+C breaks the step off that is under way, and has those before it undone.
	interruptible, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := serviceDone{Service: i.Service()}
	err = s.Noted(ctx, i.Config, "service-install", i.Service(), func() (err error) { out.Changes, err = s.m.Install(interruptible, i); return err })
	if err != nil {
		return err
	}
	state, err := s.m.Status(ctx, i)
	if err != nil {
		return err
	}
	out.Running = state.Running
	return s.Print(out, func(w io.Writer) {
		printChanges(w, "", out.Changes)
		fmt.Fprintf(w, "%s is installed and %s\n", i.Service(), runningWord(state))
	})
}

func (s *serviceRun) preview(ctx context.Context, i installer.Instance) error {
	p, ok := s.m.(installer.Previewer)
	if !ok {
		return cli.Usagef("--dry-run is not known for this service manager")
	}
	preview, err := p.Preview(ctx, i)
	if err != nil {
		return err
	}
	out := serviceDone{Service: i.Service(), Changes: preview.Steps, Files: preview.Files, DryRun: true}
	return s.Print(out, func(w io.Writer) {
		for _, f := range preview.Files {
			fmt.Fprintf(w, "--- %s\n%s\n", f.Path, f.Content)
		}
		printChanges(w, "Install would:\n", preview.Steps)
	})
}

func (s *serviceRun) uninstall(ctx context.Context) error {
	out := serviceDone{Service: installer.ServiceName(s.name)}
	err := s.Noted(ctx, s.before.Config, "service-uninstall", out.Service, func() (err error) { out.Changes, err = s.m.Uninstall(ctx, s.name); return err })
	if err != nil {
		return err
	}
	if s.before.Config != "" {
		out.Kept = append(out.Kept, "configuration "+s.before.Config)
		if place, err := config.Locate(s.before.Config); err == nil {
			out.Kept = append(out.Kept, "state folder "+place.State+" with all that was accepted")
		}
	}
	if s.before.Account != "" {
		out.Kept = append(out.Kept, "account "+s.before.Account)
	}
	return s.Print(out, func(w io.Writer) {
		printChanges(w, "", out.Changes)
		for _, k := range out.Kept {
			fmt.Fprintf(w, "kept: %s\n", k)
		}
	})
}

func (s *serviceRun) dropIn(ctx context.Context) error {
	opener, ok := s.m.(installer.Opener)
	if !ok {
		return errors.New("this service manager keeps the service out of no folder; there is nothing to open")
	}
	i, err := s.instance()
	if err != nil {
		return err
	}
	if !s.write {
		f := opener.DropIn(i)
		return s.Print(f, func(w io.Writer) {
			fmt.Fprint(w, cmp.Or(f.Content, "# the configuration names no folder that must be opened\n"))
		})
	}
	changes, err := opener.OpenFolders(ctx, i)
	if err != nil {
		return err
	}
	return s.Print(serviceDone{Service: i.Service(), Changes: changes}, func(w io.Writer) {
		if printChanges(w, "", changes); len(changes) > 0 {
			fmt.Fprintf(w, "it takes effect by: inbasket service restart%s\n", map[bool]string{true: " --name " + s.name}[s.name != ""])
		}
	})
}

func (s *serviceRun) order(ctx context.Context, verb string, give func(context.Context, string) error) error {
	if err := give(ctx, s.name); err != nil {
		return err
	}
	state, err := s.m.Status(ctx, installer.Instance{Name: s.name})
	if err != nil {
		return err
	}
	out := serviceDone{Service: state.Name, Changes: installer.Changes{verb + " " + state.Name}, Running: state.Running}
	return s.Print(out, func(w io.Writer) { fmt.Fprintf(w, "%s is %s\n", state.Name, runningWord(state)) })
}

// restart does not stop a running service for a configuration that it could not start with.
func (s *serviceRun) restart(ctx context.Context) error {
	if s.before.Running && s.before.Config != "" {
		if _, err := s.LoadFile(s.before.Config, true); err != nil {
			fmt.Fprintf(s.Stderr, "%s was left running: it could not start again with this configuration\n", s.before.Name)
			return err
		}
	}
	return s.order(ctx, "restart", s.m.Restart)
}

func (s *serviceRun) status(ctx context.Context) error {
	state := s.before
	if state.Installed && state.Config != "" {
		if cfg, err := s.LoadFile(state.Config, true); err == nil {
			if state, err = installer.Compare(ctx, s.m, s.name, state, cfg); err != nil {
				return err
			}
		}
	}
	if err := s.Print(state, func(w io.Writer) { printService(w, state) }); err != nil {
		return err
	}
	if !state.Running {
		return cli.Exit(cli.ExitUnavailable)
	}
	return nil
}

// printChanges prints what was done, or would be.
func printChanges(w io.Writer, head string, changes []string) {
	if len(changes) == 0 {
		head = "nothing to change\n"
	}
	fmt.Fprint(w, head)
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

func printService(w io.Writer, s installer.State) {
	if !s.Installed {
		fmt.Fprintf(w, "%s is not installed as a service (%s)\n", s.Name, s.Manager)
		return
	}
	since, code := "", ""
	if !s.Since.IsZero() {
		since = " since " + s.Since.Local().Format(time.DateTime)
	}
	if !s.Running && s.ExitCode != 0 {
		code = fmt.Sprint(s.ExitCode)
	}
	cli.Pairs(w, [][2]string{{"service", s.Name + " (" + s.Manager + ")"}, {"state", runningWord(s) + since}, {"last exit code", code},
		{"with the machine", map[bool]string{true: "starts", false: "does not start"}[s.Enabled]}, {"definition", s.Definition}, {"program", s.Program},
		{"configuration", s.Config}, {"account", s.Account}}...)
	for _, d := range s.Drift {
		fmt.Fprintf(w, "differs: %s\n", d)
	}
}

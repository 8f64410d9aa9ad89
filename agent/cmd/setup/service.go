package setup

import (
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

func service(a *cli.App) *cobra.Command {
	o := &serviceOptions{}
	cmd := cli.Group("service", "Make the agent a service of the system, without a package", `Service makes the agent a service of systemd or Windows, and gives it orders. It is for machines
where Inbasket was not installed from a package; with a package, install only opens the configured folders, and start, stop
and status work as well.

Several agents can run side by side, each with a --name, a configuration and a state folder of its own.`,
		serviceInstallCommand(a, o), serviceUninstallCommand(a, o), serviceOrderCommand(a, o, "start"), serviceOrderCommand(a, o, "stop"),
		serviceOrderCommand(a, o, "restart"), serviceStatusCommand(a, o), serviceDropInCommand(a, o), serviceProbeCommand(a))
	cmd.PersistentFlags().StringVar(&o.name, "name", "", "instance: the service is called inbasket-NAME, its configuration is NAME/inbasket.yaml")
	cmd.AddCommand(servicePackageCommands(a, o)...)
	return cmd
}

func serviceInstallCommand(a *cli.App, o *serviceOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the service, or mend it",
		Long: `Install makes the system account and the state folder when they are missing, checks the configuration as that account
with its rights and secrets, writes the definition of the service, opens the folders that the configuration names, has the
service start with the machine, and starts it. It needs root, or an elevated prompt.

A second install mends what differs and says what that was. If a step fails, the steps before it are undone: nothing is left
behind that was not there before.`,
		Args: cli.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return serviceInstall(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.account, "account", "", "run as this account; made when it is missing (default inbasket; Linux only)")
	f.StringVar(&o.program, "program", "", "the program to run (default: this one)")
	f.BoolVar(&o.noStart, "no-start", false, "do not start it now")
	f.BoolVar(&o.dryRun, "dry-run", false, "change nothing; print the files and the steps")
	f.BoolVar(&o.force, "force", false, "also a program in a place where others can change it")
	return cmd
}

// instance reads the configuration and makes of it what the installer is told.
func instanceOf(ctx context.Context, a *cli.App, m installer.Manager, o *serviceOptions) (installer.Instance, error) {
	var none installer.Instance
	state, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil {
		return none, err
	}
	path, err := a.InstanceConfig(o.name, state)
	if err != nil {
		return none, err
	}
	a.Config = path
	cfg, err := a.LoadFile(path, true)
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

func serviceInstall(ctx context.Context, a *cli.App, o *serviceOptions) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	i, err := instanceOf(ctx, a, m, o)
	if err != nil {
		return err
	}
	if !o.force {
		if err := installer.CheckProgram(i.Program); err != nil {
			return err
		}
	}
	if o.dryRun {
		return servicePreview(ctx, a, m, i)
	}
	// Ctrl+C breaks the step off that is under way, and has those before it undone.
	interruptible, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	var changes installer.Changes
	err = a.Noted(ctx, i.Config, "service-install", i.Service(), func() (err error) { changes, err = m.Install(interruptible, i); return err })
	if err != nil {
		return err
	}
	out := serviceDone{Service: i.Service(), Changes: changes}
	state, err := m.Status(ctx, i)
	if err != nil {
		return err
	}
	out.Running = state.Running
	return a.Print(out, func(w io.Writer) {
		if len(changes) == 0 {
			fmt.Fprintln(w, "nothing to change")
		}
		printChanges(w, changes)
		fmt.Fprintf(w, "%s is installed and %s\n", i.Service(), runningWord(state))
	})
}

func servicePreview(ctx context.Context, a *cli.App, m installer.Manager, i installer.Instance) error {
	p, ok := m.(installer.Previewer)
	if !ok {
		return cli.Usagef("--dry-run is not known for this service manager")
	}
	preview, err := p.Preview(ctx, i)
	if err != nil {
		return err
	}
	out := serviceDone{Service: i.Service(), Changes: preview.Steps, Files: preview.Files, DryRun: true}
	return a.Print(out, func(w io.Writer) {
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

func serviceUninstallCommand(a *cli.App, o *serviceOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "uninstall",
		Short: "Stop and remove the service; configuration and data stay",
		Long: `Uninstall stops the service and removes what install wrote. The configuration, the secrets, the state folder with
everything that was accepted, and the account stay, and it says where they are.`,
		Args: cli.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return serviceUninstall(cmd.Context(), a, o) },
	}
}

func serviceUninstall(ctx context.Context, a *cli.App, o *serviceOptions) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	before, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil {
		return err
	}
	var changes installer.Changes
	err = a.Noted(ctx, before.Config, "service-uninstall", installer.ServiceName(o.name), func() (err error) { changes, err = m.Uninstall(ctx, o.name); return err })
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
	return a.Print(out, func(w io.Writer) {
		printChanges(w, changes)
		for _, k := range out.Kept {
			fmt.Fprintf(w, "kept: %s\n", k)
		}
	})
}

func serviceDropInCommand(a *cli.App, o *serviceOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drop-in",
		Short: "Print or write what opens the configured folders to the service (systemd)",
		Long: `The service may write into its state folder only. Drop-in prints the lines that open the folders of the configuration to
it: in-baskets with their done and error folders, drop folders, folders of answer files and of SQLite databases, and the
folder of the log file. With --write they go where systemd reads them, also for the unit of a package; they take effect when
the service starts.`,
		Args: cli.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return serviceDropIn(cmd.Context(), a, o) },
	}
	cmd.Flags().BoolVar(&o.write, "write", false, "write it, and have systemd read it (needs root)")
	return cmd
}

func serviceDropIn(ctx context.Context, a *cli.App, o *serviceOptions) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	opener, ok := m.(installer.Opener)
	if !ok {
		return errors.New("this service manager keeps the service out of no folder; there is nothing to open")
	}
	i, err := instanceOf(ctx, a, m, o)
	if err != nil {
		return err
	}
	if !o.write {
		f := opener.DropIn(i)
		return a.Print(f, func(w io.Writer) {
			if f.Content == "" {
				fmt.Fprintln(w, "# the configuration names no folder that must be opened")
			}
			fmt.Fprint(w, f.Content)
		})
	}
	changes, err := opener.OpenFolders(ctx, i)
	if err != nil {
		return err
	}
	return a.Print(serviceDone{Service: i.Service(), Changes: changes}, func(w io.Writer) {
		if len(changes) == 0 {
			fmt.Fprintln(w, "nothing to change")
			return
		}
		printChanges(w, changes)
		fmt.Fprintf(w, "it takes effect by: inbasket service restart%s\n", map[bool]string{true: " --name " + o.name}[o.name != ""])
	})
}

// serviceOrderCommand is start, stop or restart.
func serviceOrderCommand(a *cli.App, o *serviceOptions, verb string) *cobra.Command {
	texts := map[string][2]string{
		"start":   {"Start the service and wait until it is ready", "Start returns when the agent says that it is ready; if it does not, the reason is printed, and the end of its log."},
		"stop":    {"Stop the service and wait until it has ended", "Stop returns when the agent has ended, which takes ten seconds at most. Nothing that was accepted is lost."},
		"restart": {"Stop the service and start it again", "Restart stops the service and starts it again; it returns when the agent says that it is ready. A service that\nruns is left alone when its configuration is wrong."},
	}
	return &cobra.Command{
		Use: verb, Short: texts[verb][0], Long: texts[verb][1], Args: cli.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return serviceOrder(cmd.Context(), a, o, verb) },
	}
}

func serviceOrder(ctx context.Context, a *cli.App, o *serviceOptions, verb string) error {
	m, err := installer.System()
	if err != nil {
		return err
	}
	if verb == "restart" {
		if err := beforeRestart(ctx, a, m, o); err != nil {
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
	return a.Print(out, func(w io.Writer) { fmt.Fprintf(w, "%s is %s\n", state.Name, runningWord(state)) })
}

// beforeRestart keeps a running service from being stopped for a configuration that it could not start with.
func beforeRestart(ctx context.Context, a *cli.App, m installer.Manager, o *serviceOptions) error {
	state, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil || !state.Running || state.Config == "" {
		return err
	}
	_, err = a.LoadFile(state.Config, true)
	if err != nil {
		fmt.Fprintf(a.Stderr, "%s was left running: it could not start again with this configuration\n", state.Name)
	}
	return err
}

func serviceStatusCommand(a *cli.App, o *serviceOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the service as the service manager sees it",
		Long: `Status shows how the service stands, and what differs from what install would write now, such as a folder of the
configuration that is not open to it. It ends with 0 when the service runs, and with 69 when it does not. How the agent's
work goes is shown by: inbasket status`,
		Args: cli.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return serviceStatus(cmd.Context(), a, o) },
	}
}

func serviceStatus(ctx context.Context, a *cli.App, o *serviceOptions) error {
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
		if cfg, err := a.LoadFile(state.Config, true); err == nil {
			i = installer.Describe(cfg)
			i.Name, i.Program, i.Account = o.name, state.Program, state.Account
			if state, err = m.Status(ctx, i); err != nil {
				return err
			}
		}
	}
	if err := a.Print(state, func(w io.Writer) { printService(w, state) }); err != nil {
		return err
	}
	if !state.Running {
		return cli.Exit(cli.ExitUnavailable)
	}
	return nil
}

func printService(w io.Writer, s installer.State) {
	if !s.Installed {
		fmt.Fprintf(w, "%s is not installed as a service (%s)\n", s.Name, s.Manager)
		return
	}
	cli.Table(w, func(w io.Writer) {
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

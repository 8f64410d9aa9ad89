package look

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/inbasket/inbasket/agent"
	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/orders"
	"github.com/inbasket/inbasket/connectors/all"
	"github.com/inbasket/inbasket/installer"
	"github.com/inbasket/inbasket/mapping/diag"
)

// doctorOptions are the flags of doctor.
type doctorOptions struct {
	asService bool
	probe     bool
	only      []string
	name      string
}

func examination(a *cli.App) *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything that the agent stands on, and say what helps",
		RunE:  func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.asService, "as-service", false, "look with the account and sandbox of the service")
	f.BoolVar(&o.probe, "probe", false, "also put a file with a hidden name into each folder that the agent writes to, and take it away")
	f.StringSliceVar(&o.only, "only", nil, "only these areas: "+strings.Join(doctor.Areas(), ", "))
	f.StringVar(&o.name, "name", "", "instance, as service install --name made it")
	return cmd
}

func runDoctor(ctx context.Context, a *cli.App, o doctorOptions) error {
	for _, area := range o.only {
		if !slices.Contains(doctor.Areas(), area) {
			return cli.Usagef("there is no area %q; %s", area, diag.DidYouMean(area, doctor.Areas()))
		}
	}
	if o.name != "" && a.Config == "" {
		if m, err := installer.System(); err == nil {
			state, _ := m.Status(ctx, installer.Instance{Name: o.name}) // an unknown service has no configuration
			var err error
			if a.Config, err = a.InstanceConfig(o.name, state); err != nil {
				return err
			}
		}
	}
	e, err := examine(ctx, a, o)
	if err != nil {
		return err
	}
	if err := a.Print(e, func(w io.Writer) { printExamination(w, e, a.ConfigPath()) }); err != nil {
		return err
	}
	return verdictOf(e)
}

// verdictOf makes the exit code: a configuration that is refused is one of its own.
func verdictOf(e control.Examination) error {
	if e.Worst() != control.LevelFail {
		return nil
	}
	for _, f := range e.Findings {
		if f.Level == control.LevelFail && f.Area == "config" {
			return cli.Exit(cli.ExitConfig)
		}
	}
	return cli.Exit(cli.ExitFailure)
}

// examine looks from outside, or has the service look.
func examine(ctx context.Context, a *cli.App, o doctorOptions) (control.Examination, error) {
	if !o.asService {
		p, err := patient(a, o)
		if err != nil {
			return withoutPlace(ctx, a, err)
		}
		return doctor.Examine(ctx, p, o.only), nil
	}
	place, err := config.Locate(a.ConfigPath())
	if err != nil {
		return control.Examination{}, err
	}
	e, err := examineInside(ctx, place.State, o)
	if errors.Is(err, control.ErrNotRunning) {
		if e, err = examineSandboxed(ctx, a, o); err != nil {
			return e, err
		}
	}
	if err != nil {
		return e, err
	}
	return withService(ctx, a, e, o)
}

// insideLimit is how long the agent may take to look at itself; each of its checks has a shorter limit.
const insideLimit = 90 * time.Second

// examineInside has the running agent look.
func examineInside(ctx context.Context, state string, o doctorOptions) (control.Examination, error) {
	limited, cancel := context.WithTimeout(ctx, insideLimit)
	defer cancel()
	e, err := orders.Examine.Ask(limited, control.NewClient(state), control.ExamineRequest{Only: o.only, Probe: o.probe})
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return e, &control.Error{Code: control.CodeProtocol, Message: "the agent does not answer", Hint: "look from outside, without --as-service; make diagnostics, then restart it"}
	}
	return e, err
}

// withoutPlace looks at what does not need to know where the agent lives: the configuration cannot be read at all.
func withoutPlace(ctx context.Context, a *cli.App, err error) (control.Examination, error) {
	p := doctor.NewPatient(agent.SystemClock{}, a.Version, config.Place{Path: a.ConfigPath()})
	p.Load = func() (*config.Config, error) { return nil, err }
	return doctor.Examine(ctx, p, []string{"config", "account", "clock", "machine"}), nil
}

// withService adds what only an account outside of the sandbox can ask the service manager.
func withService(ctx context.Context, a *cli.App, e control.Examination, o doctorOptions) (control.Examination, error) {
	if len(o.only) > 0 && !slices.Contains(o.only, "service") {
		return e, nil
	}
	p, err := patient(a, o)
	if err != nil {
		return e, err
	}
	outside := doctor.Examine(ctx, p, []string{"service"})
	kept := slices.DeleteFunc(e.Findings, func(f control.Finding) bool { return f.Area == "service" })
	e.Findings = append(kept, outside.Findings...)
	order := doctor.Areas()
	slices.SortStableFunc(e.Findings, func(x, y control.Finding) int { return slices.Index(order, x.Area) - slices.Index(order, y.Area) })
	return e, nil
}

// patient makes what doctor looks at from the command line.
func patient(a *cli.App, o doctorOptions) (*doctor.Patient, error) {
	place, err := config.Locate(a.ConfigPath())
	if err != nil {
		return nil, err
	}
	p := doctor.NewPatient(agent.SystemClock{}, a.Version, place)
	p.Probe = o.probe
	p.Load = func() (*config.Config, error) {
		return config.Load(a.ConfigPath(), all.Registry(), config.Options{Lenient: true, Getenv: withCredentials(a)})
	}
	p.Status = func(ctx context.Context) (control.Status, error) {
		return orders.Status.Ask(ctx, control.NewClient(place.State), control.Nothing{})
	}
	p.Service = func(ctx context.Context, cfg *config.Config) (doctor.Service, error) {
		return serviceOf(ctx, cfg, o.name)
	}
	return p, nil
}

// withCredentials reads the environment, and finds credentials where the service manager takes them from: who may
// read them there looks with them, as the service does.
func withCredentials(a *cli.App) func(string) string {
	folder := installer.CredentialFolder(a.ConfigPath())
	return func(key string) string {
		value := a.Getenv(key)
		if key == "CREDENTIALS_DIRECTORY" && value == "" {
			if _, err := os.ReadDir(folder); err == nil {
				return folder
			}
		}
		return value
	}
}

// serviceOf asks the service manager, and compares its definition with what the configuration needs.
func serviceOf(ctx context.Context, cfg *config.Config, name string) (doctor.Service, error) {
	m, err := installer.System()
	if err != nil {
		return doctor.Service{}, err
	}
	state, err := m.Status(ctx, installer.Instance{Name: name})
	if err != nil {
		return doctor.Service{}, err
	}
	if state.Installed && (state.Config == "" || samePath(state.Config, cfg.Path)) {
		if state, err = installer.Compare(ctx, m, name, state, cfg); err != nil {
			return doctor.Service{}, err
		}
	}
	out := doctor.Service{Name: state.Name, Manager: state.Manager, Detail: state.Detail, Definition: state.Definition, Installed: state.Installed,
		Enabled: state.Enabled, Running: state.Running, Account: accountName(state.Account), Drift: state.Drift}
	if state.Installed && state.Config != "" && !samePath(state.Config, cfg.Path) {
		out.Other = state.Config
	}
	return out, nil
}

func samePath(a, b string) bool {
	if real, err := filepath.EvalSymlinks(a); err == nil {
		a = real
	}
	if real, err := filepath.EvalSymlinks(b); err == nil {
		b = real
	}
	return filepath.Clean(a) == filepath.Clean(b)
}

// accountName turns a number into a name, where there is one.
func accountName(account string) string {
	if u, err := user.LookupId(account); err == nil {
		return u.Username
	}
	return account
}

func printExamination(w io.Writer, e control.Examination, path string) {
	who := "looked as " + e.Account
	if e.Inside {
		who = "the agent itself looked, as " + e.Account
	}
	fmt.Fprintf(w, "%s: %s, inbasket %s\n", path, who, e.Version)
	area := ""
	cli.Table(w, func(w io.Writer) {
		for _, f := range e.Findings {
			show := f.Area
			if show == area {
				show = ""
			}
			area = f.Area
			text := f.Text
			if f.Code != "" {
				text += " [" + f.Code + "]"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Level, show, cli.OrDash(f.Subject), text)
			cli.SayIf(w, f.Cure != "", "\t\t\t→ %s\n", f.Cure)
		}
	})
	levels := map[control.Level]int{}
	for _, f := range e.Findings {
		levels[f.Level]++
	}
	fmt.Fprintf(w, "%d ok, %d warn, %d fail\n", levels[control.LevelOK], levels[control.LevelWarn], levels[control.LevelFail])
}

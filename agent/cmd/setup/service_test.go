package setup

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/installer"
)

// managed acts a service manager out.
type managed struct {
	state  installer.State
	orders []string
	asked  installer.Instance
	err    error
}

func (m *managed) order(what string) error {
	m.orders = append(m.orders, what)
	return m.err
}

func (m *managed) Install(_ context.Context, i installer.Instance) (installer.Changes, error) {
	m.asked = i
	m.state.Running, m.state.PID = !i.NoStart, 7
	return installer.Changes{"write /etc/systemd/system/inbasket.service", "check it:\nall is well"}, m.order("install")
}

func (m *managed) Uninstall(context.Context, string) (installer.Changes, error) {
	return installer.Changes{"remove it"}, m.order("uninstall")
}

func (m *managed) Start(context.Context, string) error {
	m.state.Running = true
	return m.order("start")
}

func (m *managed) Stop(context.Context, string) error {
	m.state.Running, m.state.PID = false, 0
	return m.order("stop")
}

func (m *managed) Restart(context.Context, string) error { return m.order("restart") }

func (m *managed) Status(_ context.Context, i installer.Instance) (installer.State, error) {
	s := m.state
	if i.Program != "" {
		s.Drift = []string{"missing in a drop-in: ReadWritePaths=-/srv"}
	}
	return s, nil
}

// systemdLike is one that can tell before it does, and keeps a service out of folders.
type systemdLike struct{ managed }

func (m *systemdLike) Preview(context.Context, installer.Instance) (installer.Preview, error) {
	return installer.Preview{Files: []installer.File{{Path: "/etc/a.service", Content: "[Unit]\n"}}, Steps: []string{"start it"}}, m.err
}

func (m *systemdLike) DropIn(i installer.Instance) installer.File {
	return installer.File{Path: "/etc/a.conf", Content: map[bool]string{true: "[Service]\n"}[len(i.Writable) > 0]}
}

func (m *systemdLike) OpenFolders(context.Context, installer.Instance) (installer.Changes, error) {
	return installer.Changes{"write /etc/a.conf"}, m.order("open")
}

const serviceConfig = `agency: A
monitor: off
inbaskets: {in: {folder: {path: in}}}
targets: {drop: {folder: {path: out}, file: {name: "{id}.csv"}}}
routes: {r: {from: in, mapping: m.yaml}}
`

// served makes a command about one service, and what it prints.
func served(t *testing.T, m installer.Manager, before installer.State, o serviceOptions) (s *serviceRun, out, complaints *strings.Builder) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inbasket.yaml")
	if err := os.WriteFile(path, []byte(serviceConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	out, complaints = &strings.Builder{}, &strings.Builder{}
	a := &cli.App{Stdin: strings.NewReader(""), Stdout: out, Stderr: complaints, Getenv: func(string) string { return "" }, Config: path}
	return &serviceRun{&o, a, m, before}, out, complaints
}

func says(t *testing.T, out *strings.Builder, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(out.String(), w) {
			t.Errorf("%q is not in\n%s", w, out)
		}
	}
}

func TestServiceInstall(t *testing.T) {
	m := &systemdLike{managed{state: installer.State{Name: "inbasket", Manager: "systemd"}}}
	s, out, _ := served(t, m, m.state, serviceOptions{force: true, account: "amt"})
	if err := s.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, out, "  write /etc/systemd/system/inbasket.service\n  check it:\n  all is well\n", "inbasket is installed and running (process 7)\n")
	if i := m.asked; i.Account != "amt" || i.Config != s.Config || !filepath.IsAbs(i.Program) || len(i.Writable) != 2 || i.NoStart {
		t.Errorf("%+v", i)
	}
	// A second one keeps the account, but not root, which a broken unit stands for.
	for had, want := range map[string]string{"amt": "amt", "root": ""} {
		s, _, _ = served(t, m, installer.State{Account: had}, serviceOptions{force: true, noStart: true})
		if err := s.install(t.Context()); err != nil || m.asked.Account != want || !m.asked.NoStart {
			t.Errorf("%s: %v %+v", had, err, m.asked)
		}
	}
	m.err = errors.New("broken")
	if err := s.install(t.Context()); !errors.Is(err, m.err) {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(s.Config, []byte("agncy: A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.install(t.Context()); cli.FaultOf(err).Exit != cli.ExitConfig {
		t.Errorf("a wrong configuration is installed: %v", err)
	}
}

// TestServicePreview changes nothing, and is not known everywhere.
func TestServicePreview(t *testing.T) {
	m := &systemdLike{}
	s, out, _ := served(t, m, installer.State{}, serviceOptions{force: true, dryRun: true})
	if err := s.install(t.Context()); err != nil || len(m.orders) > 0 {
		t.Errorf("%v %v", err, m.orders)
	}
	says(t, out, "--- /etc/a.service\n[Unit]\n\n", "Install would:\n  start it\n")
	s.JSON = true
	out.Reset()
	if err := s.install(t.Context()); err != nil {
		t.Error(err)
	}
	var answer serviceDone
	if err := json.Unmarshal([]byte(out.String()), &answer); err != nil || !answer.DryRun || len(answer.Files) != 1 || len(answer.Changes) != 1 {
		t.Errorf("%v %s", err, out)
	}
	s, _, _ = served(t, &managed{}, installer.State{}, serviceOptions{force: true, dryRun: true})
	if err := s.install(t.Context()); cli.FaultOf(err).Exit != cli.ExitUsage {
		t.Errorf("%v", err)
	}
}

// TestServiceUninstall says what stays.
func TestServiceUninstall(t *testing.T) {
	m := &managed{}
	s, out, _ := served(t, m, installer.State{}, serviceOptions{})
	s.before = installer.State{Config: s.Config, Account: "inbasket"}
	if err := s.uninstall(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, out, "  remove it\n", "kept: configuration "+s.Config, "kept: state folder "+filepath.Join(filepath.Dir(s.Config), "state"), "kept: account inbasket")
	m.err = errors.New("broken")
	if err := s.uninstall(t.Context()); !errors.Is(err, m.err) {
		t.Errorf("%v", err)
	}
}

// TestServiceDropIn prints what opens the folders, or has it written.
func TestServiceDropIn(t *testing.T) {
	m := &systemdLike{}
	s, out, _ := served(t, m, installer.State{}, serviceOptions{name: "two"})
	if err := s.dropIn(t.Context()); err != nil || out.String() != "[Service]\n" || len(m.orders) > 0 {
		t.Errorf("%v %s %v", err, out, m.orders)
	}
	out.Reset()
	s.write = true
	if err := s.dropIn(t.Context()); err != nil || len(m.orders) != 1 {
		t.Errorf("%v %v", err, m.orders)
	}
	says(t, out, "  write /etc/a.conf\n", "it takes effect by: inbasket service restart --name two\n")
	s, _, _ = served(t, &managed{}, installer.State{}, serviceOptions{})
	if err := s.dropIn(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing to open") {
		t.Errorf("%v", err)
	}
}

// TestServiceOrders: a service that runs is not stopped for a configuration that it could not start with.
func TestServiceOrders(t *testing.T) {
	m := &managed{state: installer.State{Name: "inbasket", Running: true, PID: 7}}
	s, out, complaints := served(t, m, m.state, serviceOptions{})
	s.before.Config = s.Config
	if err := s.order(t.Context(), "stop", m.Stop); err != nil {
		t.Error(err)
	}
	if err := s.order(t.Context(), "start", m.Start); err != nil {
		t.Error(err)
	}
	if err := s.restart(t.Context()); err != nil {
		t.Error(err)
	}
	says(t, out, "inbasket is stopped\ninbasket is running\ninbasket is running\n")
	if err := os.WriteFile(s.Config, []byte("agncy: A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.restart(t.Context()); cli.FaultOf(err).Exit != cli.ExitConfig {
		t.Errorf("%v", err)
	}
	says(t, complaints, "inbasket was left running")
	s.before.Running = false
	if err := s.restart(t.Context()); err != nil || strings.Join(m.orders, " ") != "stop start restart restart" {
		t.Errorf("%v %v", err, m.orders)
	}
}

// TestServiceStatus shows what differs, and ends with a code of its own when the service does not run.
func TestServiceStatus(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.Local)
	m := &managed{state: installer.State{Name: "inbasket", Manager: "systemd", Installed: true, Enabled: true, Running: true, PID: 7, Since: at, Definition: "/etc/a.service", Program: "/usr/bin/inbasket", Account: "inbasket"}}
	s, out, _ := served(t, m, m.state, serviceOptions{})
	s.before.Config, m.state.Config = s.Config, s.Config
	if err := s.status(t.Context()); err != nil {
		t.Error(err)
	}
	want := `service           inbasket (systemd)
state             running (process 7) since 2026-03-02 12:00:00
with the machine  starts
definition        /etc/a.service
program           /usr/bin/inbasket
configuration     ` + s.Config + `
account           inbasket
differs: missing in a drop-in: ReadWritePaths=-/srv
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	out.Reset()
	s.before = installer.State{Name: "inbasket", Manager: "systemd", Installed: true, ExitCode: 78}
	if err := s.status(t.Context()); !errors.Is(err, cli.Exit(cli.ExitUnavailable)) {
		t.Errorf("%v", err)
	}
	says(t, out, "state             stopped\nlast exit code    78\nwith the machine  does not start\n")
	out.Reset()
	s.before = installer.State{Name: "inbasket-two", Manager: "systemd"}
	if err := s.status(t.Context()); !errors.Is(err, cli.Exit(cli.ExitUnavailable)) || out.String() != "inbasket-two is not installed as a service (systemd)\n" {
		t.Errorf("%v %s", err, out)
	}
}

// TestProgramPath follows links to the program that is there.
func TestProgramPath(t *testing.T) {
	dir := t.TempDir()
	program, link := filepath.Join(dir, "inbasket"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(program, nil, 0o700), os.Symlink(program, link)); err != nil {
		t.Skip(err)
	}
	real, err := filepath.EvalSymlinks(program)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := programPath(link); err != nil || got != real {
		t.Errorf("%s %v", got, err)
	}
	if got, err := programPath(filepath.Join(dir, "none")); err != nil || filepath.Base(got) != "none" {
		t.Errorf("%s %v", got, err)
	}
	if got, err := programPath(""); err != nil || !filepath.IsAbs(got) {
		t.Errorf("%s %v", got, err)
	}
}

package installer

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kardianos/service"

	"github.com/inbasket/inbasket/connectors"
)

// script acts kardianos/service out: it writes the script, refuses one that is there, and leaves an empty one
// behind when it fails.
type script struct {
	m *machine
	c *service.Config
}

func (s script) Install() error {
	path := scriptPath(s.c.Name)
	if s.m.h.exists(path) {
		return errors.New("Init already exists: " + path)
	}
	s.m.put(path, "", 0o755)
	if err := s.m.order("kardianos install"); err != nil {
		return err
	}
	s.m.put(path, s.c.Option["SysvScript"].(string), 0o755)
	s.m.put("/etc/rc2.d/S50"+s.c.Name, "", 0o777)
	s.m.put("/etc/rc0.d/K02"+s.c.Name, "", 0o777)
	return nil
}

func (s script) Uninstall() error { return os.Remove(s.m.h.path(scriptPath(s.c.Name))) }

// initMachine is a machine with System V init whose scripts are acted out as well.
func initMachine(t *testing.T) (*machine, *initd) {
	m := newMachine(t)
	m.mkdir("/etc/init.d")
	m.mkdir("/etc/rc2.d")
	m.mkdir("/etc/rc0.d")
	m.mkdir("/etc/logrotate.d")
	m.mkdir("/proc/99")
	s := &initd{h: m.h, kind: "sysv", template: sysvScript}
	s.make = func(c *service.Config) (installation, error) { return script{m, c}, nil }
	return m, s
}

// initScript is what a script of /etc/init.d does to the machine.
func (m *machine) initScript(path, verb string) error {
	name := filepath.Base(path)
	if err := m.order("%s %s", name, verb); err != nil {
		return err
	}
	run := m.h.path("/run/" + name)
	if verb != "start" {
		m.active[name] = false
		if err := os.RemoveAll(run); err != nil {
			return err
		}
	}
	if verb == "stop" {
		return nil
	}
	if m.exit != "" {
		m.put("/run/"+name+"/exit", m.exit+"\n", 0o644)
		return &failure{path, 1, m.log}
	}
	m.active[name] = true
	m.put("/run/"+name+"/pid", "99\n", 0o644)
	m.put("/run/"+name+"/agent", "99\n", 0o644)
	return nil
}

func TestInitInstallOnceAndAgain(t *testing.T) {
	m, s := initMachine(t)
	if _, err := s.Install(t.Context(), permits()); err != nil {
		t.Fatal(err)
	}
	want := m.snapshot()
	if !m.active["inbasket"] || !strings.Contains(want, "/etc/rc2.d/S50inbasket") {
		t.Errorf("not running or not enabled:\n%s", want)
	}
	if changes, err := s.Install(t.Context(), permits()); err != nil || len(changes) > 0 {
		t.Errorf("the second install: %q, %v", changes, err)
	}
	for name, harm := range map[string]func(){
		"empty":    func() { m.put(scriptPath("inbasket"), "", 0o755) },
		"changed":  func() { m.put(scriptPath("inbasket"), "#!/bin/sh\n"+ownMark+"\n", 0o755) },
		"unlinked": func() { _ = os.Remove(m.h.path("/etc/rc2.d/S50inbasket")) },
		"stopped":  func() { _ = m.initScript(scriptPath("inbasket"), "stop") },
	} {
		harm()
		changes, err := s.Install(t.Context(), permits())
		if err != nil || len(changes) == 0 {
			t.Errorf("%s: %q, %v", name, changes, err)
		}
		if d := cmp.Diff(want, m.snapshot()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	state, err := s.Status(t.Context(), permits())
	if err != nil || !state.Running || !state.Enabled || len(state.Drift) > 0 || state.Program != "/opt/inbasket" || state.Account != "inbasket" {
		t.Errorf("%+v, %v", state, err)
	}
	if _, err := s.Uninstall(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	left := m.snapshot()
	for _, gone := range []string{"init.d/inbasket", "S50inbasket", "K02inbasket", "logrotate.d/inbasket"} {
		if strings.Contains(left, gone) {
			t.Errorf("%s is left behind", gone)
		}
	}
	if _, err := s.Uninstall(t.Context(), ""); err == nil {
		t.Error("it was uninstalled twice")
	}
}

// TestInitRollback lets every single order fail, on a fresh machine and over an older installation.
func TestInitRollback(t *testing.T) {
	for _, older := range []bool{false, true} {
		for at := 1; ; at++ {
			m, s := initMachine(t)
			if older {
				i := permits()
				i.Program = "/opt/older"
				m.put("/opt/older", "#!/bin/sh\n", 0o755)
				if _, err := s.Install(t.Context(), i); err != nil {
					t.Fatal(err)
				}
			}
			m.orders = nil
			want := m.snapshot()
			m.failAt = at
			if _, err := s.Install(t.Context(), permits()); err == nil {
				if at < 3 {
					t.Fatalf("only %d orders: %q", at, m.orders)
				}
				break
			}
			if d := cmp.Diff(want, m.snapshot()); d != "" {
				t.Errorf("older %v, after %q failed:\n%s", older, m.orders[at-1], d)
			}
		}
	}
}

func TestInitStartTellsWhy(t *testing.T) {
	m, s := initMachine(t)
	i := permits()
	i.NoStart = true
	if _, err := s.Install(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	m.exit, m.log = "78", "the reason"
	err := s.Start(t.Context(), "")
	var e *connectors.Error
	if !errors.As(err, &e) || e.Code != CodeAtStart || !strings.Contains(err.Error(), "the reason") {
		t.Error(err)
	}
	i.Config = "/etc/{{x}}/inbasket.yaml"
	if _, err := s.Install(t.Context(), i); !errors.As(err, &e) || e.Code != CodeInstall {
		t.Errorf("a path that the template would expand: %v", err)
	}
}

// TestScripts has the shell itself read the scripts, with paths as bad as they come.
func TestScripts(t *testing.T) {
	i := strange("/opt")
	i.Config = "/opt/it's $HOME `x`/\"inbasket\".yaml"
	for _, template := range []string{sysvScript, openrcScript} {
		text := scriptText(template, i)
		if d := readScript(text); d.config != i.Config || d.program != i.Program || d.account != "amt" {
			t.Errorf("%+v", d)
		}
		if strings.Contains(text, "{{") || strings.Contains(text, "@COMMON@") {
			t.Error("something was not filled in, or kardianos/service would fill it in")
		}
		path := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "sh", "-n", path).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}

// TestScriptTellsThatTheStateIsClosed: a state folder that the account cannot enter ends a start at once.
func TestScriptTellsThatTheStateIsClosed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "script")
	if err := os.WriteFile(path, []byte(scriptText(openrcScript, permits())), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `. "$0"; IB_STATE="$1/none" IB_RUN="$1"; eval "$IB_KEEP"`, path, dir)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("it went on: %s", out)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "exit")); string(b) != "1\n" {
		t.Errorf("who starts it is not told: %q, %v", b, err)
	}
}

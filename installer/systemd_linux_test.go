package installer

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/connectors"
)

func TestInstallOnceAndAgain(t *testing.T) {
	m := newMachine(t)
	s := &systemd{m.h}
	changes, err := s.Install(t.Context(), permits())
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 11 {
		t.Errorf("%d changes: %q", len(changes), changes)
	}
	if !m.active["inbasket"] || !m.enabled["inbasket"] || m.owners["etc/inbasket/in"] == 0 {
		t.Errorf("not started, not enabled, or without its folder: %v", m.owners)
	}
	before := len(m.orders)
	if changes, err = s.Install(t.Context(), permits()); err != nil || len(changes) > 0 {
		t.Errorf("the second install: %q, %v", changes, err)
	}
	if more := m.orders[before:]; len(more) != 1 || !strings.HasPrefix(more[0], "as inbasket: ") {
		t.Errorf("the second install did more than look: %q", more)
	}
}

// TestInstallMends has a broken unit, an empty one, a stale drop-in and a service that was disabled mended.
func TestInstallMends(t *testing.T) {
	unit, drop := "/etc/systemd/system/inbasket.service", "/etc/systemd/system/inbasket.service.d/50-inbasket-paths.conf"
	for name, harm := range map[string]func(*machine){
		"empty unit":    func(m *machine) { m.put(unit, "", 0o644) },
		"changed unit":  func(m *machine) { m.put(unit, ownMark+"\n[Service]\nExecStart=/bin/false\n", 0o644) },
		"unit's mode":   func(m *machine) { _ = os.Chmod(m.h.path(unit), 0o666) },
		"no drop-in":    func(m *machine) { _ = os.Remove(m.h.path(drop)) },
		"stale drop-in": func(m *machine) { m.put(drop, "[Service]\nReadWritePaths=-/srv/old\n", 0o644) },
		"disabled":      func(m *machine) { m.enabled["inbasket"] = false },
		"stopped":       func(m *machine) { m.active["inbasket"] = false },
		"not reloaded":  func(m *machine) { m.stale = true },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			s := &systemd{m.h}
			if _, err := s.Install(t.Context(), permits()); err != nil {
				t.Fatal(err)
			}
			want := m.snapshot()
			harm(m)
			changes, err := s.Install(t.Context(), permits())
			if err != nil || len(changes) == 0 {
				t.Fatalf("%q, %v", changes, err)
			}
			if d := cmp.Diff(want, m.snapshot()); d != "" || m.stale {
				t.Errorf("stale %v\n%s", m.stale, d)
			}
		})
	}
}

// TestRollback lets every single order of an installation fail, on a fresh machine and over an older installation:
// afterwards everything must be as it was.
func TestRollback(t *testing.T) {
	for name, before := range map[string]func(*testing.T, *machine){
		"fresh": func(*testing.T, *machine) {},
		"older": func(t *testing.T, m *machine) {
			i := permits()
			i.Writable = []string{"/srv/old"}
			if _, err := (&systemd{m.h}).Install(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for at := 1; ; at++ {
				m := newMachine(t)
				before(t, m)
				m.orders = nil
				want := m.snapshot()
				m.failAt = at
				_, err := (&systemd{m.h}).Install(t.Context(), permits())
				if err == nil {
					if at < 3 {
						t.Fatalf("only %d orders: %q", at, m.orders)
					}
					return
				}
				failed := m.orders[at-1]
				if d := cmp.Diff(want, m.snapshot()); d != "" {
					t.Errorf("after %q failed:\n%s", failed, d)
				}
				var e *connectors.Error
				if !errors.As(err, &e) || e.Hint == "" {
					t.Errorf("after %q failed: no hint in %v", failed, err)
				}
			}
		})
	}
}

// TestRollbackKeepsTheAccount: without it nobody could give it the rights that it lacks.
func TestRollbackKeepsTheAccount(t *testing.T) {
	m := newMachine(t)
	want := m.snapshot()
	m.complain = "/srv/forms: permission denied"
	_, err := (&systemd{m.h}).Install(t.Context(), permits())
	var e *connectors.Error
	if !errors.As(err, &e) || e.Code != CodeAsAccount || !strings.Contains(err.Error(), m.complain) || !strings.Contains(e.Hint, "the account inbasket stays") {
		t.Errorf("%v\n%s", err, e.Hint)
	}
	if _, there := m.accounts["inbasket"]; !there {
		t.Error("the account is gone")
	}
	delete(m.accounts, "inbasket")
	if d := cmp.Diff(want, m.snapshot()); d != "" {
		t.Error(d)
	}
}

func TestInstallRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(*machine, *Instance)
		code string
	}{
		"no root":           {func(m *machine, _ *Instance) { m.h.euid = 1000 }, CodeRights},
		"relative config":   {func(_ *machine, i *Instance) { i.Config = "inbasket.yaml" }, CodeInstall},
		"line break":        {func(_ *machine, i *Instance) { i.Writable = []string{"/srv/a\nUser=root"} }, CodeInstall},
		"no program":        {func(_ *machine, i *Instance) { i.Program = "/opt/none" }, CodeInstall},
		"the whole machine": {func(_ *machine, i *Instance) { i.Writable = []string{"/"} }, CodeInstall},
		"account":           {func(_ *machine, i *Instance) { i.Account = "-o" }, CodeInstall},
		"name":              {func(_ *machine, i *Instance) { i.Name = "../x" }, CodeName},
		"credential":        {func(_ *machine, i *Instance) { i.Credentials["register"] = "/etc/inbasket/credentials/register" }, CodeCredential},
		"foreign unit": {func(m *machine, _ *Instance) {
			m.put("/etc/systemd/system/inbasket.service", "[Service]\nExecStart=/bin/other\n", 0o644)
		}, CodeForeign},
		"package with another configuration": {func(m *machine, i *Instance) {
			m.put("/usr/lib/systemd/system/inbasket.service", packagedUnit, 0o644)
			i.Config = "/opt/inbasket.yaml"
		}, CodeForeign},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			i := permits()
			c.harm(m, &i)
			want := m.snapshot()
			_, err := (&systemd{m.h}).Install(t.Context(), i)
			var e *connectors.Error
			if !errors.As(err, &e) || e.Code != c.code || e.Hint == "" {
				t.Errorf("%v, want %s", err, c.code)
			}
			if d := cmp.Diff(want, m.snapshot()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestPackagedUnit: with a package, install opens folders and starts, and uninstall leaves the unit alone.
func TestPackagedUnit(t *testing.T) {
	m := newMachine(t)
	s := &systemd{m.h}
	m.put("/usr/lib/systemd/system/inbasket.service", packagedUnit, 0o644)
	m.put("/usr/bin/inbasket", "#!/bin/sh\n", 0o755)
	if _, err := s.Install(t.Context(), permits()); err != nil {
		t.Fatal(err)
	}
	if m.h.exists("/etc/systemd/system/inbasket.service") || !m.h.exists("/etc/systemd/system/inbasket.service.d/50-inbasket-paths.conf") {
		t.Error("the unit was copied, or no drop-in was written")
	}
	state, err := s.Status(t.Context(), permits())
	if err != nil || !state.Packaged || len(state.Drift) > 0 || state.Program != "/usr/bin/inbasket" || state.PID != 4711 {
		t.Errorf("%+v, %v", state, err)
	}
	if _, err := s.Uninstall(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if !m.h.exists("/usr/lib/systemd/system/inbasket.service") || m.h.exists("/etc/systemd/system/inbasket.service.d") {
		t.Error("the package's unit is gone, or the drop-in is not")
	}
}

// TestInstances: two of them never touch each other's files, and what is taken away is only one's own.
func TestInstances(t *testing.T) {
	m := newMachine(t)
	s := &systemd{m.h}
	second := permits()
	second.Name, second.State, second.Config = "roads", "/var/lib/inbasket-roads", "/etc/inbasket/roads/inbasket.yaml"
	m.put(second.Config, "agency: B\n", 0o640)
	for _, i := range []Instance{permits(), second} {
		if _, err := s.Install(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	m.put("/etc/systemd/system/inbasket-roads.service.d/override.conf", "[Service]\nNice=5\n", 0o644)
	changes, err := s.Uninstall(t.Context(), "roads")
	if err != nil || !slices.ContainsFunc(changes, func(c string) bool { return strings.HasPrefix(c, "keep ") }) {
		t.Errorf("%q, %v", changes, err)
	}
	if !m.active["inbasket"] || m.active["inbasket-roads"] || m.enabled["inbasket-roads"] {
		t.Errorf("active %v, enabled %v", m.active, m.enabled)
	}
	for _, p := range []string{"/etc/inbasket/roads/inbasket.yaml", "/var/lib/inbasket-roads", "/etc/systemd/system/inbasket.service"} {
		if !m.h.exists(p) {
			t.Errorf("%s is gone", p)
		}
	}
	if _, err := s.Uninstall(t.Context(), "roads"); err == nil {
		// Its folder of drop-ins is still there, ours is not: nothing is installed.
		t.Error("a service that is not there was uninstalled")
	}
}

// TestProbeHasCredentials: the account sees the secrets as systemd would hand them over, and they are gone afterwards.
func TestProbeHasCredentials(t *testing.T) {
	m := newMachine(t)
	m.put("/etc/inbasket/credentials/register", "geheim", 0o600)
	i := permits()
	i.Credentials["register"] = "/etc/inbasket/credentials/register"
	var dir string
	m.probed = func(env []string) {
		for _, e := range env {
			if after, ok := strings.CutPrefix(e, "CREDENTIALS_DIRECTORY="); ok {
				dir = after
			}
		}
		if b, err := os.ReadFile(filepath.Join(dir, "register")); err != nil || string(b) != "geheim" {
			t.Errorf("%q, %v", b, err)
		}
	}
	if _, err := (&systemd{m.h}).Install(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); dir == "" || !os.IsNotExist(err) {
		t.Errorf("the copies stay in %q: %v", dir, err)
	}
}

// TestProbeHasEnvironment: what a drop-in of the sysadmin puts into the environment is there for the check as well.
func TestProbeHasEnvironment(t *testing.T) {
	m := newMachine(t)
	m.put("/etc/systemd/system/inbasket.service.d/own.conf", "[Service]\nEnvironment=A=1 \"B=2 3\"\nEnvironmentFile=-/etc/default/inbasket\nEnvironmentFile=/none\n", 0o644)
	m.put("/etc/default/inbasket", "# secrets\nC='4 5'\nD=6\n\n", 0o600)
	var got []string
	m.probed = func(env []string) { got = env }
	if _, err := (&systemd{m.h}).Install(t.Context(), permits()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"A=1", "B=2 3", "C=4 5", "D=6"}, got[:len(got)-1]); d != "" {
		t.Error(d)
	}
}

func TestStartTellsWhy(t *testing.T) {
	for exit, code := range map[string]string{"78": CodeAtStart, "226": CodeStart, "1": CodeStart} {
		m := newMachine(t)
		s := &systemd{m.h}
		i := permits()
		i.NoStart = true
		if _, err := s.Install(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		m.exit, m.log = exit, "Stopped inbasket.service\nStarting inbasket.service\nthe reason\n"
		err := s.Start(t.Context(), "")
		var e *connectors.Error
		if !errors.As(err, &e) || e.Code != code || !strings.Contains(err.Error(), "the reason") || strings.Contains(err.Error(), "Stopped") {
			t.Errorf("exit %s: %v", exit, err)
		}
	}
}

// TestPreview changes nothing, and needs no rights.
func TestPreview(t *testing.T) {
	m := newMachine(t)
	m.h.euid = 1000
	want := m.snapshot()
	p, err := (&systemd{m.h}).Preview(t.Context(), permits())
	if err != nil || len(p.Files) != 2 || len(p.Steps) != 12 || len(m.orders) > 0 {
		t.Errorf("%d files, %q, %q, %v", len(p.Files), p.Steps, m.orders, err)
	}
	if d := cmp.Diff(want, m.snapshot()); d != "" {
		t.Error(d)
	}
}

// TestKilledInstallIsMended kills an installation at every single order, so that nothing is undone. The next
// installation finds what is there and goes on.
func TestKilledInstallIsMended(t *testing.T) {
	whole := newMachine(t)
	if _, err := (&systemd{whole.h}).Install(t.Context(), permits()); err != nil {
		t.Fatal(err)
	}
	want := whole.snapshot()
	for at := 1; at <= len(whole.orders); at++ {
		m := newMachine(t)
		m.killAt = at
		func() {
			defer func() { _ = recover() }()
			_, err := (&systemd{m.h}).Install(t.Context(), permits())
			t.Errorf("it was not killed at %d: %v", at, err)
		}()
		killed := m.orders[at-1]
		m.killAt = 0
		if _, err := (&systemd{m.h}).Install(t.Context(), permits()); err != nil {
			t.Errorf("after it was killed at %q: %v", killed, err)
		}
		got := regexp.MustCompile(`(?m)^/run/inbasket-check.*\n`).ReplaceAllString(m.snapshot()+"\n", "")
		if d := cmp.Diff(want+"\n", got); d != "" || m.stale {
			t.Errorf("after it was killed at %q: stale %v\n%s", killed, m.stale, d)
		}
	}
}

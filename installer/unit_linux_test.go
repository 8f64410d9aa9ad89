package installer

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// strange is an instance all of whose paths hold what means something in a unit.
func strange(root string) Instance {
	dir := filepath.Join(root, `Ämter & "Co" %n $HOME`)
	return Instance{
		Name: "roads", Account: "amt", Program: filepath.Join(root, "a b", "inbasket"), Config: filepath.Join(dir, `in\basket.yaml`),
		State: dir, Writable: []string{filepath.Join(dir, "x:y"), "/home/amt/Eingang %d", "/srv/drop;2"}, Readable: []string{"/root/ca.pem"},
	}
}

func TestUnitText(t *testing.T) {
	i := strange("/opt")
	unit := unitText(i)
	for _, want := range []string{
		ownMark, "(roads)\n", "\nUser=amt\n", "\nStateDirectory=inbasket-roads\n", "\nWorkingDirectory=/var/lib/inbasket-roads\n",
		"\n" + `ExecStart="/opt/a b/inbasket" run --config "/opt/Ämter & \"Co\" %%n $$HOME/in\\basket.yaml"` + "\n",
		`:/opt/Ämter & "Co" %%n $HOME/credentials` + "\n",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("no %q in\n%s", want, unit)
		}
	}
	for _, gone := range []string{"\nGroup=", packagedProgram, packagedConfig} {
		if strings.Contains(unit, gone) {
			t.Errorf("%q in\n%s", gone, unit)
		}
	}
	if d := cmp.Diff(definition{i.Program, i.Config, "amt"}, readUnit(unit), cmp.AllowUnexported(definition{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(definition{packagedProgram, packagedConfig, "inbasket"}, readUnit(packagedUnit), cmp.AllowUnexported(definition{})); d != "" {
		t.Error(d)
	}
}

// TestUnitIsUnderstood has systemd itself read units and drop-ins whose paths are as bad as they come.
func TestUnitIsUnderstood(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("systemd-analyze is not here")
		}
		t.Skip("systemd-analyze is not here")
	}
	dir := t.TempDir()
	i := strange(dir)
	i.Account = "root"
	if err := os.MkdirAll(filepath.Dir(i.Program), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(i.Program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(dir, "inbasket-roads.service")
	for path, text := range map[string]string{unit: unitText(i), filepath.Join(unit+".d", dropInName): dropInText(i)} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(context.Background(), analyze, "verify", "--man=no", unit).CombinedOutput()
	if err != nil || strings.Contains(string(out), "inbasket") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

func TestDropIn(t *testing.T) {
	for name, c := range map[string]struct {
		i    Instance
		want string
	}{
		"nothing":         {Instance{State: "/var/lib/inbasket", Readable: []string{"/etc/inbasket"}}, ""},
		"below state":     {Instance{State: "/var/lib/inbasket/state", Writable: []string{"/var/lib/inbasket/in"}}, ""},
		"state elsewhere": {Instance{State: "/srv/inbasket", Writable: []string{"/srv/inbasket/in"}}, "ReadWritePaths=-/srv/inbasket\n"},
		"another's state": {Instance{Name: "b", State: "/var/lib/inbasket"}, "ReadWritePaths=-/var/lib/inbasket\n"},
		"one in another":  {Instance{Writable: []string{"/srv", "/srv/forms", "/srv2"}}, "ReadWritePaths=-/srv\nReadWritePaths=-/srv2\n"},
		"home": {Instance{Writable: []string{"/home/a b/in"}, Readable: []string{"/home/a b", "/home/a b/in/ca.pem"}},
			"ProtectHome=tmpfs\nBindPaths=\"-/home/a b/in\"\nBindReadOnlyPaths=\"-/home/a b\"\n"},
		"tmp":       {Instance{Writable: []string{"/tmp/in"}, Readable: []string{"/var/tmp/x", "/usr/share/x"}}, "BindPaths=-/tmp/in\nBindReadOnlyPaths=-/var/tmp/x\n"},
		"specifier": {Instance{Writable: []string{"/srv/100%"}}, "ReadWritePaths=-/srv/100%%\n"},
		"program":   {Instance{Program: "/root/inbasket", Config: "/root/inbasket.yaml"}, "ProtectHome=tmpfs\nBindReadOnlyPaths=-/root/inbasket\nBindReadOnlyPaths=-/root/inbasket.yaml\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := dropInText(c.i)
			_, lines, _ := strings.Cut(got, "[Service]\n")
			if d := cmp.Diff(c.want, lines); d != "" {
				t.Error(d)
			}
			if lack, stale := missing(c.i, []string{got}, got); len(lack)+len(stale) > 0 {
				t.Errorf("its own drop-in lacks %q, and has %q too much", lack, stale)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	i := Instance{State: "/var/lib/inbasket", Writable: []string{"/srv/forms", "/srv/out", "/home/x"}}
	texts := []string{packagedUnit, "[Service]\nReadWritePaths=/srv/forms \"/srv/a b\"\nProtectHome=no\n"}
	own := "[Service]\nReadWritePaths=-/srv/old\n"
	lack, stale := missing(i, append(texts, own), own)
	if d := cmp.Diff([]setting{{"BindPaths", "-/home/x"}, {"ReadWritePaths", "-/srv/out"}}, lack, cmp.AllowUnexported(setting{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]setting{{"ReadWritePaths", "-/srv/old"}}, stale, cmp.AllowUnexported(setting{})); d != "" {
		t.Error(d)
	}
}

func TestWordsUndoQuote(t *testing.T) {
	for _, path := range []string{"/a", "/a b", `/a"b`, `/a\b`, "/100%", "/%%", "/ä:b", "/a'b", "/;", "/$x"} {
		if got := splitWords(quote(path)); len(got) != 1 || got[0] != path {
			t.Errorf("%q → %q → %q", path, quote(path), got)
		}
	}
	if d := cmp.Diff([]string{"a", "b c", "", "d"}, splitWords(` a  "b c" '' d`)); d != "" {
		t.Error(d)
	}
}

func TestStateDrift(t *testing.T) {
	m := newMachine(t)
	s := &systemd{m.h}
	if _, err := s.Install(t.Context(), permits()); err != nil {
		t.Fatal(err)
	}
	i := permits()
	i.Writable = append(i.Writable, "/srv/new")
	m.stale = true
	state, err := s.Status(t.Context(), i)
	if err != nil || len(state.Drift) != 2 || !strings.HasSuffix(state.Drift[0], "50-inbasket-paths.conf: ReadWritePaths=-/srv/new") {
		t.Errorf("%q, %v", state.Drift, err)
	}
	m.put("/etc/systemd/system/inbasket.service", ownMark+"\n", 0o644)
	m.exit, m.active["inbasket"] = "78", false
	if state, err = s.Status(t.Context(), permits()); err != nil || len(state.Drift) != 2 || state.Running || state.ExitCode != 78 {
		t.Errorf("%+v, %v", state, err)
	}
	if changes, err := s.OpenFolders(t.Context(), i); err != nil || len(changes) != 2 {
		t.Errorf("%q, %v", changes, err)
	}
	if _, err := s.OpenFolders(t.Context(), Instance{Name: "none"}); err == nil {
		t.Error("folders of a service that is not there were opened")
	}
}

// TestLinksAreFollowed: a link into a hidden folder opens what it leads to, also when the hidden folder is a link itself.
func TestLinksAreFollowed(t *testing.T) {
	m := newMachine(t)
	for _, dir := range []string{"/data/homes/amt/in", "/srv"} {
		m.mkdir(dir)
	}
	for link, to := range map[string]string{"/home": "/data/homes", "/srv/in": "/home/amt/in", "/srv/dangling": "/none"} {
		if err := os.Symlink(m.h.path(to), m.h.path(link)); err != nil {
			t.Fatal(err)
		}
	}
	i := m.h.resolve(Instance{State: "/var/lib/inbasket", Writable: []string{"/srv/in/new", "/srv/dangling", "/srv/plain"}, Readable: []string{"/home/amt/ca.pem"}})
	want := []string{"/home/amt/in/new", "/srv/dangling", "/srv/plain"}
	if d := cmp.Diff(want, i.Writable); d != "" || i.Readable[0] != "/home/amt/ca.pem" || i.State != "/var/lib/inbasket" {
		t.Errorf("%+v\n%s", i, d)
	}
}

// TestOldSystemd: before version 250 systemd does not start a unit that names a folder of credentials, so each
// is named by itself, in the drop-in; what the sysadmin names already counts.
func TestOldSystemd(t *testing.T) {
	for said, want := range map[string]bool{"systemd 249 (249.11-0ubuntu3)\n+PAM": true, "systemd 250 (250.1)": false, "systemd 252": false, "": false, "else 1": false} {
		if before250(said) != want {
			t.Errorf("%q: %v", said, !want)
		}
	}
	m := newMachine(t)
	m.h.old = true
	m.put("/etc/inbasket/credentials/register", "x", 0o600)
	m.put("/etc/inbasket/credentials/hook", "x", 0o600)
	s := &systemd{m.h}
	i := permits()
	i.Credentials = map[string]string{"register": "/etc/inbasket/credentials/register", "hook": "/etc/inbasket/credentials/hook"}
	if _, err := s.Install(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	unit, _ := m.h.read("/etc/systemd/system/inbasket.service")
	drop, _ := m.h.read("/etc/systemd/system/inbasket.service.d/50-inbasket-paths.conf")
	if strings.Contains(unit, "LoadCredential") || !strings.Contains(drop,
		"\nLoadCredential=hook:/etc/inbasket/credentials/hook\nLoadCredential=register:/etc/inbasket/credentials/register\n") {
		t.Errorf("%s\n%s", unit, drop)
	}
	if state, err := s.Status(t.Context(), i); err != nil || len(state.Drift) != 0 {
		t.Errorf("%q, %v", state.Drift, err)
	}
	i.Credentials["portal"] = "/etc/inbasket/credentials/portal"
	if state, _ := s.Status(t.Context(), i); len(state.Drift) != 1 || !strings.HasSuffix(state.Drift[0], "LoadCredential=portal:/etc/inbasket/credentials/portal") {
		t.Errorf("%q", state.Drift)
	}
	m.put("/etc/systemd/system/inbasket.service.d/mine.conf", "[Service]\nLoadCredential=portal:/srv/portal\n", 0o644)
	if state, _ := s.Status(t.Context(), i); len(state.Drift) != 0 {
		t.Errorf("%q", state.Drift)
	}
}

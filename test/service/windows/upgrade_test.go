//go:build !windows

package windows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpgradeSteps runs the steps of an upgrade as Windows Installer does, which Wine leaves out: all instances
// are stopped, those that ran run again, and what an administrator chose stays.
func TestUpgradeSteps(t *testing.T) {
	need(t)
	p := program(t)
	instance(t, p, `C:\up\default`)
	instance(t, p, `C:\up\running`, "--name", "running")
	instance(t, p, `C:\up\stopped`, "--name", "stopped")
	t.Cleanup(func() { _ = os.RemoveAll(w.host(data)) })
	ok(t, p, "service", "stop", "--name", "stopped")
	ctl(t, "manual", "inbasket")

	ok(t, p, "service", "package", "halt")
	for _, s := range []string{"inbasket", "inbasket-running", "inbasket-stopped"} {
		wantState(t, s, "state 1")
	}
	ok(t, p, "service", "package", "install", "--config", "", "--listen", "", "--nostart", "")
	wantState(t, "inbasket", "state 4")
	wantState(t, "inbasket-running", "state 4")
	wantState(t, "inbasket-stopped", "state 1")
	if got := ctl(t, "definition", "inbasket"); !strings.Contains(got, "start 3 ") || !strings.Contains(got, `--config C:\up\default\inbasket.yaml`) {
		t.Errorf("the upgrade changed what an administrator chose:\n%s", got)
	}
	if got := ok(t, p, "service", "status"); !strings.Contains(got, "start type: manual") {
		t.Errorf("status does not tell of the start type:\n%s", got)
	}
	ok(t, p, "service", "stop")
	ok(t, p, "service", "package", "halt")
	ok(t, p, "service", "package", "install", "--config", "", "--listen", "", "--nostart", "")
	wantState(t, "inbasket", "state 1") // it was stopped before
}

// TestUndone has the last step of an installation fail: the service that was there is as it was.
func TestUndone(t *testing.T) {
	need(t)
	p, home := program(t), `C:\undone`
	instance(t, p, home)
	before := ctl(t, "definition", "inbasket")
	wrong := home + `\wrong.yaml`
	write(t, wrong, strings.Replace(read(t, w.host(home+`\inbasket.yaml`)), "path: in,", "path: in, mtach: x,", 1))
	_, complaint, code := run(t, p, "service", "install", "--config", wrong)
	if code != 78 || !strings.Contains(complaint, `did you mean "match"?`) {
		t.Errorf("it ended with %d and says:\n%s", code, complaint)
	}
	// This is seen only when the agent starts: the machine has no such address.
	write(t, wrong, strings.Replace(read(t, w.host(home+`\inbasket.yaml`)), "monitor: off", "monitor: 192.0.2.1:1", 1))
	_, complaint, code = run(t, p, "service", "install", "--config", wrong)
	if code == 0 || !strings.Contains(complaint, "undone") {
		t.Errorf("it ended with %d and says:\n%s", code, complaint)
	}
	if after := ctl(t, "definition", "inbasket"); after != before {
		t.Errorf("the service was\n%s\nand is\n%s", before, after)
	}
	wantState(t, "inbasket", "state 4")
	form(t, home+`\in`, "U-1")
	delivered(t, home+`\out`, "U-1")
}

// TestUnits runs tests of packages that have files for Windows of their own. Those that remove folders cannot run
// here: Go asks Windows for a way to do it that this Wine does not know.
func TestUnits(t *testing.T) {
	need(t)
	for _, c := range []struct{ pkg, run string }{{"agent/secret", "RoundTrip|Damaged|Size"}, {"installer", "."}} {
		t.Run(c.pkg, func(t *testing.T) {
			name := strings.ReplaceAll(c.pkg, "/", "-") + ".exe"
			cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", w.host(`C:\`+name), "./"+c.pkg)
			cmd.Dir, cmd.Env = repo, append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			dir, err := filepath.Abs(filepath.Join(repo, c.pkg))
			if err != nil {
				t.Fatal(err)
			}
			write(t, `C:\unit.cmd`, "@echo off\r\ncd /d Z:"+strings.ReplaceAll(dir, "/", `\`)+"\r\nC:\\"+name+" -test.run "+`"`+c.run+`"`+"\r\n")
			out, complaint, code := run(t, "cmd", "/c", `C:\unit.cmd`)
			if code != 0 || !strings.Contains(out, "PASS") {
				t.Errorf("ended with %d\n%s%s", code, out, complaint)
			}
		})
	}
}

//go:build !windows

package windows

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program puts the program where no package did, in a folder with a space and an umlaut, and takes it away again.
func program(t *testing.T) string {
	t.Helper()
	const home = `C:\Programme für Ämter`
	text, err := os.ReadFile(filepath.Join(w.work, newer, "inbasket.exe"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, home+`\inbasket.exe`, string(text))
	t.Cleanup(func() { _ = os.RemoveAll(w.host(home)) })
	return home + `\inbasket.exe`
}

// instance makes an agent in a folder and installs it as a service.
func instance(t *testing.T, program, home string, args ...string) string {
	t.Helper()
	agentAt(t, home)
	t.Cleanup(func() {
		_, _, _ = run(t, program, append([]string{"service", "uninstall"}, args...)...)
		_ = os.RemoveAll(w.host(home))
	})
	return ok(t, program, append([]string{"service", "install", "--config", home + `\inbasket.yaml`}, args...)...)
}

// TestNoPackage installs by the program itself: twice, where the second time finds nothing to do, two instances
// side by side, and takes one away.
func TestNoPackage(t *testing.T) {
	need(t)
	p := program(t)
	one, two := `C:\Ämter\Bau amt`, `C:\Ämter\Melde amt`
	if got := instance(t, p, one); !strings.Contains(got, "make the service inbasket ") || !strings.Contains(got, "is installed and running") {
		t.Errorf("install says:\n%s", got)
	}
	instance(t, p, two, "--name", "melde")
	form(t, one+`\in`, "E-1")
	form(t, two+`\in`, "Z-1")
	delivered(t, one+`\out`, "E-1")
	delivered(t, two+`\out`, "Z-1")

	again := ok(t, p, "service", "install", "--config", one+`\inbasket.yaml`)
	for _, line := range strings.Split(again, "\n") {
		// Rights read back otherwise in Wine than they were set.
		if l := strings.TrimSpace(line); l != "" && !strings.HasPrefix(l, "close ") && !strings.HasPrefix(l, "give ") && !strings.HasPrefix(l, "inbasket is installed and running") {
			t.Errorf("the second time it did: %s", l)
		}
	}
	moved := `C:\Ämter\Bau amt\other.yaml`
	write(t, moved, read(t, w.host(one+`\inbasket.yaml`)))
	if got := ok(t, p, "service", "install", "--config", moved); !strings.Contains(got, "mend the definition of the service inbasket") {
		t.Errorf("with another configuration it says:\n%s", got)
	}
	form(t, one+`\in`, "E-2")
	delivered(t, one+`\out`, "E-1", "E-2")

	status := ok(t, p, "service", "status", "--name", "melde")
	for _, want := range []string{"inbasket-melde", "running", two + `\inbasket.yaml`, `NT SERVICE\inbasket-melde`} {
		if !strings.Contains(status, want) {
			t.Errorf("status is without %q:\n%s", want, status)
		}
	}
	if got := ok(t, p, "service", "uninstall"); !strings.Contains(got, "removed the event source inbasket") {
		t.Errorf("uninstall says:\n%s", got)
	}
	wantState(t, "inbasket", "none")
	wantState(t, "inbasket-melde", "state 4")
	if _, _, code := run(t, p, "service", "stop"); code == 0 {
		t.Error("a service that is not there is stopped")
	}
}

// TestWrongConfiguration wants the reason wherever a sysadmin looks: at the command, beside the log, in the code.
func TestWrongConfiguration(t *testing.T) {
	need(t)
	p, home := program(t), `C:\wrong later`
	instance(t, p, home)
	ok(t, p, "service", "stop")
	good := read(t, w.host(home+`\inbasket.yaml`))
	change(t, home+`\inbasket.yaml`, "targets:", "targetz:")
	_, complaint, code := run(t, p, "service", "start")
	if code != 78 || !strings.Contains(complaint, `did you mean "targets"?`) {
		t.Errorf("start ended with %d and says:\n%s", code, complaint)
	}
	if got := state(t, "inbasket"); got != "state 1 accepts 0x0 exit 1066 own 78" { // 1066: the code is the service's own
		t.Errorf("Windows says: %s", got)
	}
	if got := read(t, w.host(home+`\log\start-error.txt`)); !strings.Contains(got, `inbasket.yaml:6:1: unknown key "targetz"`) || !strings.Contains(got, "exit code: 78") {
		t.Errorf("start-error.txt:\n%s", got)
	}
	write(t, home+`\inbasket.yaml`, good)
	ok(t, p, "service", "start")
	if there(home + `\log\start-error.txt`) {
		t.Error("start-error.txt stays after a good start")
	}
	_, complaint, code = run(t, p, "run", "--service", "inbasket", "--config", home+`\inbasket.yaml`)
	if code != 2 || !strings.Contains(complaint, "--service is for the service manager") {
		t.Errorf("--service at a prompt ended with %d and says:\n%s", code, complaint)
	}
}

// TestOrders reloads by an order of the service manager, refuses a wrong configuration, and stops.
func TestOrders(t *testing.T) {
	need(t)
	p, home := program(t), `C:\orders`
	instance(t, p, home)
	form(t, home+`\in`, "O-1")
	delivered(t, home+`\out`, "O-1")

	if err := os.Mkdir(w.host(home+`\out2`), 0o755); err != nil {
		t.Fatal(err)
	}
	change(t, home+`\inbasket.yaml`, "path: out}", "path: out2}")
	ctl(t, "paramchange", "inbasket")
	eventually(t, "the new folder counts", func() bool {
		out, _, _ := run(t, p, "status", "--config", home+`\inbasket.yaml`, "--json")
		return strings.Contains(out, "Bürgerbüro") && strings.Contains(read(t, w.host(home+`\log\inbasket.log`)), "reloaded")
	})
	form(t, home+`\in`, "O-2")
	delivered(t, home+`\out2`, "O-2")

	change(t, home+`\inbasket.yaml`, "targets:", "targetz:")
	ctl(t, "paramchange", "inbasket")
	eventually(t, "the reload is refused", func() bool {
		return strings.Contains(read(t, w.host(home+`\log\inbasket.log`)), "reload refused, the old configuration stays in force")
	})
	form(t, home+`\in`, "O-3")
	delivered(t, home+`\out2`, "O-2", "O-3")

	ok(t, p, "service", "stop")
	if got := state(t, "inbasket"); !strings.HasPrefix(got, "state 1 accepts 0x0 exit 0") {
		t.Errorf("after the stop: %s", got)
	}
}

// TestLongPaths runs an agent whose files lie deeper than the 260 characters of old Windows.
func TestLongPaths(t *testing.T) {
	need(t)
	p := program(t)
	home := `C:\` + strings.Repeat(`a folder with a long näme for a test\`, 8) + "home"
	if len([]rune(home)) < 270 {
		t.Fatalf("%d characters are not long", len(home))
	}
	t.Cleanup(func() { _ = os.RemoveAll(w.host(`C:\a folder with a long näme for a test`)) })
	instance(t, p, home)
	form(t, home+`\in`, "L-1")
	delivered(t, home+`\out`, "L-1")
}

// TestReboot cuts the power: all processes of this Windows are killed at once. The service starts with the
// machine and has what was accepted.
func TestReboot(t *testing.T) {
	need(t)
	p, home := program(t), `C:\rebooted`
	instance(t, p, home)
	form(t, home+`\in`, "K-1")
	delivered(t, home+`\out`, "K-1")
	w.kill()
	form(t, home+`\in`, "K-2")
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the service starts with the machine", func() bool { return strings.HasPrefix(state(t, "inbasket"), "state 4") })
	delivered(t, home+`\out`, "K-1", "K-2")
	form(t, home+`\in`, "K-1")
	eventually(t, "the form that is known is taken away", func() bool { return !there(home + `\in\K-1.json`) })
	delivered(t, home+`\out`, "K-1", "K-2")
}

// TestSecret seals a secret by DPAPI, runs an agent that needs it, and looks for it in every file.
func TestSecret(t *testing.T) {
	need(t)
	p, home := program(t), `C:\sealed`
	canary := "whsec_" + base64.StdEncoding.EncodeToString([]byte("a canary that nobody may find"))
	agentAt(t, home)
	t.Cleanup(func() {
		_, _, _ = run(t, p, "service", "uninstall")
		_ = os.RemoveAll(w.host(home))
	})
	change(t, home+`\inbasket.yaml`, "routes:", "front-offices:\n  portal: {tokens: [\""+strings.Repeat("0", 64)+"\"], webhook: {url: \"https://portal.example/hook\", secret: \"${dpapi:hook}\"}}\nroutes:")
	if _, complaint, code := run(t, p, "service", "install", "--config", home+`\inbasket.yaml`); code != 78 || !strings.Contains(complaint, "hook") {
		t.Errorf("without the secret install ended with %d and says:\n%s", code, complaint)
	}
	set := w.command(t.Context(), p, "secret", "set", "hook", "--config", home+`\inbasket.yaml`)
	set.Stdin = strings.NewReader(canary + "\n")
	said := file(t)
	set.Stdout, set.Stderr = said, said
	if err := set.Run(); err != nil {
		t.Fatalf("secret set: %v\n%s", err, text(t, said))
	}
	ok(t, p, "service", "install", "--config", home+`\inbasket.yaml`)
	wantState(t, "inbasket", "state 4")
	err := filepath.WalkDir(w.host(home), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), canary) {
			t.Errorf("the secret stands in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

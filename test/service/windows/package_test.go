//go:build !windows

package windows

import (
	"os"
	"strings"
	"testing"
)

// TestPackage is the life of an installation: install, deliver, upgrade while forms wait, refuse a downgrade,
// stop, remove. Nothing is lost or doubled, and what people wrote stays.
func TestPackage(t *testing.T) {
	need(t)
	clean(t)
	in, out := data+`\state\example\in`, data+`\state\example\out`

	if code := msiexec(t, "/i", `C:\inbasket-`+older+`.msi`); code != 0 {
		t.Fatalf("the installation ended with %d\n%s", code, tail(w.host(data+`\log\install.log`)))
	}
	wantState(t, "inbasket", "state 4")
	form(t, in, "A-1")
	delivered(t, out, "A-1")

	t.Run("as a service should be", func(t *testing.T) {
		definition := ctl(t, "definition", "inbasket")
		for _, want := range []string{`account NT SERVICE\inbasket`, "start 2", "preshutdown 20000", "description Takes e-forms",
			`command "C:\Program Files\Inbasket\inbasket.exe" run --service inbasket --config C:\ProgramData\Inbasket\inbasket.yaml`} {
			if !strings.Contains(definition, want) {
				t.Errorf("without %q:\n%s", want, definition)
			}
		}
		if got := ctl(t, "source", "inbasket"); got != `%SystemRoot%\System32\EventCreate.exe 7` {
			t.Errorf("event source: %s", got)
		}
		// Stop 1, paramchange 8, preshutdown 256.
		if got := state(t, "inbasket"); !strings.Contains(got, "accepts 0x109") {
			t.Errorf("it takes other orders: %s", got)
		}
		if log := read(t, w.host(data+`\log\install.log`)); !strings.Contains(log, "close C:\\ProgramData\\Inbasket to all but the service") {
			t.Errorf("install.log does not tell of the rights:\n%s", log)
		}
	})

	change(t, data+`\inbasket.yaml`, "agency: My agency", "agency: Bauamt Köln") // upgrades leave it alone
	ok(t, exe, "service", "stop")
	for _, r := range references("B", 20) {
		form(t, in, r)
	}
	ok(t, exe, "service", "start")
	if code := msiexec(t, "/i", `C:\inbasket-`+newer+`.msi`); code != 0 {
		t.Fatalf("the upgrade ended with %d\n%s", code, tail(w.host(data+`\log\install.log`)))
	}
	if got := ok(t, exe, "version"); !strings.Contains(got, newer) {
		t.Errorf("version %s", got)
	}
	wantState(t, "inbasket", "state 4")
	all := append([]string{"A-1"}, references("B", 20)...)
	delivered(t, out, all...)
	if got := ok(t, exe, "status"); !strings.Contains(got, "Bauamt Köln") || !strings.Contains(got, newer) {
		t.Errorf("status:\n%s", got)
	}

	if code := msiexec(t, "/i", `C:\inbasket-`+older+`.msi`); code != failed {
		t.Errorf("the downgrade ended with %d, want %d", code, failed)
	}
	if got := ok(t, exe, "version"); !strings.Contains(got, newer) {
		t.Errorf("after the refused downgrade: version %s", got)
	}
	wantState(t, "inbasket", "state 4")

	ok(t, exe, "service", "stop")
	wantState(t, "inbasket", "state 1")
	if code := msiexec(t, "/x", `C:\inbasket-`+newer+`.msi`); code != 0 {
		t.Fatalf("the removal ended with %d", code)
	}
	wantState(t, "inbasket", "none")
	if _, _, code := run(t, `C:\ctl.exe`, "source", "inbasket"); code == 0 {
		t.Error("the event source is still there")
	}
	if there(`C:\Program Files\Inbasket\inbasket.exe`) {
		t.Error("the program is still there")
	}
	for _, kept := range []string{`\inbasket.yaml`, `\mappings\contact.yaml`, `\state\journal\journal.db`, `\log\install.log`} {
		if !there(data + kept) {
			t.Errorf("%s is gone", kept)
		}
	}

	t.Run("installed again", func(t *testing.T) { // what was accepted is known
		if code := msiexec(t, "/i", `C:\inbasket-`+newer+`.msi`); code != 0 {
			t.Fatalf("the installation ended with %d", code)
		}
		form(t, in, "A-1")
		eventually(t, "the form that is known is taken away", func() bool { return !there(in + `\A-1.json`) })
		delivered(t, out, all...)
	})
}

// TestSilent installs as a script does, with a configuration elsewhere, an address, and without a start.
func TestSilent(t *testing.T) {
	need(t)
	clean(t)
	home := `C:\Bürger Büro`
	t.Cleanup(func() { _ = os.RemoveAll(w.host(home)) })
	agentAt(t, home)
	if code := msiexec(t, "/i", `C:\inbasket-`+older+`.msi`, `CONFIG_FILE=`+home+`\inbasket.yaml`, "LISTEN=127.0.0.1:8499", "NOSTART=1"); code != 0 {
		t.Fatalf("the installation ended with %d\n%s", code, tail(w.host(data+`\log\install.log`)))
	}
	wantState(t, "inbasket", "state 1")
	if got := read(t, w.host(home+`\inbasket.yaml`)); !strings.Contains(got, `listen: {address: "127.0.0.1:8499"}`) {
		t.Errorf("the configuration has no address:\n%s", got)
	}
	if there(data + `\inbasket.yaml`) {
		t.Error("the example was written beside the given configuration")
	}
	ok(t, exe, "service", "start")
	form(t, home+`\in`, "S-1")
	delivered(t, home+`\out`, "S-1")
}

// TestRolledBack leaves nothing behind when the service cannot run, and says why.
func TestRolledBack(t *testing.T) {
	need(t)
	clean(t)
	write(t, `C:\wrong\inbasket.yaml`, "agency: X\nstate: state\ntargetz: {}\n")
	t.Cleanup(func() { _ = os.RemoveAll(w.host(`C:\wrong`)) })
	if code := msiexec(t, "/i", `C:\inbasket-`+older+`.msi`, `CONFIG_FILE=C:\wrong\inbasket.yaml`); code == 0 { // 1603 on Windows, 1627 in Wine
		t.Error("the installation ended well")
	}
	wantState(t, "inbasket", "none")
	log := read(t, w.host(data+`\log\install.log`))
	for _, want := range []string{`inbasket.yaml:3:1: unknown key "targetz"`, `did you mean "targets"?`} {
		if !strings.Contains(log, want) {
			t.Errorf("install.log does not say %q:\n%s", want, log)
		}
	}
}

// agentAt makes an agent in a folder: an in-basket, a drop folder and the starter's mapping.
func agentAt(t *testing.T, home string) {
	t.Helper()
	for _, dir := range []string{`\in`, `\out`} {
		if err := os.MkdirAll(w.host(home+dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, home+`\mappings\contact.yaml`, read(t, repo+"/agent/cmd/setup/starter/mappings/contact.yaml"))
	for _, sample := range []string{"typical.json", "wrong-date.json"} {
		write(t, home+`\mappings\samples\`+sample, read(t, repo+"/agent/cmd/setup/starter/mappings/samples/"+sample))
	}
	write(t, home+`\inbasket.yaml`, `agency: Bürgerbüro
state: state
monitor: off
inbaskets:
  forms: {folder: {path: in, match: "*.json", quiet: 1s, after: {move: done}}}
targets:
  drop: {folder: {path: out}, file: {name: "{reference}.csv"}}
routes:
  contact: {from: forms, mapping: mappings/contact.yaml}
`)
}

//go:build linux

package linux

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
)

// TestDoctorAsService looks with the account, the credentials and the sandbox of a real unit: with the agent running,
// and by systemd-run without it.
func TestDoctorAsService(t *testing.T) {
	wanted(t, "debootstrap", "systemd-nspawn", "nsenter", "script")
	m := newMachine(t)
	binary := filepath.Join(t.TempDir(), "inbasket")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", binary, "./agent/cmd/inbasket")
	build.Dir, build.Env = repo, append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m.bring(binary, "/usr/local/bin/inbasket")
	m.sh("chmod 755 /usr/local/bin/inbasket; inbasket new agent /etc/inbasket; mkdir -p /srv/forms /srv/out")
	m.sh(`useradd --system --shell /usr/sbin/nologin inbasket; chown inbasket /srv/forms /srv/out; cd /etc/inbasket;
		sed -i -e 's#path: in\b#path: /srv/forms#' -e 's#path: ./in\b#path: /srv/forms#' -e 's#path: out\b#path: /srv/out#' -e 's#path: ./out\b#path: /srv/out#' -e 's#^state:.*#state: /var/lib/inbasket#' inbasket.yaml; chmod 644 inbasket.yaml`)
	m.sh("inbasket service install")
	e := doctorOf(m, "--as-service")
	if !e.Inside || e.Account != "inbasket" || e.Worst() == control.LevelFail {
		t.Errorf("running: %+v", e)
	}
	// Diagnostics have what systemd's journal has of the service, and how it sees the unit.
	if out := m.sh("inbasket diagnostics --preview"); !strings.Contains(out, "--- log.json (") || !strings.Contains(out, `"message": "inbasket runs"`) || !strings.Contains(out, `"manager": "systemd"`) {
		t.Error(out)
	}
	// Stopped, and with its drop-in gone: the folder is the account's, and closed by the sandbox all the same.
	m.sh("inbasket service stop; rm -f /etc/systemd/system/inbasket.service.d/50-inbasket-paths.conf; systemctl daemon-reload")
	e = doctorOf(m, "--as-service")
	if !e.Inside || e.Account != "inbasket" {
		t.Errorf("looked as %q", e.Account)
	}
	for _, want := range []struct{ area, subject, code string }{
		{"folders", "contact-forms forms", "doctor.folder-closed"}, {"service", "inbasket", "doctor.service-drift"}, {"service", "inbasket", "doctor.service-stopped"},
	} {
		if !slices.ContainsFunc(e.Findings, func(f control.Finding) bool {
			return f.Area == want.area && f.Subject == want.subject && f.Code == want.code && f.Level == control.LevelFail
		}) {
			t.Errorf("%v is not found: %+v", want, e.Findings)
		}
	}
	// From outside root can do everything there: that is why --as-service is.
	if e := doctorOf(m, "--only", "folders"); e.Account != "root" || e.Worst() == control.LevelFail {
		t.Errorf("from outside: %+v", e)
	}
	m.sh("inbasket service install")
	if e := doctorOf(m, "--as-service", "--probe"); e.Worst() == control.LevelFail {
		t.Errorf("mended: %+v", e)
	}
	if left := m.sh("ls -A /srv/forms /srv/out"); left != "/srv/forms:\n\n/srv/out:" && left != "/srv/forms:\ndone\nerror\n\n/srv/out:" {
		t.Errorf("left behind: %s", left)
	}
}

// doctorOf asks doctor inside the machine, whatever it ends with.
func doctorOf(m *machine, flags ...string) (e control.Examination) {
	m.t.Helper()
	script := "inbasket doctor --json"
	for _, f := range flags {
		script += " " + f
	}
	out, _ := m.try(script)
	if err := json.Unmarshal([]byte(out), &e); err != nil {
		m.t.Fatalf("$ %s\n%v\n%s", script, err, out)
	}
	return e
}

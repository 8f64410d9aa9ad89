//go:build linux

package linux

import (
	"strings"
	"testing"
)

// TestSystemV and TestOpenRC are the life of a service on machines without systemd.
func TestSystemV(t *testing.T) { withoutSystemd(t, "sysv") }

// TestOpenRC is TestSystemV under another service manager.
func TestOpenRC(t *testing.T) { withoutSystemd(t, "openrc") }

func withoutSystemd(t *testing.T, kind string) {
	wanted(t, "debootstrap", "systemd-nspawn", "nsenter", "script")
	m := newMachineOf(t, kind)
	s := &scripted{noPackage{m: m}}
	for _, step := range []struct {
		name string
		run  func(*scripted)
	}{
		{"copy", func(s *scripted) { s.copy() }}, {"refused without rights", func(s *scripted) { s.refused() }},
		{"install", (*scripted).install}, {"mend", (*scripted).mend}, {"credential", (*scripted).credential}, {"killed", (*scripted).killed},
		{"wrong configuration", (*scripted).wrongConfig}, {"power cut", (*scripted).powerCut}, {"uninstall", (*scripted).uninstall},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			m.t = t
			step.run(s)
		}) {
			break
		}
	}
	m.t = t
}

// scripted is a service by a script in /etc/init.d.
type scripted struct{ noPackage }

// running is the agent's process; empty when there is none.
const running = `inbasket service status --json | sed -n 's/^ *"pid": \([0-9]*\).*/\1/p'`

func (s *scripted) install() {
	m := s.m
	m.sh("inbasket service install")
	s.o.send(20)
	s.o.settled()
	if out := m.sh("inbasket service install"); !strings.HasPrefix(out, "nothing to change\n") {
		m.t.Error(out)
	}
	if got := m.sh("stat -c %U /proc/$(" + running + ")"); got != "inbasket" {
		m.t.Errorf("it runs as %s", got)
	}
	if out := m.sh("inbasket service status"); !strings.Contains(out, "("+m.kind+")") || !strings.Contains(out, "starts\n") || strings.Contains(out, "differs") {
		m.t.Error(out)
	}
	m.sh("/etc/init.d/inbasket status && /etc/init.d/inbasket reload")
}

func (s *scripted) mend() {
	m := s.m
	for _, harm := range []string{": > /etc/init.d/inbasket", "sed -i 's/ulimit/true/' /etc/init.d/inbasket", "inbasket service stop", "rm -f /etc/rc?.d/S??inbasket /etc/runlevels/*/inbasket"} {
		m.sh(harm)
		if out := m.sh("inbasket service install"); strings.Contains(out, "nothing to change") {
			m.t.Errorf("after %s: %s", harm, out)
		}
		if out := m.sh("inbasket service install; inbasket service status"); !strings.Contains(out, "nothing to change") || strings.Contains(out, "differs") {
			m.t.Errorf("after %s: %s", harm, out)
		}
	}
	s.o.send(3)
	s.o.settled()
}

// credential: what systemd would hand over, the script does.
func (s *scripted) credential() {
	m := s.m
	m.sh(`cd /etc/inbasket && cp -p inbasket.yaml right.yaml && printf geheim > credentials/register && chmod 600 credentials/register
		sed -i 's#^targets:#targets:\n  far: {postgres: {host: 127.0.0.1, database: r, user: u, password: "${credential:register}"}}#' inbasket.yaml`)
	m.sh("inbasket service install && inbasket service restart")
	if got := m.sh("stat -c '%a %U' /run/inbasket/credentials /run/inbasket/credentials/register; runuser -u nobody -- cat /run/inbasket/credentials/register 2>&1 || true"); !strings.HasPrefix(got, "500 inbasket\n400 inbasket\n") || strings.Contains(got, "geheim") {
		m.t.Error(got)
	}
	m.sh("mv /etc/inbasket/right.yaml /etc/inbasket/inbasket.yaml && inbasket service restart")
	s.o.send(1)
	s.o.settled()
}

func (s *scripted) killed() {
	s.o.during(func() {
		before := s.m.sh(running)
		s.m.sh("kill -KILL " + before)
		s.m.await("yes", "pid=$("+running+"); [ -n \"$pid\" ] && [ \"$pid\" != "+before+" ] && inbasket status >/dev/null && echo yes")
	})
	s.o.settled()
}

func (s *scripted) wrongConfig() {
	m := s.m
	m.sh("cd /etc/inbasket && cp -p inbasket.yaml right.yaml && echo 'agenzy: x' >> inbasket.yaml && inbasket service stop")
	if out, code := m.fails("inbasket service start"); code != 78 || !strings.Contains(out, "agenzy") || strings.Contains(out, `"ready"`) {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	if out, code := m.fails("inbasket service status"); code != 69 || !strings.Contains(out, "78") {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	m.sh("mv /etc/inbasket/right.yaml /etc/inbasket/inbasket.yaml && inbasket service start")
}

func (s *scripted) powerCut() {
	s.o.during(func() { s.m.sh("sleep 0.5") })
	s.m.cut()
	s.m.boot()
	s.m.await("0", "inbasket service status >/dev/null; echo $?")
	s.o.settled()
}

func (s *scripted) uninstall() {
	m := s.m
	out := m.sh("inbasket service uninstall")
	for _, kept := range []string{"configuration /etc/inbasket/inbasket.yaml", "state folder /var/lib/inbasket", "account inbasket"} {
		if !strings.Contains(out, "kept: "+kept) {
			m.t.Errorf("%q is not in\n%s", kept, out)
		}
	}
	if got := m.sh("ls -d /etc/init.d/inbasket /etc/rc?.d/*inbasket /etc/runlevels/*/inbasket /etc/logrotate.d/inbasket 2>/dev/null; pgrep -x inbasket; test -f /var/lib/inbasket/journal/journal.db && echo kept"); got != "kept" {
		m.t.Error(got)
	}
	if out, code := m.fails("inbasket service uninstall"); code != 69 {
		m.t.Errorf("exit code %d: %s", code, out)
	}
}

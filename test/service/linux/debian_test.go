//go:build linux

package linux

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDebian is the life of one installation on one machine; every step stands on those before it.
func TestDebian(t *testing.T) {
	wanted(t, "debootstrap", "systemd-nspawn", "nsenter", "script")
	m := newMachine(t)
	for _, version := range []string{older, newer} {
		m.bring(one(t, packages.of(t, version), "*.deb"), "/root/"+version+".deb")
	}
	l := &life{m: m}
	for _, step := range []struct {
		name string
		run  func(*life)
	}{
		{"install", (*life).install}, {"first form", (*life).firstForm}, {"unit", (*life).unit},
		{"folders", (*life).folders}, {"credentials", (*life).credentials}, {"killed", (*life).killed},
		{"stopped feeding the watchdog", (*life).watchdog}, {"reload", (*life).reload},
		{"wrong configuration", (*life).wrongConfig}, {"upgrade while forms flow", (*life).upgrade},
		{"upgrade that does not fit", (*life).upgradeRefused}, {"second instance", (*life).second},
		{"reboot", (*life).reboot}, {"power cut", (*life).powerCut}, {"remove", (*life).remove},
		{"purge with open submissions", (*life).purgeOpen}, {"purge", (*life).purge},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			m.t = t
			step.run(l)
		}) {
			break
		}
	}
	m.t = t
}

// life is what the steps hand on.
type life struct {
	m *machine
	o *office
}

func (l *life) install() {
	m := l.m
	m.sh("dpkg -i /root/" + older + ".deb")
	for property, want := range map[string]string{"ActiveState": "active", "SubState": "running", "UnitFileState": "enabled", "NRestarts": "0", "User": "inbasket"} {
		if got := m.show("inbasket", property); got != want {
			m.t.Errorf("%s is %s", property, got)
		}
	}
	if got := m.sh("inbasket version"); !strings.HasPrefix(got, "inbasket "+older+" ") {
		m.t.Error(got)
	}
	m.sh("runuser -u inbasket -- inbasket check --connect")
	// Configuration, secrets and data are the agent's and root's alone.
	want := "750 root:inbasket /etc/inbasket\n640 root:inbasket /etc/inbasket/inbasket.yaml\n700 root:root /etc/inbasket/credentials\n" +
		"750 root:inbasket /etc/inbasket/mappings/samples\n710 inbasket:inbasket /var/lib/inbasket"
	if got := m.sh("stat -c '%a %U:%G %n' /etc/inbasket /etc/inbasket/inbasket.yaml /etc/inbasket/credentials /etc/inbasket/mappings/samples /var/lib/inbasket"); got != want {
		m.t.Error(got)
	}
	if got, code := m.fails("runuser -u nobody -- inbasket status"); code != 78 || !strings.Contains(got, "the configuration cannot be read: permission denied") {
		m.t.Errorf("exit code %d: %s", code, got)
	}
	if got := m.sh("dpkg --verify inbasket; dpkg --audit"); got != "" {
		m.t.Error(got)
	}
	m.sh("test -s /usr/share/bash-completion/completions/inbasket && bash -n /usr/share/bash-completion/completions/inbasket")
	if got := m.sh("dpkg -L inbasket | grep -c '/man[15]/inbasket'"); len(got) < 2 {
		m.t.Errorf("only %s manual pages", got)
	}
}

// firstForm is what the comments of the packaged configuration promise.
func (l *life) firstForm() {
	l.m.sh("cp /etc/inbasket/mappings/samples/typical.json /var/lib/inbasket/example/in/")
	l.m.await("REFERENCE;SURNAME;BORN;TEXT\r\nC-1;MÜLLER;29.02.1980;Please call me back.", "cat /var/lib/inbasket/example/out/C-1.csv")
	l.m.await("1", "inbasket list --state closed --json | grep -c '\"id\"'")
}

// unit has systemd judge the unit where it is installed.
func (l *life) unit() {
	if got := l.m.sh("systemd-analyze verify --man=no inbasket.service 2>&1"); got != "" {
		l.m.t.Error(got)
	}
	l.score("inbasket")
	if got := l.m.sh("journalctl --no-pager -o cat -u inbasket | grep '\"level\":\"\\(warn\\|error\\)\"' || true"); got != "" {
		l.m.t.Error(got)
	}
}

// score looks how exposed a unit is; 1.5 of 10 is what was promised.
func (l *life) score(unit string) {
	l.m.t.Helper()
	out := l.m.sh("systemd-analyze security --no-pager " + unit + ".service")
	score := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(out)
	if score == nil {
		l.m.t.Fatal(out)
	}
	if level, err := strconv.ParseFloat(score[1], 64); err != nil || level > 1.5 {
		l.m.t.Errorf("exposure %s\n%s", score[1], out)
	}
	l.m.t.Log(score[0])
}

// folders: what the configuration names outside of the state folder stays writable.
func (l *life) folders() {
	m := l.m
	l.o = newOffice(m)
	m.sh("systemctl restart inbasket")
	l.o.send(1)
	// The unit keeps the agent from writing to /srv. It goes on, and doctor names the line.
	if out, _ := m.try("inbasket doctor"); !strings.Contains(out, "ReadWritePaths=-/srv/forms") {
		m.t.Errorf("doctor does not name the missing line:\n%s", out)
	}
	m.sh("inbasket service install")
	for _, dir := range []string{"/srv/forms", "/srv/paper", "/srv/register"} {
		if got := m.show("inbasket", "ReadWritePaths"); !strings.Contains(got, dir) {
			m.t.Errorf("ReadWritePaths are %s", got)
		}
	}
	l.o.settled()
	l.o.send(50)
	l.o.settled()
	before := m.show("inbasket", "MainPID")
	if got := m.sh("inbasket service install"); m.show("inbasket", "MainPID") != before {
		m.t.Errorf("a second install restarts the agent: %s", got)
	}
	for _, command := range []string{"inbasket doctor", "inbasket doctor --as-service"} {
		if out, err := m.try(command); err != nil {
			m.t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
	l.score("inbasket")
}

const portal = `front-offices:
  portal:
    webhook: {url: "https://portal.invalid/hook", secret: "${credential:hook}"}
`

// credentials: a file in the folder of credentials is a secret by its name, which only root can read on disk.
func (l *life) credentials() {
	m := l.m
	m.sh(`(umask 077; echo whsec_Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWltZ2VoZWlt >/etc/inbasket/credentials/hook)`)
	m.write("/etc/inbasket/conf.d/portal.yaml", portal)
	m.sh("systemctl restart inbasket")
	if pid := m.show("inbasket", "MainPID"); !strings.Contains(m.sh("tr '\\0' '\\n' </proc/"+pid+"/environ"), "CREDENTIALS_DIRECTORY=") {
		m.t.Error("the agent has no credentials")
	}
	m.sh("! runuser -u inbasket -- cat /etc/inbasket/credentials/hook 2>/dev/null")
	m.sh("! journalctl -u inbasket | grep Z2VoZWlt && ! grep -r Z2VoZWlt /run/systemd/units /etc/systemd /var/lib/inbasket")
	// Without the file it is a wrong configuration, and the reason names it.
	m.sh("rm /etc/inbasket/credentials/hook")
	m.fails("systemctl restart inbasket")
	if got := m.show("inbasket", "ExecMainStatus"); got != "78" || !strings.Contains(m.journal("inbasket"), "hook") {
		m.t.Errorf("exit code %s\n%s", got, m.journal("inbasket"))
	}
	m.sh("rm /etc/inbasket/conf.d/portal.yaml; systemctl reset-failed inbasket; systemctl restart inbasket")
}

// killed: kill -9 while forms flow.
func (l *life) killed() {
	const times = 2
	for range times {
		before := l.m.show("inbasket", "MainPID")
		l.o.during(func() {
			time.Sleep(300 * time.Millisecond)
			l.m.sh("kill -9 " + before)
			l.m.await("active", `[ "$(systemctl show --value -p MainPID inbasket)" != `+before+` ] && systemctl is-active inbasket`)
			time.Sleep(300 * time.Millisecond)
		})
	}
	if got := l.m.show("inbasket", "NRestarts"); got != fmt.Sprint(times) {
		l.m.t.Errorf("restarted %s times", got)
	}
	l.o.settled()
}

// watchdog: an agent that stands still is killed and started again.
func (l *life) watchdog() {
	m := l.m
	if got := m.show("inbasket", "WatchdogUSec"); got != "1min" {
		m.t.Errorf("the watchdog waits for %s", got)
	}
	m.sh("mkdir -p /run/systemd/system/inbasket.service.d && printf '[Service]\\nWatchdogSec=5\\n' >/run/systemd/system/inbasket.service.d/test.conf && systemctl daemon-reload && systemctl restart inbasket")
	l.o.send(20)
	l.o.settled()
	time.Sleep(11 * time.Second) // two periods: an agent without work feeds it as well
	if got := m.show("inbasket", "NRestarts"); got != "0" {
		m.t.Fatalf("an idle agent was restarted %s times\n%s", got, m.journal("inbasket"))
	}
	before := m.show("inbasket", "MainPID")
	m.sh("kill -STOP " + before)
	l.o.send(20)
	m.await("active", `[ "$(systemctl show --value -p MainPID inbasket)" != `+before+` ] && systemctl is-active inbasket`)
	m.await("1", "systemctl show --value -p NRestarts inbasket")
	m.sh("journalctl --no-pager -o cat -u inbasket | grep -q 'Watchdog timeout'")
	l.o.settled()
	m.sh("rm -r /run/systemd/system/inbasket.service.d && systemctl daemon-reload && systemctl restart inbasket")
}

func (l *life) reload() {
	m := l.m
	before := m.show("inbasket", "MainPID")
	m.sh("sed -i 's/Bauamt Musterstadt/Bauamt Neustadt/' /etc/inbasket/inbasket.yaml && systemctl reload inbasket")
	m.await("1", "inbasket status | grep -c 'Bauamt Neustadt'")
	m.sh("sed -i 's/Bauamt Neustadt/Bauamt Musterstadt/' /etc/inbasket/inbasket.yaml && kill -HUP " + before)
	m.await("1", "inbasket status | grep -c 'Bauamt Musterstadt'")
	m.sh("echo 'agenzy: x' >>/etc/inbasket/inbasket.yaml")
	m.fails("systemctl reload inbasket")
	if got := m.show("inbasket", "MainPID"); got != before {
		m.t.Errorf("process %s became %s", before, got)
	}
	l.o.send(1)
	l.o.settled()
}

// wrongConfig: the agent says why, ends with 78, and is not started again and again.
func (l *life) wrongConfig() {
	m := l.m
	m.fails("systemctl restart inbasket")
	for property, want := range map[string]string{"ActiveState": "failed", "ExecMainStatus": "78", "NRestarts": "0"} {
		if got := m.show("inbasket", property); got != want {
			m.t.Errorf("%s is %s", property, got)
		}
	}
	journal := m.journal("inbasket")
	for _, want := range []string{"unknown key \"agenzy\"", "inbasket.yaml:"} {
		if !strings.Contains(journal, want) {
			m.t.Errorf("the journal does not say %q:\n%s", want, journal)
		}
	}
	time.Sleep(4 * time.Second) // longer than RestartSec
	if got := m.show("inbasket", "ActiveState"); got != "failed" {
		m.t.Errorf("it is %s again", got)
	}
	l.o.send(3)
	m.sh("sed -i '/agenzy/d' /etc/inbasket/inbasket.yaml && systemctl start inbasket")
	l.o.settled()
}

// upgrade: nothing is lost or doubled while forms flow.
func (l *life) upgrade() {
	m := l.m
	before := m.show("inbasket", "MainPID")
	config := m.sh("sha256sum /etc/inbasket/inbasket.yaml")
	l.o.during(func() {
		time.Sleep(200 * time.Millisecond)
		m.sh("dpkg -i --force-confold /root/" + newer + ".deb")
		time.Sleep(200 * time.Millisecond)
	})
	l.o.settled()
	if m.show("inbasket", "MainPID") == before || m.show("inbasket", "NRestarts") != "0" {
		m.t.Errorf("process %s, restarts %s", before, m.show("inbasket", "NRestarts"))
	}
	if got := m.sh("inbasket status"); !strings.Contains(got, "version "+newer) {
		m.t.Error(got)
	}
	if got := m.sh("sha256sum /etc/inbasket/inbasket.yaml; ls /etc/inbasket"); !strings.HasPrefix(got, config) || strings.Contains(got, "dpkg") {
		m.t.Errorf("the configuration became %s", got)
	}
	// Back to the older program on the same journal, and up again: a service that was stopped stays stopped.
	m.sh("systemctl stop inbasket && dpkg -i /root/" + older + ".deb && dpkg -i /root/" + newer + ".deb")
	if got := m.show("inbasket", "ActiveState"); got != "inactive" {
		m.t.Errorf("a stopped service is %s after an upgrade", got)
	}
	m.sh("systemctl start inbasket")
}

// upgradeRefused: a configuration that the new version would refuse leaves the old version running.
func (l *life) upgradeRefused() {
	m := l.m
	before := m.show("inbasket", "MainPID")
	m.sh("echo 'agenzy: x' >>/etc/inbasket/inbasket.yaml")
	out, _ := m.fails("dpkg -i /root/" + older + ".deb")
	if !strings.Contains(out, "agenzy") || !strings.Contains(out, "dpkg --configure -a") {
		m.t.Errorf("dpkg does not tell why: %s", out)
	}
	l.o.send(5)
	l.o.settled()
	if got := m.show("inbasket", "MainPID"); got != before {
		m.t.Error("the agent was restarted")
	}
	m.sh("sed -i '/agenzy/d' /etc/inbasket/inbasket.yaml && dpkg --configure -a")
	// The same holds for a program that is too old for the journal.
	const journal = "runuser -u inbasket -- sqlite3 /var/lib/inbasket/journal/journal.db "
	before = m.show("inbasket", "MainPID")
	version := m.sh(journal + "'pragma user_version'")
	m.sh(journal + "'pragma user_version=99'")
	if out, _ := m.fails("dpkg -i /root/" + newer + ".deb"); !strings.Contains(out, "newer") || m.show("inbasket", "MainPID") != before {
		m.t.Errorf("dpkg does not tell why: %s", out)
	}
	m.sh(journal + "'pragma user_version=" + version + "' && dpkg --configure -a")
	if got := m.sh("inbasket status"); !strings.Contains(got, "version "+newer) {
		m.t.Error(got)
	}
	l.o.settled()
}

const secondConfig = `agency: Standesamt
state: /var/lib/inbasket-second
monitor: off
inbaskets:
  in: {folder: {path: /srv/second/in, quiet: 0s}}
targets:
  drop: {folder: {path: /srv/second/out}, file: {name: "{reference}.csv"}}
routes:
  contact: {from: in, mapping: mappings/contact.yaml}
`

// second: a further instance beside the packaged one.
func (l *life) second() {
	m := l.m
	m.write("/etc/inbasket/second/inbasket.yaml", secondConfig)
	m.sh(`install -d /etc/inbasket/second/mappings /srv/second
		install -d -o inbasket -g inbasket /srv/second/in /srv/second/out
		cp -r /etc/inbasket/mappings/contact.yaml /etc/inbasket/mappings/samples /etc/inbasket/second/mappings/
		chgrp -R inbasket /etc/inbasket/second
		inbasket service install --name second`)
	m.sh("install -m 0644 /etc/inbasket/mappings/samples/typical.json /srv/second/in/")
	m.await("C-1.csv", "ls /srv/second/out")
	if got := m.sh("systemctl is-active inbasket inbasket-second"); got != "active\nactive" {
		m.t.Error(got)
	}
	l.score("inbasket-second")
	// An upgrade restarts both.
	first, second := m.show("inbasket", "MainPID"), m.show("inbasket-second", "MainPID")
	m.sh("dpkg -i /root/" + newer + ".deb")
	if m.show("inbasket", "MainPID") == first || m.show("inbasket-second", "MainPID") == second {
		m.t.Error("an upgrade leaves an instance on the old program")
	}
}

func (l *life) reboot() {
	l.o.send(30)
	l.m.off()
	l.o.send(30) // a scanner or a share goes on while the machine is down
	l.m.boot()
	l.m.await("active\nactive", "systemctl is-active inbasket inbasket-second")
	l.o.settled()
}

// powerCut ends every process of the machine at once, while forms flow.
func (l *life) powerCut() {
	l.o.during(func() {
		time.Sleep(400 * time.Millisecond)
		l.m.cut()
	})
	l.m.boot()
	l.o.settled()
}

func (l *life) remove() {
	m := l.m
	m.sh("inbasket service uninstall --name second")
	l.o.send(3)
	m.sh("dpkg -r inbasket")
	if got := m.sh("ls /usr/bin/inbasket /usr/lib/systemd/system/inbasket.service 2>/dev/null; systemctl is-active inbasket || true"); got != "inactive" {
		m.t.Error(got)
	}
	m.sh("test -s /etc/inbasket/inbasket.yaml -a -s /var/lib/inbasket/journal/journal.db")
	m.sh("dpkg -i /root/" + newer + ".deb && systemctl is-active inbasket")
	l.o.settled()
}

// purgeOpen: what is not delivered and decided is not thrown away, and can be finished later.
func (l *life) purgeOpen() {
	m := l.m
	m.sh("inbasket pause paper")
	l.o.send(2)
	m.await(fmt.Sprint(l.o.n), `runuser -u inbasket -- sqlite3 /srv/register/register.db 'select count(*) from PERMIT'`)
	out := m.sh("dpkg -P inbasket 2>&1")
	if !strings.Contains(out, "/var/lib/inbasket stays") {
		m.t.Errorf("purge does not say what it keeps: %s", out)
	}
	m.sh("test -s /var/lib/inbasket/journal/journal.db -a -s /etc/inbasket/before-purge/inbasket.yaml")
	// Installed again with its old configuration it goes on where it was.
	m.sh("dpkg -i /root/" + newer + ".deb && cp -r /etc/inbasket/before-purge/. /etc/inbasket/ && chgrp -R inbasket /etc/inbasket && inbasket service install && systemctl restart inbasket && inbasket resume paper")
	l.o.settled()
}

// purge: nothing is left when nothing is open.
func (l *life) purge() {
	m := l.m
	for _, state := range []string{"accepted", "delivered", "decided", "parked"} {
		m.await("[]", "inbasket list --json --state "+state)
	}
	m.sh("dpkg -r inbasket")
	out := m.sh("dpkg -P inbasket 2>&1")
	// The second instance's configuration and journal are not this package's.
	if got := m.sh("ls -d /etc/inbasket/* /var/lib/inbasket* /etc/systemd/system/*inbasket* /etc/systemd/system/multi-user.target.wants/inbasket* 2>/dev/null || true"); got != "/etc/inbasket/second\n/var/lib/inbasket-second" {
		m.t.Errorf("left: %s\n%s", got, out)
	}
	if got := m.sh("systemctl list-units --plain --no-legend 'inbasket*'; dpkg -l inbasket 2>/dev/null | grep '^.i' || true"); got != "" {
		m.t.Error(got)
	}
	// What was delivered is the legacy system's.
	if got := m.sh(`ls /srv/paper | wc -l`); got != fmt.Sprint(l.o.n) {
		m.t.Errorf("%s files in the drop folder", got)
	}
}

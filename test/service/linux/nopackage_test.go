//go:build linux

package linux

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestWithoutPackage is the life of a service that was made by "inbasket service" out of the tarball.
func TestWithoutPackage(t *testing.T) {
	wanted(t, "debootstrap", "systemd-nspawn", "nsenter", "script")
	m := newMachine(t)
	n := &noPackage{m: m}
	for _, step := range []struct {
		name string
		run  func(*noPackage)
	}{
		{"copy", (*noPackage).copy}, {"refused without rights", (*noPackage).refused}, {"install", (*noPackage).install},
		{"mend", (*noPackage).mend}, {"drop-in", (*noPackage).dropIn}, {"killed", (*noPackage).killed},
		{"wrong configuration", (*noPackage).wrongConfig}, {"undone", (*noPackage).undone}, {"second instance", (*noPackage).second},
		{"reboot", (*noPackage).reboot}, {"uninstall", (*noPackage).uninstall},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			m.t = t
			step.run(n)
		}) {
			break
		}
	}
	m.t = t
}

// noPackage is what the steps hand on.
type noPackage struct {
	m *machine
	o *office
}

// left is everything that an installation makes.
const left = `(find /etc/systemd/system /etc/inbasket /var/lib -name '*inbasket*' -printf '%p %m %u:%g %s\n'; find /etc/systemd/system -type l; getent passwd | grep -c inbasket) | sort`

func (n *noPackage) copy() {
	m := n.m
	m.bring(one(m.t, packages.of(m.t, newer), "*.tar.gz"), "/root/inbasket.tar.gz")
	m.sh(`tar -xzf inbasket.tar.gz && install -m 755 "$(find . -type f -name inbasket -perm -100 | head -1)" /usr/local/bin/inbasket && inbasket version`)
	m.sh("inbasket new agent /etc/inbasket")
	if out, code := m.fails("inbasket service status"); code != 69 || !strings.Contains(out, "is not installed") {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	if out, code := m.fails("cp /usr/local/bin/inbasket /tmp/ && /tmp/inbasket service install"); code != 1 || !strings.Contains(out, "[service.program]") && !strings.Contains(out, "service.program") {
		m.t.Errorf("a program in /tmp: exit code %d: %s", code, out)
	}
	if out, code := m.fails("runuser -u nobody -- inbasket service stop --config /etc/inbasket/inbasket.yaml"); code != 77 {
		m.t.Errorf("exit code %d: %s", code, out)
	}
}

// refused: the account may not write into the folders yet. It is told where, and only the account stays.
func (n *noPackage) refused() {
	m := n.m
	m.write("/etc/inbasket/inbasket.yaml", officeConfig)
	m.write("/etc/inbasket/mappings/permit.yaml", officeMapping)
	m.sh("chmod 640 /etc/inbasket/inbasket.yaml; mkdir -p /srv/forms /srv/register /srv/paper")
	before := m.sh(left)
	out, code := m.fails("inbasket service install")
	if code != 78 || !strings.Contains(out, "/srv/forms (inbaskets.permits): permission denied") || !strings.Contains(out, "config.as-account") {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	m.sh("id inbasket && userdel inbasket")
	if after := m.sh(left); after != before {
		m.t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	m.fails("inbasket service install") // makes the account again
	n.o = newOffice(m)
}

func (n *noPackage) install() {
	m := n.m
	if out := m.sh("inbasket service install --dry-run"); !strings.Contains(out, "ReadWritePaths=-/srv/forms") || !strings.Contains(out, "Install would:") {
		m.t.Error(out)
	}
	m.sh("inbasket service install")
	for property, want := range map[string]string{"ActiveState": "active", "UnitFileState": "enabled", "User": "inbasket", "Type": "notify"} {
		if got := m.show("inbasket", property); got != want {
			m.t.Errorf("%s is %s", property, got)
		}
	}
	n.o.send(20)
	n.o.settled()
	if out := m.sh("inbasket service install"); !strings.HasPrefix(out, "nothing to change\n") {
		m.t.Error(out)
	}
	if out := m.sh("systemd-analyze verify --man=no inbasket.service 2>&1"); out != "" {
		m.t.Error(out)
	}
	(&life{m: m}).score("inbasket")
	if out := m.sh("inbasket service status"); strings.Contains(out, "differs") || !strings.Contains(out, "running (process ") {
		m.t.Error(out)
	}
}

// mend: whatever was done to the service, a second install puts it right.
func (n *noPackage) mend() {
	m := n.m
	unit := "/etc/systemd/system/inbasket.service"
	for _, harm := range []string{
		": > " + unit, "sed -i s/Type=notify/Type=simple/ " + unit, "rm -r " + unit + ".d", "systemctl disable inbasket", "systemctl stop inbasket",
	} {
		m.sh(harm)
		if out := m.sh("inbasket service install"); strings.Contains(out, "nothing to change") {
			m.t.Errorf("after %s: %s", harm, out)
		}
		if out := m.sh("inbasket service install; inbasket service status"); !strings.Contains(out, "nothing to change") || strings.Contains(out, "differs") {
			m.t.Errorf("after %s: %s", harm, out)
		}
	}
	n.o.send(3)
	n.o.settled()
}

// dropIn opens a folder that is new in the configuration, below /home and behind a link.
func (n *noPackage) dropIn() {
	m := n.m
	m.sh(`mkdir -p '/home/amt/Ausgang 100%' && chown inbasket '/home/amt/Ausgang 100%' && mv /srv/paper/* '/home/amt/Ausgang 100%/' && rmdir /srv/paper
		ln -s '/home/amt/Ausgang 100%' /srv/paper && systemctl restart inbasket`)
	out := m.sh("inbasket service status")
	if !strings.Contains(out, `BindPaths="-/home/amt/Ausgang 100%%"`) || !strings.Contains(out, "ProtectHome=tmpfs") {
		m.t.Error(out)
	}
	n.o.send(1)
	m.await("1", "inbasket status | grep -c 'service drop-in'") // the failing folder names the command
	m.sh("inbasket service drop-in --write && inbasket service restart")
	n.o.settled()
}

func (n *noPackage) killed() {
	n.o.during(func() {
		for range 3 {
			before := n.m.show("inbasket", "MainPID")
			n.m.sh("kill -KILL " + before)
			n.m.await("yes", `pid=$(systemctl show --value -p MainPID inbasket); [ "$pid" != 0 ] && [ "$pid" != `+before+` ] && systemctl is-active -q inbasket && echo yes`)
		}
	})
	n.o.settled()
}

// wrongConfig: what runs is left alone; what was stopped tells why it does not start.
func (n *noPackage) wrongConfig() {
	m := n.m
	m.sh("cd /etc/inbasket && cp -p inbasket.yaml right.yaml && echo 'agenzy: x' >> inbasket.yaml")
	before := m.show("inbasket", "MainPID")
	if out, code := m.fails("inbasket service restart"); code != 78 || !strings.Contains(out, "left running") || m.show("inbasket", "MainPID") != before {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	m.sh("inbasket service stop")
	if out, code := m.fails("inbasket service start"); code != 78 || !strings.Contains(out, "agenzy") || !strings.Contains(out, "config.at-start") {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	if out, code := m.fails("inbasket service status"); code != 69 || !strings.Contains(out, "78") {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	m.sh("mv /etc/inbasket/right.yaml /etc/inbasket/inbasket.yaml && inbasket service start")
	n.o.send(1)
	n.o.settled()
}

// undone: an installation whose program does not run leaves nothing behind.
func (n *noPackage) undone() {
	m := n.m
	m.write("/opt/broken", "#!/bin/sh\n[ \"$1\" = run ] && { echo 'no library'; exit 3; }\nexec /usr/local/bin/inbasket \"$@\"\n")
	m.sh("chmod 755 /opt/broken && inbasket new agent /etc/inbasket/broken && cd /etc/inbasket/broken && chmod 777 in out && sed -i 's#./state#/var/lib/inbasket-broken#' inbasket.yaml && echo 'monitor: off' >> inbasket.yaml")
	before := m.sh(left)
	out, code := m.fails("inbasket service install --name broken --account amtlich --program /opt/broken")
	if code == 0 || !strings.Contains(out, "undone") {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	m.sh("! id amtlich || userdel amtlich; chgrp -R inbasket /etc/inbasket/broken")
	out, code = m.fails("inbasket service install --name broken --program /opt/broken")
	if code != 69 || !strings.Contains(out, "no library") || !strings.Contains(out, "undone") {
		m.t.Errorf("exit code %d: %s", code, out)
	}
	m.sh("chgrp -R root /etc/inbasket/broken")
	if after := m.sh(left); after != before {
		m.t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if got := m.show("inbasket", "ActiveState"); got != "active" {
		m.t.Errorf("the other instance is %s", got)
	}
}

// second runs another agent beside the first one, with paths that mean something to systemd.
func (n *noPackage) second() {
	m := n.m
	m.sh(`mkdir -p '/srv/Straßen & Wege/in' '/srv/Straßen & Wege/out' && chown inbasket '/srv/Straßen & Wege'/*
		inbasket new agent /etc/inbasket/roads && cd /etc/inbasket/roads
		sed -i -e 's#./state#/var/lib/inbasket-roads#' -e 's#./in,#"/srv/Straßen \& Wege/in",#' -e 's#./out#"/srv/Straßen \& Wege/out"#' inbasket.yaml
		echo 'monitor: off' >> inbasket.yaml`)
	m.sh("inbasket service install --name roads")
	m.sh(`install -m 644 /etc/inbasket/roads/mappings/samples/typical.json '/srv/Straßen & Wege/in/'`)
	m.await("1", `ls '/srv/Straßen & Wege/out' | grep -c csv`)
	m.sh("inbasket service restart --name roads && inbasket service status --name roads && inbasket status --config /etc/inbasket/roads/inbasket.yaml")
	n.o.send(1)
	n.o.settled()
}

func (n *noPackage) reboot() {
	n.m.off()
	n.m.boot()
	for _, unit := range []string{"inbasket", "inbasket-roads"} {
		n.m.await("active", "systemctl is-active "+unit)
	}
	n.o.send(1)
	n.o.settled()
}

func (n *noPackage) uninstall() {
	m := n.m
	m.write("/etc/systemd/system/inbasket-roads.service.d/own.conf", "[Service]\nNice=5\n")
	for _, c := range []struct{ flag, config, state string }{
		{" --name roads", "/etc/inbasket/roads/inbasket.yaml", "/var/lib/inbasket-roads"}, {"", "/etc/inbasket/inbasket.yaml", "/var/lib/inbasket"},
	} {
		out := m.sh("inbasket service uninstall" + c.flag)
		for _, kept := range []string{"configuration " + c.config, "state folder " + c.state, "account inbasket"} {
			if !strings.Contains(out, "kept: "+kept) {
				m.t.Errorf("%q is not in\n%s", kept, out)
			}
		}
		m.sh(fmt.Sprintf("test -f %s && test -f %s", c.config, filepath.Join(c.state, "journal/journal.db")))
		if out, code := m.fails("inbasket service uninstall" + c.flag); code != 69 {
			m.t.Errorf("exit code %d: %s", code, out)
		}
	}
	if got := m.sh("find /etc/systemd/system -name '*inbasket*'; find /etc/systemd/system -type f -name own.conf; grep -sxl inbasket /proc/[0-9]*/comm || true"); got !=
		"/etc/systemd/system/inbasket-roads.service.d\n/etc/systemd/system/inbasket-roads.service.d/own.conf" {
		m.t.Error(got)
	}
}

package installer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// machine is a host whose files lie in a folder and whose commands are acted out.
type machine struct {
	t        *testing.T
	h        *host
	accounts map[string]int // name → uid
	enabled  map[string]bool
	active   map[string]bool
	stale    bool // files changed since daemon-reload
	owners   map[string]int
	orders   []string // what changes something, in order
	failAt   int      // the number of the order that fails, from 1; 0: none
	killAt   int      // the number of the order at which the installer is killed
	complain string   // what the probe of the configuration says; empty: all is well
	exit     string   // ExecMainStatus
	log      string   // the end of the log
	probed   func(env []string)
}

var errInjected = errors.New("it was made to fail")

func newMachine(t *testing.T) *machine {
	m := &machine{t: t, accounts: map[string]int{"root": 0}, enabled: map[string]bool{}, active: map[string]bool{}, owners: map[string]int{}}
	m.h = &host{root: t.TempDir(), run: m.run, runAs: m.runAs, chown: m.chown, owner: m.owner}
	for _, dir := range []string{"/etc/systemd/system", "/var/lib", "/run", "/etc/inbasket/in", "/opt", "/usr/sbin"} {
		m.mkdir(dir)
	}
	m.put("/opt/inbasket", "#!/bin/sh\n", 0o755)
	m.put("/etc/inbasket/inbasket.yaml", "agency: A\n", 0o640)
	m.put("/usr/sbin/nologin", "", 0o755)
	return m
}

func (m *machine) mkdir(p string) {
	if err := os.MkdirAll(m.h.path(p), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) put(p, text string, mode fs.FileMode) {
	m.mkdir(filepath.Dir(p))
	if err := os.WriteFile(m.h.path(p), []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

// order counts what changes something, and makes it fail when it is its turn.
func (m *machine) order(format string, args ...any) error {
	m.orders = append(m.orders, fmt.Sprintf(format, args...))
	if len(m.orders) == m.killAt {
		panic("killed")
	}
	if len(m.orders) == m.failAt {
		return errInjected
	}
	return nil
}

func (m *machine) chown(path string, uid, gid int) error {
	p, _ := filepath.Rel(m.h.root, path)
	if strings.HasPrefix(p, "run/") {
		return nil // what is lent for a moment has a name of its own each time
	}
	if err := m.order("chown /%s %d", p, gid); err != nil {
		return err
	}
	m.owners[p] = gid
	return nil
}

func (m *machine) owner(path string, _ fs.FileInfo) (uid, gid int) {
	p, _ := filepath.Rel(m.h.root, path)
	return m.owners[p], m.owners[p]
}

func (m *machine) runAs(_ context.Context, a account, env []string, name string, args ...string) (string, error) {
	if err := m.order("as %s: %s %s", a.name, name, strings.Join(args, " ")); err != nil {
		return "", err
	}
	if m.probed != nil {
		m.probed(env)
	}
	if m.complain != "" {
		return "", &failure{name, 77, m.complain}
	}
	return "", nil
}

func (m *machine) run(_ context.Context, name string, args ...string) (string, error) {
	last := args[len(args)-1]
	switch name {
	case "id":
		uid, ok := m.accounts[last]
		if !ok {
			return "", &failure{"id", 1, "no such user"}
		}
		return fmt.Sprint(uid), nil
	case "getent":
		return "", &failure{"getent", 2, ""}
	case "journalctl":
		if slices.Contains(args, "--show-cursor") {
			return "-- cursor: s=1", nil
		}
		return m.log, nil
	case "useradd":
		if err := m.order("useradd %s", last); err != nil {
			return "", err
		}
		m.accounts[last] = 900 + len(m.accounts)
		return "", nil
	case "userdel":
		delete(m.accounts, last)
		return "", m.order("userdel %s", last)
	case "systemctl":
		return m.systemctl(args[0], args[1:])
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

func (m *machine) systemctl(verb string, args []string) (string, error) {
	unit := ""
	if len(args) > 0 {
		unit = strings.TrimSuffix(args[0], ".service")
	}
	if verb == "show" {
		return m.show(unit), nil
	}
	if err := m.order("%s", strings.TrimSpace("systemctl "+verb+" "+unit)); err != nil {
		return "", err
	}
	switch verb {
	case "daemon-reload":
		m.stale = false
	case "enable", "disable":
		m.enabled[unit] = verb == "enable"
	case "start", "restart":
		if m.exit != "" {
			m.active[unit] = false
			return "", &failure{"systemctl " + verb, 1, "Job failed."}
		}
		m.active[unit] = true
	case "stop":
		m.active[unit] = false
	}
	return "", nil
}

func (m *machine) show(unit string) string {
	word := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	load := word(m.h.exists(unitPath(unit)), "loaded", "not-found")
	return strings.Join([]string{
		"LoadState=" + load, "ActiveState=" + word(m.active[unit], "active", "inactive"), "SubState=" + word(m.active[unit], "running", "dead"),
		"UnitFileState=" + word(m.enabled[unit], "enabled", "disabled"), "ExecMainStatus=" + m.exit, "MainPID=" + word(m.active[unit], "4711", "0"),
		"StateChangeTimestamp=Sun 2026-11-22 10:00:00 UTC", "NeedDaemonReload=" + word(m.stale, "yes", "no"), "Result=success",
	}, "\n")
}

// snapshot is everything that an installation could leave behind.
func (m *machine) snapshot() string {
	var out []string
	err := filepath.WalkDir(m.h.root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %v", strings.TrimPrefix(p, m.h.root), info.Mode())
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			line += " " + string(b)
		}
		out = append(out, line)
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	for name := range m.accounts {
		out = append(out, "account "+name)
	}
	for unit, on := range m.enabled {
		if on {
			out = append(out, "enabled "+unit)
		}
	}
	for unit, on := range m.active {
		if on {
			out = append(out, "active "+unit)
		}
	}
	for p, gid := range m.owners {
		if gid != 0 && m.h.exists("/"+p) {
			out = append(out, fmt.Sprintf("owner %s %d", p, gid))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// permits is an instance that has something of everything.
func permits() Instance {
	return Instance{
		Program: "/opt/inbasket", Config: "/etc/inbasket/inbasket.yaml", State: "/var/lib/inbasket",
		Writable:    []string{"/srv/forms", "/srv/to mainframe", "/home/amt/in", "/etc/inbasket/in"},
		Readable:    []string{"/etc/inbasket", "/home/amt/ca.pem", "/tmp/x"},
		Credentials: map[string]string{},
	}
}

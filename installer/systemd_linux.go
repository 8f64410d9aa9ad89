package installer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// systemd makes services by files of units, and gives orders by systemctl.
type systemd struct{ h *host }

// Where units lie. Those of packages lie in one of the others.
const ownUnits = "/etc/systemd/system"

var packageUnits = []string{"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

func unitPath(service string) string { return filepath.Join(ownUnits, service+".service") }
func dropInDir(service string) string {
	return filepath.Join(ownUnits, service+".service.d")
}

// DropIn returns the file that opens the folders of the configuration; without a text none is needed.
func (m *systemd) DropIn(i Instance) File {
	return File{filepath.Join(dropInDir(i.Service()), dropInName), dropInText(m.h.resolve(i))}
}

// packaged returns the unit that a package brought; empty: none did.
func (m *systemd) packaged(service string) string {
	for _, dir := range packageUnits {
		if p := filepath.Join(dir, service+".service"); m.h.exists(p) {
			return p
		}
	}
	return ""
}

// Install makes or mends the service.
func (m *systemd) Install(ctx context.Context, i Instance) (Changes, error) {
	if err := m.h.needRoot("install the service " + i.Service()); err != nil {
		return nil, err
	}
	t := &transaction{}
	if err := m.install(ctx, t, i); err != nil {
		return nil, t.rollback(ctx, err)
	}
	return t.done, nil
}

// Preview tells what Install would do.
func (m *systemd) Preview(ctx context.Context, i Instance) (Preview, error) {
	t := &transaction{dry: true}
	err := m.install(ctx, t, i)
	return Preview{Files: t.files, Steps: t.done}, err
}

func (m *systemd) install(ctx context.Context, t *transaction, i Instance) error {
	i, own, err := m.settle(i)
	if err != nil {
		return err
	}
	if err := m.h.validate(i); err != nil {
		return err
	}
	before := m.show(ctx, i.Service())
	i.environment = m.environment(i.Service())
	if err := m.h.surroundings(ctx, t, i); err != nil {
		return err
	}
	changed, err := m.define(ctx, t, i, own, before.running())
	if err != nil {
		return err
	}
	return m.activate(ctx, t, i, before, changed)
}

// settle decides whether the unit is ours to write, and takes over what a package's unit says.
func (m *systemd) settle(i Instance) (settled Instance, own bool, err error) {
	service := i.Service()
	i.oneByOne = m.h.old
	foreign := func(hint, format string, args ...any) error {
		return connectors.Errorf(connectors.ItemError, CodeForeign, "install the service "+service, hint, format, args...)
	}
	text, err := m.h.read(unitPath(service))
	if err != nil {
		return i, false, stepError("read "+unitPath(service), err)
	}
	// An empty file is what a broken installation of another kind leaves behind.
	if strings.TrimSpace(text) != "" && !strings.Contains(text, ownMark) {
		return i, false, foreign("remove it if nobody needs it, or choose another --name", "%s was not written by this command", unitPath(service))
	}
	pkg := m.packaged(service)
	if text != "" || pkg == "" {
		return i, true, nil
	}
	unit, err := m.h.read(pkg)
	if err != nil {
		return i, false, stepError("read "+pkg, err)
	}
	d := readUnit(unit)
	if d.config != i.Config || i.Account != "" && i.Account != d.account {
		return i, false, foreign("use its configuration, or choose another --name for a second service",
			"%s belongs to a package and runs with %s as %s", pkg, d.config, d.account)
	}
	i.Program, i.Account = d.program, d.account
	return i, false, nil
}

// define writes unit and drop-in, and has systemd read them.
func (m *systemd) define(ctx context.Context, t *transaction, i Instance, own, running bool) (changed bool, err error) {
	if running { // at the end of a rollback, under the old unit
		t.finally("start "+i.Service()+" as it was", func(ctx context.Context) error { return m.Restart(ctx, i.Name) })
	}
	t.finally("have systemd read the old files", m.reload)
	if own {
		wrote, err := m.h.putFile(t, unitPath(i.Service()), unitText(i), 0o644)
		if err != nil {
			return false, err
		}
		changed = wrote
	}
	opened, err := m.putDropIn(ctx, t, i)
	if err != nil {
		return false, err
	}
	changed = changed || opened
	if !changed && !m.show(ctx, i.Service()).stale() {
		return false, nil
	}
	return true, t.do("have systemd read its files", func() error { return m.reload(ctx) }, nil)
}

// ctl gives systemd an order.
func (m *systemd) ctl(ctx context.Context, order ...string) error {
	_, err := m.h.run(ctx, "systemctl", order...)
	return err
}

// reload has systemd read units and drop-ins.
func (m *systemd) reload(ctx context.Context) error { return m.ctl(ctx, "daemon-reload") }

func (m *systemd) putDropIn(ctx context.Context, t *transaction, i Instance) (bool, error) {
	f := m.DropIn(i)
	if f.Content != "" {
		if err := m.h.makeFolder(ctx, t, filepath.Dir(f.Path), 0o755, ""); err != nil {
			return false, err
		}
	}
	return m.h.putFile(t, f.Path, f.Content, 0o644)
}

// activate enables the service and starts it, or starts it anew when its unit changed.
func (m *systemd) activate(ctx context.Context, t *transaction, i Instance, before unitState, changed bool) error {
	service := i.Service()
	if before["UnitFileState"] != "enabled" {
		err := t.do("start "+service+" whenever the machine starts", func() error { return m.ctl(ctx, "enable", service) },
			func(ctx context.Context) error { return m.ctl(ctx, "disable", service) })
		if err != nil {
			return err
		}
	}
	switch {
	case before.running() && changed:
		return t.do("restart "+service, func() error { return m.Restart(ctx, i.Name) }, nil)
	case before.running() || i.NoStart:
		return nil
	}
	stop := func(ctx context.Context) error { return m.Stop(ctx, i.Name) }
	start := func() error {
		err := m.Start(ctx, i.Name)
		if err != nil { // systemd would go on trying
			err = errors.Join(err, stop(context.WithoutCancel(ctx)))
		}
		return err
	}
	return t.do("start "+service, start, stop)
}

// OpenFolders writes the drop-in only, also for a unit that belongs to a package.
func (m *systemd) OpenFolders(ctx context.Context, i Instance) (Changes, error) {
	op := "write the drop-in of " + i.Service()
	if err := m.h.needRoot(op); err != nil {
		return nil, err
	}
	if unit, _ := m.definition(i.Service()); unit == "" {
		return nil, notInstalled(op, i.Service())
	}
	t := &transaction{}
	changed, err := m.putDropIn(ctx, t, i)
	if err == nil && (changed || m.show(ctx, i.Service()).stale()) {
		err = t.do("have systemd read its files", func() error { return m.reload(ctx) }, nil)
	}
	if err != nil {
		return nil, t.rollback(ctx, err)
	}
	return t.done, nil
}

func notInstalled(op, service string) error {
	return connectors.Errorf(connectors.TargetError, CodeNotInstalled, op, "install it by: inbasket service install", "there is no service %s", service)
}

// Uninstall removes what Install wrote. Account, state, credentials and configuration stay.
func (m *systemd) Uninstall(ctx context.Context, name string) (Changes, error) {
	service := ServiceName(name)
	op := "uninstall the service " + service
	if err := m.h.needRoot(op); err != nil {
		return nil, err
	}
	unit, text := m.definition(service)
	drop := filepath.Join(dropInDir(service), dropInName)
	if unit == "" && !m.h.exists(drop) {
		return nil, notInstalled(op, service)
	}
	own := unit == unitPath(service)
	if own && strings.TrimSpace(text) != "" && !strings.Contains(text, ownMark) {
		return nil, connectors.Errorf(connectors.ItemError, CodeForeign, op, "remove it by hand", "%s was not written by this command", unit)
	}
	var done Changes
	if before := m.show(ctx, service); before["LoadState"] == "loaded" {
		if err := m.Stop(ctx, name); err != nil {
			return nil, err
		}
		if err := m.ctl(ctx, "disable", service); err != nil {
			return nil, connectors.Errorf(connectors.ItemError, CodeUninstall, op, "see the message and repeat", "%w", err)
		}
		done = append(done, "stop "+service+", and start it no more when the machine starts")
	}
	removed, err := m.removeFiles(unit, drop, own)
	done = append(done, removed...)
	if err == nil {
		err = m.reload(ctx)
	}
	if err != nil {
		return done, connectors.Errorf(connectors.ItemError, CodeUninstall, op, "see the message and repeat", "%w", err)
	}
	_ = m.ctl(ctx, "reset-failed", service) // it fails when nothing had failed
	return done, nil
}

func (m *systemd) removeFiles(unit, drop string, own bool) (Changes, error) {
	var done Changes
	files := []string{drop}
	if own {
		files = append(files, unit)
	}
	for _, p := range files {
		if !m.h.exists(p) {
			continue
		}
		if err := os.Remove(m.h.path(p)); err != nil {
			return done, err
		}
		done = append(done, "remove "+p)
	}
	if dir := filepath.Dir(drop); m.h.isEmpty(dir) {
		return done, os.Remove(m.h.path(dir))
	} else if m.h.exists(dir) {
		done = append(done, "keep "+dir+": other drop-ins than ours are in it")
	}
	return done, nil
}

package installer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kardianos/service"

	"github.com/inbasket/inbasket/connectors"
)

// initd makes services by scripts in /etc/init.d: System V init and OpenRC. kardianos/service puts the script in its
// place and knows how it is run; what it leaves out is added here: links that the boot sequence takes notice of, an
// account, a log, a restart, and an installation that can be repeated.
type initd struct {
	h        *host
	kind     string // openrc or sysv
	template string
	make     func(c *service.Config) (installation, error)
}

// installation is what of kardianos/service is used.
type installation interface {
	Install() error
	Uninstall() error
}

func newInitd(h *host, system service.System, kind string) *initd {
	m := &initd{h: h, kind: kind, template: sysvScript}
	if kind == "openrc" {
		m.template = openrcScript
	}
	m.make = func(c *service.Config) (installation, error) { return system.New(nil, c) }
	return m
}

func scriptPath(service string) string { return "/etc/init.d/" + service }
func rotatePath(service string) string { return "/etc/logrotate.d/" + service }

// Install makes or mends the service.
func (m *initd) Install(ctx context.Context, i Instance) (Changes, error) {
	return m.h.carryOut(ctx, i, m.install)
}

// Preview tells what Install would do.
func (m *initd) Preview(ctx context.Context, i Instance) (Preview, error) {
	return preview(ctx, i, m.install)
}

func (m *initd) install(ctx context.Context, t *transaction, i Instance) error {
	if err := m.h.validate(i); err != nil {
		return err
	}
	path := scriptPath(i.Service())
	op := "install the service " + i.Service()
	for _, p := range []string{i.Program, i.Config, i.State} {
		if strings.Contains(p, "{{") {
			return connectors.Errorf(connectors.ItemError, CodeInstall, op, "choose a path without {{", "%s cannot stand in a script", p)
		}
	}
	old, err := m.h.read(path)
	if err != nil {
		return stepError("read "+path, err)
	}
	if strings.TrimSpace(old) != "" && !strings.Contains(old, ownMark) {
		return connectors.Errorf(connectors.ItemError, CodeForeign, op, "remove it if nobody needs it, or choose another --name", "%s was not written by this command", path)
	}
	if err := m.h.surroundings(ctx, t, i); err != nil {
		return err
	}
	running := m.pid(i.Service()) > 0
	if m.h.exists("/etc/logrotate.d") {
		if _, err := m.h.putFile(t, rotatePath(i.Service()), rotateText(i), 0o644); err != nil {
			return err
		}
	}
	t.note(File{path, scriptText(m.template, i)})
	changed := old != scriptText(m.template, i)
	if changed && running { // at the end of a rollback, under the old script
		t.finally("start "+i.Service()+" as it was", func(ctx context.Context) error { return m.Restart(ctx, i.Name) })
	}
	if changed || !m.linked(ctx, i.Service()) {
		if err := m.register(ctx, t, i, old); err != nil {
			return err
		}
	}
	switch {
	case running && changed:
		return t.do("restart "+i.Service(), func() error { return m.Restart(ctx, i.Name) }, nil)
	case running || i.NoStart:
		return nil
	}
	stop := func(ctx context.Context) error { return m.Stop(ctx, i.Name) }
	start := func() error {
		err := m.Start(ctx, i.Name)
		if err != nil {
			err = errors.Join(err, stop(context.WithoutCancel(ctx)))
		}
		return err
	}
	return t.do("start "+i.Service(), start, stop)
}

// register puts the script in its place, in the stead of the old one, and has the machine start it.
func (m *initd) register(ctx context.Context, t *transaction, i Instance, old string) error {
	path, name := scriptPath(i.Service()), i.Service()
	existed := m.h.exists(path)
	svc, err := m.make(&service.Config{Name: name, DisplayName: "Inbasket", Description: description, Executable: i.Program,
		Option: service.KeyValue{"SysvScript": scriptText(m.template, i), "OpenRCScript": scriptText(m.template, i)}})
	if err != nil {
		return stepError("find the service manager", err)
	}
	remove := func(ctx context.Context) error {
		if err := os.Remove(m.h.path(path)); err != nil && !os.IsNotExist(err) {
			return err
		}
		return m.link(ctx, name, false)
	}
	back := remove
	if existed {
		back = func(ctx context.Context) error {
			return errors.Join(m.h.write(path, old, 0o755), m.link(ctx, name, true))
		}
	}
	put := func() error {
		if existed { // kardianos/service refuses a script that is there, also the empty one of a broken installation
			if err := os.Remove(m.h.path(path)); err != nil {
				return err
			}
		}
		err := svc.Install()
		if err == nil {
			err = m.link(ctx, name, true)
		}
		if err != nil {
			return errors.Join(err, back(context.WithoutCancel(ctx)))
		}
		return nil
	}
	what := map[bool]string{true: "mend ", false: "write "}[existed && old != ""] + path
	return t.do(what+", and have it start with the machine", put, back)
}

// link has the machine start the script, or forget it. Where no tool knows how, the links that
// kardianos/service makes are all there is.
func (m *initd) link(ctx context.Context, name string, on bool) error {
	tools := [][]string{{"update-rc.d", name, "defaults"}, {"chkconfig", "--add", name}}
	if !on {
		tools = [][]string{{"update-rc.d", "-f", name, "remove"}, {"chkconfig", "--del", name}}
	}
	if m.kind == "openrc" {
		tools = [][]string{{"rc-update", "add", name, "default"}}
		if !on {
			tools = [][]string{{"rc-update", "--all", "delete", name}}
		}
	}
	for _, tool := range tools {
		_, err := m.h.run(ctx, tool[0], tool[1:]...)
		if errors.Is(err, errNoCommand) {
			continue
		}
		var f *failure
		if !on && errors.As(err, &f) {
			err = nil // it was not linked
		}
		return errors.Join(err, m.unlink(name, on))
	}
	return m.unlink(name, on)
}

// unlink removes links that nothing else removes, such as those of kardianos/service.
func (m *initd) unlink(name string, on bool) error {
	if on {
		return nil
	}
	var errs []error
	links, _ := filepath.Glob(m.h.path("/etc/rc?.d/[SK]??" + name))
	for _, l := range links {
		errs = append(errs, os.Remove(l))
	}
	return errors.Join(errs...)
}

// linked tells whether the machine starts the service.
func (m *initd) linked(_ context.Context, name string) bool {
	pattern := "/etc/rc[2-5].d/S??" + name
	if m.kind == "openrc" {
		pattern = "/etc/runlevels/*/" + name
	}
	links, _ := filepath.Glob(m.h.path(pattern))
	return len(links) > 0
}

// pid returns the agent's process; 0 when it does not run.
func (m *initd) pid(name string) int {
	keeper, _ := m.h.read(filepath.Join("/run", name, "pid"))
	agent, _ := m.h.read(filepath.Join("/run", name, "agent"))
	if k, err := strconv.Atoi(strings.TrimSpace(keeper)); err != nil || !m.h.exists(fmt.Sprintf("/proc/%d", k)) {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(agent))
	return n
}

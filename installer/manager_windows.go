package installer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/inbasket/inbasket/connectors"
)

// System returns the service manager of this machine.
func System() (Manager, error) { return &windowsManager{clock: clock{}}, nil }

// clock is the system's.
type clock struct{}

// Now returns the time.
func (clock) Now() time.Time { return time.Now() }

// After is time.After.
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// windowsManager is the service control manager.
type windowsManager struct{ clock connectors.Clock }

// account returns the virtual account of a service: Windows makes it with the service, it has no password,
// and its rights are its own.
func account(service string) string { return `NT SERVICE\` + service }

// commandLine is what the service manager starts.
func commandLine(i Instance) string {
	return windows.ComposeCommandLine([]string{i.Program, "run", "--service", i.Service(), "--config", i.Config})
}

func displayName(i Instance) string {
	if i.Service() == DefaultName {
		return "Inbasket"
	}
	return "Inbasket (" + i.Name + ")"
}

// Install makes or mends the service, see Manager.
func (m *windowsManager) Install(ctx context.Context, i Instance) (Changes, error) {
	if err := m.validate(i); err != nil {
		return nil, err
	}
	op := "install the service " + i.Service()
	scm, err := m.connect(op, windows.SC_MANAGER_ALL_ACCESS)
	if err != nil {
		return nil, err
	}
	defer scm.Disconnect()
	t := &transaction{}
	s, err := m.install(ctx, t, scm, i)
	if s != nil {
		defer s.Close() // what undoes a step needs it open
	}
	if err != nil {
		return nil, t.rollback(ctx, err)
	}
	return t.done, nil
}

// install returns the service, open, also with an error.
func (m *windowsManager) install(ctx context.Context, t *transaction, scm *mgr.Mgr, i Instance) (*mgr.Service, error) {
	if err := giveRights(t, i); err != nil {
		return nil, err
	}
	if err := registerEvents(t, i.Service()); err != nil {
		return nil, err
	}
	s, changed, err := m.define(t, scm, i)
	if err != nil {
		return s, err
	}
	for _, x := range settings() {
		if err := x.apply(t, s.Handle); err != nil {
			return s, err
		}
	}
	return s, m.launch(ctx, t, s, i, changed)
}

// launch has the service look at the configuration as its own account, and starts it.
func (m *windowsManager) launch(ctx context.Context, t *transaction, s *mgr.Service, i Instance, changed bool) error {
	now, err := s.Query()
	if err != nil {
		return stepError("ask how the service stands", err)
	}
	if running(now) && changed && !i.NoStart {
		if err := t.do("stop the service to start it anew", func() error { return m.stop(ctx, s) }, nil); err != nil {
			return err
		}
		now.State = svc.Stopped
	}
	if running(now) {
		return nil
	}
	if disabled(s) {
		t.done = append(t.done, "left the service disabled, as an administrator set it; enable it by: sc config "+i.Service()+" start= delayed-auto")
		return nil
	}
	if err := m.probe(ctx, s, i); err != nil {
		return err
	}
	t.done = append(t.done, "checked "+i.Config+" as "+account(i.Service()))
	if i.NoStart {
		return nil
	}
	return t.do("start the service", func() error { return m.start(ctx, s) }, func(ctx context.Context) error { return m.stop(ctx, s) })
}

// define creates the service, or changes what its definition says.
func (m *windowsManager) define(t *transaction, scm *mgr.Mgr, i Instance) (s *mgr.Service, changed bool, err error) {
	s, err = scm.OpenService(i.Service())
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		err = t.do(fmt.Sprintf("make the service %s (account %s, delayed automatic start)", i.Service(), account(i.Service())),
			func() (err error) { s, err = create(scm, i); return err },
			func(context.Context) error { return s.Delete() })
		return s, true, err
	}
	if err != nil {
		return nil, false, stepError("open the service "+i.Service(), err)
	}
	have, err := readDefinition(s.Handle)
	if err != nil {
		return s, false, stepError("read the service "+i.Service(), err)
	}
	if !have.ours() {
		return s, false, connectors.Errorf(connectors.ItemError, CodeForeign, "install the service "+i.Service(),
			"give this instance another name by --name", "there is a service %s that runs %s", i.Service(), have.command)
	}
	want := wanted(i)
	if have.keepsStart() {
		want.start = have.start
	}
	if have == want {
		return s, false, nil
	}
	if now, err := s.Query(); err == nil && running(now) { // last of all, when it is again what it was
		t.finally("start the service "+i.Service()+" again", func(ctx context.Context) error { return m.start(ctx, s) })
	}
	err = t.do("mend the definition of the service "+i.Service(), func() error { return want.write(s.Handle) },
		func(context.Context) error { return have.write(s.Handle) })
	return s, true, err
}

// validate refuses an instance that cannot be installed.
func (m *windowsManager) validate(i Instance) error {
	if err := CheckName(i.Name); err != nil {
		return err
	}
	op := "install the service " + i.Service()
	for _, p := range []string{i.Program, i.Config, i.State} {
		if !filepath.IsAbs(p) {
			return connectors.Errorf(connectors.ItemError, CodeInstall, op, "name it by its full path", "%q is not an absolute path", p)
		}
	}
	if remote(i.Program) || remote(i.Config) || remote(i.State) {
		return connectors.Errorf(connectors.ItemError, CodeInstall, op, "use a local disk", "program, configuration and state cannot lie on another machine")
	}
	if info, err := os.Stat(i.Program); err != nil || !info.Mode().IsRegular() {
		return connectors.Errorf(connectors.ItemError, CodeInstall, op, "copy the program there", "%s is not a program", i.Program)
	}
	return nil
}

// connect opens the service control manager.
func (m *windowsManager) connect(op string, access uint32) (*mgr.Mgr, error) {
	h, err := windows.OpenSCManager(nil, nil, access)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil, connectors.Errorf(connectors.ItemError, CodeRights, op,
			"open the prompt by: Run as administrator", "%w", fs.ErrPermission)
	}
	if err != nil {
		return nil, connectors.Errorf(connectors.TargetError, CodeManager, op, "look whether this is Windows as it should be", "%w", err)
	}
	return &mgr.Mgr{Handle: h}, nil
}

// Uninstall stops and removes the service, see Manager. What it wrote stays.
func (m *windowsManager) Uninstall(ctx context.Context, name string) (Changes, error) {
	service := ServiceName(name)
	op := "uninstall the service " + service
	scm, s, err := m.open(op, name, windows.SERVICE_ALL_ACCESS)
	if err != nil {
		return nil, err
	}
	defer scm.Disconnect()
	defer s.Close()
	have, err := readDefinition(s.Handle)
	if err != nil {
		return nil, uninstallError(op, err)
	}
	if !have.ours() {
		return nil, connectors.Errorf(connectors.ItemError, CodeForeign, op, "remove it by what installed it", "it runs %s", have.command)
	}
	var done Changes
	if now, err := s.Query(); err == nil && running(now) {
		if err := m.stop(ctx, s); err != nil {
			return nil, err
		}
		done = append(done, "stopped the service "+service)
	}
	if err := s.Delete(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
		return done, uninstallError(op, err)
	}
	done = append(done, "removed the service "+service)
	if err := removeEvents(service); err != nil {
		return done, uninstallError(op, err)
	}
	return append(done, "removed the event source "+service), nil
}

func uninstallError(op string, err error) error {
	return connectors.Errorf(connectors.ItemError, CodeUninstall, op, "close the window Services and the Event Viewer, and repeat the command", "%w", err)
}

// open opens a service with the access that is needed.
func (m *windowsManager) open(op, name string, access uint32) (*mgr.Mgr, *mgr.Service, error) {
	if err := CheckName(name); err != nil {
		return nil, nil, err
	}
	scm, err := m.connect(op, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, nil, err
	}
	service := ServiceName(name)
	text, err := windows.UTF16PtrFromString(service)
	if err != nil {
		return nil, nil, errors.Join(err, scm.Disconnect())
	}
	h, err := windows.OpenService(scm.Handle, text, access)
	if err == nil {
		return scm, &mgr.Service{Name: service, Handle: h}, nil
	}
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		err = connectors.Errorf(connectors.ItemError, CodeNotInstalled, op, "install it by: inbasket service install"+nameFlag(name), "there is no service %s", service)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		err = connectors.Errorf(connectors.ItemError, CodeRights, op, "open the prompt by: Run as administrator", "%w", fs.ErrPermission)
	default:
		err = connectors.Errorf(connectors.TargetError, CodeManager, op, "see the message", "%w", err)
	}
	return nil, nil, errors.Join(err, scm.Disconnect())
}

// Instances returns all services of this machine that run the program, started or not; each State has the
// instance's name in Name, empty for the default one.
func Instances(ctx context.Context, program string) ([]State, error) {
	m := &windowsManager{clock: clock{}}
	scm, err := m.connect("list the services", windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return nil, err
	}
	names, err := scm.ListServices()
	_ = scm.Disconnect() // nothing was changed
	if err != nil {
		return nil, stepError("list the services", err)
	}
	var out []State
	for _, service := range names {
		name, ours := instanceOf(service)
		if !ours {
			continue
		}
		s, err := m.Status(ctx, Instance{Name: name})
		if err != nil {
			return nil, err
		}
		if s.Installed && strings.EqualFold(s.Program, program) {
			s.Name = name
			out = append(out, s)
		}
	}
	return out, nil
}

// instanceOf returns the instance that a service is, see ServiceName.
func instanceOf(service string) (string, bool) {
	if strings.EqualFold(service, DefaultName) {
		return "", true
	}
	name, ok := strings.CutPrefix(service, DefaultName+"-")
	return name, ok && CheckName(name) == nil
}

// DataFolder returns where configuration and data of the default instance lie: %ProgramData%\Inbasket.
func DataFolder() string { return dataFolder() }

// Status asks Windows how the service stands; everybody may. See Manager.
func (m *windowsManager) Status(_ context.Context, i Instance) (State, error) {
	service := i.Service()
	out := State{Name: service, Manager: "windows"}
	scm, s, err := m.open("ask for the service "+service, i.Name, windows.SERVICE_QUERY_STATUS|windows.SERVICE_QUERY_CONFIG)
	var known *connectors.Error
	if errors.As(err, &known) && known.Code == CodeNotInstalled {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	defer scm.Disconnect()
	defer s.Close()
	now, err := s.Query()
	if err != nil {
		return out, connectors.Errorf(connectors.TargetError, CodeManager, "ask for the service "+service, "see the message", "%w", err)
	}
	d, err := readDefinition(s.Handle)
	if err != nil {
		return out, connectors.Errorf(connectors.TargetError, CodeManager, "read the service "+service, "see the message", "%w", err)
	}
	out.Installed, out.Running, out.Detail = true, now.State == svc.Running, stateWord(now.State)
	out.Enabled = d.start == mgr.StartAutomatic
	out.Program, out.Config, out.Account = d.program(), d.argument("--config"), d.account
	out.Definition = `HKLM\SYSTEM\CurrentControlSet\Services\` + service
	if now.ProcessId != 0 {
		out.PID = int(now.ProcessId)
		out.Since = begun(now.ProcessId)
	}
	if now.State == svc.Stopped {
		out.ExitCode = int(now.Win32ExitCode)
		if errors.Is(windows.Errno(now.Win32ExitCode), windows.ERROR_SERVICE_SPECIFIC_ERROR) {
			out.ExitCode = int(now.ServiceSpecificExitCode)
		}
	}
	if i.Program != "" {
		out.Drift = driftOf(s.Handle, d, i)
	}
	return out, nil
}

// driftOf lists what differs from what Install would write.
func driftOf(h windows.Handle, d definition, i Instance) []string {
	out := d.drift(wanted(i))
	for _, x := range settings() {
		if line, differs := x.drift(h); differs {
			out = append(out, line)
		}
	}
	if has, err := eventMessages(i.Service()); err == nil && has != messageFile {
		out = append(out, "event source "+i.Service()+": not registered, install registers it")
	}
	for _, f := range folders(i) {
		if _, err := os.Stat(f.path); err != nil || remote(f.path) {
			continue
		}
		sd, err := windows.GetNamedSecurityInfo(f.path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			continue // this account may not look; an administrator may
		}
		out = append(out, f.missing(sd.String(), i.Service())...)
	}
	return out
}

// disabled tells whether an administrator disabled the service.
func disabled(s *mgr.Service) bool {
	d, err := readDefinition(s.Handle)
	return err == nil && d.start == mgr.StartDisabled
}

// stateWord is how the window Services calls a state.
func stateWord(s svc.State) string {
	switch s {
	case svc.Stopped:
		return "stopped"
	case svc.StartPending:
		return "starting"
	case svc.StopPending:
		return "stopping"
	case svc.Running:
		return "running"
	}
	return "paused"
}

// begun returns when a process was started; zero when this account may not ask.
func begun(pid uint32) time.Time {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return time.Time{}
	}
	defer windows.CloseHandle(h)
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(h, &created, &exited, &kernel, &user) != nil {
		return time.Time{}
	}
	return time.Unix(0, created.Nanoseconds())
}

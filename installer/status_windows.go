package installer

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/inbasket/inbasket/connectors"
)

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

package installer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/inbasket/inbasket/connectors"
)

const (
	startPatience = 3 * time.Minute // a large journal is looked through at the start
	stopPatience  = 30 * time.Second
	poll          = 100 * time.Millisecond
)

// ProbeArgument is what the service is started with to look at its configuration as its own account, and to
// end at once: with code 0, or with the reason beside the log, see StartErrorName.
const ProbeArgument = "probe"

// exitConfig is the code of an agent whose configuration is wrong.
const exitConfig = 78

func running(s svc.Status) bool { return s.State != svc.Stopped }

// Start starts the service, see Manager.
func (m *windowsManager) Start(ctx context.Context, name string) error {
	return m.with("start", name, func(s *mgr.Service) error { return m.start(ctx, s) })
}

// Stop stops the service, see Manager.
func (m *windowsManager) Stop(ctx context.Context, name string) error {
	return m.with("stop", name, func(s *mgr.Service) error { return m.stop(ctx, s) })
}

// Restart stops and starts the service, see Manager.
func (m *windowsManager) Restart(ctx context.Context, name string) error {
	return m.with("restart", name, func(s *mgr.Service) error {
		if err := m.stop(ctx, s); err != nil {
			return err
		}
		return m.start(ctx, s)
	})
}

func (m *windowsManager) with(what, name string, f func(*mgr.Service) error) error {
	scm, s, err := m.open(what+" the service "+ServiceName(name), name,
		windows.SERVICE_START|windows.SERVICE_STOP|windows.SERVICE_QUERY_STATUS|windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return err
	}
	defer scm.Disconnect()
	defer s.Close()
	return f(s)
}

// start starts the service and waits until the agent is ready or has ended.
func (m *windowsManager) start(ctx context.Context, s *mgr.Service, args ...string) error {
	op := "start the service " + s.Name
	begun := m.clock.Now()
	err := s.Start(args...)
	if errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		err = nil
	}
	if err != nil {
		return connectors.Errorf(connectors.ItemError, CodeStart, op, startHint(err), "%w", err)
	}
	now, err := m.wait(ctx, s, startPatience, func(st svc.Status) bool { return st.State == svc.Running || st.State == svc.Stopped })
	if err != nil {
		return connectors.Errorf(connectors.ItemError, CodeStart, op, "look at the event log and at inbasket service status", "%w", err)
	}
	if now.State == svc.Running || now.Win32ExitCode == 0 && len(args) > 0 {
		return nil
	}
	return startFailure(op, s, now, begun)
}

// startHint is what to do when Windows itself refuses to start a service.
func startHint(err error) string {
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DISABLED):
		return "the service is disabled; enable it by: sc config NAME start= delayed-auto"
	case errors.Is(err, windows.ERROR_FILE_NOT_FOUND), errors.Is(err, windows.ERROR_PATH_NOT_FOUND):
		return "the program is gone; install it again, then: inbasket service install"
	case errors.Is(err, windows.ERROR_SERVICE_LOGON_FAILED):
		return "the account may not log on as a service; mend it by: inbasket service install"
	}
	return "see the event log of the system"
}

// startFailure is why a service ended at its start: in its own words, which it leaves beside its log.
func startFailure(op string, s *mgr.Service, now svc.Status, begun time.Time) error {
	code, hint := CodeStart, "look at the event log, source "+s.Name
	exit := now.Win32ExitCode
	if errors.Is(windows.Errno(exit), windows.ERROR_SERVICE_SPECIFIC_ERROR) {
		exit = now.ServiceSpecificExitCode
	}
	if exit == exitConfig {
		code, hint = CodeAtStart, "mend what is listed, then: inbasket service start"
	}
	reason := fmt.Sprintf("it ended with code %d", exit)
	if d, err := readDefinition(s.Handle); err == nil {
		file := filepath.Join(LogFolder(d.argument("--config")), StartErrorName)
		if info, err := os.Stat(file); err == nil && !info.ModTime().Before(begun.Add(-2*time.Second)) { // some disks keep even seconds only
			if text, err := os.ReadFile(file); err == nil {
				reason = strings.TrimSpace(string(text))
			}
		}
	}
	return connectors.Errorf(connectors.ItemError, code, op, hint, "%s", reason)
}

// probe has the service look at its configuration as its own account.
func (m *windowsManager) probe(ctx context.Context, s *mgr.Service, i Instance) error {
	defer suspendRecovery(s)()
	err := m.start(ctx, s, ProbeArgument)
	var failed *connectors.Error
	if errors.As(err, &failed) && m.told(s) {
		return connectors.Errorf(connectors.ItemError, CodeAsAccount, "use "+i.Config+" as "+account(i.Service()), "mend it and repeat the command", "%w", failed.Err)
	}
	if err != nil {
		return err
	}
	_, err = m.wait(ctx, s, stopPatience, func(st svc.Status) bool { return st.State == svc.Stopped })
	return err
}

// suspendRecovery keeps Windows from starting the service again when the look at its configuration ends with an error,
// until the function that it returns is called.
func suspendRecovery(s *mgr.Service) func() {
	before, err := query(s.Handle, windows.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG)
	if err != nil {
		return func() {} // this system does not know it, or the look is worth the risk
	}
	set := func(flag *byte) error {
		return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, flag)
	}
	var off windows.SERVICE_FAILURE_ACTIONS_FLAG
	if set((*byte)(unsafe.Pointer(&off))) != nil {
		return func() {}
	}
	return func() { _ = set(&before[0]) } // status tells when it is another
}

// told tells whether the service ended with a code of the agent's own.
func (m *windowsManager) told(s *mgr.Service) bool {
	now, err := s.Query()
	return err == nil && now.State == svc.Stopped && errors.Is(windows.Errno(now.Win32ExitCode), windows.ERROR_SERVICE_SPECIFIC_ERROR)
}

// stop orders the service to stop and waits until it has.
func (m *windowsManager) stop(ctx context.Context, s *mgr.Service) error {
	op := "stop the service " + s.Name
	fail := func(hint string, err error) error {
		return connectors.Errorf(connectors.ItemError, CodeStop, op, hint, "%w", err)
	}
	now, err := s.Query()
	if err != nil {
		return fail("see the message", err)
	}
	if now.State == svc.StartPending { // it cannot be told to stop before it runs
		if now, err = m.wait(ctx, s, startPatience, func(st svc.Status) bool { return st.State != svc.StartPending }); err != nil {
			return fail("it is still starting; repeat the command", err)
		}
	}
	if now.State == svc.Stopped {
		return nil
	}
	if now.State != svc.StopPending {
		if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
			return fail("see the message", err)
		}
	}
	if _, err := m.wait(ctx, s, stopPatience, func(st svc.Status) bool { return st.State == svc.Stopped }); err != nil {
		return fail("end the process that inbasket service status names; nothing is lost", err)
	}
	return nil
}

// wait asks until the service is as it should be.
func (m *windowsManager) wait(ctx context.Context, s *mgr.Service, patience time.Duration, enough func(svc.Status) bool) (svc.Status, error) {
	limit := m.clock.After(patience)
	for {
		now, err := s.Query()
		if err != nil || enough(now) {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-limit:
			return now, fmt.Errorf("it takes longer than %s", patience)
		case <-m.clock.After(poll):
		}
	}
}

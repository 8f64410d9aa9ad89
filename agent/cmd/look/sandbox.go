package look

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/inbasket/inbasket/agent/cmd/cli"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/installer"
)

// examineSandboxed runs this program with the account and the sandbox of the service's unit.
func examineSandboxed(ctx context.Context, a *cli.App, o doctorOptions) (e control.Examination, err error) {
	if runtime.GOOS != "linux" { // nobody can take on the virtual account of a Windows service from outside
		return e, &control.Error{Code: control.CodeNotRunning, Message: "the service does not run, and on this system only the running agent can look with its account",
			Hint: "start it by inbasket service start; why it does not start is told by doctor without --as-service and by the event log"}
	}
	if os.Geteuid() != 0 {
		return e, &control.Error{Code: control.CodeNotRunning, Message: "no agent runs, so that only root can look as the service would", Hint: "ask as root, or start the agent first"}
	}
	m, err := installer.System()
	if err != nil {
		return e, err
	}
	state, err := m.Status(ctx, installer.Instance{Name: o.name})
	if err != nil {
		return e, err
	}
	if !state.Installed {
		return e, &control.Error{Code: control.CodeNotRunning, Message: "no agent runs, and there is no service " + state.Name, Hint: "look from outside, without --as-service"}
	}
	args, err := againAs(a, o)
	if err != nil {
		return e, err
	}
	unit, err := exec.CommandContext(ctx, "systemctl", "cat", state.Name).Output()
	if err != nil {
		return e, fmt.Errorf("read the unit %s: %w", state.Name, err)
	}
	run := append([]string{"--pipe", "--wait", "--quiet", "--collect"}, sandboxOf(string(unit))...)
	return answerOf(exec.CommandContext(ctx, "systemd-run", append(append(run, "--"), args...)...))
}

// againAs returns the command line that looks from inside.
func againAs(a *cli.App, o doctorOptions) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(a.ConfigPath())
	if err != nil {
		return nil, err
	}
	args := []string{self, "doctor", "--json", "--config", path}
	if o.probe {
		args = append(args, "--probe")
	}
	if len(o.only) > 0 {
		args = append(args, "--only", strings.Join(o.only, ","))
	}
	return args, nil
}

// answerOf runs the command and reads its answer, whatever it ends with: something may well fail.
func answerOf(cmd *exec.Cmd) (e control.Examination, err error) {
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	if json.Unmarshal(out.Bytes(), &e) == nil && len(e.Findings) > 0 {
		e.Inside = true
		return e, nil
	}
	if err == nil {
		err = errors.New("it answered nothing")
	}
	reason := strings.TrimSpace(said.String())
	if reason == "" {
		reason = err.Error()
	}
	return e, fmt.Errorf("look with the account and sandbox of the service: %s", reason)
}

// notSandbox are the directives of [Service] that say how the agent is run, and not with what.
func notSandbox(key string) bool {
	switch key {
	case "Type", "NotifyAccess", "PIDFile", "RemainAfterExit", "GuessMainPID", "BusName", "FileDescriptorStoreMax", "StandardOutput", "StandardError", "StandardInput",
		"SyslogIdentifier", "OOMPolicy", "SuccessExitStatus", "LogRateLimitIntervalSec", "LogRateLimitBurst":
		return true
	}
	for _, prefix := range []string{"Exec", "Restart", "Watchdog", "Timeout", "StartLimit", "Runtime", "NotAfter"} {
		if strings.HasPrefix(key, prefix) && key != "RuntimeDirectory" && key != "RuntimeDirectoryMode" && key != "ExecPaths" && key != "NoExecPaths" && key != "ExecSearchPath" {
			return true
		}
	}
	return false
}

// sandboxOf turns the [Service] sections of a unit and its drop-ins into properties for systemd-run.
func sandboxOf(unit string) (args []string) {
	for key, value := range installer.UnitSettings(unit) {
		if !notSandbox(key) {
			args = append(args, "--property="+key+"="+value)
		}
	}
	return args
}

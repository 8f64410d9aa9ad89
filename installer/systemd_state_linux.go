package installer

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// unitState is what systemctl shows of a unit.
type unitState map[string]string

func (s unitState) running() bool {
	return slices.Contains([]string{"active", "reloading", "activating"}, s["ActiveState"])
}
func (s unitState) stale() bool { return s["NeedDaemonReload"] == "yes" }

// show asks systemd; where none runs everything is empty.
func (m *systemd) show(ctx context.Context, service string) unitState {
	said, _ := m.h.run(ctx, "systemctl", "show", service+".service", "--property=LoadState,ActiveState,SubState,UnitFileState,Result,ExecMainStatus,MainPID,StateChangeTimestamp,NeedDaemonReload")
	s := unitState{}
	for line := range strings.Lines(said) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		s[key] = value
	}
	return s
}

// definition returns path and text of the unit in force; empty: there is none.
func (m *systemd) definition(service string) (path, text string) {
	path = unitPath(service)
	if !m.h.exists(path) {
		path = m.packaged(service)
	}
	if path == "" {
		return "", ""
	}
	text, _ = m.h.read(path) // an unreadable unit differs from what it should be, and that is told
	return path, text
}

// Status asks systemd and reads the files.
func (m *systemd) Status(ctx context.Context, i Instance) (State, error) {
	service := i.Service()
	if err := CheckName(i.Name); err != nil {
		return State{}, err
	}
	path, text := m.definition(service)
	out := State{Name: service, Manager: "systemd", Installed: path != "", Definition: path, Packaged: path != "" && path != unitPath(service)}
	if path == "" {
		return out, nil
	}
	d := readUnit(text)
	out.Program, out.Config, out.Account = d.program, d.config, d.account
	s := m.show(ctx, service)
	out.Enabled = s["UnitFileState"] == "enabled"
	out.Running = s["ActiveState"] == "active" || s["ActiveState"] == "reloading"
	if s["ActiveState"] != "" {
		out.Detail = s["ActiveState"] + " (" + s["SubState"] + ")"
	}
	out.PID, _ = strconv.Atoi(s["MainPID"])
	if !out.Running {
		out.ExitCode, _ = strconv.Atoi(s["ExecMainStatus"])
	}
	if at, err := time.Parse("Mon 2006-01-02 15:04:05 MST", s["StateChangeTimestamp"]); err == nil {
		out.Since = at
	}
	if i.Program != "" || i.Config != "" {
		out.Drift = m.drift(i, text, out)
	}
	if s.stale() {
		out.Drift = append(out.Drift, "systemd has not read the changed files: systemctl daemon-reload")
	}
	return out, nil
}

// drift compares the files with what Install would write.
func (m *systemd) drift(i Instance, unit string, s State) []string {
	var out []string
	if i.Program == "" || s.Packaged {
		i.Program = s.Program
	}
	if i.Account == "" || s.Packaged {
		i.Account = s.Account
	}
	if i.Config == "" {
		i.Config = s.Config
	}
	i.oneByOne = m.h.old
	if !s.Packaged && unit != unitText(i) {
		out = append(out, s.Definition+" is not as this version writes it: inbasket service install"+nameFlag(i.Name))
	}
	texts, own := m.dropIns(i.Service())
	lack, stale := missing(m.h.resolve(i), append(texts, unit), own)
	drop := m.DropIn(i).Path
	for _, l := range lack {
		out = append(out, "missing in "+drop+": "+l.String())
	}
	for _, l := range stale {
		out = append(out, "no longer needed in "+drop+": "+l.String())
	}
	return out
}

// Start starts the service and waits until the agent says that it is ready.
func (m *systemd) Start(ctx context.Context, name string) error {
	return m.order(ctx, "start", name, CodeStart)
}

// Restart stops and starts the service.
func (m *systemd) Restart(ctx context.Context, name string) error {
	return m.order(ctx, "restart", name, CodeStart)
}

// Stop stops the service and waits until the agent has ended.
func (m *systemd) Stop(ctx context.Context, name string) error {
	return m.order(ctx, "stop", name, CodeStop)
}

func (m *systemd) order(ctx context.Context, verb, name, code string) error {
	service := ServiceName(name)
	op := verb + " the service " + service
	err := CheckName(name)
	if err == nil {
		err = m.h.needRoot(op)
	}
	if err != nil {
		return err
	}
	if path, _ := m.definition(service); path == "" {
		return notInstalled(op, service)
	}
	cursor := m.cursor(ctx, service)
	_, err = m.h.run(ctx, "systemctl", verb, service+".service")
	if err == nil {
		return nil
	}
	if code == CodeStart {
		return m.whyNot(ctx, op, service, cursor, err)
	}
	return connectors.Errorf(connectors.TargetError, code, op, "see: systemctl status "+service, "%w", err)
}

// cursor marks the end of the service's log before something is done to it.
func (m *systemd) cursor(ctx context.Context, service string) string {
	said, err := m.h.run(ctx, "journalctl", "--unit", service, "--lines", "0", "--show-cursor", "--quiet")
	if err != nil {
		return ""
	}
	_, cursor, _ := strings.Cut(said, "-- cursor: ")
	return strings.TrimSpace(cursor)
}

// mostLines bounds what is shown of the log.
const mostLines = "40"

// ending is what a code tells that the agent or systemd ended the service with.
type ending struct{ reason, hint, code string }

var endings = map[string]ending{
	"":    {reason: "it did not become ready"},
	"0":   {reason: "it did not become ready"},
	"75":  {reason: "another agent works on the same state folder, or something else is in its way for now", hint: "end the other agent; systemd tries again every few seconds"},
	"78":  {reason: "its configuration is wrong", hint: "mend it, then: inbasket service start", code: CodeAtStart},
	"203": {reason: "the program cannot be run by the service's account", hint: "look at the rights of the program and of the folders above it"},
	"217": {reason: "its account is not there", hint: "mend the service by: inbasket service install"},
	"226": {reason: "systemd could not open the folders of the configuration to it", hint: "compare the drop-in with the folders that are there: inbasket service drop-in"},
	"243": {reason: "a credential cannot be read", hint: "look at the files in the folder credentials beside the configuration"},
}

// whyNot turns a failed start into the reason that the agent gave, or that systemd knows.
func (m *systemd) whyNot(ctx context.Context, op, service, cursor string, cause error) error {
	args := []string{"--unit", service, "--lines", mostLines, "--output", "cat", "--no-pager", "--quiet"}
	if cursor != "" {
		args = append(args, "--after-cursor", cursor)
	}
	log, err := m.h.run(ctx, "journalctl", args...)
	if n := strings.LastIndex(log, "Starting "+service); n >= 0 {
		_, log, _ = strings.Cut(log[n:], "\n") // what it said before it was told to end is no reason
	}
	if err != nil || log == "" {
		log = cause.Error()
	}
	s := m.show(ctx, service)
	known, ok := endings[s["ExecMainStatus"]]
	if !ok {
		known = ending{reason: "it ended with code " + s["ExecMainStatus"]}
	}
	reason := known.reason
	if s["Result"] == "watchdog" || s["Result"] == "timeout" {
		reason = "it did not become ready in time"
	}
	return connectors.Errorf(connectors.TargetError, cmp.Or(known.code, CodeStart), op, cmp.Or(known.hint, "see: journalctl -u "+service), "%s; the end of its log:\n%s", reason, log)
}

package installer

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Uninstall removes what Install wrote. Account, state, credentials, log and configuration stay.
func (m *initd) Uninstall(ctx context.Context, name string) (Changes, error) {
	service := ServiceName(name)
	op, path := "uninstall the service "+service, scriptPath(service)
	if err := m.h.needRoot(op); err != nil {
		return nil, err
	}
	fail := func(err error) error {
		return connectors.Errorf(connectors.ItemError, CodeUninstall, op, "see the message and repeat", "%w", err)
	}
	text, err := m.h.read(path)
	switch {
	case err != nil:
		return nil, fail(err)
	case !m.h.exists(path):
		return nil, notInstalled(op, service)
	case strings.TrimSpace(text) != "" && !strings.Contains(text, ownMark):
		return nil, connectors.Errorf(connectors.ItemError, CodeForeign, op, "remove it by hand", "%s was not written by this command", path)
	}
	var done Changes
	if m.pid(service) > 0 {
		if err := m.Stop(ctx, name); err != nil {
			return nil, err
		}
		done = append(done, "stop "+service)
	}
	if err := os.Remove(m.h.path(path)); err != nil {
		return done, fail(err)
	}
	done = append(done, "remove "+path)
	if err := m.link(ctx, service, false); err != nil {
		return done, fail(err)
	}
	if rotate := rotatePath(service); m.h.exists(rotate) {
		if err := os.Remove(m.h.path(rotate)); err != nil {
			return done, fail(err)
		}
		done = append(done, "remove "+rotate)
	}
	return done, nil
}

// Start starts the service and waits until the agent answers.
func (m *initd) Start(ctx context.Context, name string) error {
	return m.order(ctx, "start", name, CodeStart)
}

// Stop stops the service and waits until the agent has ended.
func (m *initd) Stop(ctx context.Context, name string) error {
	return m.order(ctx, "stop", name, CodeStop)
}

// Restart stops and starts the service.
func (m *initd) Restart(ctx context.Context, name string) error {
	return m.order(ctx, "restart", name, CodeStart)
}

func (m *initd) order(ctx context.Context, verb, name, code string) error {
	service, op, err := m.h.ordered(verb, name)
	if err != nil {
		return err
	}
	if !m.h.exists(scriptPath(service)) {
		return notInstalled(op, service)
	}
	command := []string{scriptPath(service), verb}
	if m.kind == "openrc" {
		command = []string{"rc-service", service, verb}
	}
	_, err = m.h.run(ctx, command[0], command[1:]...)
	if err == nil {
		return nil
	}
	hint := "see /var/log/" + service + ".log"
	if exit, _ := m.h.read(filepath.Join("/run", service, "exit")); code == CodeStart && strings.TrimSpace(exit) == "78" {
		code, hint = CodeAtStart, "mend the configuration, then: inbasket service start"
	}
	return connectors.Errorf(connectors.TargetError, code, op, hint, "%w", err)
}

// Status reads the script and the files of the running service.
func (m *initd) Status(ctx context.Context, i Instance) (State, error) {
	if err := CheckName(i.Name); err != nil {
		return State{}, err
	}
	service := i.Service()
	out := State{Name: service, Manager: m.kind}
	path := scriptPath(service)
	if !m.h.exists(path) {
		return out, nil
	}
	text, _ := m.h.read(path) // an unreadable script differs from what it should be, and that is told
	d := readScript(text)
	out.Installed, out.Definition = true, path
	out.Program, out.Config, out.Account = d.program, d.config, d.account
	out.Enabled = m.linked(ctx, service)
	out.PID = m.pid(service)
	out.Running = out.PID > 0
	out.Detail = map[bool]string{true: "running", false: "stopped"}[out.Running]
	if info, err := os.Stat(m.h.path(filepath.Join("/run", service, "agent"))); err == nil && out.Running {
		out.Since = info.ModTime()
	}
	if exit, _ := m.h.read(filepath.Join("/run", service, "exit")); !out.Running {
		out.ExitCode, _ = strconv.Atoi(strings.TrimSpace(exit))
	}
	if i.Program != "" && i.Config != "" {
		if i.Account == "" {
			i.Account = d.account
		}
		if text != scriptText(m.template, i) {
			out.Drift = append(out.Drift, path+" is not as this version writes it: inbasket service install"+nameFlag(i))
		}
	}
	return out, nil
}

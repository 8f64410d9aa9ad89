package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// running is the agent's process, or strace with the agent below it.
type running struct {
	cmd    *exec.Cmd
	gone   chan struct{}
	tracer *exec.Cmd // hooked to the running agent later; nil: none
}

// start starts the agent; with faults, under strace.
func (w *world) start(faults ...string) (*running, error) {
	argv := []string{w.binary, "run", "--config", w.config()}
	if len(faults) > 0 {
		argv = append(append([]string{"strace", "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull}, faults...), argv...)
	}
	log, err := os.OpenFile(filepath.Join(w.base, "agent.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	r := &running{cmd: exec.Command(argv[0], argv[1:]...), gone: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = log, log
	// A group of its own, so that strace and the agent die together.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = r.cmd.Wait()
		close(r.gone)
	}()
	return r, nil
}

// hook hooks strace with its faults to the running agent.
func (r *running) hook(faults []string) error {
	args := append([]string{"-f", "-qq", "-o", os.DevNull, "-p", strconv.Itoa(r.cmd.Process.Pid)}, faults...)
	r.tracer = exec.Command("strace", args...)
	r.tracer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return r.tracer.Start()
}

// kill kills the agent and all around it at once, and tells whether it still ran.
func (r *running) kill() bool {
	was := !r.ended(0)
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
	<-r.gone
	r.unhook()
	// Strace may be gone before the agent is, which would still hold its journal.
	for range 300 {
		if errors.Is(syscall.Kill(-r.cmd.Process.Pid, 0), syscall.ESRCH) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return was
}

// unhook ends strace; the agent goes on without faults.
func (r *running) unhook() {
	if r.tracer != nil {
		_ = r.tracer.Process.Signal(syscall.SIGINT) // it lets go of every thread first
		_ = r.tracer.Wait()
		r.tracer = nil
	}
}

// ended waits up to d and tells whether the process has ended by itself.
func (r *running) ended(d time.Duration) bool {
	select {
	case <-r.gone:
		return true
	case <-time.After(d):
		select {
		case <-r.gone:
			return true
		default:
			return false
		}
	}
}

// killed tells how a process that has ended did: by SIGKILL, as strace passes it on, or otherwise.
func (r *running) killed() bool {
	status, ok := r.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// stop ends the agent in order.
func (r *running) stop() error {
	_ = syscall.Kill(r.cmd.Process.Pid, syscall.SIGTERM)
	if !r.ended(15 * time.Second) {
		r.kill()
		return errors.New("the agent did not stop within 15 s")
	}
	return nil
}

// ready waits until the agent answers, up to d. It is not readyz: webhooks whose answer was lost make that unready.
func (w *world) ready(d time.Duration) bool {
	client := http.Client{Timeout: time.Second}
	for begun := time.Now(); time.Since(begun) < d; time.Sleep(5 * time.Millisecond) {
		resp, err := client.Get("http://" + w.Monitor + "/healthz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return true
		}
	}
	return false
}

// how tells how the process has ended.
func (r *running) how() string { return r.cmd.ProcessState.String() }

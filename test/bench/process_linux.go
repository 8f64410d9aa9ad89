package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// process is a contestant that runs.
type process struct {
	pid   int
	begun time.Time
	log   string
}

// usage is what a process used up.
type usage struct {
	CPU time.Duration // user and system
	RSS int64         // peak resident memory, bytes
}

// start starts argv with its output in the file log.
func start(log string, argv ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	p := &process{begun: time.Now(), log: log}
	p.pid, err = syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{null.Fd(), out.Fd(), out.Fd()},
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	return p, err
}

// tail is the end of what it wrote.
func (p *process) tail() []byte {
	log, _ := os.ReadFile(p.log)
	return log[max(0, len(log)-3000):]
}

// peak returns the peak resident memory so far. wait4's own figure would count the parent's memory,
// which the child shares until it runs its program.
func (p *process) peak() int64 { return p.status("VmHWM:") }

// resident returns the resident memory now.
func (p *process) resident() int64 { return p.status("VmRSS:") }

func (p *process) status(key string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte(key)); ok {
			kb, _ := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// cpu returns the processor time used so far.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	user, _ := strconv.ParseInt(string(fields[11]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // ticks of 1/100 s
}

// ended reaps the process if it has ended.
func (p *process) ended() (bool, usage, error) {
	var status syscall.WaitStatus
	var ru syscall.Rusage
	pid, err := syscall.Wait4(p.pid, &status, syscall.WNOHANG, &ru)
	if err != nil || pid == 0 {
		return false, usage{}, err
	}
	u := usage{CPU: time.Duration(ru.Utime.Nano() + ru.Stime.Nano())}
	if status.ExitStatus() != 0 {
		b, _ := os.ReadFile(p.log)
		return true, u, fmt.Errorf("ended with status %d: %s", status.ExitStatus(), b[max(0, len(b)-2000):])
	}
	return true, u, nil
}

// stop ends the process in order and waits for it.
func (p *process) stop() (usage, error) {
	if err := syscall.Kill(p.pid, syscall.SIGTERM); err != nil {
		return usage{}, err
	}
	for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(5 * time.Millisecond) {
		if over, u, err := p.ended(); over || err != nil {
			return u, err
		}
	}
	_ = syscall.Kill(p.pid, syscall.SIGKILL)
	return usage{}, fmt.Errorf("did not stop within 20 s")
}

package servers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a server's process. It is reaped without a goroutine of its own, so that leak checks of
// tests see nothing of it.
type process struct {
	argv []string
	dir  string // working folder; the log is in it
	cred *syscall.Credential
	die  syscall.Signal // sent to it when this process ends

	mu  sync.Mutex
	pid int // 0: not running
}

// start starts the process; output is appended to DIR/log.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid != 0 {
		return nil
	}
	log, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	pid, err := syscall.ForkExec(p.argv[0], p.argv, &syscall.ProcAttr{
		Dir:   p.dir,
		Env:   []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + p.dir},
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: p.die, Credential: p.cred},
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", p.argv[0], err)
	}
	p.pid = pid
	return nil
}

// end signals the process, waits up to 20 seconds and then kills the whole process group.
func (p *process) end(sig syscall.Signal) {
	p.mu.Lock()
	pid := p.pid
	p.mu.Unlock()
	if pid == 0 {
		return
	}
	if sig == syscall.SIGKILL {
		// Sessions of vsftpd lead groups of their own.
		below := descendants(pid)
		_ = syscall.Kill(-pid, sig)
		for _, child := range below {
			_ = syscall.Kill(child, sig)
		}
	} else {
		_ = syscall.Kill(pid, sig)
	}
	for range 2000 {
		if p.exited() {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	for !p.exited() {
		time.Sleep(10 * time.Millisecond)
	}
}

// descendants returns the processes below pid.
func descendants(pid int) (below []int) {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		// PID (NAME) STATE PPID ...; the name may hold anything.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], child)
	}
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		below = append(below, children[next[0]]...)
		next = append(next, children[next[0]]...)
	}
	return below
}

func (p *process) stop()      { p.end(syscall.SIGTERM) }
func (p *process) interrupt() { p.end(syscall.SIGINT) }
func (p *process) kill()      { p.end(syscall.SIGKILL) }

// exited reaps the process if it has ended and tells whether it has.
func (p *process) exited() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 {
		return true
	}
	var status syscall.WaitStatus
	got, err := syscall.Wait4(p.pid, &status, syscall.WNOHANG, nil)
	if got == p.pid || errors.Is(err, syscall.ECHILD) {
		p.pid = 0
	}
	return p.pid == 0
}

func (p *process) log() string { return filepath.Join(p.dir, "log") }

// tail returns the end of the server's own output.
func (p *process) tail() string {
	b, _ := os.ReadFile(p.log())
	return string(b[max(0, len(b)-2000):])
}

// credential returns the first of the named users as the account to run a server as, or nil when this
// process is not root and runs servers as itself.
func credential(names ...string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("none of the users %q: %w", names, ErrMissing)
}

// give hands a folder and all in it to the account; nil gives nothing away.
func give(dir string, c *syscall.Credential) error {
	if c == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(c.Uid), int(c.Gid))
	})
}

// run runs a short program as the account and returns its output with an error.
func run(c *syscall.Credential, dir string, argv ...string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c, Pdeathsig: syscall.SIGKILL}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", argv[0], err, out)
	}
	return nil
}

// alive tells whether a process of that number exists.
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

//go:build linux

// Package linux installs the packages on a machine of its own, a Debian under systemd-nspawn, and does to them what
// sysadmins, power cuts and full folders do. Run it by make service-test; it needs root.
package linux

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const repo = "../../.."

// wanted skips unless make service-test runs this, and fails on CI where its means are missing.
func wanted(t *testing.T, tools ...string) {
	t.Helper()
	if os.Getenv("INBASKET_SERVICE") == "" {
		t.Skip("run by make service-test")
	}
	lacks := ""
	if os.Getuid() != 0 {
		lacks = "root's rights"
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			lacks = tool
		}
	}
	switch {
	case lacks == "":
	case os.Getenv("CI") == "true":
		t.Fatal("this needs", lacks)
	default:
		t.Skip("this needs ", lacks)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inside are the packages that a machine has besides the smallest Debian.
const inside = "systemd,systemd-sysv,dbus,sqlite3,ca-certificates"

const suite = "bookworm"

// image returns the folder of a Debian, made by debootstrap when it is missing, and kept.
func image(t *testing.T) string {
	t.Helper()
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(must(os.UserHomeDir())(t), ".cache")
	}
	mirror := os.Getenv("INBASKET_DEBIAN_MIRROR")
	if mirror == "" {
		mirror = "http://deb.debian.org/debian"
	}
	key := sha256.Sum256([]byte(suite + inside + "1"))
	dir := filepath.Join(cache, "inbasket", "systemd-"+hex.EncodeToString(key[:4]))
	ok(t, os.MkdirAll(filepath.Dir(dir), 0o755))
	lock := must(os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o644))(t)
	defer lock.Close()
	ok(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	part := dir + ".part"
	ok(t, os.RemoveAll(part))
	out, err := exec.CommandContext(t.Context(), "debootstrap", "--variant=minbase", "--include="+inside, suite, part, mirror).CombinedOutput()
	if err != nil {
		t.Fatalf("debootstrap: %v\n%s", err, tail(string(out), 20))
	}
	ok(t, os.RemoveAll(filepath.Join(part, "var/cache/apt/archives")))
	ok(t, os.Rename(part, dir))
	return dir
}

// copyOf copies an image to a folder of the test.
func copyOf(t *testing.T) string {
	t.Helper()
	begin := time.Now()
	from := image(t)
	t.Logf("image after %.1f s", time.Since(begin).Seconds())
	defer func() { t.Logf("copied in %.1f s", time.Since(begin).Seconds()) }()
	root := filepath.Join(t.TempDir(), "root")
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", "--reflink=auto", from, root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return root
}

// machine is a Debian that runs.
type machine struct {
	t      *testing.T
	root   string // its file system, as this machine sees it
	name   string
	nspawn *exec.Cmd
	leader int // its first process, as this machine sees it
}

// newMachine boots a fresh Debian. It ends with the test.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, root: copyOf(t)}
	ok(t, os.WriteFile(filepath.Join(m.root, "etc/hostname"), []byte("amt\n"), 0o644))
	t.Cleanup(m.off)
	m.boot()
	return m
}

// boot starts the machine and waits until it has started everything.
func (m *machine) boot() {
	begin := time.Now()
	defer func() { m.t.Logf("booted in %.1f s", time.Since(begin).Seconds()) }()
	m.t.Helper()
	m.name = fmt.Sprintf("inbasket-test-%d", os.Getpid())
	console := m.root + ".console"
	command := "exec systemd-nspawn -D " + m.root + " -b --register=no --keep-unit -M " + m.name + " --private-network"
	m.nspawn = exec.Command("script", "-qefc", command, console)
	m.nspawn.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	m.nspawn.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ok(m.t, m.nspawn.Start())
	deadline := time.Now().Add(60 * time.Second)
	for m.leader = 0; ; time.Sleep(50 * time.Millisecond) {
		if m.leader == 0 {
			m.leader = m.findLeader()
		}
		if m.leader != 0 {
			if out, _ := m.try("systemctl is-system-running | sed s/degraded/running/"); out == "running" {
				return
			}
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(console)
			m.t.Fatalf("the machine does not boot:\n%s", tail(string(text), 40))
		}
	}
}

// findLeader looks below nspawn for the machine's first process.
func (m *machine) findLeader() int {
	for _, nspawn := range append(children(m.nspawn.Process.Pid), m.nspawn.Process.Pid) {
		for _, pid := range children(nspawn) {
			if comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); string(comm) == "systemd\n" || string(comm) == "init\n" {
				return pid
			}
		}
	}
	return 0
}

func children(pid int) []int {
	var out []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range tasks {
		text, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(word); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// off shuts the machine down; a second call does nothing.
func (m *machine) off() {
	if m.leader == 0 {
		return
	}
	const poweroff = syscall.Signal(34 + 4) // SIGRTMIN+4
	begin := time.Now()
	_ = syscall.Kill(m.leader, poweroff)
	m.ended(30 * time.Second)
	m.t.Logf("off after %.1f s", time.Since(begin).Seconds())
}

// cut takes the power away: every process of the machine is gone at once.
func (m *machine) cut() {
	_ = syscall.Kill(m.leader, syscall.SIGKILL)
	m.ended(10 * time.Second)
}

func (m *machine) ended(within time.Duration) {
	done := make(chan struct{})
	go func() { _ = m.nspawn.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(within):
		_ = syscall.Kill(m.leader, syscall.SIGKILL)
		_ = m.nspawn.Process.Kill()
		<-done
	}
	m.leader = 0
}

// command prepares a script to be run by bash inside the machine, as root.
func (m *machine) command(ctx context.Context, script string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", "-t", strconv.Itoa(m.leader), "-a", "/bin/bash", "-c", "cd; "+script)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "TZ=UTC", "NO_COLOR=1", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=cat"}
	return cmd
}

// try runs a script inside and returns what it printed, errors too, without surrounding blanks.
func (m *machine) try(script string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := m.command(ctx, script)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

// sh runs a script that must succeed.
func (m *machine) sh(script string) string {
	m.t.Helper()
	out, err := m.try(script)
	if err != nil {
		m.t.Fatalf("$ %s\n%v\n%s\n--- journal\n%s", script, err, out, m.journal("inbasket*"))
	}
	return out
}

// fails runs a script that must fail, and returns what it printed and its exit code.
func (m *machine) fails(script string) (string, int) {
	m.t.Helper()
	out, err := m.try(script)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		m.t.Fatalf("$ %s\nsucceeded, %v\n%s", script, err, out)
	}
	return out, exit.ExitCode()
}

// journal returns the last lines that units wrote.
func (m *machine) journal(units string) string {
	out, _ := m.try("journalctl --no-pager -o cat -n 40 -u '" + units + "'")
	return out
}

// show returns a property of a unit.
func (m *machine) show(unit, property string) string {
	m.t.Helper()
	return m.sh("systemctl show --value -p " + property + " " + unit)
}

// await runs a script until it prints want.
func (m *machine) await(want, script string) {
	m.t.Helper()
	var out string
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if out, _ = m.try(script); out == want {
			return
		}
	}
	m.t.Fatalf("$ %s\nprints %q and not %q\n--- journal\n%s", script, out, want, m.journal("inbasket*"))
}

// write writes a file inside the machine.
func (m *machine) write(path, text string) {
	m.t.Helper()
	to := filepath.Join(m.root, path)
	ok(m.t, os.MkdirAll(filepath.Dir(to), 0o755))
	ok(m.t, os.WriteFile(to, []byte(text), 0o644))
}

// bring copies a file of this machine into the other.
func (m *machine) bring(from, to string) {
	m.t.Helper()
	m.write(to, string(must(os.ReadFile(from))(m.t)))
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

package installer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// host is the machine as the installer sees it. Tests give it a folder for its files, and commands of their own.
type host struct {
	root  string // what all files lie below; empty on the real machine
	euid  int
	run   func(ctx context.Context, name string, args ...string) (string, error)
	runAs func(ctx context.Context, a account, env []string, name string, args ...string) (string, error)
	chown func(path string, uid, gid int) error
	owner func(path string, info fs.FileInfo) (uid, gid int)
	old   bool // systemd before version 250, which does not start a unit that names a folder of credentials
}

// account is a user of the machine.
type account struct {
	name     string
	uid, gid int
	groups   []int
}

func realHost() *host {
	return &host{euid: os.Geteuid(), run: runCommand, runAs: runCommandAs, chown: os.Lchown, owner: ownerOf}
}

// ownerOf returns who a file belongs to; -1 when the system does not say.
func ownerOf(_ string, info fs.FileInfo) (uid, gid int) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid)
	}
	return -1, -1
}

// sbin is where the commands of an administrator lie; cron and su do not always name it.
const sbin = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// runCommand returns what a command printed, without the white space around it.
func runCommand(ctx context.Context, name string, args ...string) (string, error) {
	return output(commandOf(ctx, []string{sbin, "LC_ALL=C", "TZ=UTC"}, name, args...))
}

// runCommandAs runs a command with nothing of root's rights and environment.
func runCommandAs(ctx context.Context, a account, env []string, name string, args ...string) (string, error) {
	cmd := commandOf(ctx, append([]string{sbin, "LC_ALL=C.UTF-8", "HOME=/nonexistent", "USER=" + a.name}, env...), name, args...)
	credential := &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	for _, g := range a.groups {
		credential.Groups = append(credential.Groups, uint32(g))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setsid: true}
	return output(cmd)
}

func commandOf(ctx context.Context, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	if !strings.Contains(name, "/") {
		for _, dir := range filepath.SplitList(strings.TrimPrefix(sbin, "PATH=")) {
			if path := filepath.Join(dir, name); isProgram(path) {
				cmd = exec.CommandContext(ctx, path, args...)
				break
			}
		}
	}
	cmd.Env, cmd.Dir = env, "/"
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// failure is a command that ended with a code: what it printed is what a sysadmin knows it by.
type failure struct {
	command string
	code    int
	said    string
}

func (f *failure) Error() string {
	s := fmt.Sprintf("%s ended with code %d", f.command, f.code)
	if f.said != "" {
		s += ":\n" + f.said
	}
	return s
}

func output(cmd *exec.Cmd) (string, error) {
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	said := strings.TrimSpace(out.String())
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		words := strings.TrimSpace(strings.TrimSpace(complaint.String()) + "\n" + said)
		return said, &failure{strings.Join(cmd.Args, " "), exit.ExitCode(), words}
	}
	return said, err
}

// path returns where a file of the machine lies.
func (h *host) path(p string) string { return filepath.Join(h.root, p) }

func (h *host) exists(p string) bool {
	_, err := os.Lstat(h.path(p))
	return err == nil
}

// read returns a file's text; empty when it is not there.
func (h *host) read(p string) (string, error) {
	b, err := os.ReadFile(h.path(p))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(b), err
}

// write puts a file in place in one moment: a kill leaves the old one or the new one.
func (h *host) write(p, text string, mode fs.FileMode) error {
	target := h.path(p)
	f, err := os.CreateTemp(filepath.Dir(target), ".inbasket-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), target)
}

// needRoot refuses everybody else. Reading needs no rights.
func (h *host) needRoot(op string) error {
	if h.euid == 0 {
		return nil
	}
	return connectors.Errorf(connectors.ItemError, CodeRights, op, "repeat it as root, such as by sudo", "%w", fs.ErrPermission)
}

// account finds a user wherever the machine keeps its users; ok is false when there is none of that name.
func (h *host) account(ctx context.Context, name string) (a account, ok bool, err error) {
	a.name = name
	for _, what := range []struct {
		flag string
		into func(n int)
	}{{"-u", func(n int) { a.uid = n }}, {"-g", func(n int) { a.gid = n }}, {"-G", func(n int) { a.groups = append(a.groups, n) }}} {
		said, err := h.run(ctx, "id", what.flag, "--", name)
		var f *failure
		if errors.As(err, &f) && what.flag == "-u" {
			return a, false, nil
		}
		if err != nil {
			return a, false, err
		}
		for _, word := range strings.Fields(said) {
			n, err := strconv.Atoi(word)
			if err != nil {
				return a, false, fmt.Errorf("id %s says %q", what.flag, said)
			}
			what.into(n)
		}
	}
	return a, true, nil
}

// CheckProgram refuses a program where others than root could change what the service runs, or that may be gone
// after the next start of the machine.
func CheckProgram(path string) error {
	refuse := func(format string, args ...any) error {
		return connectors.Errorf(connectors.ItemError, CodeProgram, "choose the program", "copy it: install -m 755 "+path+
			" /usr/local/bin/inbasket, and repeat the command by that one; or say --force", format, args...)
	}
	for _, dir := range append([]string{"/run", "/dev/shm"}, hidden...) {
		if inside(path, dir) {
			return refuse("%s lies below %s, which is no place for a service's program", path, dir)
		}
	}
	for p := path; ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil {
			return refuse("%s cannot be seen: %w", p, err)
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && (s.Uid != 0 || info.Mode()&0o022 != 0 && info.Mode()&os.ModeSticky == 0) {
			return refuse("%s can be changed by others than root", p)
		}
		if p == filepath.Dir(p) {
			return nil
		}
	}
}

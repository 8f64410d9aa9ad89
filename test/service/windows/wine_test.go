//go:build !windows

// Package windows holds no code: its tests install and run the agent in Wine, as far as Wine goes. What Wine
// cannot show is in docs/windows-checklist.md.
package windows

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	repo  = "../../.."
	older = "1.0.0"
	newer = "1.1.0"

	wine       = "/usr/lib/wine/wine64"
	wineserver = "/usr/lib/wine/wineserver64"
	exe        = `C:\Program Files\Inbasket\inbasket.exe`
	data       = `C:\ProgramData\Inbasket`
)

// world is what all tests share: one Windows, and two versions of the package.
type world struct {
	prefix string // the folder of this Windows
	work   string // what was built
	hold   *exec.Cmd
	input  io.WriteCloser
	why    string // why there is none; empty: there is one
}

var w world

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if os.Getenv("INBASKET_SERVICE") == "" {
			w.why = "make service-test runs it"
			return m.Run()
		}
		dir, err := os.MkdirTemp("", "inbasket wine ")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if err := w.begin(dir); err != nil {
			w.why = err.Error()
		} else {
			defer w.kill()
		}
		return m.Run()
	}())
}

// need ends a test where there is no Windows: under make service-test, as CI runs it, that is a failure.
func need(t *testing.T) {
	t.Helper()
	if w.why == "" {
		return
	}
	if os.Getenv("INBASKET_SERVICE") != "" {
		t.Fatal(w.why)
	}
	t.Skip(w.why)
}

// begin makes a Windows, keeps it alive and builds what is installed.
func (w *world) begin(dir string) error {
	for _, tool := range []string{wine, wineserver, "/usr/bin/wixl", "/usr/bin/msibuild", "/usr/bin/x86_64-w64-mingw32-ld"} {
		if _, err := os.Stat(tool); err != nil {
			return fmt.Errorf("%s is not here; apt-get install wine64 wixl msitools binutils-mingw-w64-x86-64", tool)
		}
	}
	w.prefix, w.work = filepath.Join(dir, "prefix"), dir
	template, err := windowsTemplate()
	if err != nil {
		return err
	}
	if out, err := exec.Command("cp", "-a", "--reflink=auto", template, w.prefix).CombinedOutput(); err != nil {
		return fmt.Errorf("copy the Windows: %w\n%s", err, out)
	}
	if err := w.build(); err != nil {
		return err
	}
	return w.start()
}

// start starts this Windows and keeps it alive: services end with the last client.
func (w *world) start() (err error) {
	w.hold = w.command(context.Background(), w.host(`C:\ctl.exe`), "hold")
	if w.input, err = w.hold.StdinPipe(); err != nil {
		return err
	}
	return w.hold.Start()
}

// kill kills every process of this Windows, and of no other, as a power failure does.
func (w *world) kill() {
	// The server ends its clients by force, and writes the registry, which it otherwise does only now and then.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server := exec.CommandContext(ctx, wineserver, "-k")
	server.Env = w.env()
	_ = server.Run() // the rest is ended below
	ours := []byte("WINEPREFIX=" + w.prefix + "\x00")
	for range 20 { // one may start another while it is looked for
		found := false
		list, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, path := range list {
			if env, err := os.ReadFile(path); err == nil && bytes.Contains(append(env, 0), ours) {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
				found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
			}
		}
		if !found {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	_ = w.input.Close()
	_ = w.hold.Wait()
}

// windowsTemplate returns a folder with a fresh Windows, made once for each version of Wine.
func windowsTemplate() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	info, err := os.Stat(wine)
	if err != nil {
		return "", err
	}
	final := filepath.Join(cache, "inbasket-test", fmt.Sprintf("wine-%d", info.ModTime().Unix()))
	if _, err := os.Stat(filepath.Join(final, "drive_c", "windows", "system32", "bcryptprimitives.dll")); err == nil {
		return final, nil
	}
	making := fmt.Sprintf("%s.%d", final, os.Getpid())
	defer os.RemoveAll(making)
	if err := os.MkdirAll(making, 0o755); err != nil {
		return "", err
	}
	fresh := &world{prefix: making}
	for _, args := range [][]string{{"wineboot", "-i"}, {"winecfg", "-v", "win10"}} {
		if err := fresh.command(context.Background(), args[0], args[1:]...).Run(); err != nil {
			return "", fmt.Errorf("%s: %w", args[0], err)
		}
	}
	wait := exec.Command(wineserver, "-w") // until everything is written
	wait.Env = fresh.env()
	if err := wait.Run(); err != nil {
		return "", fmt.Errorf("wineserver: %w", err)
	}
	if err := randomness(filepath.Join(making, "drive_c", "windows", "system32")); err != nil {
		return "", err
	}
	if err := os.RemoveAll(final); err != nil {
		return "", err
	}
	return final, os.Rename(making, final)
}

// randomness makes a library that every Windows has and this Wine lacks; programs made by Go take random
// numbers from it.
func randomness(dir string) error {
	def := filepath.Join(dir, "prng.def")
	if err := os.WriteFile(def, []byte("LIBRARY bcryptprimitives.dll\nEXPORTS\n  ProcessPrng = advapi32.SystemFunction036\n"), 0o644); err != nil {
		return err
	}
	defer os.Remove(def)
	exports := filepath.Join(dir, "prng.exp")
	defer os.Remove(exports)
	for _, args := range [][]string{
		{"x86_64-w64-mingw32-dlltool", "-d", def, "-e", exports, "--dllname", "bcryptprimitives.dll"},
		{"x86_64-w64-mingw32-ld", "-shared", "-o", filepath.Join(dir, "bcryptprimitives.dll"), exports},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

func (w *world) env() []string {
	var env []string
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); name != "DISPLAY" && !strings.HasPrefix(name, "WINE") && name != "CI" {
			env = append(env, e)
		}
	}
	return append(env, "WINEPREFIX="+w.prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree=;mshtml=;winemenubuilder.exe=")
}

// command is a program inside Windows.
func (w *world) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, wine, append([]string{name}, args...)...)
	cmd.Env, cmd.Dir = w.env(), "/" // a folder that says nothing, as System32
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// host returns where a path of Windows lies outside of it.
func (w *world) host(path string) string {
	return filepath.Join(w.prefix, "drive_c", filepath.FromSlash(strings.ReplaceAll(strings.TrimPrefix(path, `C:`), `\`, "/")))
}

// build makes the packages of both versions, and the tests' own helper.
func (w *world) build() error {
	run := func(env []string, args ...string) error {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Env = repo, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %q: %w\n%s", args, err, out)
		}
		return nil
	}
	win := []string{"GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0"}
	if err := run(win, "build", "-o", w.host(`C:\ctl.exe`), "./test/service/windows/ctl"); err != nil {
		return err
	}
	for _, version := range []string{older, newer} {
		program := filepath.Join(w.work, version, "inbasket.exe")
		if err := run([]string{"SOURCE_DATE_EPOCH=1760000000"}, "run", "./installer/packages", "-out", w.work, "-version", version, "msi", program); err != nil {
			return err
		}
		if err := os.Rename(w.msi(version), w.host(`C:\inbasket-`+version+`.msi`)); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) msi(version string) string {
	return filepath.Join(w.work, "inbasket_"+version+"_windows_amd64.msi")
}

// run runs a program inside Windows and returns what it printed and its exit code.
func run(t *testing.T, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute) // clean-ups run programs too
	defer cancel()
	cmd := w.command(ctx, name, args...)
	// Files, not pipes: what Wine starts beside the program keeps them open.
	out, complaint := file(t), file(t)
	cmd.Stdout, cmd.Stderr = out, complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, text(t, out), text(t, complaint))
	}
	return text(t, out), text(t, complaint), cmd.ProcessState.ExitCode()
}

func file(t *testing.T) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "output")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// text returns what a program wrote, with the line ends of Linux.
func text(t *testing.T, f *os.File) string {
	t.Helper()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

// ok runs a program that must end well, and returns what it printed.
func ok(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, complaint, code := run(t, name, args...)
	if code != 0 {
		t.Fatalf("%s %q ended with %d\n%s%s", name, args, code, out, complaint)
	}
	return out
}

// ctl runs the tests' helper.
func ctl(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(ok(t, `C:\ctl.exe`, args...))
}

// msiexec runs Windows Installer without windows, and returns its code as far as Linux sees it: the lowest byte.
func msiexec(t *testing.T, args ...string) int {
	t.Helper()
	_, _, code := run(t, "msiexec", append(args, "/qn", "/l*v", `C:\msi.log`)...)
	return code
}

// failed is the lowest byte of 1603, by which Windows Installer says that an installation failed.
const failed = 1603 & 0xff

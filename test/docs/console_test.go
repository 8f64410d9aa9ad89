//go:build unix

package docs

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // for the sqlite3 of the examples
)

// ownCommands are commands of the examples that this test binary can be, so that nothing need be installed.
var ownCommands = map[string]func(args []string) error{"sqlite3": sqlite3, "selfsigned": selfsigned}

func TestMain(m *testing.M) {
	helper := ownCommands[filepath.Base(os.Args[0])]
	if helper == nil {
		os.Exit(withTools(m))
	}
	if err := helper(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// selfsigned makes a certificate for localhost: DAYS CERTIFICATE KEY.
func selfsigned(args []string) error {
	days, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	until := time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour)
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	err = os.WriteFile(args[1], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
	return errors.Join(err, os.WriteFile(args[2], pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

// sqlite3 runs statements of its second argument, or of standard input, and prints rows as a|b.
func sqlite3(args []string) error {
	db, err := sql.Open("sqlite", args[0]+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	text := ""
	if len(args) > 1 {
		text = args[1]
	} else if b, err := io.ReadAll(os.Stdin); err == nil {
		text = string(b)
	}
	rows, err := db.Query(text)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, _ := rows.Columns()
	for rows.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		line := make([]string, len(names))
		for i, v := range values {
			line[i] = v.String
		}
		fmt.Println(strings.Join(line, "|"))
	}
	return rows.Err()
}

// shell is one bash that runs a page's commands in the page's folder.
type shell struct {
	t    *testing.T
	dir  string
	in   io.WriteCloser
	out  *bufio.Reader
	same map[string]string // what the page calls an ID, token or hash → what it is in this run
}

// bin is the folder of the commands that examples use. It is made once, by the first test that needs it.
var bin string

func withTools(m *testing.M) int {
	dir, err := os.MkdirTemp("", "docs-bin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	bin = dir
	return m.Run()
}

var build = sync.OnceValue(func() error {
	cmd := exec.Command("go", "build", "-o", filepath.Join(bin, "inbasket"), "./agent/cmd/inbasket")
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for name := range ownCommands {
		err = errors.Join(err, os.Symlink(self, filepath.Join(bin, name)))
	}
	return err
})

// tools sees to it that the commands are there.
func tools(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"bash", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	if err := build(); err != nil {
		t.Fatal(err)
	}
}

// newShell starts a page's shell; it ends, with everything it started, with the test.
func newShell(t *testing.T) *shell {
	t.Helper()
	dir, err := os.MkdirTemp("", "docs") // short: the control socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	repo, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	cmd := exec.CommandContext(ctx, "bash", "--norc", "--noprofile")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "REPO="+repo, "TZ=UTC", "LC_ALL=C.UTF-8", "NO_COLOR=1", "INBASKET_CONFIG=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the agent of the examples too
		_ = cmd.Wait()
		cancel()
		r.Close()
		os.RemoveAll(dir)
	})
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(bin, "inbasket"), filepath.Join(dir, "bin", "inbasket")); err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, dir: dir, in: in, out: bufio.NewReader(r), same: map[string]string{}}
}

const marker = "\x01end "

// run runs one command, or several lines, and returns what it printed and its exit code.
func (s *shell) run(command string) (string, string) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.in, "%s\nprintf '\\001end %%s\\n' $?\n", command); err != nil {
		s.t.Fatal(err)
	}
	var out strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		if before, code, ok := strings.Cut(line, marker); ok {
			return out.String() + before, strings.TrimSpace(code)
		}
		out.WriteString(line)
		if err != nil {
			s.t.Fatalf("the shell ended in %s after %q", command, out.String())
		}
	}
}

var (
	varying = regexp.MustCompile(`\b0[0-9A-HJKMNP-TV-Z]{12}\b|\bibk_[a-z2-7]+|\b[0-9a-f]{64}\b`)
	loose   = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?Z?|process \d+|\bby [A-Za-z_][\w.-]*|\b\d+ (?:kB|KiB|MB|MiB)\b`)
	blanks  = regexp.MustCompile(`[ \t]+`)
)

// pattern turns what a page shows into a regular expression, with the names of what its groups capture.
func (s *shell) pattern(want string) (*regexp.Regexp, []string) {
	var b strings.Builder
	var names []string
	for _, line := range strings.Split(strings.TrimRight(want, "\n"), "\n") {
		if line = strings.TrimSpace(line); line == "..." {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		for line != "" {
			at := varying.FindStringIndex(line)
			fuzzy := loose.FindStringIndex(line)
			switch {
			case at != nil && at[0] == 0:
				name := line[:at[1]]
				if real, known := s.same[name]; known {
					b.WriteString(regexp.QuoteMeta(real))
				} else {
					b.WriteString("(" + varying.String() + ")")
					names = append(names, name)
				}
				line = line[at[1]:]
			case fuzzy != nil && fuzzy[0] == 0:
				b.WriteString("(?:" + loose.String() + ")")
				line = line[fuzzy[1]:]
			default:
				n := len(line)
				for _, next := range [][]int{at, fuzzy} {
					if next != nil {
						n = min(n, next[0])
					}
				}
				literal := blanks.ReplaceAllString(regexp.QuoteMeta(line[:n]), `[ \t]+`)
				b.WriteString(strings.ReplaceAll(literal, `\.\.\.`, `.*`))
				line = line[n:]
			}
		}
		b.WriteString(`[ \t]*\n`)
	}
	return regexp.MustCompile("^" + b.String() + "$"), names
}

// matches compares what was printed, and remembers what the page's IDs are in this run.
func (s *shell) matches(want, got string) bool {
	if strings.TrimSpace(want) == "" {
		return strings.TrimSpace(got) == ""
	}
	var lines []string
	for _, l := range strings.Split(strings.TrimRight(got, "\n"), "\n") {
		lines = append(lines, strings.TrimSpace(l))
	}
	re, names := s.pattern(want)
	m := re.FindStringSubmatch(strings.Join(lines, "\n") + "\n")
	if m == nil {
		return false
	}
	found := map[string]string{}
	for i, n := range names {
		if old, twice := found[n]; twice && old != m[i+1] {
			return false
		}
		found[n] = m[i+1]
	}
	for n, real := range found {
		s.same[n] = real
	}
	return true
}

// waits tells commands that only look: what they show may come a little later.
var waits = regexp.MustCompile(`^(inbasket (list|show|status|results$|batches( |$)[^v]*)|\.\./bin/inbasket (list|show|status)|cat |ls |grep |sqlite3 .*select|curl )`)

// console runs the commands of a block and compares what each prints.
func (s *shell) console(b block) {
	lines := strings.Split(strings.TrimRight(b.text, "\n"), "\n")
	for i := 0; i < len(lines); {
		command, ok := strings.CutPrefix(lines[i], "$ ")
		at := b.line + i
		if !ok {
			s.t.Errorf("%s:%d: output without a command", b.page, at)
			return
		}
		for i++; strings.HasSuffix(command, `\`) && i < len(lines); i++ {
			command += "\n" + strings.TrimPrefix(lines[i], "> ")
		}
		var want strings.Builder
		for ; i < len(lines) && !strings.HasPrefix(lines[i], "$ "); i++ {
			want.WriteString(lines[i] + "\n")
		}
		s.compare(fmt.Sprintf("%s:%d", b.page, at), command, want.String())
	}
}

// compare runs a command until it prints what is wanted; one that changes something is run once.
func (s *shell) compare(at, command, want string) {
	real := varying.ReplaceAllStringFunc(command, func(name string) string {
		if is, ok := s.same[name]; ok {
			return is
		}
		return name
	})
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		got, code := s.run(real)
		if s.matches(want, got) {
			return
		}
		if !waits.MatchString(command) || time.Now().After(deadline) {
			s.t.Errorf("%s: $ %s\nprinted (exit code %s)\n%s\nthe page shows\n%s", at, real, code, got, want)
			return
		}
	}
}

// TestConsole runs every page's commands.
func TestConsole(t *testing.T) {
	tools(t)
	for _, page := range pages(t) {
		if elsewhere[page] != "" {
			continue
		}
		all := blocks(t, page)
		if !commands(all) {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel() // each page has its own folder, and mostly waits
			s := newShell(t)
			for _, b := range all {
				if err := s.block(b); err != nil {
					t.Fatalf("%s:%d: %v", page, b.line, err)
				}
			}
		})
	}
}

func commands(all []block) bool {
	for _, b := range all {
		if (b.lang == "console" || b.lang == "sh") && b.notRun == "" {
			return true
		}
	}
	return false
}

// block does what a block is for.
func (s *shell) block(b block) error {
	if b.file != "" {
		wd, _ := s.run("pwd")
		path := filepath.Join(strings.TrimSpace(wd), filepath.FromSlash(b.file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(b.text), 0o644)
	}
	if b.notRun != "" {
		return nil
	}
	switch b.lang {
	case "console":
		s.console(b)
	case "sh", "setup":
		if out, code := s.run("set -e\n" + b.text + "\nset +e; true"); code != "0" {
			return errors.New("exit code " + code + "\n" + out)
		}
	}
	return nil
}

// Package servers gives tests and harnesses real servers: PostgreSQL, PgBouncer, MariaDB, vsftpd and Postfix, each in a
// private folder on a free port of 127.0.0.1, ended with the process that started them.
//
// Tests ask for what they need with PostgreSQL, MariaDB or VSFTPD. A package whose tests do so runs them
// through Main, which stops what was started. Harnesses that are no tests use StartPostgreSQL,
// StartMariaDB and StartVSFTPD. Only Linux can start servers.
package servers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// ErrMissing says that a server's program is not installed; `go run ./test/servers/install` installs it.
var ErrMissing = errors.New("server not installed")

// Main runs a package's tests, stops every shared server, fails when goroutines are left over and exits.
func Main(m *testing.M) {
	code := m.Run()
	Shutdown()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines left over:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Mandatory tells whether a test may not be skipped because a server is missing.
func Mandatory() bool {
	return os.Getenv("CI") == "true" || os.Getenv("INBASKET_REAL") == "1"
}

// PostgreSQL returns the URL of a fresh, empty database of a superuser, in the server shared by the
// test process. The database is dropped with the server.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	return shared.fresh(t, &shared.postgres, StartPostgreSQL)
}

// MariaDB returns the DSN (go-sql-driver form) of a fresh, empty database, in the server shared by the
// test process. Its user may do everything.
func MariaDB(t testing.TB) string { t.Helper(); return shared.fresh(t, &shared.mariadb, StartMariaDB) }

// OwnPostgreSQL starts a server for this test alone, which it may stop, start and kill.
func OwnPostgreSQL(t testing.TB) *Database { t.Helper(); return own(t, StartPostgreSQL) }

// OwnMariaDB starts a server for this test alone, which it may stop, start and kill.
func OwnMariaDB(t testing.TB) *Database { t.Helper(); return own(t, StartMariaDB) }

// VSFTPD starts an FTP server for this test alone, with an empty folder as its root.
func VSFTPD(t testing.TB, o FTPOptions) *FTP {
	t.Helper()
	f, err := StartVSFTPD(o)
	unavailable(t, err)
	t.Cleanup(f.Close)
	return f
}

// PgBouncerOptions say how a connection pooler is started.
type PgBouncerOptions struct {
	Mode        string   // session, transaction or statement
	Ignore      string   // ignore_startup_parameters; empty: as it comes from the package
	Connections int      // to the server; 0: one, so that all clients share it
	Settings    []string // further lines of its configuration, such as server_reset_query =
}

// PgBouncer is a running connection pooler.
type PgBouncer struct {
	URL string // of the database behind it, as the pooler's user; no password is asked for

	dir  string
	proc *process
}

// Pooler starts a PgBouncer for this test alone, in front of the database of a URL.
func Pooler(t testing.TB, database string, o PgBouncerOptions) *PgBouncer {
	t.Helper()
	b, err := StartPgBouncer(database, o)
	unavailable(t, err)
	t.Cleanup(b.Close)
	return b
}

// Mail is a running mail server. It takes mail for clerk and registry of agency.example.test, and offers STARTTLS.
type Mail struct {
	Addr   string // 127.0.0.1:PORT
	To     string // a recipient that it takes mail for
	CAFile string // PEM of the CA that signed its certificate

	dir  string
	proc *process
}

// Postfix starts a mail server for this test alone.
func Postfix(t testing.TB) *Mail {
	t.Helper()
	m, err := StartPostfix()
	unavailable(t, err)
	t.Cleanup(m.Close)
	return m
}

// Shutdown stops the shared servers and removes their folders.
func Shutdown() {
	shared.Lock()
	defer shared.Unlock()
	for _, d := range []**Database{&shared.postgres, &shared.mariadb} {
		if *d != nil {
			(*d).Close()
			*d = nil
		}
	}
}

// pool holds the servers that all tests of a process share.
type pool struct {
	sync.Mutex
	postgres, mariadb *Database
}

var shared pool

func (p *pool) fresh(t testing.TB, d **Database, start func(Options) (*Database, error)) string {
	t.Helper()
	p.Lock()
	defer p.Unlock()
	if *d == nil {
		db, err := start(Options{})
		unavailable(t, err)
		*d = db
	}
	dsn, err := (*d).Create()
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

func own(t testing.TB, start func(Options) (*Database, error)) *Database {
	t.Helper()
	d, err := start(Options{})
	unavailable(t, err)
	t.Cleanup(d.Close)
	return d
}

// unavailable ends the test when err is not nil: a missing server skips it where that is allowed.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) && !Mandatory() {
		t.Skipf("%v; run: go run ./test/servers/install", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// program returns the path of the first of names found in PATH or in one of folders (globs).
func program(folders []string, names ...string) (string, error) {
	for _, name := range names {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
		for _, folder := range folders {
			found, _ := filepath.Glob(filepath.Join(folder, name))
			if len(found) > 0 {
				return found[len(found)-1], nil
			}
		}
	}
	return "", fmt.Errorf("%s: %w", names[0], ErrMissing)
}

// freePort returns a port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// privateDir makes a folder for one server and sweeps those of processes that died before they could.
func privateDir(kind string) (string, error) {
	base := os.TempDir()
	old, _ := filepath.Glob(filepath.Join(base, "inbasket-server-*"))
	for _, dir := range old {
		parts := strings.Split(filepath.Base(dir), "-")
		if len(parts) < 5 {
			continue
		}
		if pid, err := strconv.Atoi(parts[3]); err == nil && !alive(pid) {
			os.RemoveAll(dir)
		}
	}
	dir, err := os.MkdirTemp(base, fmt.Sprintf("inbasket-server-%s-%d-", kind, os.Getpid()))
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// until repeats try until it succeeds, the process has ended, or 60 seconds have passed.
func until(p *process, try func() error) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := try()
		if err == nil {
			return nil
		}
		if p.exited() {
			return fmt.Errorf("server ended at start: %s", p.tail())
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("server not ready after a minute: %w: %s", err, p.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

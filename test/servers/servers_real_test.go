package servers

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jlaffaye/ftp"
)

func TestMain(m *testing.M) { Main(m) }

// Each call gives an empty database of its own in one shared server.
func TestSharedDatabases(t *testing.T) {
	for driver, fresh := range map[string]func(testing.TB) string{"pgx": PostgreSQL, "mysql": MariaDB} {
		t.Run(driver, func(t *testing.T) {
			for range 2 {
				execute(t, driver, fresh(t), "create table T (ID int primary key)")
			}
		})
	}
}

// A server comes back after a kill with what was committed.
func TestKilledDatabaseComesBack(t *testing.T) {
	for driver, start := range map[string]func(testing.TB) *Database{"pgx": OwnPostgreSQL, "mysql": OwnMariaDB} {
		t.Run(driver, func(t *testing.T) {
			d := start(t)
			dsn, err := d.Create()
			if err != nil {
				t.Fatal(err)
			}
			execute(t, driver, dsn, "create table T (ID int primary key)")
			execute(t, driver, dsn, "insert into T values (1)")
			for _, end := range []func(){d.Kill, d.Stop} {
				end()
				if d.ping() == nil {
					t.Fatal("still answers after its end")
				}
				if err := d.Start(); err != nil {
					t.Fatal(err)
				}
			}
			execute(t, driver, dsn, "insert into T select ID+1 from T")
		})
	}
}

func TestVSFTPD(t *testing.T) {
	for name, o := range map[string]FTPOptions{"plain": {}, "tls": {TLS: true}} {
		t.Run(name, func(t *testing.T) {
			s := VSFTPD(t, o)
			store(t, s, "a.tmp", "a.dat", "content")
			open := dial(t, s)
			s.Kill()
			if open.NoOp() == nil {
				t.Error("a session outlives the server")
			}
			if err := s.Start(); err != nil {
				t.Fatal(err)
			}
			store(t, s, "b.tmp", "b.dat", "content")
			got, err := os.ReadFile(filepath.Join(s.Root, "a.dat"))
			if err != nil || string(got) != "content" {
				t.Fatalf("stored %q, %v", got, err)
			}
			c := dial(t, s)
			defer c.Quit()
			if c.Login(s.User, "wrong") == nil {
				t.Error("a wrong password logs in")
			}
		})
	}
}

func store(t *testing.T, s *FTP, temp, final, content string) {
	t.Helper()
	c := dial(t, s)
	defer c.Quit()
	if err := c.Login(s.User, s.Password); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangeDir(s.Dir); err != nil {
		t.Fatal(err)
	}
	if err := c.Stor(temp, bytes.NewReader([]byte(content))); err != nil {
		t.Fatal(err)
	}
	if n, err := c.FileSize(temp); err != nil || n != int64(len(content)) {
		t.Fatalf("size %d, %v", n, err)
	}
	if err := c.Rename(temp, final); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, s *FTP) *ftp.ServerConn {
	t.Helper()
	opts := []ftp.DialOption{ftp.DialWithTimeout(10 * time.Second)}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		opts = append(opts, ftp.DialWithExplicitTLS(&tls.Config{
			RootCAs: roots, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(0),
		}))
	}
	c, err := ftp.Dial(s.Addr, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func execute(t *testing.T, driver, dsn, query string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

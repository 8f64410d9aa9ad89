package legacy

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/inbasket/inbasket/test/servers"
)

// relay is an address whose server may be swapped, as by a failover.
type relay struct {
	ln    net.Listener
	mu    sync.Mutex
	to    string
	conns []net.Conn
	over  sync.WaitGroup
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{ln: ln, to: to}
	r.over.Go(r.serve)
	t.Cleanup(func() {
		_ = ln.Close()
		r.swap("")
		r.over.Wait()
	})
	return r
}

func (r *relay) serve() {
	for {
		in, err := r.ln.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		out, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = in.Close()
			r.mu.Unlock()
			continue
		}
		r.conns = append(r.conns, in, out)
		r.mu.Unlock()
		for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
			r.over.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
			})
		}
	}
}

// swap cuts all connections; new ones reach another server.
func (r *relay) swap(to string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
}

// Another server answers under the same address, and its columns are other ones: nothing is rounded there.
func TestSwappedServer(t *testing.T) {
	for _, e := range []struct {
		name, driver string
		start        func(testing.TB) *servers.Database
		alter        string
	}{
		{"postgres", "pgx", servers.OwnPostgreSQL, "alter table HEAD alter AMT type numeric(9,1)"},
		{"mariadb", "mysql", servers.OwnMariaDB, "alter table HEAD modify AMT decimal(9,1)"},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Setenv("LEGACY_PASSWORD", "test-only")
			tables := engines[0].tables
			if e.name == "mariadb" {
				tables = engines[1].tables
			}
			var dbs []*sql.DB
			var addrs []string
			for range 2 {
				s := e.start(t)
				dsn, err := s.Create() // of the same name on both
				if err != nil {
					t.Fatal(err)
				}
				if e.name == "mariadb" {
					dsn += "?multiStatements=true"
				}
				db, err := sql.Open(e.driver, dsn)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				exec(t, db, tables)
				dbs, addrs = append(dbs, db), append(addrs, s.Addr)
			}
			exec(t, dbs[1], e.alter)
			r := newRelay(t, addrs[0])
			_, port, _ := strings.Cut(r.ln.Addr().String(), ":")
			user := "postgres"
			if e.name == "mariadb" {
				user = "inbasket"
			}
			o := newOffice(t, t.TempDir(), fmt.Sprintf(`%s: {host: 127.0.0.1, port: %s, database: inbasket1, user: %s, password: "${env:LEGACY_PASSWORD}", tls: {mode: disable}, create-ledger: true}`, e.name, port, user), mappingYAML)
			o.send("before", form{ref: "before"}.json())
			o.await("before", "closed")
			o.straight(dbs[0])
			r.swap(addrs[1])
			o.send("after", form{ref: "after", amt: "2.55"}.json())
			o.await("after", "parked sql.not-exact")
			o.send("later", form{ref: "later", amt: "2.5"}.json())
			o.await("later", "closed")
			delete(o.forms, "before") // stands on the first server
			o.straight(dbs[1])
		})
	}
}

// A SQLite file is moved, replaced and locked under the agent.
func TestChangesOfAFile(t *testing.T) {
	var lock *sql.DB
	for _, c := range []struct {
		name     string
		do, mend func(t *testing.T, file string)
		want     string
		lost     bool // what stood in the file before is no longer there
	}{
		{name: "moved away", want: "waits sql.grant", do: func(t *testing.T, f string) { rename(t, f, f+".away") }, mend: func(t *testing.T, f string) { rename(t, f+".away", f) }},
		{name: "replaced by its backup", want: "closed", lost: true, do: func(t *testing.T, f string) { rename(t, f+".backup", f) }},
		{name: "removed and made anew", want: "closed", lost: true, do: func(t *testing.T, f string) {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
			rename(t, f+".backup", f)
		}},
		{name: "a link to another file", want: "closed", lost: true, do: func(t *testing.T, f string) {
			rename(t, f, f+".away")
			if err := os.Symlink(f+".backup", f); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a folder in its place", want: "waits ", do: func(t *testing.T, f string) { rename(t, f, f+".away"); mkdir(t, f) },
			mend: func(t *testing.T, f string) {
				if err := os.Remove(f); err != nil {
					t.Fatal(err)
				}
				rename(t, f+".away", f)
			}},
		{name: "no database any more", want: "waits ", do: func(t *testing.T, f string) { rename(t, f, f+".away"); put(t, f, strings.Repeat("no database\n", 500)) },
			mend: func(t *testing.T, f string) { rename(t, f+".away", f) }},
		{name: "locked by another program", want: "waits sql.busy", do: func(t *testing.T, f string) {
			var err error
			if lock, err = sql.Open("sqlite", f); err != nil {
				t.Fatal(err)
			}
			lock.SetMaxOpenConns(1)
			exec(t, lock, "begin exclusive")
		}, mend: func(t *testing.T, _ string) {
			exec(t, lock, "rollback")
			lock.Close()
		}},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			dir := t.TempDir()
			db, target := openSQLite(t, dir)
			exec(t, db, engines[2].tables)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "register.db")
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			put(t, file+".backup", string(b))
			o := newOffice(t, dir, target, mappingYAML)
			o.send("before", form{ref: "before"}.json())
			o.await("before", "closed")
			c.do(t, file)
			o.send("after", form{ref: "after"}.json())
			o.await("after", c.want)
			if c.mend != nil {
				c.mend(t, file)
				o.await("after", "closed")
			}
			if c.lost {
				delete(o.forms, "before")
			}
			if db, _ = openSQLite(t, dir); db != nil {
				defer db.Close()
				o.straight(db)
			}
		})
	}
}

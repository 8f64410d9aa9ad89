package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/inbasket/inbasket/connectors/sqldb/dialect"

	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// TestConnectTimeout meets servers that go silent at every stage of connecting.
func TestConnectTimeout(t *testing.T) {
	mariaGreeting := append([]byte{10}, "11.8.0-MariaDB\x00\x01\x00\x00\x00abcdefgh\x00\xfe\xff\x2d\x02\x00\xff\xff\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00"...)
	mariaGreeting = append([]byte{byte(len(mariaGreeting)), 0, 0, 0}, mariaGreeting...)
	for _, c := range []struct {
		typ, stage string
		tls        string
		talk       [][]byte // what the server says: at once, and after each time that the client has said something
	}{
		{"postgres", "silent", "disable", nil},
		{"postgres", "in the middle of TLS", "require", [][]byte{nil, []byte("S")}},
		{"postgres", "in the middle of the login", "disable", [][]byte{nil, []byte("R\x00\x00\x00\x08\x00\x00\x00\x03")}},
		{"postgres", "logged in, before the settings", "disable", [][]byte{nil, []byte("R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I")}},
		{"mariadb", "silent", "disable", nil},
		{"mariadb", "in the middle of TLS", "require", [][]byte{mariaGreeting}},
		{"mariadb", "in the middle of the login", "disable", [][]byte{mariaGreeting}},
		{"mysql", "silent", "disable", nil},
		{"oracle", "silent", "disable", nil},
		{"oracle", "in the middle of TLS", "require", nil},
		{"oracle", "resend for ever", "disable", [][]byte{nil, []byte("\x00\x08\x00\x00\x0b\x00\x00\x00")}},
	} {
		t.Run(c.typ+" "+c.stage, func(t *testing.T) {
			addr := mute(t, c.talk).(*net.TCPAddr)
			e := engine{typ: c.typ, config: dialect.Config{Host: "127.0.0.1", Port: addr.Port, Database: "reg", User: "inb", Password: "x", TLS: dialect.TLS{Mode: c.tls},
				ConnectTimeout: 200 * time.Millisecond, StatementTimeout: time.Minute, Parallel: 1, MaxGroup: 1}}
			tg := e.open(t, nil)
			begun := time.Now()
			err := tg.Check(context.Background())
			var coded *connectors.Error
			if !errors.As(err, &coded) || coded.Class != connectors.Transient || coded.Code != dialect.CodeUnreachable {
				t.Errorf("got %v", err)
			}
			if took := time.Since(begun); took > 5*time.Second || took < 150*time.Millisecond {
				t.Errorf("after %v", took)
			}
		})
	}
}

// mute is a server that says what it has to say and then nothing more, and keeps the connection.
func mute(t *testing.T, talk [][]byte) net.Addr {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			for i, say := range talk {
				if i > 0 {
					if _, err := conn.Read(make([]byte, 4096)); err != nil {
						break
					}
				}
				if _, err := conn.Write(say); err != nil {
					break
				}
			}
			_, _ = io.Copy(io.Discard, conn) // until the client has had enough
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	return ln.Addr()
}

// TestFileReplaced puts other files in the place of an open database: what comes then goes into the one that is there.
func TestFileReplaced(t *testing.T) {
	for name, replace := range map[string]func(t *testing.T, path, backup string){
		"renamed into place":  func(t *testing.T, path, backup string) { must(t, os.Rename(backup, path)) },
		"deleted and created": func(t *testing.T, path, backup string) { must(t, os.Remove(path)); must(t, os.Rename(backup, path)) },
		"a link that changes": func(t *testing.T, path, backup string) { must(t, os.Remove(path)); must(t, os.Symlink(backup, path)) },
		"the folder renamed": func(t *testing.T, path, backup string) {
			must(t, os.Rename(filepath.Dir(path), filepath.Dir(path)+".old"))
			must(t, os.Mkdir(filepath.Dir(path), 0o700))
			must(t, os.Rename(backup, path))
		},
	} {
		for _, mode := range []string{"DELETE", "WAL"} {
			t.Run(name+" "+mode, func(t *testing.T) {
				root := t.TempDir()
				path, backup := filepath.Join(root, "db", "reg.db"), filepath.Join(root, "backup.db")
				must(t, os.Mkdir(filepath.Dir(path), 0o700))
				must(t, os.WriteFile(path, nil, 0o600))
				e := engine{"sqlite", dialect.Config{Path: path}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
				tg := e.open(t, nil)
				exec(t, tg, e.ddl...)
				written(t, deliver(t, tg, flat("A", 1, "a")), "A")
				exec(t, tg, "VACUUM INTO '"+backup+"'")
				if mode == "WAL" {
					query(t, tg, "PRAGMA journal_mode = WAL")
				}
				replace(t, path, backup)
				for _, f := range []string{path + "-wal", path + "-shm"} {
					_ = os.Remove(f) // as who restores a backup has to
				}
				found, err := tg.Lookup(t.Context(), connectors.Group{Items: []connectors.Delivery{flat("A", 1, "a"), flat("B", 2, "b")}})
				if err != nil || found[0].Presence != connectors.Present || found[1].Presence != connectors.Absent {
					t.Fatalf("%v %v", found, err)
				}
				exec(t, tg, "ALTER TABLE PLAIN DROP COLUMN FEE")
				d := flat("B", 2, "b")
				short := *plain
				short.Fields = short.Fields[:2]
				d.Records[0].Shape, d.Records[0].Values = &short, d.Records[0].Values[:2]
				written(t, deliver(t, tg, d), "B")
				same(t, query(t, tg, "SELECT ID, NAME FROM PLAIN"), "1|a", "2|b")
			})
		}
	}
}

// TestLinkChanged opens a database by a link and by a DSN of any form, and turns the link, or the file, elsewhere.
func TestLinkChanged(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for i, c := range []dialect.Config{{Path: filepath.Join(dir, "link0.db")}, {DSN: "file:link1.db?mode=rw"}, {DSN: "link2.db"}, {DSN: "file://" + filepath.ToSlash(filepath.Join(dir, "link3.db"))}} {
		link := fmt.Sprintf("link%d.db", i)
		e := engine{"sqlite", c, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
		for _, name := range []string{"first", "second"} {
			file := fmt.Sprint(name, i)
			must(t, os.WriteFile(file, nil, 0o600))
			_ = os.Remove(link)
			must(t, os.Symlink(file, link))
			exec(t, e.open(t, nil), e.ddl...)
		}
		turn := func(name string) { must(t, os.Remove(link)); must(t, os.Symlink(fmt.Sprint(name, i), link)) }
		turn("first")
		tg := e.open(t, nil)
		written(t, deliver(t, tg, flat("A", 1, "a")), "A")
		turn("second")
		written(t, deliver(t, tg, flat("B", 2, "b")), "B")
		same(t, query(t, tg, "SELECT NAME FROM PLAIN"), "b")
		turn("first")
		same(t, query(t, tg, "SELECT NAME FROM PLAIN"), "a")
	}
	memory := engine{"sqlite", dialect.Config{DSN: "file:memory?mode=memory&cache=shared"}, nil}
	tg := memory.open(t, nil)
	s, err := tg.Sys.Connect(t.Context())
	must(t, err)
	defer s.Close()
	if f := s.(*dialect.SQLSession).File; f != nil {
		t.Errorf("a database in memory has a file: %v", f)
	}
}

// TestReplacedInside replaces the file while a transaction is open: the commit went into a file that is no longer the
// database, and the look-up in the new one tells.
func TestReplacedInside(t *testing.T) {
	path := emptyFile(t, "reg.db")
	e := engine{"sqlite", dialect.Config{Path: path}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	tg := e.open(t, nil)
	exec(t, tg, e.ddl...)
	exec(t, tg, "VACUUM INTO '"+path+".bak'")
	s, err := tg.Pool.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	insert := dialect.Statement{SQL: "INSERT INTO PLAIN (ID, NAME) VALUES (1, 'lost')", Item: -1}
	if _, err := s.Run(t.Context(), []dialect.Statement{insert}, true, false); err != nil {
		t.Fatal(err)
	}
	must(t, os.Rename(path+".bak", path))
	_, err = s.Run(t.Context(), nil, false, true)
	if r := tg.Meaning(err); r.Err.Class != connectors.Uncertain || !dialect.Broken(err) {
		t.Fatalf("%v", err)
	}
	s.Close()
	written(t, deliver(t, tg, flat("A", 1, "a")), "A")
	same(t, query(t, tg, "SELECT NAME FROM PLAIN"), "a")
}

// otherProgram reads the names in a database, and then writes one of its own if it is told to.
func otherProgram(path string) {
	db, err := sql.Open("sqlite", path)
	if err == nil && os.Getenv("SQLDB_OTHER_WRITES") != "" {
		_, err = db.Exec("INSERT INTO PLAIN (ID, NAME) VALUES (99, 'other')")
	}
	var names sql.NullString
	if err == nil {
		err = db.QueryRow("SELECT GROUP_CONCAT(NAME, ',') FROM (SELECT NAME FROM PLAIN ORDER BY ID)").Scan(&names)
	}
	if err == nil {
		err = db.Close()
	}
	fmt.Println(names.String, err)
}

// others is what another program sees, and writes.
func others(t *testing.T, path string, writes string) string {
	t.Helper()
	c := osexec.Command(os.Args[0])
	c.Env = append(os.Environ(), "SQLDB_OTHER_PROGRAM="+path, "SQLDB_OTHER_WRITES="+writes)
	out, err := c.CombinedOutput()
	must(t, err)
	return strings.TrimSpace(string(out))
}

// TestLogRemoved takes the write-ahead log or its index away from under an open session: nothing that is committed is lost,
// and others see what comes later.
func TestLogRemoved(t *testing.T) {
	for _, gone := range [][]string{{"-wal", "-shm"}, {"-wal"}, {"-shm"}} {
		t.Run(strings.Join(gone, ""), func(t *testing.T) {
			path := emptyFile(t, "reg.db")
			e := engine{"sqlite", dialect.Config{Path: path}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
			exec(t, e.open(t, nil), append(e.ddl, "PRAGMA journal_mode = WAL")...)
			tg := e.open(t, nil)
			written(t, deliver(t, tg, flat("A", 1, "a")), "A")
			s, err := tg.Pool.Get(t.Context())
			must(t, err)
			idle, err := tg.Sys.Connect(t.Context())
			must(t, err)
			tg.Pool.Put(idle)
			tg.Pool.Put(s)
			for _, g := range gone {
				must(t, os.Remove(path+g))
			}
			written(t, deliver(t, tg, flat("B", 2, "b")), "B")
			if got := others(t, path, "yes"); got != "a,b,other <nil>" {
				t.Fatal(got)
			}
			written(t, deliver(t, tg, flat("C", 3, "c")), "C")
			must(t, tg.Close())
			if got := others(t, path, ""); got != "a,b,c,other <nil>" {
				t.Fatal(got)
			}
		})
	}
}

// TestLogRemovedInside removes the log while a transaction is open: its end is looked up by what others see.
func TestLogRemovedInside(t *testing.T) {
	path := emptyFile(t, "reg.db")
	e := engine{"sqlite", dialect.Config{Path: path}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	exec(t, e.open(t, nil), append(e.ddl, "PRAGMA journal_mode = WAL")...)
	tg := e.open(t, nil)
	s, err := tg.Pool.Get(t.Context())
	must(t, err)
	if _, err := s.Run(t.Context(), []dialect.Statement{{SQL: "INSERT INTO PLAIN (ID, NAME) VALUES (1, 'a')", Item: -1}}, true, false); err != nil {
		t.Fatal(err)
	}
	must(t, os.Remove(path+"-wal"))
	must(t, os.Remove(path+"-shm"))
	_, err = s.Run(t.Context(), nil, false, true)
	if r := tg.Meaning(err); r.Err.Class != connectors.Uncertain || !dialect.Broken(err) {
		t.Fatalf("%v", err)
	}
	refused, err := tg.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{flat("B", 2, "b")}})
	if connectors.ClassOf(err) != connectors.Transient || refused[0].Code != dialect.CodeBusy { // the old session is still open
		t.Fatalf("%v %+v", err, refused)
	}
	s.Close()
	written(t, deliver(t, tg, flat("B", 2, "b")), "B")
	if got := others(t, path, ""); got != "a,b <nil>" {
		t.Fatal(got)
	}
}

// TestLogReplaced has another program write after the log was removed: the old log must not go over that, so the session
// stays as it is, and nothing is written until the agent is started anew.
func TestLogReplaced(t *testing.T) {
	path := emptyFile(t, "reg.db")
	e := engine{"sqlite", dialect.Config{Path: path}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	exec(t, e.open(t, nil), append(e.ddl, "PRAGMA journal_mode = WAL")...)
	tg := e.open(t, nil)
	written(t, deliver(t, tg, flat("A", 1, "a")), "A")
	must(t, os.Remove(path+"-wal"))
	must(t, os.Remove(path+"-shm"))
	if got := others(t, path, "yes"); got != "other <nil>" {
		t.Fatal(got)
	}
	refusedBy(t, tg, dialect.CodeReplaced, "start the agent anew")
	must(t, tg.Close())
	if got := others(t, path, ""); got != "other <nil>" {
		t.Fatal(got)
	}
}

// TestForeignLog refuses a database beside which the log of the one that it replaces still lies.
func TestForeignLog(t *testing.T) {
	path := emptyFile(t, "reg.db")
	e := engine{"sqlite", dialect.Config{Path: path}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	tg := e.open(t, nil)
	exec(t, tg, append(e.ddl, "VACUUM INTO '"+path+".bak'")...)
	query(t, tg, "PRAGMA journal_mode = WAL")
	written(t, deliver(t, tg, flat("A", 1, "a")), "A")
	must(t, os.Rename(path+".bak", path))
	refusedBy(t, tg, dialect.CodeReplaced, "-wal")
	must(t, os.Rename(path+"-wal", path+".old-wal"))
	must(t, os.Rename(path+"-shm", path+".old-shm"))
	written(t, deliver(t, tg, flat("B", 2, "b")), "B")
	same(t, query(t, tg, "SELECT NAME FROM PLAIN"), "b")
}

// TestMovedAway waits for a database that is not there, and goes on with it when it is back.
func TestMovedAway(t *testing.T) {
	path := emptyFile(t, "reg.db")
	e := engine{"sqlite", dialect.Config{Path: path}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	tg := e.open(t, nil)
	exec(t, tg, e.ddl...)
	written(t, deliver(t, tg, flat("A", 1, "a")), "A")
	must(t, os.Rename(path, path+".away"))
	out, err := tg.Deliver(t.Context(), connectors.Group{Items: []connectors.Delivery{flat("B", 2, "b")}})
	if connectors.ClassOf(err) != connectors.TargetError || out[0].Code != dialect.CodeGrant {
		t.Fatalf("%v %+v", err, out)
	}
	must(t, os.Rename(path+".away", path))
	written(t, deliver(t, tg, flat("B", 2, "b")), "B")
	same(t, query(t, tg, "SELECT NAME FROM PLAIN"), "a", "b")
}

// TestSQLiteSettings has the last word after session: and the DSN.
func TestSQLiteSettings(t *testing.T) {
	path := emptyFile(t, "reg.db")
	e := engine{"sqlite", dialect.Config{DSN: "file:" + path + "?mode=rw&_pragma=synchronous(off)"}, ddl(sqliteNumbers, "BLOB", "DATETIME", "")}
	tg := e.open(t, func(c *dialect.Config) {
		c.Session = []string{"PRAGMA foreign_keys = 0", "PRAGMA ignore_check_constraints = 1", "PRAGMA synchronous = 0"}
	})
	exec(t, tg, e.ddl...)
	same(t, query(t, tg, "SELECT foreign_keys, synchronous FROM pragma_foreign_keys, pragma_synchronous"), "1|2")
	if o := deliver(t, tg, connectors.Delivery{Key: "A/register-1", Submission: "A", Records: flat("A", 1, "a", "c").Records[1:]})["A"]; o.Code != dialect.CodeConstraint {
		t.Errorf("a child without parent: %+v", o)
	}
	for _, mode := range []string{"off", "memory"} {
		refusedBy(t, e.open(t, func(c *dialect.Config) { c.Session = []string{"PRAGMA journal_mode = " + mode} }), dialect.CodeSession, "journal_mode "+mode)
	}
	stronger := e.open(t, func(c *dialect.Config) { c.Session = []string{"PRAGMA synchronous = EXTRA"} })
	same(t, query(t, stronger, "PRAGMA synchronous"), "3")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

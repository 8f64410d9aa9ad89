// Package sqlite keeps a journal in one file of SQLite in WAL mode.
package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"zombiezen.com/go/sqlite"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Engine is the file at a path. It is safe for concurrent use.
type Engine struct {
	path string
	mode string // query part of a reader's URI
}

// New returns the engine of the file at a path, which Writer makes if need be.
func New(path string) *Engine { return &Engine{path: path} }

// ReadOnly returns the engine of a file that is only read, as it stands under a program that runs or was stopped. It makes no
// file where that was stopped cleanly.
func ReadOnly(path string) *Engine {
	mode := "mode=ro"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		mode += "&immutable=1"
	}
	return &Engine{path: path, mode: mode}
}

// Writer opens the file for writing and makes it readable by its account only. Copying the log back is Trim's business.
func (e *Engine) Writer() (*engine.Conn, error) {
	if err := private(e.path); err != nil {
		return nil, err
	}
	return open(e.path, "", "busy_timeout=10000", "page_size=8192", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0",
		"journal_size_limit=33554432", "secure_delete=ON", "foreign_keys=OFF", "temp_store=MEMORY", "cache_size=-4096")
}

// Reader opens the file for reading.
func (e *Engine) Reader() (*engine.Conn, error) {
	return open(e.path, e.mode, "busy_timeout=10000", "query_only=1", "cache_size=-512")
}

// private makes the journal's file readable by its account only; SQLite gives its log the same rights. A file that is
// there is never opened for that: closing it would take SQLite's locks away.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 == 0 {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		_ = os.Chmod(name, 0o600) // one that is not there, or another's, is as it was
	}
	return nil
}

// failure is an error of SQLite.
type failure struct {
	code sqlite.ResultCode
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func failed(err error) error {
	if err == nil {
		return nil
	}
	return &failure{sqlite.ErrCode(err).ToPrimary(), err}
}

// Kind tells what an error of SQLite means.
func (e *Engine) Kind(err error) engine.Kind {
	var f *failure
	if !errors.As(err, &f) {
		return engine.Other
	}
	switch f.code {
	case sqlite.ResultConstraint: // ends its statement only
		return engine.Other
	case sqlite.ResultFull:
		return engine.Full
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return engine.Damaged
	}
	return engine.Broken
}

// session is one connection of SQLite with its prepared statements.
type session struct {
	c     *sqlite.Conn
	stmts map[string]*sqlite.Stmt // nil while one is in use
}

// open connects to the file; query are parameters of SQLite's file URI, such as mode=ro.
func open(path, query string, pragmas ...string) (*engine.Conn, error) {
	c, err := sqlite.OpenConn(uri(path, query), sqlite.OpenReadWrite, sqlite.OpenCreate, sqlite.OpenURI)
	if err != nil {
		return nil, failed(err)
	}
	db := engine.NewConn(&session{c: c, stmts: map[string]*sqlite.Stmt{}})
	for _, p := range pragmas {
		if err := pragma(db, p); err != nil {
			return nil, errors.Join(fmt.Errorf("pragma %s: %w", p, err), db.Close())
		}
	}
	return db, nil
}

func pragma(c *engine.Conn, p string) error {
	return c.Query("PRAGMA "+p, nil, func(engine.Row) error { return nil })
}

// uri writes a path so that any character in it is safe, also a Windows path.
func uri(path, query string) string {
	p := filepath.ToSlash(path)
	p = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(p)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	if query != "" {
		query = "?" + query
	}
	return "file://" + p + query
}

// Close closes the connection.
func (s *session) Close() error {
	var errs []error
	for _, stmt := range s.stmts {
		if stmt != nil {
			errs = append(errs, stmt.Finalize())
		}
	}
	s.stmts = nil
	return errors.Join(append(errs, s.c.Close())...)
}

// Begin takes the lock for writing at once.
func (s *session) Begin() error {
	_, err := s.Exec("BEGIN IMMEDIATE")
	return err
}

// hints turns the names of indexes into what SQLite makes of them: its planner cannot know how little is open, and would
// read all that is done.
var hints = strings.NewReplacer("/*by ", "INDEXED BY ", "*/", "")

// take returns a statement with its arguments, for one use at a time.
func (s *session) take(sql string, args []any) (stmt *sqlite.Stmt, err error) {
	if stmt = s.stmts[sql]; stmt == nil {
		if stmt, _, err = s.c.PrepareTransient(hints.Replace(sql)); err != nil {
			return nil, failed(fmt.Errorf("prepare %q: %w", sql, err))
		}
	} else {
		s.stmts[sql] = nil
	}
	for n, a := range args {
		switch v := engine.Argument(a).(type) {
		case nil:
			stmt.BindNull(n + 1)
		case int64:
			stmt.BindInt64(n+1, v)
		case string:
			stmt.BindText(n+1, v)
		case []byte:
			stmt.BindBytes(n+1, v)
		}
	}
	return stmt, nil
}

// give makes a statement ready for its next use.
func (s *session) give(sql string, stmt *sqlite.Stmt) error {
	if s.stmts[sql] != nil { // it was run within itself
		return stmt.Finalize()
	}
	s.stmts[sql] = stmt
	return stmt.Reset()
}

// Exec runs a statement and returns how many rows it changed.
func (s *session) Exec(sql string, args ...any) (int64, error) {
	err := s.Query(sql, args, func(engine.Row) error { return nil })
	return int64(s.c.Changes()), err
}

// Query calls each for every row.
func (s *session) Query(sql string, args []any, each func(engine.Row) error) (err error) {
	stmt, err := s.take(sql, args)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.give(sql, stmt); err == nil {
			err = failed(e)
		}
	}()
	var shown engine.Row = row{stmt}
	for {
		more, err := stmt.Step()
		if err != nil || !more {
			return failed(err)
		}
		if err := each(shown); err != nil {
			return err
		}
	}
}

// row is the row that a statement stands at.
type row struct{ *sqlite.Stmt }

func (r row) Int(n int) int64   { return r.ColumnInt64(n) }
func (r row) Text(n int) string { return r.ColumnText(n) }
func (r row) Bytes(n int) []byte {
	if r.ColumnType(n) == sqlite.TypeNull {
		return nil
	}
	b := make([]byte, r.ColumnLen(n))
	r.ColumnBytes(n, b)
	return b
}

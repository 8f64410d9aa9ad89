// Package sqlite keeps a journal in one file of SQLite in WAL mode.
package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

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

// SQLite's primary result codes that mean something here.
const (
	codeCorrupt    = 11
	codeFull       = 13
	codeConstraint = 19
	codeNotADB     = 26
)

// Kind tells what an error of SQLite means.
func (e *Engine) Kind(err error) engine.Kind {
	var s *sqlite.Error
	if !errors.As(err, &s) {
		return engine.Other
	}
	switch s.Code() & 0xff {
	case codeConstraint: // ends its statement only
		return engine.Other
	case codeFull:
		return engine.Full
	case codeCorrupt, codeNotADB:
		return engine.Damaged
	}
	return engine.Broken
}

// session is one connection of SQLite with its prepared statements. It speaks to the driver directly: database/sql would
// convert each of the thousands of arguments of a multi-row insert once more.
type session struct {
	dc    driver.Conn
	stmts map[string]driver.Stmt
	args  []driver.NamedValue // reused
}

// open connects to the file; query are parameters of SQLite's file URI, such as mode=ro.
func open(path, query string, pragmas ...string) (*engine.Conn, error) {
	c, err := sqlite.NewConnector(uri(path, query))
	if err != nil {
		return nil, err
	}
	dc, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	db := engine.NewConn(&session{dc: dc, stmts: map[string]driver.Stmt{}})
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
		errs = append(errs, stmt.Close())
	}
	s.stmts = nil
	return errors.Join(append(errs, s.dc.Close())...)
}

// Begin takes the lock for writing at once.
func (s *session) Begin() error {
	_, err := s.Exec("BEGIN IMMEDIATE")
	return err
}

// hints turns the names of indexes into what SQLite makes of them: its planner cannot know how little is open, and would
// read all that is done.
var hints = strings.NewReplacer("/*by ", "INDEXED BY ", "*/", "")

func (s *session) stmt(sql string) (driver.Stmt, error) {
	if stmt, ok := s.stmts[sql]; ok {
		return stmt, nil
	}
	stmt, err := s.dc.Prepare(hints.Replace(sql))
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", sql, err)
	}
	s.stmts[sql] = stmt
	return stmt, nil
}

// bind converts the arguments; the result is valid until the next call.
func (s *session) bind(args []any) []driver.NamedValue {
	s.args = s.args[:0]
	for n, a := range args {
		s.args = append(s.args, driver.NamedValue{Ordinal: n + 1, Value: engine.Argument(a)})
	}
	return s.args
}

// Exec runs a statement and returns how many rows it changed.
func (s *session) Exec(sql string, args ...any) (int64, error) {
	return s.exec(context.Background(), sql, args...)
}

func (s *session) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	stmt, err := s.stmt(sql)
	if err != nil {
		return 0, err
	}
	r, err := stmt.(driver.StmtExecContext).ExecContext(ctx, s.bind(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// Query calls each for every row.
func (s *session) Query(sql string, args []any, each func(engine.Row) error) (err error) {
	stmt, err := s.stmt(sql)
	if err != nil {
		return err
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), s.bind(args))
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	r := make(row, len(rows.Columns()))
	var shown engine.Row = r
	for {
		switch err := rows.Next(r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(shown); err != nil {
			return err
		}
	}
}

// row is a row of the driver, which copies texts and bytes out of SQLite's memory.
type row []driver.Value

func (r row) Int(n int) int64   { v, _ := r[n].(int64); return v }
func (r row) Text(n int) string { v, _ := r[n].(string); return v }
func (r row) Bytes(n int) []byte {
	if s, ok := r[n].(string); ok {
		return []byte(s)
	}
	v, _ := r[n].([]byte)
	return v
}

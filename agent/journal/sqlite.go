package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// conn is one connection of SQLite with its prepared statements. It speaks to the driver directly:
// database/sql would convert each of the thousands of arguments of a multi-row insert once more.
// It is used by one goroutine at a time.
type conn struct {
	dc    driver.Conn
	stmts map[string]driver.Stmt
	multi map[multiKey]string // texts of multi-row statements
	args  []driver.NamedValue // reused
}

type multiKey struct {
	verb string
	rows int
}

// open connects to the file; query are parameters of SQLite's file URI, such as mode=ro.
func open(path, query string, pragmas ...string) (*conn, error) {
	c, err := sqlite.NewConnector(uri(path, query))
	if err != nil {
		return nil, err
	}
	dc, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	db := &conn{dc: dc, stmts: map[string]driver.Stmt{}, multi: map[multiKey]string{}}
	for _, p := range pragmas {
		if err := db.query("PRAGMA "+p, nil, func([]driver.Value) error { return nil }); err != nil {
			return nil, errors.Join(fmt.Errorf("pragma %s: %w", p, err), db.close())
		}
	}
	return db, nil
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

func (c *conn) close() error {
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.Close())
	}
	c.stmts = nil
	return errors.Join(append(errs, c.dc.Close())...)
}

func (c *conn) stmt(sql string) (driver.Stmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	s, err := c.dc.Prepare(sql)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", sql, err)
	}
	c.stmts[sql] = s
	return s, nil
}

// bind converts the arguments; the result is valid until the next call.
func (c *conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for n, a := range args {
		switch v := a.(type) {
		case int:
			a = int64(v)
		case ID:
			a = int64(v)
		case word:
			a = int64(v)
		case stateCode:
			a = int64(v)
		case progressCode:
			a = int64(v)
		case time.Time:
			a = v.UnixNano()
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: n + 1, Value: a})
	}
	return c.args
}

// exec runs a statement and returns how many rows it changed.
func (c *conn) exec(sql string, args ...any) (int64, error) {
	s, err := c.stmt(sql)
	if err != nil {
		return 0, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(context.Background(), c.bind(args))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls each for every row; the row is valid during the call only.
func (c *conn) query(sql string, args []any, each func(row []driver.Value) error) (err error) {
	s, err := c.stmt(sql)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), c.bind(args))
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// one calls each for the first row and reports whether there was one.
func (c *conn) one(sql string, args []any, each func(row []driver.Value) error) (found bool, err error) {
	err = c.query(sql, args, func(row []driver.Value) error {
		if found {
			return nil
		}
		found = true
		return each(row)
	})
	return found, err
}

// number returns the first column of the first row, or 0.
func (c *conn) number(sql string, args ...any) (n int64, err error) {
	_, err = c.one(sql, args, func(row []driver.Value) error {
		n = integer(row[0])
		return nil
	})
	return n, err
}

// insert writes rows of the same width by as few statements as possible. It returns how many rows were
// written; a verb with OR IGNORE may leave some out.
func (c *conn) insert(verb string, width int, args []any) (int64, error) {
	var total int64
	for _, size := range [...]int{64, 16, 4, 1} {
		for len(args) >= size*width {
			key := multiKey{verb, size}
			sql, ok := c.multi[key]
			if !ok {
				sql = multiRow(verb, width, size)
				c.multi[key] = sql
			}
			n, err := c.exec(sql, args[:size*width]...)
			if err != nil {
				return total, err
			}
			total += n
			args = args[size*width:]
		}
	}
	return total, nil
}

// multiRow returns the statement with that many rows of placeholders.
func multiRow(verb string, width, rows int) string {
	var b strings.Builder
	b.Grow(len(verb) + 10 + rows*(2*width+3))
	b.WriteString(verb)
	b.WriteString(" VALUES ")
	for r := range rows {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for w := range width {
			if w > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('?')
		}
		b.WriteByte(')')
	}
	return b.String()
}

func integer(v driver.Value) int64 { n, _ := v.(int64); return n }
func text(v driver.Value) string   { s, _ := v.(string); return s }
func bytesOf(v driver.Value) []byte {
	b, _ := v.([]byte)
	return b
}

func instant(v driver.Value) time.Time {
	n := integer(v)
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// nullable returns nil for the empty text.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

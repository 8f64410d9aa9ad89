package journal

import (
	"context"
	"errors"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// Look is what one call asks of the journal, in one snapshot. Its first error ends it: what is asked after that gives nothing, and
// the call returns that error.
type Look struct {
	Journal *Journal
	Conn    *engine.Conn
	Err     error
}

// NewLook asks by a connection alone, of a journal that is not open.
func NewLook(c *engine.Conn) *Look { return &Look{Conn: c} }

var errEnough = errors.New("enough")

// Fail ends the look with an error.
func (l *Look) Fail(err error) {
	if l.Err == nil {
		l.Err = err
	}
}

// Enough ends the query under way, and nothing else.
func (l *Look) Enough() { l.Fail(errEnough) }

// Each calls f for every row of a query; see engine.Each.
func Each[T any](l *Look, sql string, args []any, f func(T)) {
	if l.Err != nil {
		return
	}
	l.Err = engine.Each(l.Conn, sql, args, func(v T) error { f(v); return l.Err })
	if l.Err == errEnough {
		l.Err = nil
	}
}

// EachOf is each for a query about a list, with which its text ends.
func EachOf[T, L any](l *Look, sql string, args []any, list []L, f func(T)) {
	if l.Err == nil {
		l.Err = engine.EachOf(l.Conn, sql, args, list, func(v T) error { f(v); return l.Err })
	}
}

// All returns the rows of a query.
func All[T any](l *Look, sql string, args ...any) (list []T) {
	Each(l, sql, args, func(v T) { list = append(list, v) })
	return list
}

// One returns the first row of a query and whether there was one.
func One[T any](l *Look, sql string, args ...any) (first T, found bool) {
	Each(l, sql, args, func(v T) {
		if !found {
			first, found = v, true
		}
	})
	return first, found && l.Err == nil
}

// Value returns the first row, or the zero value.
func Value[T any](l *Look, sql string, args ...any) T {
	v, _ := One[T](l, sql, args...)
	return v
}

// Number returns the first column of the first row, or 0.
func (l *Look) Number(sql string, args ...any) int64 { return Value[int64](l, sql, args...) }

// Is tells whether the first column of the first row is true.
func (l *Look) Is(sql string, args ...any) bool { return Value[bool](l, sql, args...) }

// Name returns the text of a name, also of one that a running agent made after this process read them.
func (l *Look) Name(id NameID) string { return l.Conn.Words.Text(l.Conn, int64(id)) }

// Has tells whether the file has the tables of a version: a reader may meet one that no newer agent has opened yet.
func (j *Journal) Has(version int64) bool { return !j.readOnly || j.version >= version }

// Has is that of the journal.
func (l *Look) Has(version int64) bool { return l.Journal.Has(version) }

// Read lends one of the few read connections to f, within one snapshot.
func (j *Journal) Read(ctx context.Context, f func(*Look)) (err error) {
	var c *engine.Conn
	select {
	case <-j.quit:
		return closed("read the journal")
	default:
	}
	select {
	case c = <-j.pool:
	case <-j.quit:
		return closed("read the journal")
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { j.pool <- c }()
	if c == nil {
		if c, err = j.engine.Reader(); err != nil {
			c = nil
			return j.FaultOf("open the journal for reading", err)
		}
		c.Words = reading{j}
	}
	if _, err := c.Exec("BEGIN"); err != nil {
		return j.dropReader(&c, err)
	}
	l := &Look{Journal: j, Conn: c}
	f(l)
	err = l.Err
	if _, e := c.Exec("COMMIT"); e != nil {
		return j.dropReader(&c, errors.Join(err, e))
	}
	if j.engine.Kind(err) != engine.Other {
		return j.dropReader(&c, err)
	}
	return err
}

func (j *Journal) dropReader(c **engine.Conn, err error) error {
	_ = (*c).Close() // the first error is the one that matters
	*c = nil
	return j.FaultOf("read the journal", err)
}

// Find is read for a call that returns one thing.
func Find[T any](ctx context.Context, j *Journal, f func(*Look) T) (v T, err error) {
	err = j.Read(ctx, func(l *Look) { v = f(l) })
	return v, err
}

// Ask returns the rows of one query.
func Ask[T any](ctx context.Context, j *Journal, sql string, args ...any) ([]T, error) {
	return Find(ctx, j, func(l *Look) []T { return All[T](l, sql, args...) })
}

// AskOne returns the first row of one query, or the zero value.
func AskOne[T any](ctx context.Context, j *Journal, sql string, args ...any) (T, error) {
	return Find(ctx, j, func(l *Look) T { return Value[T](l, sql, args...) })
}

package journal

import (
	"context"
	"errors"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// look is what one call asks of the journal, in one snapshot. Its first error ends it: what is asked after that gives nothing, and
// the call returns that error.
type look struct {
	j   *Journal
	c   *engine.Conn
	err error
}

var errEnough = errors.New("enough")

// fail ends the look with an error.
func (l *look) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// enough ends the query under way, and nothing else.
func (l *look) enough() { l.fail(errEnough) }

// each calls f for every row of a query; see engine.Each.
func each[T any](l *look, sql string, args []any, f func(T)) {
	if l.err != nil {
		return
	}
	l.err = engine.Each(l.c, sql, args, func(v T) error { f(v); return l.err })
	if l.err == errEnough {
		l.err = nil
	}
}

// eachOf is each for a query about a list, with which its text ends.
func eachOf[T, L any](l *look, sql string, args []any, list []L, f func(T)) {
	if l.err == nil {
		l.err = engine.EachOf(l.c, sql, args, list, func(v T) error { f(v); return l.err })
	}
}

// all returns the rows of a query.
func all[T any](l *look, sql string, args ...any) (list []T) {
	each(l, sql, args, func(v T) { list = append(list, v) })
	return list
}

// one returns the first row of a query and whether there was one.
func one[T any](l *look, sql string, args ...any) (first T, found bool) {
	each(l, sql, args, func(v T) {
		if !found {
			first, found = v, true
		}
	})
	return first, found && l.err == nil
}

// value returns the first row, or the zero value.
func value[T any](l *look, sql string, args ...any) T {
	v, _ := one[T](l, sql, args...)
	return v
}

// number returns the first column of the first row, or 0.
func (l *look) number(sql string, args ...any) int64 { return value[int64](l, sql, args...) }

// is tells whether the first column of the first row is true.
func (l *look) is(sql string, args ...any) bool { return value[bool](l, sql, args...) }

// name returns the text of a name, also of one that a running agent made after this process read them.
func (l *look) name(id nameID) string { return l.c.Words.Text(l.c, int64(id)) }

// has tells whether the file has the tables of a version: a reader may meet one that no newer agent has opened yet.
func (l *look) has(version int64) bool { return !l.j.readOnly || l.j.version >= version }

// read lends one of the few read connections to f, within one snapshot.
func (j *Journal) read(ctx context.Context, f func(*look)) (err error) {
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
			return j.fault("open the journal for reading", err)
		}
		c.Words = reading{j}
	}
	if _, err := c.Exec("BEGIN"); err != nil {
		return j.dropReader(&c, err)
	}
	l := &look{j: j, c: c}
	f(l)
	err = l.err
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
	return j.fault("read the journal", err)
}

// find is read for a call that returns one thing.
func find[T any](ctx context.Context, j *Journal, f func(*look) T) (v T, err error) {
	err = j.read(ctx, func(l *look) { v = f(l) })
	return v, err
}

// ask returns the rows of one query.
func ask[T any](ctx context.Context, j *Journal, sql string, args ...any) ([]T, error) {
	return find(ctx, j, func(l *look) []T { return all[T](l, sql, args...) })
}

// askOne returns the first row of one query, or the zero value.
func askOne[T any](ctx context.Context, j *Journal, sql string, args ...any) (T, error) {
	return find(ctx, j, func(l *look) T { return value[T](l, sql, args...) })
}

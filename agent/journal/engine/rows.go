package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Optional is a text of which the empty one is stored as NULL.
type Optional string

// Column is what reads itself out of a column. A pointer to one is nil where the column is empty.
type Column interface{ ReadColumn(row Row, n int) }

// Each calls each for every row of a query. T is a struct whose fields are the columns in their order, or the type of the
// only column: numbers, texts, bytes, digests (arrays of bytes), truth values as 0 and 1, instants as nanoseconds, a Column,
// and what is tagged col:"word", col:"words" or col:"json". A field tagged col:"-" is none.
func Each[T any](c *Conn, sql string, args []any, each func(T) error) error {
	var v T
	into := reflect.ValueOf(&v).Elem()
	columns := columnsOf(into.Type())
	c.Statements++
	if err := c.number(args); err != nil {
		return err
	}
	return c.Query(sql, args, func(row Row) error {
		c.Rows++
		for n := range columns {
			if err := columns[n].set(c, row, n, into); err != nil {
				return err
			}
		}
		return each(v)
	})
}

// Value returns the first row of a query, or the zero value.
func Value[T any](c *Conn, sql string, args ...any) (first T, err error) {
	found := false
	err = Each(c, sql, args, func(v T) error {
		if !found {
			first, found = v, true
		}
		return nil
	})
	return first, err
}

// Number returns the first column of the first row, or 0.
func (c *Conn) Number(sql string, args ...any) (int64, error) { return Value[int64](c, sql, args...) }

// EachOf is Each for a query about a list, with which its text ends, by as few statements as possible.
func EachOf[T, L any](c *Conn, sql string, args []any, list []L, each func(T) error) error {
	for _, size := range [...]int{64, 16, 4, 1} {
		for text := sql + Placeholders(1, size); len(list) >= size; list = list[size:] {
			all := append(make([]any, 0, len(args)+size), args...)
			for _, v := range list[:size] {
				all = append(all, v)
			}
			if err := Each(c, text, all, each); err != nil {
				return err
			}
		}
	}
	return nil
}

// read puts a column of a row where it belongs.
type read func(c *Conn, row Row, n int, to reflect.Value) error

// column is where one column of a row goes.
type column struct {
	field []int // where it is in structs within structs; nil: the value itself
	read  read
}

func (l *column) set(c *Conn, row Row, n int, into reflect.Value) error {
	for _, f := range l.field {
		into = into.Field(f)
	}
	return l.read(c, row, n, into)
}

var known sync.Map // reflect.Type to []column

func columnsOf(t reflect.Type) []column {
	if list, ok := known.Load(t); ok {
		return list.([]column)
	}
	list := appendColumns(nil, t, "", nil)
	known.Store(t, list)
	return list
}

// appendColumns adds the columns of a type, which a field of another leads to; a field that is a struct of its own holds several.
func appendColumns(list []column, t reflect.Type, tag string, field []int) []column {
	if read := reader(t, tag); read != nil {
		return append(list, column{field, read})
	}
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("no column can be read into %s", t))
	}
	for n := range t.NumField() {
		if f := t.Field(n); f.Tag.Get("col") != "-" {
			list = appendColumns(list, f.Type, f.Tag.Get("col"), append(field[:len(field):len(field)], n))
		}
	}
	return list
}

// tagged read what the type of a field does not tell.
var tagged = map[string]read{
	"word": func(c *Conn, row Row, n int, to reflect.Value) error {
		to.SetString(c.Words.Text(c, row.Int(n)))
		return nil
	},
	"words": func(c *Conn, row Row, n int, to reflect.Value) error {
		to.SetZero()
		if s := c.Words.Text(c, row.Int(n)); s != "" {
			to.Set(reflect.ValueOf(strings.Split(s, Separator)))
		}
		return nil
	},
	"json": func(_ *Conn, row Row, n int, to reflect.Value) error {
		to.SetZero() // else rows would share what it holds
		if s := row.Text(n); s != "" {
			return json.Unmarshal([]byte(s), to.Addr().Interface())
		}
		return nil
	},
}

// reader returns how a column is read into a type; nil: it cannot be.
func reader(t reflect.Type, tag string) read {
	if r := tagged[tag]; r != nil {
		return r
	}
	if t.Kind() == reflect.Pointer && t.Implements(reflect.TypeFor[Column]()) {
		return func(_ *Conn, row Row, n int, to reflect.Value) error {
			to.SetZero()
			if row.Text(n) != "" {
				to.Set(reflect.New(t.Elem()))
				to.Interface().(Column).ReadColumn(row, n)
			}
			return nil
		}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[Column]()) {
		return func(_ *Conn, row Row, n int, to reflect.Value) error {
			to.Addr().Interface().(Column).ReadColumn(row, n)
			return nil
		}
	}
	set := setter(t)
	if set == nil {
		return nil
	}
	return func(_ *Conn, row Row, n int, to reflect.Value) error { set(row, n, to); return nil }
}

// setter is reader for what every row can give.
func setter(t reflect.Type) func(Row, int, reflect.Value) {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return func(row Row, n int, to reflect.Value) { *to.Addr().Interface().(*time.Time) = Instant(row.Int(n)) }
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Uint8:
		return func(row Row, n int, to reflect.Value) {
			to.SetZero()
			if b := row.Bytes(n); len(b) == to.Len() {
				reflect.Copy(to, reflect.ValueOf(b))
			}
		}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return func(row Row, n int, to reflect.Value) { to.SetBytes(row.Bytes(n)) }
	case t.Kind() == reflect.String:
		return func(row Row, n int, to reflect.Value) { to.SetString(row.Text(n)) }
	case t.Kind() == reflect.Bool:
		return func(row Row, n int, to reflect.Value) { to.SetBool(row.Int(n) != 0) }
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		return func(row Row, n int, to reflect.Value) { to.SetInt(row.Int(n)) }
	}
	return nil
}

// Instant is a moment as it is stored: nanoseconds since 1970; 0 is none.
func Instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// Argument returns a value as engines take it: nil, an int64, a string or bytes.
func Argument(a any) any {
	switch v := a.(type) {
	case nil, int64, string:
		return a
	case []byte:
		if v == nil {
			return nil
		}
		return v
	case int:
		return int64(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case time.Time:
		return v.UnixNano()
	case Optional:
		if v == "" {
			return nil
		}
		return string(v)
	}
	switch v := reflect.ValueOf(a); v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.String:
		return v.String()
	case reflect.Array:
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return b
	}
	panic(fmt.Sprintf("%T cannot be stored", a))
}

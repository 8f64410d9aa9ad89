package helpers

import (
	"sync"

	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Table is a table of known values; keys are compared as texts, exactly, but those of numbers as numbers.
type Table struct {
	Name    string
	Rows    map[string]string
	File    bool // the rows stand in a file
	Park    bool // what it has not is not the form's mistake
	once    sync.Once
	byValue map[string]string
	Named   bool // by an expression
}

// Key is the key of a table that a value is: numbers are compared as numbers.
func (t *Table) Key(v value.Value) (string, bool) {
	s, _ := v.Text()
	if _, ok := t.Rows[s]; ok || v.Kind != value.KindDecimal && v.Kind != value.KindInt {
		return s, ok
	}
	t.once.Do(func() { t.byValue = numbersOf(t.Rows) })
	key, ok := t.byValue[plainNumber(v)]
	return key, ok
}

// Outcome is what coverage calls it that a key was found.
func (t *Table) Outcome(key string) string {
	if t.File {
		return value.KeyOfFile
	}
	return "key " + key
}

// plainNumber writes a number as no other way of writing the same one.
func plainNumber(v value.Value) string {
	d := v.Decimal()
	d.Reduce(d)
	return d.Text('f')
}

// numbersOf are the keys of rows that are numbers, by how they are plainly written; keys with zeros before them are none.
func numbersOf(rows map[string]string) map[string]string {
	out, twice := map[string]string{}, map[string]bool{}
	for key, row := range rows {
		v := value.Number(key)
		if s, _ := v.Text(); !v.IsNumber() || s != key {
			continue
		}
		plain := plainNumber(v)
		if old, is := out[plain]; is && rows[old] != row {
			twice[plain] = true
		}
		out[plain] = key
	}
	for plain := range twice {
		delete(out, plain)
	}
	return out
}

package helpers

import (
	"sync"

	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Table is a table of known values; keys are compared as texts, exactly, but those of numbers as numbers.
type Table struct {
	Name    string
	Rows    map[string]string
	Park    bool // what it has not is not the form's mistake
	once    sync.Once
	byValue map[string]string
}

// Row is the value of a table: numbers are compared as numbers.
func (t *Table) Row(v value.Value) (string, bool) {
	s, _ := v.Text()
	if row, ok := t.Rows[s]; ok || v.Kind != value.KindDecimal && v.Kind != value.KindInt {
		return row, ok
	}
	t.once.Do(func() { t.byValue = numbersOf(t.Rows) })
	row, ok := t.byValue[plainNumber(v)]
	return row, ok
}

// plainNumber writes a number as no other way of writing the same one.
func plainNumber(v value.Value) string {
	d := v.Decimal()
	d.Reduce(d)
	return d.Text('f')
}

// numbersOf are the rows whose keys are numbers, as they are plainly written; keys with zeros before them are none.
func numbersOf(rows map[string]string) map[string]string {
	out, twice := map[string]string{}, map[string]bool{}
	for key, row := range rows {
		v := value.Number(key)
		if s, _ := v.Text(); !v.IsNumber() || s != key {
			continue
		}
		plain := plainNumber(v)
		if old, is := out[plain]; is && old != row {
			twice[plain] = true
		}
		out[plain] = row
	}
	for plain := range twice {
		delete(out, plain)
	}
	return out
}

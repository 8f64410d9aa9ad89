package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// lookup builds one table and reports what is wrong with it.
func (b *builder) lookup(name string, s source.Lookup) {
	t := &helpers.Table{Name: name, Rows: map[string]string{}, File: s.File != "", Park: s.Unknown == "park"}
	b.tables[name] = t
	b.choice([]any{"lookups", name, "unknown"}, s.Unknown, []string{"reject", "park"})
	b.choice([]any{"lookups", name, "format"}, s.Format, []string{"csv", "genericode"})
	if (s.File == "") == (len(s.Values) == 0) {
		if s.Node != nil {
			b.report(s.Node.Problem(CodeLookupFile, "a lookup has either file with key and value, or values", ""))
		}
		return
	}
	for _, e := range s.Values {
		t.Rows[e.Key] = e.Value
	}
	defer b.blankKeys(t, s)
	if s.File == "" {
		return
	}
	if s.Key == "" || s.Value == "" {
		b.report(s.Node.Problem(source.CodeMissingKey, "name the columns of the file: key and value", ""))
		return
	}
	_, raw, err := b.readFile(s.Node, s.File)
	if err != nil {
		b.report(s.Node.ValueProblem("file", CodeFile, err.Error(), ""))
		return
	}
	if s.CSV != nil && s.Format == "genericode" {
		b.report(s.Node.ValueProblem("csv", CodeLookupFile, "csv says how a CSV file is written, and this one is genericode", ""))
		return
	}
	if at, msg, hint := fill(t, raw, s); msg != "" {
		b.report(s.Node.ValueProblem(at, CodeLookupFile, msg, hint))
	}
}

// blankKeys warns of keys that look like values of a form and are none.
func (b *builder) blankKeys(t *helpers.Table, s source.Lookup) {
	blank := func(key string) bool { return strings.TrimSpace(key) != key }
	if keys := slices.Sorted(maps.Keys(t.Rows)); !b.pinned() && s.Node != nil && slices.ContainsFunc(keys, blank) {
		b.plan.Warnings = append(b.plan.Warnings, s.Node.Problem(CodeLookupFile, fmt.Sprintf("keys are compared as they stand, and %s begins or ends with a blank", value.Shown(value.Text(keys[slices.IndexFunc(keys, blank)]))), "remove the blank, unless forms have it too"))
	}
}

// rowsOf reads the rows of a file, each a map of texts by column.
func rowsOf(raw []byte, s source.Lookup) ([]any, error) {
	if s.Format == "genericode" {
		return genericode(raw)
	}
	var o decode.CSVOptions
	if s.CSV != nil {
		o = *s.CSV
	}
	tree, err := decode.CSV(raw, o, decode.DefaultLimits())
	rows, _ := tree.([]any)
	return rows, err
}

// genericode reads the rows of a code list of OASIS. A value without a column belongs to the one behind that of the value before it; what has no
// value is not in its row.
func genericode(raw []byte) ([]any, error) {
	tree, err := decode.XML(raw, decode.DefaultLimits(), []string{"ColumnSet.Column", "SimpleCodeList.Row", "SimpleCodeList.Row.Value"})
	if err != nil {
		return nil, err
	}
	at := func(n any, names ...string) any {
		for _, name := range names {
			m, _ := n.(map[string]any)
			n = m[name]
		}
		return n
	}
	var columns []string
	set, _ := at(tree, "ColumnSet", "Column").([]any)
	for _, c := range set {
		id, _ := at(c, "@Id").(string)
		columns = append(columns, id)
	}
	list, _ := at(tree, "SimpleCodeList", "Row").([]any)
	for i, r := range list {
		row, values, next := map[string]any{}, []any(nil), 0
		values, _ = at(r, "Value").([]any)
		for _, v := range values {
			if ref, ok := at(v, "@ColumnRef").(string); ok {
				next = slices.Index(columns, ref)
			}
			if next < 0 || next >= len(columns) {
				return nil, fmt.Errorf("row %d has a value of a column that is not in ColumnSet", i+1)
			}
			if text, ok := at(v, "SimpleValue").(string); ok {
				row[columns[next]] = text
			}
			next++
		}
		list[i] = row
	}
	return list, nil
}

// fill reads a file. What is wrong is said with the key that it is about.
func fill(t *helpers.Table, raw []byte, s source.Lookup) (at, message, hint string) {
	rows, err := rowsOf(raw, s)
	if err != nil {
		return "file", "the lookup file cannot be read: " + err.Error(), ""
	}
	if len(rows) == 0 {
		return "file", "the lookup file has no rows", ""
	}
	first := 2 // behind the header
	if s.Format == "genericode" {
		first = 1
	}
	for i, r := range rows {
		row, _ := r.(map[string]any)
		k, ok := row[s.Key].(string)
		if !ok {
			return "key", missing(s, s.Key, i), columnHint(s.Key, row)
		}
		v, ok := row[s.Value].(string)
		if !ok {
			return "value", missing(s, s.Value, i), columnHint(s.Value, row)
		}
		if old, twice := t.Rows[k]; twice && old != v {
			return "file", fmt.Sprintf("row %d of the lookup file repeats a key with another value", i+first), ""
		}
		t.Rows[k] = v
	}
	return "", "", ""
}

func missing(s source.Lookup, column string, row int) string {
	if s.Format == "genericode" {
		return fmt.Sprintf("row %d of the lookup file has no value in a column with the Id %q", row+1, column)
	}
	return fmt.Sprintf("the lookup file has no column %q", column)
}

// columnHint says which column is meant, or how the columns are told apart.
func columnHint(name string, row map[string]any) string {
	columns := slices.Sorted(maps.Keys(row))
	for word, delimiter := range map[string]string{`";"`: ";", "tab": "\t", `"|"`: "|"} {
		if len(columns) == 1 && strings.Contains(columns[0], delimiter) {
			return "if columns stand between other signs than commas, say csv: {delimiter: " + word + "}"
		}
	}
	return diag.DidYouMean(name, columns)
}

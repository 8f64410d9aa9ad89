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
	t := &helpers.Table{Name: name, Rows: map[string]string{}, File: s.File != ""}
	b.tables[name] = t
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
	raw, err := b.readFile(s.File)
	if err != nil {
		b.report(s.Node.ValueProblem("file", CodeFile, err.Error(), ""))
		return
	}
	var options decode.CSVOptions
	if s.CSV != nil {
		options = *s.CSV
	}
	if at, msg, hint := fill(t, raw, s.Key, s.Value, options); msg != "" {
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

// fill reads a CSV file with a header line. What is wrong is said with the key that it is about.
func fill(t *helpers.Table, raw []byte, key, val string, o decode.CSVOptions) (at, message, hint string) {
	tree, err := decode.CSV(raw, o, decode.DefaultLimits())
	if err != nil {
		return "file", "the lookup file cannot be read: " + err.Error(), ""
	}
	rows, _ := tree.([]any)
	if len(rows) == 0 {
		return "file", "the lookup file has no rows", ""
	}
	for i, r := range rows {
		row, _ := r.(map[string]any)
		k, ok := row[key].(string)
		if !ok {
			return "key", fmt.Sprintf("the lookup file has no column %q", key), columnHint(key, row)
		}
		v, ok := row[val].(string)
		if !ok {
			return "value", fmt.Sprintf("the lookup file has no column %q", val), columnHint(val, row)
		}
		if old, twice := t.Rows[k]; twice && old != v {
			return "file", fmt.Sprintf("row %d of the lookup file repeats a key with another value", i+2), ""
		}
		t.Rows[k] = v
	}
	return "", "", ""
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

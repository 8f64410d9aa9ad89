package mapping

import (
	"fmt"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
)

// lookup is a table of known values; keys are compared as texts, exactly.
type lookup struct {
	name string
	rows map[string]string
}

// lookup builds one table and reports what is wrong with it.
func (b *builder) lookup(name string, s lookupSpec) {
	t := &lookup{name: name, rows: map[string]string{}}
	b.tables[name] = t
	if (s.File == "") == (len(s.Values) == 0) {
		if s.node != nil {
			b.report(s.node.Problem(CodeLookupFile, "a lookup has either file with key and value, or values", ""))
		}
		return
	}
	for _, e := range s.Values {
		t.rows[e.Key] = e.Value
	}
	if s.File == "" {
		return
	}
	if s.Key == "" || s.Value == "" {
		b.report(s.node.Problem(CodeMissingKey, "name the columns of the file: key and value", ""))
		return
	}
	raw, err := b.readFile(s.File)
	if err != nil {
		b.report(valueProblem(s.node, "file", CodeFile, err.Error()))
		return
	}
	if msg := t.fill(raw, s.Key, s.Value); msg != "" {
		b.report(valueProblem(s.node, "file", CodeLookupFile, msg))
	}
}

// fill reads a CSV file with a header line.
func (t *lookup) fill(raw []byte, key, val string) string {
	tree, err := decode.CSV(raw, decode.CSVOptions{}, decode.DefaultLimits())
	if err != nil {
		return "the lookup file cannot be read: " + err.Error()
	}
	rows, _ := tree.([]any)
	if len(rows) == 0 {
		return "the lookup file has no rows"
	}
	for i, r := range rows {
		row, _ := r.(map[string]any)
		k, ok := row[key].(string)
		v, ok2 := row[val].(string)
		switch {
		case !ok:
			return fmt.Sprintf("the lookup file has no column %q", key)
		case !ok2:
			return fmt.Sprintf("the lookup file has no column %q", val)
		}
		if old, twice := t.rows[k]; twice && old != v {
			return fmt.Sprintf("row %d of the lookup file repeats a key with another value", i+2)
		}
		t.rows[k] = v
	}
	return ""
}

// valueProblem is a problem at the value of a key of n, or at n where the key is missing.
func valueProblem(n *diag.Node, key, code, message string) diag.Problem {
	if v, ok := n.Get(key); ok {
		return v.Problem(code, message, "")
	}
	return n.Problem(code, message, "")
}

package mapping

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/diag"
)

// saidParts are the places of a mapping in which a row of the table says something else.
var saidParts = map[string]string{
	"field":  "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nlookups: {kinds: {values: {new: N, old: O}}}\nwrite:\n  - {as: w, to: register, table: T, fields: {ID: form.id, F: %s}}\n",
	"write":  "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nwrite:\n  - {as: first, to: register, table: U, fields: {ID: form.id}, returning: NO}\n  - {%s}\n",
	"layout": "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nlayouts: {l: {%s}}\nwrite:\n  - {as: w, to: drop, layout: l, fields: {A: form.id}}\n",
	"input":  "mapping: m\nversion: 1\ninput: {%s}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\n",
	"top":    "input: {format: json, unused: allow}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\n%s\n",
	"answer": "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - {as: w, to: register, table: T, fields: {A: form.id}}\nanswer: {%s}\n",
}

// said is all that check says of a mapping, each problem with its place, its code and what to do; warnings stand behind errors.
func said(t testing.TB, part, text string) string {
	t.Helper()
	files := fstest.MapFS{"m.yaml": {Data: fmt.Appendf(nil, saidParts[part], text)}, "s.json": {Data: []byte(saidSchema)}, "bad.json": {Data: []byte(`{"type":"objekt"}`)},
		"k.csv": {Data: []byte("code,name\n1,one\n2,two\n")}, "twice.csv": {Data: []byte("code,name\n1,one\n1,uno\n")}, "empty.csv": {Data: []byte("code,name\n")}}
	p, err := Load(files, "m.yaml", catalog{})
	var problems diag.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	word := ""
	if err == nil {
		problems, word = p.Warnings(), "warning "
	}
	var all []string
	for _, p := range problems {
		one := word + strings.TrimPrefix(p.String(), "m.yaml:")
		if p.Suggestion != "" {
			one += " (" + p.Suggestion + ")"
		}
		all = append(all, one)
	}
	return strings.Join(all, "; ")
}

// saying runs a table of places, what stands there, and all that check says.
func saying(t *testing.T, table [][3]string) {
	t.Helper()
	t.Parallel()
	for _, c := range table {
		if have := said(t, c[0], c[1]); have != c[2] {
			t.Errorf("%s {%s}\n have %s\n want %s", c[0], c[1], have, c[2])
		}
	}
}

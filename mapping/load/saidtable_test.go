package load_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// said is all that check says of a mapping, each problem with its place, its code and what to do; warnings stand behind errors.
func said(t testing.TB, part, text string) string {
	t.Helper()
	files := fstest.MapFS{"m.yaml": {Data: fmt.Appendf(nil, mappings.Parts[part], text)}, "s.json": {Data: []byte(mappings.Schema)}, "bad.json": {Data: []byte(`{"type":"objekt"}`)},
		"k.csv": {Data: []byte("code,name\n1,one\n2,two\n")}, "twice.csv": {Data: []byte("code,name\n1,one\n1,uno\n")}, "empty.csv": {Data: []byte("code,name\n")}}
	p, err := load.Mapping(files, "m.yaml", mappings.Catalog{})
	var problems diag.Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatal(err)
	}
	word := ""
	if err == nil {
		problems, word = mappings.Doubts(p), "warning "
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

package cases

import (
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/load"
)

// TestUnknownCase is a case of a form with a field that nobody knows, where such forms park: its sample is no word for what forms have.
func TestUnknownCase(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, input, tests string
		loads              bool
	}{
		{"parks", ", unknown: park", `[{form: a.json}, {form: more.json, expect-error: {code: form.unknown-field}}]`, true},
		{"is also a sample", ", unknown: park", `[{form: more.json}, {form: more.json, expect-error: {code: form.unknown-field}}]`, false},
		{"another error is expected", ", unknown: park", `[{form: more.json, expect-error: {code: field.too-long}}]`, false},
		{"such forms do not park", "", `[{form: more.json, expect-error: {code: form.unknown-field}}]`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fsys := fstest.MapFS{
				"m.yaml": {Data: []byte("mapping: m\nversion: 1\ninput: {format: json" + c.input + "}\nwrite: [{as: w, to: t, table: T, fields: {A: form.a}}]\ntests: " + c.tests + "\n")},
				"a.json": {Data: []byte(`{"a":"1"}`)}, "more.json": {Data: []byte(`{"a":"1","b":"2"}`)},
			}
			p, err := load.Mapping(fsys, "m.yaml", nil)
			if (err == nil) != c.loads {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			for _, r := range Run(p, fsys) {
				if !r.OK {
					t.Errorf("%s: %v", r.Name, r.Diffs)
				}
			}
		})
	}
}

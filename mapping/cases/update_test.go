package cases

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping/load"
)

// TestUpdate: values and files become what the mapping gives, and nothing else changes; a second time changes nothing at all.
func TestUpdate(t *testing.T) {
	t.Parallel()
	const head = `# A comment at the beginning.
mapping: m
version: 1
input: {format: json, unused: allow}
layouts: {l: {format: csv, fields: [{name: A}]}}
write:
  - as: w
    to: register
    table: W
    fields: {A: form.a, N: {value: form.n, type: "decimal(5,2)"}, B: form.b, D: form.d | parseDate(), X: form.x}
  - {as: line, to: drop, layout: l, fields: {A: form.a}}
  - {as: p, to: register, table: P, each: q in form.ps, fields: {N: q.n}, returning: ID}
  - {as: c, to: register, table: C, under: p, fields: {P: p.ID}}
tests:   # with odd   blanks
`
	const form = `{"a":"say \"Ä: #1\"\n","n":"12.50","b":true,"d":"2024-02-29","x":null}`
	for _, c := range []struct{ name, have, want, left string }{
		{"in quotes", `  - {form: f.json, expect: {w: [{A: "ö \" y", N: 'x''y', B: "no" }]}}  # why`, `  - {form: f.json, expect: {w: [{A: "say \"Ä: #1\"\n", N: 12.50, B: true }]}}  # why`, ""},
		{"plain", "  - form: f.json\n    expect:\n      w:\n        - N:  7      # the fee\n          D: 2024-01-01\n          X: ~\n          B: null\n", "  - form: f.json\n    expect:\n      w:\n        - N:  12.50      # the fee\n          D: \"2024-02-29\"\n          X: ~\n          B: true\n", ""},
		{"null and missing", `  - {form: f.json, expect: {w: [{X: 1}]}}` + "\n" + `  - {form: bare.json, expect: {w: [{X: null, A: b, D: x}]}}`, `  - {form: f.json, expect: {w: [{X: null}]}}` + "\n" + `  - {form: bare.json, expect: {w: [{X: (missing), A: "a", D: (missing)}]}}`, ""},
		{"what is right stays as it is written", `  - {form: f.json, expect: {w: [{N: 12.50, D: 2024-02-29, B: true}]}}`, `  - {form: f.json, expect: {w: [{N: 12.50, D: 2024-02-29, B: true}]}}`, ""},
		{"people decide", `  - {form: f.json, expect: {w: [{N: {near: 1, by: 1}, B: false}, {}]}}`, `  - {form: f.json, expect: {w: [{N: {near: 1, by: 1}, B: true}, {}]}}`, "w: want 2 records, have 1; w[0].N: want near 1 by 1, have 12.50"},
		{"over several lines", "  - form: f.json\n    expect:\n      w:\n        - A: >-\n            text\n", "  - form: f.json\n    expect:\n      w:\n        - A: >-\n            text\n", `w[0].A: want "text", have "say \"Ä: #1\"\n"`},
		{"an anchor", `  - {form: f.json, expect: {w: [&r {N: 1}]}}` + "\n" + `  - {form: f.json, expect: {w: [*r]}}`, `  - {form: f.json, expect: {w: [&r {N: 1}]}}` + "\n" + `  - {form: f.json, expect: {w: [*r]}}`, "w[0].N: want 1, have 12.50; w[0].N: want 1, have 12.50"},
		{"an anchor that is right elsewhere", `  - {form: bare.json, expect: {w: [{A: &a a}]}}` + "\n" + `  - {form: f.json, expect: {w: [{A: *a, N: 1}]}}`, `  - {form: bare.json, expect: {w: [{A: &a a}]}}` + "\n" + `  - {form: f.json, expect: {w: [{A: *a, N: 12.50}]}}`, `w[0].A: want "a"`},
		{"a text that is a word of cases", `  - {form: words.json, expect: {w: [{A: x, B: y, N: 1}]}}`, `  - {form: words.json, expect: {w: [{A: x, B: y, N: 12.50}]}}`, `w[0].A: want "x", have "(missing)"; w[0].B: want "y", have "(returned p[0].ID)"`},
		{"what another write returns", `  - {form: under.json, expect: {c: [{P: x}, {P: "y"}]}}`, `  - {form: under.json, expect: {c: [{P: "(returned p[0].ID)"}, {P: "(returned p[1].ID)"}]}}`, ""},
		{"files", `  - {form: bare.json, expect-bytes: {drop: new.csv}}`, `  - {form: bare.json, expect-bytes: {drop: new.csv}}`, ""},
		{"bytes in the mapping", `  - {form: bare.json, expect-bytes: {drop: {hex: 00}}}`, `  - {form: bare.json, expect-bytes: {drop: {hex: 00}}}`, `expect-bytes drop: line 1: want "\x00", have "a"`},
		{"a file elsewhere", `  - {form: bare.json, expect-bytes: {drop: ../new.csv}}`, `  - {form: bare.json, expect-bytes: {drop: ../new.csv}}`, `expect-bytes drop: the file does not exist`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := fstest.MapFS{"m.yaml": {Data: []byte(head + c.have)}, "f.json": {Data: []byte(form)}, "bare.json": {Data: []byte(`{"a":"a"}`)},
				"words.json": {Data: []byte(`{"a":"(missing)","b":"(returned p[0].ID)","n":"12.50"}`)}, "under.json": {Data: []byte(`{"a":"a","ps":[{"n":1},{"n":2}]}`)}}
			for range 2 {
				p, err := load.Mapping(files, "m.yaml", nil)
				if err != nil {
					t.Fatalf("\n%v", err)
				}
				u := Update(p, files["m.yaml"].Data, files)
				if d := cmp.Diff(head+c.want, string(u.Source)); d != "" {
					t.Fatal(d)
				}
				files["m.yaml"].Data = u.Source
				for name, content := range u.Files {
					if strings.HasPrefix(name, "..") {
						t.Errorf("%s is to be written", name)
					}
					files[name] = &fstest.MapFile{Data: content}
				}
			}
			p, err := load.Mapping(files, "m.yaml", nil)
			if err != nil {
				t.Fatalf("\n%v", err)
			}
			var left []string
			for _, r := range Run(p, files) {
				left = append(left, r.Diffs...)
			}
			if have := strings.Join(left, "; "); !strings.HasPrefix(have, c.left) || c.left == "" && have != "" {
				t.Errorf("left: %s\nwant: %s", have, c.left)
			}
		})
	}
}

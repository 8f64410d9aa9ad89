package cases

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/load"
)

const tableMapping = `mapping: m
version: 1
input: {format: json, reference: form.ref, unused: allow}
layouts: {l: {format: csv, fields: [{name: A}]}}
write:
  - {as: first, to: register, table: T, fields: {A: form.a, N: {value: form.n, type: integer}, D: 'form.d | parseDate()', B: form.b, E: form.e.x}, returning: ID}
  - {as: items, to: register, table: U, each: i in form.items, fields: {T_ID: first.ID, K: i.k}, returning: ID}
  - {as: parts, to: register, table: P, under: items, when: i.k != nil or index == 1, fields: {I_ID: items.ID}}
  - {as: copy, to: archive, table: C, when: form.copy, fields: {ID: 'concat("R", first.ID)'}}
  - {as: line, to: drop, layout: l, fields: {A: form.a}}
  - {as: scans, to: drop, document: "{reference}-{n}-scan"}
keys: {a: form.a, item: '(form.items ?? []) | map(.k)', case: first.ID, number: form.a | integer()}
tests:
  - {%s}
`

// ran is the outcome of one case of a mapping's own tests: ok, or all that differs.
func ran(t testing.TB, text string) string {
	t.Helper()
	files := fstest.MapFS{"m.yaml": {Data: []byte(strings.Replace(tableMapping, "%s", text, 1))},
		"full.json":  {Data: []byte(`{"ref":"1","a":"x","n":7,"d":"2024-02-29","b":true,"items":[{"k":"p"},{"k":null},{}],"copy":true}`)},
		"bare.json":  {Data: []byte(`{"ref":"2","a":"ä"}`)},
		"wrong.json": {Data: []byte(`{"ref":"3","a":"x","n":"y","d":"no"}`)}, "split.json": {Data: []byte(`{"ref":"4","a":"x","e":"text"}`)}, "list.json": {Data: []byte(`{"ref":[1]}`)}, "torn.json": {Data: []byte(`{"ref":`)},
		"full.csv": {Data: []byte("x\n")}, "other.csv": {Data: []byte("y\n")}, "long.csv": {Data: []byte("x\nz\n")}}
	p, err := load.Mapping(files, "m.yaml", nil)
	if err != nil {
		t.Fatalf("{%s}\n%v", text, err)
	}
	r := Run(p, files)[0]
	if r.OK != (len(r.Diffs) == 0) {
		t.Errorf("{%s} is told to be right, and differs", text)
	}
	if r.OK {
		return r.Name + ": ok"
	}
	return r.Name + ": " + strings.Join(r.Diffs, "; ")
}

// TestCasesTable is what a mapping's own tests tell: right, or everything that differs.
func TestCasesTable(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{`form: full.json, returns: {first: {ID: 9}}`, `full.json: ok`},
		{`name: a full form, form: full.json, returns: {first: {ID: 9}}`, `a full form: ok`},
		{`form: full.json`, `full.json: target archive waits for first.ID: give it under returns`},
		{`form: bare.json`, `bare.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: x}]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: x, N: 7, D: 2024-02-29, B: true}]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: y, N: 8, D: 2024-03-01, B: false}]}`, `full.json: first[0].A: want "y", have "x"; first[0].N: want 8, have 7; first[0].D: want "2024-03-01", have "2024-02-29"; first[0].B: want false, have true`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: x, N: "7"}]}`, `full.json: first[0].N: want "7", have 7`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: x, Z: 1}]}`, `full.json: first[0].Z: the write has no such field`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: []}`, `full.json: first: want 0 records, have 1`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: x}, {A: y}]}`, `full.json: first: want 2 records, have 1`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {none: [{A: x}]}`, `full.json: none: the mapping has no write of this name`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {none: []}`, `full.json: none: the mapping has no write of this name`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [x]}`, `full.json: first[0]: write the expected fields as a block`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: x}]}, exact: true`, `full.json: first[0].N: want nothing, have 7; first[0].D: want nothing, have "2024-02-29"; first[0].B: want nothing, have true`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: x, N: 7, D: 2024-02-29, B: true}]}, exact: true`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {items: [{T_ID: 9, K: p}, {K: null}, {K: (missing)}]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {items: [{K: q}, {K: (missing)}, {K: null}]}`, `full.json: items[0].K: want "q", have "p"; items[1].K: want (missing), have (null); items[2].K: want (null), have (missing)`},
		{`form: full.json, expect: {items: [{T_ID: (returned first.ID)}, {}, {}]}`, `full.json: target archive waits for first.ID: give it under returns`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {parts: [{I_ID: "(returned items[0].ID)"}, {I_ID: "(returned items[1].ID)"}]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {parts: [{I_ID: "(returned items[1].ID)"}, {}]}`, `full.json: parts[0].I_ID: want (returned items[1].ID), have (returned items[0].ID)`},
		{`form: full.json, returns: {first: {ID: 9}, items: {ID: 1}}`, `full.json: returns: write items makes many records; what refers to one of them is compared with a text such as (returned items[0].COLUMN)`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {copy: [{ID: R9}]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: abc}}, expect: {copy: [{ID: Rabc}]}`, `full.json: ok`},
		{`form: bare.json, expect: {copy: [], items: [], first: [{A: ä, N: (missing), D: (missing), B: (missing)}]}`, `bare.json: ok`},
		{`form: bare.json, expect: {first: [{A: ä}]}, exact: true`, `bare.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: full.csv}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: other.csv}`, `full.json: expect-bytes drop: line 1: want "y", have "x"`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: long.csv}`, `full.json: expect-bytes drop: line 2: want "z", have ""`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: missing.csv}`, `full.json: expect-bytes drop: the file does not exist`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {register: full.csv}`, `full.json: expect-bytes register: no file is written there`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {nowhere: full.csv}`, `full.json: expect-bytes: the mapping has no target "nowhere"; possible here: register, archive, drop`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: {text: "x\n"}}`, `full.json: ok`},
		{`form: bare.json, expect-bytes: {drop: {text: "ä\n"}}`, `bare.json: ok`},
		{`form: bare.json, expect-bytes: {drop: {text: "ä\n", charset: latin1}}`, `bare.json: expect-bytes drop: line 1: want "\xe4", have "ä"`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: {hex: "78 0a"}}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: {base64: eAo=}}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-bytes: {drop: {base64: eQo=}}`, `full.json: expect-bytes drop: line 1: want "y", have "x"`},
		{`form: full.json, returns: {first: {ID: 9}}, attachments: [full.csv, {file: long.csv, type: text/csv}], expect-documents: {drop: [1-1-scan, 1-2-scan]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, attachments: [full.csv], expect-documents: {drop: [1-1-scan, 1-2-scan]}`, `full.json: expect-documents drop: want ["1-1-scan" "1-2-scan"], have ["1-1-scan"]`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-documents: {drop: []}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-keys: {a: x, item: [p], case: 9, number: field.not-an-integer}`, `full.json: ok`},
		{`form: bare.json, expect-keys: {case: null, item: []}`, `bare.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-keys: {a: null, item: q}`, `full.json: expect-keys a: want [], have ["x"]; expect-keys item: want ["q"], have ["p"]`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-keys: {itme: q}`, `full.json: expect-keys: the mapping has no key "itme"; did you mean "item"?`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-documents: {dorp: []}`, `full.json: expect-documents: the mapping has no target "dorp"; did you mean "drop"?`},
		{`form: full.json, returns: {first: {ID: 9}}, attachments: [gone.pdf]`, `full.json: attachment gone.pdf: the file does not exist`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: {any: true}, N: {near: 6.5, by: 0.5}, D: {like: "2024-__-%"}, B: {not-null: true}}]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: {matches: "^[a-x]$"}, N: {by: 0, near: 7}, D: {matches: "-29$"}, B: {like: tr%}}], items: [{}, {K: {any: true}}, {}]}`, `full.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {first: [{A: {matches: "^[y-z]$"}, N: {near: 6.5, by: 0.49}, D: {like: "2024"}, B: {near: 1, by: 1}}]}`, `full.json: first[0].A: want matches ^[y-z]$, have "x"; first[0].N: want near 6.5 by 0.49, have 7; first[0].D: want like 2024, have "2024-02-29"; first[0].B: want near 1 by 1, have true`},
		{`form: full.json, returns: {first: {ID: 9}}, expect: {items: [{}, {K: {not-null: true}}, {K: {any: true}}]}`, `full.json: items[1].K: want not-null, have (null); items[2].K: want any, have (missing)`},
		{`form: wrong.json`, `wrong.json: the form is rejected at /n: a whole number is needed (field.not-an-integer); the form is rejected at /d: the date does not exist or has another pattern (field.not-a-date)`},
		{`form: wrong.json, expect-error: {at: /n}`, `wrong.json: ok`},
		{`form: wrong.json, expect-error: {at: /n, code: field.not-an-integer}`, `wrong.json: ok`},
		{`form: wrong.json, expect-error: {at: /d}`, `wrong.json: ok`},
		{`form: wrong.json, expect-error: {at: /d, code: field.not-a-date}`, `wrong.json: ok`},
		{`form: wrong.json, expect-error: {at: /a}`, `wrong.json: expected an error at /a , have /n (field.not-an-integer), /d (field.not-a-date)`},
		{`form: wrong.json, expect-error: {code: field.too-long}`, `wrong.json: expected an error at  field.too-long, have /n (field.not-an-integer), /d (field.not-a-date)`},
		{`form: wrong.json, expect-error: {}`, `wrong.json: ok`},
		{`form: full.json, returns: {first: {ID: 9}}, expect-error: {at: /n}`, `full.json: the form is accepted, an error was expected`},
		{`form: list.json`, `list.json: the form is rejected at /ref: the reference must be a single value (field.not-text)`},
		{`form: list.json, expect-error: {at: /ref}`, `list.json: ok`},
		{`form: torn.json`, `torn.json: the form is rejected at /ref: the JSON ends where a value is expected (decode.syntax)`},
		{`form: torn.json, expect-error: {code: decode.syntax}`, `torn.json: ok`},
		{`form: split.json, expect-error: {code: mapping.wrong}`, `split.json: ok`},
		{`form: split.json, expect-error: {at: /e, code: mapping.wrong}`, `split.json: ok`},
		{`form: split.json, expect-error: {at: /nowhere, code: mapping.wrong}`, `split.json: expected an error at /nowhere mapping.wrong, have /e (mapping.wrong)`},
		{`form: missing.json`, `missing.json: form: the file does not exist`},
		{`answer: a.json`, `a.json: the mapping takes no answer files`},
	} {
		if have := ran(t, c[0]); have != c[1] {
			t.Errorf("{%s}\n have %s\n want %s", c[0], have, c[1])
		}
	}
}

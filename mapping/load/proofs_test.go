package load_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestWrongAgainstSchema is small mistakes that the types, lengths and code lists of a form's schema show before any form comes.
func TestWrongAgainstSchema(t *testing.T) {
	t.Parallel()
	const w = "as: w, to: register, table: T, "
	for _, c := range [][4]string{
		{"text helper on a boolean", "field", `'form.yes | upper()'`, "upper can only fail"},
		{"text helper on an object", "field", `'form.o | upper()'`, "upper can only fail"},
		{"text helper on a list", "field", `'form.items | trim()'`, "trim can only fail"},
		{"arithmetic on a text", "field", `'form.id + 1'`, "+ can only fail"},
		{"arithmetic on a text and a number", "field", `'form.id * form.n'`, "* can only fail"},
		{"arithmetic on a boolean", "field", `'form.yes + 1'`, "+ can only fail"},
		{"sum of texts", "field", `'sum(form.items, .k)'`, "sum can only fail"},
		{"rounding a text", "field", `'form.id | round(2)'`, "round can only fail"},
		{"a number as a date", "field", `'form.n | parseDate()'`, "parseDate can only fail"},
		{"formatting a number as a date", "field", `'form.n | formatDate("yyyy")'`, "formatDate can only fail"},
		{"a text too short for a date", "field", `'form.id | addDays(1)'`, "addDays can read none of the texts"},
		{"a date and a number", "field", `'form.d > 5'`, "the comparison can only fail"},
		{"a boolean and a text", "field", `'form.yes == "J"'`, "the comparison can only fail"},
		{"a number and a text", "field", `'form.n == "5"'`, "the comparison can only fail"},
		{"an object and a text", "field", `'form.o == "5"'`, "the comparison can only fail"},
		{"a list and a number", "field", `'form.items == 1'`, "the comparison can only fail"},
		{"a code that the schema has not", "field", `'form.kind == "n" ? "a" : "b"'`, `"n" is never found here`},
		{"a lookup that lacks all codes", "field", `'form.kind | lookup("kinds") | lookup("kinds")'`, "lookup can only fail"},
		{"no such lookup", "field", `'form.kind | lookup("kind")'`, "there is no lookup of this name"},
		{"counting an object", "field", `'count(form.o)'`, "count needs a list"},
		{"counting a text", "field", `'count(form.id)'`, "count needs a list"},
		{"the first of a text", "field", `'first(form.id)'`, "first can only fail"},
		{"an item of a text", "field", `'form.id[0]'`, "this is no list: it is string"},
		{"joining objects", "field", `'join(form.items, ",")'`, "join can only fail"},
		{"a member of a number", "field", `'form.n.x'`, `there is no "x" here`},
		{"a member of a list", "field", `'form.items.k'`, "this is a list"},
		{"no such field", "field", `'form.idd'`, `no field "idd"`},
		{"no such field of an item", "field", `'first(form.items).q'`, `no field "q"`},
		{"no such field in a condition", "field", `'count(form.items, .q > 1)'`, `no field "q"`},
		{"a text as a condition", "field", `'count(form.items, .k)'`, "the condition can only fail"},
		{"not of a text", "field", `'not form.id'`, "the condition can only fail"},
		{"a text that may be too long", "field", `{value: form.id, type: text(4)}`, "the form's schema allows 8 characters here"},
		{"a constant that is too long", "field", `{value: '"abcdef"', type: text(4)}`, `own value "abcdef" does not fit`},
		{"a default that is too long", "field", `{value: form.id, type: text(8), default: '"abcdefghi"'}`, "own value"},
		{"a number of too many digits", "field", `{value: '123456', type: integer(3)}`, "more than 3 digits"},
		{"a number of too many decimals", "field", `{value: '1.234', type: "decimal(5,2)"}`, "more than 2 decimals"},
		{"each of an object", "write", w + `each: x in form.o, fields: {A: x.p}`, "each needs a list"},
		{"each of a text", "write", w + `each: x in form.id, fields: {A: x}`, "each needs a list"},
		{"each of no such field", "write", w + `each: x in form.itemz, fields: {A: x}`, `no field "itemz"`},
		{"no such field of each item", "write", w + `each: x in form.items, fields: {A: x.q}`, `no field "q"`},
		{"when: a text", "write", w + `when: form.id, fields: {A: form.id}`, "the condition can only fail"},
		{"when: an unknown code", "write", w + `when: 'form.kind == "bad"', fields: {A: form.id}`, "this write is never made"},
		{"when: two codes at once", "write", w + `when: 'form.kind == "new" and form.kind == "old"', fields: {A: form.id}`, "this write is never made"},
		{"when: an empty range", "write", w + `when: 'form.n < 1 and form.n > 5', fields: {A: form.id}`, "this write is never made"},
		{"when: longer than the schema allows", "write", w + `when: 'length(form.id) > 20', fields: {A: form.id}`, "this write is never made"},
		{"when: false", "write", w + `when: 'false', fields: {A: form.id}`, "this write is never made"},
		{"let: a circle", "write", w + `let: {a: b, b: a}, fields: {A: a}`, "let goes in a circle: a is made of b is made of a [mapping.circle]"},
		{"let: of itself", "write", w + `let: {a: a}, fields: {A: a}`, "let goes in a circle: a is made of a [mapping.circle]"},
		{"let: a circle of three", "write", w + `let: {a: b, b: c | upper(), c: a}, fields: {A: a}`, "let goes in a circle: a is made of b is made of c is made of a [mapping.circle]"},
		{"let: too early", "write", w + `let: {a: b, b: form.id}, fields: {A: a}`, `"b" comes later: a let may use those before it [mapping.unknown-name] (write b above a)`},
	} {
		t.Run(c[0], func(t *testing.T) {
			t.Parallel()
			if have := said(t, c[1], c[2]); !strings.Contains(have, c[3]) {
				t.Errorf("%s\n have %s\n want %s", c[2], have, c[3])
			}
		})
	}
}

// TestIdle is what a mapping has and does not use.
func TestIdle(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"all is used", "let: {a: form.a}\nlookups: {k: {values: {x: y}}}\nwrite: [{as: w, to: register, table: T, let: {b: a}, fields: {A: 'b | lookup(\"k\")'}}]", ""},
		{"a let", "let: {a: form.a}\nwrite: [{as: w, to: register, table: T, fields: {A: form.b}}]", "nothing uses a"},
		{"a let that only another one uses", "let: {a: form.a, b: a}\nwrite: [{as: w, to: register, table: T, fields: {A: form.b}}]", "nothing uses b"},
		{"a let of a write", "write: [{as: w, to: register, table: T, let: {x: 'form.a | upper()'}, fields: {A: form.b}}]", "nothing uses x"},
		{"a let that is only a condition", "let: {a: 'form.a == \"x\"'}\nwrite: [{as: w, to: register, table: T, when: a, fields: {A: form.b}}]", ""},
		{"a lookup", "lookups: {k: {values: {x: y}}}\nwrite: [{as: w, to: register, table: T, fields: {A: form.b}}]", "no expression uses the lookup k"},
		{"an own helper", "helpers: {h: {takes: x, value: 'i(x)'}, i: {takes: x, value: 'x | upper()'}, j: {takes: x, value: x}}\nwrite: [{as: w, to: register, table: T, fields: {A: form.b | j()}}]", "no expression calls the helper h"},
		{"a layout", "layouts: {l: {format: csv, fields: [{name: A}]}, m: {format: csv, fields: [{name: A}]}}\nwrite: [{as: w, to: drop, layout: l, fields: {A: form.b}}]", "no write has the layout m"},
		{"a write that no case looks at", "write: [{as: w, to: register, table: T, fields: {A: form.b}}, {as: v, to: register, table: U, fields: {A: form.b}}]\ntests: [{form: f.json, expect: {w: [{A: x}]}}]", "no case of tests has a record of write v"},
		{"a write of which cases only expect nothing", "write: [{as: w, to: register, table: T, fields: {A: form.b}}]\ntests: [{form: f.json, expect: {w: []}}]", "no case of tests has a record of write w"},
		{"cases that look at no records", "write: [{as: w, to: register, table: T, fields: {A: form.b}}]\ntests: [{form: f.json, expect-error: {at: /b}}]", ""},
		{"bytes of the target", "layouts: {l: {format: csv, fields: [{name: A}]}}\nwrite: [{as: w, to: drop, layout: l, fields: {A: form.b}}]\ntests: [{form: f.json, expect-bytes: {drop: f.txt}}]", ""},
	} {
		t.Run(c[0], func(t *testing.T) {
			t.Parallel()
			if have := idleIn(t, "json, unused: allow", c[1]); have != c[2] {
				t.Errorf("have %s", have)
			}
		})
	}
	for lists, want := range map[string]string{"[dog]": "", "[dog, dgo]": "the mapping reads and ignores nothing of dgo; so it need not be a list", "[dog, form.cat]": ""} {
		if have := idleIn(t, "xml, unused: allow, lists: "+lists, "ignore: [form.cat]\nwrite: [{as: w, to: register, table: T, fields: {A: count(form.dog)}}]"); have != want {
			t.Errorf("%s: %s", lists, have)
		}
	}
}

// idleIn is what check says of what a mapping does not use.
func idleIn(t *testing.T, format, text string) string {
	t.Helper()
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte("mapping: m\nversion: 1\ninput: {format: " + format + "}\n" + text + "\n")}, "f.json": {Data: []byte(`{}`)}, "f.txt": {}}, "m.yaml", mappings.Catalog{})
	var problems diag.Problems
	if errors.As(err, &problems) {
		return problems.Format()
	}
	var all []string
	for _, w := range p.Warnings() {
		if w.Code == load.CodeIdle {
			all = append(all, strings.Split(w.Message, "; a field")[0])
		}
	}
	return strings.Join(all, "; ")
}

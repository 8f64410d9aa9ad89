package load_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const ownSchema = `{"type":"object","properties":{"fee":{"type":"string"},"n":{"type":"integer"},"a":{"type":"object","properties":{"x":{"type":"string"},"y":{"type":"string"}}},
	"items":{"type":"array","items":{"type":"object","properties":{"v":{"type":"string"},"w":{"type":"string"}}}},"other":{"type":"array","items":{"type":"object","properties":{"v":{"type":"string"}}}}}}`

// loadOwn loads a mapping that has helpers of its own and writes one value.
func loadOwn(helpers, val string) (*mapping.Plan, error) {
	text := "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nhelpers:\n" + helpers + "write: [{as: w, to: t, table: T, fields: {A: '" + strings.ReplaceAll(val, "'", "''") + "'}}]\n"
	return load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(ownSchema)}}, "m.yaml", nil)
}

const ownHelpers = `  amount: {takes: x, value: 'x | signBehind() | decimal(",", ".")'}
  name: {takes: [p], value: 'concat(p.x, "/", p.y)'}
  reads: {takes: [x, point], value: 'x | decimal(point)'}
  twice: {takes: [x], value: 'amount(x) + amount(x)'}
  has: {takes: [list, v], value: 'any(list, .v == v)'}
  plus: {takes: [a, b], value: 'a + b'}
`

// TestOwnHelpers: helpers of the mapping's own compute what their expressions would in their place.
func TestOwnHelpers(t *testing.T) {
	t.Parallel()
	const form = `{"fee":"1.234,50-","n":2,"a":{"x":"X","y":"Y"},"items":[{"v":"1,00","w":"p"},{"v":"2,00","w":"q"}],"other":[{"v":"2,00"}]}`
	for _, c := range []struct{ value, form, want string }{
		{`amount(form.fee)`, form, "-1234.50"}, {`form.fee | amount() | abs()`, form, "1234.50"}, {`name(form.a)`, form, "X/Y"}, {`"1,5" | reads(",")`, form, "1.5"}, {`twice(form.fee)`, form, "-2469.00"}, {`twice("1,00") + twice("2,00")`, form, "6.00"},
		{`sum(form.items, amount(.v))`, form, "3.00"}, {`form.items | filter(has(form.other, .v)) | map(.w) | join()`, form, "q"}, {`map(form.items, map([1, 2], plus(#, #outer.v | amount())) | max()) | max()`, form, "4.00"}, {`plus(plus(1, 2), plus(3, plus(4, form.n)))`, form, "12"},
		{`map([10, 20], plus(#, #index)) | join()`, form, "10, 21"}, {`form.none ?? "-"`, "", "the form's schema has no field"},
		{`amount(form.fee)`, `{"fee":"x"}`, "form /fee field.not-a-number"}, {`sum(form.items, amount(.v))`, `{"items":[{"v":"x"}]}`, "form /items field.not-a-number"}, {`amount(form.fee)`, `{}`, "missing"},
	} {
		t.Run(c.value+c.form, func(t *testing.T) {
			t.Parallel()
			p, err := loadOwn(ownHelpers, c.value)
			if c.form == "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("have %v, want %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			out, err := p.Map(mappings.Form(t, p, c.form), expr.Input{ID: "1"})
			have := mappings.Blamed(err)
			if err == nil {
				if have = "missing"; len(out.Deliveries) > 0 && out.Deliveries[0].Records[0].Values[0].Kind != 0 {
					have, _ = value.FromConnector(out.Deliveries[0].Records[0].Values[0]).Text()
				}
			}
			if have != c.want {
				t.Errorf("have %s, want %s", have, c.want)
			}
		})
	}
}

// TestWrongOwnHelpers: what is wrong with a helper is told where it stands, what is wrong with a call at the call.
func TestWrongOwnHelpers(t *testing.T) {
	t.Parallel()
	many := "  h0: {takes: [x], value: 'x + x'}\n"
	for _, n := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e"} {
		next := string(n[0] + 1)
		if n == "9" {
			next = "a"
		}
		many += "  h" + next + ": {takes: [x], value: 'h" + n + "(x) + h" + n + "(x)'}\n"
	}
	for _, c := range []struct{ helpers, value, want string }{
		{"  h: {takes: [x], value: 'h(x)'}\n", `h(form.fee)`, "m.yaml:5:27: a helper cannot call itself: h → h [mapping.cyclic-helper]"},
		{"  g: {takes: [x], value: 'h(x)'}\n  h: {takes: [x], value: '1 + g(x)'}\n", `h(form.n)`, "m.yaml:5:27: in helper h: a helper cannot call itself: g → h → g"},
		{"  h: {takes: [x], value: 'x + form.n'}\n", `h(form.n)`, `m.yaml:5:31: nothing here is named "form"`}, {"  h: {takes: [x], value: 'x +'}\n", `h(form.n)`, "m.yaml:5:29: this expression cannot be read"}, {"  h: {takes: [x], value: 'x | uper()'}\n", `h(form.n)`, `did you mean "upper"?`},
		{"  upper: {takes: [x], value: 'x'}\n", `form.fee`, `the language has a helper "upper" already`}, {"  map: {takes: [x], value: 'x'}\n", `form.fee`, `the language has a helper "map" already`}, {"  h-1: {takes: [x], value: 'x'}\n", `form.fee`, `"h-1" is no name of a helper`},
		{"  h: {takes: [x, x], value: 'x'}\n", `form.fee`, `"x" is no name of an argument`}, {"  h: {takes: [x], value: 'x'}\n", `h()`, "h has the wrong number of arguments: h(x)"}, {"  h: {value: 'x'}\n", `form.fee`, "takes"}, {"  hello: {takes: [x], value: 'x'}\n", `helo(form.fee)`, `did you mean "hello"?`},
		{"  h: {takes: [x], value: 'x | round(1)'}\n", `1 + h(form.fee)`, `in helper h: round can only fail, whatever the form says: a number is needed here [mapping.never]`}, {"  h: {takes: [p], value: 'p.z'}\n", `h(form.a)`, "the form's schema has no field \"z\" here"},
		{"  h: {takes: [x], value: 'x | upper([1])'}\n", `h(form.fee)`, "upper has the wrong number of arguments"}, {"  h: {takes: [x, t], value: 'x | lookup(t)'}\n", `h(form.fee, "k")`, "must be a name in quotes"}, {many, `hf(form.n)`, "helpers that call helpers make this expression too large"},
		{"  h: {takes: [x, y], value: 'x ?? y'}\n", `form.fee | h(fail("why"))`, "this argument refuses every form: it is computed before h is called"}, {"  h: {takes: [x], value: 'x | default(fail(\"why\"))'}\n", `h(form.fee)`, "this argument refuses every form: it is computed before default is called"},
		{"  h: {takes: [x], value: 'filter([1], # == #outer)'}\n", `map([1], h(#))`, "#outer is the item of the list around another list"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			_, err := loadOwn(c.helpers, c.value)
			var problems diag.Problems
			if !errors.As(err, &problems) || !strings.Contains(problems.Format(), c.want) {
				t.Errorf("have %v, want %s", err, c.want)
			}
		})
	}
}

// TestOwnHelpersKnowFields: what a helper reads of its argument counts as used, and nothing else of it; and a reference that a helper makes is
// another one where the helper is.
func TestOwnHelpersKnowFields(t *testing.T) {
	t.Parallel()
	text := "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, reference: ref(form.a)}\nhelpers:\n  ref: {takes: [p], value: 'p.x'}\nignore: [form.fee, form.n, form.items, form.other]\nwrite: [{as: w, to: t, table: T, fields: {A: form.a.x}}]\n"
	files := fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(ownSchema)}}
	_, err := load.Mapping(files, "m.yaml", nil)
	if err == nil || !strings.Contains(err.Error(), "a.y is neither used nor ignored") {
		t.Fatalf("a field that the helper does not read: %v", err)
	}
	rule := func(text string) string {
		p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(ownSchema)}}, "m.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		return p.ReferenceRule()
	}
	text = strings.Replace(text, "form.fee", "form.a.y, form.fee", 1)
	if rule(text) == rule(strings.Replace(text, "'p.x'", "'p.x | upper()'", 1)) {
		t.Error("two references that differ by a helper have one rule")
	}
}

package mapping_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestWhoseFault is the table of whom an error blames: the form only where one of its own values caused it, and its
// schema does not allow that value in so many words.
func TestWhoseFault(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"long":{"type":"string","maxLength":20},"kind":{"enum":["a","b"]},"n":{"type":"integer"},
		"most":{"type":"number","maximum":1000000},"day":{"type":"string","format":"date"},"list":{"type":"array","items":{"type":"object","properties":{"v":{"type":"string","maxLength":9},"w":{"type":["integer","string"]}}}},
		"flag":{"type":["boolean","string"]},"mix":{"type":["integer","string"]},"mixes":{"type":"array","items":{"type":["integer","string"]}}}}`
	for _, c := range []struct{ value, form, want string }{
		{`form.a`, `{"a":"12345"}`, "form /a encode.too-long"},
		{`form.a | trim() | upper()`, `{"a":"12345"}`, "form /a encode.too-long"},
		{`form.a`, `{"a":"5 €"}`, "form /a encode.unmappable"},
		{`form.a ?? form.b`, `{"b":"12345"}`, "form /b encode.too-long"},
		{`coalesce(form.a, form.b)`, `{"a":null,"b":"12345"}`, "form /b encode.too-long"},
		{`form.a | integer() | text()`, `{"a":"x"}`, "form /a field.not-an-integer"},
		{`form.a + form.b`, `{"a":1,"b":"x"}`, "form /b field.not-a-number"},
		{`form.a / form.b`, `{"a":1,"b":0}`, "form /b field.division-by-zero"},
		{`form.a | lookup("kinds")`, `{"a":"z"}`, "form /a field.not-in-list"},
		{`first(form.l).x | decimal()`, `{"l":[{"x":"y"}]}`, "form /l field.not-a-number"},
		{`sum(form.l, .x)`, `{"l":[{"x":"y"}]}`, "form /l field.not-a-number"},
		{`form.a == "x" ? fail("no") : "1"`, `{"a":"x"}`, "form /a field.rejected"},
		{`{value: form.a, onMissing: error}`, `{}`, "form /a field.missing"},
		{`form.day | parseDate("dd.MM.yy") | formatDate("MMdd")`, `{"day":"x"}`, "form /day field.not-a-date"},

		{`form.day | parseDate("dd.MM.yy", 1930) | formatDate("MMdd")`, `{"day":"x"}`, "form /day field.not-a-date"}, {`form.a | parseDate("dd.MM.yy", form.b) | formatDate("MMdd")`, `{"a":"31.12.49","b":-1}`, "form /b field.out-of-range"},
		{`form.a | monthAsNumber("de") | parseDate("d MM yyyy") | formatDate("MMdd")`, `{"a":"31 Feb 2024"}`, "form /a field.not-a-date"}, {`form.a | incompleteDate("first", "ddMMyyyy", "yyyyMMdd") | formatDate("MMdd")`, `{"a":"12101210"}`, "mapping l.A field.not-a-date"},
		{`form.a | checkIBAN()`, `{"a":"DE1"}`, "form /a field.checksum"}, {`form.a | extract("[0-9]+")`, `{"a":"x"}`, "form /a field.other-pattern"}, {`form.a | extract("[0-9]+", 0, "12345")`, `{"a":"x"}`, "mapping l.A encode.too-long"}, {`form.a | extract("[0-9]+")`, `{"a":"x12345"}`, "form /a encode.too-long"},
		{`form.a | replaceAll("x", "12345")`, `{"a":"x"}`, "mapping l.A encode.too-long"}, {`form.a | signBehind() | decimal(",", ".") | text()`, `{"a":"1.23-"}`, "form /a field.not-a-number"}, {`form.l | sort() | first()`, `{"l":["a",1]}`, "form /l field.cannot-compare"}, {`form.l | max()`, `{"l":["12345"]}`, "form /l encode.too-long"},
		{`form.a | fromCents()`, `{"a":12345}`, "form /a encode.too-long"}, {`form.a | fromCents()`, `{"a":123}`, "nobody"}, {`form.a | fromCents()`, `{"a":1234}`, "mapping l.A encode.too-long"},

		{`"12345"`, `{}`, "mapping l.A encode.too-long"},
		{`"5 €"`, `{}`, "mapping l.A encode.unmappable"},
		{`form.a ?? "12345"`, `{}`, "mapping l.A encode.too-long"},
		{`form.a == "x" ? "12345" : "1"`, `{"a":"x"}`, "mapping l.A encode.too-long"},
		{`{value: form.a, default: "\"12345\""}`, `{}`, "mapping l.A encode.too-long"},
		{`form.a | lookup("kinds")`, `{"a":"long"}`, "mapping l.A encode.too-long"},
		{`form.a | lookup("kinds") | integer()`, `{"a":"long"}`, "mapping l.A field.not-an-integer"},
		{`form.a | boolean("J", "N") | yesNo("12345", "0")`, `{"a":"J"}`, "mapping l.A encode.too-long"},
		{`form.a / 0`, `{"a":1}`, "mapping l.A field.division-by-zero"},
		{`form.a + "x"`, `{"a":1}`, "mapping l.A field.not-a-number"},
		{`form.a | padLeft(2, "ab")`, `{"a":"1"}`, "mapping l.A field.out-of-range"}, {`form.a | padLeft(4, "0")`, `{"a":"-1"}`, "mapping l.A field.out-of-range"},
		{`form.a | substring("x")`, `{"a":"1"}`, "mapping l.A field.out-of-range"},
		{`form.a | split("") | first()`, `{"a":"1"}`, "mapping l.A field.out-of-range"},
		{`form.a | round(1000)`, `{"a":1}`, "mapping l.A field.out-of-range"},
		{`submission.id | integer()`, `{}`, "mapping l.A field.not-an-integer"},

		// What the mapping makes of a value is the mapping's, unless the form's own value would not fit either.
		{`form.a | padLeft(8)`, `{"a":"1"}`, "mapping l.A encode.too-long"}, {`form.a | padLeft(8)`, `{"a":"12345"}`, "form /a encode.too-long"},
		{`concat("abc-", form.a)`, `{"a":"1"}`, "mapping l.A encode.too-long"}, {`concat("abc-", form.a)`, `{"a":"12345"}`, "form /a encode.too-long"},
		{`concat(form.a, form.b)`, `{"a":"123","b":"45"}`, "mapping l.A encode.too-long"}, {`concat(form.a, form.b)`, `{"a":"1","b":"23456"}`, "form /b encode.too-long"},
		{`form.a + form.b + form.c`, `{"a":"1","b":"23","c":"45"}`, "mapping l.A encode.too-long"}, {`form.a + form.b + form.c`, `{"a":"1","b":"23456","c":"7"}`, "form /b encode.too-long"},
		{`form.a + "y"`, `{"a":"€"}`, "form /a encode.unmappable"}, {`form.a + "€"`, `{"a":"y"}`, "mapping l.A encode.unmappable"},
		{`form.a | upper()`, `{"a":"ßßß"}`, "mapping l.A encode.too-long"}, {`form.a | replace("-", "----")`, `{"a":"1-"}`, "mapping l.A encode.too-long"},
		{`form.l | join("-")`, `{"l":["1","2","3"]}`, "mapping l.A encode.too-long"}, {`form.l | join("-")`, `{"l":["1","23456"]}`, "form /l encode.too-long"},
		{`first(form.l).x`, `{"l":[{"x":"12345"}]}`, "form /l encode.too-long"}, {`form.l | last()`, `{"l":["12345"]}`, "form /l encode.too-long"},
		{`form.a | parseDate() | formatDate("dd.MM.yyyy")`, `{"a":"2026-01-02"}`, "mapping l.A encode.too-long"},
		{`{value: form.a / 3, type: "decimal(9,2)"}`, `{"a":10}`, "mapping l.A field.too-many-decimals"}, {`{value: form.a / 3, type: "decimal(9,2)"}`, `{"a":0.001}`, "form /a field.too-many-decimals"},
		{`{value: form.a / 3, type: integer}`, `{"a":10}`, "mapping l.A field.not-an-integer"}, {`{value: form.a, type: "decimal(9,2)"}`, `{"a":1.234}`, "form /a field.too-many-decimals"},
		{`{value: form.a * 100, type: "integer(4)"}`, `{"a":500}`, "mapping l.A field.too-large"}, {`{value: form.a * 100, type: "integer(4)"}`, `{"a":50000}`, "form /a field.too-large"},
		{`{value: form.a | cents(), type: "integer(4)"}`, `{"a":500}`, "mapping l.A field.too-large"}, {`form.a | round(4) | text()`, `{"a":1}`, "mapping l.A encode.too-long"},
		{`form.a | round(1)`, `{"a":12345.67}`, "form /a encode.too-long"}, {`-form.a`, `{"a":1234}`, "mapping l.A encode.too-long"},
		{`{value: count(form.l), type: "integer(1)"}`, `{"l":[1,2,3,4,5,6,7,8,9,10]}`, "mapping l.A field.too-large"}, {`sum(form.l)`, `{"l":[9000,1000]}`, "mapping l.A encode.too-long"},
		{`sum(form.l)`, `{"l":[10000]}`, "form /l encode.too-long"}, {`form.a | length()`, `{"a":"` + strings.Repeat("x", 10000) + `"}`, "mapping l.A encode.too-long"},
		{`form.a | addDays(1)`, `{"a":"9999-12-31"}`, "mapping l.A field.out-of-range"}, {`form.a | addDays(form.b)`, `{"a":"2026-01-02","b":9999999}`, "form /b field.out-of-range"},
		{`form.a | addDays(form.b * 2)`, `{"a":"2026-01-02","b":3000000}`, "mapping l.A field.out-of-range"}, {`form.a | addDays(1)`, `{"a":"x"}`, "form /a field.not-a-date"},
		{`form.a | daysTo(form.b)`, `{"a":"1900-01-01","b":"2000-01-01"}`, "mapping l.A encode.too-long"}, {`form.a | daysTo(form.b)`, `{"a":"1900-01-01","b":"x"}`, "form /b field.not-a-date"},
		{`form.a / (form.b - form.c)`, `{"a":1,"b":2,"c":2}`, "mapping l.A field.division-by-zero"}, {`form.a * 2 | lookup("kinds")`, `{"a":1}`, "mapping l.A field.not-in-list"},
		{`concat(form.a, form.b) | parseDate("yyyyMMdd") | formatDate("MMdd")`, `{"a":"2026","b":"1301"}`, "form /a field.not-a-date"}, {`form.a * form.a * form.a`, `{"a":1e99}`, "mapping l.A field.too-large"},
		{`{value: 'form.a | replace(",", ".")', type: "decimal(9,2)"}`, `{"a":"1,234"}`, "form /a field.too-many-decimals"}, {`concat(form.a, form.b) | lookup("kinds")`, `{"a":"z","b":""}`, "form /a field.not-in-list"},
		{`{value: 'sum(form.l, .x)', type: "decimal(9,2)"}`, `{"l":[{"x":1},{"x":0.123}]}`, "form /l field.too-many-decimals"}, {`sum(form.l, .x)`, `{"l":[{"x":9000},{"x":1000}]}`, "mapping l.A encode.too-long"},
		{`sum(form.l, .x / 3)`, `{"l":[{"x":1}]}`, "mapping l.A encode.too-long"}, {`map(form.l, .x) | join("")`, `{"l":[{"x":"1"},{"x":"23456"}]}`, "form /l encode.too-long"},
		{`map(form.l, .x) | join("")`, `{"l":[{"x":"123"},{"x":"456"}]}`, "mapping l.A encode.too-long"}, {`form.a | padLeft(2)`, `{"a":"12345"}`, "form /a encode.too-long"},
		{`form.a.b + form.l[1]`, `{"a":{"b":"12"},"l":["0","345"]}`, "mapping l.A encode.too-long"}, {`form.a.b + form.l[-1]`, `{"a":{"b":"12"},"l":["0","34567"]}`, "form /l/-1 encode.too-long"},
		{`form.a | replace("a", "€")`, `{"a":"a"}`, "mapping l.A encode.unmappable"}, {`form.a | upper()`, `{"a":"ÿ"}`, "mapping l.A encode.unmappable"}, {`form.a | upper()`, `{"a":"€"}`, "form /a encode.unmappable"},
		{`{value: form.a * 2, onMissing: error}`, `{}`, "form /a field.missing"}, {`{value: form.a + "x", onEmpty: error, onMissing: error}`, `{}`, "form /a field.missing"},
	} {
		if have := blameOf(t, c.value, c.form); have != c.want {
			t.Errorf("%s over %s: %s, want %s", c.value, c.form, have, c.want)
		}
		if have := blameOf(t, c.value, c.form, "s.json", `{"properties":{"a":{},"b":{},"c":{},"l":{},"day":{}}}`); have != c.want {
			t.Errorf("%s over %s with a schema that says nothing: %s, want %s", c.value, c.form, have, c.want)
		}
	}
	for _, c := range []struct{ value, form, want string }{
		{`form.long`, `{"long":"12345"}`, "mapping l.A encode.too-long"},
		{`form.long | upper()`, `{"long":"12345"}`, "mapping l.A encode.too-long"},
		{`form.long`, `{"long":"€"}`, "form /long encode.unmappable"},
		{`form.kind | lookup("kinds")`, `{"kind":"b"}`, "mapping l.A field.not-in-list"},
		{`form.n == "5" ? "1" : "2"`, `{"n":5}`, "mapping l.A field.cannot-compare"},
		{`form.most | round(2) | text()`, `{"most":12345.5}`, "mapping l.A encode.too-long"},
		{`{value: form.most, type: "decimal(4,2)"}`, `{"most":12345}`, "mapping l.A field.too-large"},
		{`form.day | parseDate("dd.MM.yyyy") | formatDate("MMdd")`, `{"day":"2026-01-02"}`, "mapping l.A field.not-a-date"},
		{`form.list[0].v`, `{"list":[{"v":"123456789"}]}`, "mapping l.A encode.too-long"},

		// A sort of value that the schema names, and that the mapping cannot work with, is right; what is said in a text may be wrong.
		{`form.flag | yesNo("J", "N")`, `{"flag":"x"}`, "mapping l.A field.not-a-boolean"}, {`form.flag | boolean("J", "N") | yesNo("J", "N")`, `{"flag":"x"}`, "form /flag field.not-a-boolean"},
		{`form.flag ? "1" : "2"`, `{"flag":"x"}`, "mapping l.A field.not-a-boolean"}, {`form.mix + 1`, `{"mix":"5"}`, "mapping l.A field.not-a-number"},
		{`form.mix | abs()`, `{"mix":"5"}`, "mapping l.A field.not-a-number"}, {`form.mix | integer()`, `{"mix":"x"}`, "form /mix field.not-an-integer"},
		{`sum(form.mixes)`, `{"mixes":[1,"2"]}`, "mapping l.A field.not-a-number"}, {`sum(form.list, .w)`, `{"list":[{"w":1},{"w":"2"}]}`, "mapping l.A field.not-a-number"},
		{`count(form.list, .w) | text()`, `{"list":[{"w":1}]}`, "mapping l.A field.not-a-boolean"}, {`"12345678" | substring(0, form.mix)`, `{"mix":"x"}`, "mapping l.A field.out-of-range"},
		{`form.mix | formatDate("MM")`, `{"mix":5}`, "mapping l.A field.not-a-date"}, {`{value: form.mix, type: date}`, `{"mix":5}`, "mapping l.A field.not-a-date"},
	} {
		if have := blameOf(t, c.value, c.form, "s.json", schema); have != c.want {
			t.Errorf("by its schema: %s over %s: %s, want %s", c.value, c.form, have, c.want)
		}
	}
}

// blameOf maps a form to a field of four bytes in iso-8859-1.
func blameOf(t *testing.T, value, form string, schema ...string) string {
	t.Helper()
	input, field := "", value
	if len(schema) > 0 {
		input = ", schema: s.json"
	}
	if !strings.HasPrefix(field, "{") {
		field = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	p := mappings.Unchecked(t, `
mapping: m
version: 1
input: {format: json, unused: allow`+input+`}
lookups: {kinds: {values: {a: A, long: abcde}}}
layouts: {l: {format: fixed, charset: iso-8859-1, fields: [{name: A, width: 4}]}}
write: [{as: l, to: t, layout: l, fields: {A: `+field+`}}]
`, schema...)
	f := mappings.Form(t, p, form)
	if err := p.Validate(f); err != nil {
		t.Fatal(form, err)
	}
	_, err := p.Map(f, expr.Input{ID: "0AB"})
	return mappings.Blamed(err)
}

// TestMadeInLoops: what a let or a loop made of a value is told from what the form says, record by record.
func TestMadeInLoops(t *testing.T) {
	t.Parallel()
	p := mappings.Unchecked(t, `
mapping: m
version: 1
input: {format: json, unused: allow}
let: {third: form.n / 3, tag: 'concat("abc-", form.tag)'}
layouts: {l: {format: csv, fields: [{name: TAG, width: 6}, {name: LEFT, width: 4, type: integer, sign: none}, {name: NAME, width: 6}]}}
write:
  - {as: row, to: t, table: T, fields: {THIRD: {value: third, type: "decimal(5,2)"}}}
  - as: l
    to: f
    layout: l
    each: p in form.list
    let: {name: 'p.first + " " + p.last'}
    fields: {TAG: tag, LEFT: p.most - p.used, NAME: name}
`)
	for form, want := range map[string]string{
		`{"n":9,"tag":"x","list":[{"most":2,"used":1,"first":"A","last":"B"}]}`: "nobody",
		`{"n":10,"list":[]}`:                                 "mapping row.THIRD field.too-many-decimals",
		`{"n":0.001,"list":[]}`:                              "form /n field.too-many-decimals",
		`{"tag":"xyz","list":[{}]}`:                          "mapping l.TAG encode.too-long",
		`{"tag":"uvwxyz0","list":[{}]}`:                      "form /tag encode.too-long",
		`{"list":[{"most":2,"used":1},{"most":1,"used":2}]}`: "mapping l.LEFT encode.negative",
		`{"list":[{"most":2,"used":1},{"most":1,"used":-2},{"most":-1,"used":2}]}`: "form /list/2/most encode.negative",
		`{"list":[{"most":2,"used":-1},{"most":"x","used":1}]}`:                    "form /list/1/most field.not-a-number",
		`{"list":[{"first":"A","last":"B"},{"first":"Ada","last":"Bell"}]}`:        "mapping l.NAME encode.too-long",
		`{"list":[{"first":"A","last":"B"},{"first":"Ada","last":"Lovelace"}]}`:    "form /list/1/last encode.too-long",
	} {
		_, err := p.Map(mappings.Form(t, p, form), expr.Input{})
		if have := mappings.Blamed(err); have != want {
			t.Errorf("%s: %s, want %s", form, have, want)
		}
	}
}

// TestLimits: a budget names the field that spent it and the key that raises it, and blames no other field.
func TestLimits(t *testing.T) {
	t.Parallel()
	const text = `
mapping: m
version: 1
input: {format: json, unused: allow, limits: {LIMITS}}
write: [{as: w, to: t, table: T, fields: {BEFORE: form.b, DOC: {value: form.doc, type: binary}, MADE: 'form.b | padLeft(3, ".")', LIST: 'filter(form.l, # > 0) | len()', AFTER: form.a}},
  {as: rows, to: t, table: U, each: x in form.l, fields: {X: x}}]
`
	form := `{"b":"x","a":"y","doc":"` + strings.Repeat("AAAA", 1000) + `","l":[1,2,3]}`
	for limits, want := range map[string]string{
		"":                          "nobody",
		"made: 2KiB":                "nobody", // content is not made by the mapping
		"made: 2":                   "limit made at w.MADE /b",
		"bytes: 8KiB":               "nobody",
		"work: 2":                   "limit work at w.LIST /l",
		"records: 2":                "limit records at rows ",
		"records: 4, made: 1MiB":    "nobody",
		"bytes: 1MiB, work: 1":      "limit work at w.LIST /l",
		"bytes: 100KiB, records: 1": "limit records at rows ",
	} {
		p := mappings.Unchecked(t, strings.Replace(text, "LIMITS", limits, 1))
		_, err := p.Map(mappings.Form(t, p, form), expr.Input{})
		if have := mappings.Blamed(err); have != want {
			t.Errorf("%s: %s, want %s", limits, have, want)
		}
	}
}

// TestFoundByCheck is the table of what check says of expressions, before there is a form: code of the problem, "warning", or "ok".
func TestFoundByCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, want string }{
		{`form.a`, "ok"}, {`form.a | trim() | upper()`, "ok"}, {`"1234"`, "ok"}, {`nil`, "ok"}, {`form.a ?? "1234"`, "ok"}, {`submission.id | substring(0, 4)`, "ok"},
		{`form.a | parseDate("dd.MM.yyyy") | formatDate("MMdd")`, "ok"}, {`form.a | parseDateTime("dd.MM.yyyy HH:mm", "Europe/Berlin") | formatDate("HHmm")`, "ok"},
		{`form.a | parseDateTime("yyyy-MM-dd'T'HH:mm:ssXXX", "own") | inZone("UTC") | formatDate("HHmm")`, "ok"},
		{`form.a | boolean("J", "N") | yesNo("1", "0")`, "ok"}, {`form.a | lookup("fit")`, "ok"}, {`form.a | decimal(",") | round(1) | text()`, "ok"},
		{`sum(form.l, .v) | text()`, "ok"}, {`count(form.l, .ok) > 1 ? "a" : "b"`, "ok"}, {`first(form.l).x`, "ok"}, {`form.a | split(",") | first()`, "ok"},
		{`form.a == "x" ? fail("no") : form.a`, "ok"}, {`fail("never")`, "ok"}, {`map(form.l, .x) | join("")`, "ok"}, {`form.a | cents() | padLeft(4, "0")`, "ok"},
		{`form.a | parseDate() | yearsTo(submission.received) | text()`, "ok"}, {`form.a | default("0") | integer() | text()`, "ok"}, {`attachments | len() | text()`, "ok"},
		{`(form.a | parseDate()) < "2000-01-01" ? "1" : "0"`, "ok"}, {`-form.a | text()`, "ok"}, {`form[form.a]`, "ok"}, {`form.a in ["a", "b"] ? "1" : "0"`, "ok"},
		{`form.a == nil ? "" : form.a | text()`, "ok"}, {`not (form.a matches "^x") and true ? "1" : "2"`, "ok"}, {`form.a + form.b`, "ok"},

		{`"12345"`, expr.CodeConstant}, {`"5 €"`, expr.CodeConstant}, {`form.a ?? "12345"`, expr.CodeConstant}, {`form.a | default("12345")`, expr.CodeConstant},
		{`coalesce(form.a, form.b, "5 €")`, expr.CodeConstant}, {`form.a == "x" ? "12345" : "1"`, expr.CodeConstant}, {`{value: form.a, default: "\"12345\""}`, expr.CodeConstant},
		{`{value: form.a, default: "\"x\"", type: integer}`, expr.CodeConstant}, {`{value: form.a, default: "1.5", type: integer}`, expr.CodeConstant},
		{`form.a | lookup("kinds")`, expr.CodeConstant}, {`form.a | lookup("kinds") | lower()`, expr.CodeConstant}, {`form.a | lookup("fit", "12345")`, expr.CodeConstant},
		{`form.a | boolean("J", "N") | yesNo("12345", "0")`, expr.CodeConstant}, {`form.a + " €"`, expr.CodeConstant}, {`concat("123", form.a, "45")`, expr.CodeConstant},
		{`("12" + form.a + "345") | upper()`, expr.CodeConstant},
		{`"x" | integer()`, expr.CodeConstant}, {`1 / 0`, expr.CodeConstant}, {`1 + "x"`, expr.CodeConstant}, {`"2026-13-01" | parseDate()`, expr.CodeConstant}, {`"z" | lookup("kinds")`, expr.CodeConstant},
		{`form.a == "x" ? 1 / 0 | text() : "1"`, expr.CodeConstant}, {`"x" ? "1" : "2"`, expr.CodeConstant}, {`"a" == 1 ? "1" : "2"`, expr.CodeConstant},
		{`form.a / 0 | text()`, expr.CodeNever}, {`form.a | padLeft(2, "ab")`, expr.CodeNever}, {`form.a | substring("x")`, expr.CodeNever}, {`form.a | split("") | first()`, expr.CodeNever},
		{`form.a | round(1000) | text()`, expr.CodeNever}, {`form.a | length() | upper() | parseDate()`, expr.CodeNever}, {`form.a | parseDate() | upper() | integer()`, expr.CodeNever},
		{`form.a | inZone("UTC") | formatDate("MM")`, expr.CodeNever}, {`form.a | parseDate() | inZone("UTC") | formatDate("MM")`, expr.CodeNever}, {`form.a | length() | first()`, expr.CodeNever},
		{`form.a | parseDate() | integer() | text()`, expr.CodeNever}, {`form.a == "x" | integer() | text()`, expr.CodeNever}, {`(form.a | parseDate()) + 1 | text()`, expr.CodeNever},
		{`form.l`, "ok"}, {`filter(form.l, .x > 1)`, expr.CodeNever}, {`submission.id`, expr.CodeNever}, {`form.a | length() ? "1" : "2"`, expr.CodeNever}, {`sum(form.a | length())`, expr.CodeNever},
		{`(form.a ?? "x") | integer() | text()`, "warning"}, {`form.a | lookup("kinds") | integer() | text()`, expr.CodeConstant}, {`form.a | lookup("mixed") | integer() | text()`, "warning"},
		{`form.a | substring(3, 2) | integer() | text()`, "ok"}, {`form.a | parseDate() | formatDate("yyyyMMdd")`, expr.CodeNever}, {`concat("A", form.a | length()) | integer() | text()`, expr.CodeNever},
		{`form.a | replace("/", ".") | parseDate("dd.MM.yyyy") | year() | text()`, "ok"},

		{`form.a | padLeft(8)`, expr.CodeNever}, {`form.a | padRight(5, "0") | upper()`, expr.CodeNever}, {`form.a | padLeft(2) | padRight(6)`, expr.CodeNever}, {`"a" + (form.a | padLeft(4))`, expr.CodeNever},
		{`form.a | padLeft(4)`, "ok"}, {`form.a | padLeft(8) | trim()`, "ok"}, {`{value: form.a | padLeft(8), type: text(4), overflow: cut}`, "ok"}, {`concat("abc", form.a)`, "ok"},
		{`concat("abc-", form.a)`, "warning"}, {`"abc-" + form.a`, "warning"}, {`concat("a", form.a | padLeft(4))`, "warning"}, {`concat(form.a, form.b, "-", form.a | length(), "-") | upper()`, "warning"},
		{`concat("12", form.b) + "34"`, "warning"}, {`concat(form.a, form.b, form.a, form.b)`, "ok"},
	} {
		if have := checkOf(t, c.value); have != c.want {
			t.Errorf("%s: %s, want %s", c.value, have, c.want)
		}
	}
	const schema = `{"type":"object","properties":{"long":{"type":"string","maxLength":20},"short":{"type":"string","maxLength":4},"kind":{"enum":["a","b"]},"n":{"type":"integer"},
		"most":{"type":"integer","maximum":1000000},"flag":{"type":"boolean"},"open":{"anyOf":[{"type":"string"},{"type":"integer"}]},"list":{"type":"array","items":{"type":"object","properties":{"v":{"type":"string"},"w":{"type":["integer","string"]}}}},
		"either":{"type":["boolean","string"]},"mix":{"type":["integer","string"]},"mixes":{"type":"array","items":{"type":["integer","string"]}},"texts":{"type":"array","items":{"type":"string"}},"num":{"type":"number"},"odd":{"type":["boolean","integer"]}}}`
	for _, c := range []struct{ value, want string }{
		{`form.short`, "ok"}, {`form.long | substring(0, 4)`, "ok"}, {`{value: form.long, type: text(4), overflow: cut}`, "ok"}, {`form.kind | lookup("fit", "?")`, "ok"}, {`form.open`, "ok"},
		{`form.n == 5 ? "1" : "2"`, "ok"}, {`form.list[0].v`, "ok"},
		{`form.long`, "warning"}, {`form.long | trim() | upper()`, "warning"}, {`form.most`, "warning"}, {`form.kind | lookup("one")`, "warning"},
		{`form.n == "5" ? "1" : "2"`, expr.CodeNever}, {`form.flag | trim()`, expr.CodeNever}, {`form.n | parseDate() | formatDate("MM")`, expr.CodeNever}, {`form.list | text()`, expr.CodeNever},
		{`form.kind == 5 ? "1" : "2"`, expr.CodeNever}, {`{value: form.flag, type: integer}`, expr.CodeNever},

		{`form.either | yesNo("J", "N")`, "warning"}, {`form.either | boolean("J", "N") | yesNo("J", "N")`, "ok"}, {`form.either ? "1" : "2"`, "warning"},
		{`sum(form.mixes) | text()`, "warning"}, {`sum(form.list, .w) | text()`, "warning"}, {`sum(form.texts) | text()`, expr.CodeNever}, {`sum(form.list, .v) | text()`, expr.CodeNever}, {`form.mix + 1 | text()`, "warning"},
		{`form.mix | integer() | text()`, "ok"}, {`form.mix | text()`, "ok"}, {`{value: form.odd, type: integer}`, "warning"}, {`form.short | substring(form.num)`, "warning"}, {`form.short | substring(form.mix)`, "warning"},
	} {
		if have := checkOf(t, c.value, "s.json", schema); have != c.want {
			t.Errorf("by its schema: %s: %s, want %s", c.value, have, c.want)
		}
	}
}

// checkOf is the code of the first problem that check has with a field of four bytes in iso-8859-1.
func checkOf(t *testing.T, value string, schema ...string) string {
	t.Helper()
	input := ""
	if len(schema) > 0 {
		input = ", schema: s.json"
	}
	if !strings.HasPrefix(value, "{") {
		value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
	}
	files := fstest.MapFS{"m.yaml": {Data: []byte(`mapping: m
version: 1
input: {format: json, unused: allow` + input + `}
lookups: {kinds: {values: {a: A, long: abcde}}, fit: {values: {a: A}}, one: {values: {a: A}}, mixed: {values: {a: '1', b: B}}}
layouts: {l: {format: fixed, charset: iso-8859-1, fields: [{name: A, width: 4}]}}
write: [{as: l, to: t, layout: l, fields: {A: ` + value + `}}]
`)}}
	if len(schema) > 0 {
		files["s.json"] = &fstest.MapFile{Data: []byte(schema[1])}
	}
	p, err := load.Mapping(files, "m.yaml", nil)
	var problems diag.Problems
	switch {
	case errors.As(err, &problems):
		return problems[0].Code
	case err != nil:
		return err.Error()
	case len(mappings.Doubts(p)) > 0:
		return "warning"
	}
	return "ok"
}

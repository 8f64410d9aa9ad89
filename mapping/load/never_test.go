package load_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const neverSchema = `{"type":"object","required":["decision","id","n","flag"],"properties":{"id":{"type":"string","maxLength":4},
	"decision":{"enum":["permit","refuse"]},"n":{"type":"integer","minimum":0,"maximum":10},"flag":{"type":"boolean"},"maybe":{"type":["string","null"]},
	"opt":{"enum":["x","y"]},"opt2":{"enum":["x",null]},"items":{"type":"array","maxItems":3,"items":{"type":"object","required":["k"],"properties":{"k":{"enum":["a","b"]},"m":{"type":"integer"}}}},
	"owner":{"type":"object","properties":{"born":{"type":"string"}}},"fee":{"type":"number"}},
	"if":{"properties":{"decision":{"const":"refuse"}}},"then":{"properties":{"fee":false}}}`

// neverMapping is a mapping whose second write has an each and a condition; "" for none.
func neverMapping(each, when string) string {
	if each != "" {
		each = "    each: " + each + "\n"
	}
	return "mapping: m\nversion: 1\ninput: {format: json, unused: allow, schema: s.json}\nlookups:\n  kinds: {values: {permit: P, x: X}}\n  none: {values: {Permit: P}}\n" +
		"let:\n  refused: form.decision == \"refuse\"\nwrite:\n  - {as: u, to: t, table: U, fields: {A: form.id}}\n  - as: w\n    to: t\n    table: T\n" + each +
		"    when: >-\n      " + when + "\n    fields: {A: form.id}\n"
}

// found is everything that check says of a mapping, and the plan where nothing is wrong.
func found(t *testing.T, text string) (string, *mapping.Plan) {
	t.Helper()
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(neverSchema)}}, "m.yaml", nil)
	var problems diag.Problems
	switch {
	case errors.As(err, &problems):
		return "error " + problems.Format(), nil
	case err != nil:
		t.Fatal(err)
	case len(mappings.Doubts(p)) > 0:
		return "warning " + mappings.Doubts(p).Format(), p
	}
	return "", p
}

// conditions that check is asked about: what of each is never true by the schema, "" where some form makes it true.
var conditions = []struct{ each, when, want string }{
	{"", `form.decision == "permlt"`, `error m.yaml:15:24: "permlt" is never found here: the form's schema says here: one of "permit", "refuse"; so this write is never made [mapping.never]`},
	{"", `"permlt" == form.decision`, `did you mean "permit"?`},
	{"", `form.decision in ["x", "y"]`, "error "}, {"", `form.decision in ["permit", "refsue"]`, `warning m.yaml:15:35: "refsue" is never found here`},
	{"", `form.n > 30`, "maximum 10"}, {"", `form.n >= 11`, "error "}, {"", `30 < form.n`, "error "}, {"", `form.n < 0`, "minimum 0"}, {"", `form.n == 11`, "error "}, {"", `form.n == 1.5`, "error "},
	{"", `count(form.items) > 5`, "maxItems 3"}, {"", `form.items | len() == 4`, "error "}, {"", `count(form.items) < 0`, "error "}, {"", `form.id | length() > 5`, "maxLength 4"},
	{"", `form.id == nil`, "it must be there"}, {"", `form.id == "abcde"`, "maxLength 4"}, {"", `not form.decision != nil`, "error "},
	{"", `form.decision == "permit" and refused`, "error "}, {"", `refused and form.fee != nil`, "error "}, {"", `form.n > 5 and form.n < 3`, "error "},
	{"", `not (form.decision in ["permit", "refuse"])`, "error "}, {"", `form.n > 30 or form.decision == "permlt"`, "error "},
	{"", `form.n > 30 or form.decision == "permit"`, "warning "}, {"", `form.flag and not form.flag`, "error "},
	{"", `any(form.items, .k == "c")`, `"c" is never found here`}, {"", `any(form.items, .k == nil)`, "error "}, {"", `none(form.items, .k == "c")`, "warning "},
	{"i in form.items", `i.k == "c"`, `did you mean`}, {"i in form.items", `i.k == nil`, "error "}, {"i in form.items", `i.k == "a" and form.n == 12`, "error "},
	{"", `(form.decision | upper()) == "PERMLT"`, `did you mean "PERMIT"?`}, {"", `(form.decision | lookup("none", "N")) == "Z"`, `can only be "P", "N"`}, {"", `form.decision startsWith "q"`, "error "},
	{"", `form.decision matches "^q"`, "error "}, {"", `(form.opt | upper()) in ["A", "B"]`, "error "}, {"", `1 == 2`, "error "}, {"", `isMissing(form.id)`, "must be there"}, {"", `isNull(form.decision)`, "error "}, {"", `"Z" == (form.decision | lookup("none", "N"))`, "error "},
	{"", `form.flag and (form.decision | upper()) == "X"`, "error "}, {"", `isNull(form.opt2) and (form.opt ?? "z") == "w"`, "error "},

	{"", `isMissing(form.opt)`, ""}, {"", `not isMissing(form.id)`, "warning "}, {"", `not isMissing(form.opt2)`, ""}, {"", `isNull(form.maybe)`, ""}, {"", `(form.opt2 | default("z")) == "z"`, ""}, {"", `form.opt2 == nil`, ""}, {"", `(form.opt2 | lookup("kinds", "d")) == "d"`, ""}, {"", `isNull(form.opt2) == true`, ""},
	{"", `(form.opt | upper()) == nil`, ""}, {"", `form.decision startsWith "p"`, ""}, {"", `form.decision matches "mit$"`, ""}, {"", `concat(form.opt, "-") == "-"`, ""}, {"", `"x" in [form.opt]`, ""}, {"", `"permit now" startsWith form.decision`, ""}, {"", `"permit now" contains (form.decision | lower())`, ""},
	{"", `form.decision == "permit"`, ""}, {"", `form.n > 9`, ""}, {"", `form.n >= 10`, ""}, {"", `form.n != 10`, ""}, {"", `form.n == 1.0`, ""}, {"", `form.maybe == nil`, ""}, {"", `form.maybe != "x"`, ""},
	{"", `count(form.items) == 0`, ""}, {"", `count(form.items) < 1`, ""}, {"", `form.items | len() == 3`, ""}, {"", `count(form.items) != 3`, ""}, {"", `form.opt != "x" and form.opt != "y"`, ""},
	{"", `form.owner == nil`, ""}, {"", `form.owner.born == nil`, ""}, {"", `form.owner.born != nil`, ""}, {"", `not form.flag`, ""}, {"", `form.items[1].k == nil`, ""}, {"", `form.items[0].k == "b"`, ""},
	{"i in form.items", `i.m == nil`, ""}, {"", `any(form.items, .m == nil)`, ""}, {"", `not any(form.items, .k == "a")`, ""}, {"", `all(form.items, .k == "b")`, ""},
	{"", `any(form.items, .k == "a") and any(form.items, .k == "b")`, ""}, {"", `not (form.n > 3 and form.decision == "permit")`, ""}, {"", `refused or form.fee > 3`, ""},
	{"", `form.decision | upper() == "PERMIT"`, ""}, {"", `(form.opt ?? "z") == "z"`, ""}, {"", `form.id | length() == 4`, ""}, {"", `form.flag == false`, ""}, {"", `not not refused`, ""},
}

// TestNeverTrue is the table of conditions that no form makes true, each with its place.
func TestNeverTrue(t *testing.T) {
	t.Parallel()
	for _, c := range conditions {
		if got, _ := found(t, neverMapping(c.each, c.when)); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.each, c.when, got, c.want)
		}
	}
}

// TestNeverIsProven: of forms that keep the schema none makes a condition true that check calls never true.
func TestNeverIsProven(t *testing.T) {
	t.Parallel()
	var forms []mapping.Form
	for _, decision := range []string{"permit", "refuse"} {
		for _, n := range []string{"0", "1", "5", "10"} {
			for _, more := range []string{``, `,"items":[]`, `,"items":[{"k":"a"}]`, `,"items":[{"k":"b","m":1},{"k":"a"},{"k":"b"}]`, `,"maybe":null,"opt2":null`, `,"maybe":"x","owner":{}`,
				`,"owner":{"born":"1"},"opt":"x"`, `,"opt":"y","fee":7`} {
				for _, flag := range []string{"true", "false"} {
					d := json.NewDecoder(strings.NewReader(fmt.Sprintf(`{"id":"abcd","decision":%q,"n":%s,"flag":%s%s}`, decision, n, flag, more)))
					d.UseNumber()
					var form any
					if err := d.Decode(&form); err != nil {
						t.Fatal(err)
					}
					forms = append(forms, form)
				}
			}
		}
	}
	for _, c := range conditions {
		text := neverMapping(c.each, c.when)
		said, _ := found(t, text)
		p, true_ := mappings.Unchecked(t, text, "s.json", neverSchema), 0
		for _, form := range forms {
			if p.Validate(form) != nil {
				continue
			}
			out, err := p.Map(form, expr.Input{})
			if err == nil && len(out.Deliveries[0].Records) > 1 {
				true_++
			}
		}
		if never := strings.HasPrefix(said, "error"); never && true_ > 0 || !never && true_ == 0 {
			t.Errorf("%s %s: true for %d forms, and check says %q", c.each, c.when, true_, said)
		}
	}
}

// TestLookupOfNamedValues: values that the schema names and a lookup has not are found.
func TestLookupOfNamedValues(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`form.decision | lookup("none")`:              `error m.yaml:10:59: lookup none has none of the values that the form's schema names here: permit, refuse [mapping.never]`,
		`form.decision | lookup("none", "?")`:         "warning m.yaml:10:59: lookup none has none of the values",
		`form.decision | lookup("kinds")`:             "warning m.yaml:10:59: lookup kinds lacks values that the form's schema names here: refuse; such a form is parked",
		`form.decision | lookup("kinds", "?")`:        "",
		`form.id | lookup("kinds")`:                   "",
		`form.opt == "z" ? "a" : form.opt`:            `warning m.yaml:10:55: "z" is never found here`,
		`(form.decision | upper()) | lookup("kinds")`: "",
	} {
		text := strings.Replace(neverMapping("", "form.flag"), "{A: form.id}", "{A: '"+value+"'}", 1)
		if got, _ := found(t, text); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

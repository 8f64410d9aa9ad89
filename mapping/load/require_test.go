package load_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestRequire is what rules of a mapping say of forms, together with its schema, and what check says of rules.
func TestRequire(t *testing.T) {
	t.Parallel()
	rule := func(more string) string {
		return "require:\n  - {" + more + ", code: rule.order, text: Das Ende liegt vor dem Anfang.}\n"
	}
	period := rule("rule: form.from <= form.to, at: form.to")
	const order = "/to rule.order Das Ende liegt vor dem Anfang."
	for name, c := range map[string]struct{ rest, form, want string }{
		"kept":                                {period, `{"name":"Ada","from":"2024-01-01","to":"2024-01-02"}`, ""},
		"broken":                              {period, `{"name":"Ada","from":"2024-01-03","to":"2024-01-02"}`, order},
		"a field missing":                     {period, `{"name":"Ada","from":"2024-01-03"}`, order},
		"both missing":                        {period, `{"name":"Ada"}`, order},
		"with the schema":                     {period, `{"name":"ada","from":"2024-01-03","to":"2024-01-02"}`, "/name schema.pattern the text does not have the form required\n" + order},
		"a field is wrong":                    {period, `{"name":"Ada","from":"3.1.","to":"2024-01-02"}`, "/from schema.format the text is not a valid date"},
		"when, not":                           {rule("when: form.to != nil, rule: form.from <= form.to, at: form.to"), `{"name":"Ada"}`, ""},
		"when":                                {rule("when: form.to != nil, rule: form.from <= form.to, at: form.to"), `{"name":"Ada","to":"2024-01-02"}`, order},
		"over a list":                         {rule("rule: 'all(form.kids ?? [], .born != form.name)', at: form.kids"), `{"name":"Ada","kids":[{"born":"Ada"}]}`, "/kids rule.order Das Ende liegt vor dem Anfang."},
		"under a name":                        {"let: {span: '(form.from | parseDate(\"yyyy-MM-dd\"))'}\n" + rule(`rule: 'span <= (form.to | parseDate("yyyy-MM-dd"))', at: form.from`), `{"name":"Ada","from":"2024-01-03","to":"2024-01-02"}`, "/from rule.order Das Ende liegt vor dem Anfang."},
		"a field is wrong, under a name":      {"let: {span: 'form.age ?? 0'}\n" + rule("rule: span > 3, at: form.note"), `{"name":"Ada","age":1.5}`, "/age schema.type the value must be integer"},
		"a field is wrong, in a helper":       {"helpers: {big: {takes: x, value: 'x > 3'}}\n" + rule("rule: big(form.age), at: form.note"), `{"name":"Ada","age":1.5}`, "/age schema.type the value must be integer"},
		"another field is wrong":              {rule("rule: (form.note | integer()) > 3, at: form.note"), `{"name":"Ada","age":1.5,"note":"x"}`, "/age schema.type the value must be integer\n/note field.not-an-integer a whole number is needed"},
		"another field is wrong, and a fault": {rule("rule: form.share / (form.share - form.share) > 3, at: form.note"), `{"name":"Ada","age":1.5,"share":1}`, "/age schema.type the value must be integer"},
		"a field itself is wrong":             {rule("rule: form.flag, at: form.note"), `{"name":"Ada","flag":"x"}`, "/flag schema.type the value must be boolean"},
		"cannot be asked":                     {rule("rule: (form.note | integer()) > 3, at: form.note"), `{"name":"Ada","note":"x"}`, `/note field.not-an-integer a whole number is needed`},
		"cannot be asked of what the schema allows": {rule("rule: form.age / form.share > 3, at: form.age"), `{"name":"Ada","age":1,"share":0}`, `/share field.division-by-zero the divisor is zero`},
		"all rules": {period + "  - {rule: form.age > 17, at: form.age, code: rule.adult, text: Volljährig?}\n", `{"name":"Ada","age":3,"from":"2024-01-03","to":"2024-01-02"}`, "/age rule.adult Volljährig?\n" + order},

		"never true":         {rule("rule: form.name == \"anna\", at: form.name"), "", `check: this is never true: the form's schema says here: pattern ^[A-Z], minLength 1, maxLength 5; so every form is refused [mapping.never]`},
		"always true":        {rule("rule: form.name != \"anna\", at: form.name"), "", `check: this is always true: the form's schema says here: pattern ^[A-Z], minLength 1, maxLength 5; so the rule refuses nothing remove it, or mend it [mapping.never]`},
		"constant":           {rule("rule: true, at: form.name"), "", `check: this is always true: it does not depend on the form; so the rule refuses nothing remove it, or mend it [mapping.never]`},
		"constant, false":    {rule("rule: 1 > 2, at: form.name"), "", `check: this is never true: what is compared can only be 2; so every form is refused [mapping.never]`},
		"no condition":       {rule("rule: form.age + 1, at: form.age"), "", `check: the condition can only fail, whatever the form says: a condition must be true or false; use a comparison, or boolean() on a text [mapping.never]`},
		"when never":         {rule("when: form.age == 1.5, rule: form.age > 3, at: form.age"), "", `check: this is never true: the form's schema says here: type integer; so the rule is never asked [mapping.never]`},
		"of the submission":  {rule("rule: submission.reference == form.name, at: form.name"), "", `check: a form is checked before there is a submission: submission and attachments are not known there name fields of the form [mapping.constant]`},
		"no field":           {rule("rule: form.age > 3, at: form.agee"), "", `check: the form's schema has no field "agee" here did you mean "age"? [mapping.unknown-field]`},
		"a field in no form": {rule("rule: form.agee > 3, at: form.age"), "", `check: the form's schema has no field "agee" here did you mean "age"? [mapping.unknown-field]`},
		"code of ours":       {"require:\n  - {rule: form.age > 3, at: form.age, code: field.missing, text: x}\n", "", `check: a rule's code is rule. and a name of small letters, digits and hyphens, at most 64 characters such as rule.period-order [mapping.value]`},
		"no code":            {"require:\n  - {rule: form.age > 3, at: form.age, code: rule.Old Enough, text: x}\n", "", `check: a rule's code is rule. and a name of small letters, digits and hyphens, at most 64 characters such as rule.period-order [mapping.value]`},
		"no text":            {"require:\n  - {rule: form.age > 3, at: form.age, code: rule.old, text: ' '}\n", "", `check: whoever filled in the form would read nothing: a text belongs here [mapping.value]`},
		"keys missing":       {"require:\n  - {rule: form.age > 3}\n", "", `check: the key "at" is missing here [yaml.missing-key]; the key "code" is missing here [yaml.missing-key]; the key "text" is missing here [yaml.missing-key]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if said := told(t, "", c.rest, c.form); said != c.want {
				t.Errorf("said %s\nwant %s", said, c.want)
			}
		})
	}
}

// TestRuleCodes: none of the agent's own codes is in the area of those that mappings give.
func TestRuleCodes(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../../agent/codes/table.txt")
	if err != nil || len(table) == 0 {
		t.Fatal(err)
	}
	if strings.HasPrefix(string(table), "rule.") || strings.Contains(string(table), "\nrule.") {
		t.Error("agent/codes has a code that begins with rule.")
	}
}

// TestRequireInAShape points into what the form builder sent.
func TestRequireInAShape(t *testing.T) {
	t.Parallel()
	src := "mapping: m\nversion: 1\ninput: {format: json, shape: form.io, unused: allow, language: de, texts: {form.answers.days: Wie viele Tage?}}\n" +
		"require: [{rule: form.answers.days < 5, at: form.answers.days, code: rule.few, text: Höchstens vier Tage.}]\n" +
		"write: [{as: w, to: register, table: T, fields: {A: {value: form.answers.days | integer(), type: integer}}}]\n"
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}}, "m.yaml", mappings.Catalog{})
	if err != nil {
		t.Fatal(err)
	}
	for form, want := range map[string]string{
		`{"state":"submitted","data":{"days":4}}`:   "",
		`{"state":"submitted","data":{"days":7}}`:   "/data/days rule.few Höchstens vier Tage.",
		`{"state":"submitted","data":{"days":2.5}}`: "/data/days field.not-an-integer Wie viele Tage?",
	} {
		tree, err := plan.Decode([]byte(form), "")
		if err != nil {
			t.Fatal(err)
		}
		if said := wrongIn(t, plan, tree); said != want {
			t.Errorf("%s: said %s\nwant %s", form, said, want)
		}
	}
}

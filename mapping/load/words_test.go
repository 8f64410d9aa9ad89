package load_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// personSchema is a form with a list of children.
const personSchema = `{"type":"object","required":["name"],"properties":{"name":{"type":"string","minLength":1,"maxLength":5,"pattern":"^[A-Z]"},"age":{"type":"integer"},"flag":{"type":"boolean"},"a.b":{"type":"integer"},"note":{"type":"string"},"share":{"type":"number"},
	"from":{"type":"string","format":"date"},"to":{"type":"string","format":"date"},"kids":{"type":"array","minItems":1,"items":{"type":"object","required":["born"],"properties":{"born":{"type":"string"}}}}}}`

// told are the errors that a form is told by a mapping of personSchema, one a line, or what check says of the mapping.
func told(t *testing.T, input, rest, form string) string {
	t.Helper()
	src := "mapping: m\nversion: 1\ninput:\n  format: json\n  schema: s.json\n  unused: allow\n" + input + rest +
		"write:\n  - as: w\n    to: register\n    table: T\n    fields:\n      A: {value: form.name, type: text(3)}\n      B: form.age\n      C: {value: form.note, type: text(3)}\n      D: {value: form.share, type: 'decimal(5,2)'}\n" +
		"  - {as: k, to: register, table: K, each: kid in form.kids, fields: {BORN: '(kid.born | parseDate(\"yyyy-MM-dd\"))'}}\n"
	plan, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}, "s.json": {Data: []byte(personSchema)}}, "m.yaml", mappings.Catalog{})
	var problems diag.Problems
	if errors.As(err, &problems) {
		return "check: " + oneLine(problems)
	}
	if err != nil {
		t.Fatal(err)
	}
	said := oneLine(plan.Warnings())
	if said != "" {
		said = "warning: " + said
	}
	tree, err := plan.Decode([]byte(form), "")
	if err != nil {
		t.Fatal(err)
	}
	wrong := wrongIn(t, plan, tree)
	pinned, err := load.Bundle(plan.Bundle(), mappings.Catalog{})
	if err != nil {
		t.Fatal(err)
	}
	if again := wrongIn(t, pinned, tree); again != wrong {
		t.Errorf("pinned: %s\nnot %s", again, wrong)
	}
	return strings.TrimPrefix(said+"\n"+wrong, "\n")
}

// wrongIn are the errors that a form is told, one a line, or why it is parked.
func wrongIn(t *testing.T, plan *mapping.Plan, tree mapping.Form) string {
	t.Helper()
	err := plan.Validate(tree)
	if err == nil {
		_, err = plan.Map(tree, mapping.Input{})
	}
	var wrong *mapping.MapError
	var fault *mapping.Fault
	var said []string
	switch {
	case errors.As(err, &wrong):
		for _, e := range wrong.Fields {
			said = append(said, strings.Join([]string{e.Pointer, e.Code, e.Message}, " "))
		}
	case errors.As(err, &fault):
		said = append(said, "parked "+fault.Error())
	case err != nil:
		t.Fatal(err)
	}
	return strings.Join(said, "\n")
}

func oneLine(problems diag.Problems) string {
	var all []string
	for _, p := range problems {
		all = append(all, strings.TrimSpace(p.Message+" "+p.Suggestion)+" ["+p.Code+"]")
	}
	return strings.Join(all, "; ")
}

// TestTold is what senders read of wrong fields: in a language, and in a mapping's own words.
func TestTold(t *testing.T) {
	t.Parallel()
	const wrong = `{"name":"ada lovelace","age":"x","kids":[{"born":"2020-01-01"},{}]}`
	for name, c := range map[string]struct{ input, form, want string }{
		"right":       {"", `{"name":"Ada"}`, ""},
		"no language": {"", `{"age":1.5}`, "/age schema.type the value must be integer\n/name field.missing the field must be there"},
		"German": {"  language: de\n", wrong, "/age schema.type Bitte geben Sie hier eine ganze Zahl an.\n/kids/1/born field.missing Bitte füllen Sie dieses Feld aus.\n" +
			"/name schema.max-length Der Text ist zu lang (Höchstlänge: 5).\n/name schema.pattern Die Angabe hat nicht die verlangte Form."},
		"English": {"  language: en\n", wrong, "/age schema.type Please enter a whole number here.\n/kids/1/born field.missing Please fill in this field.\n" +
			"/name schema.max-length The text is too long (maximum length: 5).\n/name schema.pattern The entry does not have the form required."},
		"German, by the mapping":         {"  language: de\n", `{"name":"Ada","kids":[{"born":"2020-01-01"},{"born":"1.2.2020"}]}`, "/kids/1/born field.not-a-date Bitte geben Sie hier ein gültiges Datum an."},
		"German, with limits of columns": {"  language: de\n", `{"name":"Ada","note":"abcd","share":1.234}`, "/note field.too-long Der Text ist zu lang (Höchstlänge: 3).\n/share field.too-many-decimals Die Zahl hat zu viele Nachkommastellen (Höchstanzahl: 2)."},
		"German, too many digits":        {"  language: de\n", `{"name":"Ada","share":1234}`, "/share field.too-large Die Zahl hat zu viele Stellen vor dem Komma (Höchstanzahl: 3)."},
		"own, of all": {"  texts: {form.kids.born: Wann wurde das Kind geboren?}\n", `{"name":"Ada","kids":[{},{"born":7}]}`,
			"/kids/0/born field.missing Wann wurde das Kind geboren?\n/kids/1/born schema.type Wann wurde das Kind geboren?"},
		"own, by the mapping": {"  texts: {form.kids.born: Wann?}\n", `{"name":"Ada","kids":[{"born":"1.2.2020"}]}`, "/kids/0/born field.not-a-date Wann?"},
		"own, by code": {"  language: de\n  texts: {form.name: {field.missing: Wie heißen Sie?, schema.pattern: Groß beginnen!}}\n", `{"name":"adaadaada"}`,
			"/name schema.max-length Der Text ist zu lang (Höchstlänge: 5).\n/name schema.pattern Groß beginnen!"},
		"own, for others": {"  texts: {form.name: {field.missing: Wie heißen Sie?, other: Bitte prüfen!}}\n", `{"name":"adaadaada"}`,
			"/name schema.max-length Bitte prüfen!\n/name schema.pattern Bitte prüfen!"},
		"own, of a list itself":   {"  texts: {form.kids: Mindestens ein Kind!}\n", `{"name":"Ada","kids":[]}`, "/kids schema.min-items Mindestens ein Kind!"},
		"own, of a name with dot": {"  texts:\n    form[\"a.b\"]: Nur Zahlen!\n", `{"name":"Ada","a.b":"x"}`, "/a.b schema.type Nur Zahlen!"},

		"no such language":    {"  language: fr\n", "", `check: "fr" is not one of de, en possible here: de, en [mapping.value]`},
		"no such field":       {"  texts: {form.nme: x}\n", "", `check: the form's schema has no field "nme" here did you mean "name"? [mapping.unknown-field]`},
		"no such field below": {"  texts: {form.kids.bron: x}\n", "", `check: the form's schema has no field "bron" here did you mean "born"? [mapping.unknown-field]`},
		"no field":            {"  texts: {form: x}\n", "", `check: texts belong to a field of the form, such as form.owner.name [mapping.value]`},
		"no such code":        {"  texts: {form.name: {schema.patern: x}}\n", "", `check: "schema.patern" is no code of a field error did you mean "schema.pattern"? [mapping.value]`},
		"a keyword":           {"  texts: {form.name: {maxLength: x}}\n", "", `check: "maxLength" is no code of a field error did you mean "schema.max-length"? [mapping.value]`},
		"no text":             {"  texts: {form.name: {other: ''}}\n", "", `check: whoever filled in the form would read nothing: a text belongs here [mapping.value]`},
		"twice":               {"  texts: {form.kids.born: x, 'form.kids[0].born': y}\n", "", `check: this field has texts already, further up put them together [mapping.duplicate]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if said := told(t, c.input, "", c.form); said != c.want {
				t.Errorf("said %s\nwant %s", said, c.want)
			}
		})
	}
}

package mapping_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/test/mappings"
)

const shapedMapping = `
mapping: m
version: 1
input: {%s, unused: allow}
write: [{as: w, to: t, table: T, fields: {A: %s}}]
`

// TestShaped: a mapping reads the plain tree, and what is wrong is told where its sender has it.
func TestShaped(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","properties":{"answers":{"type":"object","required":["n"],"properties":{"n":{"type":"integer"},"g":{}}}}}`
	for _, c := range []struct{ name, input, field, form, want string }{
		{"form.io", `format: json, shape: form.io`, `form.answers.box.n`, `{"data":{"box":{"n":7}}}`, `7`},
		{"form.io, a signature", `format: json, shape: form.io`, `form.answers.sig | base64()`, `{"data":{"sig":"data:image/png;base64,AAEC"}}`, `(binary, 3 bytes, sha256:ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc)`},
		{"form.io, a text that looks like one", `format: json, shape: form.io`, `form.answers.sig`, `{"data":{"sig":"data:image/png;base64,AAEC"}}`, `data:image/png;base64,AAEC`},
		{"form.io, no signature", `format: json, shape: form.io`, `form.answers.sig | base64()`, `{"data":{"sig":""}}`, `(missing)`},
		{"form.io, meta", `format: json, shape: form.io`, `form.meta.state`, `{"data":{},"state":"submitted"}`, `submitted`},
		{"form.io, wrong", `format: json, shape: form.io`, `form.answers.n | integer()`, `{"data":{"n":"x"}}`, `/data/n field.not-an-integer`},
		{"form.io, other shape", `format: json, shape: form.io`, `form.answers.n.m`, `{"data":{"n":"x"}}`, `parked: w.A: a text stands where the mapping looks for an object, at /data/n [field.other-shape]`},
		{"form.io, not one", `format: json, shape: form.io`, `form.answers.n`, `{"values":{}}`, `parked: input.shape: a form of form.io is expected: data is missing, or is no object [form.shape]`},
		{"form.io, a draft", `format: json, shape: form.io`, `form.answers.n`, `{"data":{},"state":"draft"}`, `parked: input.shape: a form of form.io is expected: this is no submission: its state is not submitted, at /state [form.shape]`},
		{"form.io, by its schema", `format: json, shape: form.io, schema: s.json`, `form.answers.n`, `{"data":{"n":"x"}}`, `/data/n schema.type`},
		{"form.io, missing by its schema", `format: json, shape: form.io, schema: s.json`, `form.answers.n`, `{"data":{}}`, `/data/n field.missing`},
		{"gov.uk-forms, wrong", `format: json, shape: gov.uk-forms`, `form.answers.b.answer_text | parseDate()`,
			`{"answers":[{"question_id":"a","question_text":"A","answer_text":"x"},{"question_id":"b","question_text":"B","answer_text":"x"}]}`, `/answers/1/answer_text field.not-a-date`},
		{"odk, a repeat that is not declared", `format: xml, shape: odk`, `form.answers.kid.name`, `<d id="f"><kid><name>A</name></kid><kid><name>B</name></kid><meta><instanceID>1</instanceID></meta></d>`,
			`parked: input.lists: this repeats in the form, and the mapping reads it as one value, at /kid [mapping.list]`},
		{"odk, a repeat", `format: xml, shape: odk, lists: [answers.kid]`, `count(form.answers.kid)`, `<d id="f"><kid><name>A</name></kid><meta><instanceID>1</instanceID></meta></d>`, `1`},
		{"fhir, a repeat that is not declared", `format: json, shape: fhir-questionnaire-response`, `form.answers.a`, `{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"a","answer":[{"valueString":"x"},{"valueString":"y"}]}]}`,
			`parked: input.lists: this repeats in the form, and the mapping reads it as one value, at /item/0/answer/0/valueString [mapping.list]`},
		{"fhir, wrong in a list", `format: json, shape: fhir-questionnaire-response, lists: [answers.a]`, `sum(form.answers.a)`, `{"resourceType":"QuestionnaireResponse","status":"completed","item":[{"linkId":"b"},{"linkId":"a","answer":[{"valueString":"x"}]}]}`,
			`/item/1/answer/0/valueString field.not-a-number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := mappings.Load(t, fmt.Sprintf(shapedMapping, c.input, c.field), "s.json", schema)
			if have := mappedAs(p, c.form); have != c.want {
				t.Errorf("\nhave %s\nwant %s", have, c.want)
			}
		})
	}
}

// mappedAs is the first value that a form becomes, or what is wrong with it.
func mappedAs(p *mapping.Plan, text string) string {
	form, err := p.Decode([]byte(text), "")
	if err == nil {
		err = p.Validate(form)
	}
	var m *mapping.Mapped
	if err == nil {
		m, err = p.Map(form, expr.Input{})
	}
	var wrong *mapping.MapError
	var fault *mapping.Fault
	switch {
	case errors.As(err, &wrong):
		return wrong.Fields[0].Pointer + " " + wrong.Fields[0].Code
	case errors.As(err, &fault):
		return "parked: " + fault.Error()
	case err != nil:
		return err.Error()
	}
	return mapping.Show(m.Deliveries[0].Records[0].Values[0])
}

// TestShapedByVersions: a form that one version of a mapping has decoded is read by another in its own way.
func TestShapedByVersions(t *testing.T) {
	t.Parallel()
	const form = `{"data":{"ref":"R-1"},"state":"submitted"}`
	plan := func(input string) *mapping.Plan { return mappings.Load(t, fmt.Sprintf(shapedMapping, input, `"'x'"`)) }
	raw := plan(`format: json, reference: form.data.ref, same: [form.data]`)
	same := plan(`format: json, shape: form.io, reference: form.answers.ref, same: [form.answers]`)
	other := plan(`format: json, shape: open-forms, reference: form.answers.ref, same: [form.answers]`)
	for _, by := range []*mapping.Plan{raw, same} {
		f := mappings.Form(t, by, form)
		for _, p := range []*mapping.Plan{raw, same} {
			ref, err := p.Reference(f)
			if _, ok := p.SameDigest(f); ref != "R-1" || err != nil || !ok {
				t.Errorf("%s by %s: %q %v %v", p.Shape(), by.Shape(), ref, err, ok)
			}
		}
		ref, err := other.Reference(f)
		if _, ok := other.SameDigest(f); ref != "" || err != nil || ok {
			t.Errorf("what is not understood is read: %q %v", ref, err)
		}
	}
	a, b := mappings.Form(t, same, form), mappings.Form(t, same, strings.Replace(form, "submitted", "submitted\",\"owner\":\"o", 1))
	if d := mapping.Differences(a, b); strings.Join(d, " ") != "/meta/owner" {
		t.Error(d)
	}
}

// TestShapedAnswer: a decision finds the submission by what its plain tree has.
func TestShapedAnswer(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, fmt.Sprintf(shapedMapping, `format: json, shape: form.io`, `form.answers.ref`)+`
answer: {from: t, query: 'select ID, REF, STATUS from D', id: ID, match: {REF: form.answers.ref}, mark: "update D set DONE = 1 where ID = :ID and STATUS = :STATUS and DONE = 0", outcome: {STATUS: {A: approved}}}
`)
	key, ok := p.MatchKey(mappings.Form(t, p, `{"data":{"ref":"R-1"}}`), expr.Input{}, nil)
	if !ok || !strings.Contains(key, "R-1") {
		t.Errorf("%q %v", key, ok)
	}
}

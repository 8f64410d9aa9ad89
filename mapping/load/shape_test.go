package load_test

import "testing"

// TestSaidOfShapes is what check says of input.shape.
func TestSaidOfShapes(t *testing.T) {
	const only = `a form of input.shape has answers and meta only [mapping.unknown-field] (write form.answers… or form.meta…)`
	saying(t, [][3]string{
		{"input", `format: json, shape: form.io`, `5:49: ` + only},
		{"input", `format: json, shape: forms.io, unused: allow`, `3:30: "forms.io" is not one of form.io, gov.uk-forms, odk, open-forms, fhir-questionnaire-response [mapping.value] (did you mean "form.io"?)`},
		{"input", `format: xml, shape: form.io, same: [form.answers.id, form.id]`, `3:29: forms of form.io are in json [mapping.value] (write format: json); 3:62: ` + only + `; 5:49: ` + only},
		{"input", `format: json, shape: gov.uk-forms, lists: [answers.x]`, `3:44: this does nothing for a form in json; it belongs to xml, urlencoded, mail [mapping.value] (remove it); 5:49: ` + only},
		{"input", `format: json, shape: form.io, schema: s.json`, `5:49: ` + only},
	})
}

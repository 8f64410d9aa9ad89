package sketch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const examples = "../../test/examples/shapes/forms/"

// TestShaped: what a form builder wrote is known by its members, and the mapping is made for the plain tree.
func TestShaped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		forms []string // files of examples, or text
		has   []string
		not   string
	}{
		{"form.io", []string{"form-io.json"}, []string{"  shape: form.io #", "RECEIPT:", "form.answers.receipt", "form.answers.signature | base64()", "form.answers.lakes"}, "form.data"},
		{"gov.uk", []string{"gov-uk-forms.json"}, []string{"  shape: gov.uk-forms #", "reference: form.meta.submission_reference", "form.answers.hG5kq1.first_name"}, "question_id"},
		{"open forms", []string{"open-forms.json"}, []string{"  shape: open-forms #", "reference: form.meta.metadata.public_reference", "form.answers.bsn", "  same: [form.answers] #", "  - form.meta.values_schema"}, "form.values"},
		{"fhir", []string{"fhir.json"}, []string{"  shape: fhir-questionnaire-response #", "  lists: [answers.allergies]\n", `form.answers.allergies | join(", ")`, "  - form.meta.questions #"}, "META_QUESTIONS"},
		{"odk", []string{"odk.xml"}, []string{"  shape: odk #", "form.answers.head.name", "form.meta.instanceID"}, "lists"},
		{"odk with a repeat", []string{"odk.xml", `<data><child><name>a</name></child><child><name>b</name></child><meta><instanceID>2</instanceID></meta></data>`},
			[]string{"  shape: odk #", "  lists: [answers.child]\n", "in form.answers.child"}, ""},
		{"a plain form", []string{`{"data": {"a": 1}, "id": "2"}`}, []string{"form.data.a"}, "shape"},
		{"only one of two is a builder's", []string{"form-io.json", `{"data": {"a": 1}}`}, []string{"form.data.receipt"}, "shape"},
		{"one that is not finished", []string{"form-io-draft.json"}, []string{"form.data"}, "shape"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var forms [][]byte
			format := "json"
			for _, f := range c.forms {
				b := []byte(f)
				if !strings.ContainsAny(f, "{<") {
					var err error
					if b, err = os.ReadFile(filepath.Join(examples, f)); err != nil {
						t.Fatal(err)
					}
				}
				if b[0] == '<' {
					format = "xml"
				}
				forms = append(forms, b)
			}
			f, err := BySamples(format, forms)
			if err != nil {
				t.Fatal(err)
			}
			text := string(Make(Input{File: "m", Target: "register", Form: f}).Text)
			for _, want := range c.has {
				if !strings.Contains(text, want) {
					t.Errorf("there is no %q in\n%s", want, text)
				}
			}
			if c.not != "" && strings.Contains(text, c.not) {
				t.Errorf("%q stands in\n%s", c.not, text)
			}
		})
	}
}

package agent_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestPDFForm takes PDF forms out of a folder, and one that is posted; one without fields is parked, and refused where it is posted.
func TestPDFForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), `"*.json"`, `"*.pdf"`, 1))
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {format: pdf, reference: form.reference}
write: [{as: application, to: register, table: APPLICATION, fields: {FORM_REF: form.reference, NAME: form.owner.name}}]
ignore: [form.boat, form.season, form.terms]
`)
	sample, err := os.ReadFile("../test/examples/forms/samples/mooring.pdf")
	if err != nil {
		t.Fatal(err)
	}
	pdf := func(ref string) string { return strings.Replace(string(sample), "MO-12", ref, 1) }
	w.start()
	w.write("in/a.pdf", pdf("MO-12"))
	w.write("in/b.pdf", strings.Replace(pdf("MO-13"), "/Fields", "/Fiel_s", 1))
	w.settled("two PDFs", 2)
	w.post(pdf("MO-14"), "application/pdf").expect(t, "posted", 202, "")
	w.post(strings.Replace(pdf("MO-15"), "/Fields", "/Fiel_s", 1), "application/pdf").expect(t, "without fields", 400, "submit.form")
	w.settled("three PDFs", 3)
	if s := w.states(); s[journal.Delivered] != 2 || s[journal.Parked] != 1 || w.number("select count(*) from APPLICATION") != 2 {
		t.Errorf("%v", w.list())
	}
	for ref, state := range w.list() {
		if v := w.view(ref); strings.HasPrefix(state, "parked") && !strings.Contains(v.Reason.Text, "there are no form fields in the PDF") {
			t.Errorf("%+v", v.Reason)
		}
	}
	w.write("in/c.pdf", pdf("MO-12"))
	w.settled("a repeat", 3)
}

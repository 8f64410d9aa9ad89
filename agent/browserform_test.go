package agent_test

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestBrowserForm: what a browser posts with a file is a urlencoded form with an attachment; sent again with another boundary it is
// the same form, and with another file it is not.
func TestBrowserForm(t *testing.T) {
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {format: urlencoded, unused: allow, reference: form.ref}
write: [{as: application, to: one, table: APPLICATION, fields: {NAME: form.owner.name, PLAN: form.plan}}]
`)
	w.start()
	body := func(boundary, file string) string {
		return strings.NewReplacer("BOUNDARY", boundary, "FILE", file, "\n", "\r\n").Replace(`--BOUNDARY
Content-Disposition: form-data; name="ref"

R-1
--BOUNDARY
Content-Disposition: form-data; name="plan"; filename="plan.pdf"
Content-Type: application/pdf

FILE
--BOUNDARY
Content-Disposition: form-data; name="owner[name]"

Müller
--BOUNDARY--
`)
	}
	first := w.post(body("a", "PDF"), "multipart/form-data; boundary=a")
	first.expect(t, "first", 202, "")
	again := w.post(body("b", "PDF"), "multipart/form-data; boundary=b")
	again.expect(t, "again", 202, "")
	if again.ID != first.ID || first.Reference != "R-1" {
		t.Errorf("%s %s %s", first.ID, again.ID, first.Reference)
	}
	w.post(body("c", "another"), "multipart/form-data; boundary=c").expect(t, "another file", 409, "submit.reference-used")
	w.until("written", func() bool { return w.states()[journal.Delivered] == 1 && one.count() == 1 })
}

// TestBrowserFormCharset: a browser's fields are UTF-8, and not read in another character set that the mapping declares.
func TestBrowserFormCharset(t *testing.T) {
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {format: urlencoded, charset: windows-1252, unused: allow, reference: form.ref}
write: [{as: application, to: one, table: APPLICATION, fields: {NAME: form.ref}}]
`)
	w.start()
	const field = "--a\r\nContent-Disposition: form-data; name=\"ref\"\r\n\r\nMüller\r\n--a--\r\n"
	w.post(field, "multipart/form-data; boundary=a").expect(t, "of a browser", 400, "submit.form")
	if p := w.post("ref=M%FCller", "application/x-www-form-urlencoded"); p.status != 202 || p.Reference != "Müller" {
		t.Errorf("%d %q", p.status, p.Reference)
	}
}

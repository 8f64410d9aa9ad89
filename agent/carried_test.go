package agent_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// TestMailForm takes a mail out of a folder, and one that is posted: the files in it are attachments.
func TestMailForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("inbasket.yaml", strings.Replace(fmt.Sprintf(worldConfig, tokenHash), `"*.json"`, `"*.eml"`, 1))
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {format: mail, reference: form.body.ref}
write: [{as: plans, to: drop, document: "{reference}-{n}.pdf"}, {as: application, to: register, table: APPLICATION, fields: {FORM_REF: form.body.ref, NAME: form.body.name}}]
ignore: [form.head]
`)
	mail := func(ref string) string {
		return strings.ReplaceAll("From: a@example.org\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nref: "+ref+"\nname: Anna\n--x\nContent-Type: application/pdf; name=plan.pdf\n\n%PDF "+ref+"\n--x--\n", "\n", "\r\n")
	}
	w.start()
	w.write("in/a.eml", mail("R-1"))
	w.write("in/b.eml", strings.ReplaceAll(mail("R-2"), "--x--", ""))
	w.write("in/c.eml", "From: a@example.org\r\nContent-Type: text/html\r\n\r\n<p>ref: R-3</p>")
	w.settled("three mails", 3)
	w.post(mail("R-4"), "message/rfc822").expect(t, "posted", 202, "")
	w.settled("four mails", 4)
	if s := w.states(); s[journal.Delivered] != 2 || s[journal.Parked] != 2 || w.number("select count(*) from APPLICATION") != 2 {
		t.Errorf("%v", w.list())
	}
	if got := fmt.Sprint(w.files("drop")); got != "[R-1-1.pdf R-4-1.pdf]" {
		t.Error(got)
	}
	for _, ref := range []string{"R-1", "R-4"} {
		if a := w.view(ref).Attachments; len(a) != 1 || a[0].Name != "plan.pdf" {
			t.Errorf("%s: %+v", ref, a)
		}
	}
	w.write("in/d.eml", mail("R-1"))
	w.settled("a repeat", 4)
}

// TestMailWithoutRoute: what no route took when it came has lost the files in it, and does not go on without them.
func TestMailWithoutRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := strings.Replace(fmt.Sprintf(worldConfig, tokenHash), `"*.json"`, `"*.eml"`, 1)
	w.write("inbasket.yaml", strings.Replace(good, "{from: permits,", `{from: permits, match: "x*.eml",`, 1))
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {format: mail}
write: [{as: plans, to: drop, document: "{reference}-{n}.pdf"}, {as: application, to: register, table: APPLICATION, fields: {FORM_REF: form.body.ref, NAME: form.body.ref}}]
ignore: [form.head]
`)
	w.start()
	w.write("in/a.eml", "From: a@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nref: R-1\r\n--x\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n")
	w.settled("parked", 1)
	w.write("inbasket.yaml", good)
	if err := w.reload(false); err != nil {
		t.Fatal(err)
	}
	if _, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{Code: "route.none"}); err != nil {
		t.Fatal(err)
	}
	for ref := range w.list() {
		if v := w.view(ref); v.State != journal.Parked || !strings.Contains(v.Reason.Text, "the files in it were not kept") {
			t.Errorf("%s %+v", v.State, v.Reason)
		}
	}
	if w.number("select count(*) from APPLICATION") != 0 {
		t.Error("it went on")
	}
}

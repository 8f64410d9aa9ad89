package agent_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestToldInGerman: a front office reads what a form's sender can be shown, in the mapping's language and words: at once where it posts,
// and in status and events where the form came from a folder.
func TestToldInGerman(t *testing.T) {
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.write("permit.yaml", strings.Replace(scriptMapping, "reference: form.ref}", "reference: form.ref, language: de, texts: {form.parcels.number: Welches Flurstück?}}\n"+
		"require: [{rule: form.name != form.ref, at: form.name, code: rule.name, text: Bitte den Namen angeben.}]", 1))
	w.start()
	const want = `[{"/drop" "schema.type" "Bitte geben Sie hier Ja oder Nein an."} {"/name" "rule.name" "Bitte den Namen angeben."} {"/parcels/0/number" "field.missing" "Welches Flurstück?"}]`
	p := w.post(`{"ref":"REF-1","name":"REF-1","drop":"x","parcels":[{}]}`, "application/json")
	p.expect(t, "wrong", 422, "form.wrong")
	if said := fmt.Sprintf("%q", p.Errors); said != want {
		t.Errorf("%s\nwant %s", said, want)
	}
	w.write("in/2.json", `{"ref":"REF-2","name":"REF-2"}`)
	w.until("rejected", func() bool { return w.states()[journal.Rejected] == 1 })
	rejected := false
	for _, e := range w.events() {
		rejected = rejected || e.Type == "rejected"
	}
	if v := w.view("REF-2"); !rejected || len(v.Errors) != 1 || v.Errors[0].Message != "Bitte den Namen angeben." {
		t.Errorf("rejected: %t, %+v", rejected, v.Errors)
	}
	if one.count() != 0 {
		t.Errorf("%d written", one.count())
	}
}

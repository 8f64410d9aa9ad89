package agent_test

import (
	"context"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/orders"
)

// A form whose reference cannot be told is not accepted under another name: a retry of it would be a second submission.
func TestReferenceThatFails(t *testing.T) {
	for _, reference := range []string{`form.ref ?? fail("no reference")`, "form.ref | integer()"} {
		w, one := sameWorld(t, "reference: '"+reference+"', ", "")
		for _, at := range []string{"06:00", "06:05"} {
			p := w.post(strings.Replace(stamped("OF-1", "Anna", at), `{"values"`, refOf(reference)+`"values"`, 1), "application/json")
			p.expect(t, reference, 422, "form.wrong")
			w.write("in/"+at[3:]+".json", strings.Replace(stamped("OF-1", "Anna", at), `{"values"`, refOf(reference)+`"values"`, 1))
		}
		w.until("rejected", func() bool { return w.states()[journal.Rejected] == 2 && len(w.files("in")) == 0 })
		if one.count() != 0 {
			t.Errorf("%s: %d written", reference, one.count())
		}
	}
}

// A reference that the mapping itself gets wrong parks the form, also where it is tried again.
func TestReferenceOfMappingFails(t *testing.T) {
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.write("s.json", `{"properties":{"ref":{"type":["string","array"]},"values":{"properties":{"name":{}}}}}`)
	w.sameBy(1, "schema: s.json, reference: form.ref, ", "")
	w.start()
	w.post(`{"ref":["x"],"values":{"name":"Anna"}}`, "application/json").expect(t, "posted", 202, "")
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	if err := retried(w); err != nil {
		t.Fatal(err)
	}
	w.until("parked again", func() bool { return w.states()[journal.Parked] == 1 })
	if one.count() != 0 || w.only().Code != "mapping.wrong" {
		t.Errorf("%d written, %s", one.count(), w.only().Code)
	}
}

func retried(w *world) error {
	_, err := orders.Retry.Give(context.Background(), w.agent.Desk(), control.RetryRequest{IDs: []journal.ID{w.only().ID}, By: "me"})
	return err
}

func refOf(reference string) string {
	if strings.Contains(reference, "integer") {
		return `{"ref":"x",`
	}
	return "{"
}

// A blank at the end of a reference that the mapping puts there is not the form's fault.
func TestReferenceWithBlankOfMapping(t *testing.T) {
	w, _ := sameWorld(t, `reference: 'concat(form.prefix, " ", form.ref)', `, "")
	w.post(`{"prefix":"","ref":"1","values":{"name":"Anna"}}`, "application/json").expect(t, "the mapping's", 202, "")
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	w.post(`{"prefix":" a","ref":"1","values":{"name":"Anna"}}`, "application/json").expect(t, "the form's", 422, "form.reference")
}

// A posted form without a reference of its own is known, and shown, by its Idempotency-Key, and without one by its content.
func TestKeyBecomesReference(t *testing.T) {
	w := newWorld(t)
	w.write("permit.yaml", strings.Replace(worldMapping, ", reference: form.ref", "", 1))
	w.start()
	keyed := w.post(form("REF-1", "Anna"), "application/json", keyHeader, `"k 1"`)
	keyed.expect(t, "with a key", 202, "")
	bare := w.post(form("REF-2", "Anna"), "application/json")
	bare.expect(t, "without one", 202, "")
	if again := w.post(form("REF-2", "Anna"), "application/json"); again.ID != bare.ID || keyed.Reference != "k 1" || !strings.HasPrefix(bare.Reference, "sha256:") || len(bare.Reference) != 71 {
		t.Errorf("%s, %s", keyed.Reference, bare.Reference)
	}
	if other := w.post(form("REF-1", "Anna"), "application/json", keyHeader, `"k 2"`); other.ID == keyed.ID {
		t.Error("another key is another form") // as the page for front offices says
	}
	for _, e := range w.events() {
		if e.Submission == keyed.ID && e.Reference != "k 1" {
			t.Errorf("%+v", e)
		}
	}
}

package agent_test

import (
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// TestShapeParks: a form that is not what input.shape names waits for a person, and is told nothing; a field error of one that is
// points into what was posted.
func TestShapeParks(t *testing.T) {
	one := newScript(recorded)
	w := newScripted(t, one, newScript(recorded), "")
	w.write("s.json", `{"type":"object","properties":{"answers":{"type":"object","properties":{"ref":{"type":"string"},"name":{"type":"string"}}}}}`)
	w.write("permit.yaml", `
mapping: permit
version: 1
input: {format: json, shape: form.io, schema: s.json, reference: form.answers.ref}
write: [{as: application, to: one, table: APPLICATION, fields: {NAME: form.answers.name}}]
`)
	w.start()
	w.post(`{"data":{"ref":"R-1","name":"Anna"},"state":"draft"}`, "application/json").expect(t, "draft", 202, "")
	w.until("parked", func() bool { return w.states()[journal.Parked] == 1 })
	if one.count() != 0 || w.only().Code != "mapping.wrong" {
		t.Errorf("%d written, %s", one.count(), w.only().Code)
	}
	p := w.post(`{"data":{"ref":"R-2","name":7},"state":"submitted"}`, "application/json")
	if p.expect(t, "wrong", 422, "form.wrong"); len(p.Errors) != 1 || p.Errors[0].Pointer != "/data/name" {
		t.Errorf("%+v", p.Errors)
	}
}

package mapping_test

import (
	"errors"
	"testing"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestStrays has something else stand where the mapping walks on: nothing of it is left out in silence.
func TestStrays(t *testing.T) {
	const head = "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite:\n  - as: a\n    to: db\n    table: A\n"
	for _, c := range []struct{ write, form, pointer string }{
		{"fields: {A: form.owner.name}", `{"owner":"Ada"}`, "/owner"},
		{"fields: {A: form.owner.name}", `{"owner":["Ada"]}`, "/owner"},
		{"fields: {A: form.owner.name}", `{"owner":false}`, "/owner"},
		{"fields: {A: form.owner.name.last}", `{"owner":{"name":"Ada"}}`, "/owner/name"},
		{"fields: {A: form.owner.name.last.x}", `{"owner":{"name":"Ada"}}`, "/owner/name"},
		{"fields: {A: 'form.days[0].fee'}", `{"days":{"fee":1}}`, "/days"},
		{"fields: {A: 'form.days[0].fee'}", `{"days":["24.50"]}`, "/days/0"},
		{"fields: {A: 'sum(form.days, .fee)'}", `{"days":[{"fee":1},"24.50"]}`, "/days"},
		{"fields: {A: 'map(form.days, .fee) | join()'}", `{"days":[24.5]}`, "/days"},
		{"fields: {A: 'count(form.days, .fee > 1)'}", `{"days":[[{"fee":3}]]}`, "/days"},
		{"fields: {A: 'filter(form.days, .fee == nil) | len()'}", `{"days":["x"]}`, "/days"},
		{"fields: {A: 'find(form.days, true).fee'}", `{"days":["x"]}`, "/days"},
		{"fields: {A: 'isMissing(form.owner.name)'}", `{"owner":"Ada"}`, "/owner"},
		{"fields: {A: {value: form.owner.name, default: '\"-\"'}}", `{"owner":"Ada"}`, "/owner"},
		{"fields: {A: 'form.owner.name ?? \"-\"'}", `{"owner":"Ada"}`, "/owner"},
		{"each: d in form.days\n    fields: {A: d.fee}", `{"days":[{"fee":1},"24.50"]}`, "/days/1"},
		{"each: d in form.site.days\n    fields: {A: d.fee}", `{"site":"x"}`, "/site"},
		{"each: [d in form.days, x in d.xs]\n    fields: {A: x}", `{"days":["x"]}`, "/days/0"},
		{"when: form.owner.kind == \"x\"\n    fields: {A: '1'}", `{"owner":"Ada"}`, "/owner"},
		// What is empty loses nothing, and what is read beside it neither.
		{"fields: {A: form.owner.name}", `{"owner":""}`, ""},
		{"fields: {A: form.owner.name}", `{"owner":null}`, ""},
		{"fields: {A: form.owner.name}", `{"owner":[]}`, ""},
		{"fields: {A: form.owner.name}", `{"owner":{}}`, ""},
		{"fields: {A: 'form.owner.name'}", `{}`, ""},
		{"fields: {A: 'form.days[1].fee'}", `{"days":[{"fee":1}]}`, ""},
		{"fields: {A: 'form.fee[\"@currency\"]'}", `{"fee":"1.50"}`, ""},
		{"fields: {A: form.owner.name ?? form.owner}", `{"owner":"Ada"}`, ""},
		{"fields: {A: 'coalesce(form.owner.name, form.owner)'}", `{"owner":"Ada"}`, ""},
		{"fields: {A: form.owner.name | default(form.owner)}", `{"owner":"Ada"}`, ""},
		{"fields: {A: {value: form.owner.name, default: form.owner}}", `{"owner":"Ada"}`, ""},
		{"fields: {A: 'sum(form.days, .fee ?? #)'}", `{"days":[{"fee":1},24.50]}`, ""},
		{"each: d in form.days\n    fields: {A: d.fee ?? d}", `{"days":[{"fee":1},"24.50"]}`, ""},
	} {
		p := mappings.Load(t, head+"    "+c.write)
		_, err := p.Map(mappings.Form(t, p, c.form), expr.Input{})
		var wrong *mapping.Fault
		switch {
		case c.pointer == "" && err != nil:
			t.Errorf("%s of %s: %v", c.write, c.form, err)
		case c.pointer != "" && (!errors.As(err, &wrong) || wrong.Cause.Pointer != c.pointer || wrong.Cause.Code != value.CodeShape):
			t.Errorf("%s of %s: %v", c.write, c.form, err)
		}
	}
}

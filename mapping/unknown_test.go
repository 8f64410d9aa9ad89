package mapping_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

// TestUnknownFields is what a mapping tells of fields that it does not know, as it stands and as submissions are pinned to it.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	const open = `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"object","properties":{"c":{"type":"string"}}},"x.y":{"type":"string"}}}`
	for _, c := range []struct{ name, input, fields, form, want string }{
		{"all known", ``, `{A: form.a}`, `{"a":"1"}`, ``},
		{"one is not", ``, `{A: form.a}`, `{"a":"1","b":{"c":"secret"}}`, `form.b`},
		{"said to be allowed", `, unknown: allow`, `{A: form.a}`, `{"a":"1","b":{"c":"secret"}}`, `form.b`},
		{"parked", `, unknown: park`, `{A: form.a}`, `{"a":"1","b":{"c":"secret"}}`, `parked form.b`},
		{"nothing to park", `, unknown: park`, `{A: form.a}`, `{"a":"1","b":{"c":""}}`, ``},
		{"unused fields are allowed", `, unused: allow`, `{A: form.a}`, `{"a":"1","b":"2"}`, ``},
		{"unused ones of the schema are, others are not", `, unused: allow, schema: s.json`, `{A: form.a}`, `{"a":"1","b":{"c":"2","d":"3"},"x.y":"4","z":"5"}`, `form.b.d, form.z`},
		{"and may park", `, unused: allow, unknown: park, schema: s.json`, `{A: form.a}`, `{"a":"1","z":"5"}`, `parked form.z`},
		{"beside a schema", `, schema: s.json`, `{A: form.a, B: form.b.c, X: 'form["x.y"]'}`, `{"a":"1","b":{"c":"2","d":"3"},"x.y":"4"}`, `form.b.d`},
		{"found in a list", ``, `{A: 'find(form.l, .k == "a").n', B: 'first(form.l).m'}`, `{"l":[{"k":"a","n":1,"m":2,"o":3}]}`, `form.l.o`},
		{"one of two branches", ``, `{A: '(form.a ?? form.b).n'}`, `{"a":{"n":"1","o":"2"}}`, ``},
		{"a form that is wrong says so first", `, unknown: park`, `{A: {value: form.a, type: integer}}`, `{"a":"x","b":"2"}`, `wrong`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "mapping: m\nversion: 1\ninput: {format: json" + c.input + "}\nwrite: [{as: w, to: t, table: T, fields: " + c.fields + "}]\n"
			p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}, "s.json": {Data: []byte(open)}}, "m.yaml", nil)
			if err != nil {
				t.Fatal(err)
			}
			pinned, err := load.Bundle(p.Bundle(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []*mapping.Plan{p, pinned} {
				if d := cmp.Diff(c.want, unknownIn(t, p, c.form)); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

// unknownIn are the fields of a form that a mapping does not know.
func unknownIn(t *testing.T, p *mapping.Plan, form string) string {
	t.Helper()
	tree, err := p.Decode([]byte(form), "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Map(tree, mapping.Input{})
	var unknown *mapping.Unknown
	var wrong *mapping.MapError
	switch {
	case errors.As(err, &wrong):
		return "wrong"
	case errors.As(err, &unknown):
		if !strings.Contains(err.Error(), unknown.Fields[0]) || strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
		return "parked " + strings.Join(unknown.Fields, ", ")
	case err != nil:
		t.Fatal(err)
	}
	return strings.Join(m.Unknown, ", ")
}

package mapping_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

// TestNUL tells whoever sent a form of the character U+0000 in a text for a table, which PostgreSQL refuses and no schema excludes.
func TestNUL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, field, form, want string }{
		{"in the form's text", "form.a", `{"a":"x\u0000y"}`, "/a field.unmappable"},
		{"with a type", "{value: form.a, type: text(9)}", `{"a":"\u0000"}`, "/a field.unmappable"},
		{"joined", `concat(form.b, form.a)`, `{"a":"\u0000","b":"c"}`, "/a field.unmappable"},
		{"taken away", `form.a | replace("\u0000", "")`, `{"a":"x\u0000y"}`, ""},
		{"other control characters", "form.a", `{"a":"\u0001\t"}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite: [{as: w, to: t, table: T, fields: {A: '" + c.field + "'}}]\n"
			if c.field[0] == '{' {
				text = "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nwrite: [{as: w, to: t, table: T, fields: {A: " + c.field + "}}]\n"
			}
			p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
			if err != nil {
				t.Fatal(err)
			}
			form, err := p.Decode([]byte(c.form), "")
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			_, err = p.Map(form, mapping.Input{})
			var wrong *mapping.MapError
			if errors.As(err, &wrong) {
				got = wrong.Fields[0].Pointer + " " + wrong.Fields[0].Code
			} else if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%q, not %q", got, c.want)
			}
		})
	}
}

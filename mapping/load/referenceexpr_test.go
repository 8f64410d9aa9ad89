package load_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const referring = `
mapping: m
version: 1
input: {format: json, unused: allow, schema: s.json, reference: 'REF'}
let: {mine: submission.id, all: attachments}
write: [{as: w, to: t, table: T, fields: {A: form.a}}]
`

const openSchema = `{"properties":{"ref":{},"a":{},"list":{},"either":{"type":["string","array"]}}}`

// TestReferenceFails: a reference that cannot be told is the form's fault or the mapping's, as a field's value is; one
// that is missing is none.
func TestReferenceFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ref, form, want string }{
		{`form.ref ?? fail("no reference")`, `{"a":"x"}`, "rejected"},
		{`form.ref | integer()`, `{"ref":"x"}`, "/ref"},
		{`form.ref`, `{"ref":["x"]}`, "/ref"},
		{`form.either`, `{"either":["x"]}`, "fault"},
		{`form.ref`, `{"ref":"x"}`, "x"}, {`form.ref`, `{}`, ""}, {`form.ref`, `{"ref":null}`, ""}, {`form.ref | integer()`, `{}`, ""},
	} {
		p := mappings.Load(t, strings.Replace(referring, "REF", c.ref, 1), "s.json", openSchema)
		have, err := p.Reference(mappings.Form(t, p, c.form))
		var wrong *mapping.MapError
		var fault *mapping.Fault
		switch {
		case errors.As(err, &wrong):
			if have = wrong.Fields[0].Pointer; wrong.Fields[0].Code == value.CodeRejected {
				have = "rejected"
			}
		case errors.As(err, &fault):
			have = "fault"
		}
		if have != c.want {
			t.Errorf("%s of %s: %q %v", c.ref, c.form, have, err)
		}
	}
}

// TestReferenceTooEarly: what is only known once a form is a submission is no reference.
func TestReferenceTooEarly(t *testing.T) {
	t.Parallel()
	for _, ref := range []string{"submission.id", "submission.received", "concat(form.ref, submission.id)", "mine", "form.ref ?? mine", "all[0].name", "count(attachments)"} {
		_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(strings.Replace(referring, "REF", ref, 1))}, "s.json": {Data: []byte(openSchema)}}, "m.yaml", nil)
		if err == nil || !strings.Contains(err.Error(), "before there is a submission") {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

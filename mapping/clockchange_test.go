package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/test/mappings"
)

const clockMapping = `mapping: m
version: 1
input: {format: json, reference: form.ref, unused: allow}
layouts: {l: {format: csv, fields: [{name: A}, {name: B}, {name: C}, {name: D}, {name: E}]}}
let: {at: 'form.at | parseDateTime("yyyy-MM-dd HH:mm", "Europe/Berlin", "later")'}
lookups: {kinds: {values: {none: "-"}}}
write:
  - {as: w, to: t, layout: l, fields: {A: at, B: at, C: 'at | localTime("Europe/Berlin")', D: form.text, E: 'form.kind | lookup("kinds")'}}
`

// What the mapping allows to be changed around a change of clocks, and what is put before a formula, is shown at each value.
func TestChangesAreExplained(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, clockMapping)
	var have []string
	for _, x := range p.Explain(mappings.Form(t, p, `{"ref":"r","at":"2026-10-25 02:30","text":"=1","kind":"none"}`), expr.Input{}) {
		have = append(have, x.Field+"="+x.Shown+" "+x.Note)
	}
	want := []string{"A=2026-10-25T02:30:00+01:00 of two moments the later was taken", "B=2026-10-25T02:30:00+01:00 of two moments the later was taken",
		"C=2026-10-25T02:30:00 of two moments the later was taken; the offset was left out of a local time that exists twice",
		"D==1 an apostrophe was put in front", "E=- "}
	if got := strings.Join(have, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("have\n%s", got)
	}
	for _, x := range p.Explain(mappings.Form(t, p, `{"ref":"r","at":"2026-10-25 03:30","text":"1","kind":"none"}`), expr.Input{}) {
		if x.Note != "" {
			t.Errorf("%s: %s", x.Field, x.Note)
		}
	}
}

// A local time that exists twice is no mistake in the form: the mapping must say which is meant.
func TestAmbiguousTimeIsTheMappings(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, strings.Replace(clockMapping, `, "later")`, ")", 1))
	_, err := p.Map(mappings.Form(t, p, `{"ref":"r","at":"2026-10-25 02:30"}`), expr.Input{})
	var fault *mapping.Fault
	if !errors.As(err, &fault) || fault.Code() != mapping.CodeWrong || fault.At != "w.A" || fault.Cause.Code != value.CodeAmbiguousTime || fault.Cause.Pointer != "/at" || fault.Allowed {
		t.Errorf("%v", err)
	}
	_, err = p.Map(mappings.Form(t, p, `{"ref":"r","at":"2026-03-29 02:30"}`), expr.Input{})
	var wrong *mapping.MapError
	if !errors.As(err, &wrong) || wrong.Fields[0].Code != value.CodeNoSuchTime || wrong.Fields[0].Pointer != "/at" {
		t.Errorf("%v", err)
	}
}

// What a layout's field cannot say around a change of clocks is no mistake in the form either, whether the zone is the
// field's or the layout's.
func TestClockChangeIsTheLayouts(t *testing.T) {
	t.Parallel()
	for _, zones := range []string{"zone: Europe/Berlin, fields: [{name: A, type: datetime, pattern: PATTERN}]", "fields: [{name: A, type: datetime, pattern: PATTERN, zone: Europe/Berlin}]"} {
		for _, c := range [][2]string{{"HHmm", "2026-10-25T01:30:00Z"}, {"HHmmXXX", "2026-10-25T02:30:00"}, {"HHmmXXX", "2026-03-29T02:30:00"}} {
			p := mappings.Load(t, strings.Replace(`mapping: m
version: 1
input: {format: json, unused: allow}
layouts: {l: {format: csv, `+zones+`}}
write: [{as: w, to: t, layout: l, fields: {A: form.at}}]
`, "PATTERN", c[0], 1))
			_, err := p.Map(mappings.Form(t, p, `{"at":"`+c[1]+`"}`), expr.Input{})
			var fault *mapping.Fault
			if !errors.As(err, &fault) || fault.At != "w.A" || fault.Cause.Code != encode.CodeClockChange || fault.Cause.Pointer != "/at" {
				t.Errorf("%s, %v: %v", zones, c, err)
			}
		}
	}
}

package load_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/test/mappings"
)

// FuzzLoad: a mapping is refused with problems or gives a plan; it never brings the agent down.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(mappings.Bench))
	for _, pattern := range []string{"testdata/wrong/*.yaml", "../../configs/*/mappings/*.yaml"} {
		names, _ := filepath.Glob(pattern)
		for _, n := range names {
			if b, err := os.ReadFile(n); err == nil {
				f.Add(b)
			}
		}
	}
	schema, _ := os.ReadFile("testdata/wrong/form.schema.json")
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: src}, "form.schema.json": {Data: schema}}, "m.yaml", nil)
		var problems diag.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("not problems: %v", err)
		}
		if err == nil {
			form, _ := p.Decode([]byte(`{"ref":"1","items":[{"n":1}]}`), "")
			_, _ = p.Map(form, expr.Input{})
			if _, err := load.Bundle(p.Bundle(), nil); err != nil {
				t.Fatalf("bundle: %v", err)
			}
		}
	})
}

// FuzzBundle: a damaged bundle is an error.
func FuzzBundle(f *testing.F) {
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(mappings.Bench)}}, "m.yaml", nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Bundle())
	f.Add(p.Bundle()[:26])
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = load.Bundle(b, nil) })
}

const twoTargets = `
mapping: two
version: 1
input: {format: json, reference: form.ref, unused: allow}
order: {archive: form.case}
write:
  - {as: first, to: register, table: A, fields: {REF: form.ref}, returning: ID}
  - as: child
    to: register
    table: B
    each: [group in form.groups, item in group.items]
    when: item.n > 0
    let: {double: item.n * 2}
    fields: {A_ID: first.ID, ROW: row + 1, IN: index, N: double, G: group.name}
  - as: copy
    to: archive
    table: C
    fields: {KEY: 'concat("R", first.ID)', NAME: {value: form.name, type: text(3), overflow: cut}}
`

func TestTargetsThatWait(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, twoTargets)
	f := mappings.Form(t, p, `{"ref":"r","case":7,"name":"abcdef","groups":[{"name":"x","items":[{"n":1},{"n":0}]},{"name":"y"},{"name":"z","items":[{"n":5}]}]}`)
	m, err := p.Map(f, expr.Input{ID: "1", Reference: "r"})
	if err != nil {
		t.Fatal(err)
	}
	reg, arch := m.Deliveries[0], m.Deliveries[1]
	if len(reg.Records) != 3 || len(reg.Needs) != 0 || arch.Records != nil || len(arch.Needs) != 1 || arch.Needs[0] != "first.ID" || arch.Empty {
		t.Fatalf("register %+v, archive %+v", reg, arch)
	}
	if arch.Order != "7" || reg.Order != "" {
		t.Errorf("orders %q and %q", reg.Order, arch.Order)
	}
	last := reg.Records[2].Values
	for i, want := range []string{"(returned first.ID)", "2", "0", "10", "z"} {
		if have := mapping.Show(last[i]); have != want {
			t.Errorf("%s = %s, want %s", reg.Records[2].Shape.Fields[i], have, want)
		}
	}
	if reg.Records[1].Shape != reg.Records[2].Shape {
		t.Error("two records of one write have two shapes")
	}
	m, err = p.Map(f, expr.Input{ID: "1", Returned: map[string]connectors.Value{"first.ID": {Kind: connectors.Integer, Int: 9}}})
	if err != nil {
		t.Fatal(err)
	}
	if have := mapping.Show(m.Deliveries[1].Records[0].Values[0]); have != "R9" {
		t.Errorf("KEY = %s", have)
	}
	if len(m.Notes) != 1 || m.Notes[0].Pointer != "/name" || m.Notes[0].Text != "cut to 3 characters" {
		t.Errorf("notes: %+v", m.Notes)
	}
}

func TestFieldErrors(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `
mapping: errors
version: 1
input: {format: json, unused: allow}
write:
  - as: a
    to: t
    table: A
    each: x in form.list
    fields:
      N: {value: x.n, type: integer}
      D: {value: x.d, type: "decimal(4,2)"}
      T: {value: x.t, type: text(2)}
      M: {value: x.m, onMissing: error, onNull: "null"}
      E: {value: x.e, onEmpty: error}
      O: x.o
`)
	f := mappings.Form(t, p, `{"list":[{"n":1,"m":null},{"n":"1.5","d":1.234,"t":"äöü","e":"","o":[1]},{"n":true,"d":100,"m":1}]}`)
	_, err := p.Map(f, expr.Input{})
	var me *mapping.MapError
	if !errors.As(err, &me) {
		t.Fatal(err)
	}
	want := []string{"/list/1/n " + value.CodeNotInteger, "/list/1/d " + value.CodeTooPrecise, "/list/1/t " + value.CodeTooLong, "/list/1/m " + value.CodeMissingValue,
		"/list/1/e " + value.CodeEmptyValue, "/list/1/o " + value.CodeNotValue, "/list/2/n " + value.CodeNotInteger, "/list/2/d " + value.CodeTooLarge}
	var have []string
	for _, e := range me.Fields {
		have = append(have, e.Pointer+" "+e.Code)
	}
	if strings.Join(have, "\n") != strings.Join(want, "\n") {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func TestLayoutErrorPointsIntoTheForm(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `
mapping: layout
version: 1
input: {format: json, unused: allow}
layouts:
  line: {format: fixed, charset: iso-8859-1, fields: [{name: A, width: 3}, {name: B, width: 3, overflow: cut}]}
write:
  - {as: l, to: t, layout: line, each: x in form.list, fields: {A: x.a, B: x.b}}
`)
	_, err := p.Map(mappings.Form(t, p, `{"list":[{"a":"abc"},{"a":"€"}]}`), expr.Input{})
	var me *mapping.MapError
	if !errors.As(err, &me) || len(me.Fields) != 1 || me.Fields[0].Pointer != "/list/1/a" {
		t.Fatalf("%v %+v", err, me)
	}
	m, err := p.Map(mappings.Form(t, p, `{"list":[{"a":"abc","b":"defg"}]}`), expr.Input{})
	if err != nil {
		t.Fatal(err)
	}
	if d := m.Deliveries[0]; string(d.Piece.Body) != "abcdef\n" || len(m.Notes) != 1 || m.Notes[0].Pointer != "/list/0/b" {
		t.Errorf("%q %+v", d.Piece.Body, m.Notes)
	}
}

func TestValidateHoldsNoContent(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `
mapping: schema
version: 1
input: {format: json, schema: s.json, unused: allow}
write:
  - {as: a, to: t, table: A, fields: {N: form.n, S: form.s, L: form.l | join()}}
`, "s.json", `{"type":"object","required":["n","x~/y"],"additionalProperties":false,
"properties":{"x~/y":{},"n":{"type":"integer"},"s":{"enum":["a"]},"l":{"type":"array","items":{"type":"string","maxLength":2}}}}`)
	bad := fieldsOf(t, p.Validate(mappings.Form(t, p, `{"n":"SECRET","s":"SECRET","l":["SECRET"],"z":"SECRET","zz":1}`)))
	var have []string
	for _, b := range bad {
		have = append(have, b.Pointer+" "+b.Code)
		if strings.Contains(b.Message, "SECRET") {
			t.Errorf("content in %q", b.Message)
		}
	}
	want := "/l/0 schema.max-length,/n schema.type,/s schema.enum,/x~0~1y field.missing,/z schema.unknown-field,/zz schema.unknown-field"
	if strings.Join(have, ",") != want {
		t.Errorf("have %s", strings.Join(have, ","))
	}
	bad = fieldsOf(t, p.Validate(mappings.Form(t, p, `{"n":1,"x~/y":1,"My name is SECRET":1}`)))
	if len(bad) != 1 || bad[0].Pointer != "" || bad[0].Code != "schema.unknown-field" {
		t.Errorf("%+v", bad)
	}
}

// fieldsOf returns the field errors of a form that is wrong.
func fieldsOf(t *testing.T, err error) []schema.FieldError {
	t.Helper()
	var wrong *mapping.MapError
	if !errors.As(err, &wrong) {
		t.Fatalf("%v is not the form's fault", err)
	}
	return wrong.Fields
}

func TestExplain(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, twoTargets)
	f := mappings.Form(t, p, `{"ref":"r","name":"abcdef","groups":[{"items":[{"n":1}]}]}`)
	var have []string
	for _, x := range p.Explain(f, expr.Input{Returned: map[string]connectors.Value{"first.ID": {Kind: connectors.Integer, Int: 9}}}) {
		have = append(have, x.Write+"."+x.Field+"="+x.Shown+" <"+x.Pointer+" "+x.Note)
	}
	want := "first.REF=r </ref |child.A_ID=(returned first.ID) < |child.ROW=1 < |child.IN=0 < |child.N=2 </groups/0/items/0/n |" +
		"child.G=(missing) </groups/0/name |copy.KEY=R9 < |copy.NAME=abc </name cut to 3 characters"
	if s := strings.Join(have, "|"); s != want {
		t.Errorf("have %s", s)
	}
}

// A layout that is wrong is not also unknown.
func TestWrongLayoutIsKnown(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"m.yaml": {Data: []byte(`mapping: m
version: 1
input: {format: json}
layouts:
  line: {format: fixed, charset: utf-8, header: {fields: []}, fields: [{name: A, width: 3}]}
write:
  - {as: a, to: drop, layout: line, fields: {A: form.a}}
`)}}
	_, err := load.Mapping(files, "m.yaml", nil)
	if err == nil || strings.Contains(err.Error(), load.CodeLayoutUnknown) {
		t.Errorf("%v", err)
	}
}

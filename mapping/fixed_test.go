package mapping_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestFixedForm maps a form of fixed widths, record by record.
func TestFixedForm(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `
mapping: m
version: 1
input: {format: fixed, unused: allow, fixed: {charset: iso-8859-1, skip: 1, fields: [{name: NAME, width: 6}, {name: FEE, width: 5, type: number, decimals: 2}]}}
write: [{as: w, to: t, table: T, each: r in form, fields: {NAME: r.NAME, FEE: r.FEE}}]
`)
	m, err := p.Map(mappings.Form(t, p, "HEAD\nM\xfcller01250\nAda   00099\n"), expr.Input{})
	if err != nil {
		t.Fatal(err)
	}
	recs := m.Deliveries[0].Records
	if len(recs) != 2 || mapping.Show(recs[0].Values[0]) != "Müller" || mapping.Show(recs[0].Values[1]) != "12.50" || mapping.Show(recs[1].Values[1]) != "0.99" {
		t.Errorf("%+v", recs)
	}
}

// TestGroupedForm maps the lines of each case of a CSV form below their case.
func TestGroupedForm(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `
mapping: m
version: 1
input: {format: csv, csv: {group: [CASE], guard: tab}}
write: [{as: w, to: t, table: T, each: [c in form, l in c.lines], fields: {CASE: c.CASE, NAME: l.NAME}}]
`)
	m, err := p.Map(mappings.Form(t, p, "CASE,NAME\n7,\t=A\n8,B\n7,C\n"), expr.Input{})
	if err != nil {
		t.Fatal(err)
	}
	var have string
	for _, r := range m.Deliveries[0].Records {
		have += mapping.Show(r.Values[0]) + mapping.Show(r.Values[1]) + " "
	}
	if have != "7=A 7C 8B " {
		t.Error(have)
	}
}

// TestUnreadable: settings by which no form could be read are found by check.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	for _, input := range []string{"format: fixed", "format: fixed, fixed: {fields: []}", "format: fixed, fixed: {charset: klingon, fields: [{name: A, width: 1}]}",
		"format: fixed, fixed: {fields: [{name: A, width: 0}]}", "format: fixed, fixed: {fields: [{name: A, width: 1}, {name: A, width: 1}]}",
		"format: fixed, fixed: {fields: [{name: A, width: 1, type: date}]}", "format: csv, csv: {delimiter: ab}", "format: csv, csv: {charset: klingon}", "format: csv, csv: {quote: '||'}",
		"format: json, charset: klingon", "format: urlencoded, charset: klingon", "format: csv, csv: {guard: '||'}", "format: csv, csv: {group: lines}"} {
		_, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte("mapping: m\nversion: 1\ninput: {unused: allow, " + input + "}\nwrite: [{as: w, to: t, table: T, fields: {A: '\"a\"'}}]\n")}}, "m.yaml", nil)
		var problems diag.Problems
		if !errors.As(err, &problems) || problems[0].Line != 3 {
			t.Errorf("%s: %v", input, err)
		}
	}
}

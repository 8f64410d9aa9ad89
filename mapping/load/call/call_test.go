package call_test

import (
	"cmp"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

func plan(t *testing.T, write string) *mapping.Plan {
	t.Helper()
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte("mapping: m\nversion: 1\ninput: {format: json, reference: form.id}\nwrite:\n  - {as: reg, to: db, procedure: REGISTER, fields: {P_ID: form.id}, " + write + "}\n")}}, "m.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestJudge is what becomes of a call by the values that it returned.
func TestJudge(t *testing.T) {
	t.Parallel()
	p := plan(t, `returning: [CODE, TEXT], ok-when: "CODE in [0, 10] && TEXT != \"no\"", refused: [{when: CODE == 7, then: reject, code: rule.no-plot, text: There is no such plot}, `+
		`{when: CODE > 90, then: retry, code: rule.later}, {when: TEXT == "no", code: rule.no}]`)
	work, _ := p.Work("db")
	sh := work.Writes[0].Shape
	if sh.Op != connectors.Call || sh.Object != "REGISTER" {
		t.Fatalf("%+v", sh)
	}
	number := func(n int64) connectors.Value { return connectors.Value{Kind: connectors.Integer, Int: n} }
	text := func(s string) connectors.Value { return connectors.Value{Kind: connectors.Text, Str: s} }
	null := connectors.Value{Kind: connectors.Null}
	for name, c := range map[string]struct {
		code, text connectors.Value
		want       *connectors.Failure
	}{
		"success":            {number(0), text("yes"), nil},
		"another":            {number(10), null, nil},
		"a decimal":          {connectors.Value{Kind: connectors.Decimal, Str: "10"}, null, nil},
		"reject":             {number(7), null, &connectors.Failure{Class: connectors.ItemError, Code: "rule.no-plot", Reject: true}},
		"retry":              {number(99), null, &connectors.Failure{Class: connectors.Transient, Code: "rule.later"}},
		"park":               {number(0), text("no"), &connectors.Failure{Class: connectors.ItemError, Code: "rule.no"}},
		"of no entry":        {number(3), text("odd"), &connectors.Failure{Class: connectors.ItemError, Code: "sql.call-refused"}},
		"null is no success": {null, null, &connectors.Failure{Class: connectors.ItemError, Code: "sql.call-refused"}},
		"nor is a text":      {text("x"), null, &connectors.Failure{Class: connectors.ItemError, Code: "sql.call-refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := sh.Call.Judge([]connectors.Value{c.code, c.text})
			if (got == nil) != (c.want == nil) || got != nil && cmp.Compare(got.Code, c.want.Code)|cmp.Compare(int(got.Class), int(c.want.Class)) != 0 || got != nil && got.Reject != c.want.Reject {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got != nil && got.Reject && got.Text != "There is no such plot" {
				t.Errorf("text %q", got.Text)
			}
		})
	}
}

// TestCallOfForm is the record of a call, whose values flow on.
func TestCallOfForm(t *testing.T) {
	t.Parallel()
	p := plan(t, `returning: [CASE_NO]}
  - {as: next, to: db, table: NEXT, fields: {CASE_NO: reg.CASE_NO}`)
	f, err := p.Decode([]byte(`{"id": "A"}`), "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Map(f, mapping.Input{})
	if err != nil {
		t.Fatal(err)
	}
	records := m.Deliveries[0].Records
	if len(records) != 2 || records[0].Values[0].Str != "A" || records[1].Values[0] != (connectors.Value{Kind: connectors.Reference, Str: "reg.CASE_NO"}) {
		t.Errorf("%+v", records)
	}
}

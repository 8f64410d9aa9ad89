package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

const replacing = `
mapping: replacing
version: 1
input: {format: json, unused: allow}
let: {case: form.case}
write:
  - as: parcels
    to: register
    table: PARCEL
    mode: replace-children
    key: [CASE_NO]
    each: parcel in form.parcels
    when: WHEN
    let: {own: 'concat("C", case)'}
    fields: {CASE_NO: own, NUMBER: parcel.number}
  - as: lines
    to: register
    table: LINE
    mode: replace-children
    key: [GROUP]
    each: [group in form.groups, line in group.lines]
    fields: {GROUP: group.name, TEXT: line}
`

// doings a form does to a table, as texts: WRITE KEY for a row, WRITE KEY! for rows that go and are not replaced, nothing
// for a form that is parked because it does nothing anywhere.
func doings(t *testing.T, when, form string) string {
	t.Helper()
	p := mappings.Load(t, strings.Replace(replacing, "WHEN", when, 1))
	m, err := p.Map(mappings.Form(t, p, form), expr.Input{ID: "1"})
	var none *mapping.Nothing
	if errors.As(err, &none) {
		return "nothing"
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range m.Deliveries[0].Records {
		s := r.Shape.Write + " " + mapping.Show(r.Values[0])
		if r.Bare {
			s += "!"
			if r.Values[1].Kind != connectors.Missing {
				t.Errorf("%s has a value beside its key", s)
			}
		}
		all = append(all, s)
	}
	if m.Deliveries[0].Empty || len(all) == 0 {
		t.Errorf("empty %v with %v", m.Deliveries[0].Empty, all)
	}
	return strings.Join(all, ", ")
}

// Children that are replaced by none go all the same: whether the list is empty or not there, or no item of it counts. A
// condition that does not hang on an item is one of the whole write.
func TestReplaceByNothing(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"true", `{"case":1,"parcels":[{"number":1},{"number":2}]}`, "parcels C1, parcels C1"},
		{"true", `{"case":1,"parcels":[]}`, "parcels C1!"},
		{"true", `{"case":1,"parcels":null}`, "parcels C1!"},
		{"true", `{"case":1}`, "parcels C1!"},
		{"parcel.number > 5", `{"case":1,"parcels":[{"number":1}]}`, "parcels C1!"},
		{"case > 5", `{"case":1,"parcels":[{"number":1}]}`, "nothing"},
		{"case > 5", `{"case":1,"parcels":[]}`, "nothing"},
		{"case > 5", `{"case":6,"parcels":[]}`, "parcels C6!"},
		{"false", `{"groups":[{"name":"a","lines":["x"]},{"name":"b","lines":[]},{"name":"c"}]}`, "lines a, lines b!, lines c!"},
		{"false", `{"groups":[]}`, "nothing"},
	} {
		if have := doings(t, c[0], c[1]); have != c[2] {
			t.Errorf("when %s, form %s: %q, want %q", c[0], c[1], have, c[2])
		}
	}
}

// Children that go count as records too: a form of many empty lists ends at the limit, and that is not its mistake.
func TestReplaceByNothingIsLimited(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, strings.Replace(strings.Replace(replacing, "WHEN", "false", 1), "unused: allow", "unused: allow, limits: {records: 2}", 1))
	form := func(groups string) mapping.Form { return mappings.Form(t, p, `{"groups":[`+groups+`]}`) }
	if m, err := p.Map(form(`{"name":"a"},{"name":"b"}`), expr.Input{}); err != nil || len(m.Deliveries[0].Records) != 2 {
		t.Errorf("%v", err)
	}
	_, err := p.Map(form(`{"name":"a"},{"name":"b"},{"name":"c"}`), expr.Input{})
	var fault *mapping.Fault
	if !errors.As(err, &fault) || fault.Limit != "records" || fault.At != "lines" {
		t.Errorf("%v", err)
	}
}

// A mapping that submissions are pinned to goes on as it did, also where a new one is refused.
func TestPinnedReplace(t *testing.T) {
	t.Parallel()
	old := strings.Replace(strings.Replace(replacing, "WHEN", "parcel.number > 5", 1), "CASE_NO: own", "CASE_NO: {value: parcel.number, round: half-up}", 1)
	bundle := mappings.Bundled(t, old)
	p, err := load.Bundle(bundle, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Map(mappings.Form(t, p, `{"parcels":[{"number":1},{"number":7}]}`), expr.Input{ID: "1"})
	if err != nil || len(m.Deliveries[0].Records) != 1 || m.Deliveries[0].Records[0].Bare {
		t.Errorf("%v %+v", err, m)
	}
}

func TestReplaceIsExplained(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, strings.Replace(replacing, "WHEN", "true", 1))
	all := p.Explain(mappings.Form(t, p, `{"case":1,"parcels":[]}`), expr.Input{ID: "1"})
	if len(all) != 1 || all[0].Field != "CASE_NO" || all[0].Shown != "C1" || !all[0].Deletes {
		t.Errorf("%+v", all)
	}
}

const precise = `
mapping: precise
version: 1
input: {format: json, unused: allow}
write:
  - as: row
    to: register
    table: T
    rows: unchecked
    fields:
      N: {value: form.n, precision: 6}
      M: {value: form.n, precision: 3, round: down}
      AT: {value: 'form.at | parseDateTime("yyyy-MM-dd''T''HH:mm:ss.SSS", "none")', precision: 0}
      UP: {value: 'form.at | parseDateTime("yyyy-MM-dd''T''HH:mm:ss.SSS", "none")', precision: 1, round: half-up}
      ANY: {value: form.any, precision: database}
`

// What a field says may go goes, and the record says so.
func TestPrecision(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, precise)
	f := mappings.Form(t, p, `{"n":1234567.55,"at":"2026-12-31T23:59:59.678","any":"x"}`)
	var have []string
	for _, e := range p.Explain(f, expr.Input{ID: "1"}) {
		have = append(have, e.Field+" "+e.Shown+": "+e.Note)
	}
	want := "N 1234570: rounded to 6 significant digits\nM 1230000: rounded to 3 significant digits\n" +
		"AT 2026-12-31T23:59:59: cut to 0 decimals of a second\nUP 2026-12-31T23:59:59.7: rounded to 1 decimals of a second\n" +
		"ANY x: left to the database, which may change it"
	if strings.Join(have, "\n") != want {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), want)
	}
	work, _ := p.Work("register")
	sh := work.Writes[0].Shape
	if !sh.Unchecked || len(sh.Loose) != 1 || sh.Loose[0] != 4 {
		t.Errorf("%+v", sh)
	}
	if u := p.Unchecked(); len(u) != 1 || u[0] != "row → register.T" {
		t.Errorf("%v", u)
	}
	f = mappings.Form(t, p, `{"n":1.5,"at":"2026-12-31T23:59:59.000"}`)
	for _, e := range p.Explain(f, expr.Input{ID: "1"}) {
		if e.Note != "" {
			t.Errorf("%s: %s, but nothing was changed", e.Field, e.Note)
		}
	}
}

package mapping_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

var replacing = strings.ReplaceAll(replacements, "MISSING", "delete")

const replacements = `
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
    onMissing: MISSING
    each: parcel in form.parcels
    when: WHEN
    let: {own: 'concat("C", case)'}
    fields: {CASE_NO: own, NUMBER: parcel.number}
  - as: lines
    to: register
    table: LINE
    mode: replace-children
    key: [GROUP]
    onMissing: MISSING
    each: [group in form.groups, line in group.lines]
    fields: {GROUP: group.name, TEXT: line}
`

// doings a form does to a table, as texts: WRITE KEY for a row, WRITE KEY! for rows that go and are not replaced, nothing
// for a form that is parked because it does nothing anywhere.
func doings(t *testing.T, when, missing, form string) string {
	t.Helper()
	p := mappings.Load(t, strings.ReplaceAll(strings.Replace(replacements, "WHEN", when, 1), "MISSING", missing))
	m, err := p.Map(mappings.Form(t, p, form), expr.Input{ID: "1"})
	var none *mapping.Nothing
	if errors.As(err, &none) {
		return "nothing"
	}
	var wrong *mapping.MapError
	if errors.As(err, &wrong) {
		return wrong.Fields[0].Pointer + " " + wrong.Fields[0].Code
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
		if have := doings(t, c[0], "delete", c[1]); have != c[2] {
			t.Errorf("when %s, form %s: %q, want %q", c[0], c[1], have, c[2])
		}
	}
}

// An empty list says that there are no children, and so does null; a list that is missing says nothing, and the mapping says what then.
func TestReplaceByMissing(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"keep", `{"case":1}`, "nothing"},
		{"keep", `{"case":1,"parcels":[]}`, "parcels C1!"},
		{"keep", `{"case":1,"parcels":null}`, "parcels C1!"},
		{"keep", `{"case":1,"parcels":[{"number":2}]}`, "parcels C1"},
		{"keep", `{"case":1,"groups":[{"name":"a","lines":["x"]},{"name":"b","lines":[]},{"name":"c"},{"name":"d","lines":null}]}`, "lines a, lines b!, lines d!"},
		{"error", `{"case":1,"groups":[]}`, "/parcels field.missing"},
		{"error", `{"case":1,"parcels":[]}`, "parcels C1!"}, // without groups there is no key of lines
		{"error", `{"case":1,"parcels":null,"groups":[{"name":"a","lines":[]},{"name":"b"}]}`, "/groups/1/lines field.missing"},
		{"error", `{"case":1,"parcels":[],"groups":[{"name":"a","lines":[]}]}`, "parcels C1!, lines a!"},
	} {
		if have := doings(t, "true", c[0], c[1]); have != c[2] {
			t.Errorf("onMissing %s, form %s: %q, want %q", c[0], c[1], have, c[2])
		}
	}
}

// check warns where rows go though no form says that there are none, unless no form lacks the list or the mapping says what it means.
func TestMissingListIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		each, more, required string
		told                 int
	}{
		{"i in form.items", "", "", 1},
		{"i in form.items", "onMissing: delete, ", "", 0},
		{"i in form.items", "onMissing: keep, ", "", 0},
		{"i in form.items", "", `,"required":["items"]`, 0},
		{"'i in form.items ?? []'", "", "", 0},
		{"'i in filter(form.items, .k != nil)'", "", "", 0}, // what filter() makes is never missing
		{"[i in form.items, j in i.js]", "", `,"required":["items"]`, 1},
		{"[i in form.items, j in i.js]", "", "", 1},
	} {
		schema := `{"type":"object","properties":{"id":{"type":"string"},"items":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"},"js":{"type":"array","items":{"type":"string"}}}}}}` + c.required + `}`
		src := "mapping: m\nversion: 1\ninput: {format: json, schema: s.json, unused: allow}\nwrite:\n  - {as: w, to: register, table: T, mode: replace-children, key: A, each: " +
			c.each + ", " + c.more + "fields: {A: form.id, B: 'row'}}\n"
		p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(src)}, "s.json": {Data: []byte(schema)}}, "m.yaml", mappings.Catalog{})
		if err != nil {
			t.Errorf("%s: %v", c.each, err)
			continue
		}
		told := 0
		for _, w := range p.Warnings() {
			if w.Code == load.CodeMissingList {
				told++
			}
		}
		if told != c.told {
			t.Errorf("%s %s %s: told %d, want %d: %v", c.each, c.more, c.required, told, c.told, p.Warnings())
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

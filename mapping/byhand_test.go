package mapping_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

// twoLists is the mapping of 25 fields with a second list of children: what the goal of 40 µs and 200 allocations is about.
const twoLists = mappings.Bench + `  - as: vehicles
    to: register
    table: VEHICLE
    each: v in form.vehicles
    fields:
      CASE_NO: application.CASE_NO
      LINE_NO: index + 1
      PLATE: v.plate | upper()
      SINCE: v.since | parseDate("yyyy-MM-dd")
      POWER: {value: v.power, type: "decimal(6,1)"}
`

// allocations that one form may take.
const allocations = 200

// twoListsForm is a plan and a form of it, decoded.
func twoListsForm(tb testing.TB) (*mapping.Plan, mapping.Form) {
	tb.Helper()
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(twoLists)}}, "m.yaml", nil)
	if err != nil {
		tb.Fatal(err)
	}
	vehicle := `{"plate":"b ab 123","since":"2019-05-01","power":77.5}`
	form, err := p.Decode([]byte(strings.Replace(string(benchForm()), `"dependants":`, `"vehicles":[`+vehicle+","+vehicle+`],"dependants":`, 1)), "")
	if err != nil {
		tb.Fatal(err)
	}
	return p, form
}

// TestMapAllocations: 25 fields and two lists of children take few allocations. Counts do not hang on the machine.
func TestMapAllocations(t *testing.T) {
	p, form := twoListsForm(t)
	n := testing.AllocsPerRun(50, func() {
		if m, err := p.Map(form, expr.Input{ID: "1"}); err != nil || len(m.Deliveries[0].Records) != 6 {
			t.Fatal(err)
		}
	})
	if n > allocations {
		t.Errorf("%v allocations, and %d are the limit", n, allocations)
	}
}

// BenchmarkMapTwoLists maps that form, and in the same run what somebody writes by hand for it; x-by-hand is how many times as long the
// mapping takes.
func BenchmarkMapTwoLists(b *testing.B) {
	p, form := twoListsForm(b)
	b.ReportAllocs()
	var mapped, byHand time.Duration
	for b.Loop() {
		start := time.Now()
		if m, err := p.Map(form, expr.Input{ID: "1"}); err != nil || len(m.Deliveries[0].Records) != 6 {
			b.Fatal(err)
		}
		middle := time.Now()
		if rows, err := mapByHand(form); err != nil || len(rows) != 6 {
			b.Fatal(err)
		}
		mapped, byHand = mapped+middle.Sub(start), byHand+time.Since(middle)
	}
	b.ReportMetric(float64(mapped.Nanoseconds())/float64(b.N), "map-ns/op")
	b.ReportMetric(float64(mapped)/float64(byHand), "x-by-hand")
}

// row is what a hand-written program gives its database.
type row struct {
	table  string
	values []any
}

// mapByHand writes the same rows from the same tree, with the checks that the mapping makes: dates, lengths and digits.
func mapByHand(form any) (rows []row, err error) {
	f := form.(map[string]any)
	text := func(in map[string]any, key string) string { s, _ := in[key].(string); return s }
	sub := func(key string) map[string]any { m, _ := f[key].(map[string]any); return m }
	day := func(in map[string]any, key string) time.Time {
		t, bad := time.Parse("2006-01-02", text(in, key))
		if bad != nil {
			err = bad
		}
		return t
	}
	meta, owner, site := sub("meta"), sub("applicant"), sub("site")
	address, _ := owner["address"].(map[string]any)
	notes := text(f, "notes")
	if len([]rune(notes)) > 2000 {
		return nil, errTooLong
	}
	rows = append(rows, row{"APPLICATION", []any{text(meta, "reference"), text(meta, "sent"), strings.ToUpper(text(f, "kind")),
		strings.ToUpper(strings.TrimSpace(text(owner, "familyName"))), strings.TrimSpace(text(owner, "givenName")), day(owner, "birthDate"), strings.ToLower(text(owner, "email")),
		text(owner, "phone"), text(address, "street"), text(address, "house"), text(address, "postcode"), text(address, "town"), text(address, "country"),
		text(site, "street"), text(site, "town"), site["area"], f["fee"], f["rooms"], f["floors"], f["heating"], f["roof"], f["garage"], f["cellar"], text(sub("bank"), "iban"), notes}})
	list, _ := f["dependants"].([]any)
	for i, item := range list {
		d, _ := item.(map[string]any)
		rows = append(rows, row{"DEPENDANT", []any{nil, i + 1, strings.TrimSpace(text(d, "name")), day(d, "birthDate"), text(d, "relation"), d["income"]}})
	}
	list, _ = f["vehicles"].([]any)
	for i, item := range list {
		v, _ := item.(map[string]any)
		rows = append(rows, row{"VEHICLE", []any{nil, i + 1, strings.ToUpper(text(v, "plate")), day(v, "since"), v["power"]}})
	}
	return rows, err
}

var errTooLong = &connectors.Error{Class: connectors.ItemError, Code: "field.too-long"}

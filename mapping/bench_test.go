package mapping_test

import (
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/test/mappings"
)

func benchForm() []byte {
	dep := `{"name":"Liv Fjelde","birthDate":"2009-11-30","relation":"child","income":12.50}`
	return []byte(`{"meta":{"reference":"BP-2026-000017","sent":"2026-03-29T12:05:00Z"},"kind":"new","fee":250.00,"rooms":7,"floors":2,
"heating":"heat pump","roof":"tiles","garage":true,"cellar":false,"notes":"` + strings.Repeat("Some words about the house. ", 40) + `",
"applicant":{"familyName":" Fjelde","givenName":"Inga","birthDate":"1951-07-04","email":"inga@example.org","phone":"0361 123456",
"address":{"street":"Hauptweg","house":"12a","postcode":"99084","town":"Erfurt","country":"DE"}},
"site":{"street":"Am Anger","town":"Erfurt","area":731.5},"bank":{"iban":"DE02120300000000202051"},
"dependants":[` + dep + "," + dep + "," + dep + `]}`)
}

func benchPlan(tb testing.TB) *mapping.Plan {
	p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(mappings.Bench)}}, "m.yaml", nil)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func BenchmarkMap(b *testing.B) {
	p := benchPlan(b)
	form, err := p.Decode(benchForm(), "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m, err := p.Map(form, expr.Input{ID: "1"})
		if err != nil || len(m.Deliveries[0].Records) != 4 {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	p, raw := benchPlan(b), benchForm()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Decode(raw, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		benchPlan(b)
	}
}

// BenchmarkValidate is the building permit's JSON Schema over its typical form.
func BenchmarkValidate(b *testing.B) {
	p, err := load.Mapping(os.DirFS("../configs/building-permit/mappings"), "building-permit.yaml", nil)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := os.ReadFile("../configs/building-permit/mappings/samples/typical.json")
	if err != nil {
		b.Fatal(err)
	}
	form, err := p.Decode(raw, "")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if bad := p.Validate(form); bad != nil {
			b.Fatal(bad)
		}
	}
}

// TestMapConcurrently is for the race detector: one plan, many goroutines.
func TestMapConcurrently(t *testing.T) {
	t.Parallel()
	p, raw := benchPlan(t), benchForm()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				form, err := p.Decode(raw, "")
				if err != nil {
					t.Error(err)
					return
				}
				if m, err := p.Map(form, expr.Input{}); err != nil || len(m.Deliveries[0].Records) != 4 {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

package load_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load"
)

const numbersMapping = `mapping: m
version: 1
input: {format: json, reference: form.ref}
sequences: {%s}
write:
  - {as: w, to: register, table: T, fields: {A: form.ref, N: '%s'}}
`

func loadNumbers(sequences, field string) (*mapping.Plan, error) {
	text := strings.Replace(strings.Replace(numbersMapping, "%s", sequences, 1), "%s", field, 1)
	return load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
}

func TestSequences(t *testing.T) {
	t.Parallel()
	p, err := loadNumbers("case: {first: 7}, file: {per: year, zone: Asia/Tokyo}", `concat(numbers.case | padLeft(4, "0"), "/", numbers.file)`)
	if err != nil {
		t.Fatal(err)
	}
	form, err := p.Decode([]byte(`{"ref":"1"}`), "application/json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		numbers map[string]int64
		want    string
	}{{nil, "0007/1"}, {map[string]int64{"case": 12, "file": 99}, "0012/99"}} {
		mapped, err := p.Map(form, expr.Input{ID: "x", Numbers: c.numbers})
		if err != nil || mapped.Deliveries[0].Records[0].Values[1].Str != c.want {
			t.Errorf("%v: %+v, %v", c.numbers, mapped, err)
		}
	}
	received := time.Date(2026, 12, 31, 15, 0, 0, 0, time.UTC) // midnight in Tokyo
	for i, want := range []string{"case", "file/2027"} {
		name, begins := p.Sequences()[i].Series(received)
		if name != want || i == 0 != begins.IsZero() || i == 1 && !begins.Equal(received) {
			t.Errorf("%s %s", name, begins)
		}
	}
}

func TestWrongSequences(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"case: {first: -1}", "numbers.case", "m.yaml:4:27: a sequence begins with 1 or a higher number [mapping.value]"},
		{"case: {per: month}", "numbers.case", `m.yaml:4:25: "month" is not one of year [mapping.value]`},
		{"case: {per: year, zone: Moon}", "numbers.case", `m.yaml:4:37: time zone "Moon" is not known; use a name such as Europe/Berlin [mapping.value]`},
		{"case: {zone: Europe/Berlin}", "numbers.case", "a sequence without per: year does not depend on a time zone [mapping.value]"},
		{"in: {}", "form.x", "a name is made of letters, digits and _, and is no word of the language [mapping.value]"},
		{"case: {}", "numbers.cases", `numbers has no "cases" [mapping.unknown-name]`},
		{"", "numbers.case", `mapping.unknown-name`},
	} {
		if _, err := loadNumbers(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s, %s: %v", c[0], c[1], err)
		}
	}
	text := strings.NewReplacer("reference: form.ref", "reference: numbers.case", "%s", "case: {}", "'%s'", "form.x").Replace(numbersMapping)
	if _, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil); err == nil || !strings.Contains(err.Error(), "the reference is told before there is a submission") {
		t.Errorf("as the reference: %v", err)
	}
}

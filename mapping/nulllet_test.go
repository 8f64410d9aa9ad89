package mapping_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/load"
)

// TestReturnedNullByLet: a null that a target returned is not written without a word, also where it comes by a let and was asked about elsewhere;
// what the let itself says of a null holds wherever it is used.
func TestReturnedNullByLet(t *testing.T) {
	t.Parallel()
	for lets, parks := range map[string]bool{
		"let: {no: 'a.no'}, fields: {c: 'no ?? 0', d: no}":     true,
		"let: {no: 'a.no ?? 0'}, fields: {c: no, d: no}":       false,
		"let: {no: 'a.no'}, fields: {c: 'no ?? 0', d: form.n}": false,
		"fields: {c: a.no, d: form.n}":                         true,
	} {
		text := "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nlayouts: {l: {format: csv, fields: [{name: c}, {name: d}]}}\nwrite:\n" +
			"  - {as: a, to: db, table: A, fields: {n: form.n}, returning: [no]}\n  - {as: l, to: drop, layout: l, " + lets + "}\n"
		p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
		if err != nil {
			t.Fatal(lets, err)
		}
		form, err := p.Decode([]byte(`{"n":1}`), "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Map(form, mapping.Input{Returned: map[string]connectors.Value{"a.no": {Kind: connectors.Null}}})
		var fault *mapping.Fault
		if errors.As(err, &fault) != parks || !parks && err != nil {
			t.Errorf("%s: %v", lets, err)
		}
	}
}

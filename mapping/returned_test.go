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

// A value that no write of this form returns, or that came back as null, is a fault of the mapping at once: nobody waits for it.
// check tells it before.
func TestReturnedNever(t *testing.T) {
	t.Parallel()
	const head = "mapping: m\nversion: 1\ninput: {format: json, unused: allow}\nlayouts: {l: {format: csv, fields: [{name: c}]}}\nwrite:\n" +
		"  - {as: a, to: db, table: A, fields: {n: form.n}, returning: [no]"
	for _, c := range []struct{ when, then, field, warns, fault string }{
		{", when: form.n > 5}\n", "", "a.no", "write l takes a value of write a; a form for which this is not true is parked", "what drop gets needs a.no, and write a makes no record for this form [mapping.reference]"},
		{", when: form.n > 5}\n", ", when: form.n > 5", "a.no", "", ""},
		{", when: form.n > 5}\n", "", "'form.n > 5 ? a.no : 0'", "", ""},
		{"}\n", "", "a.no", "", ""},
	} {
		text := head + c.when + "  - {as: b, to: db, table: B, fields: {n: form.n}}\n  - {as: l, to: drop, layout: l, fields: {c: " + c.field + "}" + c.then + "}\n"
		p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		if w := mappings.Doubts(p).Format(); !strings.Contains(w, c.warns) || c.warns == "" && w != "" {
			t.Errorf("%s: warnings %q", text, w)
		}
		form, _ := p.Decode([]byte(`{"n":1}`), "")
		_, err = p.Map(form, mapping.Input{})
		var fault *mapping.Fault
		if errors.As(err, &fault); c.fault == "" && err != nil || c.fault != "" && (fault == nil || fault.Error() != c.fault) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for field, parks := range map[string]bool{"a.no": true, "{value: a.no, onNull: empty}": false, "a.no ?? 0": false, `'concat("C", a.no)'`: true, "{value: a.no, default: '7'}": false} {
		text := head + "}\n  - {as: l, to: drop, layout: l, fields: {c: " + field + "}}\n"
		p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		form, _ := p.Decode([]byte(`{"n":1}`), "")
		_, err = p.Map(form, mapping.Input{Returned: map[string]connectors.Value{"a.no": {Kind: connectors.Null}}})
		var fault *mapping.Fault
		if errors.As(err, &fault); parks != (fault != nil && fault.Cause.Code == expr.CodeReference) || !parks && err != nil {
			t.Errorf("%s: %v", field, err)
		}
	}
}

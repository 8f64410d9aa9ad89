package mapping_test

import (
	"strings"
	"testing"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestSameDigest: forms are the same by what input.same names and by their reference, exactly, whatever the order of names.
func TestSameDigest(t *testing.T) {
	t.Parallel()
	p := mappings.Load(t, `
mapping: m
version: 1
input: {format: json, unused: allow, reference: form.meta.ref, same: [form.values, form.kind]}
write: [{as: w, to: t, table: T, fields: {A: form.values.a}}]
`)
	first := `{"values":{"a":"x","b":[1,{"c":null}]},"kind":"k","meta":{"ref":"R","at":1}}`
	for form, same := range map[string]bool{
		`{"meta":{"at":2,"ref":"R"},"kind":"k","values":{"b":[1,{"c":null}],"a":"x"}}`: true,
		`{"values":{"a":"x","b":[1,{"c":null}]},"kind":"k","meta":{"ref":"S","at":1}}`: false,
		`{"values":{"a":"x","b":[1,{"c":""}]},"kind":"k","meta":{"ref":"R","at":1}}`:   false,
		`{"values":{"a":"x","b":[1,{}]},"kind":"k","meta":{"ref":"R","at":1}}`:         false,
		`{"values":{"a":"x","b":["1",{"c":null}]},"kind":"k","meta":{"ref":"R"}}`:      false,
		`{"values":{"a":"x","b":[1.0,{"c":null}]},"kind":"k","meta":{"ref":"R"}}`:      false,
		`{"values":{"a":"x","b":[{"c":null},1]},"kind":"k","meta":{"ref":"R"}}`:        false,
		`{"values":{"a":"x","b":[1,{"c":null}],"d":0},"kind":"k","meta":{"ref":"R"}}`:  false,
		`{"values":{"a":"x","b":[1,{"c":null}]},"kind":null,"meta":{"ref":"R"}}`:       false,
	} {
		a, ok := p.SameDigest(mappings.Form(t, p, first))
		b, ok2 := p.SameDigest(mappings.Form(t, p, form))
		if !ok || !ok2 || (a == b) != same {
			t.Errorf("%s: same %v, want %v", form, a == b, same)
		}
	}
	for _, form := range []string{`{"values":{"a":1}}`, `{"values":null,"kind":null}`, `{"values":"","kind":[]}`, `{"values":{"a":"","b":[null,{}]},"kind":{}}`} {
		if _, ok := p.SameDigest(mappings.Form(t, p, form)); ok {
			t.Errorf("%s: a form without a part of same, or with nothing in any, is not compared whole", form)
		}
	}
	for _, form := range []string{`{"values":{},"kind":0}`, `{"values":null,"kind":false}`, `{"values":{"a":"","b":[null,1]},"kind":null}`} {
		if _, ok := p.SameDigest(mappings.Form(t, p, form)); !ok {
			t.Errorf("%s: there is something in it", form)
		}
	}
	if d := mapping.Differences(mappings.Form(t, p, first), mappings.Form(t, p, `{"values":{"a":"x","My Name":1,"b":[]},"kind":"k","meta":{"ref":"R","at":2}}`)); strings.Join(d, " ") != "/meta/at /values/… /values/b" {
		t.Error(d)
	}
}

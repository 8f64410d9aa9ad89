package mapping_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/load"
)

// TestXMLTextForObject: an XML element with a text, also beside attributes or other elements, is not an object that lacks what is looked for; the form
// parks, unless the mapping takes the text where the member is not there.
func TestXMLTextForObject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, owner string
		parks        bool
	}{
		{`form.owner.name`, `<owner>Ada</owner>`, true},
		{`form.owner.name`, `<owner lang="de">Ada</owner>`, true},
		{`form.owner.name`, `<owner>Ada<phone>1</phone></owner>`, true},
		{`form.owner.name`, `<owner lang="de"><name>Ada</name></owner>`, false},
		{`form.owner.name`, `<owner lang="de"/>`, false},
		{`form.owner.name`, ``, false},
		{`form.owner["@lang"]`, `<owner>Ada<phone>1</phone></owner>`, false},
		{`form.owner.name ?? form.owner["#text"]`, `<owner lang="de">Ada</owner>`, false},
		{`form.owner.name ?? form.other.x ?? form.owner`, `<owner>Ada</owner>`, false},
		{`form.owner.name ?? form.other.x ?? form.owner`, `<owner>Ada</owner><other>y</other>`, true},
	} {
		text := "mapping: m\nversion: 1\ninput: {format: xml, unused: allow}\nwrite: [{as: w, to: t, table: T, fields: {A: '" + c.value + "', B: form.ref}}]\n"
		p, err := load.Mapping(fstest.MapFS{"m.yaml": {Data: []byte(text)}}, "m.yaml", nil)
		if err != nil {
			t.Fatal(c.value, err)
		}
		form, err := p.Decode([]byte("<f><ref>1</ref>"+c.owner+"</f>"), "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Map(form, mapping.Input{})
		var fault *mapping.Fault
		if parks := errors.As(err, &fault) && fault.Cause.Code == value.CodeShape; parks != c.parks || !parks && err != nil {
			t.Errorf("%s of %s: %v", c.value, c.owner, err)
		}
	}
}

package schema

import (
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/decode"
)

// TestSchemaErrors is the table of what a sender is told of rules that are not about one field alone: each with a pointer
// or the name of what is missing.
func TestSchemaErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, form, want string }{
		{`{"dependentRequired":{"card":["number","holder"]}}`, `{"card":true,"holder":"A"}`, `/number schema.dependent-required: the field must be there where "card" is`},
		{`{"dependentRequired":{"card":["a/b","holder"]}}`, `{"card":true}`, `/a~1b schema.dependent-required: the field must be there where "card" is; /holder schema.dependent-required: the field must be there where "card" is`},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","dependencies":{"card":["number"]}}`, `{"card":true}`, `/number schema.dependency: the field must be there where "card" is`},
		{`{"properties":{"o":{"minProperties":2,"properties":{"mail":{},"phone":{},"fax":{}}}}}`, `{"o":{"phone":"1"}}`, `/o schema.min-properties: the object must have at least 2 fields; it has none of fax, mail`},
		{`{"minProperties":1,"allOf":[{"properties":{"mail":{}}}]}`, `{}`, ` schema.min-properties: the object must have at least 1 fields; it has none of mail`},
		{`{"minProperties":1}`, `{}`, ` schema.min-properties: the object must have at least 1 fields`},
		{`{"maxProperties":1}`, `{"a":1,"b":2}`, ` schema.max-properties: the object must have at most 1 fields`},
		{`{"propertyNames":{"pattern":"^[a-z]+$"}}`, `{"A1":1}`, `/A1 schema.property-names: a field may not have this name`},
		{`{"propertyNames":{"pattern":"^[a-z]+$"}}`, `{"` + "<script>" + `":1}`, ` schema.property-names: a field has a name that is not allowed`},
		{`{"properties":{"a":false}}`, `{"a":1}`, `/a schema.false-schema: the field may not be there`},
		{`{"properties":{"a":{}},"unevaluatedProperties":false}`, `{"<b>":1}`, ` schema.false-schema: the object has a field that is not known`},
		{`{"properties":{"l":{"uniqueItems":true}}}`, `{"l":[1,2,1]}`, `/l/2 schema.unique-items: the item is there twice`},
		{`{"properties":{"l":{"contains":{"const":1},"minContains":2}}}`, `{"l":[1,2]}`, `/l schema.min-contains: the list must have at least 2 items of a kind that the form's schema describes`},
		{`{"properties":{"l":{"contains":{"const":1}}}}`, `{"l":[2]}`, `/l schema.contains: the list must have an item of a kind that the form's schema describes`},
		{`{"properties":{"l":{"contains":{"const":1},"maxContains":1}}}`, `{"l":[1,1]}`, `/l schema.max-contains: the list must have at most 1 items of a kind that the form's schema describes`},
		{`{"properties":{"x":{"not":{"const":1}}}}`, `{"x":1}`, `/x schema.not: the value is one that the form's schema excludes`},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"l":{"items":[{}],"additionalItems":false}}}`, `{"l":[1,2,3]}`, `/l schema.additional-items: the list has 2 items too many`},
	} {
		files := fstest.MapFS{"s.json": {Data: []byte(c.schema)}}
		check, err := New("s.json", files.ReadFile, nil)
		if err != nil {
			t.Fatal(c.schema, err)
		}
		form, err := decode.JSON([]byte(c.form), decode.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		wrong, _ := check.Validate(form)
		have := ""
		for i, f := range wrong {
			if i > 0 {
				have += "; "
			}
			have += f.Pointer + " " + f.Code + ": " + f.Message
		}
		if have != c.want {
			t.Errorf("%s, %s\n  have %s\n  want %s", c.schema, c.form, have, c.want)
		}
	}
}

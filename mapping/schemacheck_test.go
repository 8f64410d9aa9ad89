package mapping

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping/diag"
)

// TestSchemaProblems is the table of schemas that no form could keep or that cannot be honoured, each with its place.
func TestSchemaProblems(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{`{"properties":{"x":{"type":"string","pattern":"^[A-Z]{2}\\d+$"},"n":{"properties":{"n":{"$ref":"#/properties/n"}}}}}`, ""},
		{`{"type":"object","required":["t"],"properties":{"t":{"$ref":"#/$defs/tree"}},"$defs":{"tree":{"type":"object","properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/tree"}}}}}}`, ""},
		{`{"type":"object","properties":{"x":false,"y":{"enum":["a"],"type":"string"}}}`, ""},
		{`{"oneOf":[{"type":"object","required":["a"]},{"type":"object","required":["b"]}]}`, ""},
		{`{"type":"object","required":["x"],"additionalProperties":false,"properties":{"x":{"type":["integer","null"],"minimum":1,"maximum":1}}}`, ""},

		{"{\"properties\":{\n\"x\":{\"anyOf\":[{\"type\":\"integer\"},{\"$ref\":\"#/$defs/a\"}]}},\n\"$defs\":{\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/b\"}]},\n\"b\":{\"allOf\":[{\"$ref\":\"#/$defs/a\"}]}}}", "leads back to itself"},
		{`{"$ref":"#"}`, "leads back to itself"}, {`{"properties":{"x":{"not":{"$ref":"#/properties/x"}}}}`, "leads back to itself"},
		{`{"properties":{"x":{"if":{"type":"string"},"then":{"$ref":"#/properties/x"}}}}`, "leads back to itself"},
		{`{"$dynamicAnchor":"n","anyOf":[{"$dynamicRef":"#n"}]}`, "leads back to itself"},
		{`{"properties":{"x":{"dependentSchemas":{"a":{"$ref":"#/properties/x"}}}}}`, "leads back to itself"},
		{"{\"properties\":{\n  \"pw\":{\"pattern\":\"^(?=.*\\\\d).+$\"}}}", `s.json:2:19: the pattern "^(?=.*\\d).+$" cannot be honoured: looking ahead`},
		{`{"patternProperties":{"(a)\\1":{"type":"string"}}}`, "a reference back to a group"},
		{`{"properties":{"l":{"items":{"pattern":"[a"}}}}`, "cannot be honoured"},
		{`false`, "no form can keep this schema: it is false"}, {`{"not":{}}`, "it excludes every value"}, {`{"not":true}`, "it excludes every value"},
		{`{"type":"object","required":["x"],"properties":{"x":{"type":"string","minLength":5,"maxLength":4}}}`, "minLength is more than maxLength"},
		{`{"type":"object","required":["x"],"properties":{"x":{"type":"integer","minimum":5,"exclusiveMaximum":5}}}`, "smallest number is larger"},
		{`{"type":"object","required":["x"],"properties":{"x":{"type":"integer","enum":["a"]}}}`, "none of the values"},
		{`{"type":"object","required":["x"],"properties":{"x":{"allOf":[{"type":"string"},{"type":"integer"}]}}}`, "types exclude each other"},
		{`{"type":"object","required":["x"],"properties":{"x":{"anyOf":[false,{"type":"string","minLength":2,"maxLength":1}]}}}`, "every alternative"},
		{`{"type":"object","required":["y"],"additionalProperties":false,"properties":{"x":{}}}`, "must be there and may not be there"},
		{`{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/n"}}}}}`, "without end"},
	} {
		files := fstest.MapFS{"s.json": {Data: []byte(c.schema)}, "m.yaml": {Data: []byte(`mapping: m
version: 1
input: {format: json, unused: allow, schema: s.json}
write: [{as: w, to: t, table: T, fields: {A: '"a"'}}]
`)}}
		_, err := Load(files, "m.yaml", nil)
		var problems diag.Problems
		have := ""
		if errors.As(err, &problems) {
			have = fmt.Sprint(problems[0])
		} else if err != nil {
			have = err.Error()
		}
		if c.want == "" && have != "" || !strings.Contains(have, c.want) || c.want != "" && !strings.Contains(have, "s.json:") {
			t.Errorf("%s\n  have %s\n  want %s", c.schema, have, c.want)
		}
	}
}

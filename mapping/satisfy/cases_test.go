package satisfy

import (
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compile(text string) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("mem:///s.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("mem:///s.json")
}

func compiled(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	s, err := compile(text)
	if err != nil {
		t.Fatal(text, err)
	}
	return s
}

// TestNever: no object keeps these schemas, and that is proven, with a place.
func TestNever(t *testing.T) {
	t.Parallel()
	for _, text := range never {
		if a := Value(compiled(t, text), objects); !a.Never || a.At.Location == "" || a.Why == "" {
			t.Errorf("found %v %v, %s: %s", a.Found, a.Value, a.Why, text)
		}
	}
}

var never = []string{
	`{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"required":["b"],"properties":{"b":{}}}]}`,
	`{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}},"additionalProperties":false}],"required":["a"]}`,
	`{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}},"additionalProperties":false}],"minProperties":1}`,
	`{"unevaluatedProperties":false,"required":["a"]}`,
	`{"unevaluatedProperties":false,"properties":{"b":{}},"allOf":[{"properties":{"c":{}}}],"required":["a"]}`,
	`{"unevaluatedProperties":false,"anyOf":[{"properties":{"c":{}}},{"properties":{"d":{}}}],"required":["a"]}`,
	`{"unevaluatedProperties":{"type":"string"},"properties":{"a":{}},"required":["b"],"allOf":[{"not":{"properties":{"b":{"type":"string"}}}},{"not":{"required":["b"]}}]}`,
	`{"maxProperties":1,"required":["a","b"]}`,
	`{"maxProperties":2,"required":["a","b"],"dependentRequired":{"a":["c"]}}`,
	`{"minProperties":3,"properties":{"a":{},"b":{}},"additionalProperties":false}`,
	`{"minProperties":2,"properties":{"a":{},"b":false},"additionalProperties":false}`,
	`{"minProperties":3,"propertyNames":{"enum":["a","b"]}}`,
	`{"required":["abc"],"propertyNames":{"maxLength":2}}`,
	`{"required":["a"],"propertyNames":false}`,
	`{"properties":{"b":false},"required":["a"],"dependentRequired":{"a":["b"]}}`,
	`{"properties":{"a":{}},"additionalProperties":false,"required":["a"],"dependentRequired":{"a":["b"]}}`,
	`{"required":["a"],"dependentSchemas":{"a":{"required":["b"],"properties":{"b":false}}}}`,
	`{"required":["a"],"dependentSchemas":{"a":false}}`,
	`{"required":["a"],"dependentSchemas":{"a":{"properties":{"a":{"type":"string"}}}},"properties":{"a":{"type":"integer"}}}`,
	`{"if":{"required":["a"]},"then":false,"required":["a"]}`,
	`{"if":{},"then":false}`,
	`{"if":true,"then":{"required":["x"],"properties":{"x":false}}}`,
	`{"if":{"properties":{"k":{"const":"a"}}},"then":{"required":["x"]},"else":{"required":["x"]},"properties":{"x":false}}`,
	`{"if":{"properties":{"k":{"const":"a"}}},"then":false,"properties":{"k":{"const":"a"}}}`,
	`{"if":{"properties":{"k":{"const":"a"}},"required":["k"]},"then":false,"else":{"required":["k"],"properties":{"k":{"enum":["a"]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","minLength":3,"pattern":"^.{1,2}$"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","maxLength":4,"pattern":"^[0-9]{5}$"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","pattern":"^a","allOf":[{"pattern":"^b"}]}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","pattern":"^[0-9]+$","allOf":[{"pattern":"[a-z]"}]}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","pattern":"^[0-9]+$","not":{"pattern":"^[0-9]*$"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","pattern":"a^"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","pattern":"\\ba\\B$"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","format":"date","maxLength":9}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","format":"date","pattern":"^\\d\\d\\.\\d\\d\\.\\d{4}$"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","format":"uuid","maxLength":32}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","format":"email","pattern":"^[a-z]+$"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","format":"date-time","maxLength":10}}}`,
	`{"oneOf":[{"required":["a"]},{"required":["a"]}]}`,
	`{"oneOf":[{},{}]}`, `{"oneOf":[{"type":"object"},{"minProperties":0}]}`,
	`{"required":["x"],"properties":{"x":{"oneOf":[{"type":"string"},{"type":"string"}]}}}`,
	`{"required":["x"],"properties":{"x":{"oneOf":[{"type":"string","pattern":"^a$"},{"type":"string","pattern":"^a$"}]}}}`,
	`{"required":["x"],"properties":{"x":{"oneOf":[{"type":"string","format":"date"},{"type":"string","format":"date"}]}}}`,
	`{"required":["x"],"properties":{"x":{"oneOf":[{"$ref":"#/$defs/d"},{"$ref":"#/$defs/d"}]}},"$defs":{"d":{"type":"array","uniqueItems":true,"items":{"type":"string"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"integer","oneOf":[{"type":"integer"},{"type":"number"}]}}}`,
	`{"required":["x"],"properties":{"x":{"oneOf":[{"type":"integer","minimum":1},{"type":"integer","minimum":1}]}}}`,
	`{"required":["x"],"properties":{"x":{"oneOf":[{"enum":["a","b"]},{"enum":["b","a"]}]}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","enum":[1,2]}}}`,
	`{"required":["x"],"properties":{"x":{"type":"integer","const":"1"}}}`, `{"required":["x"],"properties":{"x":{"type":"integer","const":1.5}}}`,
	`{"required":["x"],"properties":{"x":{"enum":["a","b"],"allOf":[{"enum":["c"]}]}}}`,
	`{"required":["x"],"properties":{"x":{"enum":["a","b"],"maxLength":0}}}`,
	`{"required":["x"],"properties":{"x":{"enum":["a","b"],"not":{"enum":["a","b","c"]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"integer","minimum":5,"maximum":4}}}`,
	`{"required":["x"],"properties":{"x":{"type":"integer","exclusiveMinimum":5,"exclusiveMaximum":6}}}`,
	`{"required":["x"],"properties":{"x":{"type":"number","multipleOf":7,"minimum":1,"maximum":6}}}`,
	`{"required":["x"],"properties":{"x":{"type":"number","multipleOf":0.5,"minimum":0.1,"maximum":0.4}}}`,
	`{"required":["x"],"properties":{"x":{"type":"number","multipleOf":4,"minimum":1,"maximum":11,"allOf":[{"multipleOf":6}]}}}`,
	`{"required":["x"],"properties":{"x":{"type":"integer","minimum":1,"maximum":3,"not":{"enum":[1,2,3]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"integer","minimum":1,"maximum":3,"not":{"minimum":1}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"boolean","not":{"enum":[true,false]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"null","not":{"const":null}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","not":{"type":"string"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","not":{"type":["string","null"]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","anyOf":[{"type":"integer"},{"minLength":3,"maxLength":2}]}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","minItems":3,"maxItems":2}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","minItems":1,"items":false}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","minItems":3,"prefixItems":[{},{}],"items":false}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","minItems":2,"prefixItems":[{},false]}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","contains":{"type":"integer"},"items":{"type":"string"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","contains":{},"maxItems":0}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","contains":{"const":1},"minContains":2,"maxContains":1}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","contains":{"const":1},"minContains":3,"maxItems":2}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","uniqueItems":true,"minItems":3,"items":{"type":"boolean"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","uniqueItems":true,"minItems":3,"items":{"enum":["a","b"]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","uniqueItems":true,"minItems":5,"items":{"type":"integer","minimum":1,"maximum":4}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","uniqueItems":true,"minItems":3,"items":{"type":"string","pattern":"^[ab]$"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","unevaluatedItems":false,"minItems":1}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","unevaluatedItems":false,"prefixItems":[{}],"minItems":2}}}`,
	`{"required":["x1"],"patternProperties":{"^x":{"type":"string"}},"properties":{"x1":{"type":"integer"}}}`,
	`{"required":["x1"],"patternProperties":{"^x":false}}`,
	`{"required":["a"],"properties":{"a":{"type":"object","required":["b"],"properties":{"b":{"type":"object","required":["c"],"additionalProperties":false}}}}}`,
	`{"not":{"type":"object"}}`, `{"not":{"anyOf":[{"required":["a"]},{"not":{"required":["a"]}}]}}`,
	`{"anyOf":[{"not":{"required":["a"]}},{"maxProperties":0}],"required":["a"]}`,
	`{"allOf":[{"oneOf":[{"required":["a"]},{"required":["b"]}]},{"required":["a","b"]}]}`,
	`{"allOf":[{"anyOf":[{"properties":{"k":{"const":1}},"required":["k"]},{"properties":{"k":{"const":2}},"required":["k"]}]},{"properties":{"k":{"const":3}}}]}`,
	`{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/n"}}}}}`,
	`{"$ref":"#/$defs/a","$defs":{"a":{"required":["b"],"properties":{"b":{"$ref":"#/$defs/b"}}},"b":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/a","type":"object"}}}}`,
	`{"dependencies":{"a":["b"],"b":{"required":["c"]}},"$schema":"http://json-schema.org/draft-07/schema#","required":["a"],"properties":{"c":false}}`,
	`{"$schema":"http://json-schema.org/draft-04/schema#","required":["x"],"properties":{"x":{"type":"integer","minimum":5,"maximum":5,"exclusiveMaximum":true}}}`,
	`{"$schema":"http://json-schema.org/draft-07/schema#","required":["x"],"properties":{"x":{"type":"array","items":[{},{}],"additionalItems":false,"minItems":3}}}`,
}

var keeps = []string{
	`{}`, `{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}},"additionalProperties":false}]}`,
	`{"unevaluatedProperties":false,"anyOf":[{"properties":{"a":{"type":"integer"}}},{"properties":{"a":{"type":"string"}},"required":["a"]}],"required":["a"]}`,
	`{"unevaluatedProperties":false,"anyOf":[{"properties":{"c":{}}},{"properties":{"b":{"type":"string"},"d":{}},"required":["d"]}],"required":["b"]}`,
	`{"unevaluatedProperties":false,"if":{"properties":{"k":{"const":"x"}},"required":["k"]},"then":{"properties":{"x":{}},"required":["x"]},"else":{"required":["k"],"properties":{"k":{"enum":["x"]}}}}`,
	`{"maxProperties":2,"required":["a","b"]}`, `{"minProperties":3,"propertyNames":{"pattern":"^[a-c]$"}}`,
	`{"minProperties":3,"patternProperties":{"^x[0-9]$":{"type":"integer"}},"additionalProperties":false}`,
	`{"minProperties":2,"properties":{"a":{},"b":{},"c":{}},"additionalProperties":false,"dependentRequired":{"a":["b","c"]},"maxProperties":2}`,
	`{"required":["x"],"properties":{"x":{"type":"string","minLength":40,"maxLength":40,"pattern":"^[A-Z]{2}\\d+$"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","pattern":"^(?:[A-Z]{2}-)?\\d{3,5}$","minLength":7,"not":{"pattern":"0"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","pattern":"^\\p{L}[\\p{L}' -]*$","minLength":2,"maxLength":60}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","minLength":20000}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","format":"date","pattern":"^20\\d\\d-"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"string","format":"email","maxLength":100,"pattern":"@"}}}`,
	`{"required":["x"],"properties":{"x":{"type":"number","multipleOf":0.01,"exclusiveMinimum":0,"maximum":0.01}}}`,
	`{"required":["x"],"properties":{"x":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1e-9}}}`,
	`{"required":["x"],"properties":{"x":{"type":"number","not":{"multipleOf":0.01}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"number","maximum":-5.5,"not":{"type":"integer"}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"integer","minimum":1,"maximum":40,"not":{"enum":[1,2,3]},"multipleOf":3}}}`,
	`{"required":["x"],"properties":{"x":{"not":{"type":["string","number","boolean","null","array"]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","uniqueItems":true,"minItems":4,"items":{"enum":["a","b",1,null]}}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","contains":{"const":"z"},"minContains":2,"items":{"type":"string"},"minItems":4}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","prefixItems":[{"const":1},{"const":2}],"items":false,"minItems":2}}}`,
	`{"required":["x"],"properties":{"x":{"type":"array","allOf":[{"contains":{"const":1}},{"contains":{"const":2}}],"maxItems":2}}}`,
	`{"required":["t"],"properties":{"t":{"$ref":"#/$defs/tree"}},"$defs":{"tree":{"type":"object","required":["kids"],"properties":{"kids":{"type":"array","items":{"$ref":"#/$defs/tree"}}}}}}`,
	`{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["n"],"properties":{"n":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}}}}}`,
	`{"required":["kind","a"],"properties":{"kind":{"enum":["x","y","z"]}},"allOf":[{"if":{"properties":{"kind":{"const":"x"}}},"then":{"properties":{"a":false}}},{"if":{"properties":{"kind":{"const":"y"}}},"then":{"properties":{"a":{"type":"string"}}}},{"if":{"properties":{"kind":{"const":"z"}}},"then":{"required":["b"]}}]}`,
	`{"oneOf":[{"properties":{"k":{"const":"a"}},"required":["k"]},{"properties":{"k":{"const":"b"}},"required":["k","v"]}],"required":["v"],"properties":{"k":{"enum":["b"]}}}`,
	`{"if":{"required":["a"]},"then":false}`, `{"dependentRequired":{"a":["b"]},"properties":{"b":false}}`,
	`{"not":{"required":["a","b"]},"required":["a"]}`, `{"not":{"properties":{"a":{"type":"string"}}}}`,
	`{"anyOf":[false,{"required":["q"]}]}`, `{"oneOf":[{"required":["a"]},{"required":["a","b"]}]}`,
}

// TestFound: objects keep these schemas, and one is found.
func TestFound(t *testing.T) {
	t.Parallel()
	for _, text := range keeps {
		s := compiled(t, text)
		if a := Value(s, objects); !a.Found || s.Validate(a.Value) != nil {
			t.Errorf("never %v (%s): %s", a.Never, a.Why, text)
		}
	}
}

// objects says that the whole value is one.
var objects = Options{Types: func(depth int) []string {
	if depth == 0 {
		return []string{"object"}
	}
	return nil
}}

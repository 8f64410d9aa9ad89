package load_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/load"
	"github.com/inbasket/inbasket/mapping/source"
	"github.com/inbasket/inbasket/test/mappings"
)

// TestSchemaProblems is the table of schemas that no form could keep or that cannot be honoured, each with its place.
func TestSchemaProblems(t *testing.T) {
	t.Parallel()
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
		{"{\"properties\":{\n\"x\":{\"minLength\":\"3\"}}}", "s.json:2:18: the file is not a valid JSON Schema: at #/properties/x/minLength, the value must be integer"},
		{"{\"properties\":{\n\"x\":{\"type\":\"text\"}}}", "s.json:2:13: the file is not a valid JSON Schema"},
		{"{\"properties\":\n{\"x\" {}}}", "s.json:2:6: the file is not valid JSON"}, {"{\n\"a\":", "s.json:2:5: the file is not valid JSON"},
		{`{"required":["x"],"properties":{"x":{"type":"string","minLength":5,"maxLength":4}}}`, "minLength is more than maxLength"},
		{`{"allOf":[{"required":["y"],"additionalProperties":false}]}`, "must be there and may not be there"},
		{`{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","required":["n"],"properties":{"n":{"$ref":"#/$defs/n"}}}}}`, "without end"},
		{`{"oneOf":[{"required":["a"]},{"required":["a"]}]}`, "s.json:1:1: no form can keep this schema: every alternative of oneOf excludes itself"},
		{`{"type":"string"}`, "a form has object here"}, {`{"type":"array","minItems":1,"items":{"type":"string","pattern":"^a\\d{3}$","maxLength":3}}`, "no text has a length and form"},
		{`{"type":["array","object"],"required":["x"],"properties":{"x":{"minimum":2,"maximum":1,"type":"integer"}}}`, "warning: s.json:1:63: no form that keeps this schema has this field: its smallest number"},

		{"{\"properties\":{\n\"x\":{\"type\":\"string\",\"minLength\":5,\"maxLength\":4}}}", "warning: s.json:2:5: no form that keeps this schema has this field: minLength is more than maxLength"},
		{`{"properties":{"a":{},"b":false},"dependentRequired":{"a":["b"]}}`, `warning: s.json:1:20: no form that keeps this schema has this field: the field "b" must be there and may not be there`},
		{`{"properties":{"x":{"anyOf":[{"type":"string"},{"type":"integer","enum":["a"]}]}}}`, "warning: s.json:1:48: no form keeps this schema by this alternative"},
		{`{"properties":{"l":{"type":"array","maxItems":1,"prefixItems":[{},{"type":"string"}]}}}`, "warning: s.json:1:67: no form keeps this schema by this item"},
		{`{"patternProperties":{"^x":{"type":"string"}},"required":["x1"],"properties":{"x1":{"type":"integer"}}}`, "s.json:1:28: no form can keep"},
		{`{"required":["x"],"properties":{"x":{"oneOf":[{"type":"array","uniqueItems":true},{"type":"array","uniqueItems":true}]}}}`, "warning: s.json:1:1: no form was found"},
		{`{"properties":{"x":{"not":{}},"y":{"properties":{"z":false}}},"if":{"required":["a"]},"then":false}`, ""},
		{"{\"properties\":{\n  \"x\":{\"maxLenght\":4}}}", `s.json:2:20: JSON Schema has not the keyword "maxLenght"`}, {`{"requried":["x"],"properties":{"x":{}}}`, `s.json:1:13: JSON Schema has not the keyword "requried"`},
		{`{"properties":{"x":{"format":"emial"}}}`, `s.json:1:30: JSON Schema has not the format "emial"`}, {`{"properties":{"x":{"format":"iban"}}}`, `warning: s.json:1:30: JSON Schema has not the format "iban"`},
		{`{"title":"t","x-order":1,"example":{},"properties":{"x":{"type":"integer","format":"int32","x-unit":"m","default":1}},"$defs":{"maxLenght":{}}}`, ""},
		{`{"properties":{"maxLenght":{"const":{"requried":1}}},"patternProperties":{"^itms":{}}}`, ""},
		{`{"properties":{"x":{"type":"string","nullable":true}}}`, "warning: s.json:1:48: JSON Schema passes over nullable"},
		{`{"properties":{"x":{"widgetKind":"box"}}}`, `warning: s.json:1:34: JSON Schema has not the keyword "widgetKind"`},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","dependentRequired":{"a":["b"]}}`, "warning: s.json:1:74: dependentRequired belongs to a later version"},
		{`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"x":{"$ref":"#/definitions/t","maxLength":4}},"definitions":{"t":{"type":"string"}}}`, "warning: s.json:1:110: maxLength does nothing beside $ref"},
		{`{"required":["famlyName"],"properties":{"familyName":{}}}`, `warning: s.json:1:14: the field "famlyName" is required and described nowhere`},
		{`{"allOf":[{"required":["b"],"properties":{"a":{}}},{"properties":{"b":{}}}]}`, ""}, {`{"required":["b"]}`, ""},
		{`{"type":"object","allOf":[{"required":["a"],"properties":{"a":{}},"additionalProperties":false},{"required":["b"],"properties":{"b":{}},"additionalProperties":false}]}`, "no form can keep this schema"},
		{`{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}},"additionalProperties":false}]}`, `warning: s.json:1:30: no form that keeps this schema has this field: the field "a" must be there and may not be there`},
		{`{"$defs":{"n":{"properties":{"v":{"type":"string"},"w":{"type":"integer"}}}},"properties":{"a":{"$ref":"#/$defs/n","properties":{"w":{"type":"integer","minimum":3}}},"b":{"$ref":"#/$defs/n","not":{"required":["w"]}}}}`, ""},
	} {
		files := fstest.MapFS{"s.json": {Data: []byte(c.schema)}, "m.yaml": {Data: []byte(`mapping: m
version: 1
input: {format: json, unused: allow, schema: s.json}
write: [{as: w, to: t, table: T, fields: {A: '"a"'}}]
`)}}
		p, err := load.Mapping(files, "m.yaml", nil)
		var problems diag.Problems
		have := ""
		switch {
		case errors.As(err, &problems):
			have = fmt.Sprint(problems[0])
		case err != nil:
			have = err.Error()
		case len(mappings.Doubts(p)) > 0:
			have = fmt.Sprint("warning: ", mappings.Doubts(p)[0])
		}
		if c.want == "" && have != "" || !strings.Contains(have, c.want) || c.want != "" && !strings.Contains(have, "s.json:") {
			t.Errorf("%s\n  have %s\n  want %s", c.schema, have, c.want)
		}
	}
}

// TestSchemaLongerThanField: what the schema asks for at least must fit.
func TestSchemaLongerThanField(t *testing.T) {
	t.Parallel()
	for least, ok := range map[int]bool{5: true, 6: false} {
		files := fstest.MapFS{"s.json": {Data: fmt.Appendf(nil, `{"properties":{"a":{"type":"string","minLength":%d}}}`, least)}, "m.yaml": {Data: []byte(`mapping: m
version: 1
input: {format: json, schema: s.json}
write: [{as: w, to: t, table: T, fields: {A: {value: form.a, type: text(5)}}}]
`)}}
		if _, err := load.Mapping(files, "m.yaml", nil); ok != (err == nil) || err != nil && !strings.Contains(err.Error(), "at least 6") {
			t.Errorf("%d: %v", least, err)
		}
	}
}

// TestSchemaTypes: types that a format cannot make are found by check; a mapping that was pinned before parks the form.
func TestSchemaTypes(t *testing.T) {
	t.Parallel()
	row := `{"type":"array","items":{"type":"object","properties":{"n":{"type":"TYPE"}}}}`
	one := `{"type":"object","properties":{"n":{"type":"TYPE"}}}`
	for _, c := range []struct {
		input, schema, types, form string
		ok                         bool
	}{
		{"format: json", one, "integer", `{"n":1}`, true}, {"format: json", one, "string", `{"n":"1"}`, true},
		{"format: urlencoded", one, "integer", "n=1", false}, {"format: urlencoded", one, "string", "n=1", true},
		{"format: xml", one, "boolean", "<f><n>true</n></f>", false}, {"format: xml", one, "null", "<f/>", true},
		{"format: csv", row, "number", "n\n1\n", false}, {"format: csv", row, "string", "n\n1\n", true}, {"format: csv", one, "string", "n\n1\n", false},
		{"format: csv, csv: {single: true}", one, "integer", "n\n1\n", false}, {"format: csv, csv: {single: true}", one, "string", "n\n1\n", true},
		{"format: fixed, fixed: {fields: [{name: n, width: 1, type: number}]}", row, "integer", "1\n", true},
		{"format: fixed, fixed: {fields: [{name: n, width: 1}]}", row, "boolean", "1\n", false},
	} {
		schema := strings.ReplaceAll(c.schema, "TYPE", c.types)
		text := []byte("mapping: m\nversion: 1\ninput: {unused: allow, schema: s.json, " + c.input + "}\nwrite: [{as: w, to: t, table: T, fields: {A: '\"a\"'}}]\n")
		fsys := fstest.MapFS{"s.json": {Data: []byte(schema)}, "m.yaml": {Data: text}}
		if _, err := load.Mapping(fsys, "m.yaml", nil); c.ok != (err == nil) || err != nil && !strings.Contains(err.Error(), "s.json:1:") {
			t.Errorf("%s, %s: %v", c.input, schema, err)
		}
		bundle := &source.Files{Main: "m.yaml", Got: map[string][]byte{"m.yaml": text, "s.json": []byte(schema)}}
		p, err := load.Bundle(bundle.Bytes(), nil)
		if err != nil {
			t.Fatal(c.input, err)
		}
		err = p.Validate(mappings.Form(t, p, c.form))
		var fault *mapping.Fault
		if c.ok != (err == nil) || err != nil && !errors.As(err, &fault) {
			t.Errorf("pinned %s, %s: %v", c.input, schema, err)
		}
	}
}

// TestSchemaValues: values of enum and const that a format cannot make are found by check, and are no mistake of a form.
func TestSchemaValues(t *testing.T) {
	t.Parallel()
	const number = "format: fixed, fixed: {single: true, fields: [{name: n, width: 1, type: number}]}"
	for _, c := range []struct{ input, rule, required, form, want string }{
		{"format: urlencoded", `"enum":[1,2]`, "", "n=1", "warning"}, {"format: urlencoded", `"enum":[1,2]`, `"n"`, "n=1", "error"}, {"format: urlencoded", `"enum":[1,"1"]`, `"n"`, "n=1", ""},
		{"format: xml", `"const":true`, "", "<f><n>true</n></f>", "warning"}, {"format: xml", `"const":null`, "", "<f/>", ""},
		{"format: csv, csv: {single: true}", `"enum":[1]`, "", "n\n1\n", "warning"}, {"format: json", `"enum":[1]`, `"n"`, `{"n":1}`, ""}, {number, `"enum":[1]`, `"n"`, "1\n", ""},
	} {
		mapping := "mapping: m\nversion: 1\ninput: {unused: allow, schema: s.json, " + c.input + "}\nwrite: [{as: w, to: t, table: T, fields: {A: '\"a\"'}}]\n"
		schema := `{"type":"object","required":[` + c.required + `],"properties":{"n":{` + c.rule + `}}}`
		p, err := load.Mapping(fstest.MapFS{"s.json": {Data: []byte(schema)}, "m.yaml": {Data: []byte(mapping)}}, "m.yaml", nil)
		have := ""
		switch {
		case err != nil && strings.Contains(err.Error(), "of other types"):
			have = "error"
		case len(mappings.Doubts(p)) > 0 && strings.Contains(mappings.Doubts(p)[0].Message, "of other types"):
			have = "warning"
		}
		if have != c.want {
			t.Errorf("%s, %s: %q %v", c.input, schema, have, err)
		}
		p = mappings.Unchecked(t, mapping, "s.json", schema)
		if have := mappings.Blamed(p.Validate(mappings.Form(t, p, c.form))); strings.HasPrefix(have, "form") || (have == "nobody") != (c.want == "") {
			t.Errorf("pinned %s, %s: %s", c.input, schema, have)
		}
	}
}

// TestHopelessSchema: what breaks a rule that no form could keep is no mistake of the form, also where a pinned mapping has it.
func TestHopelessSchema(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, form, want string }{
		{`{"properties":{"x":{"type":"string","minLength":5,"maxLength":4},"y":{"type":"string"}}}`, `{"x":"abc"}`, "mapping input.schema mapping.schema"},
		{`{"properties":{"x":{"$ref":"#/$defs/d"}},"$defs":{"d":{"type":"string","allOf":[{"enum":["a"]},{"enum":["b"]}]}}}`, `{"x":"a"}`, "mapping input.schema mapping.schema"},
		{`{"properties":{"x":{"type":"array","items":{"type":"integer","minimum":2,"maximum":1}}}}`, `{"x":[2]}`, "mapping input.schema mapping.schema"},
		{`{"required":["x"],"properties":{"x":{"oneOf":[{"type":"string"},{"type":"string"}]}}}`, `{}`, "mapping input.schema mapping.schema"},
		{`{"properties":{"x":{"type":"string","minLength":5,"maxLength":4},"y":{"type":"string"}}}`, `{"y":1}`, "form /y schema.type"},
		{`{"properties":{"x":false}}`, `{"x":1}`, "form /x schema.false-schema"},
		{`{"properties":{"x":{"anyOf":[{"type":"integer","minimum":2,"maximum":1},{"type":"string"}]}}}`, `{"x":true}`, "form /x schema.alternatives"},
		{`{"$dynamicAnchor":"n","properties":{"x":{"$dynamicRef":"#n","type":"object","minProperties":2,"maxProperties":1}}}`, `{"x":{}}`, "form /x schema.min-properties"},
	} {
		p := mappings.Unchecked(t, `
mapping: m
version: 1
input: {format: json, unused: allow, schema: s.json}
write: [{as: w, to: t, table: T, fields: {A: '"a"'}}]
`, "s.json", c.schema)
		if have := mappings.Blamed(p.Validate(mappings.Form(t, p, c.form))); !strings.HasPrefix(have, c.want) {
			t.Errorf("%s over %s: %s, want %s", c.schema, c.form, have, c.want)
		}
	}
}

// TestIdleBounds: bounds of numbers do nothing where a format makes texts.
func TestIdleBounds(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]int{"xml": 1, "json": 0} {
		files := fstest.MapFS{"s.json": {Data: []byte(`{"properties":{"n":{"minimum":1}}}`)}, "m.yaml": {Data: []byte(`mapping: m
version: 1
input: {format: ` + format + `, schema: s.json}
write: [{as: w, to: t, table: T, fields: {A: form.n}}]
`)}}
		p, err := load.Mapping(files, "m.yaml", nil)
		if err != nil || len(mappings.Doubts(p)) != want {
			t.Errorf("%s: %v %v", format, err, mappings.Doubts(p))
		}
	}
}

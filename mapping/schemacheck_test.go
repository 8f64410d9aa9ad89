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
		{"{\"properties\":{\n\"x\":{\"minLength\":\"3\"}}}", "s.json:2:18: the file is not a valid JSON Schema: at #/properties/x/minLength, the value must be integer"},
		{"{\"properties\":{\n\"x\":{\"type\":\"text\"}}}", "s.json:2:13: the file is not a valid JSON Schema"},
		{"{\"properties\":\n{\"x\" {}}}", "s.json:2:6: the file is not valid JSON"}, {"{\n\"a\":", "s.json:2:5: the file is not valid JSON"},
		{`{"required":["x"],"properties":{"x":{"type":"string","minLength":5,"maxLength":4}}}`, "minLength is more than maxLength"},
		{`{"allOf":[{"required":["y"],"additionalProperties":false}]}`, "must be there and may not be there"},
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

// TestSchemaLongerThanField: what the schema asks for at least must fit.
func TestSchemaLongerThanField(t *testing.T) {
	for least, ok := range map[int]bool{5: true, 6: false} {
		files := fstest.MapFS{"s.json": {Data: fmt.Appendf(nil, `{"properties":{"a":{"type":"string","minLength":%d}}}`, least)}, "m.yaml": {Data: []byte(`mapping: m
version: 1
input: {format: json, schema: s.json}
write: [{as: w, to: t, table: T, fields: {A: {value: form.a, type: text(5)}}}]
`)}}
		if _, err := Load(files, "m.yaml", nil); ok != (err == nil) || err != nil && !strings.Contains(err.Error(), "at least 6") {
			t.Errorf("%d: %v", least, err)
		}
	}
}

// TestSchemaTypes: types that a format cannot make are found by check; a mapping that was pinned before parks the form.
func TestSchemaTypes(t *testing.T) {
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
		mapping := []byte("mapping: m\nversion: 1\ninput: {unused: allow, schema: s.json, " + c.input + "}\nwrite: [{as: w, to: t, table: T, fields: {A: '\"a\"'}}]\n")
		fsys := fstest.MapFS{"s.json": {Data: []byte(schema)}, "m.yaml": {Data: mapping}}
		if _, err := Load(fsys, "m.yaml", nil); c.ok != (err == nil) || err != nil && !strings.Contains(err.Error(), "s.json:1:") {
			t.Errorf("%s, %s: %v", c.input, schema, err)
		}
		bundle := &files{main: "m.yaml", got: map[string][]byte{"m.yaml": mapping, "s.json": []byte(schema)}}
		p, err := LoadBundle(bundle.bundle(), nil)
		if err != nil {
			t.Fatal(c.input, err)
		}
		err = p.Validate(decodeForm(t, p, c.form))
		var fault *Fault
		if c.ok != (err == nil) || err != nil && !errors.As(err, &fault) {
			t.Errorf("pinned %s, %s: %v", c.input, schema, err)
		}
	}
}

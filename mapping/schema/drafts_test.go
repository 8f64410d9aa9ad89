package schema

import (
	"slices"
	"testing"

	"github.com/inbasket/inbasket/mapping/wording"
)

// TestWorded: there are words for whoever filled in a form for every rule of JSON Schema.
func TestWorded(t *testing.T) {
	t.Parallel()
	known := wording.Known()
	for rule, text := range ruleTexts {
		code := text.code
		if code == "" {
			code = CodeOf(rule)
		}
		if !slices.Contains(known, code) {
			t.Errorf("%s (%s) has no words", code, rule)
		}
	}
}

// TestBothDrafts: each version of JSON Schema has all errors told at once, also those that lie within alternatives and conditions.
func TestBothDrafts(t *testing.T) {
	t.Parallel()
	const (
		draft07   = `"$schema":"http://json-schema.org/draft-07/schema#","type":"object",`
		draft2020 = `"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",`
		kinds     = `"properties":{"p":{"oneOf":[{"properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind","x"]},{"$ref":"#/definitions/b"}]}},` +
			`"definitions":{"b":{"properties":{"kind":{"enum":["b"]},"y":{"type":"integer"}},"required":["kind","y"]}}`
		must = "field.missing: the field must be there"
	)
	for _, c := range []struct{ name, rules, form, want string }{
		{"fields", `"required":["a","b"],"properties":{"b":{"type":"integer"},"c":{"maxLength":2,"pattern":"^x"},"d":{"format":"date"}}`, `{"b":"x","c":"abc","d":"1.2."}`,
			"/a " + must + "; /b schema.type: the value must be integer; /c schema.max-length: the text must have at most 2 characters; " +
				"/c schema.pattern: the text does not have the form required; /d schema.format: the text is not a valid date"},
		{"then", `"if":{"properties":{"k":{"const":"p"}},"required":["k"]},"then":{"required":["x","y"]},"else":{"required":["z"]}`, `{"k":"p"}`, "/x " + must + "; /y " + must},
		{"else", `"if":{"properties":{"k":{"const":"p"}},"required":["k"]},"then":{"required":["x","y"]},"else":{"required":["z"]}`, `{"k":"q"}`, "/z " + must},
		{"allOf of conditions", `"allOf":[{"if":{"required":["a"]},"then":{"required":["x"]}},{"if":{"required":["b"]},"then":{"required":["y"]}}]`, `{"a":1,"b":1}`, "/x " + must + "; /y " + must},
		{"oneOf by what came nearest", `"properties":{"p":{"oneOf":[{"type":"string"},{"type":"object","required":["x","y"],"properties":{"z":{"type":"integer"}}}]}}`, `{"p":{"z":"1"}}`,
			"/p/x " + must + "; /p/y " + must + "; /p/z schema.type: the value must be integer"},
		{"oneOf by the field that tells apart", kinds, `{"p":{"kind":"a","x":"1"}}`, "/p/x schema.type: the value must be integer"},
		{"oneOf by the field that tells apart, which lacks others", kinds, `{"p":{"kind":"a"}}`, "/p/x " + must},
		{"oneOf that no value fits", kinds, `{"p":{"kind":"c","y":"1"}}`, "/p/kind schema.enum: the value is not one of those allowed"},
		{"a field whose values one alternative names", `"anyOf":[{"required":["iban"],"properties":{"by":{"enum":["bank"]}}},{"required":["cash"]}]`, `{"by":"x","iban":"1"}`,
			"/by schema.enum: the value is not one of those allowed"},
		{"anyOf beside others", `"required":["c"],"anyOf":[{"required":["a"]},{"required":["b"]}]`, `{}`,
			" schema.alternatives: the value fits none, or more than one, of the alternatives: there must be a, or b; /c " + must},
		{"references", `"properties":{"l":{"type":"array","items":{"$ref":"#/definitions/i"}}},"definitions":{"i":{"required":["n"],"properties":{"m":{"minimum":1}}}}`, `{"l":[{"m":0},{}]}`,
			"/l/0/m schema.minimum: the number is too small; /l/0/n " + must + "; /l/1/n " + must},
	} {
		for version, head := range map[string]string{"draft-07": draft07, "2020-12": draft2020} {
			t.Run(c.name+" in "+version, func(t *testing.T) {
				t.Parallel()
				if said := validated(t, "{"+head+c.rules+"}", c.form); said != c.want {
					t.Errorf("said %s\nwant %s", said, c.want)
				}
			})
		}
	}
	for _, c := range [][3]string{
		{`{` + draft07 + `"properties":{"l":{"items":[{"type":"string"}],"additionalItems":false}},"dependencies":{"l":["n"]}}`, `{"l":[1]}`,
			`/l/0 schema.type: the value must be string; /n schema.dependency: the field must be there where "l" is`},
		{`{` + draft2020 + `"properties":{"l":{"prefixItems":[{"type":"string"}],"items":false}},"dependentRequired":{"l":["n"]}}`, `{"l":[1,2]}`,
			`/l/0 schema.type: the value must be string; /l/1 schema.false-schema: the field may not be there; /n schema.dependent-required: the field must be there where "l" is`},
	} {
		if said := validated(t, c[0], c[1]); said != c[2] {
			t.Errorf("%s\nsaid %s\nwant %s", c[0], said, c[2])
		}
	}
}

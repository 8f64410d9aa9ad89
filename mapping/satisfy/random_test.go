package satisfy

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// small is a world of values that is tried through.
var small = func() []any {
	var out []any
	for _, text := range []string{`null`, `true`, `false`, `0`, `1`, `2`, `3`, `1.5`, `-1`, `""`, `"a"`, `"b"`, `"ab"`, `"aab"`, `[]`, `[0]`, `["a"]`, `[1,2]`, `["a","a"]`, `["a","b"]`, `[0,"a"]`, `[null]`,
		`{}`, `{"a":1}`, `{"a":"a"}`, `{"b":1}`, `{"a":1,"b":1}`, `{"a":"a","b":"b"}`, `{"c":null}`, `{"a":{}}`, `{"a":[]}`, `{"a":1,"b":2,"c":3}`, `{"aa":1}`} {
		out = append(out, parsed(text))
	}
	return out
}()

func parsed(text string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// schemas draws schemas in which rules often exclude each other.
func schemas(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		if rapid.IntRange(0, 9).Draw(t, "bool") == 0 {
			return rapid.Bool().Draw(t, "is")
		}
		s := map[string]any{}
		number := func(word string, max int) { s[word] = rapid.IntRange(0, max).Draw(t, word) }
		names := []string{"a", "b", "c"}
		for range rapid.IntRange(0, 4).Draw(t, "rules") {
			sub := func(word string) any {
				if depth == 0 {
					return rapid.SampledFrom([]any{true, false, map[string]any{"type": "string"}, map[string]any{"type": "integer"}}).Draw(t, word)
				}
				return schemas(depth-1).Draw(t, word)
			}
			switch word := rapid.SampledFrom(words).Draw(t, "word"); word {
			case "type":
				s[word] = rapid.SliceOfNDistinct(rapid.SampledFrom(typeNames), 1, 3, rapid.ID).Draw(t, word)
			case "enum":
				s[word] = rapid.SliceOfN(rapid.SampledFrom(small), 1, 3).Draw(t, word)
			case "const":
				s[word] = rapid.SampledFrom(small).Draw(t, word)
			case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minContains", "maxContains":
				number(word, 3)
			case "multipleOf":
				s[word] = rapid.IntRange(1, 3).Draw(t, word)
			case "pattern":
				s[word] = rapid.SampledFrom([]string{"^a", "b$", "^[ab]*$", "^a?$", "aa", "^..$"}).Draw(t, word)
			case "uniqueItems":
				s[word] = true
			case "required":
				s[word] = rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, word)
			case "dependentRequired":
				s[word] = map[string]any{"a": []string{"b"}, "b": []string{rapid.SampledFrom(names).Draw(t, "other")}}
			case "properties", "dependentSchemas":
				s[word] = map[string]any{rapid.SampledFrom(names).Draw(t, "name"): sub(word), "b": sub(word)}
			case "patternProperties":
				s[word] = map[string]any{rapid.SampledFrom([]string{"^a", "b", "^..$"}).Draw(t, "name"): sub(word)}
			case "allOf", "anyOf", "oneOf", "prefixItems":
				s[word] = []any{sub(word), sub(word)}
			default:
				s[word] = sub(word)
			}
		}
		return s
	})
}

var words = []string{"type", "type", "type", "enum", "const", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum",
	"exclusiveMinimum", "exclusiveMaximum", "minContains", "maxContains", "multipleOf", "pattern", "uniqueItems", "required", "required", "dependentRequired", "properties", "properties",
	"dependentSchemas", "patternProperties", "allOf", "anyOf", "oneOf", "prefixItems", "items", "contains", "not", "if", "then", "else", "additionalProperties", "propertyNames",
	"unevaluatedProperties", "unevaluatedItems"}

// TestRandom: what is found keeps the schema, and what some value keeps is never disproved.
func TestRandom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(schemas(2).Draw(t, "schema"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := compile(string(text))
		if err != nil {
			t.Fatal(string(text), err)
		}
		a := Value(s, Options{})
		for _, v := range small {
			if a.Never && s.Validate(v) == nil {
				t.Fatalf("%v keeps what is disproved (%s at %s): %s", v, a.Why, a.At.Location, text)
			}
		}
		if a.Found && s.Validate(a.Value) != nil {
			t.Fatalf("%v does not keep %s", a.Value, text)
		}
		for _, p := range Parts(s, Options{}) {
			if p.At.Location == "" || p.Why == "" {
				t.Fatalf("a part without place or reason: %v: %s", p, text)
			}
			for _, v := range small {
				object, _ := v.(map[string]any)
				for name := range object {
					if p.At == s.Properties[name] && s.Validate(v) == nil {
						t.Fatalf("%v uses %s, which is told to be of no use (%s): %s", v, name, p.Why, text)
					}
				}
			}
		}
	})
}

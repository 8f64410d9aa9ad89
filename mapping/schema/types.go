package schema

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	rules "github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// level returns the types that there may be at a depth.
func (s *Schema) level(depth int) []string { return s.levels[min(depth, len(s.levels)-1)] }

// lacks tells whether a form's format makes none of the types at a depth.
func (s *Schema) lacks(types []string, depth int) bool {
	return len(s.levels) > 0 && !slices.ContainsFunc(types, func(t string) bool { return slices.Contains(s.level(depth), t) })
}

// typesOf are the types of values.
func typesOf(values []any) (types []string) {
	for _, v := range values {
		word := "null"
		switch v.(type) {
		case string:
			word = "string"
		case json.Number:
			word = "number"
		case bool:
			word = "boolean"
		case []any:
			word = "array"
		case map[string]any:
			word = "object"
		}
		if !slices.Contains(types, word) {
			types = append(types, word)
		}
	}
	return types
}

// undeliverable finds types that no form of the format can have, whatever its sender does, and bounds of numbers that do
// nothing where there are none.
func (s *Schema) undeliverable() []Problem {
	if len(s.levels) == 0 {
		return nil
	}
	var out []Problem
	seen := map[*jsonschema.Schema]bool{}
	var walk func(x *jsonschema.Schema, depth int)
	walk = func(x *jsonschema.Schema, depth int) {
		for _, x := range mustKeep(x) {
			if seen[x] {
				continue
			}
			seen[x] = true
			if saysType(x) && s.lacks(x.Types.ToStrings(), depth) {
				out = append(out, Problem{location: x.Location + "/type", message: neverOf(x.Types.ToStrings(), s.level(depth)),
					suggestion: "name what it has: a text with a pattern, such as ^[0-9]+$, is read by | integer() or | decimal() in the mapping"})
			}
			if !saysType(x) && (saysMost(x) || saysLeast(x) || saysParts(x)) && s.lacks([]string{"number", "integer"}, depth) {
				out = append(out, Problem{location: x.Location, message: "minimum, maximum and multipleOf look at numbers, and the format makes " + strings.Join(s.level(depth), ", ") + " here: they do nothing",
					suggestion: "write a pattern, or compare in the mapping", Warning: true})
			}
			for _, name := range slices.Sorted(maps.Keys(x.Properties)) {
				walk(x.Properties[name], depth+1)
			}
			if list, ok := x.Items.(*jsonschema.Schema); ok {
				walk(list, depth+1)
			}
			walk(x.Items2020, depth+1)
		}
	}
	walk(s.root, 0)
	return out
}

func neverOf(want, makes []string) string {
	return "no form of this format can keep this: it asks for " + strings.Join(want, " or ") + ", and the format makes " + strings.Join(makes, ", ") + " here"
}

// undelivered finds, among what is wrong with a form, a type that its format cannot make: that says nothing about the form.
func (s *Schema) undelivered(ve *jsonschema.ValidationError) (at, why string) {
	var want []string
	switch k := ve.ErrorKind.(type) {
	case *rules.AnyOf, *rules.OneOf, *rules.Not:
		return "", ""
	case *rules.Type:
		want = k.Want
	case *rules.Enum:
		want = typesOf(k.Want)
	case *rules.Const:
		want = typesOf([]any{k.Want})
	}
	if depth := len(ve.InstanceLocation); want != nil && s.lacks(want, depth) {
		return pointerOf(ve.InstanceLocation), neverOf(want, s.level(depth))
	}
	for _, c := range ve.Causes {
		if at, why = s.undelivered(c); why != "" {
			return at, why
		}
	}
	return "", ""
}

package mapping

import (
	"bytes"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaProblem is a mistake in a schema, at a schema of it.
type schemaProblem struct {
	location   string // as the compiler writes it: URL#pointer
	message    string
	suggestion string
	offset     int64 // place in the file, where there is no schema to point at
}

// problems finds what no form could keep, and what cannot be honoured: references in a circle, rules that exclude one
// another, and patterns.
func (s *schemaCheck) problems() []schemaProblem {
	var out []schemaProblem
	seen := map[*jsonschema.Schema]bool{}
	told := map[string]bool{}
	var walk func(x *jsonschema.Schema)
	walk = func(x *jsonschema.Schema) {
		if x == nil || seen[x] {
			return
		}
		seen[x] = true
		if way := circle(x); way != "" && !told["circle"] {
			told["circle"] = true
			out = append(out, schemaProblem{location: x.Location, message: "this schema leads back to itself without looking at anything inside the value: " + way, suggestion: "break the circle; a schema may lead back to itself below properties or items"})
		}
		for _, p := range patternsOf(x) {
			if e := s.unsupported[p.text]; e != nil {
				out = append(out, schemaProblem{location: x.Location + p.below, message: "the pattern " + strconv.Quote(p.text) + " cannot be honoured: " + e.message, suggestion: e.instead})
			}
		}
		for _, sub := range below(x) {
			walk(sub)
		}
	}
	walk(s.root)
	out = append(out, s.undeliverable()...)
	if len(out) == 0 {
		if at, why := impossible(s.root, nil, s.object()); why != "" {
			out = append(out, schemaProblem{location: at.Location, message: "no form can keep this schema: " + why, suggestion: "mend the rules that exclude each other"})
		}
	}
	return out
}

// samePlace returns the schemas that apply to the very value that s applies to.
func samePlace(s *jsonschema.Schema) []*jsonschema.Schema {
	out := []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else}
	if s.DynamicRef != nil {
		out = append(out, s.DynamicRef.Ref)
	}
	out = slices.Concat(out, s.AllOf, s.AnyOf, s.OneOf)
	for _, x := range s.DependentSchemas {
		out = append(out, x)
	}
	for _, x := range s.Dependencies {
		if x, ok := x.(*jsonschema.Schema); ok {
			out = append(out, x)
		}
	}
	return slices.DeleteFunc(out, func(x *jsonschema.Schema) bool { return x == nil })
}

// below returns every schema that s names.
func below(s *jsonschema.Schema) []*jsonschema.Schema {
	out := append(samePlace(s), s.PropertyNames, s.Contains, s.Items2020, s.UnevaluatedProperties, s.UnevaluatedItems, s.ContentSchema)
	out = append(out, s.PrefixItems...)
	for _, name := range sortedKeys(s.Properties) {
		out = append(out, s.Properties[name])
	}
	for _, x := range s.PatternProperties {
		out = append(out, x)
	}
	for _, x := range []any{s.Items, s.AdditionalProperties, s.AdditionalItems} {
		switch x := x.(type) {
		case *jsonschema.Schema:
			out = append(out, x)
		case []*jsonschema.Schema:
			out = append(out, x...)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// circle tells by which way a schema leads back to itself at the same place of the form.
func circle(s *jsonschema.Schema) string {
	seen := map[*jsonschema.Schema]bool{}
	var visit func(x *jsonschema.Schema) []string
	visit = func(x *jsonschema.Schema) []string {
		for _, next := range samePlace(x) {
			if next == s {
				return []string{placeOf(x), placeOf(s)}
			}
			if !seen[next] {
				seen[next] = true
				if way := visit(next); way != nil {
					return append([]string{placeOf(x)}, way...)
				}
			}
		}
		return nil
	}
	return strings.Join(visit(s), ", ")
}

// placeOf is a schema's place in its file.
func placeOf(s *jsonschema.Schema) string {
	_, at, _ := strings.Cut(s.Location, "#")
	return "#" + at
}

type patternAt struct{ text, below string }

func patternsOf(s *jsonschema.Schema) []patternAt {
	var out []patternAt
	if s.Pattern != nil {
		out = append(out, patternAt{s.Pattern.String(), "/pattern"})
	}
	for p := range s.PatternProperties {
		out = append(out, patternAt{p.String(), "/patternProperties/" + pointerEscape.Replace(p.String())})
	}
	slices.SortFunc(out, func(a, b patternAt) int { return strings.Compare(a.text, b.text) })
	return out
}

// impossible finds rules that no value can keep, where that makes the whole form impossible. trail are the schemas on
// the way: a value that needs itself inside never ends. object says that the value is one, as a form is.
func impossible(s *jsonschema.Schema, trail []*jsonschema.Schema, object bool) (at *jsonschema.Schema, why string) {
	if slices.Contains(trail, s) {
		return s, "the value would have to hold itself without end"
	}
	if len(trail) > 100 {
		return nil, ""
	}
	trail = append(slices.Clone(trail), s)
	if why := excluded(s); why != "" {
		return s, why
	}
	for _, x := range append([]*jsonschema.Schema{s.Ref}, s.AllOf...) {
		if x != nil {
			if at, why := impossible(x, trail, object); why != "" {
				return at, why
			}
		}
	}
	for _, choice := range [][]*jsonschema.Schema{s.AnyOf, s.OneOf} {
		left := len(choice)
		for _, x := range choice {
			if _, why := impossible(x, trail, object); why != "" {
				left--
			}
		}
		if len(choice) > 0 && left == 0 {
			return s, "every alternative excludes itself"
		}
	}
	return impossibleInside(s, trail, object)
}

// impossibleInside looks at what an object or a list must hold, where the value must be one.
func impossibleInside(s *jsonschema.Schema, trail []*jsonschema.Schema, object bool) (at *jsonschema.Schema, why string) {
	if object || mustBe(s, "object") {
		for _, name := range s.Required {
			sub, there := s.Properties[name]
			if closed, ok := s.AdditionalProperties.(bool); !there && ok && !closed && len(s.PatternProperties) == 0 {
				return s, "the field " + strconv.Quote(name) + " must be there and may not be there"
			}
			if there {
				if at, why := impossible(sub, trail, false); why != "" {
					return at, why
				}
			}
		}
	}
	if mustBe(s, "array") && s.MinItems != nil && *s.MinItems > 0 && s.Items2020 != nil && len(s.PrefixItems) == 0 {
		return impossible(s.Items2020, trail, false)
	}
	return nil, ""
}

// mustBe tells whether a value must be of one type.
func mustBe(s *jsonschema.Schema, word string) bool {
	return saysType(s) && len(s.Types.ToStrings()) == 1 && s.Types.ToStrings()[0] == word
}

// excluded says which rules of one schema exclude each other.
func excluded(s *jsonschema.Schema) string {
	if s.Bool != nil && !*s.Bool {
		return "it is false"
	}
	if s.Not != nil && s.Not.Bool != nil && *s.Not.Bool {
		return "it excludes every value"
	}
	if s.Enum != nil || s.Const != nil {
		if !slices.ContainsFunc(chosen(s), func(v any) bool { return s.Validate(v) == nil }) {
			return "none of the values that it names keeps its other rules"
		}
	}
	pairs := []struct {
		word        string
		least, most *int
		low, high   string
	}{{"string", s.MinLength, s.MaxLength, "minLength", "maxLength"}, {"array", s.MinItems, s.MaxItems, "minItems", "maxItems"},
		{"object", s.MinProperties, s.MaxProperties, "minProperties", "maxProperties"}}
	for _, p := range pairs {
		if mustBe(s, p.word) && p.least != nil && p.most != nil && *p.least > *p.most {
			return p.low + " is more than " + p.high
		}
	}
	if (mustBe(s, "number") || mustBe(s, "integer")) && crossed(s) {
		return "its smallest number is larger than its largest"
	}
	return typesApart(s)
}

func crossed(s *jsonschema.Schema) bool {
	over := func(low, high *big.Rat, or bool) bool {
		return low != nil && high != nil && (low.Cmp(high) > 0 || or && low.Cmp(high) == 0)
	}
	return over(s.Minimum, s.Maximum, false) || over(s.ExclusiveMinimum, s.Maximum, true) || over(s.Minimum, s.ExclusiveMaximum, true) || over(s.ExclusiveMinimum, s.ExclusiveMaximum, true)
}

// typesApart says that what must apply together allows no type together.
func typesApart(s *jsonschema.Schema) string {
	left := typeNames
	for _, x := range mustKeep(s, 0) {
		if !saysType(x) {
			continue
		}
		named := x.Types.ToStrings()
		left = slices.DeleteFunc(slices.Clone(left), func(t string) bool {
			return !slices.Contains(named, t) && (t != "integer" || !slices.Contains(named, "number"))
		})
	}
	if len(left) == 0 {
		return "its types exclude each other"
	}
	return ""
}

// object tells whether a form is an object, whether its schema says so or not.
func (s *schemaCheck) object() bool {
	if len(s.levels) > 0 {
		return slices.Contains(s.levels[0], "object")
	}
	return !slices.ContainsFunc(mustKeep(s.root, 0), func(x *jsonschema.Schema) bool { return saysType(x) && !slices.Contains(x.Types.ToStrings(), "object") })
}

// schemaProblems reports what is wrong with the schema at its place in its own file.
func (b *builder) schemaProblems(s *schemaCheck) {
	for _, p := range s.problems() {
		b.schemaProblem(p)
	}
}

func (b *builder) schemaProblem(p schemaProblem) {
	url, pointer, _ := strings.Cut(p.location, "#")
	name := strings.TrimPrefix(url, schemaBase)
	src := b.files.got[name]
	var steps []string
	if pointer != "" {
		steps = strings.Split(pointer, "/")[1:]
	}
	line, column := jsonPlace(src, steps)
	if p.offset > 0 {
		line, column = lineOf(src, int(min(p.offset-1, int64(len(src)))))
	}
	source := ""
	if lines := strings.Split(string(src), "\n"); line > 0 && line <= len(lines) {
		source = strings.TrimRight(lines[line-1], "\r")
	}
	b.report(diag.Problem{File: name, Line: line, Column: column, Code: CodeSchema, Message: p.message, Suggestion: p.suggestion, Source: source})
}

// jsonPlace finds line and column of the value under a JSON Pointer, or of what is nearest to it.
func jsonPlace(src []byte, steps []string) (line, column int) {
	d := json.NewDecoder(bytes.NewReader(src))
	for _, step := range steps {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		if !enter(d, step) {
			break
		}
	}
	at := int(d.InputOffset())
	for at < len(src) && strings.IndexByte(" \t\r\n:,", src[at]) >= 0 {
		at++
	}
	return lineOf(src, at)
}

func lineOf(src []byte, at int) (line, column int) {
	head := src[:at]
	return bytes.Count(head, []byte{'\n'}) + 1, len([]rune(string(head[bytes.LastIndexByte(head, '\n')+1:]))) + 1
}

// enter moves to a member of the object, or an item of the list, that comes next.
func enter(d *json.Decoder, step string) bool {
	open, err := d.Token()
	if err != nil || open != json.Delim('{') && open != json.Delim('[') {
		return false
	}
	for i := 0; d.More(); i++ {
		if open == json.Delim('{') {
			if key, err := d.Token(); err != nil {
				return false
			} else if key == step {
				return true
			}
		} else if strconv.Itoa(i) == step {
			return true
		}
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return false
		}
	}
	return false
}

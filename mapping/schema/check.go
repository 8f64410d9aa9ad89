package schema

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/satisfy"
)

// Error says what is wrong with a schema that cannot be used.
func (p *Problem) Error() string { return p.message }

// Problem is a mistake in a schema, at a schema of it.
type Problem struct {
	location   string // as the compiler writes it: URL#pointer
	message    string
	suggestion string
	offset     int64 // place in the file, where there is no schema to point at
	Warning    bool  // it may go wrong for some forms
	dead       bool  // no value that a form has there is right
}

// Problems finds what no form could keep, and what cannot be honoured: references in a circle, rules that exclude one
// another, and patterns.
func (s *Schema) Problems() []Problem {
	var out []Problem
	told := false
	for _, x := range allBelow(s.root, below) {
		if way := circle(x); way != "" && !told {
			told = true
			out = append(out, Problem{location: x.Location, message: "this schema leads back to itself without looking at anything inside the value: " + way, suggestion: "break the circle; a schema may lead back to itself below properties or items"})
		}
		for _, p := range patternsOf(x) {
			if e := s.unsupported[p.text]; e != nil {
				out = append(out, Problem{location: x.Location + p.below, message: "the pattern " + strconv.Quote(p.text) + " cannot be honoured: " + e.message, suggestion: e.instead})
			}
		}
	}
	out = slices.Concat(out, s.undeliverable(), s.misspelt())
	if !slices.ContainsFunc(out, func(p Problem) bool { return !p.Warning }) {
		out = append(out, s.unkeepable()...)
	}
	return out
}

// findUnkeepable finds rules that exclude each other: an error where that leaves no form at all, else a warning. What was
// neither found nor disproved is a warning too.
func (s *Schema) findUnkeepable() []Problem {
	const mend = "mend the rules that exclude each other"
	if s.dynamic() {
		return nil
	}
	o := s.options()
	switch a := satisfy.Value(s.root, o); {
	case a.Never:
		return []Problem{{location: a.At.Location, message: "no form can keep this schema: " + a.Why, suggestion: mend, dead: true}}
	case !a.Found:
		return []Problem{{location: s.root.Location, message: "no form was found that keeps this schema, and no proof that there is none", suggestion: "see whether its rules exclude each other; a form in tests that keeps it shows that they do not", Warning: true}}
	}
	var out []Problem
	for _, p := range satisfy.Parts(s.root, o) {
		message := "no form that keeps this schema has this field: "
		if p.Kind != "field" {
			message = "no form keeps this schema by this " + p.Kind + ": "
		}
		out = append(out, Problem{location: p.At.Location, message: message + p.Why, suggestion: mend + ", or write false where that is meant", Warning: true, dead: p.Kind != "alternative"})
	}
	return out
}

func (s *Schema) findDynamic() bool {
	return slices.ContainsFunc(allBelow(s.root, below), func(x *jsonschema.Schema) bool { return x.DynamicRef != nil || x.RecursiveRef != nil })
}

func (s *Schema) options() satisfy.Options {
	return satisfy.Options{Types: s.types(), Pattern: func(p jsonschema.Regexp) string { return p.(ecmaPattern).Regexp.String() }}
}

// hopeless finds, among what is wrong with a form, what breaks rules that no form could keep: that says nothing about the form.
func (s *Schema) hopeless(ve *jsonschema.ValidationError) (at, why string) {
	for _, p := range s.unkeepable() {
		if !p.Warning {
			return "", p.message
		}
		if p.dead && ve.SchemaURL == p.location {
			return pointerOf(ve.InstanceLocation), p.message
		}
	}
	for _, c := range ve.Causes {
		if at, why = s.hopeless(c); why != "" {
			return at, why
		}
	}
	return "", ""
}

// allBelow returns a schema with all that next leads to.
func allBelow(s *jsonschema.Schema, next func(*jsonschema.Schema) []*jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	seen := map[*jsonschema.Schema]bool{}
	var walk func(x *jsonschema.Schema)
	walk = func(x *jsonschema.Schema) {
		if x == nil || seen[x] {
			return
		}
		seen[x] = true
		out = append(out, x)
		for _, sub := range next(x) {
			walk(sub)
		}
	}
	walk(s)
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
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
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
		out = append(out, patternAt{p.String(), "/patternProperties/" + expr.PointerEscape.Replace(p.String())})
	}
	slices.SortFunc(out, func(a, b patternAt) int { return strings.Compare(a.text, b.text) })
	return out
}

// types are those that a form may have at a depth. A form in JSON is an object; where its schema speaks of lists, or
// excludes something, it may be a list.
func (s *Schema) types() func(depth int) []string {
	if len(s.levels) > 0 {
		return s.level
	}
	form := []string{"object"}
	if slices.ContainsFunc(allBelow(s.root, samePlace), func(x *jsonschema.Schema) bool {
		return saysType(x) && slices.Contains(x.Types.ToStrings(), "array") || x.Not != nil || x.Items != nil || x.Items2020 != nil || len(x.PrefixItems) > 0 ||
			x.Contains != nil || x.MinItems != nil
	}) {
		form = append(form, "array")
	}
	return func(depth int) []string {
		if depth == 0 {
			return form
		}
		return nil
	}
}

// InFile is the problem at its place in one of the files.
func (p Problem) InFile(files map[string][]byte) diag.Problem {
	file, pointer, _ := strings.Cut(p.location, "#")
	name := strings.TrimPrefix(file, schemaBase)
	src := files[name]
	var steps []string
	if plain, err := url.PathUnescape(pointer); err == nil {
		pointer = plain
	}
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
	return diag.Problem{File: name, Line: line, Column: column, Code: CodeSchema, Message: p.message, Suggestion: p.suggestion, Source: source}
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

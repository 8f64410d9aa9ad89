package schema

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// facet tells whether a schema says something about a value in so many words.
type facet func(s *jsonschema.Schema) bool

func saysWhich(s *jsonschema.Schema) bool  { return s.Enum != nil || s.Const != nil }
func saysLength(s *jsonschema.Schema) bool { return s.MaxLength != nil }
func saysFormat(s *jsonschema.Schema) bool { return s.Format != nil }
func saysMost(s *jsonschema.Schema) bool   { return s.Maximum != nil || s.ExclusiveMaximum != nil }
func saysLeast(s *jsonschema.Schema) bool  { return s.Minimum != nil || s.ExclusiveMinimum != nil }
func saysParts(s *jsonschema.Schema) bool  { return s.MultipleOf != nil }
func saysType(s *jsonschema.Schema) bool   { return s.Types != nil && !s.Types.IsEmpty() }
func saysNoText(s *jsonschema.Schema) bool {
	return saysType(s) && !slices.Contains(s.Types.ToStrings(), "string")
}

// promises are the rules of a schema by which a form that keeps them may expect not to run into an error: a schema
// that allows 60 characters is a promise that the target takes them. Errors that are not here, such as a missing
// value that the mapping asks for, are never promised away.
var promises = map[string][]facet{
	value.CodeTooLong: {saysWhich, saysLength, saysFormat}, encode.CodeTooLong: {saysWhich, saysLength, saysFormat, saysMost},
	value.CodeTooLarge: {saysWhich, saysMost}, value.CodeTooPrecise: {saysWhich, saysParts}, encode.CodePrecision: {saysWhich, saysParts},
	value.CodeOutOfRange: {saysWhich, saysMost, saysLeast}, value.CodeDivide: {saysWhich, saysLeast}, encode.CodeNegative: {saysWhich, saysLeast},
	value.CodeLookupMiss: {saysWhich}, encode.CodeUnmapped: {saysWhich}, value.CodeUnmappable: {saysWhich}, encode.CodeControl: {saysWhich}, encode.CodeXMLChar: {saysWhich},
	encode.CodeQuote: {saysWhich}, encode.CodeZone: {saysWhich, saysFormat}, value.CodeNoSuchTime: {saysWhich},
	value.CodeNotText: {saysType}, value.CodeNotList: {saysType}, value.CodeShape: {saysType}, value.CodeNotValue: {saysType}, value.CodeCompare: {saysType},
	value.CodeNotNumber: {saysWhich, saysNoText}, value.CodeNotInteger: {saysWhich, saysNoText}, value.CodeNotBoolean: {saysWhich, saysNoText},
	value.CodeNotBinary: {saysWhich, saysNoText}, value.CodeNotDate: {saysWhich, saysNoText, saysFormat}, encode.CodeType: {saysWhich, saysNoText, saysFormat},
}

// Allows tells whether the schema says in so many words that a field may have the value that led to an error. Where its
// sort did, naming the type is enough.
func (s *Schema) Allows(abs []expr.Step, code string, sort bool) bool {
	says := promises[code]
	if sort {
		says = append(slices.Clone(says), saysType)
	}
	if s == nil || len(says) == 0 {
		return false
	}
	return slices.ContainsFunc(s.at(abs), func(x *jsonschema.Schema) bool {
		return slices.ContainsFunc(says, func(says facet) bool { return says(x) })
	})
}

// at returns the schemas that apply to what lies under a path.
func (s *Schema) at(abs []expr.Step) []*jsonschema.Schema {
	now := shapes(s.root)
	for _, step := range abs {
		if step.Name == "" {
			now = items(now)
			continue
		}
		now = named(now, step.Name)
	}
	return now
}

// typeNames are the words for types, in the order in which their samples are tried.
var typeNames = []string{"string", "integer", "number", "boolean", "array", "object", "null"}

// Outcome is what a form that keeps the schema may have under a path.
func (s *Schema) Outcome(abs []expr.Step) *expr.Outcome {
	rules, out := s.Sure(abs), &expr.Outcome{}
	left := s.sorts(rules, len(abs))
	out.Named = slices.ContainsFunc(rules, saysType)
	for _, r := range rules {
		if r.Enum != nil || r.Const != nil {
			out.All = true
			for _, v := range Chosen(r) {
				if v := value.FromNode(v); !v.Absent() {
					out.More = append(out.More, value.SamplesOf(v)...)
				}
			}
			return out
		}
	}
	for _, t := range left {
		for _, v := range value.FormSamples[t] {
			formed := t != "string" || !slices.ContainsFunc(rules, func(r *jsonschema.Schema) bool { return r.Format != nil && r.Format.Validate(v.Str) != nil })
			if list, ok := v.Any.([]any); formed && (!ok || s == nil || len(list) == 0 || !s.lacks(typesOf(list), len(abs)+1)) {
				out.Add(v)
			}
		}
	}
	out.Formed = slices.ContainsFunc(rules, saysFormat) && slices.ContainsFunc(out.More, func(v value.Value) bool { return v.Kind == value.KindText })
	if !out.Formed && slices.Contains(left, "string") {
		for _, v := range value.FormSamples["string"] {
			out.Add(v)
		}
	}
	return out
}

// sorts are the types that rules leave of those that the form's format makes at a depth.
func (s *Schema) sorts(rules []*jsonschema.Schema, depth int) []string {
	return slices.DeleteFunc(slices.Clone(typeNames), func(t string) bool {
		return s != nil && s.lacks([]string{t}, depth) || slices.ContainsFunc(rules, func(r *jsonschema.Schema) bool {
			if !saysType(r) {
				return false
			}
			named := r.Types.ToStrings()
			return !slices.Contains(named, t) && (t != "integer" || !slices.Contains(named, "number"))
		})
	})
}

// Impossible tells of a path which step cannot be gone, and what there is instead; a step is into an object or a list. what: "" for none.
func (s *Schema) Impossible(abs []expr.Step) (at int, what string) {
	for i, step := range abs {
		want := "array"
		switch {
		case step.Name != "":
			want = "object"
		case step.Item || step.Loop >= 0:
			continue // what goes through a list says so itself
		}
		types := s.sorts(s.Sure(abs[:i]), i)
		if types = slices.DeleteFunc(types, func(t string) bool { return t == "null" }); len(types) > 0 && !slices.Contains(types, want) {
			return i, strings.Join(types, " or ")
		}
	}
	return 0, ""
}

// Chosen returns the values that an enum or const names.
func Chosen(r *jsonschema.Schema) []any {
	if r.Const != nil {
		return []any{*r.Const}
	}
	return r.Enum.Values
}

// Sure returns the schemas that what lies under a path must keep, whatever alternatives others leave; none where the
// schema does not say.
func (s *Schema) Sure(abs []expr.Step) []*jsonschema.Schema {
	if s == nil {
		return nil
	}
	now := mustKeep(s.root)
	for _, step := range abs {
		if step.Name == "" {
			now = sureItems(now)
			continue
		}
		now = each(now, func(x *jsonschema.Schema) []*jsonschema.Schema { return mustKeep(x.Properties[step.Name]) })
	}
	return now
}

// mustKeep returns the schemas that apply to every value of s: s with those that it refers to and joins.
func mustKeep(s *jsonschema.Schema) []*jsonschema.Schema {
	return allBelow(s, func(x *jsonschema.Schema) []*jsonschema.Schema {
		return append([]*jsonschema.Schema{x.Ref}, x.AllOf...)
	})
}

// sureItems returns the schemas that apply to every item of a list.
func sureItems(list []*jsonschema.Schema) []*jsonschema.Schema {
	return each(list, func(x *jsonschema.Schema) []*jsonschema.Schema {
		one, _ := x.Items.(*jsonschema.Schema)
		out := mustKeep(one)
		if len(x.PrefixItems) == 0 {
			out = append(out, mustKeep(x.Items2020)...)
		}
		return out
	})
}

package mapping

import (
	"slices"

	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/santhosh-tekuri/jsonschema/v6"
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
	CodeTooLong: {saysWhich, saysLength, saysFormat}, encode.CodeTooLong: {saysWhich, saysLength, saysFormat, saysMost},
	CodeTooLarge: {saysWhich, saysMost}, CodeTooPrecise: {saysWhich, saysParts}, encode.CodePrecision: {saysWhich, saysParts},
	CodeOutOfRange: {saysWhich, saysMost, saysLeast}, CodeDivide: {saysWhich, saysLeast}, encode.CodeNegative: {saysWhich, saysLeast},
	CodeLookupMiss: {saysWhich}, encode.CodeUnmapped: {saysWhich}, encode.CodeControl: {saysWhich}, encode.CodeXMLChar: {saysWhich},
	encode.CodeQuote: {saysWhich}, encode.CodeZone: {saysWhich, saysFormat}, CodeNoSuchTime: {saysWhich},
	CodeNotText: {saysType}, CodeNotList: {saysType}, CodeNotValue: {saysType}, CodeCompare: {saysType},
	CodeNotNumber: {saysWhich, saysNoText}, CodeNotInteger: {saysWhich, saysNoText}, CodeNotBoolean: {saysWhich, saysNoText},
	CodeNotBinary: {saysWhich, saysNoText}, CodeNotDate: {saysWhich, saysNoText, saysFormat}, encode.CodeType: {saysWhich, saysNoText, saysFormat},
}

// allows tells whether the schema says in so many words that a field may have the value that led to an error. Where its
// sort did, naming the type is enough.
func (s *schemaCheck) allows(abs []seg, code string, sort bool) bool {
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
func (s *schemaCheck) at(abs []seg) []*jsonschema.Schema {
	now := shapes(s.root)
	for _, step := range abs {
		if step.name == "" {
			now = items(now)
			continue
		}
		var next []*jsonschema.Schema
		for _, x := range now {
			if sub, ok := x.Properties[step.name]; ok {
				next = append(next, shapes(sub)...)
			}
		}
		now = next
	}
	return now
}

// typeNames are the words for types, in the order in which their samples are tried.
var typeNames = []string{"string", "integer", "number", "boolean", "array", "object", "null"}

// outcome is what a form that keeps the schema may have under a path.
func (s *schemaCheck) outcome(abs []seg) *outcome {
	rules, out := s.sure(abs), &outcome{}
	left := typeNames
	for _, r := range rules {
		if saysType(r) {
			out.named = true
			named := r.Types.ToStrings()
			left = slices.DeleteFunc(slices.Clone(left), func(t string) bool {
				return !slices.Contains(named, t) && (t != "integer" || !slices.Contains(named, "number"))
			})
		}
	}
	for _, r := range rules {
		if r.Enum != nil || r.Const != nil {
			for _, v := range chosen(r) {
				if v := fromNode(v); !v.absent() {
					out.more = append(out.more, samplesOf(v)...)
				}
			}
			return out
		}
	}
	for _, t := range left {
		for _, v := range formSamples[t] {
			out.add(v)
		}
	}
	return out
}

// chosen returns the values that an enum or const names.
func chosen(r *jsonschema.Schema) []any {
	if r.Const != nil {
		return []any{*r.Const}
	}
	return r.Enum.Values
}

// sure returns the schemas that what lies under a path must keep, whatever alternatives others leave; none where the
// schema does not say.
func (s *schemaCheck) sure(abs []seg) []*jsonschema.Schema {
	if s == nil {
		return nil
	}
	now := mustKeep(s.root, 0)
	for _, step := range abs {
		var next []*jsonschema.Schema
		for _, x := range now {
			if sub, ok := x.Properties[step.name]; ok && step.name != "" {
				next = append(next, mustKeep(sub, 0)...)
			}
			if list, ok := x.Items.(*jsonschema.Schema); ok && step.name == "" {
				next = append(next, mustKeep(list, 0)...)
			}
			if x.Items2020 != nil && len(x.PrefixItems) == 0 && step.name == "" {
				next = append(next, mustKeep(x.Items2020, 0)...)
			}
		}
		now = next
	}
	return now
}

// mustKeep returns a schema with those that it refers to and joins.
func mustKeep(s *jsonschema.Schema, depth int) []*jsonschema.Schema {
	if s == nil || depth > 32 {
		return nil
	}
	out := append([]*jsonschema.Schema{s}, mustKeep(s.Ref, depth+1)...)
	for _, x := range s.AllOf {
		out = append(out, mustKeep(x, depth+1)...)
	}
	return out
}

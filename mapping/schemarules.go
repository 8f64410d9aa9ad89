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
	encode.CodeQuote: {saysWhich}, encode.CodeZone: {saysWhich, saysFormat}, CodeAmbiguousTime: {saysWhich},
	CodeNotText: {saysType}, CodeNotList: {saysType}, CodeNotValue: {saysType}, CodeCompare: {saysType},
	CodeNotNumber: {saysWhich, saysNoText}, CodeNotInteger: {saysWhich, saysNoText}, CodeNotBoolean: {saysWhich, saysNoText},
	CodeNotBinary: {saysWhich, saysNoText}, CodeNotDate: {saysWhich, saysNoText, saysFormat}, encode.CodeType: {saysWhich, saysNoText, saysFormat},
}

// allows tells whether the schema says in so many words that a field may have the value that led to an error.
func (s *schemaCheck) allows(abs []seg, code string) bool {
	if s == nil || len(promises[code]) == 0 {
		return false
	}
	for _, x := range s.at(abs) {
		for _, says := range promises[code] {
			if says(x) {
				return true
			}
		}
	}
	return false
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

package satisfy

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var typeNames = []string{"string", "integer", "number", "boolean", "object", "array", "null"}

// broken lists the ways to break a schema: each breaks one of its rules. A schema that holds a rule whose breaking cannot
// be asked for by another rule is broken by trying.
func (v *solver) broken(s *jsonschema.Schema) []alternative {
	if out, ok := v.negated[s]; ok {
		return out
	}
	n := negation{v: v, s: s}
	switch {
	case s.Bool != nil && !*s.Bool:
		n.out = []alternative{{}}
	case s.Bool == nil:
		n.choices()
		n.values()
		n.bounds()
		n.objects()
		n.arrays()
	}
	v.negated[s] = n.out
	return n.out
}

type negation struct {
	v   *solver
	s   *jsonschema.Schema
	out []alternative
}

// keep adds one way: by a schema that must be kept.
func (n *negation) keep(word string, fill func(*jsonschema.Schema)) {
	n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.need(fmt.Sprintf("not %p %s", n.s, word), fill)}})
}

// not adds one way for each of some schemas that may be broken.
func (n *negation) not(list ...*jsonschema.Schema) {
	for _, s := range list {
		if s != nil {
			n.out = append(n.out, alternative{not: []*jsonschema.Schema{s}})
		}
	}
}

// try adds a way that only trying shows: a value of a type that breaks the one rule.
func (n *negation) try(word, kind string, fill func(*jsonschema.Schema)) {
	one := n.v.need(fmt.Sprintf("one %p %s", n.s, word), func(s *jsonschema.Schema) {
		s.DraftVersion = n.s.DraftVersion
		fill(s)
	})
	n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.ofType(kind)}, fails: []*jsonschema.Schema{one}})
}

// choices breaks what applies to the same value.
func (n *negation) choices() {
	s := n.s
	n.not(s.Ref)
	n.not(s.AllOf...)
	if len(s.AnyOf) > 0 {
		n.out = append(n.out, alternative{not: s.AnyOf})
	}
	if len(s.OneOf) > 0 {
		n.out = append(n.out, alternative{not: s.OneOf})
		for i, a := range s.OneOf {
			for _, b := range s.OneOf[i+1:] {
				n.out = append(n.out, alternative{keep: []*jsonschema.Schema{a, b}})
			}
		}
	}
	if s.Not != nil {
		n.out = append(n.out, alternative{keep: []*jsonschema.Schema{s.Not}})
	}
	if s.If != nil && s.Then != nil {
		n.out = append(n.out, alternative{keep: []*jsonschema.Schema{s.If}, not: []*jsonschema.Schema{s.Then}})
	}
	if s.If != nil && s.Else != nil {
		n.out = append(n.out, alternative{not: []*jsonschema.Schema{s.If, s.Else}})
	}
}

// values breaks what is said of any value.
func (n *negation) values() {
	s := n.s
	if s.Types != nil && !s.Types.IsEmpty() {
		named := s.Types.ToStrings()
		left := slices.DeleteFunc(slices.Clone(typeNames), func(t string) bool {
			return slices.Contains(named, t) || t == "integer" && slices.Contains(named, "number") || t == "number" && slices.Contains(named, "integer")
		})
		if len(left) > 0 {
			n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.ofType(left...)}})
		}
		if slices.Contains(named, "integer") && !slices.Contains(named, "number") {
			n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.ofType("number")}, fails: []*jsonschema.Schema{n.v.ofType("integer")}})
		}
	}
	if s.Enum != nil || s.Const != nil {
		one := n.v.need(fmt.Sprintf("one %p values", s), func(x *jsonschema.Schema) { x.Enum, x.Const = s.Enum, s.Const })
		n.out = append(n.out, alternative{fails: []*jsonschema.Schema{one}})
	}
	if s.Format != nil {
		n.try("format", "string", func(x *jsonschema.Schema) { x.Format = s.Format })
	}
	if s.Pattern != nil {
		n.try("pattern", "string", func(x *jsonschema.Schema) { x.Pattern = s.Pattern })
	}
	if s.ContentEncoding != nil || s.ContentMediaType != nil {
		n.try("content", "string", func(x *jsonschema.Schema) {
			x.ContentEncoding, x.ContentMediaType, x.ContentSchema = s.ContentEncoding, s.ContentMediaType, s.ContentSchema
		})
	}
	if s.MultipleOf != nil {
		n.try("multipleOf", "number", func(x *jsonschema.Schema) { x.MultipleOf = s.MultipleOf })
	}
}

// bounds breaks what is counted: below the least, or above the most.
func (n *negation) bounds() {
	s := n.s
	number := func(word string, bound *big.Rat, put func(*jsonschema.Schema)) {
		if bound != nil {
			n.keep(word, func(x *jsonschema.Schema) { x.Types = typesOf("number"); put(x) })
		}
	}
	number("minimum", s.Minimum, func(x *jsonschema.Schema) { x.ExclusiveMaximum = s.Minimum })
	number("exclusiveMinimum", s.ExclusiveMinimum, func(x *jsonschema.Schema) { x.Maximum = s.ExclusiveMinimum })
	number("maximum", s.Maximum, func(x *jsonschema.Schema) { x.ExclusiveMinimum = s.Maximum })
	number("exclusiveMaximum", s.ExclusiveMaximum, func(x *jsonschema.Schema) { x.Minimum = s.ExclusiveMaximum })
	counts := []struct {
		kind        string
		least, most *int
		put         func(x *jsonschema.Schema, least, most *int)
	}{
		{"string", s.MinLength, s.MaxLength, func(x *jsonschema.Schema, least, most *int) { x.MinLength, x.MaxLength = least, most }},
		{"array", s.MinItems, s.MaxItems, func(x *jsonschema.Schema, least, most *int) { x.MinItems, x.MaxItems = least, most }},
		{"object", s.MinProperties, s.MaxProperties, func(x *jsonschema.Schema, least, most *int) { x.MinProperties, x.MaxProperties = least, most }},
	}
	for _, c := range counts {
		if c.least != nil && *c.least > 0 {
			n.keep(c.kind+" below", func(x *jsonschema.Schema) { x.Types = typesOf(c.kind); c.put(x, nil, new(*c.least-1)) })
		}
		if c.most != nil {
			n.keep(c.kind+" above", func(x *jsonschema.Schema) { x.Types = typesOf(c.kind); c.put(x, new(*c.most+1), nil) })
		}
	}
}

// objects breaks what is said of objects.
func (n *negation) objects() {
	s := n.s
	for _, name := range s.Required {
		n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.without(name)}})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		sub := s.Properties[name]
		n.keep("field "+name, func(x *jsonschema.Schema) {
			x.Types, x.Required = typesOf("object"), []string{name}
			x.Properties = map[string]*jsonschema.Schema{name: {DraftVersion: latest, Not: sub}}
		})
	}
	needs := needed(s)
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		for _, other := range needs[name] {
			n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.with(name), n.v.without(other)}})
		}
	}
	for _, r := range rulesOf(s) {
		if r.word == "dependentSchemas" {
			n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.with(r.name)}, not: r.subs})
		}
	}
	if s.PatternProperties != nil || s.AdditionalProperties != nil || s.PropertyNames != nil || s.UnevaluatedProperties != nil {
		n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.with(strangeField)}, fails: []*jsonschema.Schema{s}, rough: true})
	}
}

// strangeField is a name that no schema has.
const strangeField = "anotherField"

// arrays breaks what is said of lists.
func (n *negation) arrays() {
	s := n.s
	item, simple := s.Items2020, len(s.PrefixItems) == 0
	if x, ok := s.Items.(*jsonschema.Schema); ok {
		item = x
	}
	if simple && item != nil {
		n.keep("items", func(x *jsonschema.Schema) {
			x.Types, x.Contains = typesOf("array"), &jsonschema.Schema{DraftVersion: latest, Not: item}
		})
	}
	if s.Contains != nil && s.MinContains == nil && s.MaxContains == nil {
		n.keep("contains", func(x *jsonschema.Schema) {
			x.Types, x.Items2020 = typesOf("array"), &jsonschema.Schema{DraftVersion: latest, Not: s.Contains}
		})
	}
	if s.UniqueItems || !simple || s.Items != nil || s.MinContains != nil || s.MaxContains != nil || s.UnevaluatedItems != nil {
		n.out = append(n.out, alternative{keep: []*jsonschema.Schema{n.v.ofType("array")}, fails: []*jsonschema.Schema{s}})
	}
}

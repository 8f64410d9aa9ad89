package satisfy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// object makes an object of the fields that must be there, and of others until there are enough.
func (v *solver) object(b *branch) finding {
	least, most, atLeast, atMost := 0, -1, b.plain[0], b.plain[0]
	asks := map[string]*jsonschema.Schema{} // fields that must be there, by who asks for them
	for _, s := range b.plain {
		if s.MinProperties != nil && *s.MinProperties > least {
			least, atLeast = *s.MinProperties, s
		}
		if s.MaxProperties != nil && (most < 0 || *s.MaxProperties < most) {
			most, atMost = *s.MaxProperties, s
		}
		for _, name := range s.Required {
			asks[name] = s
		}
	}
	if most >= 0 && least > most {
		return excluded(atLeast, "minProperties is more than maxProperties")
	}
	b.follow(asks)
	if most >= 0 && len(asks) > most {
		return excluded(atMost, fmt.Sprintf("maxProperties is %d, and %d fields must be there at least", most, len(asks)))
	}
	fields, out := map[string]any{}, finding{state: found}
	for _, name := range slices.Sorted(maps.Keys(asks)) {
		f := v.field(b, name)
		switch f.state {
		case none:
			if f.why == "" {
				f = excluded(asks[name], "the field "+strconv.Quote(name)+" must be there and may not be there")
			}
			return f
		case unknown:
			out = finding{}
		}
		fields[name] = f.value
	}
	if least > maxLength {
		return finding{}
	}
	if len(fields) < least && !v.fill(b, fields, least, most) {
		if can := v.possible(b); can >= 0 && can < least {
			return excluded(atLeast, fmt.Sprintf("minProperties is %d, and %d fields may be there at most", least, can))
		}
		return finding{}
	}
	if out.value = fields; !b.takes(fields) {
		return finding{}
	}
	return out
}

// follow adds the fields that must be there because others are.
func (b *branch) follow(asks map[string]*jsonschema.Schema) {
	for more := true; more; {
		more = false
		for _, s := range b.plain {
			for name, list := range needed(s) {
				for _, other := range list {
					if asks[name] != nil && asks[other] == nil {
						asks[other], more = s, true
					}
				}
			}
		}
	}
}

// needed are the fields that must be there where another one is.
func needed(s *jsonschema.Schema) map[string][]string {
	out := maps.Clone(s.DependentRequired)
	for name, x := range s.Dependencies {
		if list, ok := x.([]string); ok {
			if out == nil {
				out = map[string][]string{}
			}
			out[name] = list
		}
	}
	return out
}

// field looks for the value of a field; without a reason it may not be there at all.
func (v *solver) field(b *branch, name string) finding {
	for _, s := range b.plain {
		if s.PropertyNames != nil && s.PropertyNames.Validate(name) != nil {
			return excluded(s, "")
		}
	}
	d := v.inside(b, name)
	for _, s := range d.keep {
		if s.Bool != nil && !*s.Bool {
			return excluded(s, "")
		}
	}
	return v.solve(d)
}

// inside is the demand of a field's value.
func (v *solver) inside(b *branch, name string) demand {
	d := demand{keep: []*jsonschema.Schema{anything}, depth: b.depth + 1}
	for _, s := range b.plain {
		d.keep = append(d.keep, schemasOf(s, name)...)
	}
	return d
}

var (
	anything = &jsonschema.Schema{DraftVersion: latest, Bool: new(true)}
	nothing  = &jsonschema.Schema{DraftVersion: latest, Bool: new(false)}
)

// schemasOf are those that the value of a field must keep because of one schema.
func schemasOf(s *jsonschema.Schema, name string) []*jsonschema.Schema {
	out, named := namedOf(s, name)
	switch x := s.AdditionalProperties.(type) {
	case *jsonschema.Schema:
		if !named {
			out = append(out, x)
		}
	case bool:
		if !named && !x {
			out = append(out, nothing)
		}
	}
	if s.UnevaluatedProperties != nil && !slices.ContainsFunc(inPlace(s), func(x *jsonschema.Schema) bool {
		_, named := namedOf(x, name)
		return named || x.AdditionalProperties != nil || x != s && x.UnevaluatedProperties != nil
	}) {
		out = append(out, s.UnevaluatedProperties)
	}
	return out
}

// namedOf are the schemas that properties and patternProperties give a field; named tells whether there are any.
func namedOf(s *jsonschema.Schema, name string) (out []*jsonschema.Schema, named bool) {
	if x, ok := s.Properties[name]; ok {
		out = append(out, x)
	}
	for p, x := range s.PatternProperties {
		if p.MatchString(name) {
			out = append(out, x)
		}
	}
	return out, len(out) > 0
}

// inPlace are the schemas that may look at the fields of the value that s applies to.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for todo := []*jsonschema.Schema{s}; len(todo) > 0; todo = todo[1:] {
		x := todo[0]
		if x == nil || slices.Contains(out, x) {
			continue
		}
		out = append(out, x)
		todo = append(todo, x.Ref, x.If, x.Then, x.Else)
		todo = append(append(append(todo, x.AllOf...), x.AnyOf...), x.OneOf...)
		for _, r := range rulesOf(x) {
			if r.word == "dependentSchemas" {
				todo = append(todo, r.subs...)
			}
		}
	}
	return out
}

// names are the fields that the schemas of a branch name.
func (b *branch) names() []string {
	all := map[string]bool{}
	for _, s := range b.plain {
		for _, x := range inPlace(s) {
			for name := range x.Properties {
				all[name] = true
			}
			if x.PropertyNames != nil {
				for _, y := range append(values(x.PropertyNames), nil) {
					if name, ok := y.(string); ok {
						all[name] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// fill adds fields until there are enough: those that are named, those that patterns name, and others.
func (v *solver) fill(b *branch, fields map[string]any, least, most int) bool {
	names := b.names()
	for _, s := range b.plain {
		for p := range s.PatternProperties {
			like := v.need(fmt.Sprintf("like %p", p), func(s *jsonschema.Schema) { s.Pattern = p })
			names = append(names, v.namesThatKeep(like, least)...)
		}
		if s.PropertyNames != nil {
			names = append(names, v.namesThatKeep(s.PropertyNames, least)...)
		}
	}
	for i := range least {
		names = append(names, fmt.Sprintf("%s%d", strangeField, i+1))
	}
	for _, name := range names {
		if len(fields) >= least {
			break
		}
		v.addField(b, fields, name, most)
	}
	return len(fields) >= least
}

// addField adds a field with those that it needs, where all may be there.
func (v *solver) addField(b *branch, fields map[string]any, name string, most int) {
	asks := map[string]*jsonschema.Schema{name: anything}
	for have := range fields {
		asks[have] = anything
	}
	if b.follow(asks); most >= 0 && len(asks) > most {
		return
	}
	more := map[string]any{}
	for other := range asks {
		if _, there := fields[other]; there {
			continue
		}
		f := v.field(b, other)
		if f.state != found {
			return
		}
		more[other] = f.value
	}
	maps.Copy(fields, more)
}

// namesThatKeep are some names that keep a schema.
func (v *solver) namesThatKeep(s *jsonschema.Schema, n int) (out []string) {
	var avoid []any
	for range min(n, 20) {
		f := v.solve(demand{keep: []*jsonschema.Schema{s, v.ofType("string")}, avoid: avoid, depth: -1})
		name, ok := f.value.(string)
		if f.state != found || !ok {
			break
		}
		out, avoid = append(out, name), append(slices.Clone(avoid), name)
	}
	return out
}

// possible counts the fields that there may be at most; -1: any number.
func (v *solver) possible(b *branch) int {
	names := b.names()
	if slices.Contains(names, strangeField) {
		return -1
	}
	for _, s := range b.plain {
		closed := v.field(&branch{plain: []*jsonschema.Schema{s}, depth: b.depth}, strangeField).state == none
		patterns := slices.ContainsFunc(inPlace(s), func(x *jsonschema.Schema) bool { return len(x.PatternProperties) > 0 })
		if s.PropertyNames != nil {
			closed, patterns = values(s.PropertyNames) != nil, false
		}
		if !closed || patterns {
			continue
		}
		n := 0
		for _, name := range names {
			if v.field(b, name).state != none {
				n++
			}
		}
		return n
	}
	return -1
}

// values are those that enum or const names.
func values(s *jsonschema.Schema) []any {
	switch {
	case s.Const != nil:
		return []any{*s.Const}
	case s.Enum != nil:
		return s.Enum.Values
	}
	return nil
}

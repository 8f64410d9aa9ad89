package schema

import (
	"slices"
	"sort"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/expr"
)

// shapes returns the schemas that may apply to the same value as s: s itself and what it refers to, joins and chooses from.
func shapes(s *jsonschema.Schema) []*jsonschema.Schema {
	return allBelow(s, func(x *jsonschema.Schema) []*jsonschema.Schema {
		return slices.DeleteFunc(samePlace(x), func(sub *jsonschema.Schema) bool { return sub == x.Not })
	})
}

// each returns what a step leads to from some schemas.
func each(list []*jsonschema.Schema, step func(*jsonschema.Schema) []*jsonschema.Schema) (out []*jsonschema.Schema) {
	for _, x := range list {
		out = append(out, step(x)...)
	}
	return out
}

// named returns the schemas of a field among those that apply to its object.
func named(list []*jsonschema.Schema, name string) []*jsonschema.Schema {
	return each(list, func(x *jsonschema.Schema) []*jsonschema.Schema { return shapes(x.Properties[name]) })
}

// items returns the schemas of a list's items among those that apply to the list.
func items(list []*jsonschema.Schema) []*jsonschema.Schema {
	return each(list, func(x *jsonschema.Schema) []*jsonschema.Schema {
		all, _ := x.Items.([]*jsonschema.Schema)
		one, _ := x.Items.(*jsonschema.Schema)
		return each(slices.Concat(all, x.PrefixItems, []*jsonschema.Schema{one, x.Items2020}), shapes)
	})
}

// Known tells whether the schema has the path. Where it lists no fields at all, or allows others by a rule,
// everything is known. names are what it has instead, at the first step that it does not know.
func (s *Schema) Known(abs []expr.Step) (ok bool, at int, names []string) {
	now := shapes(s.root)
	for i, step := range abs {
		if step.Name == "" {
			if now = items(now); len(now) == 0 {
				return true, 0, nil
			}
			continue
		}
		var next []*jsonschema.Schema
		open, seen := true, map[string]bool{}
		for _, x := range now {
			for name, sub := range x.Properties {
				open = false
				if !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
				if name == step.Name {
					next = append(next, shapes(sub)...)
				}
			}
		}
		for _, x := range now {
			if _, extra := x.AdditionalProperties.(*jsonschema.Schema); extra || len(x.PatternProperties) > 0 {
				open = true
			}
		}
		if !hasProperties(now) && len(items(now)) > 0 {
			return false, i, nil // a list has no fields of its own
		}
		switch {
		case len(next) > 0:
			now, names = next, nil
		case open:
			return true, 0, nil
		default:
			sort.Strings(names)
			return false, i, names
		}
	}
	return true, 0, nil
}

// Under is the dotted path of a name below another.
func Under(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

func anyIn(list []*jsonschema.Schema, set map[*jsonschema.Schema]bool) bool {
	for _, s := range list {
		if set[s] {
			return true
		}
	}
	return false
}

// ThroughLists puts an index wherever the path steps from a list straight to a field of its items.
func (s *Schema) ThroughLists(abs []expr.Step) []expr.Step {
	var out []expr.Step
	now := shapes(s.root)
	for _, step := range abs {
		for range 8 { // lists of lists
			if it := items(now); step.Name != "" && len(it) > 0 && !hasProperties(now) {
				out, now = append(out, expr.Step{Loop: -1, Item: true}), it
				continue
			}
			break
		}
		out = append(out, step)
		if step.Name == "" {
			now = items(now)
			continue
		}
		now = named(now, step.Name)
	}
	return out
}

func hasProperties(list []*jsonschema.Schema) bool {
	for _, s := range list {
		if len(s.Properties) > 0 {
			return true
		}
	}
	return false
}

package schema

import (
	"slices"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr"
)

// Content reads what the schema surely says of a path. Branches that may or may not apply say nothing.
func (s *Schema) Content(abs []expr.Step) connectors.Content {
	now, present := mustKeep(s.root), true
	for _, step := range abs {
		if step.Name == "" {
			now, present = sureItems(now), step.Loop >= 0 // an item that each walks to is there
			continue
		}
		var next []*jsonschema.Schema
		required, open := false, false
		for _, x := range now {
			required = required || slices.Contains(x.Required, step.Name)
			open = open || conditional(x)
			if sub, ok := x.Properties[step.Name]; ok {
				next = append(next, mustKeep(sub)...)
			}
		}
		if len(next) == 0 {
			return connectors.Content{}
		}
		if !required && open { // something else may require it
			present = true
		} else {
			present = present && required
		}
		now = next
	}
	c := connectors.Content{Absent: !present}
	for _, x := range now {
		contentOf(x, &c)
	}
	return c
}

// conditional tells whether a schema has rules that only sometimes apply.
func conditional(x *jsonschema.Schema) bool {
	return len(x.AnyOf) > 0 || len(x.OneOf) > 0 || x.If != nil || x.Not != nil || len(x.Dependencies) > 0 || len(x.DependentRequired) > 0 ||
		len(x.DependentSchemas) > 0 || x.DynamicRef != nil || x.RecursiveRef != nil
}

var jsonKinds = map[string]connectors.Kind{"string": connectors.Text, "integer": connectors.Integer, "number": connectors.Decimal, "boolean": connectors.Boolean}

func contentOf(x *jsonschema.Schema, c *connectors.Content) {
	if x.Types != nil {
		types := slices.DeleteFunc(x.Types.ToStrings(), func(t string) bool { c.Null = c.Null || t == "null"; return t == "null" })
		if len(types) == 1 {
			c.Kind = jsonKinds[types[0]]
		}
	}
	if x.MaxLength != nil && (c.MaxLength == 0 || *x.MaxLength < c.MaxLength) {
		c.MaxLength = *x.MaxLength
	}
	if x.MinLength != nil {
		c.MinLength = max(c.MinLength, *x.MinLength)
	}
	words := []any{}
	if x.Enum != nil {
		words = x.Enum.Values
	} else if x.Const != nil {
		words = []any{*x.Const}
	}
	least, most := 0, 0
	for i, w := range words {
		s, ok := w.(string)
		if !ok {
			return
		}
		n := utf8.RuneCountInString(s)
		if most = max(most, n); i == 0 || n < least {
			least = n
		}
	}
	if len(words) > 0 {
		c.Kind, c.MinLength, c.MaxLength = connectors.Text, least, most
	}
}

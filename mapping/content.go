package mapping

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/connectors"
)

// content tells what the values of a field may be before any form has come: by its declared type, by a constant, or
// by the form's schema where the field is a plain path into it.
func (p *Plan) content(f *field) connectors.Content {
	var c connectors.Content
	switch {
	case f.x.konst != nil:
		c = constantContent(*f.x.konst)
	case f.x.path != nil && p.schema != nil:
		c = p.schema.content(f.x.path.abs)
	case f.x.path == nil && f.x.ref != nil:
		return c
	case f.x.may != nil && f.x.may.least > 0: // a text that was padded or put together
		c.Kind, c.MinLength = connectors.Text, f.x.may.least
	}
	if f.def != nil { // what is missing or null becomes something else, which may be of any length
		c.Absent, c.Null, c.MinLength = false, false, 0
		d := connectors.Content{}
		if f.def.konst != nil {
			d = constantContent(*f.def.konst)
		}
		if d.Kind != c.Kind {
			c = connectors.Content{}
		} else if c.MaxLength > 0 {
			c.MaxLength = max(c.MaxLength, d.MaxLength)
		}
		c.Value = nil
	}
	f.typ.narrow(&c)
	return c
}

// narrow adds what the declared type and the rules for nothing say.
func (t *fieldType) narrow(c *connectors.Content) {
	if t.kind != kMissing && connectors.Kind(t.kind) != c.Kind {
		*c = connectors.Content{Kind: connectors.Kind(t.kind), Absent: c.Absent, Null: c.Null}
	}
	switch {
	case t.kind == kText && t.size > 0 && (c.MaxLength == 0 || c.MaxLength > t.size):
		c.MaxLength, c.MinLength = t.size, min(c.MinLength, t.size)
	case t.kind == kDec && t.size > 0:
		c.Digits, c.Scale = t.size-t.scale, max(t.scale, 0)
	case t.kind == kInt && t.size > 0:
		c.Digits = t.size
	}
	absent, null := c.Absent, c.Null
	c.Absent = absent && (t.onMissing == "" || t.onMissing == "omit") || null && t.onNull == "omit"
	c.Null = null && (t.onNull == "" || t.onNull == "null") || absent && t.onMissing == "null" || t.onEmpty == "null"
	c.Absent = c.Absent || t.onEmpty == "omit"
}

func constantContent(v value) connectors.Content {
	out := connectors.Content{Kind: connectors.Kind(v.k)}
	if v.k > kRef {
		return connectors.Content{}
	}
	out.Value = &connectors.Value{Kind: out.Kind, Str: v.s, Int: v.i}
	if v.k == kNull {
		out.Kind, out.Null = connectors.Missing, true
	}
	if v.k == kInt {
		out.Digits = len(strings.TrimPrefix(strconv.FormatInt(v.i, 10), "-"))
	}
	if v.k == kText {
		out.MinLength = utf8.RuneCountInString(v.s)
		out.MaxLength = out.MinLength
	}
	return out
}

// content reads what the schema surely says of a path. Branches that may or may not apply say nothing.
func (s *schemaCheck) content(abs []seg) connectors.Content {
	now, present := surely(s.root), true
	for _, step := range abs {
		if step.name == "" {
			now, present = sureItems(now), step.loop >= 0 // an item that each walks to is there
			continue
		}
		var next []*jsonschema.Schema
		required, open := false, false
		for _, x := range now {
			required = required || slices.Contains(x.Required, step.name)
			open = open || conditional(x)
			if sub, ok := x.Properties[step.name]; ok {
				next = append(next, surely(sub)...)
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

// surely returns the schemas that apply to every value of s.
func surely(s *jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for todo := []*jsonschema.Schema{s}; len(todo) > 0 && len(out) < maxBranches; todo = todo[1:] {
		x := todo[0]
		if x == nil || slices.Contains(out, x) {
			continue
		}
		out = append(out, x)
		todo = append(append(todo, x.Ref), x.AllOf...)
	}
	return out
}

// sureItems returns the schemas that apply to every item of a list.
func sureItems(list []*jsonschema.Schema) []*jsonschema.Schema {
	var out []*jsonschema.Schema
	for _, x := range list {
		if it, ok := x.Items.(*jsonschema.Schema); ok {
			out = append(out, surely(it)...)
		}
		if x.Items2020 != nil && len(x.PrefixItems) == 0 {
			out = append(out, surely(x.Items2020)...)
		}
	}
	return out
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

package schema

import (
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	rules "github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// meant are the alternatives that a form may have meant: those that are left where each of them names the values of one field, as
// {"kind": {"const": "person"}} does, by which they are told apart. names are such fields where none is left.
func (e *schemaErrors) meant(ve *jsonschema.ValidationError) (left []*jsonschema.ValidationError, names []string) {
	alternatives := e.alternatives(ve)
	for _, a := range ve.Causes {
		other := slices.DeleteFunc(unlike(a, len(ve.InstanceLocation)), func(name string) bool { return !tellsApart(alternatives, name) })
		if len(other) == 0 {
			left = append(left, a)
		}
		names = append(names, other...)
	}
	if len(left) > 0 {
		return left, nil
	}
	slices.Sort(names)
	return ve.Causes, slices.Compact(names)
}

// unlike are the fields of the object at a depth that have none of the values that an alternative names.
func unlike(ve *jsonschema.ValidationError, depth int) (names []string) {
	switch ve.ErrorKind.(type) {
	case *rules.AnyOf, *rules.OneOf:
		return nil
	case *rules.Const, *rules.Enum:
		if len(ve.InstanceLocation) == depth+1 {
			return []string{ve.InstanceLocation[depth]}
		}
	}
	for _, c := range ve.Causes {
		names = append(names, unlike(c, depth)...)
	}
	return names
}

// alternatives are those of a schema.
func (e *schemaErrors) alternatives(ve *jsonschema.ValidationError) []*jsonschema.Schema {
	if e.schema == nil {
		return nil
	}
	all := allBelow(e.schema.root, below)
	i := slices.IndexFunc(all, func(s *jsonschema.Schema) bool { return s.Location == ve.SchemaURL })
	if _, any := ve.ErrorKind.(*rules.AnyOf); any && i >= 0 {
		return all[i].AnyOf
	} else if i >= 0 {
		return all[i].OneOf
	}
	return nil
}

// tellsApart tells whether each of some alternatives names the values of a field.
func tellsApart(alternatives []*jsonschema.Schema, name string) bool {
	for _, a := range alternatives {
		if !slices.ContainsFunc(named(shapes(a), name), func(s *jsonschema.Schema) bool { return s.Const != nil || s.Enum != nil }) {
			return false
		}
	}
	return len(alternatives) > 0
}

// lackingOneOf says which fields must be there where each of some alternatives asks for others.
func lackingOneOf(alternatives []*jsonschema.ValidationError) string {
	var asked []string
	for _, a := range alternatives {
		for len(a.Causes) == 1 {
			a = a.Causes[0]
		}
		if r, ok := a.ErrorKind.(*rules.Required); ok {
			asked = append(asked, strings.Join(r.Missing, " and "))
		}
	}
	if len(asked) == 0 || len(asked) < len(alternatives) {
		return ""
	}
	return ": there must be " + strings.Join(asked, ", or ")
}

// nearest is the cause whose errors lie deepest: the branch that the sender meant. Without a clear one, none.
func nearest(causes []*jsonschema.ValidationError) *jsonschema.ValidationError {
	var best *jsonschema.ValidationError
	top, tie := -1, false
	for _, c := range causes {
		d := depth(c)
		switch {
		case d > top:
			best, top, tie = c, d, false
		case d == top:
			tie = true
		}
	}
	if tie {
		return nil
	}
	return best
}

func depth(ve *jsonschema.ValidationError) int {
	d := len(ve.InstanceLocation)
	for _, c := range ve.Causes {
		d = max(d, depth(c))
	}
	return d
}

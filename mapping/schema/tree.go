package schema

import (
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxFields bounds how many fields of a schema whose branches multiply are listed.
const maxFields = 2000

// Field is one place of a form with what is known of it: by a schema, or by samples.
type Field struct {
	Below   map[string]*Field // the fields of an object
	Items   *Field            // of a list: what is known of its items
	Types   map[string]bool   // JSON types of its values: string, number, integer, boolean, null
	Longest int               // characters of a text at most; 0: not known
	Format  string            // of a text, such as date
	Fixed   bool              // the same in every form, or one of a few words
	Samples []string          // texts of samples
}

// Tree returns what the schema knows of a form. Where it leads back into itself the walk ends.
func (s *Schema) Tree() *Field {
	w := &treeWalk{}
	return w.place(shapes(s.root), map[*jsonschema.Schema]bool{})
}

// treeWalk counts the fields of a walk, which end somewhere also where the branches of a schema multiply.
type treeWalk struct{ fields int }

// place makes the field of some schemas that apply to the same value; trail are those that were walked through on the way.
func (w *treeWalk) place(now []*jsonschema.Schema, trail map[*jsonschema.Schema]bool) *Field {
	f := &Field{Types: map[string]bool{}}
	inner := maps.Clone(trail)
	for _, x := range now {
		inner[x] = true
		f.scalar(x)
	}
	if it := items(now); len(it) > 0 && !anyIn(it, trail) {
		f.Items = w.place(it, inner)
		return f
	}
	for _, x := range now {
		for _, name := range slices.Sorted(maps.Keys(x.Properties)) {
			if f.Below == nil {
				f.Below = map[string]*Field{}
			}
			sub := x.Properties[name]
			if next := named(now, name); f.Below[name] == nil && sub != nil && sub.Bool == nil && !anyIn(next, trail) && w.fields <= maxFields {
				f.Below[name] = w.place(next, inner)
			}
		}
	}
	if f.Below == nil {
		w.fields++
	}
	return f
}

// scalar takes in what one schema says of the values of a place.
func (f *Field) scalar(x *jsonschema.Schema) {
	if x.Types != nil {
		for _, t := range x.Types.ToStrings() {
			f.Types[t] = true
		}
	}
	if x.MaxLength != nil {
		f.Longest = max(f.Longest, *x.MaxLength)
	}
	if x.Format != nil {
		f.Format = x.Format.Name
	}
	f.Fixed = f.Fixed || x.Enum != nil || x.Const != nil
}

// FieldsOf returns the ways to all values that the schema names, without indexes, sorted.
func (s *Schema) FieldsOf() (found [][]string) {
	var walk func(f *Field, at []string)
	walk = func(f *Field, at []string) {
		if f.Items != nil {
			walk(f.Items, at)
			return
		}
		for name, sub := range f.Below {
			walk(sub, append(slices.Clip(at), name))
		}
		if f.Below == nil && len(at) > 0 {
			found = append(found, at)
		}
	}
	walk(s.Tree(), nil)
	slices.SortFunc(found, slices.Compare[[]string])
	return found
}

// Package sketch makes a first mapping of what is known of a form, and of the tables that it shall go to: proposals by name
// and type, and a TODO at the line of whatever cannot be proposed.
package sketch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/shape"
)

// Input is what a mapping is made of.
type Input struct {
	File   string // its name without folder and ending
	Target string
	Schema string   // of the form, as the mapping names it; empty: none
	Tests  []string // samples, as the mapping names them
	Form   *Form
	Table  string             // of the form's own fields; empty: the mapping's name
	Lists  map[string]string  // tables of lists, by the list's name
	Tables []connectors.Table // what the target has; nil: not known, columns are made of the form's fields
}

// Sketch is a mapping that was made.
type Sketch struct {
	Text      []byte
	Open      int    // TODOs in it
	Reference string // expression of the reference that was proposed; empty: none was found
	Empty     bool   // there is nothing that it could write
}

// sketcher makes one mapping.
type sketcher struct {
	in        Input
	blocks    []*block
	given     map[string]bool // names of writes and items
	open      []leaf          // fields for which no column was found
	reference string          // expression of the field by which a form is known; empty: none
	asText    bool            // it is a number
}

// block is the fields that go to one table: the form's own, or those of a list's items.
type block struct {
	as, table string
	known     *connectors.Table // nil: its columns are made of the form's fields
	list      string            // name of the list; empty: the form itself
	each      []string
	outer     *block
	leaves    []leaf
	fields    []field
	notes     []string // columns that are left out
	key       []string
	returning []string
}

// leaf is one value of the form.
type leaf struct {
	expr string
	form string   // the same from the form on, without items of lists
	path []string // keys from the block's beginning
	at   *schema.Field
	why  string // it cannot be written to a column as it is
}

// field is one line of fields.
type field struct {
	column, expr, typ string
	comment           string
}

const todo = "TODO"

// Make makes the mapping.
func Make(in Input) Sketch {
	s := &sketcher{in: in, given: map[string]bool{"form": true, "submission": true, "attachments": true, "TODO": true}}
	maps.Copy(s.given, expr.Reserved)
	name := MappingName(in.File)
	main := &block{as: s.unique(identifier(strings.Map(wordRune, name), "form")), table: cmp.Or(in.Table, TableName(in.File))}
	s.blocks = append(s.blocks, main)
	s.collect(main, in.Form.Fields, way{"form", "form", nil})
	s.findReference(main)
	for _, b := range s.blocks {
		if in.Tables != nil {
			s.place(b)
		} else {
			s.shape(b)
		}
	}
	return s.write(name)
}

// wordRune makes a word of a mapping's name.
func wordRune(r rune) rune {
	if r == '.' || r == '-' {
		return '_'
	}
	return r
}

// unique gives a name that was given before a number.
func (s *sketcher) unique(name string) string {
	given := name
	for n := 2; s.given[given]; n++ {
		given = fmt.Sprint(name, n)
	}
	s.given[given] = true
	return given
}

// scalars are the types of a place's single values but for null.
func scalars(f *schema.Field) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f.Types)), func(t string) bool { return t == "null" || t == "object" || t == "array" })
}

// way is how a place is reached: by expressions, from what the block is about and from the form, and by keys.
type way struct {
	at, form string
	path     []string
}

func (w way) to(key string) way {
	return way{member(w.at, key), member(w.form, key), append(slices.Clone(w.path), key)}
}

// collect sorts the values of a place into blocks.
func (s *sketcher) collect(b *block, f *schema.Field, w way) {
	leafOf := func(why string) { b.leaves = append(b.leaves, leaf{w.at, w.form, w.path, f, why}) }
	switch kinds := kindsOf(f); {
	case len(kinds) > 1:
		leafOf("it is " + strings.Join(kinds, " in one form and ") + " in another; form.a.b ?? form.a reads both")
	case f.Items != nil:
		s.list(b, f, w)
	case f.Below != nil:
		for _, k := range slices.Sorted(maps.Keys(f.Below)) {
			to := w.to(k)
			if s.in.Form.Shape != "" && w.at == "form" && k == shape.Answers {
				to.path = nil // columns are not called so
			}
			s.collect(b, f.Below[k], to)
		}
	case f.Types["object"] || f.Types["array"]:
		leafOf("it is " + kinds[0] + " of which nothing more is known")
	case w.at != "form":
		leafOf("")
	}
}

// kindsOf says in words what may stand at a place, where that is more than one thing.
func kindsOf(f *schema.Field) (kinds []string) {
	if f.Below != nil || f.Types["object"] {
		kinds = append(kinds, "an object")
	}
	if f.Items != nil || f.Types["array"] {
		kinds = append(kinds, "a list")
	}
	for _, t := range scalars(f) {
		if t == "integer" {
			t = "number"
		}
		if kind := map[string]string{"string": "a text", "number": "a number", "boolean": "true or false"}[t]; !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// list makes a block of a list's items, and one value of texts.
func (s *sketcher) list(b *block, f *schema.Field, w way) {
	if f.Items.Below == nil && f.Items.Items == nil && w.at != "form" {
		l := leaf{w.at + ` | join(", ")`, w.form, w.path, f, ""}
		if kinds := kindsOf(f.Items); len(kinds) > 1 || len(f.Items.Types) == 0 {
			if l.why = "no sample has an item in it"; len(kinds) > 1 {
				l.why = "its items are " + strings.Join(kinds, " and ")
			}
		}
		b.leaves = append(b.leaves, l)
		return
	}
	name := cmp.Or(b.list, "form")
	if len(w.path) > 0 {
		name = w.path[len(w.path)-1]
	}
	item := s.unique(identifier(name, "list") + "Item")
	each, items := append(slices.Clone(b.each), item+" in "+w.at), way{item, w.form, nil}
	if w.at == "form" { // the form is the list
		b.each = each
		s.collect(b, f.Items, items)
		return
	}
	inner := &block{as: s.unique(identifier(name, "list")), list: name, each: each, outer: b, table: b.table + "_" + cmp.Or(columnOf(w.path), "LIST")}
	s.blocks = append(s.blocks, inner)
	s.collect(inner, f.Items, items)
}

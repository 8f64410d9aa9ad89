package workbench

import (
	"encoding/json"
	"fmt"
	"maps"
	slashpath "path"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/shape"
	"github.com/inbasket/inbasket/mapping/source"
)

// maxSamples bounds the samples that are read for the names of fields.
const maxSamples = 20

// fields is what is known of forms: by their schema, and by the samples of tests. It knows the fields also while the mapping is wrong.
func (b *Bench) fields(spec *source.Mapping) *schema.Field {
	root := &schema.Field{Types: map[string]bool{}}
	if name := spec.Input.Schema; name != "" {
		if s, err := schema.New(name, b.beside, nil); err == nil {
			root = s.Tree()
		}
	}
	read := 0
	for _, t := range spec.Tests {
		if t.Form == "" || read == maxSamples {
			continue
		}
		if raw, err := b.beside(t.Form); err == nil {
			if tree, ok := plainForm(spec, raw); ok {
				read++
				add(root, tree)
			}
		}
	}
	return root
}

// plainForm decodes a form as the mapping says, also where the rest of it is wrong.
func plainForm(spec *source.Mapping, raw []byte) (tree any, ok bool) {
	in := &spec.Input
	options := in.Options
	options.Limits = in.Limits.Limits
	s := shape.Named(in.Shape)
	if s != nil {
		options.Lists = shape.Decoded(in.Lists)
	}
	tree, err := decode.Decode(in.Format, raw, options)
	if err == nil && s != nil {
		lists := slices.Clone(in.Lists)
		for i := range lists {
			lists[i] = strings.TrimPrefix(lists[i], "form.")
		}
		tree, err = s.Plain(tree, lists)
	}
	return tree, err == nil
}

// add puts the fields of a sample to those that are known.
func add(f *schema.Field, v any) {
	switch v := v.(type) {
	case map[string]any:
		if f.Below == nil {
			f.Below = map[string]*schema.Field{}
		}
		for name, sub := range v {
			if f.Below[name] == nil {
				f.Below[name] = &schema.Field{Types: map[string]bool{}}
			}
			add(f.Below[name], sub)
		}
	case []any:
		if f.Items == nil {
			f.Items = &schema.Field{Types: map[string]bool{}}
		}
		for _, item := range v {
			add(f.Items, item)
		}
	case string:
		f.Types["string"] = true
	case bool:
		f.Types["boolean"] = true
	case json.Number:
		f.Types["number"] = !f.Types["integer"]
	case nil:
		f.Types["null"] = true
	}
}

// fieldAt follows a dotted way, through lists; nil where nothing is known.
func fieldAt(f *schema.Field, way string) *schema.Field {
	if way == "" {
		return f
	}
	for _, name := range strings.Split(way, ".") {
		if f = item(f); f == nil {
			return nil
		}
		f = f.Below[name]
	}
	return f
}

// item is what the items of a list are, or of lists in lists; else the field itself.
func item(f *schema.Field) *schema.Field {
	for f != nil && f.Items != nil {
		f = f.Items
	}
	return f
}

// told says in words what a field is.
func told(f *schema.Field) string {
	switch {
	case f == nil:
		return "not known"
	case f.Items != nil:
		return "list"
	case f.Below != nil:
		return "object"
	}
	types := slices.DeleteFunc(slices.Sorted(maps.Keys(f.Types)), func(t string) bool { return !f.Types[t] })
	text := strings.Join(types, " or ")
	if text == "" {
		text = "any value"
	}
	if f.Format != "" {
		text += " (" + f.Format + ")"
	}
	if f.Longest > 0 {
		text += fmt.Sprintf(", at most %d characters", f.Longest)
	}
	return text
}

// below are the fields of an object, or of a list's items.
func fieldsBelow(f *schema.Field) (items []Item) {
	if f = item(f); f == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.Below)) {
		label := name
		if !expr.WordPattern.MatchString(name) {
			label = fmt.Sprintf("[%q]", name)
		}
		items = append(items, Item{Label: label, Kind: Field, Detail: told(f.Below[name])})
	}
	return items
}

// snapshot are the columns of a table, as inbasket snapshot has written them beside the mapping; none where it has not.
func (b *Bench) snapshot(target, table string) (all []connectors.Column) {
	raw, err := b.beside(strings.TrimSuffix(b.Name, slashpath.Ext(b.Name)) + ".catalog.json")
	var targets map[string]struct {
		Tables []struct {
			Name    string
			Columns []connectors.Column
		}
	}
	if err != nil || json.Unmarshal(raw, &targets) != nil {
		return nil
	}
	for _, t := range targets[target].Tables {
		if t.Name == table {
			all = append(all, t.Columns...)
		}
	}
	return all
}

// columns are what is known of what a write writes to: by a snapshot of its table, or by its layout.
func (b *Bench) columns(spec *source.Mapping, w *source.Write) (all []connectors.Column) {
	if w.Table != "" {
		return b.snapshot(w.To, w.Table)
	}
	n, _ := spec.Layouts.Get(w.Layout)
	if n == nil {
		return nil
	}
	if file, named := n.Get("file"); named && len(n.Pairs) == 1 {
		raw, err := b.beside(file.Text)
		if err != nil {
			return nil
		}
		own, _ := diag.Parse(file.Text, raw)
		n = own.Root()
	}
	var layout encode.Spec
	n.Decode(&layout)
	fields := layout.Fields
	if r, has := layout.Records[w.As]; has {
		fields = r.Fields
	}
	for _, f := range fields {
		if f.Name != "" {
			c := connectors.Column{Name: f.Name, Type: f.Type}
			if c.Type == "" {
				c.Type = "text"
			}
			if f.Width > 0 {
				c.Type += fmt.Sprintf(", %d bytes", f.Width)
			}
			all = append(all, c)
		}
	}
	return all
}

package workbench

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/source"
)

// Kind is what a name or an item of a completion is.
type Kind string

// The kinds.
const (
	Key      Kind = "key"      // of the mapping file
	Word     Kind = "word"     // one of those that a key takes
	Root     Kind = "root"     // form, submission, attachments
	Field    Kind = "field"    // of the form
	Let      Kind = "let"      // a name of let
	Row      Kind = "item"     // of each
	Returned Kind = "returned" // a write that returns columns, and they
	Argument Kind = "argument" // of an own helper
	Helper   Kind = "helper"
	Lookup   Kind = "lookup"
	Column   Kind = "column"
	Target   Kind = "target"
)

// Item is one of those that may be written at a place.
type Item struct {
	Label  string
	Kind   Kind
	Detail string // in a few words
	Doc    string
}

// Completion is what may be written at a place, instead of what stands there from a column on.
type Completion struct {
	From  int // byte of the line
	Items []Item
}

// The ends of half an expression: a name of a lookup, a helper behind a pipe, a member of something, the beginning of a name.
var (
	inLookup  = regexp.MustCompile(`lookup\(\s*(?:[^"']*,\s*)?["']([^"']*)$`)
	afterPipe = regexp.MustCompile(`(?:^|[^|])\|\s*([A-Za-z_]\w*)?$`)
	ofMember  = regexp.MustCompile(`([A-Za-z_#][\w]*(?:\??\.\w+|\[(?:\d+|"[^"]*")\])*)\??\.(\w*)$`)
	ofItem    = regexp.MustCompile(`(?:^|[^\w.)\]"'#])#?\.(\w*)$`)
	ofName    = regexp.MustCompile(`(?:^|[^\w."'#])([A-Za-z_]\w*)?$`)
)

// Complete tells what may be written at a place; line and column, in bytes, count from 0.
func (b *Bench) Complete(line, column int) (c Completion) {
	guarded(func() { c = b.complete(line, column) })
	return c
}

func (b *Bench) complete(line, column int) Completion {
	text := b.text()
	lines := strings.Split(text, "\n")
	if line < 0 || line >= len(lines) || column < 0 || column > len(lines[line]) || strings.HasPrefix(strings.TrimSpace(lines[line]), "#") {
		return Completion{}
	}
	p := placeAt(lines, line, column)
	spec := b.read(text, line)
	of := kindsAt(p.path)
	var items []Item
	word := strings.TrimLeft(p.text, " ")
	if p.key {
		items = append(b.keys(&spec, p.path), of.keys()...)
	}
	items = append(items, of.words()...)
	items = append(items, b.references(&spec, p.path)...)
	if isExpression(p.path, of) {
		found, typed := b.expression(&spec, p)
		items, word = append(items, found...), typed
	}
	starts := func(i Item) bool { return strings.HasPrefix(strings.ToLower(i.Label), strings.ToLower(word)) }
	items = slices.DeleteFunc(items, func(i Item) bool { return !starts(i) })
	return Completion{From: column - len(word), Items: items}
}

// isExpression tells whether the value at a path is one; the keys of texts are such, too.
func isExpression(path []any, of kinds) bool { return of.expression() || within(path, "input/texts") }

// keys are those of a place that the mapping, or what it writes to, has names for.
func (b *Bench) keys(spec *source.Mapping, path []any) (items []Item) {
	switch {
	case within(path, "write/*/fields"):
		if i, _ := path[1].(int); i < len(spec.Write) {
			for _, c := range b.columns(spec, &spec.Write[i]) {
				if _, there := spec.Write[i].Fields.Get(c.Name); !there {
					items = append(items, Item{Label: c.Name, Kind: Column, Detail: columnTold(c)})
				}
			}
		}
	case within(path, "order"):
		items = b.references(spec, []any{"write", 0, "to"})
	case within(path, "tests/*/expect"), within(path, "tests/*/returns"):
		for _, w := range spec.Write {
			items = append(items, Item{Label: w.As, Kind: Returned, Detail: objectOf(&w)})
		}
	case within(path, "tests/*/expect/*/*"):
		for _, w := range spec.Write {
			if path[3] == any(w.As) {
				for _, f := range w.Fields.Keys() {
					items = append(items, Item{Label: f, Kind: Column})
				}
			}
		}
	}
	return items
}

// columnTold says in words what a column is.
func columnTold(c connectors.Column) string {
	text := c.Type
	if c.Required {
		text += ", not null"
	}
	if c.Numbered {
		text += ", numbered by the database"
	}
	return text
}

// objectOf is what a write writes to.
func objectOf(w *source.Write) string {
	return strings.TrimSpace(w.To + " " + w.Table + w.Layout + w.Document)
}

// references are names of the mapping and of the configuration that a key takes.
func (b *Bench) references(spec *source.Mapping, path []any) (items []Item) {
	add := func(kind Kind, names ...string) {
		for _, n := range names {
			items = append(items, Item{Label: n, Kind: kind})
		}
	}
	switch {
	case within(path, "write/*/to"), within(path, "answer/from"):
		if b.Catalog != nil {
			add(Target, b.Catalog.Targets()...)
			return items
		}
		seen := map[string]bool{}
		for _, w := range spec.Write {
			seen[w.To] = true
		}
		delete(seen, "")
		add(Target, slices.Sorted(maps.Keys(seen))...)
	case within(path, "write/*/layout"):
		add(Word, spec.Layouts.Keys()...)
	case within(path, "write/*/under"):
		for _, w := range spec.Write {
			add(Returned, w.As)
		}
	case within(path, "write/*/key"), within(path, "write/*/key/*"):
		if i, _ := path[1].(int); i < len(spec.Write) {
			add(Column, spec.Write[i].Fields.Keys()...)
		}
	case within(path, "write/*/returning"), within(path, "write/*/returning/*"):
		if i, _ := path[1].(int); i < len(spec.Write) {
			for _, c := range b.columns(spec, &spec.Write[i]) {
				items = append(items, Item{Label: c.Name, Kind: Column, Detail: columnTold(c)})
			}
		}
	}
	return items
}

// expression tells what may follow half an expression, and which word of it is being written.
func (b *Bench) expression(spec *source.Mapping, p place) (items []Item, word string) {
	known := namesAt(spec, p.path)
	if m := inLookup.FindStringSubmatch(p.text); m != nil {
		for _, l := range spec.Lookups {
			items = append(items, Item{Label: l.Key, Kind: Lookup, Detail: lookupTold(l.Value)})
		}
		return items, m[1]
	}
	if strings.Count(p.text, `"`)%2 == 1 { // a text
		return nil, ""
	}
	if m := ofItem.FindStringSubmatch(p.text); m != nil {
		return b.members(spec, known, listAround(p.text)), m[1]
	}
	if m := ofMember.FindStringSubmatch(p.text); m != nil {
		return b.members(spec, known, m[1]), m[2]
	}
	if m := afterPipe.FindStringSubmatch(p.text); m != nil {
		return helpersOf(spec), m[1]
	}
	m := ofName.FindStringSubmatch(p.text)
	if m == nil {
		return nil, p.text
	}
	for _, n := range slices.Sorted(maps.Keys(known)) {
		items = append(items, Item{Label: n, Kind: known[n].kind, Detail: known[n].text})
	}
	return append(items, helpersOf(spec)...), m[1]
}

// listAround is the list of the call that half an expression ends in: its first argument, or what is piped into it.
func listAround(text string) string {
	open := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ')':
			open++
		case '(':
			if open--; open >= 0 {
				continue
			}
			if list, _, first := strings.Cut(text[i+1:], ","); first {
				return list
			}
			steps := stepsOf(text[:i])
			return steps[max(0, len(steps)-2)]
		}
	}
	return ""
}

// members are those of a name or field.
func (b *Bench) members(spec *source.Mapping, known names, of string) (items []Item) {
	if n := known[of]; len(n.columns) > 0 {
		for _, c := range n.columns {
			items = append(items, Item{Label: c, Kind: Returned})
		}
		return items
	}
	of = strings.ReplaceAll(of, "?.", ".")
	if way, is := known.wayOf(of); is {
		return fieldsBelow(fieldAt(b.fields(spec), way))
	}
	return nil
}

// helpersOf are those of the language and of the mapping.
func helpersOf(spec *source.Mapping) (items []Item) {
	for _, h := range spec.Helpers {
		items = append(items, Item{Label: h.Key, Kind: Helper, Detail: ownUsage(h.Key, h.Value)})
	}
	for _, f := range expr.Functions() {
		items = append(items, Item{Label: f.Name, Kind: Helper, Detail: f.Usage, Doc: functionDoc(f)})
	}
	return items
}

func ownUsage(key string, h source.Helper) string {
	text := key + "(" + strings.Join(h.Takes, ", ") + ")"
	if h.Value != nil {
		text += ": " + h.Value.Text
	}
	return text
}

// functionDoc is what the reference says of a helper beside its usage.
func functionDoc(f expr.Function) string {
	doc := "missing, null and \"\": " + f.Absent
	if f.Example != "" {
		doc += "\n\n`" + f.Example + "`"
	}
	return doc
}

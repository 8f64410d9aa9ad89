package encode

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// node is an element of XML or a member of JSON, with what stands in it.
type node struct {
	name    string
	field   int    // whose value stands in it; -1: none
	records string // the records of this write stand in it
	attrs   []*node
	nodes   []*node
}

// flat is the tree of one field.
func (f *field) flat() *node {
	root, leaf := &node{field: -1}, &node{name: f.tag, field: 0}
	if f.attr {
		root.attrs = []*node{leaf}
	} else {
		root.nodes = []*node{leaf}
	}
	return root
}

// tree puts fields, and the places of other records, where their ways lead.
func (b *builder) tree(path []any, specs []FieldSpec, fields []*field, template bool) *node {
	root, number := &node{field: -1}, 0
	for i, s := range specs {
		key, way := "xml", s.XML
		if b.spec.Format == "json" {
			key, way = "json", s.JSON
		}
		p := sub(path, i, key)
		if s.Records != "" {
			if !b.mayPlace(sub(path, i), s, template) {
				continue
			}
			if at := b.inner(p, root, steps(way)); at != nil {
				b.place(sub(path, i, "records"), at, s.Records)
			}
			continue
		}
		if b.spec.Format != "xml" && b.spec.Format != "json" {
			continue
		}
		f := fields[number]
		all := steps(way)
		at := b.inner(p, root, all[:max(len(all)-1, 0)])
		if number++; at == nil {
			continue
		}
		leaf := &node{name: f.tag, field: number - 1}
		switch last := at.last(); {
		case f.attr:
			at.attrs = append(at.attrs, leaf)
		case at.field >= 0:
			b.problem(p, "", "%q has a value of its own, and nothing beside it", at.name)
		case len(all) > 1 && last != nil && last.name == leaf.name && last.field < 0 && len(last.nodes) == 0 && last.records == "": // it has attributes
			last.field = leaf.field
		default:
			at.nodes = append(at.nodes, leaf)
		}
	}
	return root
}

// steps are those of a way: a/b/c.
func steps(way string) []string {
	if way == "" {
		return nil
	}
	return strings.Split(way, "/")
}

func (n *node) last() *node {
	if len(n.nodes) == 0 {
		return nil
	}
	return n.nodes[len(n.nodes)-1]
}

// inner is the element at the end of a way, which goes on where the field before ended.
func (b *builder) inner(path []any, at *node, way []string) *node {
	for _, name := range way {
		if b.spec.Format == "xml" && name != "" {
			b.xmlName(path, name, false)
		}
		same := slices.IndexFunc(at.nodes, func(n *node) bool { return n.name == name })
		switch {
		case name == "":
			b.problem(path, "", "a step of the way has no name")
			return nil
		case at.field >= 0:
			b.problem(path, "", "%q has a value of its own, and nothing beside it", at.name)
			return nil
		case same >= 0 && same < len(at.nodes)-1:
			b.problem(path, "", "%q was ended before: what stands in it belongs together", name)
			return nil
		case same < 0:
			at.nodes = append(at.nodes, &node{name: name, field: -1})
		}
		at = at.last()
	}
	return at
}

// place puts the records of a write in a place.
func (b *builder) place(path []any, at *node, write string) {
	_, known := b.spec.Records[write]
	switch {
	case !known:
		b.problem(path, "", "the layout has no records for write %q", write)
	case b.layout.within[write] != "":
		b.problem(path, "", "the records of %q have a place already", write)
	case b.spec.Format == "json" && len(at.nodes) > 0, at.records != "", at.field >= 0:
		b.problem(path, "", "there is something else in this place")
	case b.spec.Format == "json":
		at.records, b.layout.within[write] = write, b.write
	default:
		at.nodes = append(at.nodes, &node{field: -1, records: write})
		b.layout.within[write] = b.write
	}
}

// pile is the records of a delivery, as those find one another that stand in others.
type pile struct {
	records []connectors.Record
	numbers []int64 // of each among those of its write, from 1
	below   map[below][]int
	written []int // how often each was written
}

// below names records of a write that are under one record.
type below struct {
	write string
	under int64
}

func newPile(recs []connectors.Record) *pile {
	p := &pile{records: recs, numbers: make([]int64, len(recs)), written: make([]int, len(recs)), below: map[below][]int{}}
	count := map[string]int64{}
	for i, r := range recs {
		count[r.Shape.Write]++
		p.numbers[i] = count[r.Shape.Write]
		at := below{r.Shape.Write, r.Under}
		p.below[at] = append(p.below[at], i)
	}
	return p
}

// inside are the records of a write that stand in the one that w writes.
func (w *writer) inside(write string) []int {
	if w.pile == nil {
		return nil
	}
	return slices.Concat(w.pile.below[below{write, 0}], w.pile.below[below{write, w.pile.numbers[w.record]}])
}

// each writes the records that stand in the one that w writes.
func (w *writer) each(dst []byte, write string, record func(dst []byte, w *writer, k *kind, values []connectors.Value) ([]byte, *FieldError)) ([]byte, *FieldError) {
	for _, i := range w.inside(write) {
		r := w.pile.records[i]
		b := w.layout.bind(r.Shape)
		if b.err != nil {
			e := *b.err
			e.Record = i
			return nil, &e
		}
		one := writer{layout: w.layout, write: write, record: i, notes: w.notes, pile: w.pile}
		w.pile.written[i]++
		var err *FieldError
		if dst, err = record(dst, &one, b.kind, b.values(r)); err != nil {
			return nil, err
		}
		w.notes = one.notes
	}
	return dst, nil
}

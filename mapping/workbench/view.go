package workbench

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
)

// View is a mapping beside what becomes of a form, for people.
type View struct {
	Checked
	Tree       *Node                // the form; nil where it cannot be read, or there is none
	Errors     []mapping.FieldError // the form would be rejected
	Parked     string               // why a person would have to look at it
	Deliveries []Delivery
	Unknown    []string // fields of which nothing is made, and that nobody has named
}

// Node is one value of the form.
type Node struct {
	Name, Pointer string
	Kind, Value   string   // Value is empty of objects and lists
	To            []string // columns that are made of it
	Errors        []string
	Below         []*Node
}

// Delivery is what one target would get.
type Delivery struct {
	Target  string
	Needs   string   // what must be known before
	Count   int      // of records
	Records []Record // the first of them
	Lines   []string // of a file, the first
}

// Record is one record of a write.
type Record struct {
	Object, Write string
	Deletes       bool // there are no new rows; the old ones go
	Fields        []Value
}

// Value is a column of a record, with where it comes from.
type Value struct{ Name, Kind, Value, From, By, Note string }

// What is shown of one form at most.
const (
	maxNodes   = 5000
	maxRecords = 500
)

// See shows what becomes of a form by the text as it stands; raw is nil where there is no form. Without reveal values of the form are masked.
func (b *Bench) See(raw []byte, in mapping.Input, reveal Reveal) (v View) {
	v.Checked = b.Check()
	if raw == nil {
		return v
	}
	v.Parked = "this form could not be looked at: a fault of Inbasket itself [" + CodeFailed + "]"
	guarded(func() {
		parked := ""
		if v.Plan != nil {
			parked = v.try(raw, in, reveal)
		}
		v.Tree = b.Tree(v.Plan, raw, v.Errors, reveal)
		v.Parked = parked
	})
	return v
}

// Tree is the form as the mapping reads it, with what is made of each value and wrong with it; nil where it cannot be read. There
// may be no plan.
func (b *Bench) Tree(plan *mapping.Plan, raw []byte, wrong []mapping.FieldError, reveal Reveal) *Node {
	spec := b.read(b.text(), -1)
	tree, ok := plainForm(&spec, raw)
	if !ok {
		return nil
	}
	errors := map[string][]string{}
	for _, e := range wrong {
		errors[e.Pointer] = append(errors[e.Pointer], e.Message)
	}
	return (&trees{goes: goes(&spec), errors: errors, mask: reveal.Text, known: b.known(plan, &spec, reveal)}).node(&Node{Name: "form"}, "", nil, tree)
}

// try fills in what the mapping makes of the form, and says why it would be parked.
func (v *View) try(raw []byte, in mapping.Input, reveal Reveal) (parked string) {
	t := Try(v.Plan, raw, in)
	v.Errors = t.Errors
	if t.Parked != nil {
		parked = t.Parked.Error()
	}
	if t.Mapped == nil {
		return parked
	}
	v.Unknown = t.Mapped.Unknown
	values := v.Plan.Explain(t.Form, t.Input)
	for _, d := range t.Mapped.Deliveries {
		out := Delivery{Target: d.Target, Count: len(d.Records), Needs: strings.Join(d.Needs, ", "), Records: recordsOf(values, d.Target, reveal)}
		if d.Piece != nil {
			set := ""
			out.Count = d.Piece.Records
			if d.Layout != nil {
				set = d.Layout.Charset()
			}
			for _, l := range Lines(d.Piece.Body, set) {
				if len(out.Lines) == maxRecords {
					break
				}
				out.Lines = append(out.Lines, reveal.Text(l))
			}
		}
		v.Deliveries = append(v.Deliveries, out)
	}
	return parked
}

// recordsOf puts values together to the records of a target.
func recordsOf(values []mapping.Explanation, target string, reveal Reveal) (all []Record) {
	last := ""
	for _, x := range values {
		if x.Target != target {
			continue
		}
		if head := fmt.Sprintf("%s.%d", x.Write, x.Record); head != last {
			if len(all) == maxRecords {
				break
			}
			all, last = append(all, Record{Object: x.Object, Write: x.Write, Deletes: x.Deletes}), head
		}
		r := &all[len(all)-1]
		r.Fields = append(r.Fields, Value{Name: x.Field, Kind: x.Kind, Value: reveal.Explained(x), From: x.Pointer, By: x.Expression, Note: x.Note})
	}
	return all
}

// trees makes the tree of a form.
type trees struct {
	goes   []going
	errors map[string][]string // by pointer
	mask   func(string) string
	known  known
	nodes  int
}

// node fills in one value of a form, whose name and pointer are as they are shown; way is without indexes.
func (t *trees) node(n *Node, pointer string, way []string, v any) *Node {
	n.Errors = t.errors[pointer]
	if t.nodes++; t.nodes > maxNodes {
		n.Value = "… (too much to be shown)"
		return n
	}
	switch v := v.(type) {
	case map[string]any:
		n.Kind = "object"
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if t.nodes > maxNodes {
				break
			}
			below := append(slices.Clip(way), key)
			name := t.known.shown(below)
			x := &Node{Name: name, Pointer: n.Pointer + "/" + expr.PointerEscape.Replace(name)}
			n.Below = append(n.Below, t.node(x, pointer+"/"+expr.PointerEscape.Replace(key), below, v[key]))
		}
	case []any:
		n.Kind = "list"
		for i, item := range v {
			if t.nodes > maxNodes {
				break
			}
			x := &Node{Name: fmt.Sprint(i), Pointer: fmt.Sprintf("%s/%d", n.Pointer, i)}
			n.Below = append(n.Below, t.node(x, fmt.Sprintf("%s/%d", pointer, i), way, item))
		}
	case string:
		n.Kind, n.Value = "text", t.mask(v)
	case json.Number:
		n.Kind, n.Value = "number", t.mask(v.String())
	case bool:
		n.Kind, n.Value = "boolean", t.mask(fmt.Sprint(v))
	default:
		n.Kind, n.Value = "null", "(null)"
	}
	for _, to := range t.goes {
		if at := to.object + " " + to.column; slices.Contains(to.fields, strings.Join(way, ".")) && !slices.Contains(n.To, at) {
			n.To = append(n.To, at)
		}
	}
	return n
}

// Samples are the forms that the mapping's tests name.
func (b *Bench) Samples() (names []string) {
	for _, t := range b.read(b.text(), -1).Tests {
		if t.Form != "" && !slices.Contains(names, t.Form) {
			names = append(names, t.Form)
		}
	}
	return names
}

// Sample reads a form that the mapping's tests name.
func (b *Bench) Sample(name string) ([]byte, error) { return b.beside(name) }

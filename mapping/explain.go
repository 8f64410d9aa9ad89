package mapping

import (
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Explanation says where one value of one record comes from.
type Explanation struct {
	Target     string           `json:"target"`
	Write      string           `json:"write"`
	Object     string           `json:"object"` // table or layout
	Record     int              `json:"record"` // of the target, from 0
	Field      string           `json:"field"`
	Value      connectors.Value `json:"-"`
	Shown      string           `json:"value"` // the value as text; a word in brackets for what has none
	Kind       string           `json:"kind"`
	Pointer    string           `json:"from"` // JSON Pointer of the first form field it is made of; "" for none
	Expression string           `json:"expression"`
	Note       string           `json:"note,omitempty"`    // a change that the mapping allowed
	Deletes    bool             `json:"deletes,omitempty"` // the record only names the key of rows that are deleted
}

// Explain maps the form and tells, value by value, where each came from. A form that cannot be mapped gives what could be.
func (p *Plan) Explain(f Form, in expr.Input) []Explanation {
	m := newMapper(&p.parts, f, in)
	defer m.env.Free()
	var out []Explanation
	m.observe = func(o observation) {
		f := o.write.Fields[o.field]
		out = append(out, Explanation{Target: o.write.Target, Write: o.write.Name, Object: o.write.Object, Record: o.record, Field: f.Name,
			Value: o.value, Shown: Show(o.value), Kind: value.KindName(value.Kind(o.value.Kind)), Pointer: o.pointer, Expression: f.Text, Note: o.note, Deletes: o.deletes})
	}
	mapped, _ := m.run() // errors are Map's to tell
	if mapped != nil {
		noteLayouts(out, mapped.Deliveries)
	}
	return out
}

// noteLayouts adds what layouts changed.
func noteLayouts(out []Explanation, deliveries []Delivery) {
	for _, d := range deliveries {
		if d.Piece == nil {
			continue
		}
		for _, n := range d.Piece.Notes {
			for i := range out {
				x := &out[i]
				if x.Target == d.Target && x.Write == n.Write && x.Record == n.Record && x.Field == n.Field {
					x.Note = strings.TrimPrefix(x.Note+"; "+n.Message, "; ")
				}
			}
		}
	}
}

// Show writes a value for people: texts as they are, others as a word in brackets where they have no text.
func Show(v connectors.Value) string {
	if v.Kind == connectors.Reference {
		if write, field, _ := strings.Cut(v.Str, "."); v.Int > 0 {
			return fmt.Sprintf("(returned %s[%d].%s)", write, v.Int-1, field)
		}
		return "(returned " + v.Str + ")"
	}
	if v.Kind == connectors.Binary {
		return value.ShownBinary(v.Blob)
	}
	if s, ok := value.FromConnector(v).Text(); ok {
		return s
	}
	return "(" + value.KindName(value.Kind(v.Kind)) + ")"
}

// Watch is Map for who asks which way a form goes through the mapping.
func (p *Plan) Watch(f Form, in expr.Input, seen func(value.Place)) (*Mapped, error) {
	m := newMapper(&p.parts, f, in)
	defer m.env.Free()
	m.env.Seen = seen
	return m.run()
}

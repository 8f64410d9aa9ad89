package mapping

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
)

// Texts are those of a form that its way through the mapping hangs on.
type Texts struct {
	Listed  map[string]bool // the schema names them at their place
	Decides map[string]bool // a condition or a rule reads their field
}

// Texts finds them.
func (p *Plan) Texts(f Form) Texts {
	t := Texts{Listed: map[string]bool{}, Decides: map[string]bool{}}
	var deciding [][]string
	if p.parts.Takes != nil {
		deciding = ways(p.parts.Takes)
	}
	for i := range p.parts.Writes {
		if when := p.parts.Writes[i].When; when != nil {
			deciding = append(deciding, ways(when)...)
		}
	}
	for i := range p.parts.Rules {
		r := &p.parts.Rules[i]
		deciding = append(deciding, ways(&r.Is)...)
		if r.When != nil {
			deciding = append(deciding, ways(r.When)...)
		}
	}
	EachText(p.parts.tree(f), func(at []string, text string) {
		names := slices.DeleteFunc(slices.Clone(at), func(s string) bool { return s == "" })
		if slices.ContainsFunc(deciding, func(way []string) bool { return len(way) <= len(names) && slices.Equal(way, names[:len(way)]) }) {
			t.Decides[text] = true
		}
		if p.parts.Schema != nil && p.parts.Schema.Lists(at, text) {
			t.Listed[text] = true
		}
	})
	return t
}

// ways are the fields that an expression is made of.
func ways(x *expr.Compiled) (all [][]string) {
	for _, path := range x.Uses {
		if way := path.Names(); !path.Outside() && len(way) > 0 {
			all = append(all, way)
		}
	}
	return all
}

// EachText calls f for every text and number of a tree; at has "" for an item of a list.
func EachText(tree any, f func(at []string, text string)) { eachBelow(tree, nil, f) }

func eachBelow(tree any, at []string, f func(at []string, text string)) {
	switch x := tree.(type) {
	case map[string]any:
		for name, v := range x {
			eachBelow(v, append(slices.Clip(at), name), f)
		}
	case []any:
		for _, v := range x {
			eachBelow(v, append(slices.Clip(at), ""), f)
		}
	case string:
		f(at, strings.TrimSpace(x))
	case json.Number:
		f(at, string(x))
	}
}

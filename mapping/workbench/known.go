package workbench

import (
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/source"
	"github.com/inbasket/inbasket/mapping/uses"
)

// known has the names that fields of forms have by the mapping, its schema and its samples. Others a sender may have made up.
type known struct {
	used *uses.Fields
	root *schema.Field
	all  bool // names are shown as they are
}

func (b *Bench) known(plan *mapping.Plan, spec *source.Mapping, reveal Reveal) known {
	k := known{all: bool(reveal)}
	if k.all {
		return k
	}
	if k.root = b.fields(spec); plan != nil {
		k.used = plan.Parts().Fields
	}
	return k
}

// shown is the last name of a way, or … in its place.
func (k known) shown(way []string) string {
	name := way[len(way)-1]
	if k.all || k.used.Know(way) || k.has(way) {
		return name
	}
	return uses.ShownName(name)
}

// has tells whether the schema or a sample has a way.
func (k known) has(way []string) bool {
	f := k.root
	for _, name := range way {
		for f != nil && f.Items != nil && f.Below[name] == nil {
			f = f.Items
		}
		if f == nil {
			return false
		}
		f = f.Below[name]
	}
	return f != nil
}

// Plain is a form as input.shape makes it, as Reveal shows it.
func (b *Bench) Plain(plan *mapping.Plan, form mapping.Form, reveal Reveal) any {
	spec := b.read(b.text(), -1)
	return reveal.tree(mapping.Tree(form), nil, b.known(plan, &spec, reveal))
}

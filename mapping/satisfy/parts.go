package satisfy

import (
	"maps"
	"slices"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Part is a part of a schema that no value can use.
type Part struct {
	At   *jsonschema.Schema
	Kind string // field, item or alternative
	Why  string
}

// Parts looks for parts of a schema that no value that keeps it can use, wherever it is referred to from. What says so itself,
// false and not: {}, is not told.
func Parts(s *jsonschema.Schema, o Options) []Part {
	p := parts{v: newSolver(o), seen: map[string]bool{}, live: map[*jsonschema.Schema]bool{}}
	p.walk(demand{keep: []*jsonschema.Schema{s}})
	return slices.DeleteFunc(p.out, func(x Part) bool { return p.live[x.At] })
}

type parts struct {
	v    *solver
	seen map[string]bool             // demands that were looked at
	live map[*jsonschema.Schema]bool // what some value uses
	out  []Part
}

func (p *parts) walk(d demand) {
	key := p.v.key(d)
	if p.seen[key] || d.depth > maxDepth {
		return
	}
	p.seen[key] = true
	b := p.v.branch(d)
	var next []demand // looked into after all parts of this one, so that each is told why it cannot be used here
	for _, s := range b.plain {
		for _, x := range slices.Concat(s.AnyOf, s.OneOf) {
			if chosen := d.and(x); p.used(x, "alternative", chosen) {
				next = append(next, chosen)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			if p.used(s.Properties[name], "field", d.and(p.v.with(name))) {
				next = append(next, p.v.inside(b, name))
			}
		}
		items := lists{v: p.v, b: b}
		for i := range len(s.PrefixItems) + 1 {
			if x, _ := itemOf(s, i); x != nil && p.used(x, "item", d.and(p.v.longer(i))) {
				next = append(next, items.item(i))
			}
		}
	}
	for _, d := range next {
		p.walk(d)
	}
}

// used tells whether a part may be used by some value, as far as is known.
func (p *parts) used(x *jsonschema.Schema, kind string, d demand) bool {
	if x.Bool != nil && !*x.Bool || x.Not != nil && (x.Not.Bool != nil && *x.Not.Bool || len(p.v.broken(x.Not)) == 0) {
		return false
	}
	f := p.v.solve(d)
	switch {
	case f.state != none:
		p.live[x] = true
	case !slices.ContainsFunc(p.out, func(y Part) bool { return y.At == x }):
		p.out = append(p.out, Part{At: x, Kind: kind, Why: f.why})
	}
	return f.state != none
}

// and is a demand that asks for more.
func (d demand) and(s *jsonschema.Schema) demand {
	d.keep = append(slices.Clone(d.keep), s)
	return d
}

// longer asks for a list that has the item i.
func (v *solver) longer(i int) *jsonschema.Schema {
	return v.need("longer than "+strconv.Itoa(i), func(s *jsonschema.Schema) { s.Types, s.MinItems = typesOf("array"), new(i+1) })
}

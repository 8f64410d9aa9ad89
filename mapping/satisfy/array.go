package satisfy

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// array makes a list: of as many items as it must have, with those among them that contains asks for.
func (v *solver) array(b *branch) finding {
	a := lists{v: v, b: b, most: -1, at: b.plain[0], special: map[int][]*jsonschema.Schema{}}
	for _, s := range b.plain {
		if s.MinItems != nil && *s.MinItems > a.least {
			a.least, a.at = *s.MinItems, s
		}
		if s.MaxItems != nil && (a.most < 0 || *s.MaxItems < a.most) {
			a.most, a.at = *s.MaxItems, s
		}
		a.first = max(a.first, len(s.PrefixItems))
		if list, ok := s.Items.([]*jsonschema.Schema); ok {
			a.first = max(a.first, len(list))
		}
		a.unique = a.unique || s.UniqueItems
	}
	if a.most >= 0 && a.least > a.most {
		return excluded(a.at, "minItems is more than maxItems")
	}
	for i := range a.first + 1 { // the list ends before an item that cannot be
		if f := v.solve(a.item(i)); f.state == none {
			if a.least > i {
				if f.at == anything || f.at == nothing {
					f = excluded(a.at, "there must be more items than there may be")
				}
				return f
			}
			a.most = i
			break
		}
	}
	for _, s := range b.plain {
		if f := a.contain(s); f.state != found {
			return f
		}
	}
	return a.make()
}

type lists struct {
	v           *solver
	b           *branch
	least, most int // most -1: any number
	first       int // items with a place of their own
	unique      bool
	at          *jsonschema.Schema
	special     map[int][]*jsonschema.Schema // what an item must be beside
}

// item is the demand of one item.
func (a *lists) item(i int) demand {
	d := demand{keep: append([]*jsonschema.Schema{anything}, a.special[i]...), depth: a.b.depth + 1}
	for _, s := range a.b.plain {
		x, there := itemOf(s, i)
		if x != nil {
			d.keep = append(d.keep, x)
		}
		if !there && s.UnevaluatedItems != nil && !slices.ContainsFunc(inPlace(s), func(x *jsonschema.Schema) bool {
			_, there := itemOf(x, i)
			return there || x.Contains != nil || x != s && x.UnevaluatedItems != nil
		}) {
			d.keep = append(d.keep, s.UnevaluatedItems)
		}
	}
	return d
}

// itemOf is the schema of an item, and whether there is one.
func itemOf(s *jsonschema.Schema, i int) (x *jsonschema.Schema, there bool) {
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		return items, true
	case []*jsonschema.Schema:
		if i < len(items) {
			return items[i], true
		}
		switch more := s.AdditionalItems.(type) {
		case *jsonschema.Schema:
			return more, true
		case bool:
			if !more {
				return nothing, true
			}
			return nil, true
		}
		return nil, false
	}
	if i < len(s.PrefixItems) {
		return s.PrefixItems[i], true
	}
	return s.Items2020, s.Items2020 != nil
}

// contain finds places for the items that contains asks for.
func (a *lists) contain(s *jsonschema.Schema) finding {
	n := 1
	if s.MinContains != nil {
		n = *s.MinContains
	}
	if s.Contains == nil || n == 0 || n > maxLength {
		return finding{state: found}
	}
	if a.most >= 0 && n > a.most || s.MaxContains != nil && n > *s.MaxContains {
		return excluded(s, "contains asks for more items than there may be")
	}
	sure := true
	for i, places := 0, a.first+n+len(a.special); n > 0 && i < places && (a.most < 0 || i < a.most); i++ {
		before := a.special[i]
		a.special[i] = append(slices.Clone(before), s.Contains)
		f := a.v.solve(a.item(i))
		if f.state == found {
			n, a.least = n-1, max(a.least, i+1)
			continue
		}
		a.special[i] = before
		sure = sure && f.state == none && len(before) == 0
	}
	switch {
	case n == 0:
		return finding{state: found}
	case sure:
		return excluded(s, "no item can be what contains asks for, beside its other rules")
	}
	return finding{}
}

// mixed tells whether some items must be what others need not.
func (a *lists) mixed() bool {
	for _, list := range a.special {
		if len(list) > 0 {
			return true
		}
	}
	return false
}

// make makes the items.
func (a *lists) make() finding {
	if a.least > maxLength {
		return finding{}
	}
	list, out := make([]any, 0, a.least), finding{state: found}
	for i := range a.least {
		d := a.item(i)
		if a.unique {
			d.avoid = list
		}
		f := a.v.solve(d)
		switch {
		case f.state == none && a.unique && a.first == 0 && !a.mixed() && out.state == found:
			return excluded(a.at, "uniqueItems leaves fewer items than there must be")
		case f.state != found:
			out = finding{}
		}
		list = append(list, f.value)
	}
	if out.value = list; !a.b.takes(list) {
		return finding{}
	}
	return out
}

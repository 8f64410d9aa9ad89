package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// attached is where the attachments lie, which are no part of the form.
var attached = &Path{Slot: -1, outside: true, Abs: []Step{{Name: "attachments", Loop: -1}}}

// attachmentMembers are those of one, with what check knows of them.
var attachmentMembers = map[string]*Outcome{"name": {More: value.FormSamples["string"]}, "type": {More: value.FormSamples["string"]}, "size": someInteger,
	"digest": {More: value.SamplesOf(value.Text(strings.Repeat("0f", 32)))}, "content": someContent}

// place is where a value lies, also one that was found by a helper; nil where that is not known.
func (x Compiled) place() *Path {
	if x.Path != nil {
		return x.Path
	}
	return x.Under
}

// itemOf is the way to an item of a list; nil of none.
func itemOf(list *Path) *Path {
	if list == nil {
		return nil
	}
	item := list.Child(Step{Loop: -1, Item: true})
	item.Slot, item.rel = -2, nil
	return item
}

// under is x as what lies at a place that is not walked to: check knows of it what it knows of the place.
func (c *Compiler) under(x Compiled, at *Path) Compiled {
	if x.Under = at; at != nil && c.Strict { // nil: what is known of x stays
		x.May = c.mayBe(at)
	}
	return x
}

// mayBe is what check knows of what lies at a place.
func (c *Compiler) mayBe(p *Path) *Outcome {
	switch {
	case !p.outside:
		return c.May(p.Abs)
	case len(p.Abs) == 1:
		return someList
	case len(p.Abs) == 2:
		return &Outcome{More: value.FormSamples["object"]}
	}
	return attachmentMembers[p.Abs[2].Name]
}

// memberAt is the place of a member; what can have none of that name is a mistake.
func (c *Compiler) memberAt(n *ast.MemberNode, base *Path, name string) *Path {
	p := base.Child(Step{Name: name, Loop: -1})
	switch {
	case !c.Strict && !p.outside:
		c.whole(p)
	case !c.Strict:
	case !p.outside && c.Used != nil:
		c.markAt(n.Property, Compiled{Path: p}, false)
	case p.outside && len(p.Abs) == 2:
		c.stop(n.Property, CodeUnknownName, "attachments is a list: use each, count(), or an index", "")
	case p.outside && len(p.Abs) == 3 && attachmentMembers[name] == nil:
		c.stop(n.Property, CodeUnknownName, "an attachment has no "+name, diag.Suggest(name, slices.Sorted(maps.Keys(attachmentMembers))))
	}
	return p
}

// Members says that members may be taken of a value. Where it lies in the form it is told which; else all that it was made of since from is
// used with everything below it.
func (c *Compiler) Members(x Compiled, from int) {
	if x.place() == nil {
		c.whole(c.taken[from:]...)
	}
}

// within compiles what members or items are taken of.
func (c *Compiler) within(n ast.Node) Compiled {
	from := len(c.taken)
	x := c.node(n)
	c.Members(x, from)
	return x
}

func (c *Compiler) whole(paths ...*Path) {
	for _, p := range paths {
		if p != nil && c.Within != nil && c.Used != nil {
			c.Within(p)
		}
	}
}

// lists are helpers of a list.
var lists = []string{"first", "last", "join", "len", "min", "max", "sort", "distinct", "flatten"}

// placed adds where the value of a helper lies, and refuses one of a list on what cannot be one.
func (c *Compiler) placed(n ast.Node, name string, out Compiled, list Compiled) Compiled {
	if name == "base64" { // whatever text it is given
		out.May = someContent
	}
	if !slices.Contains(lists, name) {
		return out
	}
	c.isList(n, list)
	if at, use := itemOf(list.place()), helpers.OfItems[name]; at != nil && use != nil && c.Strict {
		c.apply(n, name, use, []Compiled{{May: c.mayBe(at)}}, true)
	}
	switch name {
	case "first", "last", "min", "max":
		return c.under(out, itemOf(list.place()))
	case "sort", "distinct":
		out.Under = list.place()
	}
	return out
}

// isList tells whose mapping it is that a value is used as a list, and stops where it cannot be.
func (c *Compiler) isList(n ast.Node, x Compiled) {
	if p := x.place(); p != nil && c.Listed != nil && !p.outside {
		if prob := c.Listed(p); prob != nil {
			prob.From = n.Location().From
			panic(prob)
		}
	}
}

// passes tells whether a path leads through what another one takes, or takes the text of.
func (p *Path) passes(taken []Step) bool {
	if n := len(taken); n > 0 && taken[n-1].Name == "#text" {
		taken = taken[:n-1]
	}
	return len(taken) < len(p.Abs) && slices.Equal(taken, p.Abs[:len(taken)])
}

// Or is a value beside others that are taken where it is not there. Where one of them takes what stands on the way to it, nothing is
// lost if it has another sort.
func (x Compiled) Or(others ...Compiled) Compiled {
	for _, o := range others {
		if p := x.Path; p != nil && o.Path != nil && o.Path.Slot == p.Slot && p.passes(o.Path.Abs) {
			strict := x.Eval
			x.Eval = func(e *Env) value.Value {
				before := e.Err
				v := strict(e)
				e.Err = before
				return v
			}
			return x
		}
	}
	return x
}

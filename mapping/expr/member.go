package expr

import (
	"maps"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

func (c *Compiler) member(n *ast.MemberNode) Compiled {
	if id, ok := n.Node.(*ast.IdentifierNode); ok {
		if b, found := c.Scope.Find(id.Value); found && b.Write != nil {
			return c.returned(n, b.Write)
		}
		if b, found := c.Scope.Find(id.Value); found && b.members != nil {
			c.Late = c.Late || b.Late
			return c.builtinMember(n, id.Value, b)
		}
	}
	base := c.within(n.Node)
	switch p := n.Property.(type) {
	case *ast.StringNode:
		if base.Path != nil {
			return c.pathExpr(base.Path.Child(Step{Name: p.Value, Loop: -1}))
		}
		ev, step, under := base.Eval, Step{Name: p.Value, Loop: -1}, (*Path)(nil)
		if base.Under != nil {
			under = c.memberAt(n, base.Under, p.Value)
		}
		c.apply(n, "."+p.Value, needMember, []Compiled{base}, true)
		x := Compiled{Source: base.Source, Eval: func(e *Env) value.Value {
			v := ev(e)
			if next := step.of(v); next.Kind != value.KindMissing || !step.blocked(v) {
				return e.Of(next, v)
			}
			return e.strays(v, step)
		}}
		return c.under(x, under)
	case *ast.IntegerNode:
		if c.isList(n, base); base.Path != nil {
			return c.pathExpr(base.Path.Child(Step{idx: p.Value, Loop: -1}))
		}
	case *ast.UnaryNode:
		if i, ok := p.Node.(*ast.IntegerNode); ok && p.Operator == "-" && base.Path != nil {
			c.isList(n, base)
			return c.pathExpr(base.Path.Child(Step{idx: -i.Value, Loop: -1}))
		}
	}
	c.markAt(n, base, true)
	c.whole(base.Path)
	return c.computedMember(n, base, c.operand(n.Property))
}

// needMember uses a value as something that has members.
func needMember(e *value.Run, a []value.Value) value.Value {
	if !a[0].Absent() && a[0].Kind != value.KindObject {
		return e.FailSort(a[0], value.CodeNotValue, value.AKind(a[0].Kind)+" has no members")
	}
	return a[0]
}

func (c *Compiler) computedMember(n ast.Node, base, key Compiled) Compiled {
	c.apply(n, "[ ]", func(e *value.Run, a []value.Value) value.Value { return itemOrMember(e, a[0], a[1]) }, []Compiled{base, key}, false)
	ev, kv := base.Eval, key.Eval
	x := Compiled{Source: base.Source, Eval: func(e *Env) value.Value { return itemOrMember(&e.Run, ev(e), kv(e)) }}
	if key.Const != nil && key.Const.Kind == value.KindInt {
		return c.under(x, itemOf(base.place()))
	}
	return x
}

// itemOrMember is the member of an object by its name, or the item of a list by its number, from the end below 0.
func itemOrMember(e *value.Run, v, k value.Value) value.Value {
	switch {
	case v.Absent() || k.Absent():
		return e.Of(value.Missing, v, k)
	case v.Kind == value.KindObject && k.Kind == value.KindText:
		return e.Of(v.Member(k.Str), v)
	case v.Kind == value.KindList && k.Kind == value.KindInt:
		i := k.Int
		if i < 0 {
			i += int64(v.Length())
		}
		if i < 0 || i >= int64(v.Length()) {
			return e.Of(value.Missing, v)
		}
		return e.Of(v.Item(int(i)), v)
	}
	return e.FailSort(v, value.CodeNotValue, "the value has no such member")
}

func (c *Compiler) builtinMember(n *ast.MemberNode, owner string, b Binding) Compiled {
	p, ok := n.Property.(*ast.StringNode)
	if ok {
		if ev, found := b.members[p.Value]; found {
			if b.May != nil {
				return Compiled{Eval: ev, May: b.May}.as(owner + "." + p.Value)
			}
			return Compiled{Eval: ev, May: memberOutcomes[p.Value]}.as(owner + "." + p.Value)
		}
	}
	word := ""
	if ok {
		word = p.Value
	}
	return c.stop(n.Property, CodeUnknownName, owner+" has no "+strconv.Quote(word), diag.Suggest(word, slices.Sorted(maps.Keys(b.members))))
}

// returned is a reference to a column that an earlier write returns.
func (c *Compiler) returned(n *ast.MemberNode, w *Write) Compiled {
	p, ok := n.Property.(*ast.StringNode)
	if !ok {
		c.stop(n, CodeReference, "name the returned column of "+w.Name, "")
	}
	switch {
	case !slices.Contains(w.Returning, p.Value):
		c.stop(n.Property, CodeReference, "write "+strconv.Quote(w.Name)+" does not return "+p.Value+"; list it under returning", diag.Suggest(p.Value, w.Returning))
	case w.Many && !w.Above:
		how := ""
		if w.Target == c.Target {
			how = "say under: " + w.Name + " in this write: it then makes its records for each of them"
		}
		c.stop(n.Property, CodeReference, "write "+strconv.Quote(w.Name)+" makes many records: which of their values is meant cannot be said", how)
	case w.Later && w.Target == c.Target:
		c.stop(n.Property, CodeReference, "write "+strconv.Quote(w.Name)+" comes later: a value can only be taken from an earlier write", "")
	}
	ref := &reference{write: w.Name, field: p.Value, target: w.Target}
	name := ref.write + "." + ref.field
	if w.OnUse != nil {
		w.OnUse(c.Target)
	}
	if w.Target == c.Target {
		v := value.Value{Kind: value.KindReference, Str: name}
		if w.Many {
			c.depth = max(c.depth, w.Depth)
			return Compiled{Ref: ref, Term: &Term{Ref: name}, Eval: func(e *Env) value.Value {
				of := v
				of.Int = e.Slots[w.Row].Int + 1
				return of
			}}
		}
		return Compiled{Eval: func(*Env) value.Value { return v }, Ref: ref, Term: &Term{Ref: name}}
	}
	return Compiled{Ref: ref, Eval: func(e *Env) value.Value {
		if v, ok := e.In.Returned[name]; ok {
			out := value.FromConnector(v)
			if out.Absent() {
				e.Null = name
			}
			return out
		}
		if !slices.Contains(e.Needs, name) {
			e.Needs = append(e.Needs, name)
		}
		return value.Missing
	}}
}

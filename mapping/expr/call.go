package expr

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// call compiles helper(args) and value | helper(args).
func (c *Compiler) call(n ast.Node, name string, args []ast.Node) Compiled {
	if name == "index" || name == "row" {
		return c.numberOf(n, name, args)
	}
	if len(args) > 0 && (slices.ContainsFunc(args, isPredicate) || name == "sum" || name == "count") {
		return c.predicate(n, name, args)
	}
	if own := c.Helpers[name]; own != nil {
		return c.own(n, own, args)
	}
	h, ok := helpers.Find(name)
	if !ok {
		c.stop(n, CodeUnknownHelper, "there is no helper "+strconv.Quote(name), diag.Suggest(name, slices.AppendSeq(slices.Clone(callable), maps.Keys(c.Helpers))))
	}
	if len(args) < h.Min || h.Max >= 0 && len(args) > h.Max {
		c.stop(n, helpers.CodeArguments, name+" has the wrong number of arguments: "+h.Usage, "")
	}
	xs := make([]Compiled, len(args))
	for i, a := range args {
		xs[i] = c.argument(a, name, c.part(a, !h.Shallow || i > 0))
	}
	if name == "coalesce" || name == "default" {
		for i := range xs {
			xs[i] = xs[i].Or(xs[i+1:]...)
		}
	}
	how := c.said(xs)
	fn, wrong := h.For(how)
	if wrong != nil {
		c.stop(append([]ast.Node{n}, args[1:]...)[wrong.Arg], wrong.Code, wrong.Message, wrong.Suggestion)
	}
	out := Compiled{Eval: invoke(fn, xs, h), Source: firstSource(xs...), Own: h.Picks && !slices.ContainsFunc(xs[1:], func(x Compiled) bool { return !x.Own })}
	if h.Same {
		out.Plain = xs[0].Plain
	}
	if size := sizes[name]; size != "" && xs[0].Path != nil {
		out.Size, out.sized = size, xs[0].Path
	}
	if (name == "isMissing" || name == "isNull") && xs[0].Path != nil {
		out.Yes, _ = c.proven([]ast.Node{n}, &Need{At: xs[0].Path.Abs, Absent: true})
	}
	switch {
	case name == "fail":
		out.May = noOutcome
	case name == "lookup" && len(xs[0].Outcome().More) > 0:
		c.looked(n, xs)
		out.May = c.found(xs)
	case name == "concat":
		out.May = c.apply(n, name, fn, xs, h.Own).measured(partsOf(xs...), 0, likely(xs...))
	case h.Keeps:
		size := padded(name, xs)
		out.May = c.apply(n, name, fn, xs, h.Own).measured(partsOf(xs[0]), max(least(xs[0]), size), max(likely(xs[0]), size))
	default:
		out.May = c.apply(n, name, fn, xs, h.Own)
	}
	c.sorts(args, name, h, xs)
	c.readable(n, name, xs, how.Shape(name))
	c.centuries(n, name, xs)
	return c.placed(n, name, out.as(name, xs...), xs[0])
}

// argument stops at one that can only be fail(): arguments are computed before the call, whether it needs them or not.
func (c *Compiler) argument(n ast.Node, name string, x Compiled) Compiled {
	if c.Strict && x.May == noOutcome {
		c.stop(n, helpers.CodeArguments, "this argument refuses every form: it is computed before "+name+" is called", `write x ?? fail("why")`)
	}
	return x
}

// numberOf is index(ITEM), the number of an item of each, or row(WRITE), that of the record of a write that this one is under.
func (c *Compiler) numberOf(n ast.Node, name string, args []ast.Node) Compiled {
	if len(args) == 1 {
		id, _ := args[0].(*ast.IdentifierNode)
		b, found := Binding{}, id != nil
		if found {
			b, found = c.Scope.Find(id.Value)
		}
		switch {
		case found && name == "index" && b.index != nil:
			c.depth = max(c.depth, b.Depth)
			return Compiled{Eval: b.index, May: someInteger}.as(fmt.Sprint("index ", b.Depth))
		case found && name == "row" && b.Write != nil && b.Write.Above:
			row := b.Write.Row
			c.depth = max(c.depth, b.Write.Depth)
			return Compiled{May: someInteger, Eval: func(e *Env) value.Value { return e.Slots[row] }}.as(name)
		}
	}
	return c.stop(n, helpers.CodeArguments, "index(ITEM) takes a name that each gives, row(WRITE) the name of a write that this one is under", "")
}

// found is what a lookup may give: any of its values, or the default.
func (c *Compiler) found(xs []Compiled) *Outcome {
	out := &Outcome{All: true}
	for _, v := range c.Tables[xs[1].Const.Str].Rows {
		out.Known = append(out.Known, value.Text(v))
	}
	slices.SortFunc(out.Known, func(a, b value.Value) int { return strings.Compare(a.Str, b.Str) })
	if len(xs) == 3 {
		d := xs[2].Outcome()
		out.Known, out.More, out.All = append(out.Known, d.Known...), d.More, d.All
	}
	return out
}

// said is what a helper may know of its arguments.
func (c *Compiler) said(xs []Compiled) helpers.Call {
	how := helpers.Call{Consts: make([]*value.Value, len(xs)), Strict: c.Strict, Tables: c.Tables}
	for i := range xs {
		if how.Consts[i] = xs[i].Const; xs[i].items != nil {
			how.Consts[i] = &value.Value{Kind: value.KindList, Any: xs[i].items}
		}
		if xs[i].Const != nil && c.Tables[xs[i].Const.Str] != nil {
			c.Tables[xs[i].Const.Str].Named = true
		}
	}
	return how
}

// sorts refuses arguments that can only be of another sort than the helper takes there.
func (c *Compiler) sorts(args []ast.Node, name string, h helpers.Helper, xs []Compiled) {
	for i := range xs {
		o := xs[i].Outcome()
		if want := h.Refuses(i, slices.Concat(o.Known, o.More)); want != "" && c.Strict {
			c.stop(args[i], helpers.CodeArguments, name+" takes "+want+" here: "+h.Usage, "")
		}
	}
}

// callable are the names of all helpers.
var callable = slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(predicates)), helpers.Names()...)))

// invoke puts arguments on the env's stack, so that a call allocates nothing.
func invoke(fn value.Function, xs []Compiled, h helpers.Helper) Eval {
	own, makes := h.Own, h.Makes
	return func(e *Env) value.Value {
		at := len(e.args)
		for i := range xs {
			v := xs[i].Eval(e)
			e.args = append(e.args, v)
		}
		v := value.Missing
		if e.Step() {
			v = fn(&e.Run, e.args[at:])
		}
		switch {
		case e.Err != nil:
			v = e.Of(v, e.args[at:]...)
		case v.Src == 0 && !own:
			v.Made = makes.Of(v, e.args[at:])
			v = e.Of(v, e.args[at:]...)
		}
		e.args = e.args[:at]
		return v
	}
}

func isPredicate(n ast.Node) bool { _, ok := n.(*ast.PredicateNode); return ok }

// predicate compiles what works on each item of a list: filter, map, any, all, none, one, find, count, sum.
func (c *Compiler) predicate(n ast.Node, name string, args []ast.Node) Compiled {
	how, ok := predicates[name]
	if !ok {
		c.stop(n, CodeUnknownHelper, name+" is not part of the mapping language", diag.Suggest(name, callable))
	}
	list := c.within(args[0])
	c.inside(args[0], list)
	c.isList(args[0], list)
	c.markAt(args[0], list, len(args) == 1 && name == "sum" || slices.Contains(wholes, name))
	if name == "groupBy" { // its groups hide where their items lie
		c.whole(list.place())
	}
	body := Compiled{}
	if len(args) > 2 {
		how.do = c.ordered(args[2])
	}
	if len(args) > 1 {
		body = c.ofItem(n, name, args[1], list)
	}
	if !how.values && body.Eval != nil {
		c.condition(args[1], body)
	}
	c.apply(args[0], name, NeedList(name), []Compiled{list}, true)
	if name == "sum" {
		body = c.added(args[len(args)-1], list, body)
	}
	lv, bv := list.Eval, body.Eval
	out := Compiled{Source: list.Source, May: how.may}
	switch {
	case list.Path == nil:
	case name == "any", name == "one":
		out.Yes, _ = body.Needs()
	case name == "count" && bv == nil:
		out.Size, out.sized = OfItems, list.Path
	}
	out.Eval = func(e *Env) value.Value {
		l := lv(e)
		switch l.Kind {
		case value.KindMissing, value.KindNull:
			l = value.Value{Kind: value.KindList}
		case value.KindList:
		default:
			return e.FailSort(l, value.CodeNotList, name+" needs a list")
		}
		v := how.do(e, l, bv)
		v.Made |= how.makes
		return e.Of(v, l)
	}
	switch out = out.as(name, list, body); name {
	case "find":
		return c.under(out, itemOf(list.place()))
	case "filter", "sortBy":
		out.Under = list.place()
	}
	return out
}

// ofItem compiles what a predicate says of each item of a list.
func (c *Compiler) ofItem(n ast.Node, name string, arg ast.Node, list Compiled) Compiled {
	p, _ := arg.(*ast.PredicateNode)
	if p == nil {
		c.stop(n, helpers.CodeArguments, name+" needs a condition on the items, such as "+name+"(list, .amount > 0)", "")
	}
	c.items = append(c.items, list)
	body := c.operand(p.Node)
	c.items = c.items[:len(c.items)-1]
	return body
}

// added is what sum adds, which must be numbers.
func (c *Compiler) added(n ast.Node, list, body Compiled) Compiled {
	if body.Eval == nil && list.Path != nil {
		body = c.pathExpr(itemOf(list.Path))
	}
	add := func(e *value.Run, a []value.Value) value.Value { return e.Calculate('+', value.Int(0), a[0]) }
	c.apply(n, "sum", add, []Compiled{body}, false)
	return body
}

// NeedList uses a value as a list.
func NeedList(name string) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		if !a[0].Absent() && a[0].Kind != value.KindList {
			return e.Fail(value.CodeNotList, name+" needs a list")
		}
		return a[0]
	}
}

// eachItem runs f for every item with its body's value, until f says stop.
func eachItem(e *Env, l value.Value, body Eval, f func(it, v value.Value) bool) {
	for i := range l.Length() {
		if !e.Step() {
			return
		}
		it := e.Of(l.Item(i), l)
		v := it
		if body != nil {
			e.items, e.itemNo = append(e.items, it), append(e.itemNo, i)
			v = body(e)
			e.items, e.itemNo = e.items[:len(e.items)-1], e.itemNo[:len(e.itemNo)-1]
		}
		if !f(it, v) {
			return
		}
	}
}

// predicate works on each item of a list.
type predicate struct {
	do     func(e *Env, l value.Value, body Eval) value.Value
	may    *Outcome     // what check knows of what it gives; nil: anything
	makes  value.Making // what it does to a value beside reading it
	usage  string       // for the reference
	values bool         // its body is no condition
}

// predicates by name. A missing or null list counts as an empty one.
var predicates = map[string]predicate{
	"filter": {may: someList, usage: "filter(list, condition): the items for which it is true", do: func(e *Env, l value.Value, body Eval) value.Value {
		out := []value.Value{}
		eachTrue(e, l, body, func(it value.Value) bool { out = append(out, it); return true })
		return value.Value{Kind: value.KindList, Any: out}
	}},
	"map": {may: someList, values: true, usage: "map(list, expression): a list of its values", do: func(e *Env, l value.Value, body Eval) value.Value {
		out := make([]value.Value, 0, l.Length())
		eachItem(e, l, body, func(_, v value.Value) bool { out = append(out, v); return true })
		return value.Value{Kind: value.KindList, Any: out}
	}},
	"find": {usage: "find(list, condition): the first item for which it is true, else missing", do: func(e *Env, l value.Value, body Eval) value.Value {
		out := value.Missing
		eachTrue(e, l, body, func(it value.Value) bool { out = it; return false })
		return out
	}},
	"any":     {do: counted(func(n, _ int) bool { return n > 0 }), may: someBoolean, usage: "any(list, condition): true for at least one item"},
	"none":    {do: counted(func(n, _ int) bool { return n == 0 }), may: someBoolean, usage: "none(list, condition): true for no item"},
	"one":     {do: counted(func(n, _ int) bool { return n == 1 }), may: someBoolean, usage: "one(list, condition): true for exactly one item"},
	"all":     {do: counted(func(n, all int) bool { return n == all }), may: someBoolean, usage: "all(list, condition): true for every item, also of an empty list"},
	"count":   {do: count, may: someInteger, makes: value.Computed | value.Other, usage: "count(list) or count(list, condition): number of items"},
	"sum":     {do: sum, values: true, may: someNumber, makes: value.Computed, usage: "sum(list) or sum(list, expression): exact sum; missing and null items count as nothing"},
	"sortBy":  {do: sortBy(1), values: true, may: someList, usage: `sortBy(list, expression) or sortBy(list, expression, "desc"): the items in the order of its values; those without one at the end`},
	"groupBy": {do: groupBy, values: true, may: someObjects, usage: "groupBy(list, expression): a list of groups in the order of their first items; each has a key, the value of the expression, and items"},
}

// wholes are those whose lists are used with all that is in their items.
var wholes = []string{"filter", "find", "sortBy", "groupBy"}

// eachTrue runs f for every item whose condition is true, until f says stop.
func eachTrue(e *Env, l value.Value, condition Eval, f func(it value.Value) bool) {
	eachItem(e, l, condition, func(it, v value.Value) bool { return !e.Truth(v) || f(it) })
}

// counted compares the number of items whose condition is true with that of all.
func counted(is func(n, all int) bool) func(e *Env, l value.Value, condition Eval) value.Value {
	return func(e *Env, l value.Value, condition Eval) value.Value {
		return value.Bool(is(int(count(e, l, condition).Int), l.Length()))
	}
}

func count(e *Env, l value.Value, condition Eval) value.Value {
	if condition == nil {
		return value.Int(int64(l.Length()))
	}
	var n int64
	eachTrue(e, l, condition, func(value.Value) bool { n++; return true })
	return value.Int(n)
}

// sum adds numbers exactly; missing and null items count as nothing.
func sum(e *Env, l value.Value, body Eval) value.Value {
	total := value.Int(0)
	eachItem(e, l, body, func(_, v value.Value) bool {
		if !v.Absent() {
			src := e.Both(total.Src, v.Src)
			total = e.Calculate('+', total, v)
			total.Src = src
		}
		return e.Err == nil
	})
	return total
}

package expr

import (
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Function computes a helper; args are on the env's stack and must not be kept.
type Function func(e *Env, args []Value) Value

// helper is one function of the mapping language.
type helper struct {
	min, max int      // number of arguments with the piped one; max < 0: any number
	shallow  bool     // looks at a list or object without using what is in it
	same     bool     // the text stays as long as it is, or gets shorter
	both     bool     // of two arguments each passes where it is absent, the second first
	keeps    bool     // whatever is in the text stays in it, but for capitals
	own      bool     // gives the mapping's own words, not something made of the form
	makes    Making   // what it does to a value beside reading it
	fn       Function // the function itself, or:
	make     func(c *Compiler, n ast.Node, args []Compiled) Function
	usage    string // how it is written and what it does, for the reference
	absent   string // what it does with missing, null and ""
}

// call compiles helper(args) and value | helper(args).
func (c *Compiler) call(n ast.Node, name string, args []ast.Node) Compiled {
	if len(args) > 0 && (hasPredicate(args) || name == "sum" || name == "count") {
		return c.predicate(n, name, args)
	}
	h, ok := helpers[name]
	if !ok {
		c.stop(n, CodeUnknownHelper, "there is no helper "+strconv.Quote(name), suggestName(name, helperNames()))
	}
	if len(args) < h.min || h.max >= 0 && len(args) > h.max {
		c.stop(n, CodeArguments, name+" has the wrong number of arguments: "+h.usage, "")
	}
	xs := make([]Compiled, len(args))
	for i, a := range args {
		if h.shallow && i == 0 {
			xs[i] = c.shallow(a)
		} else {
			xs[i] = c.operand(a)
		}
	}
	fn := h.fn
	if h.make != nil {
		fn = h.make(c, n, xs)
	}
	if strings.HasPrefix(h.absent, passes) {
		fn = passing(fn, h.both)
	}
	out := Compiled{Eval: invoke(fn, xs, h), Source: firstSource(xs...), Own: ownTexts(name, xs)}
	if h.same {
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
		out.May = c.apply(n, name, fn, xs, h.own).measured(partsOf(xs...), 0, likely(xs...))
	case h.keeps:
		size := padded(name, xs)
		out.May = c.apply(n, name, fn, xs, h.own).measured(partsOf(xs[0]), max(least(xs[0]), size), max(likely(xs[0]), size))
	default:
		out.May = c.apply(n, name, fn, xs, h.own)
	}
	return out
}

// passing makes a helper whose argument passes where it is absent.
func passing(fn Function, both bool) Function {
	return func(e *Env, a []Value) Value {
		if both && a[1].Absent() {
			return a[1]
		}
		if a[0].Absent() {
			return a[0]
		}
		return fn(e, a)
	}
}

// ownTexts tells whether a helper gives no texts but those of the mapping.
func ownTexts(name string, xs []Compiled) bool {
	switch name {
	case "lookup":
		return len(xs) == 2 || xs[2].Own
	case "yesNo":
		return xs[1].Own && xs[2].Own
	}
	return false
}

// invoke puts arguments on the env's stack, so that a call allocates nothing.
func invoke(fn Function, xs []Compiled, h helper) Eval {
	own, makes := h.own, h.makes
	if len(xs) == 1 {
		ev := xs[0].Eval
		return func(e *Env) Value {
			at := len(e.args)
			v := ev(e)
			if !e.Step() {
				return Missing
			}
			e.args = append(e.args, v)
			v = fn(e, e.args[at:])
			switch {
			case e.Err != nil:
				v = e.Of(v, e.args[at])
			case v.Src == 0 && !own:
				v.Made = makes.of(v, e.args[at:])
				v.Src, v.Made = e.args[at].Src, v.Made|e.args[at].Made
			}
			e.args = e.args[:at]
			return v
		}
	}
	evs := make([]Eval, len(xs))
	for i, x := range xs {
		evs[i] = x.Eval
	}
	return func(e *Env) Value {
		at := len(e.args)
		for _, ev := range evs {
			v := ev(e)
			e.args = append(e.args, v)
		}
		v := Missing
		if e.Step() {
			v = fn(e, e.args[at:])
		}
		switch {
		case e.Err != nil:
			v = e.Of(v, e.args[at:]...)
		case v.Src == 0 && !own:
			v.Made = makes.of(v, e.args[at:])
			v = e.Of(v, e.args[at:]...)
		}
		e.args = e.args[:at]
		return v
	}
}

func hasPredicate(args []ast.Node) bool {
	for _, a := range args {
		if _, ok := a.(*ast.PredicateNode); ok {
			return true
		}
	}
	return false
}

// predicate compiles what works on each item of a list: filter, map, any, all, none, one, find, count, sum.
func (c *Compiler) predicate(n ast.Node, name string, args []ast.Node) Compiled {
	do, ok := predicates[name]
	if !ok {
		c.stop(n, CodeUnknownHelper, name+" is not part of the mapping language", suggestName(name, helperNames()))
	}
	list := c.node(args[0])
	c.inside(args[0], list)
	c.markAt(args[0], list, len(args) == 1 && name == "sum" || name == "filter" || name == "find")
	body := Compiled{}
	if len(args) > 1 {
		var item *Path
		if list.Path != nil {
			item = itemOf(list.Path)
		}
		c.items = append(c.items, item)
		p, _ := args[1].(*ast.PredicateNode)
		if p == nil {
			c.stop(n, CodeArguments, name+" needs a condition on the items, such as "+name+"(list, .amount > 0)", "")
		}
		body = c.operand(p.Node)
		c.items = c.items[:len(c.items)-1]
	}
	if name != "map" && name != "sum" && body.Eval != nil {
		c.condition(args[1], body)
	}
	c.apply(args[0], name, NeedList(name), []Compiled{list}, true)
	if name == "sum" {
		if body.Eval == nil && list.Path != nil {
			body = c.pathExpr(itemOf(list.Path))
		}
		add := func(e *Env, a []Value) Value { return calculate(e, '+', Int(0), a[0]) }
		c.apply(args[len(args)-1], name, add, []Compiled{body}, false)
	}
	lv, bv, makes := list.Eval, body.Eval, predicateMakes[name]
	out := Compiled{Source: list.Source, May: predicateOutcomes[name]}
	switch {
	case list.Path == nil:
	case name == "any", name == "one":
		out.Yes, _ = body.Needs()
	case name == "count" && bv == nil:
		out.Size, out.sized = OfItems, list.Path
	}
	out.Eval = func(e *Env) Value {
		l := lv(e)
		switch l.Kind {
		case KindMissing, KindNull:
			l = Value{Kind: KindList}
		case KindList:
		default:
			return e.FailSort(l, CodeNotList, name+" needs a list")
		}
		v := do(e, l, bv)
		v.Made |= makes
		return e.Of(v, l)
	}
	return out
}

// itemOf is the way to an item of a predicate's list.
func itemOf(list *Path) *Path {
	item := list.Child(Step{Loop: -1, Item: true})
	item.Slot, item.rel = -2, nil
	return item
}

// predicateOutcomes is what check knows of what predicates give.
var predicateOutcomes = map[string]*Outcome{"filter": someList, "map": someList, "any": someBoolean, "all": someBoolean, "none": someBoolean,
	"one": someBoolean, "count": someInteger, "sum": someNumber}

// predicateMakes is what they do to values.
var predicateMakes = map[string]Making{"count": Computed | Other, "sum": Computed}

// NeedList uses a value as a list.
func NeedList(name string) Function {
	return func(e *Env, a []Value) Value {
		if !a[0].Absent() && a[0].Kind != KindList {
			return e.Fail(CodeNotList, name+" needs a list")
		}
		return a[0]
	}
}

// eachItem runs f for every item with its body's value, until f says stop.
func eachItem(e *Env, l Value, body Eval, f func(i int, it, v Value) bool) {
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
		if !f(i, it, v) {
			return
		}
	}
}

// predicates by name. A missing or null list counts as an empty one.
var predicates = map[string]func(e *Env, l Value, body Eval) Value{
	"filter": func(e *Env, l Value, body Eval) Value {
		out := []Value{}
		eachItem(e, l, body, func(_ int, it, v Value) bool {
			if Truth(e, v) {
				out = append(out, it)
			}
			return true
		})
		return Value{Kind: KindList, Any: out}
	},
	"map": func(e *Env, l Value, body Eval) Value {
		out := make([]Value, 0, l.Length())
		eachItem(e, l, body, func(_ int, _, v Value) bool { out = append(out, v); return true })
		return Value{Kind: KindList, Any: out}
	},
	"find": func(e *Env, l Value, body Eval) Value {
		out := Missing
		eachItem(e, l, body, func(_ int, it, v Value) bool {
			if Truth(e, v) {
				out = it
				return false
			}
			return true
		})
		return out
	},
	"any":   func(e *Env, l Value, body Eval) Value { return Bool(countTrue(e, l, body) > 0) },
	"none":  func(e *Env, l Value, body Eval) Value { return Bool(countTrue(e, l, body) == 0) },
	"one":   func(e *Env, l Value, body Eval) Value { return Bool(countTrue(e, l, body) == 1) },
	"all":   func(e *Env, l Value, body Eval) Value { return Bool(countTrue(e, l, body) == l.Length()) },
	"count": count,
	"sum":   sum,
}

func countTrue(e *Env, l Value, body Eval) int {
	n := 0
	eachItem(e, l, body, func(_ int, _, v Value) bool {
		if Truth(e, v) {
			n++
		}
		return true
	})
	return n
}

func count(e *Env, l Value, body Eval) Value {
	if body == nil {
		return Int(int64(l.Length()))
	}
	return Int(int64(countTrue(e, l, body)))
}

// sum adds numbers exactly; missing and null items count as nothing.
func sum(e *Env, l Value, body Eval) Value {
	total := Int(0)
	eachItem(e, l, body, func(_ int, _, v Value) bool {
		if !v.Absent() {
			src := e.both(total.Src, v.Src)
			total = calculate(e, '+', total, v)
			total.Src = src
		}
		return e.Err == nil
	})
	return total
}

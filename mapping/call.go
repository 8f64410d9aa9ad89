package mapping

import (
	"strconv"

	"github.com/expr-lang/expr/ast"
)

// function computes a helper; args are on the env's stack and must not be kept.
type function func(e *env, args []value) value

// helper is one function of the mapping language.
type helper struct {
	min, max int      // number of arguments with the piped one; max < 0: any number
	shallow  bool     // looks at a list or object without using what is in it
	same     bool     // the text stays as long as it is, or gets shorter
	keeps    bool     // whatever is in the text stays in it, but for capitals
	own      bool     // gives the mapping's own words, not something made of the form
	makes    making   // what it does to a value beside reading it
	fn       function // the function itself, or:
	make     func(c *compiler, n ast.Node, args []cx) function
	usage    string // how it is written and what it does, for the reference
	absent   string // what it does with missing, null and ""
}

// call compiles helper(args) and value | helper(args).
func (c *compiler) call(n ast.Node, name string, args []ast.Node) cx {
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
	xs := make([]cx, len(args))
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
	out := cx{ev: invoke(fn, xs, h), src: firstSource(xs...), own: ownTexts(name, xs)}
	if h.same {
		out.plain = xs[0].plain
	}
	switch {
	case name == "fail":
		out.may = noOutcome
	case name == "lookup" && len(xs[0].outcome().more) > 0:
		out.may = c.found(xs)
	case name == "concat":
		out.may = c.apply(n, name, fn, xs, h.own).measured(partsOf(xs...), 0, likely(xs...))
	case h.keeps:
		size := padded(name, xs)
		out.may = c.apply(n, name, fn, xs, h.own).measured(partsOf(xs[0]), max(least(xs[0]), size), max(likely(xs[0]), size))
	default:
		out.may = c.apply(n, name, fn, xs, h.own)
	}
	return out
}

// ownTexts tells whether a helper gives no texts but those of the mapping.
func ownTexts(name string, xs []cx) bool {
	switch name {
	case "lookup":
		return len(xs) == 2 || xs[2].own
	case "yesNo":
		return xs[1].own && xs[2].own
	}
	return false
}

// invoke puts arguments on the env's stack, so that a call allocates nothing.
func invoke(fn function, xs []cx, h helper) eval {
	own, makes := h.own, h.makes
	if len(xs) == 1 {
		ev := xs[0].ev
		return func(e *env) value {
			at := len(e.args)
			v := ev(e)
			if !e.step() {
				return missing
			}
			e.args = append(e.args, v)
			v = fn(e, e.args[at:])
			switch {
			case e.err != nil:
				v = e.of(v, e.args[at])
			case v.src == 0 && !own:
				v.made = makes.of(v, e.args[at:])
				v.src, v.made = e.args[at].src, v.made|e.args[at].made
			}
			e.args = e.args[:at]
			return v
		}
	}
	evs := make([]eval, len(xs))
	for i, x := range xs {
		evs[i] = x.ev
	}
	return func(e *env) value {
		at := len(e.args)
		for _, ev := range evs {
			v := ev(e)
			e.args = append(e.args, v)
		}
		v := missing
		if e.step() {
			v = fn(e, e.args[at:])
		}
		switch {
		case e.err != nil:
			v = e.of(v, e.args[at:]...)
		case v.src == 0 && !own:
			v.made = makes.of(v, e.args[at:])
			v = e.of(v, e.args[at:]...)
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
func (c *compiler) predicate(n ast.Node, name string, args []ast.Node) cx {
	do, ok := predicates[name]
	if !ok {
		c.stop(n, CodeUnknownHelper, name+" is not part of the mapping language", suggestName(name, helperNames()))
	}
	list := c.node(args[0])
	c.inside(args[0], list)
	c.markAt(args[0], list, len(args) == 1 && name == "sum" || name == "filter" || name == "find")
	body := cx{}
	if len(args) > 1 {
		var item *path
		if list.path != nil {
			item = itemOf(list.path)
		}
		c.items = append(c.items, item)
		p, _ := args[1].(*ast.PredicateNode)
		if p == nil {
			c.stop(n, CodeArguments, name+" needs a condition on the items, such as "+name+"(list, .amount > 0)", "")
		}
		body = c.operand(p.Node)
		c.items = c.items[:len(c.items)-1]
	}
	if name != "map" && name != "sum" && body.ev != nil {
		c.condition(args[1], body)
	}
	c.apply(args[0], name, needList(name), []cx{list}, true)
	if name == "sum" {
		if body.ev == nil && list.path != nil {
			body = c.pathExpr(itemOf(list.path))
		}
		add := func(e *env, a []value) value { return calculate(e, '+', intValue(0), a[0]) }
		c.apply(args[len(args)-1], name, add, []cx{body}, false)
	}
	lv, bv, makes := list.ev, body.ev, predicateMakes[name]
	return cx{src: list.src, may: predicateOutcomes[name], ev: func(e *env) value {
		l := lv(e)
		switch l.k {
		case kMissing, kNull:
			l = value{k: kList}
		case kList:
		default:
			return e.failSort(l, CodeNotList, name+" needs a list")
		}
		v := do(e, l, bv)
		v.made |= makes
		return e.of(v, l)
	}}
}

// itemOf is the way to an item of a predicate's list.
func itemOf(list *path) *path {
	item := list.child(seg{loop: -1, item: true})
	item.slot, item.rel = -2, nil
	return item
}

// predicateOutcomes is what check knows of what predicates give.
var predicateOutcomes = map[string]*outcome{"filter": someList, "map": someList, "any": someBoolean, "all": someBoolean, "none": someBoolean,
	"one": someBoolean, "count": someInteger, "sum": someNumber}

// predicateMakes is what they do to values.
var predicateMakes = map[string]making{"count": computed | other, "sum": computed}

func needList(name string) function {
	return func(e *env, a []value) value {
		if !a[0].absent() && a[0].k != kList {
			return e.fail(CodeNotList, name+" needs a list")
		}
		return a[0]
	}
}

// each runs f for every item with its body's value, until f says stop.
func each(e *env, l value, body eval, f func(i int, it, v value) bool) {
	for i := range l.length() {
		if !e.step() {
			return
		}
		it := e.of(l.item(i), l)
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
var predicates = map[string]func(e *env, l value, body eval) value{
	"filter": func(e *env, l value, body eval) value {
		out := []value{}
		each(e, l, body, func(_ int, it, v value) bool {
			if truth(e, v) {
				out = append(out, it)
			}
			return true
		})
		return value{k: kList, x: out}
	},
	"map": func(e *env, l value, body eval) value {
		out := make([]value, 0, l.length())
		each(e, l, body, func(_ int, _, v value) bool { out = append(out, v); return true })
		return value{k: kList, x: out}
	},
	"find": func(e *env, l value, body eval) value {
		out := missing
		each(e, l, body, func(_ int, it, v value) bool {
			if truth(e, v) {
				out = it
				return false
			}
			return true
		})
		return out
	},
	"any":   func(e *env, l value, body eval) value { return boolValue(countTrue(e, l, body) > 0) },
	"none":  func(e *env, l value, body eval) value { return boolValue(countTrue(e, l, body) == 0) },
	"one":   func(e *env, l value, body eval) value { return boolValue(countTrue(e, l, body) == 1) },
	"all":   func(e *env, l value, body eval) value { return boolValue(countTrue(e, l, body) == l.length()) },
	"count": count,
	"sum":   sum,
}

func countTrue(e *env, l value, body eval) int {
	n := 0
	each(e, l, body, func(_ int, _, v value) bool {
		if truth(e, v) {
			n++
		}
		return true
	})
	return n
}

func count(e *env, l value, body eval) value {
	if body == nil {
		return intValue(int64(l.length()))
	}
	return intValue(int64(countTrue(e, l, body)))
}

// sum adds numbers exactly; missing and null items count as nothing.
func sum(e *env, l value, body eval) value {
	total := intValue(0)
	each(e, l, body, func(_ int, _, v value) bool {
		if !v.absent() {
			src := e.both(total.src, v.src)
			total = calculate(e, '+', total, v)
			total.src = src
		}
		return e.err == nil
	})
	return total
}

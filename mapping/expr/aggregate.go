package expr

import (
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// someObjects is what check knows of a list of groups.
var someObjects = &Outcome{More: value.SamplesOf(value.Value{Kind: value.KindList, Any: []any{}}, value.Value{Kind: value.KindList, Any: []any{map[string]any{}}})}

// ordered is sortBy with the word that says in which order.
func (c *Compiler) ordered(n ast.Node) func(e *Env, l value.Value, body Eval) value.Value {
	word := ""
	if x := c.node(n); x.Const != nil {
		word = x.Const.Str
	}
	if word != "asc" && word != "desc" {
		c.stop(n, helpers.CodeArguments, `the order of sortBy is "asc" or "desc"`, "")
	}
	if word == "desc" {
		return sortBy(-1)
	}
	return sortBy(1)
}

// sortBy puts items in the order of their values; those that have none stay at the end as they stand.
func sortBy(sign int) func(e *Env, l value.Value, body Eval) value.Value {
	type keyed struct{ it, key value.Value }
	return func(e *Env, l value.Value, body Eval) value.Value {
		var all []keyed
		var rest []value.Value
		eachItem(e, l, body, func(it, v value.Value) bool {
			if v.Absent() {
				rest = append(rest, it)
			} else {
				all = append(all, keyed{it, v})
			}
			return e.Err == nil
		})
		slices.SortStableFunc(all, func(a, b keyed) int { return sign * helpers.InOrder(&e.Run, a.key, b.key) })
		out := make([]value.Value, 0, len(all)+len(rest))
		for _, k := range all {
			out = append(out, k.it)
		}
		return value.Value{Kind: value.KindList, Any: append(out, rest...)}
	}
}

// groupBy makes an object of key and items for each value of the body.
func groupBy(e *Env, l value.Value, body Eval) value.Value {
	keys, groups := []value.Value{}, map[string][]value.Value{}
	var names []string
	eachItem(e, l, body, func(it, v value.Value) bool {
		name, ok := helpers.Identity(v)
		if !ok {
			e.FailSort(v, value.CodeNotValue, "a list or object cannot be a group's key")
			return false
		}
		if groups[name] == nil {
			keys, names = append(keys, v), append(names, name)
		}
		groups[name] = append(groups[name], it)
		return e.Err == nil
	})
	out := make([]value.Value, len(keys))
	for i, key := range keys {
		out[i] = value.Value{Kind: value.KindObject, Any: map[string]any{"key": key, "items": value.Value{Kind: value.KindList, Any: groups[names[i]]}}}
	}
	return value.Value{Kind: value.KindList, Any: out}
}

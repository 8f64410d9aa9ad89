package prove

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
)

// smaller takes away from a form what is not needed for it to fail: fields, items, characters, digits. keep tells whether one still does.
func (p *prover) smaller(form any, keep func(any) bool) any {
	for again := true; again && !p.now().After(p.end); {
		again = false
		for _, way := range ways(form, nil) {
			if p.now().After(p.end) {
				break
			}
			if less, done := p.less(form, way, keep); done {
				form, again = less, true
			}
		}
	}
	return form
}

// less tries to make one node of a form smaller.
func (p *prover) less(form any, way []any, keep func(any) bool) (any, bool) {
	node, there := node(form, way)
	if !there {
		return form, false
	}
	tries := []any{missing{}}
	switch x := node.(type) {
	case string:
		runes := []rune(x)
		for n := range slices.Values([]int{0, len(runes) / 2, len(runes) * 3 / 4, len(runes) * 7 / 8, len(runes) - 1}) {
			if n >= 0 && n < len(runes) {
				tries = append(tries, string(runes[:n]))
			}
		}
		if plain := strings.Repeat("x", len(runes)); plain != x {
			tries = append(tries, plain)
		}
		for i, r := range runes {
			if r >= 0x80 && strings.Trim(string(runes[i:]), string(r)) == "" && len(runes)-i > 1 { // one such character will do
				tries = append(tries, string(runes[:i])+string(r)+strings.Repeat("x", len(runes)-i-1))
				break
			}
		}
	case json.Number:
		for _, s := range []string{"0", "1", strings.TrimRight(string(x[:max(len(x)-1, 0)]), ".")} {
			if s != "" && s != "-" && len(s) <= len(x) && s != string(x) && (x != "0" && x != "1" || s == "0" && x == "1") {
				tries = append(tries, json.Number(s))
			}
		}
	}
	for _, v := range tries {
		if less, ok := replace(clone(form), way, v); ok && keep(less) {
			return less, true
		}
	}
	return form, false
}

// ways are those to every node of a form, from the outside to the inside.
func ways(x any, to []any) (out [][]any) {
	if len(to) > 0 {
		out = append(out, slices.Clone(to))
	}
	switch x := x.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			out = append(out, ways(x[name], append(to, name))...)
		}
	case []any:
		for i := len(x) - 1; i >= 0; i-- {
			out = append(out, ways(x[i], append(to, i))...)
		}
	}
	return out
}

// node is what a way leads to.
func node(x any, way []any) (any, bool) {
	for _, step := range way {
		switch s := step.(type) {
		case string:
			object, _ := x.(map[string]any)
			next, there := object[s]
			if !there {
				return nil, false
			}
			x = next
		case int:
			list, _ := x.([]any)
			if s < 0 || s >= len(list) {
				return nil, false
			}
			x = list[s]
		}
	}
	return x, true
}

// replace puts a value where a way leads, or takes away what is there.
func replace(form any, way []any, v any) (any, bool) {
	if len(way) == 0 {
		return v, v != missing{}
	}
	above, ok := node(form, way[:len(way)-1])
	_, gone := v.(missing)
	switch s := way[len(way)-1].(type) {
	case string:
		object, is := above.(map[string]any)
		switch {
		case !ok || !is:
			return form, false
		case gone:
			delete(object, s)
		default:
			object[s] = v
		}
	case int:
		list, is := above.([]any)
		switch {
		case !ok || !is || s < 0 || s >= len(list):
			return form, false
		case gone:
			return replace(form, way[:len(way)-1], slices.Delete(slices.Clone(list), s, s+1))
		default:
			list[s] = v
		}
	}
	return form, true
}

// way leads along a path, of lists through the first item.
func way(abs []expr.Step) (out []any) {
	for _, s := range abs {
		switch {
		case s.Name != "":
			out = append(out, s.Name)
		case s.Item || s.Loop >= 0:
			out = append(out, 0)
		default:
			out = append(out, s.Index())
		}
	}
	return out
}

// put sets what lies under a path of a form; there tells whether it can.
func put(form any, abs []expr.Step, v any) (any, bool) { return replace(form, way(abs), v) }

// at is what lies under a path of a form.
func at(form any, abs []expr.Step) any {
	x, _ := node(form, way(abs))
	return x
}

func clone(x any) any {
	switch x := x.(type) {
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, v := range x {
			out[k] = clone(v)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = clone(x[i])
		}
		return out
	}
	return x
}

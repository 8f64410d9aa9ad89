package helpers

import (
	"slices"

	"github.com/inbasket/inbasket/mapping/expr/value"
)

// there are the items of a list that are there. What is no list is an error.
func there(e *value.Run, list value.Value) []value.Value {
	if !list.Absent() && list.Kind != value.KindList {
		e.FailSort(list, value.CodeNotList, "a list is needed here")
	}
	out := []value.Value{}
	for i := range list.Length() {
		if !e.Step() {
			break
		}
		if it := list.Item(i); !it.Absent() {
			out = append(out, e.Of(it, list))
		}
	}
	return out
}

func listOf(items []value.Value) value.Value { return value.Value{Kind: value.KindList, Any: items} }

// InOrder compares two values of one sort, and counts as work.
func InOrder(e *value.Run, a, b value.Value) int {
	if !e.Step() {
		return 0
	}
	sign := e.Compare(a, b)
	e.Of(value.Missing, a, b)
	return sign
}

// Identity is a text that equal values have in common; false for lists, objects and bytes.
func Identity(v value.Value) (string, bool) {
	s, ok := v.Text()
	switch {
	case v.Absent():
		return value.KindName(v.Kind), true
	case v.IsNumber():
		s = plainNumber(v)
		return "number " + s, true
	case v.Kind == value.KindDateTime:
		if t, zoned, read := value.ReadDateTime(s); read {
			s = value.DateTime(t.UTC(), zoned).Str
		}
	}
	return value.KindName(v.Kind) + " " + s, ok
}

// OfItems are what helpers of lists do with a single item, which may fail by itself.
var OfItems = map[string]value.Function{"join": oneJoined, "sort": oneOrdered, "min": oneOrdered, "max": oneOrdered, "distinct": oneOrdered}

// oneOrdered uses a value as an item that is compared with others.
func oneOrdered(e *value.Run, a []value.Value) value.Value {
	if _, ok := Identity(a[0]); !ok {
		return e.FailSort(a[0], value.CodeNotValue, "only single values can be compared, not lists or objects")
	}
	return a[0]
}

// outermost is the least item with -1, the greatest with 1.
func outermost(sign int) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		out := value.Missing
		for i, it := range there(e, a[0]) {
			if i == 0 {
				out = it
				InOrder(e, it, it)
			} else if InOrder(e, it, out)*sign > 0 {
				out = it
			}
		}
		return out
	}
}

func makeSort(c Call) (value.Function, *Mistake) {
	word := "asc"
	if len(c.Consts) > 1 {
		word, _ = c.text(1)
	}
	if word != "asc" && word != "desc" {
		return nil, wrong(CodeArguments, `the order of sort is "asc" or "desc"`, "").at(1)
	}
	return func(e *value.Run, a []value.Value) value.Value {
		items := there(e, a[0])
		slices.SortStableFunc(items, func(a, b value.Value) int {
			if word == "desc" {
				a, b = b, a
			}
			return InOrder(e, a, b)
		})
		return listOf(items)
	}, nil
}

func distinct(e *value.Run, a []value.Value) value.Value {
	out, seen := []value.Value{}, map[string]bool{}
	for _, it := range there(e, a[0]) {
		name, ok := Identity(it)
		if !ok {
			return e.FailSort(it, value.CodeNotValue, "distinct needs single values, not lists or objects")
		}
		if !seen[name] {
			out = append(out, it)
		}
		seen[name] = true
	}
	return listOf(out)
}

func flatten(e *value.Run, a []value.Value) value.Value {
	out := []value.Value{}
	for _, it := range there(e, a[0]) {
		if it.Kind == value.KindList {
			out = append(out, there(e, it)...)
		} else {
			out = append(out, it)
		}
	}
	return listOf(out)
}

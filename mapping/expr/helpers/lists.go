package helpers

import (
	"strings"

	"github.com/inbasket/inbasket/mapping/expr/value"
)

var listHelpers = map[string]Helper{
	"first": {Min: 1, Max: 1, Example: `[3, 1, 2] | first() = 3`, Usage: "list | first(): the first item", Absent: "missing and null give missing, so does an empty list",
		fn: func(e *value.Run, a []value.Value) value.Value { return itemAt(e, a[0], 0) }},
	"last": {Min: 1, Max: 1, Example: `[3, 1, 2] | last() = 2`, Usage: "list | last(): the last item", Absent: "missing and null give missing, so does an empty list",
		fn: func(e *value.Run, a []value.Value) value.Value { return itemAt(e, a[0], a[0].Length()-1) }},
	"join": {Min: 1, Max: 2, Example: `["a", nil, "b"] | join("; ") = "a; b"`, args: []sort{aText}, Makes: value.Changed | value.Longer, Usage: `list | join() or list | join("; "): the items' texts, with a separator between, a comma and a blank by default`,
		Absent: "missing and null items are left out; a missing list stays missing", fn: join},
	"coalesce": {Min: 1, Max: -1, Example: `coalesce(nil, "", "x") = ""`, Own: true, Usage: "coalesce(a, b, c): of any number the first value that is there", Absent: `missing and null are passed over, "" is not`, fn: coalesce},
	"default":  {Min: 2, Max: 2, Example: `nil | default("x") = "x"`, Own: true, Usage: "x | default(y): y where x is not there", Absent: `missing and null give y, "" stays`, fn: coalesce},
	"isMissing": {Min: 1, Max: 1, Example: `isMissing(form.none) = true`, Shallow: true, Usage: "isMissing(x): true where the form has no such field", Absent: "missing gives true, null and \"\" give false",
		fn: func(_ *value.Run, a []value.Value) value.Value { return value.Bool(a[0].Kind == value.KindMissing) }},
	"isNull": {Min: 1, Max: 1, Example: `isNull(nil) = true`, Shallow: true, Usage: "isNull(x): true where the field is there and null", Absent: "null gives true, missing and \"\" give false",
		fn: func(_ *value.Run, a []value.Value) value.Value { return value.Bool(a[0].Kind == value.KindNull) }},
	"isEmpty": {Min: 1, Max: 1, Example: `isEmpty("") = true`, Shallow: true, Usage: `isEmpty(x): true for missing, null, "", and an empty list`, Absent: "all three give true",
		fn: func(_ *value.Run, a []value.Value) value.Value {
			return value.Bool(a[0].Absent() || a[0].Kind == value.KindText && a[0].Str == "" || a[0].Kind == value.KindList && a[0].Length() == 0)
		}},
	"nullIfEmpty": {Min: 1, Max: 1, Example: `"" | nullIfEmpty() = null`, Usage: `x | nullIfEmpty(): null for ""`, Absent: `missing stays missing, null and "" give null`,
		fn: func(_ *value.Run, a []value.Value) value.Value {
			if a[0].Kind == value.KindText && a[0].Str == "" {
				return value.Null
			}
			return a[0]
		}},
	"nullIf": {Min: 2, Max: -1, args: []sort{aText}, Usage: `x | nullIf("00000000", "99991231"): null where x is one of these texts or numbers, such as a date that means none`, Absent: passes,
		Example: `"99991231" | nullIf("00000000", "99991231") | parseDate("yyyyMMdd") = null`, fn: nullIf},
	"min": {Min: 1, Max: 1, Usage: "list | min(): the least of numbers, dates or texts", Absent: "missing and null items are passed over; missing, null and an empty list give missing",
		Example: `[3, 1.5, nil] | min() = decimal 1.5`, fn: outermost(-1)},
	"max": {Min: 1, Max: 1, Usage: "list | max(): the greatest of numbers, dates or texts", Absent: "missing and null items are passed over; missing, null and an empty list give missing",
		Example: `[3, 1.5, nil] | max() = 3`, fn: outermost(1)},
	"sort": {Min: 1, Max: 2, args: []sort{aText}, Usage: `list | sort() or list | sort("desc"): numbers, dates or texts in order; texts by the numbers of their characters`, Absent: "missing and null items are left out; missing and null give an empty list",
		Example: `[3, 1, 2] | sort("desc") = [3 2 1]`, make: makeSort},
	"distinct": {Min: 1, Max: 1, Usage: "list | distinct(): of equal items the first; 1 and 1.0 are equal", Absent: "missing and null items are left out; missing and null give an empty list",
		Example: `["b", "a", "b"] | distinct() = ["b" "a"]`, fn: distinct},
	"flatten": {Min: 1, Max: 1, Usage: "list | flatten(): the items of the lists in it, in the place of those", Absent: "missing and null items are left out; missing and null give an empty list",
		Example: `[[1, 2], 3] | flatten() = [1 2 3]`, fn: flatten},
	"len": {Min: 1, Max: 1, Example: `[3, 1, 2] | len() = 3`, Shallow: true, Makes: value.Computed | value.Other, Usage: "list | len(): number of items", Absent: "missing and null give 0", fn: func(e *value.Run, a []value.Value) value.Value {
		if !a[0].Absent() && a[0].Kind != value.KindList {
			return e.FailSort(a[0], value.CodeNotList, "len needs a list; use length() for a text")
		}
		return value.Int(int64(a[0].Length()))
	}},
	"list": {Min: 1, Max: 1, Example: `"a" | list() = ["a"]`, Shallow: true, Usage: "x | list(): a list of x, unless x is one", Absent: "missing and null give an empty list",
		fn: func(_ *value.Run, a []value.Value) value.Value {
			switch {
			case a[0].Absent():
				return value.Value{Kind: value.KindList, Any: []value.Value{}}
			case a[0].Kind == value.KindList:
				return a[0]
			}
			return value.Value{Kind: value.KindList, Any: []value.Value{a[0]}}
		}},
}

func itemAt(e *value.Run, l value.Value, i int) value.Value {
	switch {
	case !l.Absent() && l.Kind != value.KindList:
		return e.FailSort(l, value.CodeNotList, "a list is needed here")
	case l.Length() == 0:
		return value.Missing
	}
	return l.Item(i)
}

func join(e *value.Run, a []value.Value) value.Value {
	if a[0].Absent() {
		return a[0]
	}
	sep := ", "
	if len(a) == 2 {
		if sep = e.TextOf(a[1]); e.Err != nil {
			return value.Missing
		}
	}
	if a[0].Kind != value.KindList {
		return e.FailSort(a[0], value.CodeNotList, "join needs a list")
	}
	var parts []string
	var src int32
	how := value.Changed | value.Longer
	for i := range a[0].Length() {
		it := a[0].Item(i)
		src, how = e.Both(src, it.Src), how|it.Made
		if it.Absent() {
			continue
		}
		s, _ := it.Text()
		if oneJoined(e, []value.Value{it}); e.Err != nil {
			return value.Missing
		}
		if !e.Step() || !e.Grow(len(s)+len(sep)) {
			return value.Missing
		}
		parts = append(parts, s)
	}
	v := e.Made(strings.Join(parts, sep))
	v.Src, v.Made = src, how
	return v
}

func coalesce(_ *value.Run, a []value.Value) value.Value {
	for _, v := range a {
		if !v.Absent() {
			return v
		}
	}
	return a[len(a)-1]
}

func nullIf(e *value.Run, a []value.Value) value.Value {
	s := e.TextOf(a[0])
	for _, v := range a[1:] {
		if e.TextOf(v) == s || v.IsNumber() && a[0].IsNumber() && value.CompareNumbers(v, a[0]) == 0 {
			return value.Null
		}
	}
	return a[0]
}

// oneJoined uses a value as an item of join.
func oneJoined(e *value.Run, a []value.Value) value.Value {
	if _, ok := a[0].Text(); !ok && !a[0].Absent() {
		return e.FailSort(a[0], value.CodeNotText, "only texts, numbers and dates can be joined")
	}
	return a[0]
}

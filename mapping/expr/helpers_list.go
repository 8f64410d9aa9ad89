package expr

import (
	"strings"
)

var listHelpers = map[string]helper{
	"first": {min: 1, max: 1, usage: "list | first(): the first item", absent: "missing and null give missing, so does an empty list",
		fn: func(e *Run, a []Value) Value { return itemAt(e, a[0], 0) }},
	"last": {min: 1, max: 1, usage: "list | last(): the last item", absent: "missing and null give missing, so does an empty list",
		fn: func(e *Run, a []Value) Value { return itemAt(e, a[0], a[0].Length()-1) }},
	"join": {min: 1, max: 2, makes: Changed | longer, usage: `list | join([", "]): the items' texts, with a separator between`,
		absent: "missing and null items are left out; a missing list stays missing", fn: join},
	"coalesce": {min: 1, max: -1, own: true, usage: "coalesce(a, b, …): the first value that is there", absent: `missing and null are passed over, "" is not`, fn: coalesce},
	"default":  {min: 2, max: 2, own: true, usage: "x | default(y): y where x is not there", absent: `missing and null give y, "" stays`, fn: coalesce},
	"isMissing": {min: 1, max: 1, shallow: true, usage: "isMissing(x): true where the form has no such field", absent: "missing gives true, null and \"\" give false",
		fn: func(_ *Run, a []Value) Value { return Bool(a[0].Kind == KindMissing) }},
	"isNull": {min: 1, max: 1, shallow: true, usage: "isNull(x): true where the field is there and null", absent: "null gives true, missing and \"\" give false",
		fn: func(_ *Run, a []Value) Value { return Bool(a[0].Kind == KindNull) }},
	"isEmpty": {min: 1, max: 1, shallow: true, usage: `isEmpty(x): true for missing, null, "", and an empty list`, absent: "all three give true",
		fn: func(_ *Run, a []Value) Value {
			return Bool(a[0].Absent() || a[0].Kind == KindText && a[0].Str == "" || a[0].Kind == KindList && a[0].Length() == 0)
		}},
	"nullIfEmpty": {min: 1, max: 1, usage: `x | nullIfEmpty(): null for ""`, absent: `missing stays missing, null and "" give null`,
		fn: func(_ *Run, a []Value) Value {
			if a[0].Kind == KindText && a[0].Str == "" {
				return Null
			}
			return a[0]
		}},
	"len": {min: 1, max: 1, shallow: true, makes: Computed | Other, usage: "list | len(): number of items", absent: "missing and null give 0", fn: func(e *Run, a []Value) Value {
		if !a[0].Absent() && a[0].Kind != KindList {
			return e.FailSort(a[0], CodeNotList, "len needs a list; use length() for a text")
		}
		return Int(int64(a[0].Length()))
	}},
	"list": {min: 1, max: 1, shallow: true, usage: "x | list(): a list of x, unless x is one", absent: "missing and null give an empty list",
		fn: func(_ *Run, a []Value) Value {
			switch {
			case a[0].Absent():
				return Value{Kind: KindList, Any: []Value{}}
			case a[0].Kind == KindList:
				return a[0]
			}
			return Value{Kind: KindList, Any: []Value{a[0]}}
		}},
}

func itemAt(e *Run, l Value, i int) Value {
	switch {
	case !l.Absent() && l.Kind != KindList:
		return e.FailSort(l, CodeNotList, "a list is needed here")
	case l.Length() == 0:
		return Missing
	}
	return l.Item(i)
}

func join(e *Run, a []Value) Value {
	if a[0].Absent() {
		return a[0]
	}
	sep := ", "
	if len(a) == 2 {
		if sep = e.TextOf(a[1]); e.Err != nil {
			return Missing
		}
	}
	if a[0].Kind != KindList {
		return e.FailSort(a[0], CodeNotList, "join needs a list")
	}
	var parts []string
	var src int32
	how := Changed | longer
	for i := range a[0].Length() {
		it := a[0].Item(i)
		src, how = e.Both(src, it.Src), how|it.Made
		if it.Absent() {
			continue
		}
		s, _ := it.Text()
		if oneJoined(e, []Value{it}); e.Err != nil {
			return Missing
		}
		if !e.Step() || !e.Grow(len(s)+len(sep)) {
			return Missing
		}
		parts = append(parts, s)
	}
	v := e.Made(strings.Join(parts, sep))
	v.Src, v.Made = src, how
	return v
}

func coalesce(_ *Run, a []Value) Value {
	for _, v := range a {
		if !v.Absent() {
			return v
		}
	}
	return a[len(a)-1]
}

// oneJoined uses a value as an item of join.
func oneJoined(e *Run, a []Value) Value {
	if _, ok := a[0].Text(); !ok && !a[0].Absent() {
		return e.FailSort(a[0], CodeNotText, "only texts, numbers and dates can be joined")
	}
	return a[0]
}

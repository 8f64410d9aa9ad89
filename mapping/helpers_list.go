package mapping

import (
	"strings"
)

var listHelpers = map[string]helper{
	"first": {min: 1, max: 1, usage: "list | first(): the first item", absent: "missing and null give missing, so does an empty list",
		fn: func(e *env, a []value) value { return itemAt(e, a[0], 0) }},
	"last": {min: 1, max: 1, usage: "list | last(): the last item", absent: "missing and null give missing, so does an empty list",
		fn: func(e *env, a []value) value { return itemAt(e, a[0], a[0].length()-1) }},
	"join": {min: 1, max: 2, makes: changed | longer, usage: `list | join([", "]): the items' texts, with a separator between`,
		absent: "missing and null items are left out; a missing list stays missing", fn: join},
	"coalesce": {min: 1, max: -1, own: true, usage: "coalesce(a, b, …): the first value that is there", absent: `missing and null are passed over, "" is not`, fn: coalesce},
	"default":  {min: 2, max: 2, own: true, usage: "x | default(y): y where x is not there", absent: `missing and null give y, "" stays`, fn: coalesce},
	"isMissing": {min: 1, max: 1, shallow: true, usage: "isMissing(x): true where the form has no such field", absent: "missing gives true, null and \"\" give false",
		fn: func(_ *env, a []value) value { return boolValue(a[0].k == kMissing) }},
	"isNull": {min: 1, max: 1, shallow: true, usage: "isNull(x): true where the field is there and null", absent: "null gives true, missing and \"\" give false",
		fn: func(_ *env, a []value) value { return boolValue(a[0].k == kNull) }},
	"isEmpty": {min: 1, max: 1, shallow: true, usage: `isEmpty(x): true for missing, null, "", and an empty list`, absent: "all three give true",
		fn: func(_ *env, a []value) value { return boolValue(isEmpty(a[0])) }},
	"nullIfEmpty": {min: 1, max: 1, usage: `x | nullIfEmpty(): null for ""`, absent: `missing stays missing, null and "" give null`,
		fn: func(_ *env, a []value) value {
			if a[0].k == kText && a[0].s == "" {
				return null
			}
			return a[0]
		}},
	"len": {min: 1, max: 1, shallow: true, makes: computed | other, usage: "list | len(): number of items", absent: "missing and null give 0", fn: func(e *env, a []value) value {
		if !a[0].absent() && a[0].k != kList {
			return e.failSort(a[0], CodeNotList, "len needs a list; use length() for a text")
		}
		return intValue(int64(a[0].length()))
	}},
	"list": {min: 1, max: 1, shallow: true, usage: "x | list(): a list of x, unless x is one", absent: "missing and null give an empty list",
		fn: func(_ *env, a []value) value {
			switch {
			case a[0].absent():
				return value{k: kList, x: []value{}}
			case a[0].k == kList:
				return a[0]
			}
			return value{k: kList, x: []value{a[0]}}
		}},
}

func isEmpty(v value) bool {
	return v.absent() || v.k == kText && v.s == "" || v.k == kList && v.length() == 0
}

func itemAt(e *env, l value, i int) value {
	if l.absent() {
		return missing
	}
	if l.k != kList {
		return e.failSort(l, CodeNotList, "a list is needed here")
	}
	if l.length() == 0 {
		return missing
	}
	return l.item(i)
}

func join(e *env, a []value) value {
	if a[0].absent() {
		return a[0]
	}
	sep := ", "
	if len(a) == 2 {
		var ok bool
		if sep, ok = textArg(e, a[1]); !ok {
			return missing
		}
	}
	if a[0].k != kList {
		return e.failSort(a[0], CodeNotList, "join needs a list")
	}
	var b strings.Builder
	var src int32
	how := changed | longer
	for i := range a[0].length() {
		it := a[0].item(i)
		src, how = e.both(src, it.src), how|it.made
		if it.absent() {
			continue
		}
		s, ok := it.text()
		if !ok {
			return e.failSort(it, CodeNotText, "only texts, numbers and dates can be joined")
		}
		if !e.step() || !e.grow(len(s)+len(sep)) {
			return missing
		}
		if b.Len() > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s)
	}
	v := made(e, b.String())
	v.src, v.made = src, how
	return v
}

func coalesce(_ *env, a []value) value {
	for _, v := range a {
		if !v.absent() {
			return v
		}
	}
	return a[len(a)-1]
}

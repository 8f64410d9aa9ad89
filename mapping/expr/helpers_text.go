package expr

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/diag"
)

// maxPad bounds padded and cut lengths.
const maxPad = 100_000

var textHelpers = map[string]helper{
	"trim": {min: 1, max: 1, same: true, usage: "x | trim(): without white space at both ends", absent: passes,
		fn: onText(func(_ *Run, s string) Value { return Text(strings.TrimSpace(s)) })},
	"upper": {min: 1, max: 1, same: true, keeps: true, makes: Changed, usage: "x | upper(): in capitals; ß becomes SS", absent: passes,
		fn: onText(func(e *Run, s string) Value { return e.Made(upper(s)) })},
	"lower": {min: 1, max: 1, same: true, keeps: true, makes: Changed, usage: "x | lower(): in small letters", absent: passes,
		fn: onText(func(e *Run, s string) Value { return e.Made(strings.ToLower(s)) })},
	"normalizeSpace": {min: 1, max: 1, same: true, usage: "x | normalizeSpace(): runs of white space become one space, none at the ends", absent: passes,
		fn: onText(func(_ *Run, s string) Value { return Text(strings.Join(strings.Fields(s), " ")) })},
	"digits": {min: 1, max: 1, usage: "x | digits(): only the digits 0 to 9", absent: passes,
		fn: onText(func(_ *Run, s string) Value {
			return Text(only(s, func(r rune) bool { return r >= '0' && r <= '9' }))
		})},
	"letters": {min: 1, max: 1, usage: "x | letters(): only the letters", absent: passes,
		fn: onText(func(_ *Run, s string) Value { return Text(only(s, unicode.IsLetter)) })},
	"length": {min: 1, max: 1, makes: Computed | Other, usage: "x | length(): number of characters", absent: passes,
		fn: onText(func(_ *Run, s string) Value { return Int(int64(utf8.RuneCountInString(s))) })},
	"substring": {min: 2, max: 3, usage: `x | substring(from[, count]): characters, counted from 0; what is not there is left out`, absent: passes,
		fn: substring},
	"replace": {min: 3, max: 3, makes: Changed, usage: `x | replace("old", "new"): every occurrence`, absent: passes, fn: replace},
	"padLeft": {min: 2, max: 3, keeps: true, makes: Changed, usage: `x | padLeft(8[, "0"]): filled at the left up to so many characters; never cut`, absent: passes,
		fn: pad(func(s, fill string) string { return fill + s })},
	"padRight": {min: 2, max: 3, keeps: true, makes: Changed, usage: `x | padRight(8[, " "]): filled at the right`, absent: passes,
		fn: pad(func(s, fill string) string { return s + fill })},
	"concat": {min: 1, max: -1, makes: Changed, usage: "concat(a, b, …): joined texts and numbers", absent: "missing and null are left out", fn: concat},
	"text":   {min: 1, max: 1, keeps: true, usage: "x | text(): the text of a number, date or boolean", absent: passes, fn: toText},
	"split":  {min: 2, max: 2, usage: `x | split(","): a list of texts`, absent: passes, fn: split},
	"lookup": {min: 2, max: 3, own: true, picks: true, make: makeLookup,
		usage:  `x | lookup("table"[, default]): the table's value for x; without a default a miss is an error`,
		absent: "missing and null give the default, or stay what they are"},
	"fail": {min: 1, max: 1, usage: `fail("why"): refuses the form at this place, such as in a ?:`, absent: "does not matter", make: makeFail},
}

func upper(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "ß", "SS") }

func only(s string, keep func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, s)
}

func substring(e *Run, a []Value) Value {
	s, from, n := e.TextOf(a[0]), intArg(e, a[1], maxCount), maxCount
	if len(a) == 3 {
		n = intArg(e, a[2], maxCount)
	}
	if e.Err != nil {
		return Missing
	}
	return Text(Cut(s[len(Cut(s, from)):], n))
}

func replace(e *Run, a []Value) Value {
	s, old, with := e.TextOf(a[0]), e.TextOf(a[1]), e.TextOf(a[2])
	if e.Err != nil || old == "" {
		return Text(s)
	}
	if n := strings.Count(s, old); n > 0 && !e.Grow(n*len(with)) {
		return Missing
	}
	return e.Made(strings.ReplaceAll(s, old, with))
}

func pad(put func(s, fill string) string) Function {
	return func(e *Run, a []Value) Value {
		s, n, with := e.TextOf(a[0]), intArg(e, a[1], maxPad), " "
		if len(a) == 3 {
			if with = e.TextOf(a[2]); utf8.RuneCountInString(with) != 1 {
				e.failBy(a[2], CodeOutOfRange, "the fill must be one character")
			}
		}
		if n -= utf8.RuneCountInString(s); e.Err != nil || n <= 0 {
			return Text(s)
		}
		return e.Made(put(s, strings.Repeat(with, n)))
	}
}

func concat(e *Run, a []Value) Value {
	n := 0
	for _, v := range a {
		n += len(v.Str) + 20
	}
	if !e.Grow(n) {
		return Missing
	}
	var b strings.Builder
	for _, v := range a {
		if v.Absent() {
			continue
		}
		s, ok := v.Text()
		if !ok {
			return e.FailSort(v, CodeNotText, "only texts, numbers and dates can be joined")
		}
		b.WriteString(s)
	}
	return e.Made(b.String())
}

func toText(e *Run, a []Value) Value {
	s, ok := a[0].Text()
	if !ok {
		return e.FailSort(a[0], CodeNotText, "a list or object has no text")
	}
	return Text(s)
}

func split(e *Run, a []Value) Value {
	s, sep := e.TextOf(a[0]), e.TextOf(a[1])
	if e.Err == nil && sep == "" {
		e.failBy(a[1], CodeOutOfRange, "split needs a separator")
	}
	if e.Err != nil || !e.Grow(16*(strings.Count(s, sep)+1)) {
		return Missing
	}
	parts := strings.Split(s, sep)
	out := make([]Value, len(parts))
	for i, p := range parts {
		out[i] = Text(p)
	}
	return Value{Kind: KindList, Any: out}
}

func makeLookup(c Call) (Function, *Mistake) {
	name, ok := c.text(1)
	if !ok {
		return nil, wrong(CodeArguments, "the table of lookup must be a name in quotes", "")
	}
	t, ok := c.Tables[name]
	if !ok {
		return nil, wrong(CodeLookupUnknown, "there is no lookup of this name", diag.Suggest(name, slices.Sorted(maps.Keys(c.Tables))))
	}
	return func(e *Run, a []Value) Value {
		if a[0].Absent() {
			if len(a) == 3 {
				return a[2]
			}
			return a[0]
		}
		if _, ok := a[0].Text(); !ok {
			return e.FailSort(a[0], CodeNotText, "a list or object cannot be looked up")
		}
		if v, ok := t.row(a[0]); ok {
			return Text(v)
		}
		if len(a) == 3 {
			return a[2]
		}
		return e.Fail(CodeLookupMiss, "the value is not in lookup "+t.Name)
	}, nil
}

func makeFail(c Call) (Function, *Mistake) {
	why, ok := c.text(0)
	if !ok {
		return nil, wrong(CodeArguments, "fail needs a fixed text, because it is told to others", "")
	}
	return func(e *Run, _ []Value) Value { return e.Fail(CodeRejected, why) }, nil
}

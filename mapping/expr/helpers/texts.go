package helpers

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// MaxPad bounds padded and cut lengths.
const MaxPad = 100_000

var textHelpers = map[string]Helper{
	"trim": {Min: 1, Max: 1, Same: true, Usage: "x | trim(): without white space at both ends", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Text(strings.TrimSpace(s)) })},
	"upper": {Min: 1, Max: 1, Same: true, Keeps: true, Makes: value.Changed, Usage: "x | upper(): in capitals; ß becomes SS", Absent: passes,
		fn: onText(func(e *value.Run, s string) value.Value { return e.Made(upper(s)) })},
	"lower": {Min: 1, Max: 1, Same: true, Keeps: true, Makes: value.Changed, Usage: "x | lower(): in small letters", Absent: passes,
		fn: onText(func(e *value.Run, s string) value.Value { return e.Made(strings.ToLower(s)) })},
	"normalizeSpace": {Min: 1, Max: 1, Same: true, Usage: "x | normalizeSpace(): runs of white space become one space, none at the ends", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Text(strings.Join(strings.Fields(s), " ")) })},
	"digits": {Min: 1, Max: 1, Usage: "x | digits(): only the digits 0 to 9", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value {
			return value.Text(only(s, func(r rune) bool { return r >= '0' && r <= '9' }))
		})},
	"letters": {Min: 1, Max: 1, Usage: "x | letters(): only the letters", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Text(only(s, unicode.IsLetter)) })},
	"length": {Min: 1, Max: 1, Makes: value.Computed | value.Other, Usage: "x | length(): number of characters", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Int(int64(utf8.RuneCountInString(s))) })},
	"substring": {Min: 2, Max: 3, Usage: `x | substring(from[, count]): characters, counted from 0; what is not there is left out`, Absent: passes,
		fn: substring},
	"replace": {Min: 3, Max: 3, Makes: value.Changed, Usage: `x | replace("old", "new"): every occurrence`, Absent: passes, fn: replace},
	"padLeft": {Min: 2, Max: 3, Keeps: true, Makes: value.Changed, Usage: `x | padLeft(8[, "0"]): filled at the left up to so many characters; never cut`, Absent: passes,
		fn: pad(func(s, fill string) string { return fill + s })},
	"padRight": {Min: 2, Max: 3, Keeps: true, Makes: value.Changed, Usage: `x | padRight(8[, " "]): filled at the right`, Absent: passes,
		fn: pad(func(s, fill string) string { return s + fill })},
	"concat": {Min: 1, Max: -1, Makes: value.Changed, Usage: "concat(a, b, …): joined texts and numbers", Absent: "missing and null are left out", fn: concat},
	"text":   {Min: 1, Max: 1, Keeps: true, Usage: "x | text(): the text of a number, date or boolean", Absent: passes, fn: toText},
	"split":  {Min: 2, Max: 2, Usage: `x | split(","): a list of texts`, Absent: passes, fn: split},
	"lookup": {Min: 2, Max: 3, Own: true, Picks: true, make: makeLookup,
		Usage:  `x | lookup("table"[, default]): the table's value for x; without a default a miss is an error`,
		Absent: "missing and null give the default, or stay what they are"},
	"transliterate": {Min: 2, Max: 2, Makes: value.Changed, make: makeTransliterate, Absent: passes,
		Usage: `x | transliterate("din91379-ascii"): letters as the table writes them (din91379-ascii, din91379-latin1, german-ae, german-a); what it does not know stays`},
	"fail": {Min: 1, Max: 1, Usage: `fail("why"): refuses the form at this place, such as in a ?:`, Absent: "does not matter", make: makeFail},
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

func substring(e *value.Run, a []value.Value) value.Value {
	s, from, n := e.TextOf(a[0]), intArg(e, a[1], value.MaxCount), value.MaxCount
	if len(a) == 3 {
		n = intArg(e, a[2], value.MaxCount)
	}
	if e.Err != nil {
		return value.Missing
	}
	return value.Text(value.Cut(s[len(value.Cut(s, from)):], n))
}

func replace(e *value.Run, a []value.Value) value.Value {
	s, old, with := e.TextOf(a[0]), e.TextOf(a[1]), e.TextOf(a[2])
	if e.Err != nil || old == "" {
		return value.Text(s)
	}
	if n := strings.Count(s, old); n > 0 && !e.Grow(n*len(with)) {
		return value.Missing
	}
	return e.Made(strings.ReplaceAll(s, old, with))
}

func pad(put func(s, fill string) string) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		s, n, with := e.TextOf(a[0]), intArg(e, a[1], MaxPad), " "
		if len(a) == 3 {
			if with = e.TextOf(a[2]); utf8.RuneCountInString(with) != 1 {
				e.FailBy(a[2], value.CodeOutOfRange, "the fill must be one character")
			}
		}
		if n -= utf8.RuneCountInString(s); e.Err != nil || n <= 0 {
			return value.Text(s)
		}
		return e.Made(put(s, strings.Repeat(with, n)))
	}
}

func concat(e *value.Run, a []value.Value) value.Value {
	n := 0
	for _, v := range a {
		n += len(v.Str) + 20
	}
	if !e.Grow(n) {
		return value.Missing
	}
	var b strings.Builder
	for _, v := range a {
		if v.Absent() {
			continue
		}
		s, ok := v.Text()
		if !ok {
			return e.FailSort(v, value.CodeNotText, "only texts, numbers and dates can be joined")
		}
		b.WriteString(s)
	}
	return e.Made(b.String())
}

func toText(e *value.Run, a []value.Value) value.Value {
	s, ok := a[0].Text()
	if !ok {
		return e.FailSort(a[0], value.CodeNotText, "a list or object has no text")
	}
	return value.Text(s)
}

func split(e *value.Run, a []value.Value) value.Value {
	s, sep := e.TextOf(a[0]), e.TextOf(a[1])
	if e.Err == nil && sep == "" {
		e.FailBy(a[1], value.CodeOutOfRange, "split needs a separator")
	}
	if e.Err != nil || !e.Grow(16*(strings.Count(s, sep)+1)) {
		return value.Missing
	}
	parts := strings.Split(s, sep)
	out := make([]value.Value, len(parts))
	for i, p := range parts {
		out[i] = value.Text(p)
	}
	return value.Value{Kind: value.KindList, Any: out}
}

func makeLookup(c Call) (value.Function, *Mistake) {
	name, ok := c.text(1)
	if !ok {
		return nil, wrong(CodeArguments, "the table of lookup must be a name in quotes", "")
	}
	t, ok := c.Tables[name]
	if !ok {
		return nil, wrong(CodeLookupUnknown, "there is no lookup of this name", diag.Suggest(name, slices.Sorted(maps.Keys(c.Tables))))
	}
	return func(e *value.Run, a []value.Value) value.Value {
		if a[0].Absent() {
			if len(a) == 3 {
				return a[2]
			}
			return a[0]
		}
		if _, ok := a[0].Text(); !ok {
			return e.FailSort(a[0], value.CodeNotText, "a list or object cannot be looked up")
		}
		if key, ok := t.Key(a[0]); ok {
			if e.Seen != nil {
				e.See(value.PlaceLookup, t.Name, t.Outcome(key))
			}
			return value.Text(t.Rows[key])
		}
		e.See(value.PlaceLookup, t.Name, value.NoKey)
		if len(a) == 3 {
			return a[2]
		}
		return e.Fail(value.CodeLookupMiss, "the value is not in lookup "+t.Name)
	}, nil
}

func makeTransliterate(c Call) (value.Function, *Mistake) {
	name, ok := c.text(1)
	if !ok {
		return nil, wrong(CodeArguments, "the table of transliterate must be a name in quotes", "")
	}
	t, ok := charset.TableNamed(name)
	if !ok {
		return nil, wrong(CodeArguments, "there is no table of this name", diag.Suggest(name, charset.Tables()))
	}
	return onText(func(e *value.Run, s string) value.Value {
		out, n := t.Apply(s)
		if n > 0 {
			e.Record(strconv.Itoa(n) + " characters were transliterated by " + name)
		}
		return e.Made(out)
	}), nil
}

func makeFail(c Call) (value.Function, *Mistake) {
	why, ok := c.text(0)
	if !ok {
		return nil, wrong(CodeArguments, "fail needs a fixed text, because it is told to others", "")
	}
	return func(e *value.Run, _ []value.Value) value.Value { return e.Fail(value.CodeRejected, why) }, nil
}

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
	"trim": {Min: 1, Max: 1, Example: `"  a b " | trim() = "a b"`, Same: true, Usage: "x | trim(): without white space at both ends", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Text(strings.TrimSpace(s)) })},
	"upper": {Min: 1, Max: 1, Example: `"Straße" | upper() = "STRASSE"`, Same: true, Keeps: true, Makes: value.Changed, Usage: "x | upper(): in capitals; ß becomes SS", Absent: passes,
		fn: onText(func(e *value.Run, s string) value.Value { return e.Made(upper(s)) })},
	"lower": {Min: 1, Max: 1, Example: `"ÄB" | lower() = "äb"`, Same: true, Keeps: true, Makes: value.Changed, Usage: "x | lower(): in small letters", Absent: passes,
		fn: onText(func(e *value.Run, s string) value.Value { return e.Made(strings.ToLower(s)) })},
	"normalizeSpace": {Min: 1, Max: 1, Example: `" a   b " | normalizeSpace() = "a b"`, Same: true, Usage: "x | normalizeSpace(): runs of white space become one space, none at the ends", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Text(strings.Join(strings.Fields(s), " ")) })},
	"digits": {Min: 1, Max: 1, Example: `"0361/123-4" | digits() = "03611234"`, Usage: "x | digits(): only the digits 0 to 9", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value {
			return value.Text(only(s, func(r rune) bool { return r >= '0' && r <= '9' }))
		})},
	"letters": {Min: 1, Max: 1, Example: `"K2-a" | letters() = "Ka"`, Usage: "x | letters(): only the letters", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Text(only(s, unicode.IsLetter)) })},
	"length": {Min: 1, Max: 1, Example: `"Łódź" | length() = 4`, Makes: value.Computed | value.Other, Usage: "x | length(): number of characters", Absent: passes,
		fn: onText(func(_ *value.Run, s string) value.Value { return value.Int(int64(utf8.RuneCountInString(s))) })},
	"substring": {Min: 2, Max: 3, Example: `"20240229" | substring(4, 2) = "02"`, args: []sort{aWhole, aWhole}, Usage: `x | substring(2) or x | substring(0, 4): characters from there on, or so many of them, counted from 0; what is not there is left out`, Absent: passes,
		fn: substring},
	"replace": {Min: 3, Max: 3, Example: `"1-2-3" | replace("-", "/") = "1/2/3"`, args: []sort{aText, aText}, Makes: value.Changed, Usage: `x | replace("old", "new"): every occurrence`, Absent: passes, fn: replace},
	"padLeft": {Min: 2, Max: 3, Example: `42 | padLeft(5, "0") = "00042"`, args: []sort{aWhole, aText}, Keeps: true, Makes: value.Changed, Usage: `x | padLeft(8) or x | padLeft(8, "0"): filled at the left up to so many characters; never cut. Digits before a sign (00-42) are an error`, Absent: passes,
		fn: pad(true)},
	"padRight": {Min: 2, Max: 3, Example: `"ab" | padRight(4, ".") = "ab.."`, args: []sort{aWhole, aText}, Keeps: true, Makes: value.Changed, Usage: `x | padRight(8) or x | padRight(8, "*"): filled at the right`, Absent: passes,
		fn: pad(false)},
	"concat": {Min: 1, Max: -1, Example: `concat("A", nil, 7) = "A7"`, Makes: value.Changed, Usage: "concat(a, b, c): joined texts and numbers, any number of them", Absent: "missing and null are left out", fn: concat},
	"text":   {Min: 1, Max: 1, Example: `1.50 | text() = "1.50"`, Keeps: true, Usage: "x | text(): the text of a number, date or boolean", Absent: passes, fn: toText},
	"split":  {Min: 2, Max: 2, Example: `"a;b" | split(";") = ["a" "b"]`, args: []sort{aText}, Usage: `x | split(","): a list of texts`, Absent: passes, fn: split},
	"lookup": {Min: 2, Max: 3, Example: `"Ab c" | lookup("kinds") = "AB"`, args: []sort{aText}, Own: true, Picks: true, make: makeLookup,
		Usage:  `x | lookup("table") or x | lookup("table", y): the table's value for x; without a default a miss is an error`,
		Absent: "missing and null give the default, or stay what they are"},
	"transliterate": {Min: 2, Max: 2, Example: `"Łódź" | transliterate("din91379-latin1") = "Lódz" (2 characters were transliterated by din91379-latin1)`, args: []sort{aText}, Makes: value.Changed, make: makeTransliterate, Absent: passes,
		Usage: `x | transliterate("din91379-ascii"): letters as the table writes them (din91379-ascii, din91379-latin1, german-ae, german-a); what it does not know stays`},
	"fail": {Min: 1, Max: 1, Example: `1 > 2 ? fail("why") : "right" = "right"`, Usage: `fail("why"): refuses the form at this place, such as in a ?: or behind ??; as an argument it would refuse every form`, Absent: "does not matter", make: makeFail},
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

func pad(left bool) value.Function {
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
		fill := strings.Repeat(with, n)
		switch {
		case left && strings.Contains(decimalDigits, with) && strings.IndexAny(s, "+-−") == 0:
			return e.FailMade(value.CodeOutOfRange, "padLeft writes no digits before a sign")
		case left:
			return e.Made(fill + s)
		}
		return e.Made(s + fill)
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
			e.See(value.PlaceKey, t.Name, key)
			return value.Text(t.Rows[key])
		}
		e.See(value.PlaceLookup, t.Name, value.NoKey)
		if len(a) == 3 {
			return a[2]
		}
		if t.Park {
			return e.FailMade(value.CodeLookupMiss, "the value is not in lookup "+t.Name)
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

package mapping

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"golang.org/x/text/unicode/norm"
)

// maxPad bounds padded and cut lengths.
const maxPad = 100_000

var textHelpers = map[string]helper{
	"trim": {min: 1, max: 1, same: true, usage: "x | trim(): without white space at both ends", absent: passes,
		fn: onText(func(_ *env, s string) value { return textValue(strings.TrimSpace(s)) })},
	"upper": {min: 1, max: 1, same: true, keeps: true, makes: changed, usage: "x | upper(): in capitals; ß becomes SS", absent: passes,
		fn: onText(func(e *env, s string) value { return made(e, upper(s)) })},
	"lower": {min: 1, max: 1, same: true, keeps: true, makes: changed, usage: "x | lower(): in small letters", absent: passes,
		fn: onText(func(e *env, s string) value { return made(e, strings.ToLower(s)) })},
	"normalizeSpace": {min: 1, max: 1, same: true, usage: "x | normalizeSpace(): runs of white space become one space, none at the ends", absent: passes,
		fn: onText(func(_ *env, s string) value { return textValue(strings.Join(strings.Fields(s), " ")) })},
	"digits": {min: 1, max: 1, usage: "x | digits(): only the digits 0 to 9", absent: passes,
		fn: onText(func(_ *env, s string) value {
			return textValue(only(s, func(r rune) bool { return r >= '0' && r <= '9' }))
		})},
	"letters": {min: 1, max: 1, usage: "x | letters(): only the letters", absent: passes,
		fn: onText(func(_ *env, s string) value { return textValue(only(s, unicode.IsLetter)) })},
	"length": {min: 1, max: 1, makes: computed | other, usage: "x | length(): number of characters", absent: passes,
		fn: onText(func(_ *env, s string) value { return intValue(int64(utf8.RuneCountInString(s))) })},
	"substring": {min: 2, max: 3, usage: `x | substring(from[, count]): characters, counted from 0; what is not there is left out`, absent: passes,
		fn: substring},
	"replace": {min: 3, max: 3, makes: changed, usage: `x | replace("old", "new"): every occurrence`, absent: passes, fn: replace},
	"padLeft": {min: 2, max: 3, keeps: true, makes: changed, usage: `x | padLeft(8[, "0"]): filled at the left up to so many characters; never cut`, absent: passes,
		fn: pad(func(s, fill string) string { return fill + s })},
	"padRight": {min: 2, max: 3, keeps: true, makes: changed, usage: `x | padRight(8[, " "]): filled at the right`, absent: passes,
		fn: pad(func(s, fill string) string { return s + fill })},
	"concat": {min: 1, max: -1, makes: changed, usage: "concat(a, b, …): joined texts and numbers", absent: "missing and null are left out", fn: concat},
	"text":   {min: 1, max: 1, keeps: true, usage: "x | text(): the text of a number, date or boolean", absent: passes, fn: toText},
	"split":  {min: 2, max: 2, usage: `x | split(","): a list of texts`, absent: passes, fn: split},
	"lookup": {min: 2, max: 3, own: true, make: makeLookup,
		usage:  `x | lookup("table"[, default]): the table's value for x; without a default a miss is an error`,
		absent: "missing and null give the default, or stay what they are"},
	"fail": {min: 1, max: 1, usage: `fail("why"): refuses the form at this place, such as in a ?:`, absent: "does not matter", make: makeFail},
}

// made counts the text that was made and puts it in NFC.
func made(e *env, s string) value {
	if !e.grow(len(s)) {
		return missing
	}
	if !isASCII(s) && !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	return textValue(s)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func upper(s string) string {
	s = strings.ToUpper(s)
	if strings.ContainsRune(s, 'ß') {
		s = strings.ReplaceAll(s, "ß", "SS")
	}
	return s
}

func only(s string, keep func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, s)
}

func substring(e *env, a []value) value {
	if a[0].absent() {
		return a[0]
	}
	s, ok := textArg(e, a[0])
	from, ok2 := intArg(e, a[1], maxCount)
	n := maxCount
	if len(a) == 3 && ok && ok2 {
		n, ok = intArg(e, a[2], maxCount)
	}
	if !ok || !ok2 {
		return missing
	}
	return textValue(cut(cutFrom(s, from), n))
}

// cut keeps the first n characters.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func cutFrom(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[i:]
		}
		n--
	}
	return ""
}

func replace(e *env, a []value) value {
	if a[0].absent() {
		return a[0]
	}
	s, ok := textArg(e, a[0])
	old, ok2 := textArg(e, a[1])
	with, ok3 := textArg(e, a[2])
	if !ok || !ok2 || !ok3 {
		return missing
	}
	if old == "" {
		return textValue(s)
	}
	if n := strings.Count(s, old); n > 0 && !e.grow(n*len(with)) {
		return missing
	}
	return made(e, strings.ReplaceAll(s, old, with))
}

func pad(put func(s, fill string) string) function {
	return func(e *env, a []value) value {
		if a[0].absent() {
			return a[0]
		}
		s, ok := textArg(e, a[0])
		n, ok2 := intArg(e, a[1], maxPad)
		with := " "
		if len(a) == 3 {
			var ok3 bool
			if with, ok3 = textArg(e, a[2]); !ok3 || utf8.RuneCountInString(with) != 1 {
				return e.failBy(a[2], CodeOutOfRange, "the fill must be one character")
			}
		}
		if !ok || !ok2 {
			return missing
		}
		n -= utf8.RuneCountInString(s)
		if n <= 0 {
			return textValue(s)
		}
		return made(e, put(s, strings.Repeat(with, n)))
	}
}

func concat(e *env, a []value) value {
	n := 0
	for _, v := range a {
		n += len(v.s) + 20
	}
	if !e.grow(n) {
		return missing
	}
	var b strings.Builder
	for _, v := range a {
		if v.absent() {
			continue
		}
		s, ok := v.text()
		if !ok {
			return e.failSort(v, CodeNotText, "only texts, numbers and dates can be joined")
		}
		b.WriteString(s)
	}
	return made(e, b.String())
}

func toText(e *env, a []value) value {
	if a[0].absent() {
		return a[0]
	}
	s, ok := a[0].text()
	if !ok {
		return e.failSort(a[0], CodeNotText, "a list or object has no text")
	}
	return textValue(s)
}

func split(e *env, a []value) value {
	if a[0].absent() {
		return a[0]
	}
	s, ok := textArg(e, a[0])
	sep, ok2 := textArg(e, a[1])
	if !ok || !ok2 {
		return missing
	}
	if sep == "" {
		return e.failBy(a[1], CodeOutOfRange, "split needs a separator")
	}
	if !e.grow(16 * (strings.Count(s, sep) + 1)) {
		return missing
	}
	parts := strings.Split(s, sep)
	out := make([]value, len(parts))
	for i, p := range parts {
		out[i] = textValue(p)
	}
	return value{k: kList, x: out}
}

func makeLookup(c *compiler, n ast.Node, args []cx) function {
	name := args[1].konst
	if name == nil || name.k != kText {
		c.stop(n, CodeArguments, "the table of lookup must be a name in quotes", "")
	}
	t, ok := c.tables[name.s]
	if !ok {
		var names []string
		for t := range c.tables {
			names = append(names, t)
		}
		c.stop(n, CodeLookupUnknown, "there is no lookup of this name", suggestName(name.s, names))
	}
	return func(e *env, a []value) value {
		if a[0].absent() {
			if len(a) == 3 {
				return a[2]
			}
			return a[0]
		}
		s, ok := a[0].text()
		if !ok {
			return e.failSort(a[0], CodeNotText, "a list or object cannot be looked up")
		}
		if v, ok := t.rows[s]; ok {
			return textValue(v)
		}
		if len(a) == 3 {
			return a[2]
		}
		return e.fail(CodeLookupMiss, "the value is not in lookup "+t.name)
	}
}

// found is what a lookup may give: any of its values, or the default.
func (c *compiler) found(xs []cx) *outcome {
	out := &outcome{}
	for _, v := range c.tables[xs[1].konst.s].rows {
		out.known = append(out.known, textValue(v))
	}
	slices.SortFunc(out.known, func(a, b value) int { return strings.Compare(a.s, b.s) })
	if len(xs) == 3 {
		d := xs[2].outcome()
		out.known, out.more = append(out.known, d.known...), d.more
	}
	return out
}

func makeFail(c *compiler, n ast.Node, args []cx) function {
	why := args[0].konst
	if why == nil || why.k != kText {
		c.stop(n, CodeArguments, "fail needs a fixed text, because it is told to others", "")
	}
	msg := why.s
	return func(e *env, _ []value) value { return e.fail(CodeRejected, msg) }
}

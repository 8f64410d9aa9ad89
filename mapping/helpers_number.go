package mapping

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
	"github.com/expr-lang/expr/ast"
)

var numberHelpers = map[string]helper{
	"integer": {min: 1, max: 1, usage: "x | integer(): a whole number of a text or number; decimals other than .0 are an error",
		absent: `missing stays missing, null stays null, "" is an error`, fn: toInteger},
	"decimal": {min: 1, max: 2, usage: `x | decimal([","]): a decimal of a text or number, optionally with a decimal comma`,
		absent: `missing stays missing, null stays null, "" is an error`, fn: toDecimal},
	"round": {min: 2, max: 3, makes: computed, usage: `x | round(2[, "half-up"]): to so many decimals; half-up, half-even, half-down, up, down, ceiling, floor`,
		absent: passes, make: makeRound},
	"abs": {min: 1, max: 1, usage: "x | abs(): without sign", absent: passes, fn: onNumber(func(e *env, v value) value {
		if compareNumbers(v, intValue(0)) < 0 {
			return arithmetic(e, '-', intValue(0), v)
		}
		return v
	})},
	"cents": {min: 1, max: 1, makes: computed, usage: "x | cents(): 12.34 becomes 1234; more than two decimals are an error", absent: passes,
		fn: onNumber(func(e *env, v value) value { return wholeOf(e, arithmetic(e, '*', v, intValue(100))) })},
	"boolean": {min: 1, max: 3, usage: `x | boolean(["J", "N"]): true or false of true, false or the two given texts`,
		absent: passes, fn: toBoolean},
	"yesNo": {min: 3, max: 3, usage: `x | yesNo("J", "N"): the first text for true, the second for false`, own: true, absent: passes, fn: yesNo},
}

func toInteger(e *env, a []value) value {
	v := a[0]
	switch v.k {
	case kMissing, kNull, kInt:
		return v
	case kText:
		s := strings.TrimSpace(v.s)
		if s == "" || strings.ContainsAny(s, "eE") {
			return e.fail(CodeNotInteger, "a whole number is needed")
		}
		v = numberValue(s)
		if v.k == kInt {
			return v
		}
	}
	if v.k != kDec {
		return e.failReading(a[0], CodeNotInteger, "a whole number is needed")
	}
	return wholeOf(e, v)
}

// wholeOf turns a number without decimals into an integer.
func wholeOf(e *env, v value) value {
	if v.k == kInt || e.err != nil {
		return v
	}
	whole, frac, _ := strings.Cut(v.s, ".")
	if strings.Trim(frac, "0") != "" {
		return e.fail(CodeNotInteger, "a whole number is needed")
	}
	if v := numberValue(whole); v.k == kInt {
		return v
	}
	return e.fail(CodeTooLarge, "the number has too many digits")
}

func toDecimal(e *env, a []value) value {
	v := a[0]
	switch v.k {
	case kMissing, kNull, kInt, kDec:
		return v
	case kText:
		s := strings.TrimSpace(v.s)
		if len(a) == 2 {
			comma, ok := textArg(e, a[1])
			if !ok || comma != "," && comma != "." {
				return e.failBy(a[1], CodeOutOfRange, `the decimal sign is "," or "."`)
			}
			if comma == "," {
				s = strings.Replace(strings.ReplaceAll(s, ".", "\x00"), ",", ".", 1) // a point is refused, not guessed at
			}
		}
		if s != "" && !strings.ContainsAny(s, "eE") {
			if c, ok := canonicalDecimal(s); ok {
				return value{k: kDec, s: c}
			}
		}
	}
	return e.failReading(v, CodeNotNumber, "a number is needed")
}

func makeRound(c *compiler, n ast.Node, args []cx) function {
	mode := apd.RoundHalfUp
	if len(args) == 3 {
		m, ok := apd.Rounder(""), false
		if k := args[2].konst; k != nil {
			m, ok = rounders[k.s]
		}
		if !ok {
			c.stop(n, CodeArguments, "the rounding mode must be one of half-up, half-even, half-down, up, down, ceiling, floor", "")
		}
		mode = m
	}
	return func(e *env, a []value) value {
		if a[0].absent() {
			return a[0]
		}
		scale, ok := intArg(e, a[1], maxDigits/2)
		if !a[0].isNumber() {
			return e.failSort(a[0], CodeNotNumber, "a number is needed here")
		}
		if !ok {
			return missing
		}
		v, ok := roundTo(a[0], scale, mode)
		if !ok {
			return e.fail(CodeTooLarge, "the number has too many digits")
		}
		if scale == 0 {
			return wholeOf(e, v)
		}
		return v
	}
}

func toBoolean(e *env, a []value) value {
	v := a[0]
	if v.absent() || v.k == kBool {
		return v
	}
	s, ok := v.text()
	yes, no := "true", "false"
	if len(a) == 3 && ok {
		var ok2, ok3 bool
		yes, ok2 = textArg(e, a[1])
		no, ok3 = textArg(e, a[2])
		ok = ok2 && ok3
	}
	switch {
	case ok && s == yes:
		return boolValue(true)
	case ok && s == no:
		return boolValue(false)
	}
	return e.fail(CodeNotBoolean, "true or false is needed")
}

func yesNo(e *env, a []value) value {
	if a[0].absent() {
		return a[0]
	}
	if a[0].k != kBool {
		return e.failSort(a[0], CodeNotBoolean, "true or false is needed")
	}
	if a[0].i == 1 {
		return a[1]
	}
	return a[2]
}

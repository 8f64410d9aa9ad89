package expr

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

var numberHelpers = map[string]helper{
	"integer": {min: 1, max: 1, usage: "x | integer(): a whole number of a text or number; decimals other than .0 are an error",
		absent: `missing stays missing, null stays null, "" is an error`, fn: ToInteger},
	"decimal": {min: 1, max: 2, usage: `x | decimal([","]): a decimal of a text or number, optionally with a decimal comma`,
		absent: `missing stays missing, null stays null, "" is an error`, fn: ToDecimal},
	"round": {min: 2, max: 3, makes: Computed, usage: `x | round(2[, "half-up"]): to so many decimals; half-up, half-even, half-down, up, down, ceiling, floor`,
		absent: passes, make: makeRound},
	"abs": {min: 1, max: 1, usage: "x | abs(): without sign", absent: passes, fn: onNumber(func(e *Run, v Value) Value {
		if compareNumbers(v, Int(0)) < 0 {
			return e.Calculate('-', Int(0), v)
		}
		return v
	})},
	"cents": {min: 1, max: 1, makes: Computed, usage: "x | cents(): 12.34 becomes 1234; more than two decimals are an error", absent: passes,
		fn: onNumber(func(e *Run, v Value) Value { return Whole(e, e.Calculate('*', v, Int(100))) })},
	"boolean": {min: 1, max: 3, usage: `x | boolean(["J", "N"]): true or false of true, false or the two given texts`,
		absent: passes, make: makeBoolean},
	"yesNo": {min: 3, max: 3, usage: `x | yesNo("J", "N"): the first text for true, the second for false`, own: true, picks: true, absent: passes, fn: yesNo},
}

// ToInteger is the helper integer.
func ToInteger(e *Run, a []Value) Value {
	v := a[0]
	switch v.Kind {
	case KindInt:
		return v
	case KindText:
		s := strings.TrimSpace(v.Str)
		if s == "" || strings.ContainsAny(s, "eE") {
			return e.Fail(CodeNotInteger, "a whole number is needed")
		}
		if v = Number(s); v.Kind == KindInt {
			return v
		}
	}
	if v.Kind != KindDecimal {
		return e.FailReading(a[0], CodeNotInteger, "a whole number is needed")
	}
	return Whole(e, v)
}

// Whole turns a number without decimals into an integer.
func Whole(e *Run, v Value) Value {
	if v.Kind == KindInt || e.Err != nil {
		return v
	}
	whole, frac, _ := strings.Cut(v.Str, ".")
	if strings.Trim(frac, "0") != "" {
		return e.Fail(CodeNotInteger, "a whole number is needed")
	}
	if v := Number(whole); v.Kind == KindInt {
		return v
	}
	return e.Fail(CodeTooLarge, "the number has too many digits")
}

// ToDecimal is the helper decimal.
func ToDecimal(e *Run, a []Value) Value {
	v := a[0]
	switch v.Kind {
	case KindInt, KindDecimal:
		return v
	case KindText:
		s := strings.TrimSpace(v.Str)
		if len(a) == 2 {
			comma := e.TextOf(a[1])
			if comma != "," && comma != "." {
				return e.failBy(a[1], CodeOutOfRange, `the decimal sign is "," or "."`)
			}
			if comma == "," {
				s = strings.Replace(strings.ReplaceAll(s, ".", "\x00"), ",", ".", 1) // a point is refused, not guessed at
			}
		}
		if s != "" && !strings.ContainsAny(s, "eE") {
			if c, ok := canonicalDecimal(s); ok {
				return Value{Kind: KindDecimal, Str: c}
			}
		}
	}
	return e.FailReading(v, CodeNotNumber, "a number is needed")
}

func makeRound(c Call) (Function, *Mistake) {
	mode := apd.RoundHalfUp
	if len(c.Consts) == 3 {
		mode = ""
		if c.Consts[2] != nil {
			mode = Rounders[c.Consts[2].Str]
		}
	}
	if mode == "" {
		return nil, wrong(CodeArguments, "the rounding mode must be one of half-up, half-even, half-down, up, down, ceiling, floor", "")
	}
	return func(e *Run, a []Value) Value {
		if !a[0].IsNumber() {
			return e.FailSort(a[0], CodeNotNumber, "a number is needed here")
		}
		scale := intArg(e, a[1], MaxDigits/2)
		if e.Err != nil {
			return Missing
		}
		v, ok := RoundTo(a[0], scale, mode)
		if !ok {
			return e.Fail(CodeTooLarge, "the number has too many digits")
		}
		if scale == 0 {
			return Whole(e, v)
		}
		return v
	}, nil
}

func makeBoolean(c Call) (Function, *Mistake) {
	if c.Strict && len(c.Consts) == 2 {
		return nil, wrong(CodeArguments, "boolean takes both texts, for true and for false, or none", "")
	}
	return ToBoolean, nil
}

// ToBoolean is the helper boolean.
func ToBoolean(e *Run, a []Value) Value {
	v := a[0]
	if v.Kind == KindBool {
		return v
	}
	s, ok := v.Text()
	yes, no := "true", "false"
	if len(a) == 3 && ok {
		yes, no = e.TextOf(a[1]), e.TextOf(a[2])
	}
	switch {
	case e.Err != nil:
		return Missing
	case ok && s == yes:
		return Bool(true)
	case ok && s == no:
		return Bool(false)
	}
	return e.Fail(CodeNotBoolean, "true or false is needed")
}

func yesNo(e *Run, a []Value) Value {
	if a[0].Kind != KindBool {
		return e.FailSort(a[0], CodeNotBoolean, "true or false is needed")
	}
	if a[0].Int == 1 {
		return a[1]
	}
	return a[2]
}

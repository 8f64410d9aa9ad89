package helpers

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

var numberHelpers = map[string]Helper{
	"integer": {Min: 1, Max: 1, Usage: "x | integer(): a whole number of a text or number; decimals other than .0 are an error",
		Absent: `missing stays missing, null stays null, "" is an error`, fn: ToInteger},
	"decimal": {Min: 1, Max: 2, Usage: `x | decimal([","]): a decimal of a text or number, optionally with a decimal comma`,
		Absent: `missing stays missing, null stays null, "" is an error`, fn: ToDecimal},
	"round": {Min: 2, Max: 3, Makes: value.Computed, Usage: `x | round(2[, "half-up"]): to so many decimals; half-up, half-even, half-down, up, down, ceiling, floor`,
		Absent: passes, make: makeRound},
	"abs": {Min: 1, Max: 1, Usage: "x | abs(): without sign", Absent: passes, fn: onNumber(func(e *value.Run, v value.Value) value.Value {
		if value.CompareNumbers(v, value.Int(0)) < 0 {
			return e.Calculate('-', value.Int(0), v)
		}
		return v
	})},
	"cents": {Min: 1, Max: 1, Makes: value.Computed, Usage: "x | cents(): 12.34 becomes 1234; more than two decimals are an error", Absent: passes,
		fn: onNumber(func(e *value.Run, v value.Value) value.Value { return Whole(e, e.Calculate('*', v, value.Int(100))) })},
	"boolean": {Min: 1, Max: 3, Usage: `x | boolean(["J", "N"]): true or false of true, false or the two given texts`,
		Absent: passes, make: makeBoolean},
	"yesNo": {Min: 3, Max: 3, Usage: `x | yesNo("J", "N"): the first text for true, the second for false`, Own: true, Picks: true, Absent: passes, fn: yesNo},
}

// ToInteger is the helper integer.
func ToInteger(e *value.Run, a []value.Value) value.Value {
	v := a[0]
	switch v.Kind {
	case value.KindInt:
		return v
	case value.KindText:
		s := strings.TrimSpace(v.Str)
		if s == "" || strings.ContainsAny(s, "eE") {
			return e.Fail(value.CodeNotInteger, "a whole number is needed")
		}
		if v = value.Number(s); v.Kind == value.KindInt {
			return v
		}
	}
	if v.Kind != value.KindDecimal {
		return e.FailReading(a[0], value.CodeNotInteger, "a whole number is needed")
	}
	return Whole(e, v)
}

// Whole turns a number without decimals into an integer.
func Whole(e *value.Run, v value.Value) value.Value {
	if v.Kind == value.KindInt || e.Err != nil {
		return v
	}
	whole, frac, _ := strings.Cut(v.Str, ".")
	if strings.Trim(frac, "0") != "" {
		return e.Fail(value.CodeNotInteger, "a whole number is needed")
	}
	if v := value.Number(whole); v.Kind == value.KindInt {
		return v
	}
	return e.Fail(value.CodeTooLarge, "the number has too many digits")
}

// ToDecimal is the helper decimal.
func ToDecimal(e *value.Run, a []value.Value) value.Value {
	v := a[0]
	switch v.Kind {
	case value.KindInt, value.KindDecimal:
		return v
	case value.KindText:
		s := strings.TrimSpace(v.Str)
		if len(a) == 2 {
			comma := e.TextOf(a[1])
			if comma != "," && comma != "." {
				return e.FailBy(a[1], value.CodeOutOfRange, `the decimal sign is "," or "."`)
			}
			if comma == "," {
				s = strings.Replace(strings.ReplaceAll(s, ".", "\x00"), ",", ".", 1) // a point is refused, not guessed at
			}
		}
		if s != "" && !strings.ContainsAny(s, "eE") {
			if c, ok := value.CanonicalDecimal(s); ok {
				return value.Value{Kind: value.KindDecimal, Str: c}
			}
		}
	}
	return e.FailReading(v, value.CodeNotNumber, "a number is needed")
}

func makeRound(c Call) (value.Function, *Mistake) {
	mode := apd.RoundHalfUp
	if len(c.Consts) == 3 {
		mode = ""
		if c.Consts[2] != nil {
			mode = value.Rounders[c.Consts[2].Str]
		}
	}
	if mode == "" {
		return nil, wrong(CodeArguments, "the rounding mode must be one of half-up, half-even, half-down, up, down, ceiling, floor", "")
	}
	return func(e *value.Run, a []value.Value) value.Value {
		if !a[0].IsNumber() {
			return e.FailSort(a[0], value.CodeNotNumber, "a number is needed here")
		}
		scale := intArg(e, a[1], value.MaxDigits/2)
		if e.Err != nil {
			return value.Missing
		}
		v, ok := value.RoundTo(a[0], scale, mode)
		if !ok {
			return e.Fail(value.CodeTooLarge, "the number has too many digits")
		}
		if scale == 0 {
			return Whole(e, v)
		}
		return v
	}, nil
}

func makeBoolean(c Call) (value.Function, *Mistake) {
	if c.Strict && len(c.Consts) == 2 {
		return nil, wrong(CodeArguments, "boolean takes both texts, for true and for false, or none", "")
	}
	return ToBoolean, nil
}

// ToBoolean is the helper boolean.
func ToBoolean(e *value.Run, a []value.Value) value.Value {
	v := a[0]
	if v.Kind == value.KindBool {
		return v
	}
	s, ok := v.Text()
	yes, no := "true", "false"
	if len(a) == 3 && ok {
		yes, no = e.TextOf(a[1]), e.TextOf(a[2])
	}
	switch {
	case e.Err != nil:
		return value.Missing
	case ok && s == yes:
		return value.Bool(true)
	case ok && s == no:
		return value.Bool(false)
	}
	return e.Fail(value.CodeNotBoolean, "true or false is needed")
}

func yesNo(e *value.Run, a []value.Value) value.Value {
	if a[0].Kind != value.KindBool {
		return e.FailSort(a[0], value.CodeNotBoolean, "true or false is needed")
	}
	if a[0].Int == 1 {
		return a[1]
	}
	return a[2]
}

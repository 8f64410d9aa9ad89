package helpers

import (
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

var numberHelpers = map[string]Helper{
	"integer": {Min: 1, Max: 1, Example: `"007" | integer() = 7`, Usage: "x | integer(): a whole number of a text or number; decimals other than 0 are an error, and in a text other than .0 and .00: 1.000 may be a thousand",
		Absent: `missing stays missing, null stays null, "" is an error`, fn: ToInteger},
	"decimal": {Min: 1, Max: 3, args: []sort{aText}, Example: `"1.234,50" | decimal(",", ".") = decimal 1234.50`,
		Usage:  `x | decimal() or x | decimal(",") or x | decimal(",", "."): a decimal of a text or number, with a decimal comma, and with a sign between thousands: "." "," "'" or a blank. Groups of other than three digits are an error`,
		Absent: `missing stays missing, null stays null, "" is an error`, make: makeDecimal},
	"round": {Min: 2, Max: 3, Example: `2.345 | round(2) = decimal 2.35`, args: []sort{aWhole, aText}, Makes: value.Computed, Usage: `x | round(2) or x | round(2, "half-up"): to so many decimals; half-up, half-even, half-down, up, down, ceiling, floor`,
		Absent: passes, make: makeRound},
	"abs": {Min: 1, Max: 1, Example: `-7 | abs() = 7`, Usage: "x | abs(): without sign", Absent: passes, fn: onNumber(func(e *value.Run, v value.Value) value.Value {
		if value.CompareNumbers(v, value.Int(0)) < 0 {
			return e.Calculate('-', value.Int(0), v)
		}
		return v
	})},
	"cents": {Min: 1, Max: 1, Example: `12.34 | cents() = 1234`, Makes: value.Computed, Usage: "x | cents(): 12.34 becomes 1234; more than two decimals are an error", Absent: passes,
		fn: onNumber(func(e *value.Run, v value.Value) value.Value { return Whole(e, e.Calculate('*', v, value.Int(100))) })},
	"fromCents": {Min: 1, Max: 1, Makes: value.Computed, Usage: "x | fromCents(): 1234 becomes 12.34", Absent: passes, Example: `1234 | fromCents() = decimal 12.34`,
		fn: onNumber(fromCents)},
	"signBehind": {Min: 1, Max: 1, Same: true, Usage: `x | signBehind(): a text of a number whose sign may stand behind it, with the sign before it, for decimal() and integer()`, Absent: passes,
		Example: `"12,50-" | signBehind() | decimal(",") = decimal -12.50`, fn: onText(signBehind)},
	"boolean": {Min: 1, Max: 3, args: []sort{someTexts}, Example: `"ja" | boolean(["J", "ja", "1"], ["N", "nein", "0"]) = true`, Absent: passes, make: makeBoolean,
		Usage: `x | boolean() or x | boolean("J", "N") or x | boolean(["J", "ja"], ["N", "nein", "0"]): true or false of true, false or the given texts; any other is an error`},
	"yesNo": {Min: 3, Max: 3, Example: `true | yesNo("J", "N") = "J"`, Usage: `x | yesNo("J", "N"): the first text for true, the second for false`, Own: true, Picks: true, Absent: passes, fn: yesNo},
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
		if _, frac, _ := strings.Cut(s, "."); len(frac) > 2 {
			return e.Fail(value.CodeNotInteger, "a whole number is needed")
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

func makeDecimal(c Call) (value.Function, *Mistake) {
	e := &value.Run{}
	signs := []value.Value{value.Text("")}
	for _, v := range c.Consts[1:] {
		if v == nil || v.Kind != value.KindText {
			return ToDecimal, nil
		}
		signs = append(signs, *v)
	}
	if ToDecimal(e, signs); c.Strict && e.Err.Code == value.CodeOutOfRange {
		return nil, wrong(CodeArguments, e.Err.Message, "")
	}
	return ToDecimal, nil
}

// ToDecimal is the helper decimal.
func ToDecimal(e *value.Run, a []value.Value) value.Value {
	v := a[0]
	switch v.Kind {
	case value.KindInt, value.KindDecimal:
		return v
	case value.KindText:
		s := strings.TrimSpace(v.Str)
		if len(a) > 1 {
			point, group := e.TextOf(a[1]), ""
			if len(a) == 3 {
				group = e.TextOf(a[2])
			}
			switch {
			case point != "," && point != ".":
				return e.FailBy(a[1], value.CodeOutOfRange, `the decimal sign is "," or "."`)
			case len(a) == 3 && (group == point || len(group) != 1 || !strings.Contains(",.' ", group)):
				return e.FailBy(a[2], value.CodeOutOfRange, `the sign between thousands is ",", ".", "'" or a blank, and another than the decimal sign`)
			}
			s = withPoint(s, point, group)
		}
		if s != "" && !strings.ContainsAny(s, "eE") {
			if c, ok := value.CanonicalDecimal(s); ok {
				return value.Value{Kind: value.KindDecimal, Str: c}
			}
		}
	}
	return e.FailReading(v, value.CodeNotNumber, "a number is needed")
}

// alike are other signs that are written between thousands, by the one that names them.
var alike = map[string]*strings.Replacer{" ": strings.NewReplacer("\u00a0", " ", "\u202f", " "), "'": strings.NewReplacer("\u2019", "'")}

// withPoint writes the text of a number with a decimal point and without groups; "" where the groups are not of three digits, and where a
// point stands that is neither: it is refused, not guessed at.
func withPoint(s, point, group string) string {
	if r := alike[group]; r != nil {
		s = r.Replace(s)
	}
	whole, frac, cut := strings.Cut(s, point)
	if groups := strings.Split(whole, group); group != "" && len(groups) > 1 {
		for i, g := range groups {
			if n := len(strings.TrimLeft(g, "+-")); n != 3 && (i > 0 || n < 1 || n > 3) {
				return ""
			}
		}
		whole = strings.Join(groups, "")
	}
	switch {
	case point == "," && strings.Contains(s, ".") && (group != "." || strings.Contains(frac, ".")):
		return ""
	case cut:
		return whole + "." + frac
	}
	return whole
}

func signBehind(e *value.Run, s string) value.Value {
	number := strings.TrimSpace(s)
	rest := strings.TrimRight(number, "+-")
	switch {
	case rest == number:
		return value.Text(s)
	case len(rest) != len(number)-1 || strings.TrimLeft(rest, "+-") != rest || strings.TrimSpace(rest) == "":
		return e.Fail(value.CodeNotNumber, "a number has one sign")
	}
	return value.Text(number[len(rest):] + strings.TrimSpace(rest))
}

func fromCents(e *value.Run, v value.Value) value.Value {
	if v = Whole(e, v); e.Err != nil {
		return value.Missing
	}
	d := v.Decimal()
	d.Exponent -= 2
	out, ok := value.FromDecimal(d)
	if !ok {
		return e.Fail(value.CodeTooLarge, "the number has too many digits")
	}
	return out
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
	switch yes, no := c.texts(1), c.texts(2); {
	case c.Strict && len(c.Consts) == 2:
		return nil, wrong(CodeArguments, "boolean takes both texts, for true and for false, or none", "")
	case c.Strict && slices.ContainsFunc(yes, func(s string) bool { return slices.Contains(no, s) }):
		return nil, wrong(CodeArguments, "true and false have the same text: nobody could tell them apart", "").at(2)
	}
	return ToBoolean, nil
}

// texts are those of the i-th argument: a text in quotes, or a list of such.
func (c Call) texts(i int) (all []string) {
	if i >= len(c.Consts) || c.Consts[i] == nil {
		return nil
	}
	v := *c.Consts[i]
	for _, one := range append([]value.Value{v}, items(v)...) {
		if s, ok := one.Text(); ok {
			all = append(all, s)
		}
	}
	return all
}

func items(list value.Value) (all []value.Value) {
	for i := range list.Length() {
		all = append(all, list.Item(i))
	}
	return all
}

// isOne tells whether s is a text, or one of a list of texts.
func isOne(e *value.Run, s string, of value.Value) bool {
	if of.Kind != value.KindList {
		return e.TextOf(of) == s
	}
	is := false
	for i := range of.Length() {
		is = e.TextOf(of.Item(i)) == s || is
	}
	return is
}

// ToBoolean is the helper boolean.
func ToBoolean(e *value.Run, a []value.Value) value.Value {
	v := a[0]
	if v.Kind == value.KindBool {
		return v
	}
	s, ok := v.Text()
	yes, no := value.Text("true"), value.Text("false")
	if len(a) == 3 {
		yes, no = a[1], a[2]
	}
	isYes, isNo := ok && isOne(e, s, yes), ok && isOne(e, s, no)
	switch {
	case e.Err != nil:
		return value.Missing
	case isYes:
		return value.Bool(true)
	case isNo:
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

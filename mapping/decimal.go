package mapping

import (
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// maxDigits bounds a number, so that 1e999999999 costs nothing.
const maxDigits = 100

// decimals rounds to 34 digits, as decimal128 does; only a division ever needs to.
var decimals = apd.Context{Precision: 34, MaxExponent: 2 * maxDigits, MinExponent: -2 * maxDigits, Rounding: apd.RoundHalfEven,
	Traps: apd.SystemOverflow | apd.SystemUnderflow | apd.Overflow | apd.DivisionByZero | apd.DivisionUndefined | apd.InvalidOperation}

// exactly is wide enough for sums, differences and products of numbers of maxDigits digits.
var exactly = apd.Context{Precision: 4 * maxDigits, MaxExponent: 4 * maxDigits, MinExponent: -4 * maxDigits, Rounding: apd.RoundHalfEven,
	Traps: decimals.Traps}

func parseDecimal(s string) (*apd.Decimal, bool) {
	d, _, err := new(apd.Decimal).SetString(s)
	if err != nil || d.Form != apd.Finite {
		return nil, false
	}
	return d, true
}

// decimal returns v as a decimal; v must be a number.
func (v value) decimal() *apd.Decimal {
	if v.k == kInt {
		return apd.New(v.i, 0)
	}
	d, ok := parseDecimal(v.s)
	if !ok {
		return new(apd.Decimal)
	}
	return d
}

// decimalValue makes a value; false when the number has too many digits.
func decimalValue(d *apd.Decimal) (value, bool) {
	if d.Form != apd.Finite || d.Exponent > maxDigits || d.Exponent < -maxDigits || d.NumDigits() > maxDigits {
		return missing, false
	}
	s := d.Text('f')
	if d.Sign() == 0 {
		s = strings.TrimPrefix(s, "-")
	}
	return value{k: kDec, s: s}, true
}

// arithmetic computes a op b of two numbers. Whole numbers stay whole except in a division.
func arithmetic(e *env, op byte, a, b value) value {
	if a.k == kInt && b.k == kInt {
		if v, ok := intArithmetic(op, a.i, b.i); ok {
			return v
		}
	}
	var out apd.Decimal
	var err error
	x, y := a.decimal(), b.decimal()
	switch op {
	case '+':
		_, err = exactly.Add(&out, x, y)
	case '-':
		_, err = exactly.Sub(&out, x, y)
	case '*':
		_, err = exactly.Mul(&out, x, y)
	case '/', '%':
		if y.Sign() == 0 {
			return e.failBy(b, CodeDivide, "the divisor is zero")
		}
		if op == '%' {
			_, err = exactly.Rem(&out, x, y)
			break
		}
		if _, err = decimals.Quo(&out, x, y); err == nil {
			out.Reduce(&out)
		}
	}
	if err != nil {
		return e.failMade(CodeTooLarge, "a calculated number has too many digits")
	}
	v, ok := decimalValue(&out)
	if !ok {
		return e.failMade(CodeTooLarge, "a calculated number has too many digits")
	}
	return v
}

func intArithmetic(op byte, a, b int64) (value, bool) {
	switch op {
	case '+':
		s := a + b
		return intValue(s), (s > a) == (b > 0)
	case '-':
		s := a - b
		return intValue(s), (s < a) == (b > 0)
	case '*':
		if a == 0 || b == 0 {
			return intValue(0), true
		}
		p := a * b
		return intValue(p), p/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
	case '%':
		if b == 0 {
			return missing, false
		}
		return intValue(a % b), true
	case '/':
		if b != 0 && b != -1 && a%b == 0 {
			return intValue(a / b), true
		}
	}
	return missing, false
}

func compareNumbers(a, b value) int {
	if a.k == kInt && b.k == kInt {
		switch {
		case a.i < b.i:
			return -1
		case a.i > b.i:
			return 1
		}
		return 0
	}
	return a.decimal().Cmp(b.decimal())
}

// rounders are the rounding modes that round() and a field's round: know.
var rounders = map[string]apd.Rounder{
	"half-up": apd.RoundHalfUp, "half-even": apd.RoundHalfEven, "half-down": apd.RoundHalfDown,
	"up": apd.RoundUp, "down": apd.RoundDown, "ceiling": apd.RoundCeiling, "floor": apd.RoundFloor,
}

// roundTo rounds a number to scale decimals; the result has exactly that many.
func roundTo(v value, scale int, mode apd.Rounder) (value, bool) {
	ctx := exactly
	ctx.Rounding = mode
	var out apd.Decimal
	if _, err := ctx.Quantize(&out, v.decimal(), int32(-scale)); err != nil {
		return missing, false
	}
	return decimalValue(&out)
}

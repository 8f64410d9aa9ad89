package value

import (
	"cmp"
	"errors"
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// MaxDigits bounds a number, so that 1e999999999 costs nothing.
const MaxDigits = 100

// decimals rounds to 34 digits, as decimal128 does; only a division ever needs to.
var decimals = apd.Context{Precision: 34, MaxExponent: 2 * MaxDigits, MinExponent: -2 * MaxDigits, Rounding: apd.RoundHalfEven,
	Traps: apd.SystemOverflow | apd.SystemUnderflow | apd.Overflow | apd.DivisionByZero | apd.DivisionUndefined | apd.InvalidOperation}

// Exactly is wide enough for sums, differences and products of numbers of maxDigits digits.
var Exactly = apd.Context{Precision: 4 * MaxDigits, MaxExponent: 4 * MaxDigits, MinExponent: -4 * MaxDigits, Rounding: apd.RoundHalfEven,
	Traps: decimals.Traps}

func parseDecimal(s string) (*apd.Decimal, bool) {
	d, _, err := new(apd.Decimal).SetString(s)
	if err != nil || d.Form != apd.Finite {
		return nil, false
	}
	return d, true
}

// Decimal returns v as a decimal; v must be a number.
func (v Value) Decimal() *apd.Decimal {
	if v.Kind == KindInt {
		return apd.New(v.Int, 0)
	}
	d, ok := parseDecimal(v.Str)
	if !ok {
		return new(apd.Decimal)
	}
	return d
}

// DecimalValue makes a value; false when the number has too many digits.
func FromDecimal(d *apd.Decimal) (Value, bool) {
	if d.Form != apd.Finite || d.Exponent > MaxDigits || d.Exponent < -MaxDigits || d.NumDigits() > MaxDigits {
		return Missing, false
	}
	s := d.Text('f')
	if d.Sign() == 0 {
		s = strings.TrimPrefix(s, "-")
	}
	return Value{Kind: KindDecimal, Str: s}, true
}

// arithmetic computes a op b of two numbers. Whole numbers stay whole except in a division.
func (r *Run) arithmetic(op byte, a, b Value) Value {
	if a.Kind == KindInt && b.Kind == KindInt {
		if v, ok := intArithmetic(op, a.Int, b.Int); ok {
			return v
		}
	}
	var out apd.Decimal
	var err error
	x, y := a.Decimal(), b.Decimal()
	switch op {
	case '+':
		_, err = Exactly.Add(&out, x, y)
	case '-':
		_, err = Exactly.Sub(&out, x, y)
	case '*':
		_, err = Exactly.Mul(&out, x, y)
	case '/', '%':
		if y.Sign() == 0 {
			return r.FailBy(b, CodeDivide, "the divisor is zero")
		}
		if op == '%' {
			_, err = Exactly.Rem(&out, x, y)
			break
		}
		if err = quotient(&out, x, y); err == nil {
			out.Reduce(&out)
		}
	}
	if v, ok := FromDecimal(&out); ok && err == nil {
		return v
	}
	return r.FailMade(CodeTooLarge, "a calculated number has too many digits")
}

// quotient divides: exactly where one of long numbers can be, else to 34 digits, none of which is before the point and lost.
func quotient(out, x, y *apd.Decimal) error {
	how, err := decimals.Quo(out, x, y)
	if !how.Inexact() || err != nil || x.NumDigits() <= int64(decimals.Precision) && out.Exponent <= 0 {
		return err
	}
	rounded := new(apd.Decimal).Set(out)
	how, err = Exactly.Quo(out, x, y)
	if out.Reduce(out); err != nil || !how.Inexact() && out.NumDigits() <= MaxDigits {
		return err
	}
	if out.Set(rounded); out.Exponent > 0 {
		return errDigits
	}
	return nil
}

var errDigits = errors.New("digits before the point would be lost")

func intArithmetic(op byte, a, b int64) (Value, bool) {
	switch op {
	case '+':
		s := a + b
		return Int(s), (s > a) == (b > 0)
	case '-':
		s := a - b
		return Int(s), (s < a) == (b > 0)
	case '*':
		if a == 0 || b == 0 {
			return Int(0), true
		}
		p := a * b
		return Int(p), p/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
	case '%':
		if b == 0 {
			return Missing, false
		}
		return Int(a % b), true
	case '/':
		if b != 0 && b != -1 && a%b == 0 {
			return Int(a / b), true
		}
	}
	return Missing, false
}

// CompareNumbers compares two numbers by what they are worth: 1.5 and 1.50 are equal.
func CompareNumbers(a, b Value) int {
	if a.Kind == KindInt && b.Kind == KindInt {
		return cmp.Compare(a.Int, b.Int)
	}
	return a.Decimal().Cmp(b.Decimal())
}

// Rounders are the rounding modes that round() and a field's round: know.
var Rounders = map[string]apd.Rounder{
	"half-up": apd.RoundHalfUp, "half-even": apd.RoundHalfEven, "half-down": apd.RoundHalfDown,
	"up": apd.RoundUp, "down": apd.RoundDown, "ceiling": apd.RoundCeiling, "floor": apd.RoundFloor,
}

// RoundTo rounds a number to scale decimals; the result has exactly that many.
func RoundTo(v Value, scale int, mode apd.Rounder) (Value, bool) {
	ctx := Exactly
	ctx.Rounding = mode
	d, out := v.Decimal(), apd.Decimal{}
	if _, err := ctx.Quantize(&out, d, int32(-scale)); err != nil {
		return Missing, false
	}
	away := mode == apd.RoundUp || mode == apd.RoundCeiling && d.Sign() > 0 || mode == apd.RoundFloor && d.Sign() < 0
	if away && out.IsZero() && d.Sign() != 0 { // apd forgets the mode where none of the digits is kept
		out.SetFinite(int64(d.Sign()), int32(-scale))
	}
	return FromDecimal(&out)
}

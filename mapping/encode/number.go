package encode

import (
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/inbasket/inbasket/connectors"
)

// number is an exact decimal as its digits.
type number struct {
	negative bool
	whole    string // without leading zeros; "0" for none
	fraction string // as given; may be empty
}

// numberOf returns the number that a value is. A text counts if it is written as a plain number.
func numberOf(v connectors.Value) (number, bool) {
	switch v.Kind {
	case connectors.Integer:
		return parseNumber(strconv.FormatInt(v.Int, 10))
	case connectors.Decimal, connectors.Text:
		return parseNumber(v.Str)
	}
	return number{}, false
}

// parseNumber reads -?digits[.digits].
func parseNumber(s string) (n number, ok bool) {
	s, n.negative = strings.CutPrefix(s, "-")
	var point bool
	n.whole, n.fraction, point = strings.Cut(s, ".")
	if !digitsOnly(n.whole) || n.whole == "" || !digitsOnly(n.fraction) || point && n.fraction == "" {
		return number{}, false
	}
	for len(n.whole) > 1 && n.whole[0] == '0' {
		n.whole = n.whole[1:]
	}
	if n.zero() {
		n.negative = false
	}
	return n, true
}

func digitsOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (n number) zero() bool {
	return strings.Trim(n.whole, "0") == "" && strings.Trim(n.fraction, "0") == ""
}

// scaled returns n with exactly decimals digits after the point; ok is false if digits would be lost.
func (n number) scaled(decimals int) (_ number, ok bool) {
	if len(n.fraction) > decimals {
		if strings.Trim(n.fraction[decimals:], "0") != "" {
			return n, false
		}
		n.fraction = n.fraction[:decimals]
	}
	if k := decimals - len(n.fraction); k > 0 {
		n.fraction += strings.Repeat("0", k)
	}
	return n, true
}

// String returns the canonical text.
func (n number) String() string {
	s := n.whole
	if n.fraction != "" {
		s += "." + n.fraction
	}
	if n.negative {
		s = "-" + s
	}
	return s
}

// sum adds decimals exactly. Its scale is the largest of what was added.
type sum struct{ apd.Decimal }

// exact does not round.
var exact = apd.Context{MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent}

func (s *sum) add(n number) {
	if d, _, err := apd.NewFromString(n.String()); err == nil {
		_, _ = exact.Add(&s.Decimal, &s.Decimal, d) // without a precision nothing can go wrong
	}
}

// String returns the canonical text of the sum.
func (s *sum) String() string {
	if s.IsZero() {
		s.Negative = false
	}
	return s.Text('f')
}

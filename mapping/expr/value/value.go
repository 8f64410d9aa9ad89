// Package value holds what expressions work with: values of exact kinds, decimals, dates, and how they are calculated and compared. A Run
// keeps what a computation may take, the first thing that went wrong in it, and which fields of the form each value is made of.
package value

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
)

// Kind says what a value is. The first ten are those of connectors.Kind, so that a finished value only changes type.
type Kind uint8

// What a value may be.
const (
	KindMissing   = Kind(connectors.Missing)
	KindNull      = Kind(connectors.Null)
	KindText      = Kind(connectors.Text)
	KindInt       = Kind(connectors.Integer)
	KindDecimal   = Kind(connectors.Decimal)
	KindBool      = Kind(connectors.Boolean)
	KindDate      = Kind(connectors.Date)
	KindDateTime  = Kind(connectors.DateTime)
	KindBinary    = Kind(connectors.Binary)
	KindReference = Kind(connectors.Reference)
	KindList      = KindReference + 1 // x is []any of form nodes, or []value
	KindObject    = KindReference + 2 // x is map[string]any
)

// Value is what an expression works with. It is passed by value; only lists, objects and blobs point anywhere.
type Value struct {
	Kind Kind
	Made Making
	Src  int32 // the form's field that it is made of, as program.trail counts; below 0: several, as env.joins; 0: none
	Str  string
	Int  int64
	Any  any
}

// Making is what the mapping did to a value beside reading it: some of these.
type Making uint8

const (
	Changed  Making = 1 << iota // a text was changed
	Longer                      // a text was put together or got longer
	Computed                    // a number or date was computed, and stands in no field
	Other                       // it is of another kind than what the form has: a count, the text of a date
)

// Of is what was done to a result. A changed text is longer than each of those of the form that it is made of, or not.
func (m Making) Of(v Value, from []Value) Making {
	if m != Changed || v.Kind != KindText {
		return m
	}
	n := utf8.RuneCountInString(v.Str)
	for i := range from {
		if s, ok := from[i].Text(); ok && from[i].Src != 0 && utf8.RuneCountInString(s) >= n {
			return m
		}
	}
	return m | Longer
}

// What is not there, and what is there and null.
var (
	Missing = Value{}
	Null    = Value{Kind: KindNull}
)

// Text makes a text.
func Text(s string) Value { return Value{Kind: KindText, Str: s} }

// Int makes a whole number.
func Int(i int64) Value { return Value{Kind: KindInt, Int: i} }

// Bool makes true or false.
func Bool(b bool) Value {
	if b {
		return Value{Kind: KindBool, Int: 1}
	}
	return Value{Kind: KindBool}
}

// FromNode makes a value of a node of the form tree.
func FromNode(n any) Value {
	switch n := n.(type) {
	case string:
		return Value{Kind: KindText, Str: n}
	case json.Number:
		return Number(string(n))
	case nil:
		return Null
	case bool:
		return Bool(n)
	case map[string]any:
		return Value{Kind: KindObject, Any: n}
	case []any:
		return Value{Kind: KindList, Any: n}
	case Value:
		return n
	default:
		return Missing
	}
}

// Number takes the text of a JSON number. What fits an int64 without point or exponent is an integer.
func Number(s string) Value {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return Int(i)
	}
	if c, ok := CanonicalDecimal(s); ok {
		return Value{Kind: KindDecimal, Str: c}
	}
	return Value{Kind: KindText, Str: s}
}

// IsNumber tells whether v is an integer or a decimal.
func (v Value) IsNumber() bool { return v.Kind == KindInt || v.Kind == KindDecimal }

// Absent tells whether v is missing or null.
func (v Value) Absent() bool { return v.Kind <= KindNull }

// Text returns the text form of a text, number, date or boolean; false for the others.
func (v Value) Text() (string, bool) {
	switch v.Kind {
	case KindText, KindDecimal, KindDate, KindDateTime:
		return v.Str, true
	case KindInt:
		return strconv.FormatInt(v.Int, 10), true
	case KindBool:
		return strconv.FormatBool(v.Int == 1), true
	default:
		return "", false
	}
}

// Length is the number of items of a list.
func (v Value) Length() int {
	switch l := v.Any.(type) {
	case []any:
		return len(l)
	case []Value:
		return len(l)
	}
	return 0
}

// Item is the i-th item of a list.
func (v Value) Item(i int) Value {
	switch l := v.Any.(type) {
	case []any:
		return FromNode(l[i])
	case []Value:
		return l[i]
	}
	return Missing
}

// Member returns the named member of an object; everything else has no members.
func (v Value) Member(name string) Value {
	m, _ := v.Any.(map[string]any)
	if n, ok := m[name]; ok {
		return FromNode(n)
	}
	return Missing
}

// Connector turns a finished value into what targets take. Lists and objects are not finished values.
func (v Value) Connector() connectors.Value {
	c := connectors.Value{Kind: connectors.Kind(v.Kind), Str: v.Str, Int: v.Int}
	if v.Kind == KindBinary {
		c.Blob, _ = v.Any.(*connectors.Blob)
	}
	return c
}

// FromConnector takes a value that a target returned or a result holds.
func FromConnector(c connectors.Value) Value {
	v := Value{Kind: Kind(c.Kind), Str: c.Str, Int: c.Int}
	if c.Blob != nil {
		v.Any = c.Blob
	}
	return v
}

// KindName names a kind for messages; it never shows the value.
func KindName(k Kind) string {
	return [...]string{"missing", "null", "text", "integer", "decimal", "boolean", "date", "date-time", "binary", "reference", "list", "object"}[k]
}

// AKind is the name of a kind with its article.
func AKind(k Kind) string {
	if name := KindName(k); strings.IndexByte("io", name[0]) >= 0 {
		return "an " + name
	}
	return "a " + KindName(k)
}

// CanonicalDecimal writes a number without exponent and without superfluous zeros in front; the decimals
// stay as they are, because 1.50 and 1.5 may mean different things to a legacy system.
func CanonicalDecimal(s string) (string, bool) {
	if strings.ContainsAny(s, "eE") {
		d, ok := parseDecimal(s)
		if !ok {
			return "", false
		}
		v, ok := FromDecimal(d)
		return v.Str, ok
	}
	digits, neg := strings.CutPrefix(s, "-")
	if !neg {
		digits = strings.TrimPrefix(s, "+")
	}
	whole, frac, _ := strings.Cut(digits, ".")
	if strings.Trim(whole+frac, "0123456789") != "" || whole+frac == "" || len(digits) > MaxDigits {
		return "", false
	}
	out := cmp.Or(strings.TrimLeft(whole, "0"), "0")
	if frac != "" {
		out += "." + frac
	}
	if neg && strings.Trim(out, "0.") != "" {
		out = "-" + out
	}
	return out, true
}

// NodeOf is the node of the form that a path's value was made of.
func NodeOf(v Value) any {
	switch v.Kind {
	case KindNull:
		return nil
	case KindBool:
		return v.Int == 1
	case KindList, KindObject:
		return v.Any
	case KindInt, KindDecimal:
		s, _ := v.Text()
		return json.Number(s)
	}
	return v.Str
}

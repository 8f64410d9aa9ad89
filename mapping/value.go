package mapping

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
)

// kind says what a value is. The first ten are those of connectors.Kind, so that a finished value only changes type.
type kind uint8

const (
	kMissing  = kind(connectors.Missing)
	kNull     = kind(connectors.Null)
	kText     = kind(connectors.Text)
	kInt      = kind(connectors.Integer)
	kDec      = kind(connectors.Decimal)
	kBool     = kind(connectors.Boolean)
	kDate     = kind(connectors.Date)
	kDateTime = kind(connectors.DateTime)
	kBinary   = kind(connectors.Binary)
	kRef      = kind(connectors.Reference)
	kList     = kRef + 1 // x is []any of form nodes, or []value
	kObject   = kRef + 2 // x is map[string]any
)

// value is what an expression works with. It is passed by value; only lists, objects and blobs point anywhere.
type value struct {
	k    kind
	made making
	src  int32 // the form's field that it is made of, as program.trail counts; below 0: several, as env.joins; 0: none
	s    string
	i    int64
	x    any
}

// making is what the mapping did to a value beside reading it: some of these.
type making uint8

const (
	changed  making = 1 << iota // a text was changed
	longer                      // a text was put together or got longer
	computed                    // a number or date was computed, and stands in no field
	other                       // it is of another kind than what the form has: a count, the text of a date
)

// of is what was done to a result. A changed text is longer than each of those of the form that it is made of, or not.
func (m making) of(v value, from []value) making {
	if m != changed || v.k != kText {
		return m
	}
	n := utf8.RuneCountInString(v.s)
	for i := range from {
		if s, ok := from[i].text(); ok && from[i].src != 0 && utf8.RuneCountInString(s) >= n {
			return m
		}
	}
	return m | longer
}

var (
	missing = value{}
	null    = value{k: kNull}
)

func textValue(s string) value { return value{k: kText, s: s} }
func intValue(i int64) value   { return value{k: kInt, i: i} }
func boolValue(b bool) value {
	if b {
		return value{k: kBool, i: 1}
	}
	return value{k: kBool}
}

// fromNode makes a value of a node of the form tree.
func fromNode(n any) value {
	switch n := n.(type) {
	case string:
		return value{k: kText, s: n}
	case json.Number:
		return numberValue(string(n))
	case nil:
		return null
	case bool:
		return boolValue(n)
	case map[string]any:
		return value{k: kObject, x: n}
	case []any:
		return value{k: kList, x: n}
	case value:
		return n
	default:
		return missing
	}
}

// numberValue takes the text of a JSON number. What fits an int64 without point or exponent is an integer.
func numberValue(s string) value {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return intValue(i)
	}
	if c, ok := canonicalDecimal(s); ok {
		return value{k: kDec, s: c}
	}
	return value{k: kText, s: s}
}

// isNumber tells whether v is an integer or a decimal.
func (v value) isNumber() bool { return v.k == kInt || v.k == kDec }

// absent tells whether v is missing or null.
func (v value) absent() bool { return v.k <= kNull }

// text returns the text form of a text, number, date or boolean; false for the others.
func (v value) text() (string, bool) {
	switch v.k {
	case kText, kDec, kDate, kDateTime:
		return v.s, true
	case kInt:
		return strconv.FormatInt(v.i, 10), true
	case kBool:
		if v.i == 1 {
			return "true", true
		}
		return "false", true
	default:
		return "", false
	}
}

// length is the number of items of a list.
func (v value) length() int {
	switch l := v.x.(type) {
	case []any:
		return len(l)
	case []value:
		return len(l)
	}
	return 0
}

// item is the i-th item of a list.
func (v value) item(i int) value {
	switch l := v.x.(type) {
	case []any:
		return fromNode(l[i])
	case []value:
		return l[i]
	}
	return missing
}

// member returns the named member of an object; everything else has no members.
func (v value) member(name string) value {
	if m, ok := v.x.(map[string]any); ok {
		if n, ok := m[name]; ok {
			return fromNode(n)
		}
	}
	return missing
}

// connector turns a finished value into what targets take. Lists and objects are not finished values.
func (v value) connector() connectors.Value {
	c := connectors.Value{Kind: connectors.Kind(v.k), Str: v.s, Int: v.i}
	if v.k == kBinary {
		c.Blob, _ = v.x.(*connectors.Blob)
	}
	return c
}

// fromConnector takes a value that a target returned or a result holds.
func fromConnector(c connectors.Value) value {
	v := value{k: kind(c.Kind), s: c.Str, i: c.Int}
	if c.Blob != nil {
		v.x = c.Blob
	}
	return v
}

// kindWord names a kind for messages; it never shows the value.
func kindWord(k kind) string {
	return [...]string{"missing", "null", "text", "integer", "decimal", "boolean", "date", "date-time", "binary", "reference", "list", "object"}[k]
}

// canonicalDecimal writes a number without exponent and without superfluous zeros in front; the decimals
// stay as they are, because 1.50 and 1.5 may mean different things to a legacy system.
func canonicalDecimal(s string) (string, bool) {
	if strings.ContainsAny(s, "eE") {
		d, ok := parseDecimal(s)
		if !ok || d.Exponent > maxDigits || d.Exponent < -maxDigits {
			return "", false
		}
		return d.Text('f'), true
	}
	neg := strings.HasPrefix(s, "-")
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	whole, frac, point := strings.Cut(digits, ".")
	if !allDigits(whole) || point && !allDigits(frac) || whole == "" && frac == "" || len(digits) > maxDigits {
		return "", false
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	out := whole
	if frac != "" {
		out += "." + frac
	}
	if neg && strings.Trim(out, "0.") != "" {
		out = "-" + out
	}
	return out, true
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Package column makes values of the types that the columns of a mapping have, and knows before there is a form what those may be.
package column

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Type is a checked type: of a column.
type Type struct {
	Kind      value.Kind      // kMissing: whatever the expression gives
	size      int             // characters or bytes of a text, digits of a number; 0: any
	bytes     bool            // the length of a text counts bytes
	Fit       *charset.Fitter // makes texts that the column's character set has; nil: it has all characters
	Scale     int             // decimals of a decimal
	cut       bool
	Round     apd.Rounder // "": too many decimals are an error
	Precision int         // digits that are kept of a number, or decimals of a second; -1: all
	loose     bool        // the database may change the value
	onMissing string
	onNull    string
	onEmpty   string
}

// Pattern is how types are written.
var Pattern = regexp.MustCompile(`^(text|integer|decimal|boolean|date|datetime|binary)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?(bytes\s*)?\))?$`)

// New reads a type such as text(40) or decimal(9,2); a message says what is wrong with it.
func New(f Rules) (Type, string) {
	t := Type{cut: f.Overflow == "cut", onMissing: f.OnMissing, onNull: f.OnNull, onEmpty: f.OnEmpty, Precision: -1}
	if f.Precision != nil {
		if t.loose = f.Precision.Database; !t.loose {
			t.Precision = f.Precision.Digits
		}
	}
	if f.Round != "" && f.Round != "error" {
		t.Round = value.Rounders[f.Round]
	}
	if f.Type == "" {
		return t, ""
	}
	m := Pattern.FindStringSubmatch(f.Type)
	if m == nil {
		return t, "this type is not known; write text, text(n), text(n bytes), integer, decimal(p,s), boolean, date, datetime or binary"
	}
	t.Kind = map[string]value.Kind{"text": value.KindText, "integer": value.KindInt, "decimal": value.KindDecimal, "boolean": value.KindBool, "date": value.KindDate, "datetime": value.KindDateTime, "binary": value.KindBinary}[m[1]]
	t.size, _ = strconv.Atoi(m[2])
	t.Scale, _ = strconv.Atoi(m[3])
	t.bytes = m[4] != ""
	switch {
	case t.bytes && t.Kind != value.KindText, m[2] != "" && t.Kind != value.KindText && t.Kind != value.KindDecimal && t.Kind != value.KindInt, m[3] != "" && t.Kind != value.KindDecimal:
		return t, "this type takes no such numbers"
	case m[2] != "" && (t.size == 0 || t.size > 1<<20), t.Kind == value.KindDecimal && t.size > value.MaxDigits, t.Scale > t.size:
		return t, "the numbers of this type are out of range"
	case t.Kind == value.KindDecimal && m[2] == "":
		t.Scale = -1
	}
	return t, ""
}

// Convert makes the value that the column takes. note says what was changed on the way; "" for nothing.
func (t *Type) Convert(e *value.Run, v value.Value) (out value.Value, note string) {
	out, note = t.typed(e, v)
	switch {
	case e.Err != nil || out.Absent():
	case t.loose:
		note = joinNotes(note, "left to the database, which may change it")
	case t.Precision >= 0:
		var more string
		if out, more = t.precise(e, out); e.Err == nil {
			out, _ = t.typed(e, out) // with the column's scale again, and not beyond its digits
		}
		note = joinNotes(note, more)
	}
	return out, note
}

func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// precise keeps so many significant digits of a number, or decimals of a second.
func (t *Type) precise(e *value.Run, v value.Value) (value.Value, string) {
	switch {
	case v.IsNumber():
		mode := t.Round
		if mode == "" {
			mode = apd.RoundHalfUp
		}
		digits := max(t.Precision, 1)
		d := v.Decimal()
		if d.IsZero() || significant(d) <= digits {
			return v, ""
		}
		ctx := value.Exactly
		ctx.Precision, ctx.Rounding = uint32(digits), mode
		var out apd.Decimal
		if _, err := ctx.Round(&out, d); err != nil {
			return e.Fail(value.CodeTooLarge, "the number has too many digits"), ""
		}
		out.Reduce(&out)
		r, ok := value.FromDecimal(&out)
		if !ok {
			return e.Fail(value.CodeTooLarge, "the number has too many digits"), ""
		}
		if v.Kind == value.KindInt {
			r = helpers.Whole(e, r)
		}
		return r, "rounded to " + strconv.Itoa(digits) + " significant digits"
	case v.Kind == value.KindDateTime:
		return t.preciseTime(e, v)
	}
	return e.Fail(value.CodeNotNumber, "precision belongs to a number or a time"), ""
}

// significant counts the digits of a number without zeros at its end.
func significant(d *apd.Decimal) int {
	var r apd.Decimal
	r.Reduce(d)
	return int(r.NumDigits())
}

// preciseTime cuts decimals of a second, as a clock shows them, unless the mapping rounds.
func (t *Type) preciseTime(e *value.Run, v value.Value) (value.Value, string) {
	at, zoned, ok := value.ReadDateTime(v.Str)
	if !ok {
		return e.Fail(value.CodeNotDate, "a date with a time is needed"), ""
	}
	unit := time.Second
	for range min(t.Precision, 9) {
		unit /= 10
	}
	kept := at.Truncate(unit)
	if kept.Equal(at) {
		return v, ""
	}
	rest := at.Sub(kept)
	up := t.Round == apd.RoundUp || t.Round == apd.RoundCeiling
	switch half := unit / 2; {
	case t.Round == apd.RoundHalfUp:
		up = rest >= half
	case t.Round == apd.RoundHalfDown:
		up = rest > half
	case t.Round == apd.RoundHalfEven:
		up = rest > half || rest == half && kept.UnixNano()/int64(unit)%2 != 0
	}
	word := "cut to "
	if up {
		kept = kept.Add(unit)
	}
	if t.Round != "" {
		word = "rounded to "
	}
	return value.DateTime(kept, zoned), word + strconv.Itoa(t.Precision) + " decimals of a second"
}

// typed makes the value of the field's type.
func (t *Type) typed(e *value.Run, v value.Value) (out value.Value, note string) {
	if v.Absent() {
		return t.nothing(e, v), ""
	}
	if v.Kind == value.KindText && v.Str == "" && t.onEmpty != "" && t.onEmpty != "keep" {
		return t.instead(e, t.onEmpty, value.CodeEmptyValue, "the field must not be empty", v), ""
	}
	switch t.Kind {
	case value.KindMissing:
		if v.Kind == value.KindList || v.Kind == value.KindObject {
			return e.FailSort(v, value.CodeNotValue, "an object or list stands where one value is needed"), ""
		}
		if v.Kind == value.KindText && t.Fit != nil {
			return t.text(e, v)
		}
		return v, ""
	case value.KindText:
		return t.text(e, v)
	case value.KindInt:
		v = helpers.ToInteger(e, []value.Value{v})
		if e.Err == nil && t.size > 0 && len(strings.TrimPrefix(strconv.FormatInt(v.Int, 10), "-")) > t.size {
			return e.FailLimit(value.CodeTooLarge, "the number has more than %s digits", t.size), ""
		}
		return v, ""
	case value.KindDecimal:
		return t.decimal(e, v)
	case value.KindBool:
		return helpers.ToBoolean(e, []value.Value{v}), ""
	case value.KindDate:
		return t.date(e, v), ""
	case value.KindDateTime:
		return t.dateTime(e, v), ""
	case value.KindBinary:
		return helpers.ToBinary(e, []value.Value{v}), ""
	}
	return v, ""
}

// nothing applies onMissing or onNull.
func (t *Type) nothing(e *value.Run, v value.Value) value.Value {
	if v.Kind == value.KindMissing {
		return t.instead(e, t.onMissing, value.CodeMissingValue, "the field must be there", v)
	}
	return t.instead(e, t.onNull, value.CodeNullValue, "the field must not be null", v)
}

func (t *Type) instead(e *value.Run, rule, code, message string, v value.Value) value.Value {
	switch rule {
	case "omit":
		return value.Missing
	case "null":
		return value.Null
	case "empty":
		return value.Text("")
	case "error":
		return e.Fail(code, message)
	}
	return v
}

func (t *Type) text(e *value.Run, v value.Value) (value.Value, string) {
	s, ok := v.Text()
	if !ok {
		return e.FailSort(v, value.CodeNotText, "a text is needed"), ""
	}
	was, note := s, ""
	if t.Fit != nil {
		if s, note, ok = t.fitted(e, s); !ok {
			return value.Missing, ""
		}
	}
	if t.size == 0 || t.length(s) <= t.size {
		return value.Text(s), note
	}
	unit := " characters"
	if t.bytes {
		unit = " bytes"
	}
	kept := charset.Cut(s, t.size, t.length)
	if t.cut && v.Kind == value.KindText && kept != "" { // a part of a number or date is another one; nothing is no part
		return value.Text(kept), joinNotes(note, "cut to "+strconv.Itoa(t.size)+unit)
	}
	sign := ""
	if v.IsNumber() && s[0] == '-' {
		sign = "; its sign counts too"
	}
	grown := s != was && t.length(was) <= t.size
	if grown {
		sign = ", once it is transliterated"
	}
	e.Fail(value.CodeTooLong, "the text has more than "+strconv.Itoa(t.size)+unit+sign)
	e.Err.Grown = grown
	if !t.bytes && sign == "" && !grown {
		e.Err.Want = strconv.Itoa(t.size)
	}
	return value.Missing, ""
}

// fitted is a text in characters of the column's set, and what was done; ok is false where there is an error.
func (t *Type) fitted(e *value.Run, s string) (_, note string, ok bool) {
	s, done, bad := t.Fit.Fit(s)
	if bad != nil {
		e.Fail(value.CodeUnmappable, bad.Error())
		return "", "", false
	}
	return s, joinNotes(done.Transliterated(), done.Substituted()), true
}

// length of a text in the column's unit.
func (t *Type) length(s string) int {
	switch {
	case !t.bytes:
		return utf8.RuneCountInString(s)
	case t.Fit == nil:
		return len(s)
	}
	return t.Fit.Set().Size(s)
}

func (t *Type) decimal(e *value.Run, v value.Value) (value.Value, string) {
	v = helpers.ToDecimal(e, []value.Value{v})
	if e.Err != nil {
		return v, ""
	}
	if t.Scale < 0 {
		if v.Kind == value.KindInt {
			v = value.Value{Kind: value.KindDecimal, Str: strconv.FormatInt(v.Int, 10)}
		}
		return v, ""
	}
	if v.Kind == value.KindInt {
		v = value.Value{Kind: value.KindDecimal, Str: strconv.FormatInt(v.Int, 10)}
	}
	note := ""
	whole, frac, _ := strings.Cut(v.Str, ".")
	if kept := strings.TrimRight(frac, "0"); len(kept) > t.Scale {
		if t.Round == "" {
			return e.FailLimit(value.CodeTooPrecise, "the number has more than %s decimals", t.Scale), ""
		}
		r, ok := value.RoundTo(v, t.Scale, t.Round)
		if !ok {
			return e.Fail(value.CodeTooLarge, "the number has too many digits"), ""
		}
		v, note = r, "rounded to "+strconv.Itoa(t.Scale)+" decimals"
		whole, _, _ = strings.Cut(v.Str, ".")
	} else if len(frac) > t.Scale {
		v.Str = strings.TrimSuffix(whole+"."+frac[:t.Scale], ".")
	}
	if _, frac, _ = strings.Cut(v.Str, "."); len(frac) < t.Scale { // the column's scale, so that equal amounts are equal texts
		v.Str = whole + "." + frac + strings.Repeat("0", t.Scale-len(frac))
	}
	if digits := strings.TrimLeft(strings.TrimPrefix(whole, "-"), "0"); t.size > 0 && len(digits) > t.size-t.Scale {
		return e.FailLimit(value.CodeTooLarge, "the number has more than %s digits before the point", t.size-t.Scale), ""
	}
	return v, note
}

func (t *Type) date(e *value.Run, v value.Value) value.Value {
	if v.Kind == value.KindDate {
		return v
	}
	if v.Kind == value.KindText && len(v.Str) == 10 {
		if d, ok := helpers.DateOf(e, v); ok {
			return value.Date(d)
		}
		return value.Missing
	}
	return e.FailReading(v, value.CodeNotDate, "a date is needed; use parseDate() or toDate()")
}

func (t *Type) dateTime(e *value.Run, v value.Value) value.Value {
	if v.Kind == value.KindDateTime {
		return v
	}
	if v.Kind == value.KindText {
		if d, zoned, ok := value.ReadDateTime(v.Str); ok {
			return value.DateTime(d, zoned)
		}
	}
	return e.FailReading(v, value.CodeNotDate, "a date with a time is needed; use parseDateTime()")
}

// Limits are the size that the type says, whether it counts bytes, and whether the database may change the value.
func (t *Type) Limits() (size int, bytes, loose bool) { return t.size, t.bytes, t.loose }

// Tells says whether two texts that differ are still two in the column.
func (t *Type) Tells() bool { return !t.cut && (t.Fit == nil || !t.Fit.Changes()) }

// Narrow adds what the declared type and the rules for nothing say.
func (t *Type) Narrow(c *connectors.Content) {
	if t.Kind != value.KindMissing && connectors.Kind(t.Kind) != c.Kind {
		*c = connectors.Content{Kind: connectors.Kind(t.Kind), Absent: c.Absent, Null: c.Null}
	}
	if t.Fit != nil {
		c.Charset = t.Fit.Set().Name()
	}
	switch {
	case t.Kind == value.KindText && t.size > 0 && (c.MaxLength == 0 || c.MaxLength > t.size):
		c.MaxLength, c.MinLength = t.size, min(c.MinLength, t.size)
	case t.Kind == value.KindDecimal && t.size > 0:
		c.Digits, c.Scale = t.size-t.Scale, max(t.Scale, 0)
	case t.Kind == value.KindInt && t.size > 0:
		c.Digits = t.size
	}
	absent, null := c.Absent, c.Null
	c.Absent = absent && (t.onMissing == "" || t.onMissing == "omit") || null && t.onNull == "omit"
	c.Null = null && (t.onNull == "" || t.onNull == "null") || absent && t.onMissing == "null" || t.onEmpty == "null"
	c.Absent = c.Absent || t.onEmpty == "omit"
}

// ContentOf tells what is known of a field that always has one value.
func ContentOf(v value.Value) connectors.Content {
	out := connectors.Content{Kind: connectors.Kind(v.Kind)}
	if v.Kind > value.KindReference {
		return connectors.Content{}
	}
	out.Value = &connectors.Value{Kind: out.Kind, Str: v.Str, Int: v.Int}
	if v.Kind == value.KindNull {
		out.Kind, out.Null = connectors.Missing, true
	}
	if v.Kind == value.KindInt {
		out.Digits = len(strings.TrimPrefix(strconv.FormatInt(v.Int, 10), "-"))
	}
	if v.Kind == value.KindText {
		out.MinLength = utf8.RuneCountInString(v.Str)
		out.MaxLength = out.MinLength
	}
	return out
}

// Rules are what a mapping says of a column's type.
type Rules struct {
	Type       string             `yaml:"type" doc:"text, text(n), text(n bytes), integer, decimal(p,s), boolean, date, datetime or binary"`
	OnMissing  string             `yaml:"onMissing" doc:"omit (default), null, empty or error" enum:"omit,null,empty,error"`
	OnNull     string             `yaml:"onNull" doc:"null (default), omit, empty or error" enum:"omit,null,empty,error"`
	OnEmpty    string             `yaml:"onEmpty" doc:"keep (default), null, omit or error" enum:"keep,omit,null,error"`
	Charset    string             `yaml:"charset" doc:"character set of the column, where it is not Unicode, such as iso-8859-1; default the write's"`
	Unmappable charset.Unmappable `yaml:"unmappable" doc:"characters that the character set lacks: error, or transliterate, replace or both; default the write's"`
	Overflow   string             `yaml:"overflow" doc:"a text that is too long: error (default) or cut" enum:"error,cut"`
	Round      string             `yaml:"round" doc:"too many decimals: error (default), or a rounding mode such as half-up" enum:"error,half-up,half-even,half-down,up,down,ceiling,floor"`
	Precision  *Precision         `yaml:"precision" doc:"what of a number or time may go: so many significant digits of a number, or decimals of a second; database: the database may change the value as its column does"`
}

// Precision is a number of digits, or the word database.
type Precision struct {
	Digits   int
	Database bool
}

// UnmarshalNode reads either.
func (p *Precision) UnmarshalNode(n *diag.Node) diag.Problems {
	if p.Database = n.Kind == diag.Text && n.Text == "database"; p.Database {
		return nil
	}
	var err error
	if p.Digits, err = strconv.Atoi(n.Text); err != nil || n.Kind != diag.Number || p.Digits < 0 || p.Digits > value.MaxDigits {
		return diag.Problems{n.Problem(expr.CodeValue, "precision is a number of digits, or database", "")}
	}
	return nil
}

// MaxTried bounds a text that is made up to see whether what a schema allows fits.
const MaxTried = 1 << 20

// Try converts a value that no form gave.
func (t *Type) Try(v value.Value) (value.Value, *value.Failure) {
	e := &value.Run{Budget: value.Budget{Steps: 1, Made: 2 * MaxTried}}
	out, _ := t.Convert(e, v)
	return out, e.Err
}

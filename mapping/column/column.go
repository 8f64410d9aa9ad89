// Package column makes values of the types that the columns of a mapping have, and knows before there is a form what those may be.
package column

import (
	"encoding/base64"
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
)

// Type is a checked type: of a column.
type Type struct {
	Kind      expr.Kind       // kMissing: whatever the expression gives
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
		t.Round = expr.Rounders[f.Round]
	}
	if f.Type == "" {
		return t, ""
	}
	m := Pattern.FindStringSubmatch(f.Type)
	if m == nil {
		return t, "this type is not known; write text, text(n), text(n bytes), integer, decimal(p,s), boolean, date, datetime or binary"
	}
	t.Kind = map[string]expr.Kind{"text": expr.KindText, "integer": expr.KindInt, "decimal": expr.KindDecimal, "boolean": expr.KindBool, "date": expr.KindDate, "datetime": expr.KindDateTime, "binary": expr.KindBinary}[m[1]]
	t.size, _ = strconv.Atoi(m[2])
	t.Scale, _ = strconv.Atoi(m[3])
	t.bytes = m[4] != ""
	switch {
	case t.bytes && t.Kind != expr.KindText, m[2] != "" && t.Kind != expr.KindText && t.Kind != expr.KindDecimal && t.Kind != expr.KindInt, m[3] != "" && t.Kind != expr.KindDecimal:
		return t, "this type takes no such numbers"
	case m[2] != "" && (t.size == 0 || t.size > 1<<20), t.Kind == expr.KindDecimal && t.size > expr.MaxDigits, t.Scale > t.size:
		return t, "the numbers of this type are out of range"
	case t.Kind == expr.KindDecimal && m[2] == "":
		t.Scale = -1
	}
	return t, ""
}

// Convert makes the value that the column takes. note says what was changed on the way; "" for nothing.
func (t *Type) Convert(e *expr.Env, v expr.Value) (out expr.Value, note string) {
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
func (t *Type) precise(e *expr.Env, v expr.Value) (expr.Value, string) {
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
		ctx := expr.Exactly
		ctx.Precision, ctx.Rounding = uint32(digits), mode
		var out apd.Decimal
		if _, err := ctx.Round(&out, d); err != nil {
			return e.Fail(expr.CodeTooLarge, "the number has too many digits"), ""
		}
		out.Reduce(&out)
		r, ok := expr.DecimalValue(&out)
		if !ok {
			return e.Fail(expr.CodeTooLarge, "the number has too many digits"), ""
		}
		if v.Kind == expr.KindInt {
			r = expr.Whole(e, r)
		}
		return r, "rounded to " + strconv.Itoa(digits) + " significant digits"
	case v.Kind == expr.KindDateTime:
		return t.preciseTime(e, v)
	}
	return e.Fail(expr.CodeNotNumber, "precision belongs to a number or a time"), ""
}

// significant counts the digits of a number without zeros at its end.
func significant(d *apd.Decimal) int {
	var r apd.Decimal
	r.Reduce(d)
	return int(r.NumDigits())
}

// preciseTime cuts decimals of a second, as a clock shows them, unless the mapping rounds.
func (t *Type) preciseTime(e *expr.Env, v expr.Value) (expr.Value, string) {
	at, zoned, ok := expr.ReadDateTime(v.Str)
	if !ok {
		return e.Fail(expr.CodeNotDate, "a date with a time is needed"), ""
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
	return expr.DateTime(kept, zoned), word + strconv.Itoa(t.Precision) + " decimals of a second"
}

// typed makes the value of the field's type.
func (t *Type) typed(e *expr.Env, v expr.Value) (out expr.Value, note string) {
	if v.Absent() {
		return t.nothing(e, v), ""
	}
	if v.Kind == expr.KindText && v.Str == "" && t.onEmpty != "" && t.onEmpty != "keep" {
		return t.instead(e, t.onEmpty, expr.CodeEmptyValue, "the field must not be empty", v), ""
	}
	switch t.Kind {
	case expr.KindMissing:
		if v.Kind == expr.KindList || v.Kind == expr.KindObject {
			return e.FailSort(v, expr.CodeNotValue, "an object or list stands where one value is needed"), ""
		}
		if v.Kind == expr.KindText && t.Fit != nil {
			return t.text(e, v)
		}
		return v, ""
	case expr.KindText:
		return t.text(e, v)
	case expr.KindInt:
		v = expr.ToInteger(e, []expr.Value{v})
		if e.Err == nil && t.size > 0 && len(strings.TrimPrefix(strconv.FormatInt(v.Int, 10), "-")) > t.size {
			return e.Fail(expr.CodeTooLarge, "the number has more than "+strconv.Itoa(t.size)+" digits"), ""
		}
		return v, ""
	case expr.KindDecimal:
		return t.decimal(e, v)
	case expr.KindBool:
		return expr.ToBoolean(e, []expr.Value{v}), ""
	case expr.KindDate:
		return t.date(e, v), ""
	case expr.KindDateTime:
		return t.dateTime(e, v), ""
	case expr.KindBinary:
		return t.binary(e, v), ""
	}
	return v, ""
}

// nothing applies onMissing or onNull.
func (t *Type) nothing(e *expr.Env, v expr.Value) expr.Value {
	if v.Kind == expr.KindMissing {
		return t.instead(e, t.onMissing, expr.CodeMissingValue, "the field must be there", v)
	}
	return t.instead(e, t.onNull, expr.CodeNullValue, "the field must not be null", v)
}

func (t *Type) instead(e *expr.Env, rule, code, message string, v expr.Value) expr.Value {
	switch rule {
	case "omit":
		return expr.Missing
	case "null":
		return expr.Null
	case "empty":
		return expr.Text("")
	case "error":
		return e.Fail(code, message)
	}
	return v
}

func (t *Type) text(e *expr.Env, v expr.Value) (expr.Value, string) {
	s, ok := v.Text()
	if !ok {
		return e.FailSort(v, expr.CodeNotText, "a text is needed"), ""
	}
	was, note := s, ""
	if t.Fit != nil {
		if s, note, ok = t.fitted(e, s); !ok {
			return expr.Missing, ""
		}
	}
	if t.size == 0 || t.length(s) <= t.size {
		return expr.Text(s), note
	}
	unit := " characters"
	if t.bytes {
		unit = " bytes"
	}
	if t.cut && v.Kind == expr.KindText { // a part of a number or date is another one
		return expr.Text(charset.Cut(s, t.size, t.length)), joinNotes(note, "cut to "+strconv.Itoa(t.size)+unit)
	}
	sign := ""
	if v.IsNumber() && s[0] == '-' {
		sign = "; its sign counts too"
	}
	grown := s != was && t.length(was) <= t.size
	if grown {
		sign = ", once it is transliterated"
	}
	e.Fail(expr.CodeTooLong, "the text has more than "+strconv.Itoa(t.size)+unit+sign)
	e.Err.Grown = grown
	return expr.Missing, ""
}

// fitted is a text in characters of the column's set, and what was done; ok is false where there is an error.
func (t *Type) fitted(e *expr.Env, s string) (_, note string, ok bool) {
	s, done, bad := t.Fit.Fit(s)
	if bad != nil {
		e.Fail(expr.CodeUnmappable, bad.Error())
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

func (t *Type) decimal(e *expr.Env, v expr.Value) (expr.Value, string) {
	v = expr.ToDecimal(e, []expr.Value{v})
	if e.Err != nil {
		return v, ""
	}
	if t.Scale < 0 {
		if v.Kind == expr.KindInt {
			v = expr.Value{Kind: expr.KindDecimal, Str: strconv.FormatInt(v.Int, 10)}
		}
		return v, ""
	}
	if v.Kind == expr.KindInt {
		v = expr.Value{Kind: expr.KindDecimal, Str: strconv.FormatInt(v.Int, 10)}
	}
	note := ""
	whole, frac, _ := strings.Cut(v.Str, ".")
	if kept := strings.TrimRight(frac, "0"); len(kept) > t.Scale {
		if t.Round == "" {
			return e.Fail(expr.CodeTooPrecise, "the number has more than "+strconv.Itoa(t.Scale)+" decimals"), ""
		}
		r, ok := expr.RoundTo(v, t.Scale, t.Round)
		if !ok {
			return e.Fail(expr.CodeTooLarge, "the number has too many digits"), ""
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
		return e.Fail(expr.CodeTooLarge, "the number has more than "+strconv.Itoa(t.size-t.Scale)+" digits before the point"), ""
	}
	return v, note
}

func (t *Type) date(e *expr.Env, v expr.Value) expr.Value {
	if v.Kind == expr.KindDate {
		return v
	}
	if v.Kind == expr.KindText && len(v.Str) == 10 {
		if d, ok := expr.DateOf(e, v); ok {
			return expr.Date(d)
		}
		return expr.Missing
	}
	return e.FailReading(v, expr.CodeNotDate, "a date is needed; use parseDate() or toDate()")
}

func (t *Type) dateTime(e *expr.Env, v expr.Value) expr.Value {
	if v.Kind == expr.KindDateTime {
		return v
	}
	if v.Kind == expr.KindText {
		if d, zoned, ok := expr.ReadDateTime(v.Str); ok {
			return expr.DateTime(d, zoned)
		}
	}
	return e.FailReading(v, expr.CodeNotDate, "a date with a time is needed; use parseDateTime()")
}

// binary decodes base64, as JSON and XML carry bytes.
func (t *Type) binary(e *expr.Env, v expr.Value) expr.Value {
	if v.Kind == expr.KindBinary {
		return v
	}
	if v.Kind == expr.KindText {
		if b, err := base64.StdEncoding.DecodeString(v.Str); err == nil {
			if !e.Grow(len(b)) {
				return expr.Missing
			}
			blob := connectors.BytesBlob(b)
			return expr.Value{Kind: expr.KindBinary, Any: &blob}
		}
	}
	return e.FailReading(v, expr.CodeNotBinary, "base64 is needed")
}

// Narrow adds what the declared type and the rules for nothing say.
func (t *Type) Narrow(c *connectors.Content) {
	if t.Kind != expr.KindMissing && connectors.Kind(t.Kind) != c.Kind {
		*c = connectors.Content{Kind: connectors.Kind(t.Kind), Absent: c.Absent, Null: c.Null}
	}
	if t.Fit != nil {
		c.Charset = t.Fit.Set().Name()
	}
	switch {
	case t.Kind == expr.KindText && t.size > 0 && (c.MaxLength == 0 || c.MaxLength > t.size):
		c.MaxLength, c.MinLength = t.size, min(c.MinLength, t.size)
	case t.Kind == expr.KindDecimal && t.size > 0:
		c.Digits, c.Scale = t.size-t.Scale, max(t.Scale, 0)
	case t.Kind == expr.KindInt && t.size > 0:
		c.Digits = t.size
	}
	absent, null := c.Absent, c.Null
	c.Absent = absent && (t.onMissing == "" || t.onMissing == "omit") || null && t.onNull == "omit"
	c.Null = null && (t.onNull == "" || t.onNull == "null") || absent && t.onMissing == "null" || t.onEmpty == "null"
	c.Absent = c.Absent || t.onEmpty == "omit"
}

// ContentOf tells what is known of a field that always has one value.
func ContentOf(v expr.Value) connectors.Content {
	out := connectors.Content{Kind: connectors.Kind(v.Kind)}
	if v.Kind > expr.KindReference {
		return connectors.Content{}
	}
	out.Value = &connectors.Value{Kind: out.Kind, Str: v.Str, Int: v.Int}
	if v.Kind == expr.KindNull {
		out.Kind, out.Null = connectors.Missing, true
	}
	if v.Kind == expr.KindInt {
		out.Digits = len(strings.TrimPrefix(strconv.FormatInt(v.Int, 10), "-"))
	}
	if v.Kind == expr.KindText {
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
	if p.Digits, err = strconv.Atoi(n.Text); err != nil || n.Kind != diag.Number || p.Digits < 0 || p.Digits > expr.MaxDigits {
		return diag.Problems{n.Problem(expr.CodeValue, "precision is a number of digits, or database", "")}
	}
	return nil
}

// MaxTried bounds a text that is made up to see whether what a schema allows fits.
const MaxTried = 1 << 20

// Try converts a value that no form gave.
func (t *Type) Try(v expr.Value) (expr.Value, *expr.Failure) {
	e := &expr.Env{In: &expr.Input{}, Budget: expr.Budget{Steps: 1, Made: 2 * MaxTried}}
	out, _ := t.Convert(e, v)
	return out, e.Err
}

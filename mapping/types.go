package mapping

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
	"github.com/inbasket/inbasket/connectors"
)

// fieldType is a checked type: of a column.
type fieldType struct {
	kind      kind // kMissing: whatever the expression gives
	size      int  // characters of a text, digits of a number; 0: any
	scale     int  // decimals of a decimal
	cut       bool
	round     apd.Rounder // "": too many decimals are an error
	precision int         // digits that are kept of a number, or decimals of a second; -1: all
	loose     bool        // the database may change the value
	onMissing string
	onNull    string
	onEmpty   string
}

var typePattern = regexp.MustCompile(`^(text|integer|decimal|boolean|date|datetime|binary)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?$`)

// newFieldType reads a type such as text(40) or decimal(9,2); a message says what is wrong with it.
func newFieldType(f fieldSpec) (fieldType, string) {
	t := fieldType{cut: f.Overflow == "cut", onMissing: f.OnMissing, onNull: f.OnNull, onEmpty: f.OnEmpty, precision: -1}
	if f.Precision != nil {
		if t.loose = f.Precision.database; !t.loose {
			t.precision = f.Precision.digits
		}
	}
	if f.Round != "" && f.Round != "error" {
		t.round = rounders[f.Round]
	}
	if f.Type == "" {
		return t, ""
	}
	m := typePattern.FindStringSubmatch(f.Type)
	if m == nil {
		return t, "this type is not known; write text, text(n), integer, decimal(p,s), boolean, date, datetime or binary"
	}
	t.kind = map[string]kind{"text": kText, "integer": kInt, "decimal": kDec, "boolean": kBool, "date": kDate, "datetime": kDateTime, "binary": kBinary}[m[1]]
	t.size, _ = strconv.Atoi(m[2])
	t.scale, _ = strconv.Atoi(m[3])
	switch {
	case m[2] != "" && t.kind != kText && t.kind != kDec && t.kind != kInt, m[3] != "" && t.kind != kDec:
		return t, "this type takes no such numbers"
	case m[2] != "" && (t.size == 0 || t.size > 1<<20), t.kind == kDec && t.size > maxDigits, t.scale > t.size:
		return t, "the numbers of this type are out of range"
	case t.kind == kDec && m[2] == "":
		t.scale = -1
	}
	return t, ""
}

// convert makes the value that the column takes. note says what was changed on the way; "" for nothing.
func (t *fieldType) convert(e *env, v value) (out value, note string) {
	out, note = t.typed(e, v)
	switch {
	case e.err != nil || out.absent():
	case t.loose:
		note = joinNotes(note, "left to the database, which may change it")
	case t.precision >= 0:
		var more string
		out, more = t.precise(e, out)
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
func (t *fieldType) precise(e *env, v value) (value, string) {
	switch {
	case v.isNumber():
		mode := t.round
		if mode == "" {
			mode = apd.RoundHalfUp
		}
		digits := max(t.precision, 1)
		d := v.decimal()
		if d.IsZero() || significant(d) <= digits {
			return v, ""
		}
		ctx := exactly
		ctx.Precision, ctx.Rounding = uint32(digits), mode
		var out apd.Decimal
		if _, err := ctx.Round(&out, d); err != nil {
			return e.fail(CodeTooLarge, "the number has too many digits"), ""
		}
		out.Reduce(&out)
		r, ok := decimalValue(&out)
		if !ok {
			return e.fail(CodeTooLarge, "the number has too many digits"), ""
		}
		if v.k == kInt {
			r = wholeOf(e, r)
		}
		return r, "rounded to " + strconv.Itoa(digits) + " significant digits"
	case v.k == kDateTime:
		return t.preciseTime(e, v)
	}
	return e.fail(CodeNotNumber, "precision belongs to a number or a time"), ""
}

// significant counts the digits of a number without zeros at its end.
func significant(d *apd.Decimal) int {
	var r apd.Decimal
	r.Reduce(d)
	return int(r.NumDigits())
}

// preciseTime cuts decimals of a second, as a clock shows them, unless the mapping rounds.
func (t *fieldType) preciseTime(e *env, v value) (value, string) {
	at, zoned, ok := readDateTime(v.s)
	if !ok {
		return e.fail(CodeNotDate, "a date with a time is needed"), ""
	}
	unit := time.Second
	for range min(t.precision, 9) {
		unit /= 10
	}
	kept := at.Truncate(unit)
	if kept.Equal(at) {
		return v, ""
	}
	rest := at.Sub(kept)
	up := t.round == apd.RoundUp || t.round == apd.RoundCeiling
	switch half := unit / 2; {
	case t.round == apd.RoundHalfUp:
		up = rest >= half
	case t.round == apd.RoundHalfDown:
		up = rest > half
	case t.round == apd.RoundHalfEven:
		up = rest > half || rest == half && kept.UnixNano()/int64(unit)%2 != 0
	}
	word := "cut to "
	if up {
		kept = kept.Add(unit)
	}
	if t.round != "" {
		word = "rounded to "
	}
	return value{k: kDateTime, s: dateTimeText(kept, zoned)}, word + strconv.Itoa(t.precision) + " decimals of a second"
}

// typed makes the value of the field's type.
func (t *fieldType) typed(e *env, v value) (out value, note string) {
	if v.absent() {
		return t.nothing(e, v), ""
	}
	if v.k == kText && v.s == "" && t.onEmpty != "" && t.onEmpty != "keep" {
		return t.instead(e, t.onEmpty, CodeEmptyValue, "the field must not be empty", v), ""
	}
	switch t.kind {
	case kMissing:
		if v.k == kList || v.k == kObject {
			return e.failSort(v, CodeNotValue, "an object or list stands where one value is needed"), ""
		}
		return v, ""
	case kText:
		return t.text(e, v)
	case kInt:
		v = toInteger(e, []value{v})
		if e.err == nil && t.size > 0 && len(strings.TrimPrefix(strconv.FormatInt(v.i, 10), "-")) > t.size {
			return e.fail(CodeTooLarge, "the number has more than "+strconv.Itoa(t.size)+" digits"), ""
		}
		return v, ""
	case kDec:
		return t.decimal(e, v)
	case kBool:
		return toBoolean(e, []value{v}), ""
	case kDate:
		return t.date(e, v), ""
	case kDateTime:
		return t.dateTime(e, v), ""
	case kBinary:
		return t.binary(e, v), ""
	}
	return v, ""
}

// nothing applies onMissing or onNull.
func (t *fieldType) nothing(e *env, v value) value {
	if v.k == kMissing {
		return t.instead(e, t.onMissing, CodeMissingValue, "the field must be there", v)
	}
	return t.instead(e, t.onNull, CodeNullValue, "the field must not be null", v)
}

func (t *fieldType) instead(e *env, rule, code, message string, v value) value {
	switch rule {
	case "omit":
		return missing
	case "null":
		return null
	case "empty":
		return textValue("")
	case "error":
		return e.fail(code, message)
	}
	return v
}

func (t *fieldType) text(e *env, v value) (value, string) {
	s, ok := v.text()
	if !ok {
		return e.failSort(v, CodeNotText, "a text is needed"), ""
	}
	if t.size > 0 && len(s) > t.size && utf8.RuneCountInString(s) > t.size {
		if !t.cut {
			sign := ""
			if v.isNumber() && s[0] == '-' {
				sign = "; its sign counts too"
			}
			return e.fail(CodeTooLong, "the text has more than "+strconv.Itoa(t.size)+" characters"+sign), ""
		}
		return textValue(cut(s, t.size)), "cut to " + strconv.Itoa(t.size) + " characters"
	}
	return textValue(s), ""
}

func (t *fieldType) decimal(e *env, v value) (value, string) {
	v = toDecimal(e, []value{v})
	if e.err != nil {
		return v, ""
	}
	if t.scale < 0 {
		if v.k == kInt {
			v = value{k: kDec, s: strconv.FormatInt(v.i, 10)}
		}
		return v, ""
	}
	if v.k == kInt {
		v = value{k: kDec, s: strconv.FormatInt(v.i, 10)}
	}
	note := ""
	whole, frac, _ := strings.Cut(v.s, ".")
	if kept := strings.TrimRight(frac, "0"); len(kept) > t.scale {
		if t.round == "" {
			return e.fail(CodeTooPrecise, "the number has more than "+strconv.Itoa(t.scale)+" decimals"), ""
		}
		r, ok := roundTo(v, t.scale, t.round)
		if !ok {
			return e.fail(CodeTooLarge, "the number has too many digits"), ""
		}
		v, note = r, "rounded to "+strconv.Itoa(t.scale)+" decimals"
		whole, _, _ = strings.Cut(v.s, ".")
	} else if len(frac) > t.scale {
		v.s = strings.TrimSuffix(whole+"."+frac[:t.scale], ".")
	}
	if _, frac, _ = strings.Cut(v.s, "."); len(frac) < t.scale { // the column's scale, so that equal amounts are equal texts
		v.s = whole + "." + frac + strings.Repeat("0", t.scale-len(frac))
	}
	if digits := strings.TrimLeft(strings.TrimPrefix(whole, "-"), "0"); t.size > 0 && len(digits) > t.size-t.scale {
		return e.fail(CodeTooLarge, "the number has more than "+strconv.Itoa(t.size-t.scale)+" digits before the point"), ""
	}
	return v, note
}

func (t *fieldType) date(e *env, v value) value {
	if v.k == kDate {
		return v
	}
	if v.k == kText && len(v.s) == 10 {
		if d, ok := dateOf(e, v); ok {
			return value{k: kDate, s: isoDate(d.Year(), int(d.Month()), d.Day())}
		}
		return missing
	}
	return e.failReading(v, CodeNotDate, "a date is needed; use parseDate() or toDate()")
}

func (t *fieldType) dateTime(e *env, v value) value {
	if v.k == kDateTime {
		return v
	}
	if v.k == kText {
		if d, zoned, ok := readDateTime(v.s); ok {
			return value{k: kDateTime, s: dateTimeText(d, zoned)}
		}
	}
	return e.failReading(v, CodeNotDate, "a date with a time is needed; use parseDateTime()")
}

// binary decodes base64, as JSON and XML carry bytes.
func (t *fieldType) binary(e *env, v value) value {
	if v.k == kBinary {
		return v
	}
	if v.k == kText {
		if b, err := base64.StdEncoding.DecodeString(v.s); err == nil {
			if !e.grow(len(b)) {
				return missing
			}
			blob := connectors.BytesBlob(b)
			return value{k: kBinary, x: &blob}
		}
	}
	return e.failReading(v, CodeNotBinary, "base64 is needed")
}

package encode

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/datefmt"
)

// field is a checked FieldSpec.
type field struct {
	spec    FieldSpec
	index   int // among the fields of its record, from 0
	pattern *datefmt.Pattern
	zone    *time.Location // nil for none
	shared  *time.Location // the layout's, where the field needs one and says none
	pad     byte           // encoded
	blank   byte           // encoded blank
	right   bool
	cut     bool // overflow: cut
	fit     *charset.Fitter
	blanks  bool // control characters become blanks
	attr    bool // xml attribute
	tag     string
}

func (f *field) name() string {
	if f.spec.Name == "" {
		return "#" + strconv.Itoa(f.index+1)
	}
	return f.spec.Name
}

func (f *field) numeric() bool { return f.spec.Type == "integer" || f.spec.Type == "decimal" }

// empty says whether a value is written as the field's null text. The empty text counts for every
// type but text.
func (f *field) empty(v connectors.Value) bool {
	return v.Kind == connectors.Missing || v.Kind == connectors.Null || v.Kind == connectors.Text && v.Str == "" && f.spec.Type != "text"
}

// shown returns a value as plain text, or the text for null; there is false for what is left out.
func (f *field) shown(w *writer, v connectors.Value) (s string, there bool, err *FieldError) {
	if f.empty(v) {
		switch {
		case f.spec.Required:
			return "", false, w.fail(f, CodeRequired, "the field is required and has no value")
		case f.spec.IfNull == nil:
			return "", false, nil
		}
		return *f.spec.IfNull, true, nil
	}
	if s, err = f.plain(w, v); err == nil && s == "" && f.spec.Required {
		err = w.fail(f, CodeRequired, "the field is required and its text is empty")
	}
	return s, true, err
}

// plain returns the value as text in canonical form: the number with its decimals, the date by its
// pattern. negative numbers keep their hyphen; sign, point and padding are the formats' matter.
func (f *field) plain(w *writer, v connectors.Value) (string, *FieldError) {
	switch f.spec.Type {
	case "integer", "decimal":
		n, ok := numberOf(v)
		if !ok {
			return "", w.fail(f, CodeType, "the value is not a number")
		}
		switch n, ok = n.scaled(f.spec.Decimals); {
		case !ok && f.spec.Decimals == 0:
			return "", w.fail(f, CodeType, "the number is not a whole one")
		case !ok:
			return "", w.fail(f, CodePrecision, "the number has more than %d decimals", f.spec.Decimals)
		}
		if n.negative && f.spec.Sign == "none" {
			return "", w.fail(f, CodeNegative, "the number is negative and the field has no sign")
		}
		return n.String(), nil
	case "boolean":
		if v.Kind != connectors.Boolean {
			return "", w.fail(f, CodeType, "the value is not a boolean")
		}
	case "date":
		return f.date(w, v)
	case "datetime":
		return f.dateTime(w, v)
	}
	return f.text(w, v)
}

var isoDate = datefmt.MustCompile("yyyy-MM-dd")

func (f *field) date(w *writer, v connectors.Value) (string, *FieldError) {
	if v.Kind != connectors.Date && v.Kind != connectors.Text {
		return "", w.fail(f, CodeType, "the value is not a date")
	}
	t, err := isoDate.Parse(v.Str, 0)
	if err != nil {
		return "", w.fail(f, CodeType, "the value is not a date as YYYY-MM-DD")
	}
	return f.written(w, t)
}

func (f *field) dateTime(w *writer, v connectors.Value) (string, *FieldError) {
	if v.Kind != connectors.DateTime && v.Kind != connectors.Text {
		return "", w.fail(f, CodeType, "the value is not a date with time")
	}
	zone, zoned := f.zone, f.pattern.HasZone()
	t, err := time.Parse(time.RFC3339Nano, v.Str)
	offset := err == nil
	if !offset {
		t, err = time.Parse("2006-01-02T15:04:05.999999999", v.Str)
	}
	if zone == nil && offset != zoned {
		zone = f.shared
	}
	switch {
	case err != nil:
		return "", w.fail(f, CodeType, "the value is not a date with time as RFC 3339 says")
	case zone == nil && offset && !zoned:
		return "", w.fail(f, CodeZone, "the value has an offset from UTC and the field says no zone")
	case zone == nil && !offset && zoned:
		return "", w.fail(f, CodeZone, "the value has no offset from UTC and the field says no zone")
	case zone == nil:
		return f.written(w, t)
	case offset:
		t = t.In(zone)
		if !zoned && f.pattern.HasTime() && connectors.ShownTwice(t) {
			return "", w.fail(f, CodeClockChange, "the clocks of the field's zone show this time twice, and the pattern has no offset")
		}
		return f.written(w, t)
	}
	t, _, times := connectors.Moments(t, zone)
	switch {
	case times == 0:
		return "", w.fail(f, CodeClockChange, "the clocks of the field's zone skipped this time")
	case times > 1 && zoned:
		return "", w.fail(f, CodeClockChange, "the clocks of the field's zone show this time twice")
	}
	return f.written(w, t)
}

// written is a date by the field's pattern.
func (f *field) written(w *writer, t time.Time) (string, *FieldError) {
	if f.pattern.Loses(t) {
		return "", w.fail(f, CodeCentury, "the year is not from 1950 to 2049, and the pattern has two digits of it")
	}
	return f.pattern.Format(t), nil
}

// text returns a text as it is, but for control characters, which would break a line apart.
func (f *field) text(w *writer, v connectors.Value) (string, *FieldError) {
	switch v.Kind {
	case connectors.Text, connectors.Decimal, connectors.Date, connectors.DateTime:
	case connectors.Integer:
		return strconv.FormatInt(v.Int, 10), nil
	case connectors.Boolean:
		if v.Int != 0 {
			return f.spec.Yes, nil
		}
		return f.spec.No, nil
	default:
		return "", w.fail(f, CodeType, "a document or a value that is not known yet cannot stand in a file")
	}
	s := v.Str
	if !utf8.ValidString(s) {
		return "", w.fail(f, CodeType, "the text is not valid UTF-8")
	}
	if !strings.ContainsFunc(s, isControl) || w.layout.spec.Format == "json" || w.layout.spec.Format == "xml" && !f.blanks {
		return s, nil // JSON and XML have their own answers
	}
	if w.layout.spec.Format == "csv" && !f.blanks && w.layout.spec.CSV.Quote != "none" && !strings.ContainsFunc(s, brokenCSV) {
		return s, nil // line breaks between quotes
	}
	if !f.blanks {
		return "", w.fail(f, CodeControl, "the text has a control character or line break")
	}
	w.note(f, NoteBlanked, "control characters became blanks")
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", " ")), nil
}

func brokenCSV(r rune) bool { return isControl(r) && r != '\n' && r != '\r' && r != '\t' }

// signed writes a canonical number with the field's sign, without point where it is implied.
func (f *field) signed(s string) (sign, digits, trailing string) {
	digits, negative := strings.CutPrefix(s, "-")
	mark := "+"
	if negative {
		mark = "-"
	}
	switch {
	case f.spec.Implied:
		digits = strings.Replace(digits, ".", "", 1)
	case f.spec.Point != "":
		digits = strings.Replace(digits, ".", f.spec.Point, 1)
	}
	switch f.spec.Sign {
	case "leading":
		return mark, digits, ""
	case "trailing":
		return "", digits, mark
	case "overpunch", "none":
		return "", digits, ""
	}
	if negative {
		return mark, digits, ""
	}
	return "", digits, ""
}

// encode appends s in the layout's character set; what that lacks is an error, unless the layout's rule says what to do.
func (f *field) encode(dst []byte, w *writer, s string) ([]byte, *FieldError) {
	out, _, ok := w.layout.charset.AppendString(dst, s)
	if ok {
		return out, nil
	}
	s, err := f.fitted(w, s)
	if err != nil {
		return dst, err
	}
	out, _, _ = w.layout.charset.AppendString(dst, s)
	return out, nil
}

// fitted is a text in characters of the layout's set; what was done is noted.
func (f *field) fitted(w *writer, s string) (string, *FieldError) {
	s, done, bad := f.fit.Fit(s)
	if bad != nil {
		return "", w.fail(f, CodeUnmapped, "%s", bad)
	}
	if said := done.Transliterated(); said != "" {
		w.note(f, NoteTransliterated, "%s", said)
	}
	if said := done.Substituted(); said != "" {
		w.note(f, NoteReplaced, "%s", said)
	}
	return s, nil
}

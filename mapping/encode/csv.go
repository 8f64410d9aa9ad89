package encode

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
)

// csvLine appends one line of delimited fields.
func (l *Layout) csvLine(dst []byte, w *writer, fields []*field, values []connectors.Value) ([]byte, *FieldError) {
	for i, f := range fields {
		if i > 0 {
			dst = l.put(dst, l.spec.CSV.Delimiter)
		}
		s, _, err := f.shown(w, values[i])
		if err != nil {
			return nil, err
		}
		if f.numeric() && !f.empty(values[i]) {
			sign, digits, trailing := f.signed(s)
			s = sign + digits + trailing
		}
		start, fit := len(dst), s
		if fit, err = f.fitted(w, s); err != nil {
			return nil, err
		}
		if f.guarded(w, values[i], w.own(i), fit) { // what was transliterated may look like a formula
			w.note(f, NoteGuarded, "an apostrophe was put in front")
			dst = l.put(dst, "'")
		}
		text := len(dst) // the apostrophe is the file's, as quotes are, and no part of the value
		dst = l.put(dst, fit)
		if f.spec.Width > 0 && len(dst)-text > f.spec.Width {
			if dst, err = f.shorten(dst[:text], w, s, 0, f.cuts(values[i])); err != nil {
				return nil, err.withSign(f.signs(values[i], s))
			}
		}
		if dst, err = l.quote(dst, start, w, f, len(fields) == 1, f.empty(values[i])); err != nil {
			return nil, err
		}
	}
	return append(dst, l.newline...), nil
}

// put appends characters of the layout itself, which NewLayout has checked to exist in the charset.
func (l *Layout) put(dst []byte, s string) []byte {
	dst, _, _ = l.charset.AppendString(dst, s)
	return dst
}

// guarded tells whether an apostrophe stands before a text, so that no spreadsheet runs it.
func (f *field) guarded(w *writer, v connectors.Value, own bool, s string) bool {
	return v.Kind == connectors.Text && f.spec.Type == "text" && !own && w.layout.spec.CSV.Guard != "off" && formula(s)
}

// formula tells whether a spreadsheet may run a text: one that begins, after blanks, with = + - @, a tab or a line
// break, or a full-width form of them. A text that looks as if it were guarded already counts too, so that taking one
// apostrophe off gives every text back.
func formula(s string) bool {
	if s == "" || s[0] < utf8.RuneSelf && s[0] > '@' || s[0] >= '0' && s[0] <= '9' { // most texts
		return false
	}
	s = strings.TrimLeft(strings.TrimLeft(s, "'"), " \u00A0\u3000\uFEFF\u200B")
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", r)
}

// quote puts quotes around what was appended from start on, where the rule wants them. null says that
// the value was missing or null; with rule all it stays bare, so that it differs from the empty text.
func (l *Layout) quote(dst []byte, start int, w *writer, f *field, alone, null bool) ([]byte, *FieldError) {
	body, c := dst[start:], &l.csv
	must := bytes.Contains(body, c.quote) || bytes.Contains(body, c.delimiter) || bytes.Contains(body, c.lf) || bytes.Contains(body, c.cr)
	should := len(body) == 0 && alone || bytes.HasPrefix(body, c.blank) || bytes.HasSuffix(body, c.blank)
	switch l.spec.CSV.Quote {
	case "none":
		if must {
			return nil, w.fail(f, CodeQuote, "the value has a delimiter, quote or line break and the layout has no quotes")
		}
		return dst, nil
	case "all":
		must = !null
	default:
		must = must || should
	}
	if !must {
		return dst, nil
	}
	quoted := bytes.ReplaceAll(body, c.quote, append(bytes.Clone(c.quote), c.quote...))
	dst = append(append(dst[:start], c.quote...), quoted...)
	return append(dst, c.quote...), nil
}

// csvMarks are the characters of the format in the layout's character set.
type csvMarks struct{ delimiter, quote, lf, cr, blank []byte }

func (l *Layout) setMarks() {
	l.csv = csvMarks{l.put(nil, l.spec.CSV.Delimiter), l.put(nil, `"`), l.put(nil, "\n"), l.put(nil, "\r"), l.put(nil, " ")}
}

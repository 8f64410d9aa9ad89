package encode

import (
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

// fixedLine appends one record of fixed-width fields and the line ending.
func (l *Layout) fixedLine(dst []byte, w *writer, fields []*field, values []connectors.Value) ([]byte, *FieldError) {
	for i, f := range fields {
		var err *FieldError
		if dst, err = f.appendFixed(dst, w, values[i]); err != nil {
			return nil, err
		}
	}
	return append(dst, l.newline...), nil
}

// appendFixed appends exactly Width bytes.
func (f *field) appendFixed(dst []byte, w *writer, v connectors.Value) ([]byte, *FieldError) {
	s, there, err := f.shown(w, v)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return fill(dst, f.blank, f.spec.Width), nil
	case f.empty(v) || !f.numeric():
		if dst, err = f.place(dst, w, "", s, f.cuts(v)); err != nil {
			return nil, err.withSign(f.signs(v, s))
		}
		return dst, nil
	}
	negative := strings.HasPrefix(s, "-")
	sign, digits, trailing := f.signed(s)
	// A sign stands before the zeros, but beside the digits where blanks fill up.
	if sign != "" && f.spec.Pad != "0" {
		sign, digits = "", sign+digits
	}
	if dst, err = f.place(dst, w, sign, digits+trailing, false); err != nil {
		return nil, err.withSign(f.signs(v, sign+digits+trailing))
	}
	if f.spec.Sign == "overpunch" {
		overpunch(dst, negative, w.layout.charset.EBCDIC())
	}
	return dst, nil
}

// signs tells whether a value is a number that is written with a sign.
func (f *field) signs(v connectors.Value, s string) bool {
	return (f.numeric() || v.Kind == connectors.Integer || v.Kind == connectors.Decimal) && strings.ContainsAny(s, "+-")
}

// withSign says in an error about the length of a number that its sign counts.
func (e *FieldError) withSign(shown bool) *FieldError {
	if e.Code == CodeTooLong && shown {
		e.Message += "; its sign counts too"
	}
	return e
}

// grown says in an error about the length of a text whether only what was transliterated of it is too long.
func (e *FieldError) grown(is bool) *FieldError {
	if e.Grown = is; is {
		e.Message += ", once it is transliterated"
	}
	return e
}

// cuts tells whether the layout allows to cut a value: of anything but a text, a part is another value.
func (f *field) cuts(v connectors.Value) bool {
	return f.cut && (v.Kind == connectors.Text || f.empty(v))
}

// place appends front, which stays at the left edge, and s, aligned and padded, in Width bytes together.
func (f *field) place(dst []byte, w *writer, front, s string, cut bool) ([]byte, *FieldError) {
	start := len(dst)
	dst, err := f.encode(dst, w, front)
	if err != nil {
		return nil, err
	}
	text := len(dst)
	if dst, err = f.encode(dst, w, s); err != nil {
		return nil, err
	}
	free := f.spec.Width - (len(dst) - start)
	if free < 0 {
		if dst, err = f.shorten(dst[:text], w, s, text-start, cut); err != nil {
			return nil, err
		}
		return fill(dst, f.blank, f.spec.Width-(len(dst)-start)), nil
	}
	dst = fill(dst, f.pad, free)
	if f.right && free > 0 {
		copy(dst[text+free:], dst[text:len(dst)-free])
		fill(dst[:text], f.pad, free)
	}
	return dst, nil
}

// shorten appends as many whole characters of s as fit, where the layout allows that. before is what of the field is taken
// already, by a sign.
func (f *field) shorten(dst []byte, w *writer, s string, before int, cut bool) ([]byte, *FieldError) {
	fit, err := f.fitted(&writer{layout: w.layout}, s)
	if err != nil {
		return nil, err
	}
	c, width := w.layout.charset, f.spec.Width
	size := c.Size(fit)
	kept := charset.Cut(fit, width-before, c.Size)
	if !cut || kept == "" {
		err := w.fail(f, CodeTooLong, "the value takes %d bytes in %s and the field has %d", before+size, c.Name(), width)
		return nil, err.grown(fit != s && before+c.Size(s) <= width)
	}
	w.note(f, NoteCut, "cut from %d to %d bytes", size, width)
	dst, _, _ = c.AppendString(dst, kept)
	return dst, nil
}

func fill(dst []byte, b byte, n int) []byte {
	for range n {
		dst = append(dst, b)
	}
	return dst
}

// overpunch puts the sign into the last digit, as COBOL's SIGN TRAILING without SEPARATE does: in EBCDIC
// the zone half becomes C or D, in ASCII sets the digit becomes one of {A-I or }J-R.
func overpunch(b []byte, negative, ebcdic bool) {
	last := &b[len(b)-1]
	switch {
	case ebcdic && negative:
		*last = *last&0x0F | 0xD0
	case ebcdic:
		*last = *last&0x0F | 0xC0
	case negative:
		*last = "}JKLMNOPQR"[*last-'0']
	default:
		*last = "{ABCDEFGHI"[*last-'0']
	}
}

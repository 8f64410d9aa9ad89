package encode

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

// xmlElement appends one element with a child or attribute for each field, indented by depth.
func (l *Layout) xmlElement(dst []byte, w *writer, name string, fields []*field, values []connectors.Value, depth int) ([]byte, *FieldError) {
	indent := strings.Repeat("  ", depth)
	dst = l.put(dst, indent+"<"+name)
	var err *FieldError
	children := false
	for i, f := range fields {
		if !f.attr {
			children = true
			continue
		}
		s, there, err := f.within(w, values[i])
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		dst = l.put(dst, " "+f.tag+`="`)
		if dst, err = f.escapeXML(dst, w, s, true); err != nil {
			return nil, err
		}
		dst = l.put(dst, `"`)
	}
	if !children {
		return append(l.put(dst, "/>"), l.newline...), nil
	}
	dst = append(l.put(dst, ">"), l.newline...)
	for i, f := range fields {
		if f.attr {
			continue
		}
		if dst, err = l.xmlChild(dst, w, f, values[i], indent+"  "); err != nil {
			return nil, err
		}
	}
	return append(l.put(dst, indent+"</"+name+">"), l.newline...), nil
}

func (l *Layout) xmlChild(dst []byte, w *writer, f *field, v connectors.Value, indent string) ([]byte, *FieldError) {
	s, there, err := f.within(w, v)
	switch {
	case err != nil:
		return nil, err
	case !there && (v.Kind != connectors.Null || !l.spec.XML.Nil):
		return dst, nil
	case !there:
		return append(l.put(dst, indent+"<"+f.tag+` xsi:nil="true"/>`), l.newline...), nil
	case s == "":
		return append(l.put(dst, indent+"<"+f.tag+"/>"), l.newline...), nil
	}
	dst = l.put(dst, indent+"<"+f.tag+">")
	if dst, err = f.escapeXML(dst, w, s, false); err != nil {
		return nil, err
	}
	return append(l.put(dst, "</"+f.tag+">"), l.newline...), nil
}

// within is shown in at most Width characters: XML and JSON count characters, not bytes, and have a way to write those that the set
// lacks, so that only tables change them. Texts for null are as they are.
func (f *field) within(w *writer, v connectors.Value) (s string, there bool, err *FieldError) {
	s, there, err = f.shown(w, v)
	if err != nil || f.empty(v) {
		return s, there, err
	}
	was := utf8.RuneCountInString(s)
	if f.fit.Transliterates() {
		if s, err = f.fitted(w, s); err != nil {
			return "", false, err
		}
	}
	n := utf8.RuneCountInString(s)
	switch {
	case f.spec.Width == 0 || n <= f.spec.Width:
		return s, true, nil
	case !f.cuts(v):
		err := w.fail(f, CodeTooLong, "the value has %d characters and the field %d", n, f.spec.Width).withSign(f.signs(v, s))
		return "", false, err.grown(was <= f.spec.Width)
	}
	w.note(f, NoteCut, "cut from %d to %d characters", n, f.spec.Width)
	return charset.Cut(s, f.spec.Width, utf8.RuneCountInString), true, nil
}

// escapeXML appends text. What the character set lacks is written as a character reference, which says
// the same; what XML does not allow at all is an error.
func (f *field) escapeXML(dst []byte, w *writer, s string, attr bool) ([]byte, *FieldError) {
	l := w.layout
	for i, r := range s {
		switch {
		case r == '&':
			dst = l.put(dst, "&amp;")
		case r == '<':
			dst = l.put(dst, "&lt;")
		case r == '>':
			dst = l.put(dst, "&gt;")
		case r == '"' && attr:
			dst = l.put(dst, "&quot;")
		case r == '\r', attr && (r == '\n' || r == '\t'), r >= 0x7F && r < 0xA0:
			dst = l.put(dst, fmt.Sprintf("&#%d;", r))
		case r < ' ' && r != '\n' && r != '\t', r == 0xFFFE, r == 0xFFFF:
			return nil, w.fail(f, CodeXMLChar, "character U+%04X at position %d is not allowed in XML", r, utf8.RuneCountInString(s[:i])+1)
		default:
			var ok bool
			if dst, ok = l.charset.AppendRune(dst, r); !ok {
				dst = l.put(dst, fmt.Sprintf("&#%d;", r))
			}
		}
	}
	return dst, nil
}

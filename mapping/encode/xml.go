package encode

import (
	"fmt"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

// indent is that of a record.
func (l *Layout) indent() string {
	if l.spec.XML.Document {
		return ""
	}
	return "  "
}

// xmlRecord appends the element of a record or line. It stands there whatever is in it.
func (l *Layout) xmlRecord(dst []byte, w *writer, k *kind, values []connectors.Value, indent string) ([]byte, *FieldError) {
	start := indent + "<" + k.element
	if l.spec.XML.Document && indent == "" {
		start += l.xmlSpaces()
	}
	dst = l.put(dst, start)
	dst, _, err := l.xmlAttrs(dst, w, k.root, k.fields, values)
	switch {
	case err != nil:
		return nil, err
	case len(k.root.nodes) == 0:
		return append(l.put(dst, "/>"), l.newline...), nil
	}
	if dst, err = l.xmlInside(append(l.put(dst, ">"), l.newline...), w, k.root, k.fields, values, indent); err != nil {
		return nil, err
	}
	return append(l.put(dst, indent+"</"+k.element+">"), l.newline...), nil
}

// xmlAttrs appends attributes; said tells whether one of them has a value that the layout does not give itself.
func (l *Layout) xmlAttrs(dst []byte, w *writer, n *node, fields []*field, values []connectors.Value) (out []byte, said bool, err *FieldError) {
	for _, a := range n.attrs {
		f := fields[a.field]
		s, there, err := f.within(w, values[a.field])
		if err != nil {
			return nil, false, err
		}
		if !there {
			continue
		}
		said = said || f.spec.Value == nil
		dst = l.put(dst, " "+a.name+`="`)
		if dst, err = f.escapeXML(dst, w, s, true); err != nil {
			return nil, false, err
		}
		dst = l.put(dst, `"`)
	}
	return dst, said, nil
}

// xmlInside appends what stands in an element.
func (l *Layout) xmlInside(dst []byte, w *writer, n *node, fields []*field, values []connectors.Value, indent string) ([]byte, *FieldError) {
	var err *FieldError
	for _, c := range n.nodes {
		if c.records != "" {
			dst, err = w.each(dst, c.records, func(dst []byte, w *writer, k *kind, values []connectors.Value) ([]byte, *FieldError) {
				return l.xmlRecord(dst, w, k, values, indent+"  ")
			})
		} else {
			dst, err = l.xmlNode(dst, w, c, fields, values, indent+"  ")
		}
		if err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// xmlNode appends an element, unless nothing is in it: attributes that the layout gives do not count where it has a text or elements.
func (l *Layout) xmlNode(dst []byte, w *writer, n *node, fields []*field, values []connectors.Value, indent string) ([]byte, *FieldError) {
	before := len(dst)
	dst, said, err := l.xmlAttrs(l.put(dst, indent+"<"+n.name), w, n, fields, values)
	if err != nil {
		return nil, err
	}
	if n.field >= 0 {
		return l.xmlText(dst, before, said, w, n, fields[n.field], values[n.field])
	}
	if len(n.nodes) == 0 {
		return append(l.put(dst, "/>"), l.newline...), nil
	}
	head := len(dst)
	dst = append(l.put(dst, ">"), l.newline...)
	inside := len(dst)
	if dst, err = l.xmlInside(dst, w, n, fields, values, indent); err != nil {
		return nil, err
	}
	switch {
	case len(dst) > inside:
		return append(l.put(dst, indent+"</"+n.name+">"), l.newline...), nil
	case said:
		return append(l.put(dst[:head], "/>"), l.newline...), nil
	}
	return dst[:before], nil
}

// xmlText ends an element with its text; one that has neither text nor attributes of the form's is left out.
func (l *Layout) xmlText(dst []byte, before int, said bool, w *writer, n *node, f *field, v connectors.Value) ([]byte, *FieldError) {
	s, there, err := f.within(w, v)
	switch {
	case err != nil:
		return nil, err
	case !there && v.Kind == connectors.Null && l.spec.XML.Nil:
		return append(l.put(dst, ` xsi:nil="true"/>`), l.newline...), nil
	case !there && !said:
		return dst[:before], nil
	case s == "":
		return append(l.put(dst, "/>"), l.newline...), nil
	}
	dst = l.put(dst, ">")
	if dst, err = f.escapeXML(dst, w, s, false); err != nil {
		return nil, err
	}
	return append(l.put(dst, "</"+n.name+">"), l.newline...), nil
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
	n, kept := utf8.RuneCountInString(s), ""
	if f.spec.Width > 0 {
		kept = charset.Cut(s, f.spec.Width, utf8.RuneCountInString)
	}
	switch {
	case f.spec.Width == 0 || n <= f.spec.Width:
		return s, true, nil
	case !f.cuts(v) || kept == "":
		err := w.fail(f, CodeTooLong, "the value has %d characters and the field %d", n, f.spec.Width).withSign(f.signs(v, s))
		return "", false, err.grown(was <= f.spec.Width)
	}
	w.note(f, NoteCut, "cut from %d to %d characters", n, f.spec.Width)
	return kept, true, nil
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

package encode

import (
	"fmt"

	"github.com/inbasket/inbasket/connectors"
)

// jsonRecord appends one record. Records of an array are divided by commas; the one that follows another
// brings the comma, and File adds those between pieces.
func (l *Layout) jsonRecord(dst []byte, w *writer, k *kind, values []connectors.Value, follows bool) ([]byte, *FieldError) {
	if l.spec.JSON.Style == "lines" {
		dst, err := l.jsonObject(dst, w, k.root, k.fields, values)
		return append(dst, l.newline...), err
	}
	if follows {
		dst = append(l.put(dst, ","), l.newline...)
	}
	return l.jsonObject(dst, w, k.root, k.fields, values)
}

// jsonObject appends an object with the members that are there.
func (l *Layout) jsonObject(dst []byte, w *writer, n *node, fields []*field, values []connectors.Value) ([]byte, *FieldError) {
	dst = l.put(dst, "{")
	first := true
	for _, c := range n.nodes {
		before := len(dst)
		if !first {
			dst = l.put(dst, ",")
		}
		dst = l.put(l.jsonText(dst, c.name), ":")
		var there bool
		var err *FieldError
		if dst, there, err = l.jsonMember(dst, w, c, fields, values); err != nil {
			return nil, err
		}
		if !there {
			dst = dst[:before]
		}
		first = first && !there
	}
	return l.put(dst, "}"), nil
}

// jsonMember appends the value of a member: of a field, the list of records that stand here, or an object unless it is empty.
func (l *Layout) jsonMember(dst []byte, w *writer, c *node, fields []*field, values []connectors.Value) (out []byte, there bool, err *FieldError) {
	switch {
	case c.records != "":
		dst = l.put(dst, "[")
		first := true
		dst, err = w.each(dst, c.records, func(dst []byte, w *writer, k *kind, values []connectors.Value) ([]byte, *FieldError) {
			if !first {
				dst = l.put(dst, ",")
			}
			first = false
			return l.jsonObject(dst, w, k.root, k.fields, values)
		})
		return l.put(dst, "]"), true, err
	case c.field < 0:
		empty := len(l.put(dst, "{}"))
		dst, err = l.jsonObject(dst, w, c, fields, values)
		return dst, len(dst) > empty, err
	}
	f, v := fields[c.field], values[c.field]
	if v.Kind == connectors.Missing && f.spec.IfNull == nil && !f.spec.Required {
		return dst, false, nil
	}
	dst, err = f.jsonValue(dst, w, v)
	return dst, true, err
}

// jsonValue appends one value: numbers exact, booleans as such unless the field names texts for them.
func (f *field) jsonValue(dst []byte, w *writer, v connectors.Value) ([]byte, *FieldError) {
	s, there, err := f.within(w, v)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return w.layout.put(dst, "null"), nil
	case !f.empty(v) && (f.numeric() || f.spec.Type == "boolean" && (s == "true" || s == "false")):
		return w.layout.put(dst, s), nil
	}
	return w.layout.jsonText(dst, s), nil
}

// jsonText appends a string; what the character set lacks is escaped, which says the same.
func (l *Layout) jsonText(dst []byte, s string) []byte {
	dst = l.put(dst, `"`)
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = l.put(dst, `\`+string(r))
		case r == '\n':
			dst = l.put(dst, `\n`)
		case r == '\r':
			dst = l.put(dst, `\r`)
		case r == '\t':
			dst = l.put(dst, `\t`)
		case isControl(r):
			dst = l.put(dst, fmt.Sprintf(`\u%04x`, r))
		default:
			var ok bool
			if dst, ok = l.charset.AppendRune(dst, r); ok {
				continue
			}
			if r >= 0x10000 {
				r -= 0x10000
				dst = l.put(dst, fmt.Sprintf(`\u%04x`, 0xD800+(r>>10)))
				r = 0xDC00 + r&0x3FF
			}
			dst = l.put(dst, fmt.Sprintf(`\u%04x`, r))
		}
	}
	return l.put(dst, `"`)
}

package encode

import (
	"fmt"

	"github.com/inbasket/inbasket/connectors"
)

// jsonRecord appends one record. Records of an array are divided by commas; the one that follows another
// brings the comma, and File adds those between pieces.
func (l *Layout) jsonRecord(dst []byte, w *writer, fields []*field, values []connectors.Value, follows bool) ([]byte, *FieldError) {
	if l.spec.JSON.Style == "lines" {
		dst, err := l.jsonObject(dst, w, fields, values)
		return append(dst, l.newline...), err
	}
	if follows {
		dst = append(l.put(dst, ","), l.newline...)
	}
	return l.jsonObject(dst, w, fields, values)
}

// jsonObject appends an object with the fields that are there.
func (l *Layout) jsonObject(dst []byte, w *writer, fields []*field, values []connectors.Value) ([]byte, *FieldError) {
	dst = l.put(dst, "{")
	first := true
	for i, f := range fields {
		v := values[i]
		if v.Kind == connectors.Missing && f.spec.IfNull == nil && !f.spec.Required {
			continue
		}
		if !first {
			dst = l.put(dst, ",")
		}
		first = false
		dst = l.put(l.jsonText(dst, f.tag), ":")
		var err *FieldError
		if dst, err = f.jsonValue(dst, w, v); err != nil {
			return nil, err
		}
	}
	return l.put(dst, "}"), nil
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

package encode

import (
	"cmp"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/datefmt"
)

// fields checks the fields of one record or line. In a line (template is true) the value is a template.
func (b *builder) fields(path []any, specs []FieldSpec, template bool) []*field {
	var out []*field
	names := map[string]bool{}
	at := 1
	for i, s := range specs {
		p := sub(path, i)
		if s.Records != "" {
			continue
		}
		switch {
		case s.Name == "" && s.Value == nil:
			b.problem(p, "", "the field needs a name or a value")
		case s.Name != "" && names[s.Name]:
			b.problem(sub(p, "name"), "", "field %q stands twice", s.Name)
		}
		names[s.Name] = true
		if b.spec.Format == "fixed" {
			if s.Width < 1 {
				b.problem(sub(p, "width"), "", "a fixed-width field needs a width of at least 1 byte")
			}
			if s.At != 0 && s.At != at {
				b.problem(sub(p, "at"), "", "the field says it begins at byte %d, but the fields before end so that it begins at %d", s.At, at)
			}
		} else if s.At != 0 {
			b.problem(sub(p, "at"), "", "only fixed-width fields have a place")
		}
		at += s.Width
		out = append(out, b.field(p, s, i, template))
	}
	return out
}

// field checks one field and fills in its defaults.
func (b *builder) field(path []any, s FieldSpec, index int, template bool) *field {
	key := func(k string) []any { return sub(path, k) }
	f := &field{index: index}
	b.choice(key("type"), &s.Type, "text", "integer", "decimal", "boolean", "date", "datetime")
	numeric := s.Type == "integer" || s.Type == "decimal"
	s.Overflow, s.Control = cmp.Or(s.Overflow, b.spec.Overflow), cmp.Or(s.Control, b.spec.Control)
	b.choice(key("overflow"), &s.Overflow, "error", "cut")
	b.choice(key("control"), &s.Control, "error", "space")
	f.blanks = s.Control == "space"
	f.cut = s.Overflow == "cut" && s.Type == "text"
	if s.Overflow == "cut" && !f.cut && b.spec.Overflow != "cut" {
		b.problem(key("overflow"), "error", "only a text may be cut; type %s would become another value", s.Type)
	}
	if s.Width < 0 {
		b.problem(key("width"), "", "a width cannot be negative")
	}
	first, second := "left", "right"
	if numeric {
		first, second = second, first
	}
	b.choice(key("align"), &s.Align, first, second)
	b.pads(path, &s, f, numeric)
	b.number(path, &s, numeric)
	b.pattern(path, &s, f)
	if s.Yes == "" && s.No == "" {
		if s.Yes, s.No = "1", "0"; b.spec.Format == "xml" || b.spec.Format == "json" {
			s.Yes, s.No = "true", "false"
		}
	}
	if f.fit = b.layout.fit; s.Unmappable.Said {
		f.fit = b.fitter(key("unmappable"), s.Unmappable)
	}
	if !template && s.Value != nil {
		b.literal(key("value"), s, f)
	}
	b.tag(path, &s, f)
	f.right = s.Align == "right"
	f.spec = s
	return f
}

// pads sets the pad and checks that the character set has it as one byte.
func (b *builder) pads(path []any, s *FieldSpec, f *field, numeric bool) {
	if s.Pad == "" && numeric && s.Align == "right" {
		s.Pad = "0"
	}
	s.Pad = cmp.Or(s.Pad, " ")
	pad, _, ok := b.layout.charset.AppendString(nil, s.Pad)
	blank, _, _ := b.layout.charset.AppendString(nil, " ")
	f.blank = blank[0]
	if !ok || len(pad) != 1 && b.spec.Format == "fixed" || utf8.RuneCountInString(s.Pad) != 1 {
		b.problem(sub(path, "pad"), "", "the pad is one character that takes one byte in %s", b.layout.charset.Name())
		return
	}
	f.pad = pad[0]
	if numeric && s.Pad == "0" && s.Align == "left" {
		b.problem(sub(path, "pad"), "", "zeros after a number would make it another number")
	}
}

// number checks what only numbers have.
func (b *builder) number(path []any, s *FieldSpec, numeric bool) {
	key := func(k string) []any { return sub(path, k) }
	if !numeric {
		for k, set := range map[string]bool{"decimals": s.Decimals != 0, "implied": s.Implied, "point": s.Point != "", "sign": s.Sign != ""} {
			if set {
				b.problem(key(k), "", "only numbers have this setting; the field's type is %s", s.Type)
			}
		}
		return
	}
	b.choice(key("sign"), &s.Sign, "minus", "leading", "trailing", "overpunch", "none")
	if s.Type == "integer" && (s.Decimals != 0 || s.Implied) {
		b.problem(key("decimals"), "", "an integer has no decimals; use type decimal")
	}
	if s.Decimals < 0 || s.Decimals > 30 {
		b.problem(key("decimals"), "", "decimals go from 0 to 30")
		s.Decimals = 0
	}
	if b.spec.Format == "xml" || b.spec.Format == "json" {
		if s.Implied || s.Point != "" || s.Sign != "minus" && s.Sign != "none" {
			b.problem(path, "", "numbers in %s are written in the format's own way", b.spec.Format)
		}
	}
	if s.Sign == "overpunch" && b.spec.Format == "csv" {
		b.problem(key("sign"), "minus", "overpunched signs are for fixed-width fields")
	}
	if s.Point != "" && (utf8.RuneCountInString(s.Point) != 1 || strings.ContainsAny(s.Point, "0123456789+-")) {
		b.problem(key("point"), ",", "the point is one character and no digit or sign")
	} else if _, _, ok := b.layout.charset.AppendString(nil, s.Point); !ok {
		b.problem(key("point"), ",", "the character set has no such character")
	}
	if s.IfNull != nil && *s.IfNull != "" && b.spec.Format == "json" {
		if _, ok := parseNumber(*s.IfNull); !ok {
			b.problem(key("if-null"), "", "a null text in JSON would be a text where numbers are expected")
		}
	}
}

func (b *builder) pattern(path []any, s *FieldSpec, f *field) {
	key := func(k string) []any { return sub(path, k) }
	var err error
	if s.Type != "date" && s.Type != "datetime" {
		if s.Pattern != "" {
			b.problem(key("pattern"), "", "only dates have a pattern; the field's type is %s", s.Type)
		}
		return
	}
	defaults := map[string]string{"date": "yyyy-MM-dd", "datetime": "yyyy-MM-dd'T'HH:mm:ss"}
	if b.spec.Format == "fixed" {
		defaults = map[string]string{"date": "yyyyMMdd", "datetime": "yyyyMMddHHmmss"}
	}
	s.Pattern = cmp.Or(s.Pattern, defaults[s.Type])
	if f.pattern, err = datefmt.Compile(s.Pattern); err != nil {
		b.problem(key("pattern"), "yyyyMMdd", "%v", err)
	} else if s.Type == "date" && (f.pattern.HasTime() || f.pattern.HasZone()) {
		b.problem(key("pattern"), "yyyyMMdd", "a date has no time of day; use type datetime")
	}
	if s.Zone == "" {
		if b.spec.Zone != "" {
			f.shared = b.layout.zone
		}
		return
	}
	if f.zone, err = datefmt.Zone(s.Zone); err != nil {
		b.problem(key("zone"), "Europe/Berlin", "%v", err)
	}
}

// literal checks that a fixed text fits.
func (b *builder) literal(path []any, s FieldSpec, f *field) {
	text, _, bad := f.fit.Fit(*s.Value)
	size := b.layout.charset.Size(text)
	switch {
	case bad != nil && b.spec.Format != "xml" && b.spec.Format != "json":
		b.problem(path, "", "the text has a character that %s lacks", b.layout.charset.Name())
	case b.spec.Format == "fixed" && s.Width > 0 && size > s.Width:
		b.problem(path, "", "the text takes %d bytes and the field has %d", size, s.Width)
	}
}

// tag sets the field's name in XML and JSON.
func (b *builder) tag(path []any, s *FieldSpec, f *field) {
	f.tag = s.Name
	switch b.spec.Format {
	case "xml":
		if s.XML != "" {
			f.tag, f.attr = strings.CutPrefix(s.XML[strings.LastIndex(s.XML, "/")+1:], "@")
		}
		b.xmlName(sub(path, "xml"), f.tag, f.attr)
	case "json":
		if s.JSON != "" {
			f.tag = s.JSON[strings.LastIndex(s.JSON, "/")+1:]
		}
		if f.tag == "" {
			b.problem(sub(path, "name"), "", "a field in JSON needs a name")
		}
	}
}

// mayPlace checks a place of other records.
func (b *builder) mayPlace(path []any, s FieldSpec, template bool) bool {
	only := s
	only.Records, only.XML, only.JSON = "", "", ""
	switch {
	case b.spec.Format != "xml" && b.spec.Format != "json" || template || len(b.spec.Records) == 0:
		b.problem(sub(path, "records"), "", "records stand in others only in xml and json, where records names both")
	case !reflect.DeepEqual(only, FieldSpec{}):
		b.problem(path, "", "a place of records has nothing else but xml or json")
	case b.spec.Format == "json" && s.JSON == "":
		b.problem(path, "", "the list of records needs a name: json")
	default:
		return true
	}
	return false
}

// way is where a field stands, as it is written.
func (f *field) way() string {
	if f.spec.XML != "" {
		return f.spec.XML
	}
	return f.tag
}

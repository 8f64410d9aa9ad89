package prove

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
)

// domain is a set of values that has all those which an expression or a field may give: it may have others, and never lacks one.
type domain struct {
	absent, null  bool
	known         []value.Value // some values by themselves
	text          *texts
	number        *numbers
	boolean, date bool
	moment        *moments
	binary        int    // bytes at most, anyLength for any number; 0: there are none
	nested        bool   // lists and objects
	ref           string // WRITE.COLUMN that an earlier write returns
}

// texts are all texts within bounds.
type texts struct {
	most, bytes int    // characters, and bytes in UTF-8, at most
	high        rune   // no character is beyond it
	set         string // a character set that has all of them; empty: none is known
	trimmed     bool   // none ends in a blank
	solid       bool   // none has a blank
	uuid        bool   // each is one
}

// numbers are all numbers within bounds; a nil bound is none.
type numbers struct {
	least, most *big.Rat
	scale       int  // decimals at most
	plain       bool // each is written without a point
}

// moments are all dates with a time.
type moments struct {
	zoned, plain bool // with an offset, and without
	scale        int  // decimals of a second at most
	now          bool // moments at which a submission came
	far          bool // one of the year 9999 may have become one of 10000
}

const (
	anyLength = 1 << 40
	maxRune   = '\U0010ffff'
	longest   = 250 // of a number as a text
)

func anyText() *texts { return &texts{most: anyLength, bytes: anyLength, high: maxRune} }

// ascii are texts of so many characters that every character set has.
func ascii(most int) *texts {
	return &texts{most: most, bytes: most, high: 'z', trimmed: true, solid: true}
}

// anything is what is known of nothing.
func anything() domain {
	return domain{absent: true, null: true, text: anyText(), number: &numbers{scale: anyLength}, boolean: true, date: true,
		moment: &moments{zoned: true, plain: true, scale: 9, far: true}, binary: anyLength, nested: true}
}

// join has what either has.
func (d domain) join(o domain) domain {
	d.absent, d.null, d.boolean, d.date, d.nested = d.absent || o.absent, d.null || o.null, d.boolean || o.boolean, d.date || o.date, d.nested || o.nested
	d.known, d.binary = append(slices.Clip(d.known), o.known...), max(d.binary, o.binary)
	if d.text == nil {
		d.text = o.text
	} else if t := o.text; t != nil {
		both := texts{most: max(d.text.most, t.most), bytes: max(d.text.bytes, t.bytes), high: max(d.text.high, t.high), trimmed: d.text.trimmed && t.trimmed, solid: d.text.solid && t.solid, uuid: d.text.uuid && t.uuid}
		if d.text.set == t.set {
			both.set = t.set
		}
		d.text = &both
	}
	if d.number == nil {
		d.number = o.number
	} else if n := o.number; n != nil {
		d.number = &numbers{lower(d.number.least, n.least, -1), lower(d.number.most, n.most, 1), max(d.number.scale, n.scale), d.number.plain && n.plain}
	}
	if d.moment == nil {
		d.moment = o.moment
	} else if m := o.moment; m != nil {
		d.moment = &moments{d.moment.zoned || m.zoned, d.moment.plain || m.plain, max(d.moment.scale, m.scale), d.moment.now && m.now, d.moment.far || m.far}
	}
	if d.ref == "" {
		d.ref = o.ref
	} else if o.ref != "" && o.ref != d.ref {
		return anything()
	}
	return d
}

// lower is the lower of two bounds, or with sign 1 the higher; none where one is none.
func lower(a, b *big.Rat, sign int) *big.Rat {
	switch {
	case a == nil || b == nil:
		return nil
	case a.Cmp(b)*sign > 0:
		return a
	}
	return b
}

// single is a value by itself as bounds, so that it is compared as others are.
func single(v value.Value) domain {
	switch v.Kind {
	case value.KindMissing:
		return domain{absent: true}
	case value.KindNull:
		return domain{null: true}
	case value.KindText:
		t := &texts{most: utf8.RuneCountInString(v.Str), bytes: len(v.Str), trimmed: !strings.HasSuffix(v.Str, " "), solid: !strings.Contains(v.Str, " ")}
		for _, r := range v.Str {
			t.high = max(t.high, r)
		}
		return domain{text: t}
	case value.KindInt, value.KindDecimal:
		s, _ := v.Text()
		x, ok := new(big.Rat).SetString(s)
		if !ok {
			return anything()
		}
		_, frac, _ := strings.Cut(s, ".")
		return domain{number: &numbers{x, x, len(strings.TrimRight(frac, "0")), v.Kind == value.KindInt}}
	case value.KindBool:
		return domain{boolean: true}
	case value.KindDate:
		return domain{date: true}
	}
	return anything()
}

// ofBounds is what a form may have under a path.
func ofBounds(b schema.Bounds) domain {
	d := domain{}
	if b.Chosen != nil {
		for _, x := range b.Chosen {
			if v := value.FromNode(x); v.Kind == value.KindNull {
				d.null = true
			} else if v.Kind < value.KindBinary {
				d.known = append(d.known, v)
			}
			if n, ok := x.(json.Number); ok { // 1 may come as 1.0
				also := single(value.Number(string(n)))
				if also.number != nil {
					also.number.plain = false
				}
				d = d.join(also)
			}
		}
		return d
	}
	for _, kind := range b.Kinds {
		switch kind {
		case "string":
			d.text = &texts{most: anyLength, bytes: anyLength, high: b.High}
			if b.Length >= 0 {
				d.text.most = b.Length
			}
			d.text.bytes, d.text.trimmed, d.text.solid, d.text.uuid = inBytes(d.text.most, b.High), b.Solid, b.Solid, b.UUID
		case "number", "integer":
			if d.number == nil || kind == "number" {
				d.number = &numbers{least: b.Least, most: b.Most, scale: anyLength}
			}
		case "boolean":
			d.boolean = true
		case "null":
			d.null = true
		default:
			d.nested = true
		}
	}
	if d.number != nil {
		switch {
		case b.Step != nil:
			if n, exact := b.Step.FloatPrec(); exact {
				d.number.scale = n
			}
		case !slices.Contains(b.Kinds, "number"):
			d.number.scale = 0
		}
	}
	return d
}

// inBytes is how many bytes so many characters have at most.
func inBytes(n int, high rune) int { return min(anyLength, n*max(1, utf8.RuneLen(high))) }

// asText is what values become in a column of texts.
func (d domain) asText() *texts {
	out := domain{text: d.text}
	for _, v := range d.known {
		if s, ok := v.Text(); ok {
			out = out.join(single(value.Text(s)))
		}
	}
	if n := d.number; n != nil {
		most := longest
		if n.plain && n.least != nil && n.most != nil {
			most = max(len(n.least.FloatString(0)), len(n.most.FloatString(0)), 1)
		}
		out = out.join(domain{text: ascii(most)})
	}
	for _, one := range []struct {
		is   bool
		most int
	}{{d.boolean, 5}, {d.date, 10}, {d.moment != nil, 40}} {
		if one.is {
			out = out.join(domain{text: ascii(one.most)})
		}
	}
	return out.text
}

// converted is what a field's type makes of values; what it refuses is told to whoever sent the form, or parks, and reaches no target.
func converted(t *column.Type, d domain) domain {
	size, bytes, _ := t.Limits()
	out := tried(t, d)
	switch t.Kind {
	case value.KindMissing:
		out.number, out.boolean, out.date, out.moment, out.binary, out.text = d.number, d.boolean, d.date, d.moment, d.binary, fitted(t, d.text)
	case value.KindText:
		out.text = fitted(t, d.asText())
		if x := out.text; x != nil && size > 0 {
			capped := *x
			capped.most = min(x.most, size)
			capped.bytes = min(x.bytes, inBytes(capped.most, x.high))
			if bytes && t.Fit == nil {
				capped.bytes = min(capped.bytes, size)
			}
			capped.trimmed, capped.uuid = x.solid || x.trimmed && x.bytes <= size, x.uuid && size >= 36
			out.text = &capped
		}
	case value.KindInt, value.KindDecimal:
		out.number = numbered(t, size, d)
	case value.KindBool:
		out.boolean = d.boolean || d.number != nil || d.text != nil
	case value.KindDate:
		out.date = d.date || d.text != nil || d.moment != nil
	case value.KindDateTime:
		out.moment = d.moment
		if d.text != nil {
			out.moment = &moments{zoned: true, plain: true, scale: 9}
		}
	case value.KindBinary:
		if out.binary = d.binary; d.text != nil {
			out.binary = max(d.binary, min(d.text.most, anyLength))
		}
	}
	if t.Precision >= 0 && out.moment != nil {
		cut := *out.moment
		cut.scale, cut.far = min(cut.scale, t.Precision), cut.far || t.Round != ""
		out.moment = &cut
	}
	if t.Precision >= 0 && out.number != nil && t.Kind == value.KindMissing {
		out.number = &numbers{scale: out.number.scale}
	}
	return out
}

// tried are the values by themselves, and those of nothing, as a field's type has them.
func tried(t *column.Type, d domain) domain {
	out := domain{ref: d.ref}
	tried := slices.Clone(d.known)
	for v, is := range map[value.Value]bool{value.Missing: d.absent, value.Null: d.null, value.Text(""): d.text != nil} {
		if is {
			tried = append(tried, v)
		}
	}
	for _, v := range tried {
		switch got, err := t.Try(v); {
		case err != nil, v == value.Text("") && got == v && d.text != nil: // the bounds have it
		case got.Kind == value.KindMissing:
			out.absent = true
		case got.Kind == value.KindNull:
			out.null = true
		default:
			out.known = append(out.known, got)
		}
	}
	return out
}

// fitted are texts in the character set of a field.
func fitted(t *column.Type, x *texts) *texts {
	if x == nil || t.Fit == nil {
		return x
	}
	out := *x
	if out.set = t.Fit.Set().Name(); t.Fit.Changes() {
		out.most, out.bytes, out.trimmed, out.solid, out.uuid, out.high = anyLength, anyLength, false, false, false, maxRune
		return &out
	}
	return &out
}

// numbered are the numbers that a type for numbers leaves.
func numbered(t *column.Type, size int, d domain) *numbers {
	if d.number == nil && d.text == nil && !d.boolean && d.moment == nil && !d.date {
		return nil
	}
	n := numbers{scale: anyLength}
	if d.number != nil && d.text == nil && !d.boolean && d.moment == nil && !d.date {
		n = *d.number
	}
	if n.plain = false; t.Precision >= 0 || t.Round != "" { // it may be rounded beyond its bounds
		n.least, n.most = nil, nil
	}
	most, whole := new(big.Rat), size
	if t.Kind == value.KindInt {
		n.scale, n.plain = 0, true
		if size == 0 {
			most.SetInt64(1<<63 - 1)
			n.least, n.most = higher(n.least, big.NewRat(-1<<63, 1), 1), higher(n.most, most, -1)
			return &n
		}
	} else if t.Scale >= 0 {
		whole, n.scale = size-t.Scale, min(n.scale, t.Scale)
		if size == 0 {
			return &n
		}
	} else {
		return &n
	}
	below := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(whole)), nil))
	step := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(t.Scale, 0))), nil))
	most.Sub(below, step)
	n.least, n.most = higher(n.least, new(big.Rat).Neg(most), 1), higher(n.most, most, -1)
	return &n
}

// higher is the narrower of two bounds, of which the second is there: with sign 1 the higher one.
func higher(a, b *big.Rat, sign int) *big.Rat {
	if a != nil && a.Cmp(b)*sign > 0 {
		return a
	}
	return b
}

// within tells whether a character set has all characters of another one.
func within(inner, outer string) bool {
	a, ok := charset.Lookup(inner)
	b, known := charset.Lookup(outer)
	if !ok || !known {
		return false
	}
	for r := rune(0x80); r < 0x10000; r++ {
		if s := string(r); !(0xd800 <= r && r < 0xe000) && a.Holds(s) && !b.Holds(s) {
			return false
		}
	}
	return !a.Unicode()
}

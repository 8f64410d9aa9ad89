package column

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// TestTypes is which types there are, and what is said of others.
func TestTypes(t *testing.T) {
	t.Parallel()
	const unknown = "this type is not known; write text, text(n), text(n bytes), integer, decimal(p,s), boolean, date, datetime or binary"
	const numbers, out = "this type takes no such numbers", "the numbers of this type are out of range"
	for typ, want := range map[string]string{
		"": "", "text": "", "text(1)": "", "text( 40 )": "", "text(1048576)": "", "text(40 bytes)": "", "text( 40 bytes )": "", "integer": "", "integer(9)": "", "decimal": "", "decimal(5)": "", "decimal(9,2)": "",
		"decimal(9 , 2)": "", "decimal(2,2)": "", "decimal(100,50)": "", "boolean": "", "date": "", "datetime": "", "binary": "",
		"Text": unknown, "varchar(10)": unknown, "text()": unknown, "text(-1)": unknown, "text(x)": unknown, "text (3)": unknown, "text(bytes)": unknown, "text(3 byte)": unknown, "decimal(9.2)": unknown, "number": unknown, "timestamp": unknown,
		"text(3,1)": numbers, "integer(3,1)": numbers, "boolean(1)": numbers, "date(10)": numbers, "datetime(3)": numbers, "binary(16)": numbers, "integer(3 bytes)": numbers, "text(3,1 bytes)": numbers,
		"text(0)": out, "integer(0)": out, "text(1048577)": out, "decimal(101,2)": out, "decimal(2,3)": out, "decimal(0,0)": out,
	} {
		if _, have := New(Rules{Type: typ}); have != want {
			t.Errorf("%s: %q, want %q", typ, have, want)
		}
	}
}

// TestPrecisionIsRead is how precision may be written.
func TestPrecisionIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Precision{"3": {Digits: 3}, "0": {}, "100": {Digits: 100}, "database": {Database: true}} {
		if have := rulesOf(t, "precision: "+text).Precision; have == nil || *have != want {
			t.Errorf("%s: %+v", text, have)
		}
	}
	for _, text := range []string{"-1", "101", "1.5", `"3"`, "Database", "true", "[3]", "{digits: 3}", `""`} {
		file, _ := diag.Parse("m.yaml", []byte("precision: "+text))
		var r Rules
		problems := file.Decode(&r)
		if have := problems.Error(); len(problems) != 1 || !strings.HasPrefix(have, "m.yaml:1:12: precision is a number of digits, or database [mapping.value]\n") {
			t.Errorf("%s: %s", text, have)
		}
	}
}

// told writes what is known of a field's values.
func told(c connectors.Content) string {
	names := map[connectors.Kind]string{}
	for k := connectors.Missing; k <= connectors.Reference; k++ {
		names[k] = value.KindName(value.Kind(k))
	}
	b, _ := json.Marshal(map[string]any{"kind": names[c.Kind], "min": c.MinLength, "max": c.MaxLength, "digits": c.Digits, "scale": c.Scale, "absent": c.Absent, "null": c.Null, "value": c.Value != nil})
	return string(b)
}

// TestNarrow is what the declared type and the rules for nothing add to what the form's schema says.
func TestNarrow(t *testing.T) {
	t.Parallel()
	text := connectors.Content{Kind: connectors.Text, MinLength: 2, MaxLength: 60, Absent: true, Null: true}
	for _, c := range []struct {
		rules string
		c     connectors.Content
		want  string
	}{
		{"", text, `{"absent":true,"digits":0,"kind":"text","max":60,"min":2,"null":true,"scale":0,"value":false}`},
		{"type: text(40)", text, `{"absent":true,"digits":0,"kind":"text","max":40,"min":2,"null":true,"scale":0,"value":false}`},
		{"type: text(80)", text, `{"absent":true,"digits":0,"kind":"text","max":60,"min":2,"null":true,"scale":0,"value":false}`},
		{"type: text(1)", text, `{"absent":true,"digits":0,"kind":"text","max":1,"min":1,"null":true,"scale":0,"value":false}`},
		{"type: integer(5)", text, `{"absent":true,"digits":5,"kind":"integer","max":0,"min":0,"null":true,"scale":0,"value":false}`},
		{`type: "decimal(9,2)"`, text, `{"absent":true,"digits":7,"kind":"decimal","max":0,"min":0,"null":true,"scale":2,"value":false}`},
		{"type: decimal", text, `{"absent":true,"digits":0,"kind":"decimal","max":0,"min":0,"null":true,"scale":0,"value":false}`},
		{"type: date", text, `{"absent":true,"digits":0,"kind":"date","max":0,"min":0,"null":true,"scale":0,"value":false}`},
		{"onMissing: error", text, `{"absent":false,"digits":0,"kind":"text","max":60,"min":2,"null":true,"scale":0,"value":false}`},
		{`onMissing: "null"`, text, `{"absent":false,"digits":0,"kind":"text","max":60,"min":2,"null":true,"scale":0,"value":false}`},
		{"onNull: error", text, `{"absent":true,"digits":0,"kind":"text","max":60,"min":2,"null":false,"scale":0,"value":false}`},
		{"onNull: omit", text, `{"absent":true,"digits":0,"kind":"text","max":60,"min":2,"null":false,"scale":0,"value":false}`},
		{"onMissing: error, onNull: error", text, `{"absent":false,"digits":0,"kind":"text","max":60,"min":2,"null":false,"scale":0,"value":false}`},
		{"onMissing: error, onNull: error, onEmpty: omit", text, `{"absent":true,"digits":0,"kind":"text","max":60,"min":2,"null":false,"scale":0,"value":false}`},
		{`onMissing: error, onNull: error, onEmpty: "null"`, text, `{"absent":false,"digits":0,"kind":"text","max":60,"min":2,"null":true,"scale":0,"value":false}`},
		{`onMissing: "null"`, connectors.Content{}, `{"absent":false,"digits":0,"kind":"missing","max":0,"min":0,"null":false,"scale":0,"value":false}`},
		{"onNull: omit", connectors.Content{Null: true}, `{"absent":true,"digits":0,"kind":"missing","max":0,"min":0,"null":false,"scale":0,"value":false}`},
	} {
		typ, _ := New(rulesOf(t, c.rules))
		if typ.Narrow(&c.c); told(c.c) != c.want {
			t.Errorf("{%s}\n have %s\n want %s", c.rules, told(c.c), c.want)
		}
	}
}

// TestContentOf is what is known of a field that always has one value.
func TestContentOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		`"äöüß"`: `{"absent":false,"digits":0,"kind":"text","max":4,"min":4,"null":false,"scale":0,"value":true}`,
		`""`:     `{"absent":false,"digits":0,"kind":"text","max":0,"min":0,"null":false,"scale":0,"value":true}`,
		"-123":   `{"absent":false,"digits":3,"kind":"integer","max":0,"min":0,"null":false,"scale":0,"value":true}`,
		"1.50":   `{"absent":false,"digits":0,"kind":"decimal","max":0,"min":0,"null":false,"scale":0,"value":true}`,
		"true":   `{"absent":false,"digits":0,"kind":"boolean","max":0,"min":0,"null":false,"scale":0,"value":true}`,
		"date":   `{"absent":false,"digits":0,"kind":"date","max":0,"min":0,"null":false,"scale":0,"value":true}`,
		"null":   `{"absent":false,"digits":0,"kind":"missing","max":0,"min":0,"null":true,"scale":0,"value":true}`,
		"list":   `{"absent":false,"digits":0,"kind":"missing","max":0,"min":0,"null":false,"scale":0,"value":false}`,
	} {
		if have := told(ContentOf(values[name])); have != want {
			t.Errorf("%s\n have %s\n want %s", name, have, want)
		}
	}
}

// TestDecimalKeepsItsValue: a decimal column gives the number itself with its own scale, or an error; never another number.
func TestDecimalKeepsItsValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?`).Draw(r, "number")
		typ, _ := New(Rules{Type: "decimal(12,3)"})
		out, err := typ.Try(value.Text(number))
		if err != nil {
			return
		}
		if _, frac, _ := strings.Cut(out.Str, "."); len(frac) != 3 || out.Decimal().Cmp(value.Number(number).Decimal()) != 0 {
			r.Fatalf("%s became %s", number, out.Str)
		}
	})
}

// TestRoundingIsNear: no mode is further off than one unit of the last digit, and each goes its own way.
func TestRoundingIsNear(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		v := value.Number(rapid.StringMatching(`-?[0-9]{1,6}\.[0-9]{1,8}`).Draw(r, "number"))
		scale := rapid.IntRange(0, 6).Draw(r, "scale")
		down, _ := value.RoundTo(v, scale, value.Rounders["floor"])
		up, _ := value.RoundTo(v, scale, value.Rounders["ceiling"])
		if down.Decimal().Cmp(v.Decimal()) > 0 || up.Decimal().Cmp(v.Decimal()) < 0 {
			r.Fatalf("%s lies outside of %s and %s", v.Str, down.Str, up.Str)
		}
		for mode, rounder := range value.Rounders {
			out, ok := value.RoundTo(v, scale, rounder)
			if !ok || out.Decimal().Cmp(down.Decimal()) != 0 && out.Decimal().Cmp(up.Decimal()) != 0 {
				r.Fatalf("%s of %s is %s, neither %s nor %s", mode, v.Str, out.Str, down.Str, up.Str)
			}
		}
	})
}

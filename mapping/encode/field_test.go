package encode

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

// one encodes a single value by a single field.
func one(t testing.TB, s Spec, f FieldSpec, v connectors.Value) (string, []Note, error) {
	t.Helper()
	f.Name = "F"
	s.Fields = []FieldSpec{f}
	if s.Format == "" {
		s.Format = "fixed"
		s.LineEnding = "none"
	}
	p, err := must(t, s).Encode([]connectors.Record{{Shape: &connectors.Shape{Write: "w", Fields: []string{"F"}}, Values: []connectors.Value{v}}})
	return string(p.Body), p.Notes, err
}

func TestFixedValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field FieldSpec
		value connectors.Value
		want  string
	}{
		{FieldSpec{Width: 5}, text("ab"), "ab   "},
		{FieldSpec{Width: 5, Align: "right", Pad: "*"}, text("ab"), "***ab"},
		{FieldSpec{Width: 5}, text("äöü"), "ERR encode.too-long"},
		{FieldSpec{Width: 5, Overflow: "cut"}, text("äöü"), "äö "},
		{FieldSpec{Width: 5}, text("a\nb"), "ERR encode.control"},
		{FieldSpec{Width: 5, Control: "space"}, text("a\r\nb"), "a b  "},
		{FieldSpec{Width: 3}, null, "   "},
		{FieldSpec{Width: 3, IfNull: ptr("N/A")}, null, "N/A"},
		{FieldSpec{Width: 3, Required: true}, missing, "ERR encode.required"},
		{FieldSpec{Width: 3, Required: true}, text(""), "ERR encode.required"},
		{FieldSpec{Width: 3, Type: "integer"}, null, "   "},
		{FieldSpec{Width: 3, Type: "integer", IfNull: ptr("0")}, null, "000"},
		{FieldSpec{Width: 5, Type: "integer"}, integer(-42), "-0042"},
		{FieldSpec{Width: 5, Type: "integer", Pad: " "}, integer(-42), "  -42"},
		{FieldSpec{Width: 5, Type: "integer", Align: "left", Pad: " "}, integer(-42), "-42  "},
		{FieldSpec{Width: 5, Type: "integer", Sign: "leading"}, integer(42), "+0042"},
		{FieldSpec{Width: 5, Type: "integer", Sign: "trailing"}, integer(42), "0042+"},
		{FieldSpec{Width: 5, Type: "integer", Sign: "none"}, integer(-1), "ERR encode.negative"},
		{FieldSpec{Width: 5, Type: "integer", Sign: "overpunch"}, integer(-123), "0012L"},
		{FieldSpec{Width: 5, Type: "integer", Sign: "overpunch"}, integer(120), "0012{"},
		{FieldSpec{Width: 3, Type: "integer"}, integer(1000), "ERR encode.too-long"},
		{FieldSpec{Width: 3, Type: "integer"}, integer(-100), "ERR encode.too-long"},
		{FieldSpec{Width: 3, Type: "integer"}, decimal("7.00"), "007"},
		{FieldSpec{Width: 3, Type: "integer"}, decimal("7.01"), "ERR encode.type"},
		{FieldSpec{Width: 3, Type: "integer"}, text("x"), "ERR encode.type"},
		{FieldSpec{Width: 7, Type: "decimal", Decimals: 2}, decimal("1.5"), "0001.50"},
		{FieldSpec{Width: 7, Type: "decimal", Decimals: 2, Point: ","}, decimal("-1.5"), "-001,50"},
		{FieldSpec{Width: 7, Type: "decimal", Decimals: 2, Implied: true}, integer(3), "0000300"},
		{FieldSpec{Width: 7, Type: "decimal", Decimals: 1}, decimal("1.25"), "ERR encode.precision"},
		{FieldSpec{Width: 1, Type: "boolean", Yes: "J", No: "N"}, boolean(0), "N"},
		{FieldSpec{Width: 1, Type: "boolean"}, text("1"), "ERR encode.type"},
		{FieldSpec{Width: 6, Type: "date", Pattern: "ddMMyy"}, date("1980-02-29"), "290280"},
		{FieldSpec{Width: 8, Type: "date"}, text("2025-02-29"), "ERR encode.type"},
		{FieldSpec{Width: 14, Type: "datetime"}, dateTime("2026-07-01T10:00:00Z"), "ERR encode.zone"},
		{FieldSpec{Width: 14, Type: "datetime"}, dateTime("2026-07-01T10:00:00"), "20260701100000"},
		{FieldSpec{Width: 14, Type: "datetime", Zone: "Europe/Berlin"}, dateTime("2026-03-29T02:30:00"), "ERR encode.clock-change"},
		{FieldSpec{Width: 14, Type: "datetime", Zone: "Europe/Berlin"}, dateTime("2026-10-25T01:30:00Z"), "ERR encode.clock-change"},
		{FieldSpec{Width: 14, Type: "datetime", Zone: "Europe/Berlin"}, dateTime("2026-10-25T02:30:00"), "20261025023000"}, // as localTime() gives it
		{FieldSpec{Width: 8, Type: "datetime", Zone: "Europe/Berlin", Pattern: "yyyyMMdd"}, dateTime("2026-10-25T01:30:00Z"), "20261025"},
		{FieldSpec{Width: 25, Type: "datetime", Zone: "Europe/Berlin", Pattern: "yyyy-MM-dd'T'HH:mm:ssXXX"}, dateTime("2026-10-25T01:30:00Z"), "2026-10-25T02:30:00+01:00"},
		{FieldSpec{Width: 25, Type: "datetime", Zone: "Europe/Berlin", Pattern: "yyyy-MM-dd'T'HH:mm:ssXXX"}, dateTime("2026-10-25T02:30:00"), "ERR encode.clock-change"},
		{FieldSpec{Width: 14, Type: "datetime", Zone: "Europe/Berlin"}, dateTime("2026-10-25T02:00:00Z"), "20261025030000"},
		{FieldSpec{Width: 25, Type: "datetime", Pattern: "yyyy-MM-dd'T'HH:mm:ssXXX"}, dateTime("2026-07-01T10:00:00"), "ERR encode.zone"},
		{FieldSpec{Width: 9}, connectors.Value{Kind: connectors.Reference, Str: "a.B"}, "ERR encode.type"},
		{FieldSpec{Width: 9}, connectors.Value{Kind: connectors.Binary}, "ERR encode.type"},
		{FieldSpec{Width: 9}, text("a\xff"), "ERR encode.type"},
	} {
		got, _, err := one(t, Spec{}, c.field, c.value)
		var e *FieldError
		if errors.As(err, &e) {
			got = "ERR " + e.Code
			if strings.Contains(e.Message, c.value.Str) && c.value.Str != "" {
				t.Errorf("the message holds the value: %s", e.Message)
			}
		}
		if got != c.want {
			t.Errorf("%+v %+v: got %q, want %q", c.field, c.value, got, c.want)
		}
	}
}

func TestEBCDIC(t *testing.T) {
	t.Parallel()
	s := Spec{Format: "fixed", Charset: "ibm1141", LineEnding: "none"}
	for _, c := range []struct {
		field FieldSpec
		value connectors.Value
		want  string
	}{
		{FieldSpec{Width: 4}, text("Ä€"), "4A9F4040"},
		{FieldSpec{Width: 3, Type: "integer"}, integer(12), "F0F1F2"},
		{FieldSpec{Width: 3, Type: "integer", Sign: "overpunch"}, integer(-12), "F0F1D2"},
		{FieldSpec{Width: 3, Type: "integer", Sign: "overpunch"}, integer(12), "F0F1C2"},
	} {
		got, _, err := one(t, s, c.field, c.value)
		if fmt.Sprintf("%X", got) != c.want || err != nil {
			t.Errorf("%X %v, want %s", got, err, c.want)
		}
	}
}

func TestMarkup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec  Spec
		field FieldSpec
		value connectors.Value
		want  string
	}{
		{Spec{Format: "csv"}, FieldSpec{}, text("a,b"), "\"a,b\"\n"},
		{Spec{Format: "csv"}, FieldSpec{}, text("a\r\nb"), "\"a\r\nb\"\n"},
		{Spec{Format: "csv"}, FieldSpec{}, text("a\x00"), "ERR encode.control"},
		{Spec{Format: "csv"}, FieldSpec{}, null, "\"\"\n"},
		{Spec{Format: "csv", CSV: CSVSpec{Quote: "none"}}, FieldSpec{}, text("a,b"), "ERR encode.quote"},
		{Spec{Format: "csv", CSV: CSVSpec{Quote: "none"}}, FieldSpec{}, text("a b "), "a b \n"},
		{Spec{Format: "csv", CSV: CSVSpec{Delimiter: ";"}}, FieldSpec{Type: "decimal", Decimals: 2, Point: ","}, decimal("1.5"), "1,50\n"},
		{Spec{Format: "csv"}, FieldSpec{Width: 2}, text("äb"), "ERR encode.too-long"},
		{Spec{Format: "csv"}, FieldSpec{Width: 2, Overflow: "cut"}, text("bä"), "b\n"},
		{Spec{Format: "csv", CSV: CSVSpec{Guard: "off"}}, FieldSpec{}, text("@x"), "@x\n"},
		{Spec{Format: "csv", CSV: CSVSpec{Guard: "on"}}, FieldSpec{}, text("@x"), "'@x\n"},
		{Spec{Format: "csv", Charset: "ibm273"}, FieldSpec{}, text("a,\""), "\x7f\x81\x6b\x7f\x7f\x7f\x25"},
		{Spec{Format: "xml"}, FieldSpec{}, text("a\x01"), "ERR encode.xml-character"},
		{Spec{Format: "xml", LineEnding: "none"}, FieldSpec{XML: "@f"}, text("a\"<&\n"), "  <record f=\"a&quot;&lt;&amp;&#10;\"/>"},
		{Spec{Format: "xml", Charset: "us-ascii", LineEnding: "none"}, FieldSpec{}, text("ä😀]]>"), "  <record>    <F>&#228;&#128512;]]&gt;</F>  </record>"},
		{Spec{Format: "json"}, FieldSpec{}, text("\x01\"\\\n"), `{"F":"\u0001\"\\\n"}`},
		{Spec{Format: "json", Charset: "us-ascii"}, FieldSpec{}, text("😀"), `{"F":"\ud83d\ude00"}`},
		{Spec{Format: "json"}, FieldSpec{}, missing, `{}`},
		{Spec{Format: "json"}, FieldSpec{Type: "decimal", Decimals: 20}, decimal("0.00000000000000000001"), `{"F":0.00000000000000000001}`},
		{Spec{Format: "json"}, FieldSpec{Type: "boolean", Yes: "yes", No: "no"}, boolean(1), `{"F":"yes"}`},
		{Spec{Format: "json"}, FieldSpec{Width: 2}, text("äöü"), "ERR encode.too-long"},
	} {
		got, _, err := one(t, c.spec, c.field, c.value)
		var e *FieldError
		if errors.As(err, &e) {
			got = "ERR " + e.Code
		}
		if got != c.want {
			t.Errorf("%+v %+v: got %q, want %q", c.spec, c.value, got, c.want)
		}
	}
}

// TestFixedRoundTrip cuts a fixed-width line back into the values it was made of.
func TestFixedRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`[A-Za-zäöüß€]([A-Za-z äöüß€]{0,8}[A-Za-zäöüß€])?`), 1, 6).Draw(t, "texts")
		n := rapid.Int64Range(-99_999_999, 99_999_999).Draw(t, "n")
		spec := Spec{Format: "fixed", Charset: rapid.SampledFrom([]string{"utf-8", "iso-8859-15", "ibm1141", "windows-1252"}).Draw(t, "charset")}
		shape := &connectors.Shape{Write: "w"}
		rec := connectors.Record{Shape: shape}
		for i, s := range texts {
			name := fmt.Sprint("T", i)
			spec.Fields = append(spec.Fields, FieldSpec{Name: name, Width: 30, Align: []string{"left", "right"}[i%2]})
			shape.Fields, rec.Values = append(shape.Fields, name), append(rec.Values, text(s))
		}
		spec.Fields = append(spec.Fields, FieldSpec{Name: "N", Type: "decimal", Decimals: 2, Implied: true, Sign: "trailing", Width: 12})
		shape.Fields, rec.Values = append(shape.Fields, "N"), append(rec.Values, integer(n))
		l, problems := NewLayout(spec)
		if l == nil {
			t.Fatal(problems)
		}
		p, err := l.Encode([]connectors.Record{rec})
		if err != nil {
			t.Fatal(err)
		}
		body := p.Body
		for _, s := range texts {
			got, _, _ := l.charset.DecodeString(body[:30])
			if strings.Trim(got, " ") != s {
				t.Fatalf("%q comes back as %q", s, got)
			}
			body = body[30:]
		}
		got, _, _ := l.charset.DecodeString(body)
		abs, mark := n, "+"
		if n < 0 {
			abs, mark = -n, "-"
		}
		if got != fmt.Sprintf("%09d00%s\n", abs, mark) {
			t.Fatalf("%d comes back as %q", n, got)
		}
	})
}

func TestSum(t *testing.T) {
	t.Parallel()
	var s sum
	for _, x := range []string{"0.1", "0.2", "-1000000000000000000000000.005", "7"} {
		n, ok := parseNumber(x)
		if !ok {
			t.Fatal(x)
		}
		s.add(n)
	}
	if s.String() != "-999999999999999999999992.705" {
		t.Error(s.String())
	}
	for _, bad := range []string{"", "-", ".5", "5.", "1e3", "+1", "1.2.3", " 1"} {
		if _, ok := parseNumber(bad); ok {
			t.Errorf("%q is a number", bad)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("Müller", "12.5", uint8(3))
	f.Add("\x00\xff", "-0", uint8(7))
	var layouts []*Layout
	for _, s := range goldenSpecs() {
		s.Unmappable, s.Overflow = charset.Unmappable{Transliterate: []string{"din91379-ascii"}, Replace: "?"}, "cut"
		for i := range s.Fields {
			s.Fields[i].Unmappable = charset.Unmappable{}
		}
		layouts = append(layouts, must(f, s))
	}
	f.Fuzz(func(t *testing.T, s, n string, k uint8) {
		l := layouts[int(k)%len(layouts)]
		p, err := l.Encode([]connectors.Record{permit(boolean(1), text(s), text(s), decimal(n), integer(int64(k)), date(s), dateTime(s))})
		var e *FieldError
		if err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
		if err == nil {
			if _, err := l.File(Header{SealedAt: sealed}, []Piece{p}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkFixed(b *testing.B) {
	l := must(b, goldenSpecs()["permit.fixed"])
	recs := permits()[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Encode(recs); err != nil {
			b.Fatal(err)
		}
	}
}

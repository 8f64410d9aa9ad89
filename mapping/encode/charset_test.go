package encode

import (
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

// fittedTexts are rules for characters that a layout's set lacks, texts, and what is written.
var fittedTexts = [][3]string{
	{`charset: us-ascii, unmappable: {transliterate: din91379-ascii}`, "Łódź", `Lodz      \n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 3 by din91379-ascii)`},
	{`charset: iso-8859-1, unmappable: {transliterate: din91379-latin1}`, "Łódź Größe", `L\xf3dz Gr\xf6\xdfe\n" (encode.transliterated: characters that do not exist in iso-8859-1 were transliterated: 2 by din91379-latin1)`},
	{`charset: iso-8859-1, unmappable: {transliterate: din91379-ascii}`, "Ärger ǟ", `\xc4rger ae  \n" (encode.transliterated: characters that do not exist in iso-8859-1 were transliterated: 1 by din91379-ascii)`},
	{`charset: us-ascii, unmappable: {transliterate: german-ae}`, "Über ÜBER", `Ueber UEBE\n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 2 by german-ae) (encode.cut: cut from 11 to 10 bytes)`},
	{`charset: us-ascii, unmappable: {transliterate: [german-a, din91379-ascii]}`, "Ünal Çelik", `Unal Celik\n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 1 by german-a, 1 by din91379-ascii)`},
	{`charset: us-ascii, unmappable: {transliterate: german-ae}`, "Rhône", `!encode.unmappable: character U+00F4 at position 3 does not exist in us-ascii`},
	{`charset: us-ascii, unmappable: {transliterate: din91379-ascii}`, "Жук", `!encode.unmappable: character U+0416 at position 1 does not exist in us-ascii`},
	{`charset: us-ascii, unmappable: {transliterate: din91379-ascii, replace: "?"}`, "Жuk Ø", `?uk Oe    \n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 1 by din91379-ascii) (encode.replaced: 1 characters that do not exist in us-ascii were replaced)`},
	{`charset: us-ascii, unmappable: {replace: "_"}`, "C̨̆ab", `_ab       \n" (encode.replaced: 1 characters that do not exist in us-ascii were replaced)`},
	{`charset: iso-8859-1`, "Mu\u0308ller", `M\xfcller    \n"`},
	{`charset: iso-8859-1, unmappable: error`, "aC̨̆b", `!encode.unmappable: character U+0328 at position 2 does not exist in iso-8859-1`},
	{`charset: ibm273, unmappable: {transliterate: din91379-latin1}`, "Šá", `\xe2E@@@@@@@@%" (encode.transliterated: characters that do not exist in ibm273 were transliterated: 1 by din91379-latin1)`},
	{`charset: utf-8`, "aaaaaaaaaC̨̆b", `aaaaaaaaa \n" (encode.cut: cut from 15 to 10 bytes)`},
}

// TestFitted is what becomes of characters that the set of a fixed-width layout lacks.
func TestFitted(t *testing.T) {
	t.Parallel()
	for _, c := range fittedTexts {
		t.Run(c[0]+" "+c[1], func(t *testing.T) {
			t.Parallel()
			if have := fitted(t, "format: fixed, "+c[0]+", fields: [{name: A, width: 10, overflow: cut}]", c[1]); have != c[2] {
				t.Errorf("\n have %s\n want %s", have, c[2])
			}
		})
	}
}

// TestFittedElsewhere is the same in other formats, and for fields of their own rule.
func TestFittedElsewhere(t *testing.T) {
	t.Parallel()
	const rule = "charset: us-ascii, unmappable: {transliterate: din91379-ascii, replace: '?'}, "
	for _, c := range [][3]string{
		{`format: fixed, charset: us-ascii, fields: [{name: A, width: 4, unmappable: {transliterate: german-a}}]`, "äöü", `aou \n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 3 by german-a)`},
		{`format: fixed, ` + rule + `fields: [{name: A, width: 4, unmappable: error}]`, "ä", `!encode.unmappable: character U+00E4 at position 1 does not exist in us-ascii`},
		{`format: fixed, ` + rule + `fields: [{name: A, width: 6}]`, "Straße", `!encode.too-long: the value takes 7 bytes in us-ascii and the field has 6, once it is transliterated`},
		{`format: csv, ` + rule + `fields: [{name: A}]`, "–1", `'-1\n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 1 by din91379-ascii) (encode.guarded: an apostrophe was put in front)`},
		{`format: csv, ` + rule + `fields: [{name: A}]`, "„a“", `"""a"""\n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 2 by din91379-ascii)`},
		{`format: csv, ` + rule + `fields: [{name: A, width: 3, overflow: cut}]`, "äöü", `aeo\n" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 3 by din91379-ascii) (encode.cut: cut from 6 to 3 bytes)`},
		{`format: csv, fields: [{name: A, width: 3, overflow: cut}]`, "😀x", `!encode.too-long: the value takes 5 bytes in utf-8 and the field has 3`},
		{`format: json, fields: [{name: A, width: 1, overflow: cut}]`, "C̨̆b", `!encode.too-long: the value has 4 characters and the field 1`},
		{`format: csv, charset: utf-16be, fields: [{name: A, width: 5, overflow: cut}]`, "abc", `\x00a\x00b\x00\n" (encode.cut: cut from 6 to 5 bytes)`},
		{`format: json, ` + rule + `fields: [{name: A}]`, "Æ漢", `{"A":"Ae?"}" (encode.transliterated: characters that do not exist in us-ascii were transliterated: 1 by din91379-ascii) (encode.replaced: 1 characters that do not exist in us-ascii were replaced)`},
		{`format: xml, ` + rule + `fields: [{name: A, width: 1}]`, "ä", `!encode.too-long: the value has 2 characters and the field 1, once it is transliterated`},
		{`format: xml, charset: us-ascii, unmappable: {replace: '?'}, fields: [{name: A}]`, "ä", `  <record>\n    <A>&#228;</A>\n  </record>\n"`},
	} {
		t.Run(c[0]+" "+c[1], func(t *testing.T) {
			t.Parallel()
			if have := fitted(t, c[0], c[1]); have != c[2] {
				t.Errorf("\n have %s\n want %s", have, c[2])
			}
		})
	}
}

// fitted is written of a text.
func fitted(t *testing.T, layout, s string) string {
	t.Helper()
	return writtenOf(t, layout, text(s))
}

// FuzzFitted: whatever a text says, what is written is in the set and no longer than the field, and what is refused is unmappable or too long.
func FuzzFitted(f *testing.F) {
	for _, c := range fittedTexts {
		f.Add(c[1], uint8(len(c[0])))
	}
	var layouts []*Layout
	for _, name := range charset.Names() {
		for _, u := range []charset.Unmappable{{}, {Transliterate: []string{"din91379-ascii"}}, {Transliterate: []string{"german-a", "din91379-ascii"}, Replace: "?"}} {
			if name != "utf-16le" && name != "utf-16be" {
				layouts = append(layouts, must(f, Spec{Format: "fixed", Charset: name, LineEnding: "none", Unmappable: u, Overflow: []string{"", "cut"}[len(layouts)%2], Control: "space",
					Fields: []FieldSpec{{Name: "A", Width: 7}}}))
			}
		}
	}
	f.Fuzz(func(t *testing.T, s string, k uint8) {
		l := layouts[int(k)%len(layouts)]
		p, err := l.Encode([]connectors.Record{{Shape: &connectors.Shape{Fields: []string{"A"}}, Values: []connectors.Value{text(s)}}})
		var e *FieldError
		switch {
		case errors.As(err, &e):
			if e.Code != CodeUnmapped && e.Code != CodeTooLong && utf8.ValidString(s) {
				t.Fatal(err)
			}
		case err != nil:
			t.Fatal(err)
		case len(p.Body) != 7:
			t.Fatalf("%d bytes", len(p.Body))
		default:
			if _, _, ok := l.charset.DecodeString(p.Body); !ok {
				t.Fatalf("% X is not %s", p.Body, l.Charset())
			}
		}
	})
}

// TestFittedBlame: a text that would fit, but for what the layout makes of it, is not the form's fault.
func TestFittedBlame(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"Straße": true, "Strassen": false, "Straßen": false} {
		l := must(t, layoutOf(t, `format: fixed, charset: us-ascii, unmappable: {transliterate: german-ae}, fields: [{name: A, width: 6}]`))
		err := l.Try("w", "A", text(value))
		if err == nil || err.Grown != want {
			t.Error(value, fmt.Sprint(err), want)
		}
	}
}

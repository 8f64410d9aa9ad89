package column

import (
	"testing"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// fitting is the type of rules whose character set is known.
func fitting(t testing.TB, rules string) Type {
	t.Helper()
	r := rulesOf(t, rules)
	typ, wrong := New(r)
	set, ok := charset.Lookup(r.Charset)
	fit, problems := set.Fitter(r.Unmappable)
	if wrong != "" || !ok || len(problems) > 0 {
		t.Fatal(rules, wrong, problems)
	}
	if typ.Fit = fit; r.Charset == "" {
		typ.Fit = nil
	}
	return typ
}

// TestCharset is what columns of other character sets make of texts, and how long these are there.
func TestCharset(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{`charset: iso-8859-1`, "Größe", `"Größe"`},
		{`charset: iso-8859-1`, "Łódź", `!field.unmappable: character U+0141 at position 1 does not exist in iso-8859-1`},
		{`charset: iso-8859-1, unmappable: error`, "ab漢", `!field.unmappable: character U+6F22 at position 3 does not exist in iso-8859-1`},
		{`charset: iso-8859-1, unmappable: {transliterate: din91379-latin1}`, "Łódź", `"Lódz" (characters that do not exist in iso-8859-1 were transliterated: 2 by din91379-latin1)`},
		{`type: text, charset: us-ascii, unmappable: "replace:?"`, "ab漢", `"ab?" (1 characters that do not exist in us-ascii were replaced)`},
		{`type: text(5), charset: us-ascii, unmappable: {transliterate: german-ae}`, "Größe", `!grown field.too-long: the text has more than 5 characters, once it is transliterated`},
		{`type: text(5), charset: us-ascii, unmappable: {transliterate: german-ae}`, "Größen", `!field.too-long: the text has more than 5 characters`},
		{`type: text(5), charset: us-ascii, unmappable: {transliterate: german-ae}, overflow: cut`, "Größe", `"Groes" (characters that do not exist in us-ascii were transliterated: 2 by german-ae; cut to 5 characters)`},
		{`type: text(3 bytes)`, "äß", `!field.too-long: the text has more than 3 bytes`},
		{`type: text(3 bytes), overflow: cut`, "äß", `"ä" (cut to 3 bytes)`},
		{`type: text(3 bytes), charset: iso-8859-1`, "äßü", `"äßü"`},
		{`type: text(3 bytes), charset: utf-16le, overflow: cut`, "ab", `"a" (cut to 3 bytes)`},
		{`type: text(2), overflow: cut`, "aC̨̆b", `"a" (cut to 2 characters)`},
		{`type: text(3 bytes), overflow: cut`, "😀x", `!field.too-long: the text has more than 3 bytes`},
		{`type: text(1), overflow: cut`, "C̨̆b", `!field.too-long: the text has more than 1 characters`},
		{`type: integer, charset: us-ascii`, "12", `12`},
	} {
		t.Run(c[0]+" "+c[1], func(t *testing.T) {
			t.Parallel()
			if have := convertedBy(fitting(t, c[0]), value.Text(c[1])); have != c[2] {
				t.Errorf("\n have %s\n want %s", have, c[2])
			}
		})
	}
}

// FuzzCharset: what a column takes is in its character set, and no longer than it says.
func FuzzCharset(f *testing.F) {
	var types []Type
	for _, rules := range []string{`type: text(7), charset: us-ascii, unmappable: {transliterate: din91379-ascii, replace: "?"}, overflow: cut`, `type: text(7), charset: ibm1141`,
		`type: text(7 bytes), overflow: cut`, `type: text(7 bytes), charset: utf-16be, overflow: cut`, `type: text(7), charset: windows-1250, unmappable: {transliterate: [german-a, din91379-ascii]}`} {
		types = append(types, fitting(f, rules))
	}
	f.Add("Łódź C̨̆ STRAßE", uint8(0))
	f.Add("aaaaaaC̨̆b", uint8(2))
	f.Fuzz(func(t *testing.T, s string, k uint8) {
		typ := types[int(k)%len(types)]
		if !utf8.ValidString(s) {
			return
		}
		out, err := typ.Try(value.Text(s))
		switch {
		case err != nil && err.Code != value.CodeTooLong && err.Code != value.CodeUnmappable:
			t.Fatal(err)
		case err == nil && (typ.length(out.Str) > 7 || typ.Fit != nil && !typ.Fit.Set().Holds(out.Str)):
			t.Fatalf("%q", out.Str)
		}
	})
}

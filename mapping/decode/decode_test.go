package decode

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type m = map[string]any

func TestJSON(t *testing.T) {
	t.Parallel()
	n := func(s string) any { return json.Number(s) }
	for in, want := range map[string]any{
		`{"a":1,"b":[true,false,null],"c":{}}`:      m{"a": n("1"), "b": []any{true, false, nil}, "c": m{}},
		"\ufeff {\"a\" : \"x\" } \n":                m{"a": "x"},
		`{"n":12345678901234567890.10,"e":-1.5E+3}`: m{"n": n("12345678901234567890.10"), "e": n("-1.5E+3")},
		`"\u00e4\ud83d\ude00\n\"\/"`:                "ä😀\n\"/",
		"\"a\u0308\"":                               "ä",
		`"a\u0308"`:                                 "ä",
		"{\"u\u0308\":[]}":                          m{"ü": []any{}},
		`[[],[[1]]]`:                                []any{[]any{}, []any{[]any{n("1")}}},
		`0`:                                         n("0"),
		`{"k":"` + "\ufffd" + `"}`:                  m{"k": "\ufffd"},
		`{"a":{"x":1,"y":[{"z":2},{"z":3}]},"b":"t"}`: m{"a": m{"x": n("1"), "y": []any{m{"z": n("2")}, m{"z": n("3")}}}, "b": "t"},
	} {
		got, err := JSON([]byte(in), Limits{})
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", in, d)
		}
	}
}

func TestXML(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]any{
		`<f><a>x</a><b/></f>`:           m{"a": "x", "b": ""},
		`<f v="1"><a k="2"> x </a></f>`: m{"@v": "1", "a": m{"@k": "2", "#text": " x "}},
		`<n:f xmlns:n="urn:x" xmlns="urn:y"><n:a>1</n:a><a2>2</a2></n:f>`:              m{"a": "1", "a2": "2"},
		`<f><i>1</i><i>2</i><i>3</i></f>`:                                              m{"i": []any{"1", "2", "3"}},
		`<f><l><p><q>1</q></p></l></f>`:                                                m{"l": m{"p": []any{m{"q": []any{"1"}}}}},
		`<f xmlns:z="http://www.w3.org/2001/XMLSchema-instance"><a z:nil="true"/></f>`: m{"a": nil},
		"<?xml version='1.0' encoding='ISO-8859-1'?><f><a>\xe4</a></f>":                m{"a": "ä"},
		"<?xml version='1.0' encoding='iso-8859-15'?><f><a>\xa4</a></f>":               m{"a": "€"},
		"<?xml version='1.0' encoding='windows-1252'?><f><a>\x80</a></f>":              m{"a": "€"},
		"\xef\xbb\xbf<f><a>&#228;&amp;<![CDATA[<b>]]></a></f>":                         m{"a": "ä&<b>"},
		"\xff\xfe<\x00f\x00>\x00\xe4\x00<\x00/\x00f\x00>\x00":                          m{"#text": "ä"},
		"<f>\n <a> x<!-- c -->y </a>\n</f>\n<!-- end -->":                              m{"a": " xy "},
		"<f>one<b>two</b>\n</f>":                                                       m{"#text": "one", "b": "two"},
		"<f>  </f>":                                                                    m{},
		"<f><a>\n  <b/>\n</a></f>":                                                     m{"a": m{"b": ""}},
	} {
		got, err := XML([]byte(in), Limits{}, []string{"l.p", "form.l.p.q"})
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", in, d)
		}
	}
}

func TestForm(t *testing.T) {
	t.Parallel()
	got, err := Form([]byte("a=1&b[c]=x+y%21&l[]=1&l[]=2&d=one&e=&o[p][q][]=%C3%A4&o[p][r]=a%CC%88"), "", Limits{}, "d")
	want := m{"a": "1", "b": m{"c": "x y!"}, "l": []any{"1", "2"}, "d": []any{"one"}, "e": "", "o": m{"p": m{"q": []any{"ä"}, "r": "ä"}}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	got, err := CSV([]byte("ID;NAME\r\n1;\"a;\"\"b\"\"\r\nc\"\r\n\r\n2;\xe4\n"), CSVOptions{Delimiter: ";", Charset: "iso-8859-1"}, Limits{})
	want := []any{m{"ID": "1", "NAME": "a;\"b\"\r\nc"}, m{"ID": "2", "NAME": "ä"}}
	if d := cmp.Diff(any(want), got); d != "" || err != nil {
		t.Error(err, d)
	}
	got, err = CSV([]byte("1\tx"), CSVOptions{Delimiter: "tab", Quote: "none", Columns: []string{"A", "B"}, Single: true}, Limits{})
	if d := cmp.Diff(any(m{"A": "1", "B": "x"}), got); d != "" || err != nil {
		t.Error(err, d)
	}
}

func TestFixed(t *testing.T) {
	t.Parallel()
	o := FixedOptions{Charset: "ibm273", Skip: 1, SkipEnd: 1, Length: 12, Fields: []FixedField{
		{Name: "ID", Width: 3, Type: "number"}, {Name: "NAME", Width: 5}, {Name: "FEE", Width: 4, Type: "number", Decimals: 2}}}
	in := "\xc8\xc4\xd9         " + "\xf0\xf1\xf2\xc0\xe4\x40\x40\x40\xf1\xf2\xf3\x60" + "\x40\x40\x40\x40\x40\x40\x40\x40\xf0\xf0\xf0\xf5" + "            "
	got, err := Fixed([]byte(in), o, Limits{})
	want := []any{m{"ID": json.Number("12"), "NAME": "äU", "FEE": json.Number("-1.23")}, m{"ID": nil, "NAME": "", "FEE": json.Number("0.05")}}
	if d := cmp.Diff(any(want), got); d != "" || err != nil {
		t.Error(err, d)
	}
}

// TestFormats: all that is known of a format stands in its entry, so each must be whole.
func TestFormats(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			if FormatNamed(f.Name).Name != f.Name || f.decode == nil {
				t.Fatal("it cannot be found by its name, or not be decoded")
			}
			if f.charset == "" || f.utf8 == nil {
				t.Error("nothing says in which character set it is read")
			}
			if len(f.Media) == 0 && f.Needs == "" {
				t.Error("nothing tells it from others: no content type, and no section that must be there")
			}
			for _, media := range append(f.Media, f.alias...) {
				if other := seen[media]; other != "" {
					t.Errorf("%s is %s too", media, other)
				}
				seen[media] = f.Name
				if got := Sniff(media, nil); got != f.Name {
					t.Errorf("%s: %q", media, got)
				}
			}
			for _, depth := range f.Types(Options{}) {
				for _, word := range depth {
					if !slices.Contains([]string{"string", "number", "integer", "boolean", "null", "object", "array"}, word) {
						t.Errorf("JSON Schema has no type %q", word)
					}
				}
			}
			var e *Error
			if _, err := Decode(f.Name, []byte("\xff\x00"), Options{}); err != nil && (!errors.As(err, &e) || e.Code == CodeFormat && f.Needs == "") {
				t.Error(err)
			}
		})
	}
}

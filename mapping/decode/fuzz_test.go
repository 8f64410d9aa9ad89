package decode

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// sound checks that a tree is made of what the package promises.
func sound(t *testing.T, v any) {
	t.Helper()
	text := func(s string) {
		if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) {
			t.Fatalf("not UTF-8 in normal form C: %q", s)
		}
	}
	switch v := v.(type) {
	case nil, bool:
	case string:
		text(v)
	case json.Number:
		if !json.Valid([]byte(v)) {
			t.Fatalf("not a number: %s", v)
		}
	case []any:
		for _, x := range v {
			sound(t, x)
		}
	case map[string]any:
		for k, x := range v {
			text(k)
			sound(t, x)
		}
	default:
		t.Fatalf("a %T is in the tree", v)
	}
}

func fuzz(f *testing.F, format string, o Options) {
	for _, c := range badInputs() {
		if c.format == format {
			f.Add([]byte(c.in))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := string(b)
		v, err := Decode(format, b, o)
		if string(b) != before {
			t.Fatal("the input was changed")
		}
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.Code == "" || !utf8.ValidString(e.Pointer) || !utf8.ValidString(e.Message)) {
			t.Fatalf("error %#v", err)
		}
		if err == nil {
			sound(t, v)
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte("<?xml version='1.0' encoding='ISO-8859-15'?><f xmlns='u' a='1'><l><p>\xa4</p><p/></l>t</f>"))
	f.Add([]byte("\xfe\xff\x00<\x00f\x00/\x00>"))
	fuzz(f, "xml", Options{Lists: []string{"l.p"}})
}

func FuzzForm(f *testing.F) {
	f.Add([]byte("a=1&b[c]=x+y%21&l[]=1&l[]=2"))
	fuzz(f, "urlencoded", Options{Lists: []string{"d"}})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("A,B\r\n1,\"x\"\"y\r\n\"\n"))
	fuzz(f, "csv", Options{})
}

func FuzzGroupedCSV(f *testing.F) {
	f.Add([]byte("\xff\xfeA\x00,\x00B\x00\n\x00x\x00,\x00\t\x00=\x001\x00"))
	f.Add([]byte("A,B\nx,1\ny,2\nx,3\n"))
	fuzz(f, "csv", Options{CSV: FormCSV{CSVOptions: CSVOptions{Guard: "tab"}, Group: []string{"A"}}})
}

func FuzzFormCharset(f *testing.F) {
	f.Add([]byte("n%E4me=%80+M%fcller&x[%E9]=1"))
	fuzz(f, "urlencoded", Options{Charset: "windows-1252"})
}

func FuzzJSONCharset(f *testing.F) {
	f.Add([]byte("{\x00\"\x00a\x00\"\x00:\x001\x00}\x00"))
	fuzz(f, "json", Options{Charset: "utf-16le"})
}

func FuzzFixed(f *testing.F) {
	f.Add([]byte("12ab\r\n -3cd\n"))
	fuzz(f, "fixed", Options{Fixed: FixedOptions{Charset: "utf-8", Fields: []FixedField{{Name: "N", Width: 3, Type: "number", Decimals: 1}, {Name: "T", Width: 5}}}})
}

// FuzzJSON compares with encoding/json: what we accept it accepts, with the same meaning.
func FuzzJSON(f *testing.F) {
	for _, c := range badInputs() {
		f.Add([]byte(c.in))
	}
	f.Add([]byte(`{"a":[1,-2.5e3,"\u00e4\ud83d\ude00",true,false,null,{}],"b":{"c":[]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := JSON(b, Limits{})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Code == "" || !utf8.ValidString(e.Pointer) {
				t.Fatalf("error %#v", err)
			}
			if e.Code == CodeSyntax && json.Valid(b) {
				for i := range len(b) - 1 { // half surrogate pairs, which encoding/json replaces, are the one difference
					if b[i] == '\\' && b[i+1] == 'u' {
						return
					}
				}
				t.Fatalf("valid JSON is refused: %v", err)
			}
			return
		}
		sound(t, v)
		if len(b) >= 3 && string(b[:3]) == string(utf8BOM) {
			return
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := JSON(out, Limits{})
		if err != nil || !reflect.DeepEqual(v, again) {
			t.Fatalf("%s comes back otherwise: %v", out, err)
		}
		if !json.Valid(b) {
			t.Fatal("invalid JSON is accepted")
		}
	})
}

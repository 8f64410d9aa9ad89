package mask

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
)

// first is the first mask of a text.
func first(m *Masker, text string) string {
	for s := range m.Masks(text) {
		return s
	}
	return ""
}

func TestMasksAreOfTheSameKind(t *testing.T) {
	t.Parallel()
	for text, pattern := range map[string]string{
		"Ada Lovelace":                         `^[A-Z][a-z]{2} [A-Z][a-z]{7}$`,
		"MÜLLER-Groß":                          `^[A-Z][ÄÖÜÉÁÍÓÚÇ][A-Z]{4}-[A-Z][a-z]{2}\p{Ll}$`,
		"Ώμέγα":                                `^\p{Lu}\p{Ll}{4}$`,
		"王小明":                                  `^\p{Lo}{3}$`,
		"٣٤":                                   `^[١-٩]{2}$`,
		"007 1.234,50-":                        `^00[1-9] [1-9]\.[1-9]{3},[1-9]0-$`,
		"ada@example.org":                      `^[a-z]{3}@[a-z]{7}\.org$`,
		"https://example.org/a?b=1":            `^https://[a-z]{7}\.[a-z]{3}/[a-z]\?[a-z]=[1-9]$`,
		"data:text/plain;base64,QWRh":          `^data:text/plain;base64,[A-Z]{3}[a-z]$`,
		"plan Ada.pdf":                         `^[a-z]{4} [A-Z][a-z]{2}\.pdf$`,
		"0b4e2c1a-77aa-4c1f-9d2e-aabbccddeeff": `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`,
		"-12.50":                               `^-[1-9]{2}\.[1-9]0$`,
		"x\ny":                                 `^[a-z]\n[a-z]$`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := first(New([]byte("secret")), text)
			if !regexp.MustCompile(pattern).MatchString(got) || got == text || !Maskable(text) {
				t.Errorf("%q becomes %q, want %s", text, got, pattern)
			}
		})
	}
}

func TestDatesStayDates(t *testing.T) {
	t.Parallel()
	for text, layout := range map[string]string{
		"1990-02-28": "2006-01-02", "28.02.1990": "02.01.2006", "8.2.1990": "2.1.2006", "02/28/1990": "01/02/2006", "19900228": "20060102", "28.02.90": "02.01.06",
		"1990-02": "2006-01", "1990-02-28T23:59:59+01:00": time.RFC3339, "1990-02-28T23:59:59Z": time.RFC3339, "28.02.1990 13:05": "02.01.2006 15:04",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			was, err := time.Parse(layout, text)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for got := range New([]byte("secret")).Masks(text) {
				now, err := time.Parse(layout, got)
				if err != nil || got == text || len(got) != len(text) || now.Sub(was).Abs() > 5*366*24*time.Hour {
					t.Fatalf("%q becomes %q: %v", text, got, err)
				}
				if n++; n == 100 {
					break
				}
			}
		})
	}
	for _, open := range []string{"0000-00-00", "9999-12-31", "99991231", "-", "", "0", "0.00"} {
		if Maskable(open) && first(New(nil), open) != "" {
			t.Errorf("%q has mask %q", open, first(New(nil), open))
		}
	}
}

func TestCheckDigitsStayRight(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"DE89370400440532013000", "GB29NWBK60161331926819", "111222333", "86095742719", "79927398713"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := first(New([]byte("secret")), text)
			if lost := Lost(text, got); got == "" || got == text || len(lost) > 0 || len(helpers.Keeps(text)) == 0 {
				t.Errorf("%q lost %v", got, lost)
			}
		})
	}
	if lost := strings.Join(Lost("DE89370400440532013000", "DE00370400440532013000"), " "); lost != "IBAN" {
		t.Error(lost)
	}
}

func TestMasksAreTheSameBySecret(t *testing.T) {
	t.Parallel()
	a, b := New([]byte("one")), New([]byte("two"))
	if first(a, "Lovelace") != first(New([]byte("one")), "Lovelace") || first(a, "Lovelace") == first(b, "Lovelace") {
		t.Error("masks do not hang on the secret alone")
	}
	if strings.ToUpper(first(a, "Lovelace")) != first(a, "LOVELACE") {
		t.Error("capitals have another mask")
	}
}

func TestTextsAreReplacedAndAllElseStays(t *testing.T) {
	t.Parallel()
	star := func(s string) string { return strings.Repeat("*", len(s)) }
	if got, err := Texts("json", []byte(`{"n":-1.5e3}`), func(s string) string { return strings.ReplaceAll(s, "1", "7") }); err != nil || string(got) != `{"n":-7.5e3}` {
		t.Error(string(got), err)
	}
	for _, c := range []struct{ format, form, want string }{
		{"json", `{ "a" : "x\"y", "b":[true,null,"ä"] , "c":{"a": " z "}}`, `{ "a" : "***", "b":[true,null,"**"] , "c":{"a": " * "}}`},
		{"json", `{"a":"<"}`, `{"a":"*"}`},
		{"json", `{"a":"`, ""},
		{"xml", `<?xml version="1.0"?><!-- Ada --><a xmlns:p="urn:x" p:b='x&amp;' c="y"> z <d/><![CDATA[<u>]]></a>`, `<?xml version="1.0"?><a xmlns:p="urn:x" p:b="**" c="*"> * <d/>***</a>`},
		{"xml", `<a>`, `<a>`},
		{"xml", `<a b=></a>`, ""},
		{"urlencoded", `a=x%20y&b&c=&d=%C3%A4`, `a=%2A%2A%2A&b&c=&d=%2A%2A`},
		{"urlencoded", `a=%E4`, ""},
		{"json", "{\"a\":\"\xe4\"}", ""},
		{"csv", "a;b", ""},
	} {
		got, err := Texts(c.format, []byte(c.form), star)
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s %q: %q %v", c.format, c.form, got, err)
		}
	}
}

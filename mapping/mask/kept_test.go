package mask

import (
	"strings"
	"testing"
)

// TestNothingOfACitizenStays: a date, an ending or a beginning keeps nothing else of a text.
func TestNothingOfACitizenStays(t *testing.T) {
	t.Parallel()
	for text, gone := range map[string]string{
		"12.03.1980 Anna Muster, Hauptstr. 5, 0711-123456": "Anna Muster Hauptstr 0711-123456",
		"9999-12-31 Anna Muster":                           "Anna Muster",
		"0000-00-00 Anna":                                  "Anna",
		"1990-02-28-Anna":                                  "Anna",
		"1990-02-28T12:34:56 Anna":                         "Anna 12:34:56",
		"1990-02-28T12:34:56.789+01:00":                    "12:34:56 789",
		"19900228T123456":                                  "123456",
		"1955-00-00":                                       "1955",
		"0711-12-12":                                       "711",
		"J.Wolf":                                           "Wolf",
		"geb.Kohl":                                         "Kohl",
		"x@y.de, geb.Kohl":                                 "Kohl",
		"https://x.org/Anna.Kohl":                          "Kohl Anna",
		"data:Anna Muster, Ulm":                            "Anna Muster Ulm",
		"data:image/png;name=Anna.png;base64,QWRh":         "Anna QWRh",
		"AnnaMuster://x":                                   "AnnaMuster",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := first(New([]byte("secret")), text)
			for _, word := range strings.Fields(gone) {
				if !Maskable(text) || got == "" || strings.Contains(got, word) {
					t.Errorf("%q becomes %q with %q", text, got, word)
				}
			}
		})
	}
	for text, want := range map[string]string{"data:image/png;name=Anna.png;base64,QWRh": "data:image/png;name=", "Anna.PDF": ".PDF", "a@b.de": ".de", "https://b.info": "https://"} {
		if got := first(New([]byte("secret")), text); !strings.Contains(got, want) {
			t.Errorf("%q becomes %q without %q", text, got, want)
		}
	}
	if got := first(New([]byte("secret")), "data:image/png;name=Anna.png;base64,QWRh"); !strings.Contains(got, ";base64,") {
		t.Error(got)
	}
	for _, open := range []string{"9999-12-31T23:59:59Z", "0001-01-01T00:00:00", "9999-12", "00.00.0000"} {
		if Maskable(open) {
			t.Errorf("%q says that there is no day", open)
		}
	}
}

// TestNothingOfXMLStays: all that a citizen may have put into a tag, an instruction or a declaration goes.
func TestNothingOfXMLStays(t *testing.T) {
	t.Parallel()
	star := func(s string) string { return strings.Repeat("*", len(s)) }
	for form, want := range map[string]string{
		`<x b="Anna"c="Muster"/>`:                                           `<x b="****" c="******"/>`,
		`<x  b = "An>na" c='M"r'></x>`:                                      `<x b="*****" c="***"></x>`,
		`<x b="Anna"xml:lang="de"c="Muster"/>`:                              `<x b="****" xml:lang="de" c="******"/>`,
		`<?pi Anna?><x><?pi Anna?></x>`:                                     `<x></x>`,
		`<?xml version="1.0" encoding="UTF-8"?><x/>`:                        `<?xml version="1.0" encoding="UTF-8"?><x/>`,
		`<?xml version="1.0" Anna="Muster"?><x/>`:                           `<?xml version="1.0"?><x/>`,
		`<!DOCTYPE x SYSTEM "Anna"><x/>`:                                    `<x/>`,
		`<p:x xmlns:p="urn:x" xsi:nil="true" xsi:a="Anna" xml:b="Muster"/>`: `<p:x xmlns:p="urn:x" xsi:nil="true" xsi:a="****" xml:b="******"/>`,
	} {
		if got, err := Texts("xml", []byte(form), star); err != nil || string(got) != want {
			t.Errorf("%s: %s, not %s: %v", form, got, want, err)
		}
	}
}

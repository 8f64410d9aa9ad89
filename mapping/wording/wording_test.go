package wording

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files anew; look at the difference before you commit it")

// TestReference keeps the page of messages equal to the table.
func TestReference(t *testing.T) {
	t.Parallel()
	const page = "../../docs/reference/messages.md"
	var want bytes.Buffer
	Reference(&want)
	if *update {
		if err := os.WriteFile(page, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(have, want.Bytes()) {
		t.Fatalf("%s is stale (%v): go generate ./mapping/wording", page, err)
	}
}

var place = regexp.MustCompile(`\{[^}]*\}`)

// TestBothLanguages: each message is a sentence in each language, with the same places, and no word that only we use.
func TestBothLanguages(t *testing.T) {
	t.Parallel()
	jargon := regexp.MustCompile(`(?i)\b(schema|mapping|null|object|objekt|array|string|boolean|field error|json|base64|lookup|pointer|pattern|database|datenbank|byte|bytes|index)\b`)
	for code, m := range messages {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			for name, p := range map[string]phrase{"short": m.short, "full": m.full} {
				if name == "full" && p == (phrase{}) {
					continue
				}
				for language, said := range map[string]string{"en": p.in("en"), "de": p.in("de")} {
					if !strings.HasSuffix(said, ".") || strings.ToUpper(said[:1]) != said[:1] || jargon.MatchString(said) {
						t.Errorf("%s in %s: %q", name, language, said)
					}
				}
				want := []string{"{want}"}
				if name == "short" {
					want = nil
				}
				if en, de := place.FindAllString(p.en, -1), place.FindAllString(p.de, -1); !slices.Equal(en, want) || !slices.Equal(de, want) {
					t.Errorf("%s has the places %v in English and %v in German, and should have %v", name, en, de, want)
				}
			}
		})
	}
	for word, p := range wants {
		if p.en == "" || p.de == "" || place.MatchString(p.en+p.de) {
			t.Errorf("%s is %q and %q", word, p.en, p.de)
		}
	}
}

// parked are codes by which no form is rejected: they are the mapping's fault, a note, or told before a form is read.
var parked = []string{"field.ambiguous-time", "field.key-changed", "field.other-shape", "encode.clock-change", "encode.century", "encode.unknown-write", "encode.unknown-field", "encode.missing-field", "encode.name",
	"encode.layout", "encode.cut", "encode.replaced", "encode.transliterated", "encode.blanked", "encode.guarded"}

// TestEveryCode: there are words for each code of a field error that the table of codes has.
func TestEveryCode(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../../agent/codes/table.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(table)) {
		code, _, _ := strings.Cut(line, "\t")
		if !strings.HasPrefix(code, "field.") && !strings.HasPrefix(code, "encode.") {
			continue
		}
		seen++
		if _, there := messages[code]; there == slices.Contains(parked, code) {
			t.Errorf("%s: words: %t, parked: %t", code, there, !there)
		}
	}
	if seen < 30 {
		t.Errorf("only %d codes were found", seen)
	}
}

// TestSay is what whoever filled in a form reads.
func TestSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ language, code, want, said string }{
		{"en", "field.missing", "", "Please fill in this field."},
		{"de", "field.missing", "", "Bitte füllen Sie dieses Feld aus."},
		{"de", "schema.max-length", "40", "Der Text ist zu lang (Höchstlänge: 40)."},
		{"en", "schema.max-length", "", "The text is too long."},
		{"de", "schema.type", "integer", "Bitte geben Sie hier eine ganze Zahl an."},
		{"de", "schema.type", "string null", "Bitte geben Sie hier einen Text an."},
		{"de", "schema.type", "string number", "Bitte geben Sie hier einen Text oder eine Zahl an."},
		{"en", "schema.type", "string number", "Please enter a text or a number here."},
		{"en", "schema.type", "null", "Please enter nothing here."},
		{"de", "schema.format", "email", "Bitte geben Sie hier eine gültige E-Mail-Adresse an."},
		{"de", "schema.format", "ipv6", "Die Angabe hat nicht die verlangte Form."},
		{"en", "field.missing", "12", "Please fill in this field."},
		{"de", "some.other", "", "Diese Angabe kann so nicht angenommen werden."},
	} {
		t.Run(c.language+" "+c.code+" "+c.want, func(t *testing.T) {
			t.Parallel()
			if said := Say(c.language, c.code, c.want); said != c.said {
				t.Errorf("%q, want %q", said, c.said)
			}
		})
	}
}

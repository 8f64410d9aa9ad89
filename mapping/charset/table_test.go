package charset

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func tableOf(t testing.TB, name string) *Table {
	t.Helper()
	table, ok := TableNamed(name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return table
}

// TestTables is what each table makes of texts, and how many characters it writes.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		table, text, want string
		changed           int
	}{
		{"din91379-ascii", "", "", 0},
		{"din91379-ascii", "Plain text 123 {}~", "Plain text 123 {}~", 0},
		{"din91379-ascii", "Ärger, ÄRGER, Straße, STRAßE, STRAẞE", "Aerger, AERGER, Strasse, STRASSE, STRASSE", 5},
		{"din91379-ascii", "Þórr ÞÓRR Þ", "Thorr THORR Th", 5},
		{"din91379-ascii", "FUß Fuß ß", "FUSS Fuss ss", 3},
		{"din91379-ascii", "Ǻ ǻ Ǽ Ǿ Ĳ ŉ ĸ Ə ə", "Aa aa Ae Oe Ij n k E e", 9},
		{"din91379-ascii", "Mu\u0308ller Ạ̈ C̨̆ K͟h", "Mueller Ae C Kh", 4},
		{"din91379-ascii", "“O’Neill” – „Qurʾān“…", `"O'Neill" - "Qur'an"...`, 9},
		{"din91379-ascii", "Жук Ωmega 漢 € «x»", "Жук Ωmega 漢 € «x»", 0},
		{"din91379-ascii", "a\u0333 \u0301", "a\u0333 \u0301", 0},
		{"din91379-latin1", "Ärger Łódź ÿ ß", "Ärger Lódz ÿ ß", 2},
		{"din91379-latin1", "ǟ ấ ő Ǿ ǽ ạ̈ ŷ", "ä â o Ø æ ä y", 7},
		{"din91379-latin1", "’ ´ \u00a0 Đ Ð", "' ´ \u00a0 D Ð", 2},
		{"german-ae", "Übergrößenträger ÖL Çelik ǟ", "Uebergroessentraeger OEL Çelik ǟ", 5},
		{"german-a", "Übergrößenträger ÖL Çelik", "Ubergrossentrager OL Çelik", 5},
	} {
		t.Run(c.table+" "+c.text, func(t *testing.T) {
			t.Parallel()
			if have, n := tableOf(t, c.table).Apply(c.text); have != c.want || n != c.changed {
				t.Errorf("%q, %d, want %q, %d", have, n, c.want, c.changed)
			}
		})
	}
}

// TestDIN91379 compares both tables with the search forms of all letters and sequences of the standard, which are in capitals.
func TestDIN91379(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "samples", "din91379", "latin_list_search_form_1.3.txt"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the sample is missing: %v", err)
		}
		t.Skipf("the sample is missing: run beside the shared samples: %v", err)
	}
	ascii, latin1 := tableOf(t, "din91379-ascii"), tableOf(t, "din91379-latin1")
	set, _ := Lookup("iso-8859-1")
	rows := strings.Split(strings.TrimSpace(string(raw)), "\n")
	for _, row := range rows {
		cells := strings.Split(row, "; ")
		letter, want := codePoints(t, cells[2]), codePoints(t, cells[5])
		if have, _ := ascii.Apply(letter); strings.ToUpper(have) != want || strings.ToUpper(letter) != letter && strings.ToLower(letter) == letter && have != strings.ToLower(have) {
			t.Errorf("%s %q: %q, want %q", cells[2], letter, have, want)
		}
		kept, _ := latin1.Apply(letter)
		if have, _ := ascii.Apply(kept); !set.Holds(kept) || strings.ToUpper(have) != want || set.Holds(letter) && kept != letter {
			t.Errorf("%s %q: %q in iso-8859-1, and that is %q, want %q", cells[2], letter, kept, have, want)
		}
	}
	if len(rows) != 649 {
		t.Errorf("%d rows", len(rows))
	}
}

func codePoints(t *testing.T, cell string) string {
	t.Helper()
	s := ""
	for _, hex := range strings.Fields(cell) {
		r, err := strconv.ParseInt(hex, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		s += string(rune(r))
	}
	return s
}

// FuzzFit: what a rule makes of a text is in its set, a text that the set has stays as it is, and one that is done again stays too.
func FuzzFit(f *testing.F) {
	f.Add("Łódź C̨̆ STRAßE", uint8(1))
	f.Add("K͟H Жук “x”", uint8(2))
	f.Add("\xff\u0301", uint8(3))
	f.Fuzz(func(t *testing.T, s string, k uint8) {
		if !utf8.ValidString(s) {
			return
		}
		names, rules := Names(), []Unmappable{{}, {Replace: "?"}, {Transliterate: Tables()}, {Transliterate: []string{"german-ae", "din91379-ascii"}, Replace: "?"}}
		set, _ := Lookup(names[int(k)%len(names)])
		fitter, _ := set.Fitter(rules[int(k)/len(names)%len(rules)])
		out, done, bad := fitter.Fit(s)
		if bad != nil {
			if fitter.with != 0 || set.Holds(s) {
				t.Fatal(bad)
			}
			return
		}
		if !set.Holds(out) || set.Holds(s) && out != s {
			t.Fatalf("%s: %q of %q", set.Name(), out, s)
		}
		if b, _, ok := set.AppendString(nil, out); !ok || len(b) != set.Size(out) {
			t.Fatalf("%s: %q takes %d bytes, not %d", set.Name(), out, len(b), set.Size(out))
		}
		if done.Transliterated()+done.Substituted() == "" && utf8.RuneCountInString(out) > utf8.RuneCountInString(s) {
			t.Fatalf("%q became %q without a word", s, out)
		}
		if cut := Cut(out, 5, set.Size); !strings.HasPrefix(out, cut) || set.Size(cut) > 5 {
			t.Fatalf("%q of %q", cut, out)
		}
	})
}

// TestFitterProblems is what is wrong with a rule beside a set.
func TestFitterProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  string
		rule Unmappable
		want string
	}{
		{"us-ascii", Unmappable{Transliterate: []string{"din91379-ascii", "german-a"}, Replace: "?"}, ""},
		{"us-ascii", Unmappable{Replace: "€"}, `replace: "€" is not one character of us-ascii`},
		{"windows-1252", Unmappable{Replace: "€"}, ""},
		{"us-ascii", Unmappable{Replace: "\n"}, `replace: "\n" is not one character of us-ascii`},
		{"ibm273", Unmappable{Transliterate: []string{"din91379-latin1"}}, ""},
		{"iso-8859-2", Unmappable{Transliterate: []string{"din91379-latin1"}}, "transliterate: table din91379-latin1 gives letters of iso-8859-1, and iso-8859-2 lacks some of them"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			set, _ := Lookup(c.set)
			said := ""
			_, problems := set.Fitter(c.rule)
			for _, p := range problems {
				said += p.Key + ": " + p.Message
			}
			if said != c.want {
				t.Error(said)
			}
		})
	}
}

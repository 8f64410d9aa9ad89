package encode

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRenderName(t *testing.T) {
	t.Parallel()
	v := NameVars{Seq: 7, N: 2, ID: "0ABCDEFGHJKMN", Reference: "A/1", Time: sealed}
	for in, want := range map[string]string{
		"PERM{seq:06}.DAT":             "PERM000007.DAT",
		"{id}.xml":                     "0ABCDEFGHJKMN.xml",
		"{reference}.csv":              "A%2F1.csv",
		"{date}-{time}.txt":            "20261122-233005.txt",
		"{date:yyyy-MM-dd}_{n:03}.pdf": "2026-11-22_002.pdf",
		"a{{b}}.txt":                   "a{b}.txt",
		"CON.{seq}":                    "%43ON.7",
	} {
		if got, err := RenderName(in, v); got != want || err != nil {
			t.Errorf("%s: %q %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "a/b", "..", "a.", "a{seq", "a}", "{what}", "{seq:0}", "{seq:99}", "{id:3}", "a\nb", "a:b", "{date:hh}", strings.Repeat("x", 201)} {
		if got, err := RenderName(bad, v); err == nil {
			t.Errorf("%q gives %q", bad, got)
		}
	}
	tpl, _ := ParseTemplate("{id}-{seq}")
	if !tpl.Uses("seq") || tpl.Uses("reference") {
		t.Error("Uses is wrong")
	}
}

func TestHostileReferences(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		"": "%", ".": "%2E", "..": "%2E%2E", "../../etc/passwd": "%2E.%2F..%2Fetc%2Fpasswd", "-rf": "%2Drf",
		"nul.txt": "%6Eul.txt", "COM1": "%43OM1", "a b": "a%20b", "Mü": "M%C3%BC", "a\x00": "a%00", "C:\\x": "C%3A%5Cx", "a.": "a%2E",
	} {
		if got, err := RenderName("{reference}", NameVars{Reference: ref}); got != want || err != nil {
			t.Errorf("%q: %q %v", ref, got, err)
		}
	}
}

// TestNamesDiffer: safe on every system, bounded, and never the same for two references.
func TestNamesDiffer(t *testing.T) {
	t.Parallel()
	ref := rapid.OneOf(rapid.String(), rapid.StringMatching(`(con|a|\.|%|2E|~|/|-){0,80}`), rapid.StringMatching(`[.%A-C/ ]{140,160}`))
	rapid.Check(t, func(t *rapid.T) {
		a, b := ref.Draw(t, "a"), ref.Draw(t, "b")
		for _, tpl := range []string{"{reference}", "CO{reference}.x", "{reference}.{reference}"} {
			x, err := RenderName(tpl, NameVars{Reference: a})
			y, err2 := RenderName(tpl, NameVars{Reference: b})
			if err != nil || err2 != nil {
				if tpl == "{reference}" {
					t.Fatal(err, err2)
				}
				continue
			}
			if (x == y) != (a == b) {
				t.Fatalf("%q and %q give %q and %q", a, b, x, y)
			}
			if len(x) > 200 || deviceName(x) || strings.Trim(x, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-%~") != "" || x[0] == '.' || x[0] == '-' {
				t.Fatalf("%q is not safe", x)
			}
		}
	})
}

package schema

import (
	"errors"
	"testing"
)

// TestECMA is the table of where ECMA-262 and Go's engine differ: text, and whether the pattern finds it.
func TestECMA(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{`^\d+$`, "12", true}, {`^\d+$`, "١٢", false}, {`^\d+$`, "12\n", false}, {`^\w+$`, "ä", false},
		{`^\s$`, "\u00a0", true}, {`^\s$`, "\v", true}, {`^\s$`, "\ufeff", true}, {`^[\sx]$`, "\u2003", true}, {`^\S$`, "\u00a0", false}, {`^[\S]$`, "ä", true}, {`^[^\s]$`, "\u3000", false},
		{`^.$`, "\r", false}, {`^.$`, "\u2028", false}, {`^.$`, "\u0085", true}, {`^.$`, "😀", true}, {`^[^]$`, "\n", true}, {`a[]`, "a", false},
		{`^[[:alpha:]]$`, ":]", true}, {`^[[:alpha:]]$`, "x", false}, {`^[\b]$`, "\b", true}, {`\bab\b`, "x ab y", true},
		{`^\u00e4$`, "ä", true}, {`^\u{1F600}$`, "😀", true}, {`^\uD83D\uDE00$`, "😀", true}, {`^[\u00c0-\u024f]+$`, "Łódź", false}, {`^[\u0041-\u017e]+$`, "Łź", true},
		{`^\x41\cJ$`, "A\n", true}, {`^\0$`, "\x00", true}, {`^\p{L}+$`, "Łß", true}, {`^\p{Lu}\P{Lu}$`, "Ab", true}, {`^[\p{Letter}\p{Nd}]+$`, "ä٣", true},
		{`^\p{Script=Greek}$`, "α", true}, {`^\p{sc=Latin}$`, "α", false}, {`^\p{General_Category=Decimal_Number}$`, "7", true}, {`^\p{ASCII}$`, "ä", false},
		{`^(?<year>\d{4})-(?:0[1-9]|1[0-2])$`, "2026-11", true}, {`^\/\-\.$`, "/-.", true}, {`^(?i:ab)$`, "AB", true}, {`a{2}`, "aa", true}, {`^\$$`, "$", true},
	} {
		p, err := compileECMA(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if p.MatchString(c.text) != c.want {
			t.Errorf("%s over %q: %v (as %s)", c.pattern, c.text, !c.want, p.Regexp)
		}
		if p.String() != c.pattern {
			t.Errorf("%s is shown as %s", c.pattern, p)
		}
	}
	for _, pattern := range []string{`^(?=.*\d).+$`, `(?!x)`, `(?<=a)b`, `(?<!a)b`, `(a)\1`, `(?<n>a)\k<n>`, `\Aab\z`, `\Qa\E`, `\x{41}`, `\pL`, `\p{Greek_Extended}`, `\p{Emoji}`,
		`\p{scx=Greek}`, `(?P<n>a)`, `(?s).`, `x{,5}`, `x{1,2000}`, `[a`, `(a`, `a**`, `\u12`, `\uD83D`, `\a`, `\`, `[z-a]`} {
		var e *ecmaError
		if _, err := compileECMA(pattern); !errors.As(err, &e) || e.message == "" || e.instead == "" {
			t.Errorf("%s: %v, want a reason and a way out", pattern, err)
		}
	}
}

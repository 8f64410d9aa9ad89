package schema

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// ecmaTexts are those that a pattern is tried on.
var ecmaTexts = []string{"", "a", "b", "A", "7", "_", " ", "\u00a0", "\n", "é", "😀", "aa", "abc", "2024", "]", "$", "ä", "Ω", "\x00"}

// TestECMATable is which texts each pattern matches, as ECMA-262 says, and what is said of those that cannot be honoured.
func TestECMATable(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{`a`, `"a" "aa" "abc"`},
		{`^a$`, `"a"`},
		{`a.b`, ``},
		{`[a-z]+`, `"a" "b" "aa" "abc"`},
		{`[^a]`, `"b" "A" "7" "_" " " "\u00a0" "\n" "\u00e9" "\U0001f600" "abc" "2024" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`[]`, ``},
		{`[^]`, `"a" "b" "A" "7" "_" " " "\u00a0" "\n" "\u00e9" "\U0001f600" "aa" "abc" "2024" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`[[]`, ``},
		{`[a\]b]`, `"a" "b" "aa" "abc" "]"`},
		{`[\b]`, ``},
		{`\bx\b`, ``},
		{`\Bx`, ``},
		{`\d{4}`, `"2024"`},
		{`\D`, `"a" "b" "A" "_" " " "\u00a0" "\n" "\u00e9" "\U0001f600" "aa" "abc" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`\w+`, `"a" "b" "A" "7" "_" "aa" "abc" "2024"`},
		{`\W`, `" " "\u00a0" "\n" "\u00e9" "\U0001f600" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`\s`, `" " "\u00a0" "\n"`},
		{`\S`, `"a" "b" "A" "7" "_" "\u00e9" "\U0001f600" "aa" "abc" "2024" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`[\s]`, `" " "\u00a0" "\n"`},
		{`[^\s]`, `"a" "b" "A" "7" "_" "\u00e9" "\U0001f600" "aa" "abc" "2024" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`\t\n\r\f\v`, ``},
		{`\0`, `"\x00"`},
		{`\01`, `!\0 is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
		{`\x41`, `"A"`},
		{`\x4`, `!\x is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
		{`\u0041`, `"A"`},
		{`\u{1F600}`, `"\U0001f600"`},
		{`\u{110000}`, `!\u{110000} is no character by itself (write \u{1F600} for a character beyond U+FFFF)`},
		{`\uD83D\uDE00`, `"\U0001f600"`},
		{`\uD83D`, `!\uD83D is no character by itself (write \u{1F600} for a character beyond U+FFFF)`},
		{`\cA`, ``},
		{`\c1`, `!\c is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
		{`\p{L}`, `"a" "b" "A" "\u00e9" "aa" "abc" "\u00e4" "\u03a9"`},
		{`\p{Lu}`, `"A" "\u03a9"`},
		{`\P{L}`, `"7" "_" " " "\u00a0" "\n" "\U0001f600" "2024" "]" "$" "\x00"`},
		{`\p{Letter}`, `"a" "b" "A" "\u00e9" "aa" "abc" "\u00e4" "\u03a9"`},
		{`\p{Script=Latin}`, `"a" "b" "A" "\u00e9" "aa" "abc" "\u00e4"`},
		{`\p{sc=Greek}`, `"\u03a9"`},
		{`\p{gc=Nd}`, `"7" "2024"`},
		{`\p{Latin}`, `"a" "b" "A" "\u00e9" "aa" "abc" "\u00e4"`},
		{`\p{Klingon}`, `!the property \p{Klingon} is not known (write a general category such as \p{L} or \p{Lu}, or a script such as \p{Script=Latin})`},
		{`\p{Any}`, `"a" "b" "A" "7" "_" " " "\u00a0" "\n" "\u00e9" "\U0001f600" "aa" "abc" "2024" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`\p{ASCII}`, `"a" "b" "A" "7" "_" " " "\n" "aa" "abc" "2024" "]" "$" "\x00"`},
		{`[\p{ASCII}]`, `!\p{ASCII} is not supported here (write [\u0000-\u007F] or another range)`},
		{`\pL`, `!\pL is no property of ECMA-262 (write one such as \p{L} or \p{Script=Latin})`},
		{`(a|b)`, `"a" "b" "aa" "abc"`},
		{`(?:a)`, `"a" "aa" "abc"`},
		{`(?<n>a)`, `"a" "aa" "abc"`},
		{`(?<n>a)\k<n>`, `!a reference back to a group, \k, is not supported (write out the alternatives, such as (?:aa|bb))`},
		{`(a)\1`, `!a reference back to a group, \1, is not supported (write out the alternatives, such as (?:aa|bb))`},
		{`(?=a)`, `!looking ahead or behind, (?=…), is not supported (give each rule a pattern of its own, by allOf: [{pattern: …}, {not: {pattern: …}}], and lengths by minLength and maxLength)`},
		{`(?!a)`, `!looking ahead or behind, (?!…), is not supported (give each rule a pattern of its own, by allOf: [{pattern: …}, {not: {pattern: …}}], and lengths by minLength and maxLength)`},
		{`(?<=a)`, `!looking ahead or behind, (?<=…), is not supported (give each rule a pattern of its own, by allOf: [{pattern: …}, {not: {pattern: …}}], and lengths by minLength and maxLength)`},
		{`(?<!a)`, `!looking ahead or behind, (?<!…), is not supported (give each rule a pattern of its own, by allOf: [{pattern: …}, {not: {pattern: …}}], and lengths by minLength and maxLength)`},
		{`(?i:a)`, `"a" "A" "aa" "abc"`},
		{`(?>a)`, `!the group (?>a… is not part of ECMA-262 (use ( ) or (?: ))`},
		{`(?#x)`, `!the group (?#x… is not part of ECMA-262 (use ( ) or (?: ))`},
		{`a*`, `"" "a" "b" "A" "7" "_" " " "\u00a0" "\n" "\u00e9" "\U0001f600" "aa" "abc" "2024" "]" "$" "\u00e4" "\u03a9" "\x00"`},
		{`a+?`, `"a" "aa" "abc"`},
		{`a{2}`, `"aa"`},
		{`a{2,}`, `"aa"`},
		{`a{2,3}`, `"aa"`},
		{`a{,3}`, `!{,n} is no repetition in ECMA-262 (write {0,n})`},
		{`a{1001}`, `!a repetition of more than 1000 is not supported (say maxLength or minLength beside a pattern with * or +)`},
		{`a{`, ``},
		{`a**`, `!it is not a regular expression of ECMA-262 (see whether brackets and repetitions are complete)`},
		{`(`, `!it is not a regular expression of ECMA-262 (see whether brackets and repetitions are complete)`},
		{`)`, `!it is not a regular expression of ECMA-262 (see whether brackets and repetitions are complete)`},
		{`[`, `!it is not a regular expression of ECMA-262 (see whether brackets and repetitions are complete)`},
		{`\`, `!it ends in a backslash (write \\ for a backslash)`},
		{`\-`, ``},
		{`\_`, `!\_ is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
		{`\e`, `!\e is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
		{`\A`, `!\A is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
		{`\z`, `!\z is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
		{`\/`, ``},
		{`^\$`, `"$"`},
		{`ä`, `"\u00e4"`},
		{`[[:alpha:]]`, ``},
		{`\Qa\E`, `!\Q is no escape of ECMA-262 (write the character itself; ^ and $ for beginning and end, \u{41} for a number)`},
	} {
		p, err := compileECMA(c[0])
		var e *ecmaError
		have := ""
		if errors.As(err, &e) {
			have = "!" + e.message + " (" + e.instead + ")"
		} else {
			var matched []string
			for _, text := range ecmaTexts {
				if p.MatchString(text) {
					matched = append(matched, fmt.Sprintf("%+q", text))
				}
			}
			have = strings.Join(matched, " ")
		}
		if have != c[1] {
			t.Errorf("%s\n have %s\n want %s", c[0], have, c[1])
		}
	}
}

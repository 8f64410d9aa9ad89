package encode

import (
	"testing"
	"time"
)

// TestNames is which file name each template makes, and what is said of those that make none.
func TestNames(t *testing.T) {
	t.Parallel()
	vars := NameVars{Seq: 7, N: 2, ID: "0000000000001", Reference: "BP/2026 17", Time: time.Date(2026, 3, 29, 1, 30, 5, 0, time.UTC)}
	for _, c := range [][2]string{
		{`a.dat`, `a.dat`},
		{`{seq}`, `7`},
		{`OUT{seq:06}.DAT`, `OUT000007.DAT`},
		{`{n:03}`, `002`},
		{`{id}`, `0000000000001`},
		{`{reference}-{n}.pdf`, `BP%2F2026%2017-2.pdf`},
		{`{date}`, `20260329`},
		{`{time}`, `013005`},
		{`{date:yyyy-MM-dd}`, `2026-03-29`},
		{`{date:yyDDD}`, `26088`},
		{`{time:HH}h`, `01h`},
		{`{{x}}`, `{x}`},
		{`{{{seq}}}`, `{7}`},
		{``, `!encode.name: file name: the file name is empty`},
		{`{`, `!encode.name: file name: a brace stands alone; write two for one`},
		{`}`, `!encode.name: file name: a brace stands alone; write two for one`},
		{`{seq`, `!encode.name: file name: a brace stands alone; write two for one`},
		{`seq}`, `!encode.name: file name: a brace stands alone; write two for one`},
		{`{}`, `!encode.name: file name: {} is not a variable; there are {seq}, {n}, {id}, {reference}, {date}, {time}`},
		{`{x}`, `!encode.name: file name: {x} is not a variable; there are {seq}, {n}, {id}, {reference}, {date}, {time}`},
		{`{seq:}`, `!encode.name: file name: {seq:} takes a number of digits from 1 to 18, as in {seq:06}`},
		{`{seq:0}`, `!encode.name: file name: {seq:0} takes a number of digits from 1 to 18, as in {seq:06}`},
		{`{seq:19}`, `!encode.name: file name: {seq:19} takes a number of digits from 1 to 18, as in {seq:06}`},
		{`{seq:-1}`, `!encode.name: file name: {seq:-1} takes a number of digits from 1 to 18, as in {seq:06}`},
		{`{seq:a}`, `!encode.name: file name: {seq:a} takes a number of digits from 1 to 18, as in {seq:06}`},
		{`{id:3}`, `!encode.name: file name: {id} takes nothing after a colon`},
		{`{date:}`, `!encode.name: file name: date pattern is empty`},
		{`{date:YYYY}`, `!encode.name: file name: date pattern "YYYY": "YYYY" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`a/b`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`a\b`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`a:b`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`a*`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`a?`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`a"b`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`<a>`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`a|b`, `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{"a\x01", `!encode.name: file name: a file name cannot hold any of / \ : * ? " < > | or control characters`},
		{`.`, `!encode.name: the file name comes out empty, too long, or with a dot or blank at its end`},
		{`..`, `!encode.name: the file name comes out empty, too long, or with a dot or blank at its end`},
		{`a.`, `!encode.name: the file name comes out empty, too long, or with a dot or blank at its end`},
		{`a `, `!encode.name: the file name comes out empty, too long, or with a dot or blank at its end`},
		{`CON`, `%43ON`},
		{`con.txt`, `%63on.txt`},
		{`NUL`, `%4EUL`},
		{`COM1.dat`, `%43OM1.dat`},
		{`LPT9`, `%4CPT9`},
		{`COM`, `COM`},
		{`{seq}{seq}`, `77`},
		{`{count}`, `!encode.name: file name: {count} is not a variable; there are {seq}, {n}, {id}, {reference}, {date}, {time}`},
		{`{total:A}`, `!encode.name: file name: {total:A} is not a variable; there are {seq}, {n}, {id}, {reference}, {date}, {time}`},
	} {
		have, err := RenderName(c[0], vars)
		if err != nil {
			have = "!" + err.Error()
		}
		if have != c[1] {
			t.Errorf("%q\n have %s\n want %s", c[0], have, c[1])
		}
	}
}

// TestReferencesInNames is how a sender's reference stands in a file name: as any file system keeps it, and no two alike.
func TestReferencesInNames(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{``, `%`},
		{`a`, `a`},
		{`A-1_b.c`, `A-1_b.c`},
		{`-a`, `%2Da`},
		{`a-`, `a-`},
		{`.a`, `%2Ea`},
		{`a.`, `a%2E`},
		{`..`, `%2E%2E`},
		{`a/b`, `a%2Fb`},
		{`a\b`, `a%5Cb`},
		{`a b`, `a%20b`},
		{`ä`, `%C3%A4`},
		{`漢`, `%E6%BC%A2`},
		{`%`, `%25`},
		{`a%b`, `a%25b`},
		{"\x00", `%00`},
		{"\n", `%0A`},
		{`CON`, `%43ON`},
		{`NUL.txt`, `%4EUL.txt`},
		{`../../etc/passwd`, `%2E.%2F..%2Fetc%2Fpasswd`},
		{`C:\x`, `C%3A%5Cx`},
		{`<script>`, `%3Cscript%3E`},
		{`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`},
		{`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`, `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx~8eb827e6964db1e28caafb07b408d441efc804c8`},
		{`ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää`, `%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%~ae47adceb80f75d46afc10b0270f7dda5d8bbc6b`},
	} {
		have, err := RenderName("{reference}", NameVars{Reference: c[0]})
		if err != nil {
			have = "!" + err.Error()
		}
		if have != c[1] {
			t.Errorf("%q\n have %s\n want %s", c[0], have, c[1])
		}
	}
}

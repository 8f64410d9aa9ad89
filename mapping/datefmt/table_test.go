package datefmt

import (
	"testing"
	"time"
)

// compiled says what is wrong with a pattern, or what it writes of 2024-02-03 04:05:06.789 an hour east of Greenwich.
func compiled(pattern string) string {
	p, err := Compile(pattern)
	if err != nil {
		return "!" + err.Error()
	}
	return p.Format(time.Date(2024, 2, 3, 4, 5, 6, 789_000_000, time.FixedZone("", 3600)))
}

// parsed is what a pattern reads of a text, or "no".
func parsed(pattern, text string) string {
	at, err := MustCompile(pattern).Parse(text, 1950)
	if err != nil {
		return "no"
	}
	return at.Format(time.RFC3339Nano)
}

// TestPatterns is what each pattern writes, and what is said of those that are none.
func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{`yyyy`, `2024`},
		{`yy`, `24`},
		{`MM`, `02`},
		{`M`, `2`},
		{`dd`, `03`},
		{`d`, `3`},
		{`DDD`, `034`},
		{`HH`, `04`},
		{`H`, `4`},
		{`mm`, `05`},
		{`ss`, `06`},
		{`S`, `7`},
		{`SS`, `78`},
		{`SSS`, `789`},
		{`SSSSSSSSS`, `789000000`},
		{`XXX`, `+01:00`},
		{`XX`, `+0100`},
		{`yyyy-MM-dd`, `2024-02-03`},
		{`dd.MM.yyyy`, `03.02.2024`},
		{`d.M.yy`, `3.2.24`},
		{`MM/dd/yyyy`, `02/03/2024`},
		{`yyyyMMdd`, `20240203`},
		{`yyyyDDD`, `2024034`},
		{`HH:mm`, `04:05`},
		{`HH:mm:ss.SSS`, `04:05:06.789`},
		{`yyyy-MM-dd'T'HH:mm:ssXXX`, `2024-02-03T04:05:06+01:00`},
		{`yyyyMMddHHmmssXX`, `20240203040506+0100`},
		{`'Tag' d 'von' M`, `Tag 3 von 2`},
		{`''yyyy''`, `'2024'`},
		{`'it''s' yyyy`, `it's 2024`},
		{`yyyy年MM月`, `2024年02月`},
		{`(dd)`, `(03)`},
		{`yyyy MM`, `2024 02`},
		{`H 'Uhr' mm`, `4 Uhr 05`},
		{``, `!date pattern is empty`},
		{`'only text'`, `!date pattern "'only text'" has no field such as yyyy`},
		{`---`, `!date pattern "---" has no field such as yyyy`},
		{`yyy`, `!date pattern "yyy": "yyy" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`yyyyy`, `!date pattern "yyyyy": "yyyyy" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`YYYY`, `!date pattern "YYYY": "YYYY" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`MMM`, `!date pattern "MMM": "MMM" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`MMMM`, `!date pattern "MMMM": "MMMM" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`ddd`, `!date pattern "ddd": "ddd" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`D`, `!date pattern "D": "D" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`DD`, `!date pattern "DD": "DD" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`hh`, `!date pattern "hh": "hh" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`a`, `!date pattern "a": "a" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`E`, `!date pattern "E": "E" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`Z`, `!date pattern "Z": "Z" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`z`, `!date pattern "z": "z" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`X`, `!date pattern "X": "X" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`XXXX`, `!date pattern "XXXX": "XXXX" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`SSSSSSSSSS`, `!date pattern "SSSSSSSSSS": "SSSSSSSSSS" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`m`, `!date pattern "m": "m" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`s`, `!date pattern "s": "s" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`yyyy-MM-yyyy`, `!date pattern "yyyy-MM-yyyy": "yyyy" stands twice`},
		{`dd dd`, `!date pattern "dd dd": "dd" stands twice`},
		{`'open`, `!date pattern "'open": an apostrophe is not closed`},
		{`yyyy'open`, `!date pattern "yyyy'open": an apostrophe is not closed`},
		{`dM`, `!date pattern "dM": nothing tells where M, d or H ends; write MM, dd or HH`},
		{`HHmm'1'd1`, `!date pattern "HHmm'1'd1": nothing tells where M, d or H ends; write MM, dd or HH`},
		{`Hm`, `!date pattern "Hm": "m" is not a field; use yyyy, yy, MM, dd, DDD, HH, mm, ss, SSS, XXX, or put text between apostrophes`},
		{`d'1'`, `!date pattern "d'1'": nothing tells where M, d or H ends; write MM, dd or HH`},
		{`d1`, `!date pattern "d1": nothing tells where M, d or H ends; write MM, dd or HH`},
		{`M2`, `!date pattern "M2": nothing tells where M, d or H ends; write MM, dd or HH`},
		{`Hmm`, `!date pattern "Hmm": nothing tells where M, d or H ends; write MM, dd or HH`},
	} {
		if have := compiled(c[0]); have != c[1] {
			t.Errorf("%s\n have %s\n want %s", c[0], have, c[1])
		}
	}
}

// TestTexts is which texts a pattern reads: strictly, and only what the calendar has.
func TestTexts(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{`'T'H 'h' mm`, `4 h 05`, `no`},
		{`'T'H 'h' mm`, `T04 h 05`, `0001-01-01T04:05:00Z`},
		{`'T'H 'h' mm`, `T4 h 05`, `0001-01-01T04:05:00Z`},
		{`'T'H 'h' mm`, `T4h05`, `no`},
		{`HH:mm:ss`, `00:00:00`, `0001-01-01T00:00:00Z`},
		{`HH:mm:ss`, `12:00:60`, `no`},
		{`HH:mm:ss`, `12:60:00`, `no`},
		{`HH:mm:ss`, `1:00:00`, `no`},
		{`HH:mm:ss`, `23:59:59`, `0001-01-01T23:59:59Z`},
		{`HH:mm:ss`, `24:00:00`, `no`},
		{`HH:mmXXX`, `10:00+0100`, `no`},
		{`HH:mmXXX`, `10:00+01:00`, `0001-01-01T10:00:00+01:00`},
		{`HH:mmXXX`, `10:00+14:01`, `0001-01-01T10:00:00+14:01`},
		{`HH:mmXXX`, `10:00+15:00`, `no`},
		{`HH:mmXXX`, `10:00-14:00`, `0001-01-01T10:00:00-14:00`},
		{`HH:mmXXX`, `10:00Z`, `0001-01-01T10:00:00Z`},
		{`HH:mmXXX`, `10:00`, `no`},
		{`HH:mmXX`, `10:00+0100`, `0001-01-01T10:00:00+01:00`},
		{`HH:mmXX`, `10:00+01:00`, `no`},
		{`HH:mmXX`, `10:00-0030`, `0001-01-01T10:00:00-00:30`},
		{`HH:mmXX`, `10:00Z`, `0001-01-01T10:00:00Z`},
		{`d.M.yyyy`, `001.2.2024`, `no`},
		{`d.M.yyyy`, `01.02.2024`, `2024-02-01T00:00:00Z`},
		{`d.M.yyyy`, `1..2024`, `no`},
		{`d.M.yyyy`, `1.2.2024`, `2024-02-01T00:00:00Z`},
		{`d.M.yyyy`, `1.2.24`, `no`},
		{`d.M.yyyy`, `31.4.2024`, `no`},
		{`ddMMyy`, `010249`, `2049-02-01T00:00:00Z`},
		{`ddMMyy`, `010250`, `1950-02-01T00:00:00Z`},
		{`ddMMyy`, `01025`, `no`},
		{`ddMMyy`, `0102`, `no`},
		{`ddMMyy`, `290200`, `2000-02-29T00:00:00Z`},
		{`ddMMyy`, `310299`, `no`},
		{`ss.SSS`, `01.5000`, `no`},
		{`ss.SSS`, `01.500`, `0001-01-01T00:00:01.5Z`},
		{`ss.SSS`, `01.5`, `no`},
		{`ss.SSS`, `01.`, `no`},
		{`yyyy-MM-dd'T'HH:mm:ssXXX`, `2024-02-29 13:14:15Z`, `no`},
		{`yyyy-MM-dd'T'HH:mm:ssXXX`, `2024-02-29T13:14:15+05:30`, `2024-02-29T13:14:15+05:30`},
		{`yyyy-MM-dd'T'HH:mm:ssXXX`, `2024-02-29T13:14:15Z`, `2024-02-29T13:14:15Z`},
		{`yyyy-MM-dd'T'HH:mm:ssXXX`, `2024-02-29T13:14:15`, `no`},
		{`yyyy-MM-dd`, ` 2024-02-29`, `no`},
		{`yyyy-MM-dd`, `0000-01-01`, `no`},
		{`yyyy-MM-dd`, `0001-01-01`, `0001-01-01T00:00:00Z`},
		{`yyyy-MM-dd`, `10000-01-01`, `no`},
		{`yyyy-MM-dd`, `2023-02-29`, `no`},
		{`yyyy-MM-dd`, `2024-00-01`, `no`},
		{`yyyy-MM-dd`, `2024-01-00`, `no`},
		{`yyyy-MM-dd`, `2024-01-32`, `no`},
		{`yyyy-MM-dd`, `2024-02-29 `, `no`},
		{`yyyy-MM-dd`, `2024-02-29`, `2024-02-29T00:00:00Z`},
		{`yyyy-MM-dd`, `2024-13-01`, `no`},
		{`yyyy-MM-dd`, `2024-2-29`, `no`},
		{`yyyy-MM-dd`, `2024/02/29`, `no`},
		{`yyyy-MM-dd`, `24-02-29`, `no`},
		{`yyyy-MM-dd`, `9999-12-31`, `9999-12-31T00:00:00Z`},
		{`yyyy-MM-dd`, ``, `no`},
		{`yyyy-MM-dd`, `abc`, `no`},
		{`yyyy-MM-dd`, `２０２４-01-01`, `no`},
		{`yyyyDDD`, `2023366`, `no`},
		{`yyyyDDD`, `2024000`, `no`},
		{`yyyyDDD`, `2024001`, `2024-01-01T00:00:00Z`},
		{`yyyyDDD`, `2024366`, `2024-12-31T00:00:00Z`},
		{`yyyyDDD`, `2024367`, `no`},
	} {
		if have := parsed(c[0], c[1]); have != c[2] {
			t.Errorf("%s %q\n have %s\n want %s", c[0], c[1], have, c[2])
		}
	}
}

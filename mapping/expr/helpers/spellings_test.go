package helpers_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/test/expressions"
)

const (
	noDate    = "!field.not-a-date: the date does not exist or has another pattern"
	noNumber  = "!field.not-a-number: a number is needed"
	noBoolean = "!field.not-a-boolean: true or false is needed"
	first     = " (an incomplete date was taken for the first day that it can be)"
	last      = " (an incomplete date was taken for the last day that it can be)"
)

// TestDateSpellings: years of two digits, dates that lack a part, names of months, and dates that mean none.
func TestDateSpellings(t *testing.T) {
	expressions.Computes(t, [][2]string{
		{`"31.12.49" | parseDate("dd.MM.yy", 1930)`, `date 1949-12-31`}, {`"31.12.29" | parseDate("dd.MM.yy", 1930)`, `date 2029-12-31`}, {`"010130" | parseDate("ddMMyy", 1930)`, `date 1930-01-01`},
		{`"010100" | parseDate("ddMMyy", 2000)`, `date 2000-01-01`}, {`"31.12.49" | parseDate("dd.MM.yy", year(moment) - 99)`, `date 1949-12-31`}, {`"31.12.24" | parseDate("dd.MM.yy", year(moment) - 99)`, `date 2024-12-31`},
		{`"31.12.49" | parseDate("dd.MM.yy")`, `date 2049-12-31`}, {`"31.12.49" | parseDate("dd.MM.yy", form.none)`, `!field.out-of-range: an argument must be a whole number that is not negative and not too large`},
		{`"31.12.49" | parseDate("dd.MM.yy", 9901)`, `!field.out-of-range: an argument must be a whole number that is not negative and not too large`}, {`"31.12.49" | parseDate("dd.MM.yy", 0)`, `date 0049-12-31`},
		{`form.none | parseDate("dd.MM.yy", 1930)`, `missing`}, {`form.null | parseDate("dd.MM.yy", 1930)`, `null`}, {`"" | parseDate("dd.MM.yy", 1930)`, noDate}, {`day | parseDate("dd.MM.yy", 1930)`, `date 2024-02-29`},
		{`"31.12.49 07:05" | parseDateTime("dd.MM.yy HH:mm", "none", 1930)`, `date-time 1949-12-31T07:05:00`}, {`"31.10.49 07:05" | parseDateTime("dd.MM.yy HH:mm", "Europe/Berlin", "earlier", 1930)`, `date-time 1949-10-31T07:05:00+01:00`},

		{`"00.05.1970" | incompleteDate("first", "dd.MM.yyyy")`, `date 1970-05-01` + first}, {`"00.02.1972" | incompleteDate("last", "dd.MM.yyyy")`, `date 1972-02-29` + last}, {`"00.00.1970" | incompleteDate("last", "dd.MM.yyyy")`, `date 1970-12-31` + last},
		{`"1970" | incompleteDate("first", "yyyy-MM-dd", "yyyy-MM", "yyyy")`, `date 1970-01-01` + first}, {`"1970-05" | incompleteDate("last", "yyyy-MM-dd", "yyyy-MM", "yyyy")`, `date 1970-05-31` + last},
		{`"1970-05-06" | incompleteDate("last", "yyyy-MM-dd", "yyyy-MM", "yyyy")`, `date 1970-05-06`}, {`"6.00.1970" | incompleteDate("first", "d.MM.yyyy")`, noDate}, {`"00.13.1970" | incompleteDate("last", "dd.MM.yyyy")`, noDate},
		{`"31.02.1970" | incompleteDate("first", "dd.MM.yyyy")`, noDate}, {`"00.00.0000" | incompleteDate("first", "dd.MM.yyyy")`, noDate}, {`"" | incompleteDate("first", "yyyy")`, noDate},
		{`"121212" | incompleteDate("first", "MMyyyy", "yyyyMM")`, `date 1212-12-01` + first}, {`"201201" | incompleteDate("first", "MMyyyy", "yyyyMM")`, `date 2012-01-01` + first}, {`"12101210" | incompleteDate("first", "ddMMyyyy", "yyyyMMdd")`, `!field.not-a-date: two patterns of the mapping read different dates here`},
		{`form.none | incompleteDate("first", "yyyy")`, `missing`}, {`form.null | incompleteDate("first", "yyyy")`, `null`}, {`form.list | incompleteDate("first", "yyyy")`, `!field.not-a-date: the text of a date is needed`}, {`day | incompleteDate("first", "yyyy")`, `date 2024-02-29`},
		{`"366/2024" | incompleteDate("first", "DDD/yyyy")`, `date 2024-12-31`}, {`1970 | incompleteDate("last", "yyyy")`, `date 1970-12-31` + last},

		{`"3. März 2024" | monthAsNumber("de")`, `"3. 03 2024"`}, {`"12.Mrz.2024" | monthAsNumber("de")`, `"12.03.2024"`}, {`"Sept. 5, 2024" | monthAsNumber("en")`, `"09 5, 2024"`}, {`"1er août 2024" | monthAsNumber("fr") | replace("er", "") | parseDate("d MM yyyy")`, `date 2024-08-01`},
		{`"5 mrt. 2024" | monthAsNumber("nl") | parseDate("d MM yyyy")`, `date 2024-03-05`}, {`"5 MEI 2024" | monthAsNumber("nl")`, `"5 05 2024"`}, {`"5 Mai 2024" | monthAsNumber("en")`, `!field.not-a-date: the name of one month is needed`},
		{`"Mai Juni" | monthAsNumber("de")`, `!field.not-a-date: the name of one month is needed`}, {`"" | monthAsNumber("de")`, `!field.not-a-date: the name of one month is needed`}, {`form.none | monthAsNumber("de")`, `missing`}, {`form.yes | monthAsNumber("de")`, `!field.not-text: a text is needed here`},

		{`"00000000" | nullIf("00000000", "99991231")`, `null`}, {`99991231 | nullIf("00000000", "99991231")`, `null`}, {`"20240229" | nullIf("00000000", "99991231") | parseDate("yyyyMMdd")`, `date 2024-02-29`}, {`form.none | nullIf("0")`, `missing`},
		{`0.00 | nullIf(0)`, `null`}, {`"" | nullIf("")`, `null`}, {`form.list | nullIf("0")`, `!field.not-text: a text is needed here`}, {`"99991231" | nullIf("99991231") | parseDate("yyyyMMdd") | default("open")`, `"open"`},
	})
}

// TestNumberSpellings: groups of thousands, cents, and signs behind.
func TestNumberSpellings(t *testing.T) {
	expressions.Computes(t, [][2]string{
		{`"1.234.567,89" | decimal(",", ".")`, `decimal 1234567.89`}, {`"1,234.56" | decimal(".", ",")`, `decimal 1234.56`}, {`"1 234,56" | decimal(",", " ")`, `decimal 1234.56`}, {`"1'234.56" | decimal(".", "'")`, `decimal 1234.56`},
		{`"1’234.56" | decimal(".", "'")`, `decimal 1234.56`}, {"\"1\u00a0234,5\" | decimal(\",\", \" \")", `decimal 1234.5`}, {"\"1\u202f234,5\" | decimal(\",\", \" \")", `decimal 1234.5`}, {`"-1.234" | decimal(",", ".")`, `decimal -1234`},
		{`"1234,56" | decimal(",", ".")`, `decimal 1234.56`}, {`"12,5" | decimal(",", ".")`, `decimal 12.5`}, {`"1.23,4" | decimal(",", ".")`, noNumber}, {`"1234.567" | decimal(",", ".")`, noNumber}, {`".123" | decimal(",", ".")`, noNumber}, {`"1..234" | decimal(",", ".")`, noNumber},
		{`"1.234.5" | decimal(",", ".")`, noNumber}, {`"1,234.567" | decimal(",", ".")`, noNumber}, {`"1.234" | decimal(",")`, noNumber}, {`"1,5,0" | decimal(",")`, noNumber}, {`"1.5.0" | decimal(",", " ")`, noNumber}, {`"" | decimal(",", ".")`, noNumber}, {`"-" | decimal(",", ".")`, noNumber},
		{`"1 234,56" | decimal(",", ".")`, noNumber}, {`"12 34 567" | decimal(",", " ")`, noNumber}, {`form.none | decimal(",", ".")`, `missing`}, {`form.null | decimal(",", ".")`, `null`}, {`42 | decimal(",", ".")`, `42`}, {`form.yes | decimal(",", ".")`, noNumber},
		{`"12,50-" | signBehind() | decimal(",")`, `decimal -12.50`}, {`"12,50 +" | signBehind() | decimal(",")`, `decimal 12.50`}, {`" 7- " | signBehind() | integer()`, `-7`}, {`"-7" | signBehind() | integer()`, `-7`}, {`"-7-" | signBehind()`, `!field.not-a-number: a number has one sign`},
		{`"7--" | signBehind()`, `!field.not-a-number: a number has one sign`}, {`"-" | signBehind()`, `!field.not-a-number: a number has one sign`}, {`"" | signBehind()`, `""`}, {`form.none | signBehind()`, `missing`}, {`form.list | signBehind()`, `!field.not-text: a text is needed here`},
		{`5 | fromCents()`, `decimal 0.05`}, {`-1234 | fromCents()`, `decimal -12.34`}, {`0 | fromCents()`, `decimal 0.00`}, {`12.5 | fromCents()`, `!field.not-an-integer: a whole number is needed`}, {`"1250" | integer() | fromCents()`, `decimal 12.50`}, {`form.none | fromCents()`, `missing`},
		{`"5" | fromCents()`, `!field.not-a-number: a number is needed here; use integer() or decimal() on a text`},
	})
}

// TestBooleanSpellings: only the words that are named are read.
func TestBooleanSpellings(t *testing.T) {
	expressions.Computes(t, [][2]string{
		{`"ja" | boolean(["J", "ja"], ["N", "nein"])`, `true`}, {`"nein" | boolean(["J", "ja"], ["N", "nein"])`, `false`}, {`"JA" | boolean(["J", "ja"], ["N", "nein"])`, noBoolean}, {`"" | boolean(["X"], ["", " "])`, `false`}, {`1 | boolean(["1", "J"], ["0", "N"])`, `true`},
		{`"true" | boolean(["J"], ["N"])`, noBoolean}, {`form.yes | boolean(["J"], ["N"])`, `true`}, {`form.none | boolean(["J"], ["N"])`, `missing`}, {`form.null | boolean(["J"], ["N"])`, `null`}, {`"on" | boolean("on", ["off", ""])`, `true`}, {`form.list | boolean(["J"], ["N"])`, noBoolean},
	})
}

// TestStandards: what is* and check* make of right numbers, wrong ones, and of nothing.
func TestStandards(t *testing.T) {
	bad := func(what string) string { return "!field.checksum: " + what }
	expressions.Computes(t, [][2]string{
		{`isIBAN("DE89370400440532013000")`, `true`}, {`isIBAN("GB82WEST12345698765432")`, `true`}, {`isIBAN("FR1420041010050500013M02606")`, `true`}, {`isIBAN("NO9386011117947")`, `true`}, {`isIBAN("DE89370400440532013001")`, `false`}, {`isIBAN("de89370400440532013000")`, `false`},
		{`isIBAN("DE89 3704 0044 0532 0130 00")`, `false`}, {`isIBAN("DE8937040044053201300")`, `false`}, {`isIBAN("ZZ89370400440532013000")`, `false`}, {`isIBAN("DE")`, `false`}, {`isIBAN("ÄÄ370400440532013000")`, `false`}, {`isIBAN("")`, `false`}, {`isIBAN(form.none)`, `false`}, {`isIBAN(form.null)`, `false`},
		{`isIBAN(form.list)`, `!field.not-text: a text is needed here`}, {`"DE1" | checkIBAN()`, bad("this is no IBAN: a sign is wrong, or one is missing")}, {`"" | checkIBAN()`, bad("this is no IBAN: a sign is wrong, or one is missing")}, {`form.none | checkIBAN()`, `missing`}, {`form.null | checkIBAN()`, `null`},
		{`isBSN("123456782")`, `true`}, {`isBSN("12345678")`, `false`}, {`isBSN("000000000")`, `false`}, {`isBSN(111222333)`, `true`}, {`isBSN("11122233X")`, `false`}, {`isBSN("10000006X")`, `false`}, {`"10000006X" | checkBSN()`, bad("this is no BSN: a digit is wrong, or one is missing")}, {`isBSN("1000000６0")`, `false`}, {`isBSN("111222334")`, `false`},
		{`isSteuerID("65929970489")`, `true`}, {`isSteuerID("47036892816")`, `true`}, {`isSteuerID("47036892817")`, `false`}, {`isSteuerID("06095742719")`, `false`}, {`isSteuerID("12345678903")`, `false`}, {`isSteuerID("")`, `false`},
		{`isLuhn("79927398713")`, `true`}, {`isLuhn("79927398710")`, `false`}, {`isLuhn("0")`, `false`}, {`isLuhn("00")`, `true`}, {`isLuhn("4111 1111")`, `false`},
		{`isISO7064("07945", "MOD 11,10")`, `true`}, {`isISO7064("079X", "MOD 11-2")`, `true`}, {`isISO7064("0X", "MOD 11-2")`, `false`}, {`isISO7064("X079", "MOD 11-2")`, `false`}, {`isISO7064("79444", "MOD 97-10")`, `true`}, {`isISO7064("79445", "MOD 97-10")`, `false`}, {`isISO7064("A999914123456N", "MOD 37-2")`, `true`},
		{`isISO7064("A12425GABC1234002M", "MOD 37,36")`, `true`}, {`isISO7064("A12425GABC1234002N", "MOD 37,36")`, `false`}, {`isISO7064("", "MOD 37-2")`, `false`}, {`isISO7064("79", "MOD 27,26")`, `false`},
		{`isModulus("080442957X", 11, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1])`, `true`}, {`isModulus("0306406152", 11, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1])`, `true`}, {`isModulus("4006381333931", 10, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1])`, `true`}, {`isModulus("4006381333932", 10, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1])`, `false`},
		{`isModulus("X030640615", 11, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1])`, `false`}, {`isModulus("111222333", 11, [9, 8, 7, 6, 5, 4, 3, 2, -1])`, `true`}, {`isModulus("1X", 11, [1, 1])`, `true`}, {`isModulus("00X", 10, [1, 1, 1])`, `false`}, {`isModulus("3X", 13, [1, 1])`, `false`}, {`"12" | checkModulus(11, [1, 1])`, bad("the check digit is wrong, or a digit is missing")},
	})
}

// TestPatterns: what patterns find, and what they put in its place.
func TestPatterns(t *testing.T) {
	const other = "!field.other-pattern: the text is not what the mapping looks for"
	expressions.Computes(t, [][2]string{
		{`"AB-12" | extract("[0-9]+")`, `"12"`}, {`"AB-12" | extract("(?P<no>[0-9]+)", "no")`, `"12"`}, {`"AB" | extract("[0-9]+")`, other}, {`"AB" | extract("[0-9]+", 0, "none")`, `"none"`}, {`"AB" | extract("[0-9]+", 0, nil)`, `null`}, {`"AB" | extract("(A)(1)?", 2)`, `missing`}, {`"" | extract("^$")`, `""`},
		{`form.none | extract("a")`, `missing`}, {`form.null | extract("a")`, `null`}, {`form.list | extract("a")`, `!field.not-text: a text is needed here`}, {`form.int | extract("[0-9]")`, `"4"`}, {`"a" | extract("(")`, `?14 mapping.pattern: this pattern cannot be read: missing closing ) at "("`},
		{`"a" | extract("(?=a)")`, `?14 mapping.pattern: this pattern cannot be read: invalid or unsupported Perl syntax at "(?="`}, {`"a" | extract(form.text)`, `?19 mapping.arguments: the pattern must be a text in quotes`}, {`"a" | extract("a", "b")`, `?19 mapping.arguments: the pattern has no group "b"`},
		{`"a1b22" | findAll("[0-9]+")`, `["1" "22"]`}, {`"ab" | findAll("[0-9]+")`, `[]`}, {`form.none | findAll("a")`, `missing`}, {`"A1-B2" | replaceAll("([A-Z])([0-9])", "${2}${1}")`, `"1A-2B"`}, {`"a.b" | replaceAll("[.]", "$$")`, `"a$b"`}, {`"" | replaceAll("a", "b")`, `""`}, {`form.none | replaceAll("a", "b")`, `missing`},
	})
}

// TestAddresses: streets with house numbers as they are written in a country; any other shape is an error, never a guess.
func TestAddresses(t *testing.T) {
	const other = "!"
	var table [][2]string
	for _, c := range []struct{ country, text, street, number, suffix string }{
		{"de", "Musterstr. 12", "Musterstr.", "12", ""}, {"de", "Musterstr. 12a", "Musterstr.", "12", "a"}, {"de", " Musterstr.  12 a-c ", "Musterstr.", "12", "a-c"}, {"de", "Am Markt 5-7", "Am Markt", "5", "-7"}, {"de", "Am Markt 5 1/2", "Am Markt", "5", "1/2"},
		{"de", "Straße des 17. Juni 135", "Straße des 17. Juni", "135", ""}, {"de", "Weg 12 b - 14 c", "Weg", "12", "b - 14 c"}, {"de", "Musterstr.", other, "", ""}, {"de", "12 Musterstr.", other, "", ""}, {"de", "C 4, 12", other, "", ""}, {"de", "Weg 12 b 3", other, "", ""}, {"de", "Weg 12 5", other, "", ""},
		{"de", "Weg 12, Hinterhaus", other, "", ""}, {"de", "", other, "", ""}, {"nl", "Weg 123456", other, "", ""}, {"nl", "Weg 12 2", other, "", ""}, {"fr", "12345 rue X", other, "", ""}, {"de", "Weg 123456", other, "", ""},
		{"nl", "Kerkstraat 12", "Kerkstraat", "12", ""}, {"nl", "Kerkstraat 12-2", "Kerkstraat", "12", "-2"}, {"nl", "Kerkstraat 12 hs", "Kerkstraat", "12", "hs"}, {"nl", "Kerkstraat 12-III", "Kerkstraat", "12", "-III"}, {"nl", "2e Hugo de Grootstraat 5A2", "2e Hugo de Grootstraat", "5", "A2"}, {"nl", "Plein 1944 12", other, "", ""},
		{"de", "Postfach 1234", other, "", ""}, {"nl", "Postbus 123", other, "", ""}, {"nl", "Antwoordnummer 12", other, "", ""}, {"de", "POSTFACH 12", other, "", ""}, {"de", "Packstation 145", other, "", ""}, {"de", "Postfachweg 5", "Postfachweg", "5", ""}, {"de", "Packstätte 5", "Packstätte", "5", ""},
		{"de", "Musterstr. 5 c/o", other, "", ""}, {"de", "Musterstr. 5c/o", other, "", ""}, {"de", "c/o Meier Musterstr. 5", other, "", ""}, {"de", "Musterstr. 5 a/b", "Musterstr.", "5", "a/b"}, {"de", "Hinterhaus, Musterstr. 5", other, "", ""}, {"nl", "Huis A, Kerkstraat 5", other, "", ""}, {"nl", "Plein 1944", "Plein", "1944", ""}, {"fr", "12 A la Croix", "la Croix", "12", "A"},
		{"fr", "12 bis rue de la Paix", "rue de la Paix", "12", "bis"}, {"fr", "12, rue du 8 Mai 1945", other, "", ""}, {"fr", "12, rue du Bac", "rue du Bac", "12", ""}, {"fr", "1e étage, 5 rue de la Paix", other, "", ""}, {"fr", "1e étage, rue de la Paix", other, "", ""}, {"fr", "12 rue X, 3 place Y", other, "", ""}, {"fr", "12 rue de la Paix 75002 Paris", other, "", ""}, {"fr", "12 rue de la Paix, Paris", other, "", ""}, {"fr", "12B rue X", "rue X", "12", "B"}, {"fr", "12-14 rue X", "rue X", "12", "-14"}, {"fr", "rue X 12", other, "", ""}, {"fr", "12 a", other, "", ""}, {"fr", "12 L'Avenue", "L'Avenue", "12", ""},
		{"uk", "12A High Street", "High Street", "12", "A"}, {"uk", "12-14 High Street", "High Street", "12", "-14"}, {"uk", "221 Baker Street", "Baker Street", "221", ""}, {"uk", "Flat 2, 12 High Street", other, "", ""}, {"uk", "12 A High Street", other, "", ""}, {"uk", "High Street 12", other, "", ""}, {"uk", "1 Hilltop House, 25 High Street", other, "", ""}, {"uk", "1 Hilltop House, High Street", other, "", ""}, {"uk", "12 High Street SW1A 1AA", other, "", ""},
	} {
		for part, want := range map[string]string{"street": c.street, "number": c.number, "suffix": c.suffix} {
			switch {
			case c.street == other:
				want = "!field.other-pattern: the text is not what the mapping looks for"
				table = append(table, [2]string{fmt.Sprintf("%q | addressPart(%q, %q, \"?\")", c.text, c.country, part), `"?"`})
			case want == "":
				want = "missing"
			default:
				want = `"` + want + `"`
			}
			table = append(table, [2]string{fmt.Sprintf("%q | addressPart(%q, %q)", c.text, c.country, part), want})
		}
	}
	expressions.Computes(t, append(table, [2]string{`form.none | addressPart("de", "street")`, `missing`}, [2]string{`form.null | addressPart("de", "street")`, `null`}, [2]string{`form.list | addressPart("de", "street")`, `!field.not-text: a text is needed here`},
		[2]string{`"x" | addressPart("at", "street")`, `?18 mapping.arguments: the country of an address must be one of de, fr, nl, uk`}, [2]string{`"x" | addressPart("de", "stret")`, `?24 mapping.arguments: the part of an address must be one of street, number, suffix (street)`}))
}

// TestAggregation: lists in order, without repetition, in groups, and the item of the list around another one.
func TestAggregation(t *testing.T) {
	const noList = "!field.not-a-list: a list is needed here"
	expressions.Computes(t, [][2]string{
		{`form.list | min()`, `1`}, {`form.list | max()`, `3`}, {`form.hollow | min()`, `missing`}, {`form.none | max()`, `missing`}, {`form.null | min()`, `missing`}, {`form.text | max()`, noList}, {`[nil, form.none] | min()`, `missing`}, {`form.mixed | min()`, `!field.cannot-compare: an integer cannot be compared with a text`}, {`[1, 1.0] | max()`, `1`},
		{`form.rows | map(.n) | max()`, `decimal 2.25`}, {`[form.object] | max()`, `!field.cannot-compare: an object cannot be compared with an object`}, {`["2024-01-02", day] | max()`, `date 2024-02-29`},
		{`form.list | sort()`, `[1 2 3]`}, {`form.list | sort("desc")`, `[3 2 1]`}, {`form.texts | sort()`, `["" "a" "b"]`}, {`form.none | sort()`, `[]`}, {`form.null | sort()`, `[]`}, {`form.text | sort()`, noList}, {`form.mixed | sort()`, `!field.cannot-compare: an integer cannot be compared with a text`}, {`[2, nil, 1] | sort()`, `[1 2]`},
		{`[1, 1.0, "1", 2] | distinct()`, `[1 "1" 2]`}, {`form.none | distinct()`, `[]`}, {`form.rows | distinct()`, `!field.not-a-single-value: distinct needs single values, not lists or objects`}, {`map(["2024-02-29T12:00Z", "2024-02-29T13:00+01:00", "2024-02-29T13:00Z"], # | parseDateTime("yyyy-MM-dd'T'HH:mmXXX", "own")) | distinct()`, `[2024-02-29T12:00:00Z 2024-02-29T13:00:00Z]`}, {`[moment, moment | inZone("UTC"), local, local] | distinct() | len()`, `2`}, {`groupBy([moment, moment | inZone("Asia/Tokyo")], #) | map(count(.items))`, `[2]`},
		{`[true, "true", day, "2024-02-29"] | distinct()`, `[true "true" 2024-02-29 "2024-02-29"]`},
		{`[[1, nil], [], 2, nil, [[3]]] | flatten()`, `[1 2 [3]]`}, {`form.none | flatten()`, `[]`}, {`form.text | flatten()`, noList}, {`form.rows | map([.k, .n]) | flatten()`, `["a" 1 "b" 2.25]`},
		{`form.rows | sortBy(.n, "desc") | map(.k) | join()`, `"b, a"`}, {`sortBy(form.rows, .n) | map(.n)`, `[1 2.25 missing]`}, {`sortBy(form.none, .n)`, `[]`}, {`sortBy(form.text, .n)`, `!field.not-a-list: sortBy needs a list`}, {`sortBy(form.rows, .n, "up")`, `?22 mapping.arguments: the order of sortBy is "asc" or "desc"`},
		{`sortBy([["x"], [1]], first(#))`, `!field.cannot-compare: an integer cannot be compared with a text`}, {`groupBy([3, 1, 3.0, nil], #) | map(.key)`, `[3 1 null]`}, {`groupBy([3, 1, 3.0, nil], #) | map(count(.items))`, `[2 1 1]`}, {`groupBy(form.none, .k)`, `[]`}, {`groupBy(form.rows, #)`, `!field.not-a-single-value: a list or object cannot be a group's key`},
		{`groupBy(form.rows, .k) | map(sum(.items, .n))`, `[1 2.25 0]`}, {`first(groupBy(form.rows, .ok)).items | map(.k)`, `["a"]`},
		{`filter(form.rows, any(form.texts, # == #outer.k)) | map(.k)`, `["a" "b"]`}, {`map([1, 2], count([1, 2, 3], # > #outer))`, `[2 1]`}, {`map([1], first(map([2], first(map([3], #outer)))))`, `[2]`}, {`filter(form.list, # > #outer)`, `?22 mapping.unknown-name: #outer is the item of the list around another list, as in filter(form.a, any(form.b, .ref == #outer.id)); an item of each has its name`},
	})
}

// call computes a helper of text arguments.
func call(t *testing.T, name string, args ...value.Value) (value.Value, *value.Failure) {
	t.Helper()
	h, _ := helpers.Find(name)
	consts := make([]*value.Value, len(args))
	for i := range args {
		consts[i] = &args[i]
	}
	fn, bad := h.For(helpers.Call{Consts: consts, Strict: true})
	if bad != nil {
		t.Fatal(name, bad.Message)
	}
	e := &value.Run{Budget: value.DefaultBudget(1 << 20)}
	return fn(e, args), e.Err
}

// TestNumbersComeBack: what is written with groups and a sign behind is read as the number that it was.
func TestNumbersComeBack(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		n, cents := r.Int64N(1_000_000_000_000)>>r.IntN(40), r.IntN(100)
		for _, signs := range []string{",.", ".,", ", ", ".'"} {
			text, rest := "", n
			for rest >= 1000 {
				text = signs[1:] + fmt.Sprintf("%03d", rest%1000) + text
				rest /= 1000
			}
			text = fmt.Sprintf("%d%s%s%02d-", rest, text, signs[:1], cents)
			v, err := call(t, "signBehind", value.Text(text))
			if err == nil {
				v, err = call(t, "decimal", v, value.Text(signs[:1]), value.Text(signs[1:]))
			}
			want := strings.TrimPrefix(fmt.Sprintf("-%d.%02d", n, cents), map[bool]string{true: "-"}[n == 0 && cents == 0])
			if err != nil || v.Str != want {
				t.Fatalf("%s: %s %v, want %s", text, v.Str, err, want)
			}
		}
	}
}

// TestOneWrongSign: each of the standards finds every single wrong digit.
func TestOneWrongSign(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]string{"IBAN": "NO9386011117947", "BSN": "123456782", "SteuerID": "86095742719", "Luhn": "79927398713"} {
		for i := range good {
			for d := '0'; d <= '9'; d++ {
				wrong := good[:i] + string(d) + good[i+1:]
				if v, err := call(t, "is"+name, value.Text(wrong)); err != nil || (v.Int == 1) != (wrong == good) {
					t.Errorf("is%s(%s): %v %v", name, wrong, v.Int, err)
				}
			}
		}
	}
}

// addressIsWhole wants the parts of an address to be all that stands in it, but for blanks and commas.
func addressIsWhole(t *testing.T, s, country string) {
	t.Helper()
	order := []string{"street", "number", "suffix"}
	if country == "fr" || country == "uk" {
		order = []string{"number", "suffix", "street"}
	}
	parts := ""
	for _, part := range order {
		v, err := call(t, "addressPart", value.Text(s), value.Text(country), value.Text(part))
		if err != nil {
			return
		}
		parts += v.Str
	}
	bare := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }), "")
	}
	if bare(parts) != bare(s) {
		t.Errorf("%s: %q has the parts %q", country, s, parts)
	}
}

// FuzzSpellings: whatever a text says, a helper that reads it neither brings the program down nor makes two things of it.
func FuzzSpellings(f *testing.F) {
	for _, s := range []string{"", "-", "1.234,5-", "DE89370400440532013000", "00.00.0000", "März", "X", "Weg 12 a-c", "12 bis, rue X", "Plein 12-2", "\xff", "１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, country := range []string{"de", "fr", "nl", "uk"} {
			addressIsWhole(t, s, country)
		}
		for name, args := range map[string][]string{"signBehind": nil, "decimal": {",", "."}, "isIBAN": nil, "isBSN": nil, "isSteuerID": nil, "isLuhn": nil, "monthAsNumber": {"de"},
			"incompleteDate": {"first", "dd.MM.yyyy", "yyyy"}, "parseDate": {"d.M.yyyy"}, "findAll": {"[0-9]*"}, "extract": {"(?i)a(b)?"}, "replaceAll": {"b*", "$0$0"}} {
			values := []value.Value{value.Text(s)}
			for _, a := range args {
				values = append(values, value.Text(a))
			}
			once, err := call(t, name, values...)
			if name == "signBehind" && err == nil {
				if twice, err := call(t, name, once); err != nil || twice.Str != once.Str {
					t.Errorf("%q becomes %q, then %q", s, once.Str, twice.Str)
				}
			}
		}
	})
}

// TestBudgetOfNewTexts: what patterns and lists make is counted before it is made.
func TestBudgetOfNewTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1000)
	numbers := make([]value.Value, 1000)
	for i := range numbers {
		numbers[i] = value.Int(int64(i * 7919 % 1000))
	}
	for name, c := range map[string]struct {
		budget value.Budget
		args   []value.Value
	}{
		"replaceAll": {value.Budget{Steps: 10, Made: 100_000}, []value.Value{value.Text(long), value.Text("a"), value.Text(long)}},
		"findAll":    {value.Budget{Steps: 10, Made: 10_000}, []value.Value{value.Text(long), value.Text("")}},
		"sort":       {value.Budget{Steps: 2_000, Made: 10}, []value.Value{{Kind: value.KindList, Any: numbers}}},
		"distinct":   {value.Budget{Steps: 500, Made: 10}, []value.Value{{Kind: value.KindList, Any: numbers}}},
		"max":        {value.Budget{Steps: 1_500, Made: 10}, []value.Value{{Kind: value.KindList, Any: numbers}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consts := make([]*value.Value, len(c.args))
			for i := range c.args {
				consts[i] = &c.args[i]
			}
			h, _ := helpers.Find(name)
			fn, bad := h.For(helpers.Call{Consts: consts})
			if bad != nil {
				t.Fatal(bad.Message)
			}
			e := &value.Run{Budget: c.budget}
			if fn(e, c.args); e.Err == nil || e.Err.Code != value.CodeLimit {
				t.Errorf("no limit was met: %+v", e.Err)
			}
		})
	}
}

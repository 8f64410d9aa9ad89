package helpers

import (
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// standard is a rule that numbers can be checked by, from their own signs alone.
type standard struct {
	args    []sort
	how     string // its further arguments as they are written
	says    string // for the reference
	good    string // a number that keeps it
	fault   string // for who sent another
	make    func(c Call) (func(s string) bool, *Mistake)
	correct func(s string) bool // instead of make
}

// standards by the words after is and check.
var standards = map[string]standard{
	"IBAN": {says: "an IBAN of ISO 13616, in capitals and without blanks: check digits, and the length of its country", good: "DE89370400440532013000",
		fault: "this is no IBAN: a sign is wrong, or one is missing", correct: isIBAN},
	"BSN": {says: "a Dutch citizen service number (BSN) of nine digits that passes the eleven test", good: "111222333",
		fault: "this is no BSN: a digit is wrong, or one is missing", correct: func(s string) bool {
			return !strings.Contains(s, "X") && s != "000000000" && modulus(s, 11, []int{9, 8, 7, 6, 5, 4, 3, 2, -1})
		}},
	"SteuerID": {says: "a German tax identification number: eleven digits, ISO 7064 MOD 11,10, one digit of the first ten twice or three times", good: "86095742719",
		fault: "this is no German tax identification number: a digit is wrong, or one is missing", correct: isSteuerID},
	"Luhn": {says: "digits of which the last is the check digit of Luhn, modulus 10 (ISO/IEC 7812)", good: "79927398713",
		fault: "the check digit is wrong, or a digit is missing", correct: isLuhn},
	"ISO7064": {args: []sort{aText}, how: `, "MOD 11-2"`, says: "a text with check signs of ISO 7064: " + strings.Join(systemNames, " or "), good: "079X",
		fault: "the check sign is wrong, or a sign is missing", make: makeISO7064},
	"Modulus": {args: []sort{aWhole, aList}, how: ", 11, [4, 3, 2, 1]", says: "as many digits as there are weights, whose sum of digits times weights can be divided by the modulus; with modulus 11 a last X is 10", good: "1007",
		fault: "the check digit is wrong, or a digit is missing", make: makeModulus},
}

// checkHelpers are two helpers for each standard: one that tells, and one that refuses.
func checkHelpers() map[string]Helper {
	all := map[string]Helper{}
	for name, s := range standards {
		using := func(use func(e *value.Run, v value.Value, ok bool) value.Value) func(Call) (value.Function, *Mistake) {
			return func(c Call) (value.Function, *Mistake) {
				correct, bad := s.correct, (*Mistake)(nil)
				if s.make != nil {
					correct, bad = s.make(c)
				}
				return func(e *value.Run, a []value.Value) value.Value {
					text, ok := a[0].Text()
					if !ok && !a[0].Absent() {
						return e.FailSort(a[0], value.CodeNotText, "a text is needed here")
					}
					return use(e, a[0], ok && correct(text))
				}, bad
			}
		}
		n := 1 + len(s.args)
		example := `"` + s.good + `" | `
		all["is"+name] = Helper{Fussy: true, Min: n, Max: n, args: s.args, Usage: "is" + name + "(x" + s.how + "): true of " + s.says, Absent: `missing, null and "" give false`,
			Example: example + "is" + name + "(" + strings.TrimPrefix(s.how, ", ") + ") = true",
			make:    using(func(_ *value.Run, _ value.Value, ok bool) value.Value { return value.Bool(ok) })}
		all["check"+name] = Helper{Fussy: true, Min: n, Max: n, args: s.args, Same: true, Usage: "x | check" + name + "(" + strings.TrimPrefix(s.how, ", ") + "): x where is" + name + " is true; anything else is an error", Absent: passes + `, "" is an error`,
			Example: example + "check" + name + "(" + strings.TrimPrefix(s.how, ", ") + `) = "` + s.good + `"`,
			make: using(func(e *value.Run, v value.Value, ok bool) value.Value {
				if !ok {
					return e.Fail(value.CodeChecksum, s.fault)
				}
				return v
			})}
	}
	return all
}

// ibanLengths are the countries of ISO 13616 with the length of their numbers.
const ibanLengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 " +
	"GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 " +
	"MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 "

const (
	decimalDigits = "0123456789"
	capitals      = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func isIBAN(s string) bool {
	if len(s) < 5 || len(s) > 34 || !strings.Contains(ibanLengths, s[:2]+string([]byte{'0' + byte(len(s)/10), '0' + byte(len(s)%10), ' '})) || strings.Trim(s[2:4], decimalDigits) != "" {
		return false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		i := strings.IndexRune(decimalDigits+capitals, r)
		if i < 0 {
			return false
		}
		if i >= 10 {
			rest *= 10
		}
		rest = (rest*10 + i) % 97
	}
	return rest == 1 && s[2:4] >= "02" && s[2:4] <= "98"
}

// modulus tells whether the sum of digits times weights can be divided by m; with modulus 11 a last X is 10.
func modulus(s string, m int, weights []int) bool {
	sum := 0
	for i, r := range s {
		d := strings.IndexRune(decimalDigits, r)
		if r == 'X' && m == 11 && i == len(s)-1 {
			d = 10
		}
		if d < 0 || len(s) != len(weights) {
			return false
		}
		sum += d * weights[i]
	}
	return s != "" && sum%m == 0
}

func makeModulus(c Call) (func(string) bool, *Mistake) {
	m, list := c.Consts[1], c.Consts[2]
	if m == nil || list == nil || m.Kind != value.KindInt || m.Int < 2 || m.Int > 1000 {
		return nil, wrong(CodeArguments, "the modulus is a whole number from 2 to 1000, and the weights are a list of whole numbers", "")
	}
	var weights []int
	for _, w := range items(*list) {
		if w.Kind != value.KindInt || w.Int > 1000 || w.Int < -1000 {
			return nil, wrong(CodeArguments, "the weights are whole numbers from -1000 to 1000", "").at(2)
		}
		weights = append(weights, int(w.Int))
	}
	return func(s string) bool { return modulus(s, int(m.Int), weights) }, nil
}

func isLuhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := strings.IndexByte(decimalDigits, s[len(s)-1-i])
		if d < 0 {
			return false
		}
		if d <<= i % 2; d > 9 {
			d -= 9
		}
		sum += d
	}
	return len(s) > 1 && sum%10 == 0
}

func isSteuerID(s string) bool {
	if len(s) != 11 || s[0] == '0' || !hybrid(s, decimalDigits) {
		return false
	}
	repeated := 0
	for _, d := range decimalDigits {
		switch n := strings.Count(s[:10], string(d)); {
		case n > 3 || strings.Contains(s[:10], strings.Repeat(string(d), 3)):
			return false
		case n > 1:
			repeated++
		}
	}
	return repeated == 1
}

// systems are those of ISO 7064 by name.
var systems = map[string]func(s string) bool{
	"MOD 11-2": pure(11, 2, decimalDigits, "X"), "MOD 37-2": pure(37, 2, decimalDigits+capitals, "*"), "MOD 97-10": pure(97, 10, decimalDigits, ""),
	"MOD 11,10": func(s string) bool { return hybrid(s, decimalDigits) }, "MOD 27,26": func(s string) bool { return hybrid(s, capitals) },
	"MOD 37,36": func(s string) bool { return hybrid(s, decimalDigits+capitals) },
}

var systemNames = slices.Sorted(maps.Keys(systems))

func makeISO7064(c Call) (func(string) bool, *Mistake) {
	name, _ := c.text(1)
	if systems[name] == nil {
		return nil, wrong(CodeArguments, "the system of ISO 7064 must be "+strings.Join(systemNames, " or "), diag.Suggest(name, systemNames)).at(1)
	}
	return systems[name], nil
}

// pure is a system with one modulus; the last sign may be another one.
func pure(m, radix int, signs, last string) func(s string) bool {
	return func(s string) bool {
		p := 0
		for i := range len(s) {
			v := strings.IndexByte(signs, s[i])
			if i == len(s)-1 && last == s[i:] {
				v = len(signs)
			}
			if v < 0 {
				return false
			}
			p = (p*radix + v) % m
		}
		return len(s) > 1 && p == 1
	}
}

// hybrid is a system with the moduli n+1 and n of n signs.
func hybrid(s, signs string) bool {
	n := len(signs)
	p := n
	for i := range len(s) {
		v := strings.IndexByte(signs, s[i])
		if v < 0 {
			return false
		}
		if p = (p + v) % n; i == len(s)-1 {
			return i > 0 && p == 1
		}
		if p == 0 {
			p = n
		}
		p = p * 2 % (n + 1)
	}
	return false
}

// Keeps names the standards without further arguments by whose check digits a text is right, sorted.
func Keeps(text string) (names []string) {
	for name, s := range standards {
		if s.correct != nil && s.correct(text) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

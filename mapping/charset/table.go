package charset

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Table writes letters by others that old systems have. It is immutable and safe for concurrent use.
type Table struct {
	name    string
	latin1  bool              // what ISO 8859-1 has stays
	din     bool              // letters lose the marks that DIN 91379 knows
	letters map[string]string // small letters, and marks of writing, that are written as others
}

// dinMarks are the combining marks that letters and sequences of DIN 91379 have, once they are taken apart.
const dinMarks = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030d\u0310\u0311\u0315\u031b\u0323\u0325\u0326\u0327\u0328\u032e\u0331\u035f"

var (
	// dinLetters are those of DIN 91379 that are more than a letter of ASCII with marks, and how ICAO Doc 9303 and its extension write them;
	// then what writing has for apostrophes, quotation marks, hyphens and blanks.
	dinLetters = pairs(`ä ae ö oe ü ue å aa æ ae ø oe œ oe ß ss ð d þ th đ d ħ h ı i ĳ ij ĸ k ŀ l ł l ŉ n ŋ n ŧ t ƈ c ɨ i ʒ z ǥ g ə e
		’ ' ‘ ' ‚ ' ‛ ' ′ ' ´ ' ʼ ' ʹ ' ʾ ' ʿ ' ˈ ' “ " ” " „ " ‟ " ″ " ʺ " ‐ - ‑ - ‒ - – - — - … ...`, "\u00a0", " ", "\u202f", " ")
	tables = []*Table{
		{name: "din91379-ascii", din: true, letters: dinLetters},
		{name: "din91379-latin1", din: true, latin1: true, letters: dinLetters},
		{name: "german-a", letters: pairs(`ä a ö o ü u ß ss`)},
		{name: "german-ae", letters: pairs(`ä ae ö oe ü ue ß ss`)},
	}
)

func pairs(words string, more ...string) map[string]string {
	all := map[string]string{}
	for two := range slices.Chunk(append(strings.Fields(words), more...), 2) {
		all[two[0]] = two[1]
	}
	return all
}

// Tables are the names of all tables.
func Tables() []string {
	var names []string
	for _, t := range tables {
		names = append(names, t.name)
	}
	return names
}

// TableNamed returns the table of a name.
func TableNamed(name string) (*Table, bool) {
	i := slices.IndexFunc(tables, func(t *Table) bool { return t.name == name })
	if i < 0 {
		return nil, false
	}
	return tables[i], true
}

// Apply writes what the table knows by it, and tells how many characters that were; the rest stays as it is, in NFC.
func (t *Table) Apply(s string) (string, int) {
	out, n, s := strings.Builder{}, 0, norm.NFC.String(s)
	for at := 0; at < len(s); {
		end := at + first(s[at:])
		with, ok := t.letter(s, at, end)
		if ok && with != s[at:end] {
			n++
		} else {
			with = s[at:end]
		}
		out.WriteString(with)
		at = end
	}
	return out.String(), n
}

// first is how many bytes the first character of a text takes, with the combining marks that belong to it.
func first(s string) int {
	_, end := utf8.DecodeRuneInString(s)
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if r < 0x300 || !unicode.Is(unicode.Mn, r) {
			break
		}
		end += n
	}
	return end
}

// Cut is the longest beginning of s of whole characters, with their combining marks, whose sizes are at most n together.
func Cut(s string, n int, size func(string) int) string {
	at := 0
	for at < len(s) {
		end := at + first(s[at:])
		if n -= size(s[at:end]); n < 0 {
			break
		}
		at = end
	}
	return s[:at]
}

// letter is how the table writes the character s[at:end]; ok is false where it does not know it. What a capital becomes is written in
// capitals beside other capitals.
func (t *Table) letter(s string, at, end int) (with string, ok bool) {
	apart := norm.NFD.String(s[at:end])
	base, n := utf8.DecodeRuneInString(apart)
	marks := apart[n:]
	if !t.din {
		with, ok = t.letters[strings.ToLower(s[at:end])]
	} else if strings.Trim(marks, dinMarks) == "" {
		with, ok = t.plain(base, marks)
	}
	if t.latin1 && ok && base <= unicode.MaxLatin1 {
		return keepMark(base, marks), true
	}
	before, _ := utf8.DecodeLastRuneInString(s[:at])
	after, _ := utf8.DecodeRuneInString(s[end:])
	capitals := unicode.IsUpper(after) || !unicode.IsLower(after) && unicode.IsUpper(before)
	switch {
	case base == 'ß' && capitals && unicode.IsUpper(before), unicode.IsUpper(base) && capitals:
		with = strings.ToUpper(with)
	case unicode.IsUpper(base) && with != "":
		with = strings.ToUpper(with[:1]) + with[1:]
	}
	return with, ok
}

// plain writes a letter of DIN 91379 in small letters of ASCII.
func (t *Table) plain(base rune, marks string) (string, bool) {
	small := string(unicode.ToLower(base))
	for _, m := range marks {
		if with, ok := t.letters[norm.NFC.String(small+string(m))]; ok {
			return with, true
		}
	}
	if with, ok := t.letters[small]; ok {
		return with, marks == "" || unicode.IsLetter(base)
	}
	return small, small[0] >= 'a' && small[0] <= 'z'
}

// keepMark gives a letter the first of its marks with which ISO 8859-1 has it.
func keepMark(base rune, marks string) string {
	for _, m := range marks {
		one := norm.NFC.String(string(base) + string(m))
		if r, n := utf8.DecodeRuneInString(one); n == len(one) && r <= unicode.MaxLatin1 {
			return one
		}
	}
	return string(base)
}

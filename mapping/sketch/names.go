package sketch

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/inbasket/inbasket/mapping/expr"
)

// spelled are letters that two others stand for.
var spelled = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "æ", "ae", "Æ", "Ae", "ø", "oe", "Ø", "Oe", "å", "aa", "Å", "Aa")

// words splits a name into its words, small and without marks: familyName, family_name, family-name and FAMILY_NAME have
// the same two.
func words(name string) []string {
	var all []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			all = append(all, word.String())
			word.Reset()
		}
	}
	lower := false
	for _, r := range norm.NFD.String(spelled.Replace(norm.NFC.String(name))) {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if unicode.IsUpper(r) && lower {
				end()
			}
			word.WriteRune(unicode.ToLower(r))
		default:
			end()
		}
		lower = unicode.IsLower(r) || unicode.IsDigit(r)
	}
	end()
	return all
}

// column makes a column name of a key: familyName becomes FAMILY_NAME.
func column(key string) string {
	name := strings.ToUpper(strings.Join(words(key), "_"))
	return strings.Trim(strings.Map(func(r rune) rune {
		if r == '_' || r < unicode.MaxASCII {
			return r
		}
		return '_'
	}, name), "_")
}

// columnOf makes a column name of the way to a value.
func columnOf(path []string) string {
	var parts []string
	for _, k := range path {
		if c := column(k); c != "" {
			parts = append(parts, c)
		}
	}
	return strings.Join(parts, "_")
}

// TableName makes the name of a table of a mapping's file.
func TableName(file string) string { return cmp.Or(column(file), "FORM") }

// identifier makes a name of the mapping language of a key.
func identifier(key, otherwise string) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, spelled.Replace(key))
	if id == "" || id[0] >= '0' && id[0] <= '9' {
		id = otherwise + id
	}
	return id
}

// MappingName makes the name of a mapping of a file's name.
func MappingName(file string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '-'
	}, strings.ToLower(spelled.Replace(file)))
	name = strings.Trim(name, "._-")
	if len(name) > 64 {
		name = name[:64]
	}
	if name == "" {
		return "mapping"
	}
	return name
}

// member is an expression for a key of a block.
func member(path, key string) string {
	if expr.WordPattern.MatchString(key) {
		return path + "." + key
	}
	return fmt.Sprintf("%s[%q]", path, key)
}

// singular takes the mark of the plural off a word.
func singular(word string) string {
	switch {
	case strings.HasSuffix(word, "ies") && len(word) > 4:
		return word[:len(word)-3] + "y"
	case strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss"):
		return word[:len(word)-1]
	}
	return word
}

// ending tells whether a table's name ends with a list's, in singular or plural.
func ending(table, list string) bool {
	_, plain, qualified := strings.Cut(table, ".")
	if !qualified {
		plain = table
	}
	t, l := words(plain), words(list)
	if len(l) == 0 || len(t) < len(l) {
		return false
	}
	return slices.EqualFunc(t[len(t)-len(l):], l, func(a, b string) bool { return singular(a) == singular(b) })
}

var plainText = regexp.MustCompile(`^[A-Za-z_][^\x00-\x1f\x7f]*$`)

// text writes a text in YAML; flow: between brackets.
func text(s string, flow bool) string {
	misread := []string{"no", "yes", "on", "off", "y", "n", "null", "true", "false", "nan"}
	switch {
	case strings.IndexFunc(s, unicode.IsControl) >= 0:
		return fmt.Sprintf("%q", s)
	case !plainText.MatchString(s), slices.Contains(misread, strings.ToLower(s)), strings.Contains(s, ": "), strings.Contains(s, " #"),
		strings.HasSuffix(s, ":"), strings.HasSuffix(s, " "), flow && strings.ContainsAny(s, `,[]{}"':#`):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return s
}

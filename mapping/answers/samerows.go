package answers

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
)

// Sharing says whether two queries for results give the same rows.
type Sharing uint8

// What can be told of two queries by their words.
const (
	SharesNothing Sharing = iota // other tables, or conditions that tell them apart
	MayShare                     // one table, and nothing that tells the rows apart
	SharesAll                    // the same rows
)

// Shares compares the rows of two queries by what stands behind FROM.
func Shares(a, b connectors.Question) Sharing {
	x, y := rowsOf(a.Query), rowsOf(b.Query)
	switch {
	case slices.Equal(x, y):
		return SharesAll
	case !SameTable(x, y) || apart(x, y):
		return SharesNothing
	}
	return MayShare
}

// rowsOf are the words of a query that say which rows it gives, in small letters but for texts: those behind its FROM, without order
// and limits. A statement without FROM is all of its words.
func rowsOf(query string) []string {
	words := WordsOf(query)
	depth, from := 0, 0
	for i, w := range words {
		switch w {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth != 0 {
			continue
		}
		switch {
		case w == "from" && from == 0:
			from = i + 1
		case from > 0 && slices.Contains([]string{"order", "limit", "offset", "fetch", "for", ";"}, w):
			return words[from:i]
		}
	}
	return words[from:]
}

// WordsOf cuts a statement into names with their schema, numbers, texts and signs; comments are left out.
func WordsOf(sql string) (words []string) {
	open := false // the last word is a name that goes on behind a point
	for len(sql) > 0 {
		n, word := 1, ""
		switch r, size := utf8.DecodeRuneInString(sql); {
		case strings.HasPrefix(sql, "--"), strings.HasPrefix(sql, "/*"):
			sql = sql[connectors.Skip(sql):]
			continue
		case unicode.IsSpace(r):
			sql = sql[size:]
			continue
		case r == '\'':
			n = connectors.Skip(sql)
			word = sql[:n]
		case r == '"', r == '`':
			n = connectors.Skip(sql)
			word = strings.ToLower(strings.Trim(sql[:n], sql[:1]))
		case inName(r):
			if n = strings.IndexFunc(sql, func(r rune) bool { return !inName(r) }); n < 0 {
				n = len(sql)
			}
			word = strings.ToLower(sql[:n])
		case r == '.' && len(words) > 0:
			words[len(words)-1] += "."
			sql, open = sql[1:], true
			continue
		default:
			n, word = size, sql[:size]
		}
		if open {
			words[len(words)-1] += word
		} else {
			words = append(words, word)
		}
		sql, open = sql[n:], false
	}
	return words
}

func inName(r rune) bool {
	return r == '_' || r == '$' || r == '#' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// SameTable compares the first tables; a name without a schema may be in any.
func SameTable(x, y []string) bool {
	if len(x) == 0 || len(y) == 0 || x[0] == "(" || y[0] == "(" {
		return false
	}
	a, b := x[0], y[0]
	return a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a)
}

// apart tells whether some column has to have other constants in one query than in the other.
func apart(x, y []string) bool {
	other := constantsOf(y)
	for column, values := range constantsOf(x) {
		if there := other[column]; len(there) > 0 && !slices.ContainsFunc(values, func(v string) bool { return slices.Contains(there, v) }) {
			return true
		}
	}
	return false
}

// constantsOf finds COLUMN = constant and COLUMN in (constants).
func constantsOf(words []string) map[string][]string {
	found := map[string][]string{}
	for i := 1; i+1 < len(words); i++ {
		column := words[i-1][strings.LastIndexByte(words[i-1], '.')+1:]
		switch {
		case words[i] == "=" && isConstant(words[i+1]):
			found[column] = append(found[column], words[i+1])
		case words[i] == "in" && words[i+1] == "(":
			for _, w := range words[i+2:] {
				if w == ")" {
					break
				}
				if isConstant(w) {
					found[column] = append(found[column], w)
				}
			}
		}
	}
	return found
}

func isConstant(word string) bool {
	return word != "" && (word[0] == '\'' || word[0] >= '0' && word[0] <= '9')
}

package connectors

import "strings"

// Place is a :NAME in a statement of a Question.
type Place struct {
	Name       string
	Start, End int // bytes, with the colon
}

// Places finds the :NAME places of a statement, but not in texts, quoted names, comments and PostgreSQL's :: casts.
func Places(sql string) []Place {
	var places []Place
	for i := 0; i < len(sql); {
		if n := Skip(sql[i:]); n > 0 {
			i += n
			continue
		}
		end := i + 1
		if sql[i] == ':' {
			for end < len(sql) && isNameByte(sql[end], end == i+1) {
				end++
			}
			if end > i+1 {
				places = append(places, Place{sql[i+1 : end], i, end})
			}
		}
		i = end
	}
	return places
}

// Skip is the length of a text, a quoted name, a comment or a cast that a statement begins with, or 0.
func Skip(s string) int {
	until := func(end string, from int) int {
		if j := strings.Index(s[from:], end); j >= 0 {
			return from + j + len(end)
		}
		return len(s)
	}
	switch {
	case s == "":
		return 0
	case strings.HasPrefix(s, "::"):
		return 2
	case strings.HasPrefix(s, "--"):
		return until("\n", 2)
	case strings.HasPrefix(s, "/*"):
		return until("*/", 2)
	case s[0] == '\'' || s[0] == '"' || s[0] == '`':
		return until(s[:1], 1)
	}
	return 0
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || !first && c >= '0' && c <= '9'
}

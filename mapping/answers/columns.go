package answers

import (
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// nameForm is a name with or without quotes.
const nameForm = `(?:[A-Za-z_][A-Za-z0-9_$#]*|"[^"]+"|` + "`[^`]+`" + `)`

var (
	selectHead = regexp.MustCompile(`(?is)^\s*select\s+(?:all\s+|distinct\s+)?`)
	columnItem = regexp.MustCompile(`(?is)^(?:` + nameForm + `\s*\.\s*){0,3}(` + nameForm + `)$`)
	columnAs   = regexp.MustCompile(`(?is)^(?:` + nameForm + `\s*\.\s*){0,3}` + nameForm + `\s+(` + nameForm + `)$`)
	asItem     = regexp.MustCompile(`(?is)^.*[\s)'"]as\s+(` + nameForm + `)$`)
	fromWord   = regexp.MustCompile(`(?i)^from\b`)
	keyword    = regexp.MustCompile(`(?i)^(?:distinct|distinctrow|on|top|end|over|null|unique|sql_[a-z_]+|straight_join|high_priority|not|true|false|all|binary|row|prior|connect_by_root|collate|case|interval|select)$`)
)

// Columns returns the names of the columns that a query gives. It reads plain lists of columns and aliases only;
// false: what the query gives is not sure, which a database can be asked.
func Columns(query string) (names []string, sure bool) {
	head := selectHead.FindStringIndex(query)
	if head == nil || strings.ContainsAny(query, "\\#") || strings.Contains(query, "$$") { // escapes and quotes of one system only
		return nil, false
	}
	items, ok := listItems(query[head[1]:])
	if !ok {
		return nil, false
	}
	for _, item := range items {
		name := itemName(strings.TrimSpace(item))
		if name == "" {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// listItems cuts a list at its commas, up to FROM. Comments make it unsure: some of them mean something.
func listItems(s string) (items []string, ok bool) {
	depth, start := 0, 0
	for i := 0; i < len(s); {
		if n := connectors.Skip(s[i:]); n > 0 {
			if strings.HasPrefix(s[i:], "--") || strings.HasPrefix(s[i:], "/*") {
				return nil, false
			}
			i += n
			continue
		}
		switch c := s[i]; {
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == ',' && depth == 0:
			items, start = append(items, s[start:i]), i+1
		case (c == 'f' || c == 'F') && depth == 0 && i > 0 && strings.ContainsRune(" \t\r\n)'\"`", rune(s[i-1])) && fromWord.MatchString(s[i:]):
			return append(items, s[start:i]), true
		}
		i++
	}
	return nil, false
}

// itemName returns the name of one column of a list, or "" where it is not plain to see.
func itemName(item string) string {
	for _, form := range []*regexp.Regexp{columnItem, asItem, columnAs} {
		m := form.FindStringSubmatch(item)
		if m == nil {
			continue
		}
		for _, word := range strings.Fields(item) {
			if form != asItem && keyword.MatchString(word) {
				return ""
			}
		}
		return strings.Trim(m[1], "\"`")
	}
	return ""
}

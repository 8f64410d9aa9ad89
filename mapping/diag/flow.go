package diag

import "strings"

// FlowHint returns what to do where the text before a place opens a { or [ and does not close it: there a comma, a #
// after a blank or a bracket ends a value, which is easily overlooked in an expression. It returns "" elsewhere.
func FlowHint(source string, column int) string {
	depth, quote := 0, rune(0)
	for i, r := range []rune(source) {
		if i >= column-1 && depth > 0 && quote == 0 {
			break
		}
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case (r == '\'' || r == '"') && (i == 0 || strings.ContainsRune(" [{,:", []rune(source)[i-1])):
			quote = r
		case r == '{' || r == '[':
			depth++
		case r == '}' || r == ']':
			depth--
		}
		if i >= column-1 {
			break
		}
	}
	if depth <= 0 {
		return ""
	}
	return `between { } and [ ] a comma, a bracket or " #" ends a value: put single quotes around an expression that has one, such as 'x | padLeft(5, "0")'`
}

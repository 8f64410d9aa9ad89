package mail

import (
	"regexp"
	"strings"
)

// Line is one field of a text, or a line that is none.
type Line struct{ Key, Value string }

// key of a line: a word or some, then a colon, then a blank or nothing.
var key = regexp.MustCompile(`^([\pL\pN_][^:\n]{0,99}?)[ \t]*:(?:[ \t]+(.*))?$`)

// Fields reads lines such as "name: value". What is indented goes on with the value before it; what is no field has no key. Blank lines divide, and
// what follows the line "-- " is a signature and is left out.
func Fields(text string) (lines []Line) {
	open := false
	for s := range strings.SplitSeq(text, "\n") {
		s = strings.TrimSuffix(s, "\r")
		if s == "-- " {
			return lines
		}
		m := key.FindStringSubmatch(s)
		rest := strings.TrimSpace(s)
		switch {
		case rest == "":
			open = false
		case open && (s[0] == ' ' || s[0] == '\t'):
			last := &lines[len(lines)-1]
			last.Value = strings.TrimPrefix(last.Value+"\n"+rest, "\n")
		case m != nil:
			open = true
			lines = append(lines, Line{strings.TrimSpace(m[1]), strings.TrimSpace(m[2])})
		default:
			open = false
			lines = append(lines, Line{"", rest})
		}
	}
	return lines
}

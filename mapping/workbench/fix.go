package workbench

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/inbasket/inbasket/mapping/diag"
)

// wordAt is a word that a problem may be about, at its column; inMessage are those that its message names.
var (
	wordAt    = regexp.MustCompile(`^(?:"[^"]*"|'[^']*'|[\pL\pN_][\pL\pN_-]*)`)
	inMessage = regexp.MustCompile(`"([^"]+)"`)
)

// Span is the part of its line that a problem is about, in bytes: the word that its message names, behind its column; else what stands there.
func Span(p diag.Problem) (from, to int) {
	for n := 1; n < p.Column && from < len(p.Source); n++ {
		_, size := utf8.DecodeRuneInString(p.Source[from:])
		from += size
	}
	if from, to, named := namedWord(p, from); named {
		return from, to
	}
	if m := wordAt.FindString(p.Source[from:]); m != "" {
		return from, from + len(m)
	}
	_, size := utf8.DecodeRuneInString(p.Source[from:])
	return from, from + size
}

// namedWord finds a word that the message names, from a byte of the line on.
func namedWord(p diag.Problem, after int) (from, to int, named bool) {
	for _, m := range inMessage.FindAllStringSubmatch(p.Message, -1) {
		whole := regexp.MustCompile(`(?:^|[^\pL\pN_-])(` + regexp.QuoteMeta(m[1]) + `)(?:$|[^\pL\pN_-])`)
		if at := whole.FindStringSubmatchIndex(p.Source[after:]); at != nil {
			return after + at[2], after + at[3], true
		}
	}
	return after, after, false
}

// Fix is a change of one line that a suggestion comes to.
type Fix struct {
	Title    string
	Line     int // from 0
	From, To int // bytes of the line
	Text     string
}

// The suggestions that come to a change.
var (
	didYouMean = regexp.MustCompile(`^did you mean "([^"\n]+)"\?$`)
	toIgnore   = regexp.MustCompile(`^add (form[^\n]*) to ignore$`)
	ignoreList = regexp.MustCompile(`^ignore: *\[`)
)

// Fix is what the suggestion of a problem with this text comes to.
func (b *Bench) Fix(p diag.Problem) (Fix, bool) {
	if m := didYouMean.FindStringSubmatch(p.Suggestion); m != nil && p.Line > 0 {
		start, _ := Span(diag.Problem{Source: p.Source, Column: p.Column})
		from, to, named := namedWord(p, start)
		return Fix{Title: "change to " + m[1], Line: p.Line - 1, From: from, To: to, Text: m[1]}, named
	}
	m := toIgnore.FindStringSubmatch(p.Suggestion)
	if m == nil || p.File != b.Name {
		return Fix{}, false
	}
	field := m[1]
	if strings.ContainsAny(field, `[]"`) {
		field = "'" + field + "'"
	}
	lines := strings.Split(b.text(), "\n")
	for i, l := range lines {
		if at := ignoreList.FindString(l); at != "" {
			if rest := strings.TrimLeft(l[len(at):], " "); rest != "]" {
				field += ", "
			}
			return Fix{Title: p.Suggestion, Line: i, From: len(at), To: len(at), Text: field}, true
		}
		if strings.HasPrefix(l, "ignore:") { // a list of lines: by hand
			return Fix{}, false
		}
	}
	last := len(lines) - 1
	text := "ignore: [" + field + "]\n"
	if lines[last] != "" {
		text = "\n" + text
	}
	return Fix{Title: p.Suggestion, Line: last, From: len(lines[last]), To: len(lines[last]), Text: text}, true
}

// Package diag reads the YAML files that people write for Inbasket, strictly, and says everything that is
// wrong with them at once: file, line, column, the source line with a caret, and a suggestion.
package diag

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	File       string `json:"file"`                 // as the person named it
	Line       int    `json:"line,omitempty"`       // from 1; 0 when there is no position
	Column     int    `json:"column,omitempty"`     // from 1, in characters
	Code       string `json:"code"`                 // stable, area.word
	Message    string `json:"message"`              // what is wrong, one sentence without a full stop
	Suggestion string `json:"suggestion,omitempty"` // what to do about it; may be empty
	Source     string `json:"source,omitempty"`     // the source line; empty when there is no position
}

// SamePlace tells whether another problem is at the place of this one.
func (p Problem) SamePlace(as Problem) bool {
	return p.File == as.File && p.Line == as.Line && p.Column == as.Column
}

// String returns the problem in one line: file:line:column: message [code].
func (p Problem) String() string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	return fmt.Sprintf("%s: %s [%s]", where, p.Message, p.Code)
}

// format writes the problem with its source line, a caret below the column, and the suggestion.
func (p Problem) format(w io.Writer) {
	fmt.Fprintln(w, p.String())
	if p.Source != "" {
		number := fmt.Sprint(p.Line)
		gutter := strings.Repeat(" ", len(number))
		source, column := window(p.Source, p.Column)
		fmt.Fprintf(w, "  %s | %s\n", number, printable(source))
		fmt.Fprintf(w, "  %s | %s^\n", gutter, indent(source, column))
	}
	if p.Suggestion != "" {
		fmt.Fprintf(w, "    %s\n", p.Suggestion)
	}
}

// window returns the part of a very long line around the column, and the column in it.
func window(source string, column int) (string, int) {
	const width = 160
	runes := []rune(source)
	if len(runes) <= width {
		return source, column
	}
	start := min(max(0, column-width/2), len(runes)-width)
	return string(runes[start : start+width]), column - start
}

// indent returns white space as wide as what stands before the column; tabs stay tabs.
func indent(source string, column int) string {
	var b strings.Builder
	for _, r := range source {
		if column <= 1 {
			break
		}
		column--
		if r == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// printable replaces what would move the cursor or hide text on a terminal by the replacement character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Problems is everything that is wrong, as one error.
type Problems []Problem

// Err returns nil when there are no problems, else the problems sorted by file and position.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	p.Sort()
	return p
}

// Error returns what Format returns.
func (p Problems) Error() string { return strings.TrimRight(p.Format(), "\n") }

// Format returns all problems, sorted, each with its source line and caret, and a last line that counts them.
func (p Problems) Format() string {
	sorted := slices.Clone(p)
	sorted.Sort()
	var b strings.Builder
	for _, x := range sorted {
		x.format(&b)
	}
	if len(p) > 1 {
		fmt.Fprintf(&b, "%d problems\n", len(p))
	}
	return b.String()
}

// Sort orders the problems by file, line and column; equal positions keep their order.
func (p Problems) Sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

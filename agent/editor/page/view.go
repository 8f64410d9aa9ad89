package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/workbench"
)

// view is what the page shows.
type view struct {
	workbench.View
	File, Text, Base string
	Saved            string // the text of the file on the disk, where it is known
	Form             string
	Forms            []string
	Reveal           bool
	Said, Trouble    string // of saving
	Found            []found
	Marks            []mark
}

// found is a problem or a warning, and where the text is to be selected: in units of UTF-16, as a browser counts.
type found struct {
	diag.Problem
	Warning  bool
	Here     bool // in the text of the page
	From, To int
}

// mark is a part of the text.
type mark struct{ Text, Class string }

// locate finds the places of problems in the text.
func (v *view) locate() {
	lines := strings.SplitAfter(v.Text, "\n")
	starts := make([]int, len(lines)) // in bytes
	for i := 1; i < len(lines); i++ {
		starts[i] = starts[i-1] + len(lines[i-1])
	}
	type part struct {
		from, to int
		class    string
	}
	var parts []part
	for i, p := range slices.Concat(v.Problems, v.Warnings) {
		f := found{Problem: p, Warning: i >= len(v.Problems), Here: p.File == v.File && p.Line > 0 && p.Line <= len(lines)}
		if f.Here {
			from, to := workbench.Span(p)
			end := starts[p.Line-1] + len(strings.TrimSuffix(lines[p.Line-1], "\n"))
			from, to = min(starts[p.Line-1]+from, end), min(starts[p.Line-1]+to, end)
			f.From, f.To = len(utf16.Encode([]rune(v.Text[:from]))), len(utf16.Encode([]rune(v.Text[:to])))
			class := "wrong"
			if f.Warning {
				class = "doubt"
			}
			parts = append(parts, part{from, to, class})
		}
		v.Found = append(v.Found, f)
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.from, b.from) })
	done := 0
	for _, p := range parts {
		if p.from >= done && p.to > p.from {
			v.Marks = append(v.Marks, mark{Text: v.Text[done:p.from]}, mark{v.Text[p.from:p.to], p.class})
			done = p.to
		}
	}
	v.Marks = append(v.Marks, mark{Text: v.Text[done:]})
}

// Status says in one sentence how things are.
func (v view) Status() string {
	text := "The mapping is right."
	if n := len(v.Problems); n > 0 {
		text = count(n, "problem") + " in the mapping."
	}
	if n := len(v.Warnings); n > 0 {
		text += " " + count(n, "warning") + "."
	}
	switch {
	case v.Plan == nil || v.Form == "":
	case v.Parked != "":
		text += " The form would be parked."
	case len(v.Errors) > 0:
		text += " The form would be rejected: " + count(len(v.Errors), "error") + "."
	default:
		n := 0
		for _, d := range v.Deliveries {
			n += d.Count
		}
		text += " The form gives " + count(n, "record") + "."
	}
	return strings.TrimSpace(v.Said + " " + text)
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/source"
)

// Problem returns a problem at a place of a mapping, as connectors.Finding names it. Its file is named as Load was
// told it, beside the mapping's folder.
func Problem(p *mapping.Plan, path []any, offset int, code, message, suggestion string) diag.Problem {
	none := diag.Problem{Code: code, Message: message, Suggestion: suggestion}
	f, err := source.Open(p.Bundle())
	if err != nil {
		return none
	}
	none.File = f.Main
	src, err := f.Read(f.Main)
	if err != nil {
		return none
	}
	file, problems := diag.Parse(f.Main, src)
	if len(problems) > 0 && file.Root().Kind != diag.Map {
		return none
	}
	return problemAt(file.Root(), path, offset, code, message, suggestion)
}

// problemAt finds a place. Columns that are keys of the mapping are shown where they stand, not where their value does.
func problemAt(root *diag.Node, path []any, offset int, code, message, suggestion string) diag.Problem {
	n := len(path)
	if n > 1 && path[n-1] == "fields" {
		return root.Below(path[:n-1]...).KeyProblem("fields", code, message, suggestion)
	}
	if n > 1 && (path[n-2] == "fields" || path[n-2] == "match" || path[n-2] == "outcome") {
		if key, ok := path[n-1].(string); ok {
			return root.Below(path[:n-1]...).KeyProblem(key, code, message, suggestion)
		}
	}
	return root.Below(path...).ProblemAt(offset, code, message, suggestion)
}

// columnsRead lists the columns that an answer reads from a row of its query.
func columnsRead(s *source.Answer, a *answers.Section) []connectors.Named {
	var names []connectors.Named
	add := func(name string, path ...any) {
		if name != "" {
			names = append(names, connectors.Named{Name: name, Path: append([]any{"answer"}, path...)})
		}
	}
	for i, id := range s.ID {
		add(id, "id", i)
	}
	for _, m := range s.Match {
		add(m.Key, "match", m.Key)
	}
	add(a.Status, "outcome", a.Status)
	add(s.Case, "case")
	add(s.Reason, "reason")
	for i, d := range s.Documents {
		add(d.From, "documents", i, "from")
	}
	return names
}

// queryNames reports what the answer reads and its query does not give, as far as the query's own text tells.
func (b *builder) queryNames(s *source.Answer, a *answers.Section) {
	given, sure := answers.Columns(s.Query)
	if !sure {
		given = queryWords(s.Query)
	}
	if !foldedIn(given, "from") && !sure {
		return // all columns of a table, or a procedure: who reads the mapping alone cannot know them
	}
	report := func(name string, offset int, path []any) {
		if foldedIn(given, name) {
			return
		}
		b.report(problemAt(b.file.Root(), path, offset, CodeAnswer, fmt.Sprintf("the query does not select %q", name), diag.DidYouMean(name, given)))
	}
	for _, n := range a.Names {
		report(n.Name, 0, n.Path)
	}
	for _, p := range connectors.Places(s.Mark) {
		report(p.Name, p.Start, []any{"answer", "mark"})
	}
}

func foldedIn(list []string, name string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, name) })
}

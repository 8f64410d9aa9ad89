package answer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/source"
)

// answerWorks reports an answer section that no decision, or only one, could ever get through, and one that would tell it wrongly.
func (b *Loader) answerWorks(s *source.Answer, a *answers.Section) {
	b.statusKeys(s, a)
	field := map[string]answers.Field{}
	for _, f := range a.Fields {
		field[f.Name] = f
	}
	constant := func(f answers.Field) bool { return f.X.Const != nil }
	named := func(names []string, is func(answers.Field) bool) bool {
		return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { f, ok := field[n]; return !ok && a.Each == nil || ok && !is(f) })
	}
	if a.Files && named(a.ID, func(f answers.Field) bool { return f.X.Const != nil || a.Each != nil && f.X.Depth == 0 }) {
		b.Report(s.Node.ValueProblem("id", CodeAnswer, "every decision would have the same ID", "name a field that tells them apart, read from the entry itself"))
	}
	if len(a.Match) > 0 && !slices.ContainsFunc(a.Match, func(f answers.Field) bool { return !constant(f) }) {
		b.Report(s.Node.ValueProblem("match", CodeAnswer, "match compares with nothing of the form: it would fit every submission, or none", "such as {REFERENCE: form.reference}"))
	}
	if f, ok := field[a.Status]; ok && constant(f) {
		if word, _ := answers.Text(*f.X.Const); a.Outcomes[word] == "" {
			b.Report(s.Node.ValueProblem("outcome", CodeAnswer, fmt.Sprintf("the field %s always is %q, which outcome does not name", a.Status, word), "read the status from the file"))
		}
	}
	for i, d := range s.Documents {
		if slices.ContainsFunc(s.Documents[:i], func(o answers.Document) bool { return strings.EqualFold(o.Name, d.Name) }) {
			b.Warn(s.Node.Below("documents", i, "name").Problem(CodeAnswer, "two documents of one decision have this name", "give each a name of its own"))
		}
	}
	if table := changed(answers.WordsOf(s.Mark)); table != "" && selects.MatchString(s.Query) {
		read := slices.ContainsFunc(answers.WordsOf(s.Query), func(w string) bool { return answers.SameTable([]string{w}, []string{table}) })
		if !read {
			b.Warn(s.Node.ValueProblem("mark", CodeAnswer,
				fmt.Sprintf("mark changes %s, which the query does not name: rows may not be hidden by it, or it changes what is not a decision", table), "mark the row that the query gives; of a view, look whether it hides it"))
		}
	}
}

// statusKeys reports keys of outcome that no status equals: blanks at the ends of a status, as CHAR columns add them, do not count.
func (b *Loader) statusKeys(s *source.Answer, a *answers.Section) {
	if s.Outcome == nil || a.Outcomes == nil {
		return
	}
	pairs := s.Outcome.Pairs[0].Value.Pairs
	if len(pairs) == 0 {
		b.Report(s.Outcome.Problem(CodeAnswer, "outcome gives no status a meaning", "such as {STATUS: {A: approved, R: refused}}"))
	}
	for _, p := range pairs {
		why := ""
		switch {
		case strings.TrimSpace(p.Key) == "":
			why = "a decision without a status has no meaning, also where it is NULL"
		case strings.TrimSpace(p.Key) != p.Key:
			why = "a status is compared without blanks at its ends, and never is this"
		default:
			continue
		}
		b.Report(s.Outcome.At(p.Line, p.Column, CodeAnswer, why, statusCure(a.Files)))
	}
}

func statusCure(files bool) string {
	if files {
		return `write the status without blanks; for one that is missing, have the field give a word, such as content.STATUS ?? "none"`
	}
	return "write the status without blanks; for one that is missing, have the query give a word, such as coalesce(STATUS, 'none')"
}

// changed is the table that a statement changes, where that is plain to see.
func changed(words []string) string {
	for _, head := range [][]string{{"update"}, {"delete", "from"}, {"insert", "into"}} {
		if n := len(head); len(words) > n && slices.Equal(words[:n], head) {
			return words[n]
		}
	}
	return ""
}

// columnsRead lists the columns that an answer reads from a row of its query.
func columnsRead(s *source.Answer, a *answers.Section) []connectors.Named {
	var names []connectors.Named
	add := func(name string, path ...any) {
		if name != "" && !isField(a, name) {
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
		add(d.Named, "documents", i, "named")
		for _, c := range a.Made[d.From] {
			add(c, "documents", i, "from")
		}
	}
	for _, f := range s.Fields {
		for _, c := range a.Made[f.Key] {
			if !slices.ContainsFunc(names, func(n connectors.Named) bool { return n.Name == c }) {
				add(c, "fields", f.Key)
			}
		}
	}
	return names
}

// queryNames reports what the answer reads and its query does not give, as far as the query's own text tells.
func (b *Loader) queryNames(s *source.Answer, a *answers.Section) {
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
		b.Report(b.At(path, offset, CodeAnswer, fmt.Sprintf("the query does not select %q", name), diag.DidYouMean(name, given)))
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

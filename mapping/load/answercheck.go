package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/source"
)

// answerWorks reports an answer section that no decision, or only one, could ever get through, and one that would tell it wrongly.
func (b *builder) answerWorks(s *source.Answer, a *answers.Section) {
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
		b.report(s.Node.ValueProblem("id", CodeAnswer, "every decision would have the same ID", "name a field that tells them apart, read from the entry itself"))
	}
	if len(a.Match) > 0 && !slices.ContainsFunc(a.Match, func(f answers.Field) bool { return !constant(f) }) {
		b.report(s.Node.ValueProblem("match", CodeAnswer, "match compares with nothing of the form: it would fit every submission, or none", "such as {REFERENCE: form.reference}"))
	}
	if f, ok := field[a.Status]; ok && constant(f) {
		if word, _ := answers.Text(*f.X.Const); a.Outcomes[word] == "" {
			b.report(s.Node.ValueProblem("outcome", CodeAnswer, fmt.Sprintf("the field %s always is %q, which outcome does not name", a.Status, word), "read the status from the file"))
		}
	}
	for i, d := range s.Documents {
		if slices.ContainsFunc(s.Documents[:i], func(o answers.Document) bool { return strings.EqualFold(o.Name, d.Name) }) {
			b.plan.Warnings = append(b.plan.Warnings, s.Node.Below("documents", i, "name").Problem(CodeAnswer, "two documents of one decision have this name", "give each a name of its own"))
		}
	}
	if table := changed(answers.WordsOf(s.Mark)); table != "" && selects.MatchString(s.Query) {
		read := slices.ContainsFunc(answers.WordsOf(s.Query), func(w string) bool { return answers.SameTable([]string{w}, []string{table}) })
		if !read {
			b.plan.Warnings = append(b.plan.Warnings, s.Node.ValueProblem("mark", CodeAnswer,
				fmt.Sprintf("mark changes %s, which the query does not name: rows may not be hidden by it, or it changes what is not a decision", table), "mark the row that the query gives; of a view, look whether it hides it"))
		}
	}
}

// statusKeys reports keys of outcome that no status equals: blanks at the ends of a status, as CHAR columns add them, do not count.
func (b *builder) statusKeys(s *source.Answer, a *answers.Section) {
	if s.Outcome == nil || a.Outcomes == nil {
		return
	}
	pairs := s.Outcome.Pairs[0].Value.Pairs
	if len(pairs) == 0 {
		b.report(s.Outcome.Problem(CodeAnswer, "outcome gives no status a meaning", "such as {STATUS: {A: approved, R: refused}}"))
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
		b.report(s.Outcome.At(p.Line, p.Column, CodeAnswer, why, statusCure(a.Files)))
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

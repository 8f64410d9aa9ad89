// Package answer compiles the answer section of a mapping, and finds what is wrong with it.
package answer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// Loader is what compiling needs of the mapping around the section.
type Loader struct {
	Pinned     bool // submissions were accepted with it: what a later version refuses in new ones is not refused
	Tables     map[string]*helpers.Table
	Helpers    map[string]*expr.Own
	Report     func(diag.Problem)
	Warn       func(diag.Problem)
	Expression func(source.Expression, *expr.Problem) // reports what is wrong with one
	Choice     func(at []any, word string, words []string)
	Free       func(s *expr.Scope, name string, n *diag.Node) bool
	At         func(path []any, offset int, code, message, suggestion string) diag.Problem
	Named      func(e diag.Entry[source.Expression], used *bool) // told of each let
	LetFree    func(s *expr.Scope, e diag.Entry[source.Expression]) bool
	Form       func(source.Expression) (expr.Compiled, bool) // compiles one over the form and what writes return
}

// Compile reads the section.
func (b *Loader) Compile(s *source.Answer) *answers.Section {
	b.ignored(s)
	a := &answers.Section{From: s.From, Files: ofFiles(s), Case: s.Case, Reason: s.Reason, Documents: s.Documents, ID: s.ID}
	if a.Files {
		b.answerFiles(s, a)
	} else {
		b.answerQuery(s, a)
	}
	b.outcomes(s, a)
	if !b.Pinned {
		b.statements(s, a)
		b.documentNames(s)
	}
	for _, m := range s.Match {
		if x, ok := b.Form(m.Value); ok {
			a.Match = append(a.Match, answers.Field{Name: m.Key, X: x})
		}
	}
	for _, n := range a.Reads() {
		if n.Name != "" && !slices.Contains(a.Question.Reads, n.Name) && (a.Files || !isField(a, n.Name)) {
			a.Question.Reads = append(a.Question.Reads, n.Name)
		}
	}
	for _, name := range a.Columns {
		if !slices.Contains(a.Question.Reads, name) {
			a.Question.Reads = append(a.Question.Reads, name)
		}
	}
	if !b.Pinned {
		b.answerWorks(s, a)
	}
	if !a.Files {
		a.Names = columnsRead(s, a)
	}
	b.answerNames(s, a)
	return a
}

// answerNames checks that what the section reads of a result is there, as far as that can be told without one.
func (b *Loader) answerNames(s *source.Answer, a *answers.Section) {
	if b.Pinned {
		return // what was checked by an earlier version goes on
	}
	if !a.Files {
		b.queryNames(s, a)
		return
	}
	known := s.Fields.Keys()
	if a.Name != nil {
		known = append(known, slices.DeleteFunc(slices.Clone(a.Name.SubexpNames()), func(group string) bool { return group == "" })...)
	}
	for _, n := range a.Reads() {
		if n.Name == "" || slices.Contains(known, n.Name) {
			continue
		}
		b.Report(s.Node.ValueProblem(n.Key, CodeAnswer, fmt.Sprintf("neither fields nor a group of the file's name gives %q", n.Name), diag.DidYouMean(n.Name, known)))
	}
}

var (
	sqlName = regexp.MustCompile(`[\p{L}_][\p{L}\p{N}_$#]*`)
	selects = regexp.MustCompile(`(?is)^\s*(select|with)\b`)
)

// queryWords are the words of a query that names its columns one by one: a column that is none of them is not there.
func queryWords(query string) []string {
	if !selects.MatchString(query) || strings.Contains(query, "*") {
		return nil
	}
	return sqlName.FindAllString(query, -1)
}

func (b *Loader) answerQuery(s *source.Answer, a *answers.Section) {
	for _, need := range [][2]string{{"query", s.Query}, {"mark", s.Mark}, {"id", strings.Join(s.ID, ",")}} {
		if need[1] == "" {
			b.Report(s.Node.Problem(source.CodeMissingKey, "an answer from a database needs "+need[0], ""))
		}
	}
	if s.Again != "" && !slices.ContainsFunc(connectors.Places(s.Again), func(p connectors.Place) bool { return strings.EqualFold(p.Name, "since") }) {
		b.Report(s.Node.KeyProblem("again", CodeAnswer, "again needs the place :since, as in ... where SENT >= :since", ""))
	}
	a.Question = connectors.Question{Query: s.Query, ID: s.ID, Mark: s.Mark, Again: s.Again, Every: s.Every}
	for _, key := range s.ID {
		if _, field := s.Fields.Get(key); field {
			b.Report(s.Node.ValueProblem("id", CodeAnswer, fmt.Sprintf("%s is a field, and a row is known again by columns of the query", key), "name the column that the field is made of"))
		}
	}
	b.rowFields(s, a)
	for _, d := range s.Documents {
		if !isField(a, d.From) {
			a.Question.Binary = append(a.Question.Binary, d.From)
		}
		a.Question.Binary = append(a.Question.Binary, a.Made[d.From]...)
	}
}

// ofFiles tells whether decisions come in answer files.
func ofFiles(s *source.Answer) bool {
	return s.File != "" || s.Format != "" || s.Each != nil || len(s.Fields) > 0 && s.Query == ""
}

func isField(a *answers.Section, name string) bool {
	return slices.ContainsFunc(a.Fields, func(f answers.Field) bool { return f.Name == name })
}

// rowFields compiles what is computed of a row, and notes the columns that each field is made of.
func (b *Loader) rowFields(s *source.Answer, a *answers.Section) {
	a.Made = map[string][]string{}
	field := ""
	used := func(p *expr.Path, _ bool) *expr.Problem {
		if len(p.Abs) < 2 || p.Abs[1].Name == "" {
			return &expr.Problem{Code: CodeAnswer, Message: "row is all columns: one is named here", Suggestion: "such as row.STATUS"}
		}
		name := p.Abs[1].Name
		if !slices.Contains(a.Columns, name) {
			a.Columns = append(a.Columns, name)
		}
		if !slices.Contains(a.Made[field], name) {
			a.Made[field] = append(a.Made[field], name)
		}
		return nil
	}
	sc := &expr.Scope{Names: map[string]expr.Binding{"row": {Path: (&expr.Path{Slot: -1}).Child(expr.Step{Name: "row", Loop: -1})}}}
	b.computed(s, a, sc, used, func(f string) { field = f })
}

// computed compiles the names of let, when and the fields of the section.
func (b *Loader) computed(s *source.Answer, a *answers.Section, sc *expr.Scope, used func(*expr.Path, bool) *expr.Problem, next func(field string)) {
	compiler := func() *expr.Compiler {
		return &expr.Compiler{Prog: &a.Program, Scope: sc, Tables: b.Tables, Helpers: b.Helpers, Used: used}
	}
	sc = sc.Inner()
	for _, l := range s.Let {
		if l.Value.Node == nil || !b.LetFree(sc, l) {
			continue
		}
		next("")
		x, p := compiler().Compile(l.Value.Text, false)
		if p != nil {
			b.Expression(l.Value, p)
			sc.Names[l.Key] = expr.Binding{Eval: func(*expr.Env) value.Value { return value.Missing }}
			continue
		}
		found := new(bool)
		b.Named(l, found)
		sc.Names[l.Key] = expr.Binding{Path: x.Path, Source: x.Source, Uses: x.Uses, Depth: x.Depth, Own: x.Own, May: x.Outcome(), Found: found}
		if x.Path == nil {
			bind := sc.Names[l.Key]
			bind.Eval = x.Eval
			sc.Names[l.Key] = bind
		}
	}
	if s.When != nil && s.When.Node != nil {
		comp := compiler()
		x, p := comp.Whole(s.When.Text)
		if p == nil {
			p = comp.Rehearse("the condition", expr.IsTrue, x)
		}
		if a.When = &x; p != nil {
			b.Expression(*s.When, p)
		}
		if s.Each == nil {
			b.Report(s.Node.KeyProblem("when", CodeAnswer, "when tells which items of each are decisions", "of a database the query says so, in its where"))
		}
	}
	for _, f := range s.Fields {
		if f.Value.Node == nil {
			continue
		}
		next(f.Key)
		x, p := compiler().Whole(f.Value.Text)
		if p != nil {
			b.Expression(f.Value, p)
			x = expr.Nothing // its name is known all the same
		} else if a.Files {
			b.answerPath(s, f.Value, x.Source)
		}
		a.Fields = append(a.Fields, answers.Field{Name: f.Key, X: x})
	}
}

// statements refuses what would do nothing, or too much.
func (b *Loader) statements(s *source.Answer, a *answers.Section) {
	for _, x := range [][2]string{{"query", s.Query}, {"mark", s.Mark}, {"again", s.Again}} {
		if x[1] != "" && len(answers.WordsOf(x[1])) == 0 {
			b.Report(s.Node.ValueProblem(x[0], CodeAnswer, x[0]+" holds nothing but comments: it would do nothing", "write the statement itself"))
			return
		}
		if second := connectors.Second(x[1]); second >= 0 {
			n, _ := s.Node.Get(x[0])
			b.Report(n.ProblemAt(second, CodeAnswer, x[0]+" is more than one statement: only the first would be looked at", "write one statement; what else is to be done belongs to a procedure or a trigger"))
			return
		}
	}
	words, told := answers.WordsOf(s.Mark), []string{a.Status, s.Reason}
	named := slices.ContainsFunc(connectors.Places(s.Mark), func(p connectors.Place) bool { return !foldedIn(told, p.Name) || foldedIn(s.ID, p.Name) })
	switch {
	case len(words) == 0:
	case len(connectors.Places(s.Mark)) == 0:
		b.Report(s.Node.ValueProblem("mark", CodeAnswer, "mark has no place such as :ID for a column of the row: it would mark every row", ""))
	case (words[0] == "update" || words[0] == "delete") && !slices.Contains(words, "where"):
		b.Report(s.Node.ValueProblem("mark", CodeAnswer, "mark has no where: it would mark every row", "add where ID = :ID, with the columns that name the row"))
	case !named:
		b.Report(s.Node.ValueProblem("mark", CodeAnswer, "mark finds its row by nothing but what the result says, which other rows say too: they would be marked unread", "add where ID = :ID, with the columns that name the row"))
	}
}

// documentNames checks the names by which a front office gets documents.
func (b *Loader) documentNames(s *source.Answer) {
	for i, d := range s.Documents {
		if d.Named != "" {
			if d.Name != "" {
				b.Report(s.Node.Below("documents", i, "named").Problem(CodeAnswer, "a document has either name or named", ""))
			}
			continue
		}
		if why := d.Wrong(); why != "" {
			b.Report(s.Node.Below("documents", i, "name").Problem(CodeAnswer, why, "such as {name: permit.pdf, type: application/pdf}"))
		}
	}
}

func (b *Loader) answerFiles(s *source.Answer, a *answers.Section) {
	b.Choice([]any{"answer", "format"}, s.Format, source.AnswerFormats())
	if s.Each != nil && len(s.ID) == 0 {
		b.Report(s.Node.KeyProblem("each", source.CodeMissingKey, "an answer file of many decisions needs id: fields that name each of them for life", ""))
	}
	if s.Query != "" || s.Mark != "" || s.Again != "" {
		b.Report(s.Node.Problem(CodeAnswer, "query, mark and again belong to a database, file, format and fields to answer files", ""))
	}
	if s.File != "" {
		re, err := regexp.Compile("^(?:" + s.File + ")$")
		if err != nil {
			b.Report(s.Node.ValueProblem("file", CodeAnswer, "this regular expression cannot be read", ""))
		}
		a.Name = re
	}
	a.Format, a.Options = s.Format, decode.Options{Lists: s.Lists}
	if s.CSV != nil {
		a.Options.CSV.CSVOptions = *s.CSV
	}
	a.Options.CSV.Single = s.Each == nil
	sc := &expr.Scope{Names: map[string]expr.Binding{
		"content": {Path: (&expr.Path{Slot: -1}).Child(expr.Step{Name: "content", Loop: -1})},
		"file":    {Path: (&expr.Path{Slot: -1}).Child(expr.Step{Name: "file", Loop: -1})},
	}}
	if s.Each != nil && s.Each.Node != nil {
		sc = b.answerEach(s, a, sc)
	}
	b.computed(s, a, sc, b.answerUsed(s, a), func(string) {})
}

// answerEach compiles NAME in LIST, and returns the scope of one item.
func (b *Loader) answerEach(s *source.Answer, a *answers.Section, sc *expr.Scope) *expr.Scope {
	name, rest, from := expr.ReadEach(s.Each.Text)
	if name == "" {
		b.Report(s.Each.Node.Problem(expr.CodeSyntax, "each is written NAME in LIST, such as line in content.lines", ""))
		return sc
	}
	if !b.Free(sc, name, s.Each.Node) {
		return sc
	}
	list, p := (&expr.Compiler{Prog: &a.Program, Scope: sc, Tables: b.Tables, Helpers: b.Helpers}).Compile(rest, false)
	if p == nil && decode.FormatNamed(s.Format).Reads("lists") && list.Path != nil && !slices.Contains(s.Lists, strings.TrimPrefix(list.Path.Dotted(), "content.")) {
		p = &expr.Problem{Code: mapping.CodeList, Message: list.Path.Dotted() + " is not declared under answer.lists: with one element only it would not be a list"}
	}
	if used := b.answerUsed(s, a); p == nil && used != nil && list.Path != nil {
		p = used(list.Path, false)
	}
	if p != nil {
		p.From += from
		b.Expression(*s.Each, p)
		list = expr.Nothing // its name is known all the same
	}
	l := a.Program.Loop(list, 0)
	a.Each = &l
	return sc.Items(name, l)
}

// answerUsed checks what an answer reads of a file's name and of the rows of a CSV file; nil: nothing is checked.
func (b *Loader) answerUsed(s *source.Answer, a *answers.Section) func(*expr.Path, bool) *expr.Problem {
	if b.Pinned {
		return nil
	}
	names := []string{"name"}
	if a.Name != nil {
		names = append(names, a.Name.SubexpNames()...)
	}
	return func(p *expr.Path, _ bool) *expr.Problem {
		switch abs := p.Abs; {
		case len(abs) < 2 || abs[1].Name == "":
		case abs[0].Name == "file" && !slices.Contains(names, abs[1].Name):
			return &expr.Problem{Code: CodeAnswer, Message: fmt.Sprintf("answer.file has no group %q", abs[1].Name), Suggestion: diag.DidYouMean(abs[1].Name, names)}
		case abs[0].Name == "content" && s.Format == "csv" && s.Each != nil:
			return &expr.Problem{Code: mapping.CodeList, Message: "the content of a CSV file is the list of its lines", Suggestion: "each: line in content"}
		}
		return nil
	}
}

// answerPath checks a field of a CSV file whose columns the mapping names.
func (b *Loader) answerPath(s *source.Answer, x source.Expression, p *expr.Path) {
	if s.Format != "csv" || s.CSV == nil || len(s.CSV.Columns) == 0 || p == nil || b.Pinned {
		return
	}
	name, under := strings.CutPrefix(p.Dotted(), "content.")
	if under && !slices.Contains(s.CSV.Columns, name) {
		b.Report(x.Node.Problem(CodeAnswer, fmt.Sprintf("answer.csv.columns has no %q", name), diag.DidYouMean(name, s.CSV.Columns)))
	}
}

// outcomes reads {STATUS: {A: approved}}.
func (b *Loader) outcomes(s *source.Answer, a *answers.Section) {
	n := s.Outcome
	if n == nil {
		return
	}
	if n.Kind != diag.Map || len(n.Pairs) != 1 || n.Pairs[0].Value.Kind != diag.Map {
		b.Report(n.Problem(CodeAnswer, "write the column and what each status means, such as {STATUS: {A: approved, R: refused}}", ""))
		return
	}
	a.Status, a.Outcomes = n.Pairs[0].Key, map[string]string{}
	for _, p := range n.Pairs[0].Value.Pairs {
		if !source.Names.MatchString(p.Value.Text) {
			b.Report(p.Value.Problem(CodeAnswer, "an outcome is a word of small letters, such as approved or refused", ""))
		}
		if near := diag.Suggest(p.Value.Text, answers.Words); near != "" && near != p.Value.Text && !b.Pinned {
			b.Warn(p.Value.Problem(CodeAnswer, fmt.Sprintf("the front office is told %q, which is nearly a word that it knows", p.Value.Text), diag.DidYouMean(p.Value.Text, answers.Words)))
		}
		a.Outcomes[p.Key] = p.Value.Text
	}
}

// ignored refuses what would do nothing.
func (b *Loader) ignored(s *source.Answer) {
	files := ofFiles(s)
	report := func(given bool, key, message string) {
		if given {
			b.Report(s.Node.KeyProblem(key, CodeAnswer, message, "remove it"))
		}
	}
	report(s.CSV != nil && s.Format != "csv", "csv", "csv belongs to answer files in csv")
	report(len(s.Lists) > 0 && s.Format != "xml", "lists", "lists belong to answer files in xml")
	report(files && s.Every != 0, "every", "every belongs to a database; how often a folder is looked at stands in the configuration")
	if s.Format == "csv" && s.CSV != nil {
		_, err := decode.CSV(nil, *s.CSV, decode.Limits{})
		var e *decode.Error
		if errors.As(err, &e) && (e.Code == decode.CodeFormat || e.Code == decode.CodeCharset) {
			b.Report(s.Node.ValueProblem("csv", CodeAnswer, "no answer file can be read like this: "+e.Message, ""))
		}
	}
}

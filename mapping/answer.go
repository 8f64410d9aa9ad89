package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
)

// answer is the compiled answer section.
type answer struct {
	from     string
	question connectors.Question
	files    bool
	name     *regexp.Regexp
	format   string
	options  decode.Options
	prog     expr.Program
	each     *expr.Loop    // of files: one result for each item
	fields   []answerField // of files
	match    []answerField // on the submission's side
	id       []string
	status   string
	outcomes map[string]string
	caseNo   string
	reason   string
	docs     []documentSpec
	names    []connectors.Named // columns that are read from a row, of a query
}

type answerField struct {
	name string
	x    expr.Compiled
}

// answer compiles the answer section.
func (b *builder) answer() {
	s := b.spec.Answer
	if s == nil || s.node == nil {
		return
	}
	a := &answer{from: s.From, files: s.File != "" || s.Format != "" || len(s.Fields) > 0 || s.Each != nil, caseNo: s.Case, reason: s.Reason, docs: s.Documents, id: s.ID}
	if b.cat != nil && s.From != "" {
		b.checkSource(s, a)
	}
	if a.files {
		b.answerFiles(s, a)
	} else {
		b.answerQuery(s, a)
	}
	b.outcomes(s, a)
	sc := b.scopeFor(-1)
	for _, m := range s.Match {
		if x, ok := b.value(sc, m.Value, ""); ok {
			a.match = append(a.match, answerField{m.Key, x})
		}
	}
	for _, n := range a.reads() {
		if n.name != "" && !slices.Contains(a.question.Reads, n.name) {
			a.question.Reads = append(a.question.Reads, n.name)
		}
	}
	if !a.files {
		a.names = columnsRead(s, a)
	}
	b.answerNames(s, a)
	b.plan.answer = a
}

// answerNames checks that what the section reads of a result is there, as far as that can be told without one.
func (b *builder) answerNames(s *answerSpec, a *answer) {
	if b.pinned() {
		return // what was checked by an earlier version goes on
	}
	if !a.files {
		b.queryNames(s, a)
		return
	}
	known := s.Fields.Keys()
	if a.name != nil {
		known = append(known, a.name.SubexpNames()...)
	}
	for _, n := range a.reads() {
		if n.name == "" || slices.Contains(known, n.name) {
			continue
		}
		p := valueProblem(s.node, n.key, CodeAnswer, fmt.Sprintf("neither fields nor a group of the file's name gives %q", n.name))
		p.Suggestion = diag.DidYouMean(n.name, known)
		b.report(p)
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

// readName is a column or field that a key of the section reads.
type readName struct{ key, name string }

// reads lists what the section reads of a result.
func (a *answer) reads() (list []readName) {
	for _, n := range a.id {
		list = append(list, readName{"id", n})
	}
	for _, m := range a.match {
		list = append(list, readName{"match", m.name})
	}
	list = append(list, readName{"outcome", a.status}, readName{"case", a.caseNo}, readName{"reason", a.reason})
	for _, d := range a.docs {
		list = append(list, readName{"documents", d.From})
	}
	return list
}

func (b *builder) checkSource(s *answerSpec, a *answer) {
	info, ok := b.cat.Target(s.From)
	if ok && !info.Results && !a.files {
		b.report(valueProblem(s.node, "from", CodeAnswer, fmt.Sprintf("target %q cannot be asked for results", s.From)))
	}
	if !ok && !a.files {
		p := valueProblem(s.node, "from", CodeUnknownTarget, fmt.Sprintf("the configuration has no target %q", s.From))
		p.Suggestion = diag.DidYouMean(s.From, b.cat.Targets())
		b.report(p)
	}
}

// hasPlace finds a place for a column of the row.
var hasPlace = regexp.MustCompile(`(?:^|[^:]):[A-Za-z_]`)

// asksSince finds the place of a query that is asked again after a restore.
var asksSince = regexp.MustCompile(`(?i):since\b`)

func (b *builder) answerQuery(s *answerSpec, a *answer) {
	for _, need := range [][2]string{{"query", s.Query}, {"mark", s.Mark}, {"id", strings.Join(s.ID, ",")}} {
		if need[1] == "" {
			b.report(s.node.Problem(CodeMissingKey, "an answer from a database needs "+need[0], ""))
		}
	}
	if s.Mark != "" && !b.pinned() && !hasPlace.MatchString(s.Mark) {
		b.report(valueProblem(s.node, "mark", CodeAnswer, "mark has no place such as :ID for a column of the row: it would mark every row"))
	}
	if s.Again != "" && !asksSince.MatchString(s.Again) {
		b.report(s.node.KeyProblem("again", CodeAnswer, "again needs the place :since, as in ... where SENT >= :since", ""))
	}
	a.question = connectors.Question{Query: s.Query, ID: s.ID, Mark: s.Mark, Again: s.Again, Every: s.Every}
	for _, d := range s.Documents {
		a.question.Binary = append(a.question.Binary, d.From)
	}
}

func (b *builder) answerFiles(s *answerSpec, a *answer) {
	b.choice([]any{"answer", "format"}, s.Format, answerFormats())
	if s.Each != nil && len(s.ID) == 0 {
		b.report(s.node.KeyProblem("each", CodeMissingKey, "an answer file of many decisions needs id: fields that name each of them for life", ""))
	}
	if s.Query != "" || s.Mark != "" || s.Again != "" {
		b.report(s.node.Problem(CodeAnswer, "query, mark and again belong to a database, file, format and fields to answer files", ""))
	}
	if s.File != "" {
		re, err := regexp.Compile("^(?:" + s.File + ")$")
		if err != nil {
			b.report(valueProblem(s.node, "file", CodeAnswer, "this regular expression cannot be read"))
		}
		a.name = re
	}
	a.format, a.options = s.Format, decode.Options{Lists: s.Lists}
	if s.CSV != nil {
		a.options.CSV = *s.CSV
	}
	a.options.CSV.Single = s.Each == nil
	sc := &expr.Scope{Names: map[string]expr.Binding{
		"content": {Path: (&expr.Path{Slot: -1}).Child(expr.Step{Name: "content", Loop: -1})},
		"file":    {Path: (&expr.Path{Slot: -1}).Child(expr.Step{Name: "file", Loop: -1})},
	}}
	if s.Each != nil && s.Each.node != nil {
		sc = b.answerEach(s, a, sc)
	}
	for _, f := range s.Fields {
		if f.Value.node == nil {
			continue
		}
		c := &expr.Compiler{Prog: &a.prog, Scope: sc, Tables: b.tables}
		x, p := c.Whole(f.Value.text)
		if p != nil {
			b.expressionProblem(f.Value, p)
			continue
		}
		b.answerPath(s, f.Value, x.Source)
		a.fields = append(a.fields, answerField{f.Key, x})
	}
}

// answerEach compiles NAME in LIST, and returns the scope of one item.
func (b *builder) answerEach(s *answerSpec, a *answer, sc *expr.Scope) *expr.Scope {
	name, rest, from := expr.ReadEach(s.Each.text)
	if name == "" {
		b.report(s.Each.node.Problem(expr.CodeSyntax, "each is written NAME in LIST, such as line in content.lines", ""))
		return sc
	}
	if !b.freeAt(sc, name, s.Each.node) {
		return sc
	}
	list, p := (&expr.Compiler{Prog: &a.prog, Scope: sc, Tables: b.tables}).Compile(rest, false)
	if p == nil && decode.FormatNamed(s.Format).Reads("lists") && list.Path != nil && !slices.Contains(s.Lists, strings.TrimPrefix(list.Path.Dotted(), "content.")) {
		p = &expr.Problem{Code: CodeList, Message: list.Path.Dotted() + " is not declared under answer.lists: with one element only it would not be a list"}
	}
	if p != nil {
		p.From += from
		b.expressionProblem(*s.Each, p)
		return sc
	}
	l := a.prog.Loop(list, 0)
	a.each = &l
	return sc.Items(name, l)
}

// answerPath checks a field of a CSV file whose columns the mapping names.
func (b *builder) answerPath(s *answerSpec, x exprText, p *expr.Path) {
	if s.Format != "csv" || s.CSV == nil || len(s.CSV.Columns) == 0 || p == nil || b.pinned() {
		return
	}
	name, under := strings.CutPrefix(p.Dotted(), "content.")
	if under && !slices.Contains(s.CSV.Columns, name) {
		b.report(x.node.Problem(CodeAnswer, fmt.Sprintf("answer.csv.columns has no %q", name), diag.DidYouMean(name, s.CSV.Columns)))
	}
}

// outcomes reads {STATUS: {A: approved}}.
func (b *builder) outcomes(s *answerSpec, a *answer) {
	n := s.Outcome
	if n == nil {
		return
	}
	if n.Kind != diag.Map || len(n.Pairs) != 1 || n.Pairs[0].Value.Kind != diag.Map {
		b.report(n.Problem(CodeAnswer, "write the column and what each status means, such as {STATUS: {A: approved, R: refused}}", ""))
		return
	}
	a.status, a.outcomes = n.Pairs[0].Key, map[string]string{}
	for _, p := range n.Pairs[0].Value.Pairs {
		if !mappingNames.MatchString(p.Value.Text) {
			b.report(p.Value.Problem(CodeAnswer, "an outcome is a word of small letters, such as approved or refused", ""))
		}
		a.outcomes[p.Key] = p.Value.Text
	}
}

// Question is how the target is to be asked for results; false where the mapping has no answer section or takes
// answer files. from is the target, or the entry of the configuration's results, in both cases.
func (p *Plan) Question() (from string, q connectors.Question, ok bool) {
	if p.answer == nil {
		return "", connectors.Question{}, false
	}
	return p.answer.from, p.answer.question, !p.answer.files
}

// HasAnswer tells whether the mapping says how results are read, and whether they are files.
func (p *Plan) HasAnswer() (answers, files bool) {
	return p.answer != nil, p.answer != nil && p.answer.files
}

const keySeparator = "\x1f"

// MatchKey is what a result of this submission will have as Decision.MatchKey; false while a value is not known.
func (p *Plan) MatchKey(f Form, in expr.Input, returned map[string]connectors.Value) (string, bool) {
	if p.answer == nil || len(p.answer.match) == 0 {
		return "", false
	}
	in.Returned = returned
	e := expr.NewEnv(&p.prog, f, &in)
	defer e.Free()
	var parts []string
	for _, m := range p.answer.match {
		v := m.x.Eval(e)
		s, ok := matchText(v)
		if e.Err != nil || len(e.Needs) > 0 || !ok {
			return "", false
		}
		parts = append(parts, m.name+"="+s)
	}
	return strings.Join(parts, keySeparator), true
}

// matchText is a value as both sides write it: without blanks that a CHAR column adds, numbers without zeros that say nothing.
func matchText(v expr.Value) (string, bool) {
	s, ok := v.Text()
	if !ok || v.Absent() {
		return "", false
	}
	s = strings.TrimSpace(s)
	if v.Kind == expr.KindDecimal && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s, s != "" && !strings.Contains(s, keySeparator) // a hostile form must not look like two values
}

// Package load makes plans of mapping files: it reads one with what lies beside it, and reports everything that is wrong with it, and what may go
// wrong for some forms, before a form comes.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	slashpath "path"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/source"
	"github.com/inbasket/inbasket/mapping/uses"
)

// Mapping reads and checks a mapping; name is its path in fsys, and the files it names are read beside it. The error is
// diag.Problems with everything that is wrong.
func Mapping(fsys fs.FS, name string, cat Catalog) (*mapping.Plan, error) {
	f := source.Folder(fsys, name)
	b := &builder{files: f, cat: cat, label: name, samples: func(rel string) ([]byte, error) { return f.From(rel) }}
	return b.load()
}

// Bundle makes the plan of a pinned mapping again, without a file system.
func Bundle(bundle []byte, cat Catalog) (*mapping.Plan, error) {
	f, err := source.Open(bundle)
	if err != nil {
		return nil, err
	}
	return (&builder{files: f, cat: cat, label: f.Main}).load()
}

// builder turns the file into a plan and collects problems.
type builder struct {
	files    *source.Files
	label    string
	cat      Catalog
	samples  func(name string) ([]byte, error) // nil in a bundle
	file     *diag.File
	spec     source.Mapping
	plan     *mapping.Parts
	problems diag.Problems
	tables   map[string]*helpers.Table
	layouts  map[string]*encode.Layout
	known    *schema.Schema // what check knows of forms: their schema, or without one what their format makes
	root     *expr.Scope
	fields   *uses.Fields // which of the form's are used
	ignores  []ignored
	named    []named
	reads    map[string]int      // dotted path to the line of the first expression that reads it
	line     int                 // of the expression that is compiled
	lists    map[string]bool     // XML: declared lists
	single   map[string][]string // of formats that have lists: ways to what is used as one value; listed: as a list
	listed   map[string]bool
	own      map[string]*expr.Own
	waits    map[string]map[string]bool     // target to the targets whose values it needs
	inside   map[*mapping.Write]*expr.Scope // what is known within each of its records
}

// pinned tells a mapping that submissions were accepted with: what a later version refuses in new ones it must not refuse
// in that.
func (b *builder) pinned() bool { return b.samples == nil }

func (b *builder) report(p diag.Problem) { b.problems = append(b.problems, p) }

func (b *builder) load() (*mapping.Plan, error) {
	if !b.read() {
		return nil, b.problems
	}
	broken := len(b.problems) > 0
	b.tables, b.layouts, b.fields = map[string]*helpers.Table{}, map[string]*encode.Layout{}, &uses.Fields{}
	b.reads = map[string]int{}
	b.lists, b.listed, b.single, b.waits = map[string]bool{}, map[string]bool{}, map[string][]string{}, map[string]map[string]bool{}
	b.inside = map[*mapping.Write]*expr.Scope{}
	b.plan = &mapping.Parts{Name: b.spec.Mapping, Version: b.spec.Version, Format: b.spec.Input.Format, Tests: b.spec.Tests, Order: map[string]expr.Compiled{},
		Layouts: map[string]*encode.Layout{}}
	b.input()
	for _, l := range b.spec.Lookups {
		b.lookup(l.Key, l.Value)
	}
	for _, l := range b.spec.Layouts {
		b.layout(l.Key, l.Value)
	}
	b.names()
	b.require()
	b.writes()
	b.searchKeys()
	b.answer()
	b.words()
	if !b.pinned() {
		b.expected()
		b.places()
	}
	if !broken && !b.doubtful() {
		b.forgotten()
		b.idle()
	}
	if len(b.problems) > 0 {
		b.problems.Sort()
		return nil, b.problems
	}
	b.singles()
	b.plan.Bundle = b.files.Bytes()
	b.plan.Digest = source.Digest(b.plan.Bundle)
	return b.plan.Plan(), nil
}

// read reads the file with the parts that it uses. Without a block of keys there is nothing else to find out.
func (b *builder) read() bool {
	src, err := b.files.Read(b.files.Main)
	if err != nil {
		b.problems = diag.Problems{{File: b.label, Line: 1, Column: 1, Code: CodeFile, Message: source.Message(err)}}
		return false
	}
	b.file, b.problems = diag.Parse(b.label, src)
	for i := range b.problems {
		if p := &b.problems[i]; p.Code == diag.CodeSyntax && p.Suggestion == "" {
			p.Suggestion = diag.FlowHint(p.Source, p.Column)
		}
	}
	if len(b.problems) > 0 && b.file.Root().Kind != diag.Map {
		return false
	}
	b.uses()
	b.problems = append(b.problems, b.file.Decode(&b.spec)...)
	return true
}

// Source reads a mapping as it stands, with the parts that it uses, for editors. It has what can be read where something is wrong.
func Source(fsys fs.FS, name string) (source.Mapping, diag.Problems) {
	b := &builder{files: source.Folder(fsys, name), label: name}
	b.read()
	return b.spec, b.problems
}

// readFile reads a file that lies beside the one in which n names it, and returns its name beside the mapping; the error is fit for a message.
func (b *builder) readFile(n *diag.Node, name string) (string, []byte, error) {
	if !source.PlainName(name) {
		return "", nil, errors.New("the name must be relative to the file it stands in, with / between folders")
	}
	if !n.In(b.file) {
		name = slashpath.Join(slashpath.Dir(n.File()), name)
	}
	raw, err := b.files.Read(name)
	if err != nil {
		return "", nil, errors.New(source.Message(err))
	}
	return name, raw, nil
}

// input checks name, version and the input section.
func (b *builder) input() {
	s := &b.spec
	if s.Mapping != "" && !source.Names.MatchString(s.Mapping) {
		b.report(b.file.Problem(expr.CodeValue, "a mapping's name is made of small letters, digits, dots and hyphens, at most 64", "", "mapping"))
	}
	if _, there := b.file.Root().Get("version"); there && s.Version < 1 {
		b.report(b.file.Problem(expr.CodeValue, "a version is a whole number from 1", "", "version"))
	}
	b.choice([]any{"input", "format"}, s.Input.Format, decode.All())
	b.choice([]any{"nothing"}, s.Nothing, []string{"park", "allow"})
	b.plan.Nothing, b.plan.ParksUnknown = s.Nothing == "allow", s.Input.Unknown == "park"
	b.choice([]any{"input", "unused"}, s.Input.Unused, []string{"error", "allow"})
	b.choice([]any{"input", "unknown"}, s.Input.Unknown, []string{"park", "allow"})
	b.plan.Options = s.Input.Options
	b.plan.Options.Limits = s.Input.Limits.Limits
	b.plan.Program.Budget = s.Input.Limits.Budget()
	for _, l := range s.Input.Lists {
		b.lists[strings.TrimPrefix(l, "form.")] = true
	}
	b.shape()
	if !b.pinned() {
		b.readable()
		b.ignored()
	}
	types := decode.FormatNamed(s.Input.Format).Types(b.plan.Options)
	b.known = schema.OfFormat(types)
	if s.Input.Schema == "" {
		return
	}
	if _, _, err := b.readFile(b.file.Root(), s.Input.Schema); err != nil {
		b.report(b.file.Problem(schema.CodeSchema, err.Error(), "", "input", "schema"))
		return
	}
	check, err := schema.New(s.Input.Schema, b.files.Read, types)
	var bad *schema.Problem
	if errors.As(err, &bad) {
		b.schemaProblem(*bad)
		return
	}
	if err != nil {
		b.report(b.file.Problem(schema.CodeSchema, err.Error(), "", "input", "schema"))
		return
	}
	b.plan.Schema, b.known = check, check
	if !b.pinned() {
		for _, p := range check.Problems() {
			b.schemaProblem(p)
		}
	}
}

// choice checks a setting that takes one of some words; "" is the default.
func (b *builder) choice(at []any, word string, words []string) {
	if word == "" || slices.Contains(words, word) {
		return
	}
	b.report(b.file.Problem(expr.CodeValue, fmt.Sprintf("%q is not one of %s", word, strings.Join(words, ", ")), diag.DidYouMean(word, words), at...))
}

// names sets up the outermost scope: form, submission, attachments and let; then reference and ignore.
func (b *builder) names() {
	b.root = expr.FormScope().Inner()
	b.sequences()
	b.ownHelpers()
	b.lets(b.root, b.spec.Let, "", nil)
	if x := b.spec.Input.Reference; x != nil && x.Node != nil {
		b.reference(*x)
	}
	b.same()
	b.filesOfForms()
	for _, x := range b.spec.Ignore {
		b.ignore(x)
	}
}

// reference reads the expression by which a form is known when it comes again.
func (b *builder) reference(x source.Expression) {
	comp := b.compiler(x, b.root, "")
	c, p := comp.Whole(x.Text)
	if p != nil {
		b.expressionProblem(x, p)
		return
	}
	b.warn(x, comp)
	b.plan.Refer, b.plan.Refers = &c, b.whole(x.Text)
	if b.pinned() {
		return
	}
	if comp.Late {
		b.report(x.Node.Problem(expr.CodeConstant, "the reference is told before there is a submission: submission and attachments are not known there, and would differ each time that the form comes again", "name a field, such as form.reference"))
		return
	}
	b.rehearse(x, c, "the reference", expr.WholeText)
	switch o := c.Outcome(); {
	case o.All && len(o.More) > 0:
		b.plan.Warnings = append(b.plan.Warnings, x.Node.Problem(expr.CodeNever, "the reference has a few values only, which other forms have too: every later one is a conflict", "name a field that tells forms apart, such as form.reference"))
	case len(o.More) == 0 && len(o.Known) > 0:
		b.report(x.Node.Problem(expr.CodeConstant, "the reference does not depend on the form: every form after the first would be a conflict", "name a field, such as form.reference"))
	}
}

// let adds a name to a scope; slots of lets that must be computed anew for each record are added to anew.
func (b *builder) let(s *expr.Scope, l diag.Entry[source.Expression], target string, anew *[]int) {
	if l.Value.Node == nil {
		return
	}
	if !b.free(s, l) {
		return
	}
	comp := b.compiler(l.Value, s, target)
	x, p := comp.Compile(l.Value.Text, false)
	b.warn(l.Value, comp)
	if p != nil {
		b.expressionProblem(l.Value, p)
		s.Names[l.Key] = expr.Binding{Eval: func(*expr.Env) value.Value { return value.Missing }}
		return
	}
	if x.Path != nil {
		if p := b.use(x.Path, false); p != nil {
			b.expressionProblem(l.Value, p)
		}
		s.Names[l.Key] = expr.Binding{Path: x.Path, Depth: x.Depth}
		return
	}
	slot := b.plan.Program.Slot()
	if anew != nil {
		*anew = append(*anew, slot)
	}
	may := x.Outcome()
	s.Names[l.Key] = expr.Binding{Uses: x.Uses, Source: x.Source, May: may, Depth: x.Depth, Own: x.Own, Yes: x.Yes, No: x.No, Under: x.Under, Term: x.Term, Late: comp.Late, Eval: expr.Remembered(slot, x.Eval, handlesNull.MatchString(b.whole(l.Value.Text)))}
}

// free reports a name that cannot be given: no identifier, or taken further out.
func (b *builder) free(s *expr.Scope, l diag.Entry[source.Expression]) bool {
	name := l.Key
	if !expr.WordPattern.MatchString(name) || expr.Reserved[name] {
		b.report(l.Value.Node.At(l.Line, l.Column, expr.CodeValue, "a name is made of letters, digits and _, and is no word of the language", ""))
		return false
	}
	_, taken := s.Find(name)
	if taken {
		b.report(l.Value.Node.At(l.Line, l.Column, CodeShadow, fmt.Sprintf("%q is already the name of something else here", name), ""))
	}
	return !taken
}

// compiler is for one expression; what it reads of the form is read in its line.
func (b *builder) compiler(x source.Expression, s *expr.Scope, target string) *expr.Compiler {
	if x.Node != nil {
		b.line = x.Node.Line
	}
	return &expr.Compiler{Prog: &b.plan.Program, Scope: s, Target: target, Tables: b.tables, Helpers: b.own, Used: b.use, Within: b.within, Listed: b.asList, May: b.outcome, Never: b.known.NeverThere, Strict: !b.pinned()}
}

// value compiles an expression whose value is used whole.
func (b *builder) value(s *expr.Scope, x source.Expression, target string) (expr.Compiled, bool) {
	if x.Node == nil {
		return expr.Compiled{}, false
	}
	comp := b.compiler(x, s, target)
	c, p := comp.Whole(x.Text)
	if p != nil {
		b.expressionProblem(x, p)
		return expr.Compiled{}, false
	}
	b.warn(x, comp)
	return c, true
}

// condition compiles when, which some form must make true; so is what follows where none does.
func (b *builder) condition(s *expr.Scope, x source.Expression, target, so string) (expr.Compiled, bool) {
	if x.Node == nil {
		return expr.Compiled{}, false
	}
	comp := b.compiler(x, s, target)
	c, p := comp.Whole(x.Text)
	if p == nil && !b.pinned() && c.Const != nil && (c.Const.Absent() || *c.Const == value.Bool(false)) {
		b.warnAt(x, "this is never true; so "+so, "")
	}
	if p == nil {
		p = comp.Rehearse("the condition", expr.IsTrue, c)
	}
	if yes, _ := c.Needs(); p == nil && !b.pinned() {
		if why := b.known.Never(yes); why != "" {
			p = &expr.Problem{Code: expr.CodeNever, Message: "this is never true: " + why}
			if len(comp.Dead) > 0 {
				p = &comp.Dead[0]
			}
			p.Message += "; so " + so
		}
	}
	if p != nil {
		b.expressionProblem(x, p)
		return expr.Compiled{}, false
	}
	b.warn(x, comp)
	return c, true
}

// warn keeps what may fail for some forms.
func (b *builder) warn(x source.Expression, c *expr.Compiler) {
	for _, p := range slices.Concat(c.Warned, c.Dead) {
		b.plan.Warnings = append(b.plan.Warnings, b.problemAt(x, &p))
	}
	c.Warned, c.Dead = nil, nil
}

// expressionProblem reports p at its place in the expression.
func (b *builder) expressionProblem(x source.Expression, p *expr.Problem) {
	b.report(b.problemAt(x, p))
}

// torn tells whether an expression looks like the first half of one.
func torn(text string) bool {
	return strings.Count(text, "(") != strings.Count(text, ")") || strings.Count(text, "[") != strings.Count(text, "]") || strings.Count(text, `"`)%2 != 0
}

// asked is a suggestion that is a word as a question.
func asked(suggestion string) string {
	if expr.WordPattern.MatchString(suggestion) {
		return "did you mean " + strconv.Quote(suggestion) + "?"
	}
	return suggestion
}

func (b *builder) problemAt(x source.Expression, p *expr.Problem) diag.Problem {
	offset := 0
	for i := range x.Text {
		if p.From == 0 {
			offset = i
			break
		}
		p.From--
		offset = len(x.Text)
	}
	prob := x.Node.ProblemAt(offset, p.Code, p.Message, asked(p.Suggestion))
	if p.Code == expr.CodeSyntax && strings.Contains(prob.Source, " #") && !strings.Contains(x.Text, "#") {
		prob.Suggestion = "in YAML a # after a blank begins a comment: write .field instead of #.field, or put quotes around the expression"
	}
	if p.Code == expr.CodeSyntax && prob.Suggestion == "" && torn(x.Text) {
		prob.Suggestion = diag.FlowHint(prob.Source, x.Node.Column)
	}
	return prob
}

package mapping

import (
	"errors"
	"fmt"
	slashpath "path"
	"regexp"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
)

// answer is the compiled answer section.
type answer struct {
	from     string
	question connectors.Question
	files    bool
	name     *regexp.Regexp
	format   string
	options  decode.Options
	prog     program
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
	x    cx
}

// Decision is what a result means.
type Decision struct {
	MatchKey   string // equals Plan.MatchKey of the submission it belongs to
	ID         string // the result's own identity where the mapping makes it of fields; else the source's
	Outcome    string // as the mapping's outcome section says, such as approved
	Status     string // the legacy system's word
	CaseNumber string
	Reason     string
	Documents  []connectors.Attachment
}

// UnknownStatus says that a result has a status that the mapping gives no meaning.
type UnknownStatus struct{ Status string }

// Error does not show the status, because a legacy system may write anything there.
func (e *UnknownStatus) Error() string {
	return "the result has a status that the mapping does not know; add it to answer.outcome"
}

// ErrAnswer says that a result cannot be read; what wraps it says why, without content.
var ErrAnswer = errors.New("the result cannot be read")

// answer compiles the answer section.
func (b *builder) answer() {
	s := b.spec.Answer
	if s == nil || s.node == nil {
		return
	}
	a := &answer{from: s.From, files: s.File != "" || s.Format != "" || len(s.Fields) > 0, caseNo: s.Case, reason: s.Reason, docs: s.Documents, id: s.ID}
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
	if a.files {
		known := s.Fields.Keys()
		if a.name != nil {
			known = append(known, a.name.SubexpNames()...)
		}
		for _, m := range s.Match {
			b.answerColumn(s, m.Key, known, "match")
		}
		b.answerColumn(s, a.status, known, "outcome")
		b.answerColumn(s, a.caseNo, known, "case")
		b.answerColumn(s, a.reason, known, "reason")
	} else {
		a.names = columnsRead(s, a)
		b.queryNames(s, a)
	}
	b.plan.answer = a
}

func (b *builder) answerColumn(s *answerSpec, name string, known []string, key string) {
	if name == "" || hasWord(known, name) {
		return
	}
	p := valueProblem(s.node, key, CodeAnswer, fmt.Sprintf("neither fields nor a group of the file's name gives %q", name))
	p.Suggestion = diag.DidYouMean(name, known)
	b.report(p)
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

// asksSince finds the place of a query that is asked again after a restore.
var asksSince = regexp.MustCompile(`(?i):since\b`)

func (b *builder) answerQuery(s *answerSpec, a *answer) {
	for _, need := range [][2]string{{"query", s.Query}, {"mark", s.Mark}, {"id", first(s.ID, "")}} {
		if need[1] == "" {
			b.report(s.node.Problem(CodeMissingKey, "an answer from a database needs "+need[0], ""))
		}
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
	b.choice([]any{"answer", "format"}, s.Format, []string{"json", "xml", "csv", "none"})
	if s.Query != "" || s.Mark != "" || s.Again != "" {
		b.report(s.node.Problem(CodeAnswer, "query, mark and again belong to a database, file, format and fields to answer files", ""))
	}
	if len(s.Documents) > 0 {
		b.report(s.node.KeyProblem("documents", CodeAnswer, "documents of answer files are the files beside them", ""))
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
		a.options.CSV = s.CSV.options()
	}
	a.options.CSV.Single = true
	sc := &scope{names: map[string]binding{
		"content": {path: (&path{slot: -1}).child(seg{name: "content", loop: -1})},
		"file":    {path: (&path{slot: -1}).child(seg{name: "file", loop: -1})},
	}}
	for _, f := range s.Fields {
		if f.Value.node == nil {
			continue
		}
		c := &compiler{prog: &a.prog, scope: sc, tables: b.tables}
		x, p := c.value(f.Value.text)
		if p != nil {
			b.expressionProblem(f.Value, p)
			continue
		}
		a.fields = append(a.fields, answerField{f.Key, x})
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
func (p *Plan) MatchKey(f Form, in Input, returned map[string]connectors.Value) (string, bool) {
	if p.answer == nil || len(p.answer.match) == 0 {
		return "", false
	}
	in.Returned = returned
	e := newEnv(&p.prog, f, &in)
	defer e.free()
	var parts []string
	for _, m := range p.answer.match {
		v := m.x.ev(e)
		s, ok := matchText(v)
		if e.err != nil || len(e.needs) > 0 || !ok {
			return "", false
		}
		parts = append(parts, m.name+"="+s)
	}
	return strings.Join(parts, keySeparator), true
}

// matchText is a value as both sides write it: without blanks that a CHAR column adds, numbers without zeros that say nothing.
func matchText(v value) (string, bool) {
	s, ok := v.text()
	if !ok || v.absent() {
		return "", false
	}
	s = strings.TrimSpace(s)
	if v.k == kDec && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s, s != "" && !strings.Contains(s, keySeparator) // a hostile form must not look like two values
}

// Answer reads a result. Errors are *UnknownStatus, which still comes with the rest of the decision, or wrap ErrAnswer.
func (p *Plan) Answer(r connectors.Result) (Decision, error) {
	a := p.answer
	if a == nil {
		return Decision{}, fmt.Errorf("%w: the mapping has no answer section", ErrAnswer)
	}
	get := func(name string) value { return column(r.Fields, name) }
	if a.files {
		fields, err := a.file(r)
		if err != nil {
			return Decision{}, err
		}
		get = func(name string) value { return fields[name] }
	}
	d := Decision{ID: r.ID, Documents: r.Documents}
	var parts []string
	for _, m := range a.match {
		s, ok := matchText(get(m.name))
		if !ok {
			return d, fmt.Errorf("%w: it has no value for %s", ErrAnswer, m.name)
		}
		parts = append(parts, m.name+"="+s)
	}
	d.MatchKey = strings.Join(parts, keySeparator)
	a.identity(&d, get)
	d.Status, _ = matchText(get(a.status))
	d.CaseNumber, _ = matchText(get(a.caseNo))
	d.Reason, _ = matchText(get(a.reason))
	if err := a.documents(&d, get); err != nil {
		return d, err
	}
	outcome, ok := a.outcomes[d.Status]
	if !ok {
		return d, &UnknownStatus{d.Status}
	}
	d.Outcome = outcome
	return d, nil
}

func (a *answer) identity(d *Decision, get func(string) value) {
	if !a.files || len(a.id) == 0 {
		return
	}
	var parts []string
	for _, n := range a.id {
		s, ok := matchText(get(n))
		if !ok {
			return
		}
		parts = append(parts, s)
	}
	d.ID = strings.Join(parts, keySeparator)
}

// documents takes documents out of a row's binary columns.
func (a *answer) documents(d *Decision, get func(string) value) error {
	for _, doc := range a.docs {
		v := get(doc.From)
		if v.absent() {
			continue
		}
		blob, ok := v.x.(*connectors.Blob)
		if v.k == kText {
			b := connectors.BytesBlob([]byte(v.s))
			blob, ok = &b, true
		}
		if !ok || blob == nil {
			return fmt.Errorf("%w: %s holds no document", ErrAnswer, doc.From)
		}
		d.Documents = append(d.Documents, connectors.Attachment{Name: doc.Name, ContentType: typeOf(doc), Blob: *blob})
	}
	return nil
}

// typeOf does without the machine's own table of types, which differs from place to place.
func typeOf(d documentSpec) string {
	if d.Type != "" {
		return d.Type
	}
	types := map[string]string{".pdf": "application/pdf", ".xml": "application/xml", ".json": "application/json", ".txt": "text/plain; charset=utf-8",
		".html": "text/html; charset=utf-8", ".csv": "text/csv", ".png": "image/png", ".jpg": "image/jpeg", ".tif": "image/tiff", ".zip": "application/zip"}
	if t, ok := types[strings.ToLower(slashpath.Ext(d.Name))]; ok {
		return t
	}
	return "application/octet-stream"
}

// column finds a row's column; databases differ in the case of names.
func column(fields map[string]connectors.Value, name string) value {
	if name == "" {
		return missing
	}
	if v, ok := fields[name]; ok {
		return fromConnector(v)
	}
	for k, v := range fields {
		if strings.EqualFold(k, name) {
			return fromConnector(v)
		}
	}
	return missing
}

// file computes the fields of an answer file from its name and content.
func (a *answer) file(r connectors.Result) (map[string]value, error) {
	groups := map[string]any{"name": r.File}
	fields := map[string]value{}
	if a.name != nil {
		m := a.name.FindStringSubmatch(r.File)
		if m == nil {
			return nil, fmt.Errorf("%w: its name does not fit answer.file", ErrAnswer)
		}
		for i, n := range a.name.SubexpNames() {
			if n != "" {
				groups[n] = m[i]
				fields[n] = textValue(m[i])
			}
		}
	}
	form := map[string]any{"file": groups}
	if a.format != "" && a.format != "none" {
		content, err := decode.Decode(a.format, r.Content, a.options)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		form["content"] = content
	}
	e := newEnv(&a.prog, form, &Input{})
	defer e.free()
	for _, f := range a.fields {
		v := f.x.ev(e)
		if e.err != nil {
			return nil, fmt.Errorf("%w: %s: %s", ErrAnswer, f.name, e.err.message)
		}
		fields[f.name] = v
	}
	return fields, nil
}

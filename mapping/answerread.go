package mapping

import (
	"cmp"
	"errors"
	"fmt"
	slashpath "path"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
)

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

// Reading is one decision of a result, or why it cannot be read. With *UnknownStatus and *MissingDocument comes the rest
// of the decision; every other error is an ErrAnswer.
type Reading struct {
	Decision
	Line  int    // of an answer file with many decisions, from 1; 0: the result is one decision
	Where string // in words, the part of an answer file with many decisions that it is of
	Whole bool   // it is a file of many decisions that cannot be read at all
	Bare  bool   // it says nothing of documents: no files lie beside the answer file, and the mapping does not ask for any
	Err   error
}

// MissingName says that a name of the answer section is not in the result: not empty, but not there at all. Either the
// mapping or the source is wrong, and nothing may be told or marked.
type MissingName struct {
	Key  string // of the answer section
	Name string // the column or field
	File bool
}

// Error names both, which are the mapping's own words.
func (e *MissingName) Error() string {
	if e.File {
		return fmt.Sprintf("answer.%s reads %s, and the answer file has nothing there", e.Key, e.Name)
	}
	return fmt.Sprintf("answer.%s reads the column %s, and the query does not give it", e.Key, e.Name)
}

// Unwrap makes it an ErrAnswer.
func (e *MissingName) Unwrap() error { return ErrAnswer }

// MissingDocument says that a document that an answer file names does not lie beside it.
type MissingDocument struct{ Name string }

// Error names the file, as the office called it.
func (e *MissingDocument) Error() string {
	return "the document " + e.Name + " does not lie beside the answer file"
}

// UnknownStatus says that a result has a status that the mapping gives no meaning.
type UnknownStatus struct{ Status string }

// Error does not show the status, because a legacy system may write anything there.
func (e *UnknownStatus) Error() string {
	return "the result has a status that the mapping does not know; add it to answer.outcome"
}

// ErrAnswer says that a result cannot be read; what wraps it says why, without content.
var ErrAnswer = errors.New("the result cannot be read")

// ErrUnnamed is an ErrAnswer: a document lies beside a file of many decisions, and none of them names it.
var ErrUnnamed = fmt.Errorf("%w: no line of the answer file names this document beside it", ErrAnswer)

// Meaning is what the mapping's outcome says of a status.
func (p *Plan) Meaning(status string) (outcome string, ok bool) {
	if p.answer == nil {
		return "", false
	}
	outcome, ok = p.answer.outcomes[status]
	return outcome, ok
}

// Answer reads a result that is one decision.
func (p *Plan) Answer(r connectors.Result) (Decision, error) {
	list := p.Answers(r)
	if len(list) != 1 {
		return Decision{}, fmt.Errorf("%w: it holds %d decisions", ErrAnswer, len(list))
	}
	return list[0].Decision, list[0].Err
}

// Answers reads all decisions of a result: one of a row, and of an answer file one or, with each, many.
func (p *Plan) Answers(r connectors.Result) []Reading {
	whole := Decision{ID: r.ID, Documents: r.Documents}
	a := p.answer
	if a == nil {
		return []Reading{{Decision: whole, Err: fmt.Errorf("%w: the mapping has no answer section", ErrAnswer)}}
	}
	if !a.files {
		whole.Documents = nil
		return []Reading{a.reading(whole, nil, func(name string) value { return column(r.Fields, name) })}
	}
	unreadable := func(err error) []Reading {
		one := Reading{Decision: whole, Err: err}
		if one.Whole = a.each != nil; one.Whole {
			one.Where = "the answer file " + r.File
		}
		return []Reading{one}
	}
	f, err := a.open(r)
	if err != nil {
		return unreadable(err)
	}
	if a.each == nil {
		one := f.reading(r.ID, nil)
		one.Documents = append(one.Documents, f.beside.left()...)
		one.Bare = len(a.docs) == 0 && len(one.Documents) == 0
		return []Reading{one}
	}
	list, err := f.items()
	if err != nil {
		return unreadable(err)
	}
	return f.each(r, list)
}

// ReadsMany tells whether the mapping reads many decisions out of one answer file.
func (p *Plan) ReadsMany() bool { return p.answer != nil && p.answer.each != nil }

// each reads all decisions of a file, and what no decision can be made of: lines and documents.
func (f *answerFile) each(r connectors.Result, list value) []Reading {
	id, of := r.ID, " of the file "+r.File
	out := make([]Reading, 0, list.length()+len(f.bad)+1)
	for i := range list.length() {
		one := f.reading(fmt.Sprintf("%s#%d", id, i+1), func(e *env) {
			e.slots[f.a.each.item], e.slots[f.a.each.index] = list.item(i), intValue(int64(i))
		})
		one.Line, one.Where = i+1, fmt.Sprintf("entry %d", i+1)+of
		if f.a.each.list.dotted() == "content" && i < len(f.lines) {
			one.Where = fmt.Sprintf("line %d", f.lines[i]) + of
		}
		out = append(out, one)
	}
	for _, b := range f.bad {
		where := fmt.Sprintf("line %d", b.From) + of
		if b.To > b.From {
			where = fmt.Sprintf("lines %d to %d", b.From, b.To) + of
		}
		out = append(out, Reading{Decision: Decision{ID: fmt.Sprintf("%s#line %d", id, b.From)}, Line: b.From, Where: where, Err: fmt.Errorf("%w: %w", ErrAnswer, b.Err)})
	}
	for _, d := range f.beside.left() { // each on its own: they may be of different people
		out = append(out, Reading{Decision: Decision{ID: id + "#document " + d.Name, Documents: []connectors.Attachment{d}}, Err: ErrUnnamed})
	}
	return out
}

// reading makes a decision of what get gives. beside are the files beside an answer file; nil: it is a row.
func (a *answer) reading(d Decision, beside *beside, get func(string) value) Reading {
	fail := func(err error) Reading { return Reading{Decision: d, Err: err} }
	nameless := a.identity(&d, get)
	for _, n := range a.reads() {
		if n.name != "" && get(n.name).k == kMissing {
			return fail(&MissingName{Key: n.key, Name: n.name, File: beside != nil})
		}
	}
	if nameless != nil {
		return fail(nameless)
	}
	var parts []string
	for _, m := range a.match {
		s, ok := matchText(get(m.name))
		if !ok {
			return fail(fmt.Errorf("%w: it has no value for %s", ErrAnswer, m.name))
		}
		parts = append(parts, m.name+"="+s)
	}
	d.MatchKey = strings.Join(parts, keySeparator)
	d.Status, _ = matchText(get(a.status))
	d.CaseNumber, _ = matchText(get(a.caseNo))
	d.Reason, _ = matchText(get(a.reason))
	absent, err := a.documents(&d, beside, get)
	if err != nil {
		return fail(err)
	}
	outcome, ok := a.outcomes[d.Status]
	d.Outcome = outcome
	switch {
	case absent != nil:
		return fail(absent)
	case !ok:
		return fail(&UnknownStatus{d.Status})
	}
	return Reading{Decision: d}
}

// identity names the decision of an answer file by its fields. Among many, none goes by its place in the file.
func (a *answer) identity(d *Decision, get func(string) value) error {
	if !a.files {
		return nil
	}
	var parts []string
	for _, n := range a.id {
		s, ok := matchText(get(n))
		if !ok && a.each != nil {
			return fmt.Errorf("%w: it has no value for %s, which names it", ErrAnswer, n)
		}
		if !ok {
			return nil // the file's own identity holds
		}
		parts = append(parts, s)
	}
	if len(parts) > 0 {
		d.ID = strings.Join(parts, keySeparator)
	}
	return nil
}

// documents takes documents out of a row's binary columns, or finds the files that fields name. absent is the first
// that does not lie there.
func (a *answer) documents(d *Decision, beside *beside, get func(string) value) (absent *MissingDocument, err error) {
	for _, doc := range a.docs {
		v := get(doc.From)
		if v.absent() {
			continue
		}
		if beside != nil {
			name, _ := matchText(v)
			if name == "" {
				continue
			}
			file, ok := beside.take(name)
			if !ok && absent == nil {
				absent = &MissingDocument{Name: name}
			}
			if ok {
				d.Documents = append(d.Documents, connectors.Attachment{Name: doc.Name, ContentType: typeOf(doc), Blob: file.Blob})
			}
			continue
		}
		blob, ok := v.x.(*connectors.Blob)
		if v.k == kText {
			b := connectors.BytesBlob([]byte(v.s))
			blob, ok = &b, true
		}
		if !ok || blob == nil {
			return nil, fmt.Errorf("%w: %s holds no document", ErrAnswer, doc.From)
		}
		d.Documents = append(d.Documents, connectors.Attachment{Name: doc.Name, ContentType: typeOf(doc), Blob: *blob})
	}
	return absent, nil
}

// beside are the files beside an answer file, and which of them a decision has named.
type beside struct {
	files []connectors.Attachment
	taken []bool
}

// take finds a file by the name that the office wrote, which may be a path on another machine.
func (b *beside) take(name string) (connectors.Attachment, bool) {
	name = name[strings.LastIndexAny(name, `/\\`)+1:]
	for _, same := range []func(string) bool{func(s string) bool { return s == name }, func(s string) bool { return strings.EqualFold(s, name) }} {
		for i, f := range b.files {
			if same(f.Name) {
				b.taken[i] = true
				return f, true
			}
		}
	}
	return connectors.Attachment{}, false
}

// left are the files that no decision named.
func (b *beside) left() (list []connectors.Attachment) {
	for i, f := range b.files {
		if !b.taken[i] {
			list = append(list, f)
		}
	}
	return list
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

// answerFile is an answer file as its decisions are read from it.
type answerFile struct {
	a      *answer
	form   map[string]any   // content and file
	groups map[string]value // of the name
	beside *beside
	lines  []int            // of a CSV file with many decisions: where each row begins
	bad    []decode.BadLine // and what is no row
}

// open reads the name and the content.
func (a *answer) open(r connectors.Result) (*answerFile, error) {
	names := map[string]any{"name": r.File}
	f := &answerFile{a: a, form: map[string]any{"file": names}, groups: map[string]value{},
		beside: &beside{files: r.Documents, taken: make([]bool, len(r.Documents))}}
	if a.name != nil {
		m := a.name.FindStringSubmatch(r.File)
		if m == nil {
			return nil, fmt.Errorf("%w: its name does not fit answer.file", ErrAnswer)
		}
		for i, n := range a.name.SubexpNames() {
			if n != "" {
				names[n], f.groups[n] = m[i], textValue(m[i])
			}
		}
	}
	if a.format == "csv" && a.each != nil {
		rows, lines, bad, err := decode.CSVLines(r.Content, a.options.CSV, a.options.Limits)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		f.form["content"], f.lines, f.bad = rows, lines, bad
		return f, nil
	}
	if a.format != "" && a.format != "none" {
		content, err := decode.Decode(a.format, r.Content, a.options)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		f.form["content"] = content
	}
	return f, nil
}

// items is the list that each goes through.
func (f *answerFile) items() (value, error) {
	e := newEnv(&f.a.prog, f.form, &Input{})
	defer e.free()
	list := f.a.each.list.ev(e)
	switch {
	case e.err != nil:
		return missing, fmt.Errorf("%w: each: %s", ErrAnswer, e.err.message)
	case list.k == kMissing:
		return missing, &MissingName{Key: "each", Name: f.a.each.list.dotted(), File: true}
	case list.k != kList:
		return missing, fmt.Errorf("%w: each needs a list, and %s is %s", ErrAnswer, f.a.each.list.dotted(), kindWord(list.k))
	}
	return list, nil
}

// reading computes the fields of one decision; at sets the item that it is about.
func (f *answerFile) reading(id string, at func(*env)) Reading {
	e := newEnv(&f.a.prog, f.form, &Input{})
	defer e.free()
	if at != nil {
		at(e)
	}
	fields := map[string]value{}
	var failed error
	for _, x := range f.a.fields {
		fields[x.name] = x.x.ev(e)
		if e.err != nil {
			failed = cmp.Or(failed, fmt.Errorf("%w: %s: %s", ErrAnswer, x.name, e.err.message))
			fields[x.name], e.err = null, nil // so that its identity is still known
		}
	}
	one := f.a.reading(Decision{ID: id}, f.beside, func(name string) value {
		if v, ok := fields[name]; ok {
			return v
		}
		return f.groups[name]
	})
	one.Err = cmp.Or(failed, one.Err)
	return one
}

// dotted is a plain path as it is written.
func (x cx) dotted() string {
	if x.path == nil {
		return "its list"
	}
	return x.path.dotted()
}

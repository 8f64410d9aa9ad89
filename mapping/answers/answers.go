// Package answers reads what a back office says of submissions, in rows or in files, by the compiled answer section of a mapping.
package answers

import (
	"cmp"
	"errors"
	"fmt"
	slashpath "path"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
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
	from       []string // names of the files beside that they are, as long as their digests are not known
}

// source tells two documents of one name apart.
func (d Decision) source(i int) string {
	if i < len(d.from) {
		return d.from[i]
	}
	return d.Documents[i].Name
}

// Reading is one decision of a result, or why it cannot be read. With *UnknownStatus, *MissingDocument and *Untold comes the rest
// of the decision; every other error is an ErrAnswer, with what could be read all the same.
type Reading struct {
	Decision
	Line  int    // of an answer file with many decisions, from 1; 0: the result is one decision
	Where string // in words, the part of an answer file with many decisions that it is of
	Whole bool   // it is a file of many decisions that cannot be read at all
	Bare  bool   // it says nothing of documents: no files lie beside the answer file, and the mapping does not ask for any
	Err   error
}

// Same tells whether two readings say the same.
func (r Reading) Same(o Reading) bool {
	documents := len(r.Documents) == len(o.Documents)
	for i := 0; documents && i < len(r.Documents); i++ {
		a, b := r.Documents[i], o.Documents[i]
		known := a.Blob.Digest != connectors.Digest{}
		documents = a.Name == b.Name && a.Blob.Digest == b.Blob.Digest && (known || r.source(i) == o.source(i))
	}
	why := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	return documents && r.MatchKey == o.MatchKey && r.Status == o.Status && r.CaseNumber == o.CaseNumber && r.Reason == o.Reason && why(r.Err) == why(o.Err)
}

// MissingName says that a name of the answer section is not in the result: not empty, but not there at all. Either the
// mapping or the source is wrong, and nothing may be told or marked.
type MissingName struct {
	Key  string // of the answer section
	Name string // the column or field
	File bool
	Near string // what the file has there, which differs by nothing but capitals and blanks
}

// Error names both, which are the mapping's own words.
func (e *MissingName) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("answer.%s reads %s, and the answer file has %s there", e.Key, e.Name, strings.TrimSpace(e.Near))
	}
	if e.File {
		return fmt.Sprintf("answer.%s reads %s, and the answer file has nothing there", e.Key, e.Name)
	}
	return fmt.Sprintf("answer.%s reads the column %s, and the query does not give it", e.Key, e.Name)
}

// Unwrap makes it an ErrAnswer.
func (e *MissingName) Unwrap() error { return ErrAnswer }

// MissingDocument says that a document that an answer file names does not lie beside it, or whose it is cannot be told.
type MissingDocument struct {
	Name   string
	Shared bool // decisions about several cases name it
}

// Error names the file, as the office called it.
func (e *MissingDocument) Error() string {
	if e.Shared {
		return "decisions about several cases name the document " + e.Name + ": whose it is cannot be told"
	}
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

// Read reads all decisions of a result: one of a row, and of an answer file one or, with each, many.
func (a *Section) Read(r connectors.Result) []Reading {
	whole := Decision{ID: r.ID, Documents: r.Documents}
	if a == nil {
		return []Reading{{Decision: whole, Err: fmt.Errorf("%w: the mapping has no answer section", ErrAnswer)}}
	}
	if !a.Files {
		return []Reading{a.row(r)}
	}
	unreadable := func(err error) []Reading {
		one := Reading{Decision: whole, Err: err}
		if one.Whole = a.Each != nil; one.Whole {
			one.Where = "the answer file " + r.File
		}
		return []Reading{one}
	}
	f, err := a.open(r)
	if err != nil {
		return unreadable(err)
	}
	if a.Each == nil {
		one := f.reading(r.ID, nil)
		one.Documents = append(one.Documents, f.beside.left()...)
		one.Bare = len(a.Documents) == 0 && len(one.Documents) == 0
		return []Reading{one}
	}
	list, err := f.items()
	if err != nil {
		return unreadable(err)
	}
	return f.each(r, list)
}

// typeOf does without the machine's own table of types, which differs from place to place.
func typeOf(d Document) string {
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

// row reads the decision of a row.
func (a *Section) row(r connectors.Result) Reading {
	get := func(name string) value.Value { return column(r.Fields, name) }
	columns := make(map[string]any, len(a.Columns))
	for _, name := range a.Columns {
		v := get(name)
		if v.Kind == value.KindMissing {
			return Reading{Decision: Decision{ID: r.ID}, Err: &MissingName{Key: "fields", Name: name}}
		}
		columns[name] = v
	}
	f := &answerFile{a: a, form: map[string]any{"row": columns}, other: get}
	return f.reading(r.ID, nil)
}

// column finds a row's column; databases differ in the case of names.
func column(fields map[string]connectors.Value, name string) value.Value {
	if name == "" {
		return value.Missing
	}
	if v, ok := fields[name]; ok {
		return value.FromConnector(v)
	}
	for k, v := range fields {
		if strings.EqualFold(k, name) {
			return value.FromConnector(v)
		}
	}
	return value.Missing
}

// answerFile is an answer file as its decisions are read from it.
type answerFile struct {
	a      *Section
	form   map[string]any                // content and file
	groups map[string]value.Value        // of the name
	other  func(name string) value.Value // what is no field: a group of the name, or a column
	beside *beside
	lines  []int            // of a CSV file with many decisions: where each row begins
	bad    []decode.BadLine // and what is no row
	header []string         // of one that has nothing else
}

// open reads the name and the content.
func (a *Section) open(r connectors.Result) (*answerFile, error) {
	names := map[string]any{"name": r.File}
	f := &answerFile{a: a, form: map[string]any{"file": names}, groups: map[string]value.Value{},
		beside: &beside{files: r.Documents, named: make([][]string, len(r.Documents))}}
	f.other = func(name string) value.Value { return f.groups[name] }
	if a.Name != nil {
		m := a.Name.FindStringSubmatch(r.File)
		if m == nil {
			return nil, fmt.Errorf("%w: its name does not fit answer.file", ErrAnswer)
		}
		for i, n := range a.Name.SubexpNames() {
			if n != "" {
				names[n], f.groups[n] = m[i], value.Text(m[i])
			}
		}
	}
	if a.Format == "csv" && a.Each != nil {
		columns, rows, lines, bad, err := decode.CSVLines(r.Content, a.Options.CSV.CSVOptions, a.Options.Limits)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		f.form["content"], f.lines, f.bad = rows, lines, bad
		if len(rows) == 0 {
			f.header = columns
		}
		return f, nil
	}
	if a.Format != "" && a.Format != "none" {
		content, err := decode.Decode(a.Format, r.Content, a.Options)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
		}
		f.form["content"] = content
	}
	return f, nil
}

// reading computes the fields of one decision; at sets the item that it is about.
func (f *answerFile) reading(id string, at func(*expr.Env)) Reading {
	e := expr.NewEnv(&f.a.Program, f.form, &expr.Input{})
	defer e.Free()
	if at != nil {
		at(e)
	}
	fields := map[string]value.Value{}
	var failed error
	for _, x := range f.a.Fields {
		fields[x.Name] = x.X.Eval(e)
		if e.Err != nil {
			failed = cmp.Or(failed, fmt.Errorf("%w: %s: %s", ErrAnswer, x.Name, e.Err.Message))
			fields[x.Name], e.Err = value.Null, nil // so that its identity is still known
		} else if near := f.near(e, x, fields[x.Name]); f.beside != nil && near != nil {
			failed = cmp.Or(failed, error(near))
		}
	}
	one := f.a.reading(Decision{ID: id}, f.beside, func(name string) value.Value {
		if v, ok := fields[name]; ok {
			return v
		}
		return f.other(name)
	})
	one.Err = cmp.Or(failed, one.Err)
	return one
}

// lineByLine reads the decisions of a file.
func (f *answerFile) lineByLine(r connectors.Result, list value.Value) []Reading {
	out := make([]Reading, 0, list.Length()+len(f.bad)+1)
	for i := range list.Length() {
		yes, err := f.decides(func(e *expr.Env) { f.a.Each.At(e, list.Item(i), i) })
		if !yes && err == nil {
			continue
		}
		one := f.reading(fmt.Sprintf("%s#%d", r.ID, i+1), func(e *expr.Env) {
			f.a.Each.At(e, list.Item(i), i)
		})
		one.Line, one.Where = i+1, fmt.Sprintf("entry %d", i+1)+" of the file "+r.File
		if f.a.Each.List.Dotted() == "content" && i < len(f.lines) {
			one.Where = fmt.Sprintf("line %d", f.lines[i]) + " of the file " + r.File
		}
		one.Err = cmp.Or(err, one.Err)
		out = append(out, one)
	}
	return out
}

// decides tells whether an item is a decision.
func (f *answerFile) decides(at func(*expr.Env)) (bool, error) {
	if f.a.When == nil {
		return true, nil
	}
	e := expr.NewEnv(&f.a.Program, f.form, &expr.Input{})
	defer e.Free()
	at(e)
	yes := e.Truth(f.a.When.Eval(e))
	if e.Err != nil {
		return true, fmt.Errorf("%w: when: %s", ErrAnswer, e.Err.Message)
	}
	return yes, nil
}

// each reads all decisions of a file, and what no decision can be made of: lines and documents.
func (f *answerFile) each(r connectors.Result, list value.Value) []Reading {
	id, of := r.ID, " of the file "+r.File
	out := f.lineByLine(r, list)
	if f.beside.share() {
		out = f.lineByLine(r, list)
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

// Keys are what a test may expect of a decision.
var Keys = []string{"id", "match", "outcome", "status", "case", "reason", "documents", "error"}

// Told is a part of what a decision says, as a test writes it.
func (r Reading) Told(key string) (string, bool) {
	names := make([]string, len(r.Documents))
	for i, d := range r.Documents {
		names[i] = d.Name
	}
	why := ""
	if r.Err != nil {
		why = r.Err.Error()
	}
	plainly := strings.NewReplacer(Separator, ", ")
	got, known := map[string]string{"id": plainly.Replace(r.ID), "match": plainly.Replace(r.MatchKey), "outcome": r.Outcome, "status": r.Status,
		"case": r.CaseNumber, "reason": r.Reason, "documents": strings.Join(names, ", "), "error": why}[key]
	return got, known
}

// Package cases runs the tests that a mapping file brings: sample forms and answer files, and what is expected of them.
package cases

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	slashpath "path"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// Result is the outcome of one case of a mapping's own tests.
type Result struct {
	Name  string   `json:"name"`
	Line  int      `json:"line"` // of the case in the mapping
	OK    bool     `json:"ok"`
	Diffs []string `json:"diffs,omitempty"` // one for each difference: write[record].FIELD: want, have
}

// received is when test submissions seem to have come in.
var received = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Run runs the mapping's own tests. Forms and expected files are read from fsys, beside the mapping.
func Run(p *mapping.Plan, fsys fs.FS) []Result {
	return slices.AppendSeq(make([]Result, 0, len(p.Cases())), Each(p, fsys))
}

// Each is Run case by case, for who measures how long each takes.
func Each(p *mapping.Plan, fsys fs.FS) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		for _, t := range p.Cases() {
			r := Result{Name: cmp.Or(t.Name, t.Form, t.Answer), Line: t.Line}
			for _, d := range runTest(p, fsys, t) {
				r.Diffs = append(r.Diffs, d.text)
			}
			r.OK = len(r.Diffs) == 0
			if !yield(r) {
				return
			}
		}
	}
}

// difference is one, with what would make it none where the case could say something else.
type difference struct {
	text  string
	node  *diag.Node       // the expected value
	value connectors.Value // what it would be
	file  string           // with expected bytes
	bytes []byte           // what they would be
}

func plain(texts ...string) (diffs []difference) {
	for _, t := range texts {
		diffs = append(diffs, difference{text: t})
	}
	return diffs
}

// runTest returns what differs.
func runTest(p *mapping.Plan, fsys fs.FS, t source.Case) []difference {
	if t.Answer != "" {
		return plain(runAnswer(p, fsys, t)...)
	}
	if wrong := misnamed(p, t); len(wrong) > 0 {
		return plain(wrong...)
	}
	raw, err := fs.ReadFile(fsys, slashpath.Clean(t.Form))
	if err != nil {
		return plain("form: " + source.Message(err))
	}
	attached, err := attachments(fsys, t)
	if err != nil {
		return plain(err.Error())
	}
	m, keys, err := try(p, raw, t, attached, nil)
	var wrong *mapping.MapError
	switch {
	case errors.As(err, &wrong) && t.ExpectError != nil:
		return plain(compareError(t.ExpectError, wrong.Fields)...)
	case errors.As(err, &wrong):
		var diffs []string
		for _, f := range wrong.Fields {
			diffs = append(diffs, fmt.Sprintf("the form is rejected at %s: %s (%s)", f.Pointer, f.Message, f.Code))
		}
		return plain(diffs...)
	case err != nil:
		if have := parkedBy(err); t.ExpectError != nil && t.ExpectError.Code == have.Code {
			return plain(compareError(t.ExpectError, []mapping.FieldError{have})...)
		}
		return plain("the form would be parked: " + err.Error() + " (" + parkedBy(err).Code + ")")
	case t.ExpectError != nil:
		return plain("the form is accepted, an error was expected")
	}
	return slices.Concat(compareRecords(fsys, p, t, m), compareBytes(fsys, t, m), plain(compareDocuments(t, m)...), plain(compareKeys(t, keys)...))
}

// attachments are the files that come with the form of a case.
func attachments(fsys fs.FS, t source.Case) (all []connectors.Attachment, err error) {
	for _, a := range t.Attachments {
		content, err := fs.ReadFile(fsys, slashpath.Clean(a.File))
		if err != nil {
			return nil, fmt.Errorf("attachment %s: %s", a.File, source.Message(err))
		}
		all = append(all, connectors.Attachment{Name: slashpath.Base(a.File), ContentType: a.Type, Blob: connectors.BytesBlob(content)})
	}
	return all, nil
}

// misnamed finds what a case says of writes that there are not, and so would compare nothing.
func misnamed(p *mapping.Plan, t source.Case) (wrong []string) {
	writes := p.Returning()
	names := slices.Sorted(maps.Keys(writes))
	unknown := func(key, name, has string, known []string) {
		if !slices.Contains(known, name) {
			wrong = append(wrong, strings.TrimSpace(fmt.Sprintf("%s: %s %q; %s", key, has, name, diag.DidYouMean(name, known))))
		}
	}
	for _, w := range slices.Sorted(maps.Keys(t.Returns)) {
		if p.Many(w) {
			wrong = append(wrong, fmt.Sprintf("returns: write %s makes many records; what refers to one of them is compared with a text such as (returned %s[0].COLUMN)", w, w))
		}
		unknown("returns", w, "the mapping has no write", names)
		for _, column := range slices.Sorted(maps.Keys(t.Returns[w])) {
			if slices.Contains(names, w) {
				unknown("returns", column, "write "+w+" does not return", writes[w])
			}
		}
	}
	for _, target := range slices.Sorted(maps.Keys(t.ExpectBytes)) {
		unknown("expect-bytes", target, "the mapping has no target", p.Targets())
	}
	for _, e := range t.ExpectNames {
		unknown("expect-documents", e.Key, "the mapping has no target", p.Targets())
	}
	for _, e := range t.ExpectKeys {
		unknown("expect-keys", e.Key, "the mapping has no key", p.KeyNames())
	}
	if t.Exact && len(t.Expect) == 0 {
		wrong = append(wrong, "exact: there is nothing to compare: say it under expect")
	}
	return wrong
}

// parkedBy is the code that a form is parked by, and the field that it is about.
func parkedBy(err error) mapping.FieldError {
	var fault *mapping.Fault
	var nothing *mapping.Nothing
	var unknown *mapping.Unknown
	var foreign *mapping.NotTaken
	var de *decode.Error
	switch {
	case errors.As(err, &foreign):
		return mapping.FieldError{Code: mapping.CodeNotMine}
	case errors.As(err, &fault):
		return mapping.FieldError{Code: fault.Code(), Pointer: cmp.Or(fault.Cause.Pointer, fault.Pointer)}
	case errors.As(err, &nothing):
		return mapping.FieldError{Code: mapping.CodeNothing}
	case errors.As(err, &unknown):
		return mapping.FieldError{Code: mapping.CodeUnknown}
	case errors.As(err, &de):
		return mapping.FieldError{Code: value.CodeLimit, Pointer: de.Pointer}
	}
	return mapping.FieldError{Code: "mapping.failed"}
}

// try decodes, validates and maps one form of a test, with everything that targets return known.
func try(p *mapping.Plan, raw []byte, t source.Case, attached []connectors.Attachment, seen func(value.Place)) (*mapping.Mapped, []mapping.Key, error) {
	form, err := p.Decode(raw, "")
	var de *decode.Error
	if errors.As(err, &de) && de.Limit() == "" {
		return nil, nil, &mapping.MapError{Fields: []mapping.FieldError{{Pointer: de.Pointer, Code: de.Code, Message: de.Message}}}
	}
	if err == nil {
		err = p.Validate(form)
	}
	if err != nil {
		return nil, nil, err
	}
	in := expr.Input{ID: "0000000000001", Received: received, Attachments: append(attached, p.Carried(raw)...), Returned: map[string]connectors.Value{}}
	if in.Reference, err = p.Reference(form); err != nil {
		return nil, nil, err
	}
	for w, cols := range t.Returns {
		for c, v := range cols {
			in.Returned[w+"."+c] = value.FromNode(v).Connector()
		}
	}
	m, err := p.Watch(form, in, seen)
	if err != nil {
		return nil, nil, err
	}
	for i := range m.Deliveries {
		resolve(m.Deliveries[i].Records, in.Returned)
	}
	return m, p.Keys(form, in), nil
}

// resolve puts returned values where records refer to them, as a target does in its transaction.
func resolve(recs []connectors.Record, returned map[string]connectors.Value) {
	for _, r := range recs {
		for i, v := range r.Values {
			if known, ok := returned[v.Str]; ok && v.Kind == connectors.Reference && v.Int == 0 {
				r.Values[i] = known
			}
		}
	}
}

func compareError(want *source.ExpectedError, have []mapping.FieldError) []string {
	var near []string
	for _, f := range have {
		if (want.At == "" || want.At == f.Pointer) && (want.Code == "" || want.Code == f.Code) {
			return nil
		}
		near = append(near, f.Pointer+" ("+f.Code+")")
	}
	return []string{fmt.Sprintf("expected an error at %s %s, have %s", want.At, want.Code, strings.Join(near, ", "))}
}

func compareRecords(fsys fs.FS, p *mapping.Plan, t source.Case, m *mapping.Mapped) []difference {
	have := map[string][]connectors.Record{}
	var diffs []difference
	for _, d := range m.Deliveries {
		for _, n := range d.Needs {
			diffs = append(diffs, difference{text: fmt.Sprintf("target %s waits for %s: give it under returns", d.Target, n)})
		}
		for _, r := range d.Records {
			if r.Bare { // no record: what was there goes
				continue
			}
			have[r.Shape.Write] = append(have[r.Shape.Write], r)
		}
	}
	for _, e := range t.Expect {
		if !p.Writes(e.Key) {
			diffs = append(diffs, difference{text: e.Key + ": the mapping has no write of this name"})
			continue
		}
		recs := have[e.Key]
		if len(recs) != len(e.Value) {
			diffs = append(diffs, difference{text: fmt.Sprintf("%s: want %d records, have %d", e.Key, len(e.Value), len(recs))})
		}
		for i := range min(len(recs), len(e.Value)) {
			diffs = append(diffs, compareRecord(fsys, fmt.Sprintf("%s[%d]", e.Key, i), e.Value[i], recs[i], t.Exact)...)
		}
	}
	return diffs
}

// compareRecord compares the fields that the test names; with exact also that no other is written.
func compareRecord(fsys fs.FS, at string, want *diag.Node, r connectors.Record, exact bool) (diffs []difference) {
	if want.Kind != diag.Map {
		return plain(at + ": write the expected fields as a block")
	}
	for _, p := range want.Pairs {
		i := slices.Index(r.Shape.Fields, p.Key)
		if i < 0 {
			diffs = append(diffs, difference{text: fmt.Sprintf("%s.%s: the write has no such field", at, p.Key)})
			continue
		}
		want := wanted(p.Value)
		have := shown(r.Values[i])
		same := have == want || want == "(binary)" && r.Values[i].Kind == connectors.Binary
		if p.Value.Kind == diag.Map || p.Value.Kind == diag.List {
			m, wrong := source.MatcherOf(p.Value)
			if wrong != nil {
				diffs = append(diffs, difference{text: fmt.Sprintf("%s.%s: %s", at, p.Key, wrong.Message)})
				continue
			}
			same, want = m.Matches(r.Values[i], fsys), m.String()
		}
		if !same {
			diffs = append(diffs, difference{text: fmt.Sprintf("%s.%s: want %s, have %s", at, p.Key, want, have), node: p.Value, value: r.Values[i]})
		}
	}
	for i, f := range r.Shape.Fields {
		if _, named := want.Get(f); exact && !named && r.Values[i].Kind != connectors.Missing {
			diffs = append(diffs, difference{text: fmt.Sprintf("%s.%s: want nothing, have %s", at, f, shown(r.Values[i]))})
		}
	}
	return diffs
}

// shown and wanted write both sides alike: texts and dates in quotes, numbers and truth values without.
func shown(v connectors.Value) string {
	x := value.FromConnector(v)
	s, ok := x.Text()
	switch {
	case !ok:
		return mapping.Show(v)
	case v.Kind == connectors.Text, v.Kind == connectors.Date, v.Kind == connectors.DateTime:
		return fmt.Sprintf("%q", s)
	}
	return s
}

func wanted(n *diag.Node) string {
	switch n.Kind {
	case diag.Null:
		return "(null)"
	case diag.Text:
		if n.Text == "(missing)" || n.Text == "(null)" || strings.HasPrefix(n.Text, "(binary") || strings.HasPrefix(n.Text, "(returned ") {
			return n.Text
		}
		return fmt.Sprintf("%q", n.Text)
	}
	return n.Text
}

func compareBytes(fsys fs.FS, t source.Case, m *mapping.Mapped) (diffs []difference) {
	for _, target := range slices.Sorted(maps.Keys(t.ExpectBytes)) {
		d := difference{text: "no file is written there"}
		have, there, err := fileOf(target, m)
		switch want, missing := t.ExpectBytes[target].Read(fsys); {
		case err != nil:
			d.text = err.Error()
		case !there:
		case missing != nil:
			d = difference{text: source.Message(missing), file: t.ExpectBytes[target].File, bytes: have}
		case !bytes.Equal(want, have):
			d = difference{text: firstDifference(want, have), file: t.ExpectBytes[target].File, bytes: have}
		default:
			continue
		}
		d.text = "expect-bytes " + target + ": " + d.text
		diffs = append(diffs, d)
	}
	return diffs
}

// fileOf is the file that a target would get of this form alone; there is none where it gets rows, or nothing.
func fileOf(target string, m *mapping.Mapped) (file []byte, there bool, err error) {
	for _, d := range m.Deliveries {
		if d.Target == target && d.Layout != nil {
			file, err = d.Layout.File(encode.Header{Seq: 1, SealedAt: received, Name: "TEST"}, []encode.Piece{*d.Piece})
			return file, true, err
		}
	}
	return nil, false, nil
}

func compareDocuments(t source.Case, m *mapping.Mapped) (diffs []string) {
	for _, e := range t.ExpectNames {
		have := []string{}
		for _, d := range m.Deliveries {
			for _, f := range d.Documents {
				if d.Target == e.Key {
					have = append(have, f.Name)
				}
			}
		}
		if !slices.Equal(e.Value, have) {
			diffs = append(diffs, fmt.Sprintf("expect-documents %s: want %q, have %q", e.Key, e.Value, have))
		}
	}
	return diffs
}

// firstDifference says where two files part.
func firstDifference(want, have []byte) string {
	w, h := bytes.Split(want, []byte("\n")), bytes.Split(have, []byte("\n"))
	for i := range max(len(w), len(h)) {
		switch {
		case i >= len(w):
			return fmt.Sprintf("line %d is too much: %q", i+1, h[i])
		case i >= len(h):
			return fmt.Sprintf("line %d is missing: %q", i+1, w[i])
		case !bytes.Equal(w[i], h[i]):
			return fmt.Sprintf("line %d: want %q, have %q", i+1, w[i], h[i])
		}
	}
	return "equal"
}

// Package encode turns records into the bytes of files for legacy systems: fixed width, CSV, XML and
// JSON, strict about character set and length. What does not fit is an error, unless the layout says
// what to do; then a note says what was done. The same records always give the same bytes.
package encode

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/charset"
)

// Layout is a checked Spec. It is immutable and safe for concurrent use.
type Layout struct {
	spec     Spec
	charset  *charset.Charset
	fit      *charset.Fitter // of fields that say nothing of their own
	newline  []byte
	zone     *time.Location
	kinds    map[string]*kind  // by the write's name; "" for a layout with one kind of record
	within   map[string]string // write to the one in whose records its own stand
	header   []*line
	trailer  []*line
	totals   []string // names of the totals that header, trailer and control file show
	control  *control
	csv      csvMarks
	bindings sync.Map // *connectors.Shape → *binding; there is one shape a write of a plan
}

// Uses tells whether header or trailer have a variable.
func (l *Layout) Uses(variable string) bool {
	return slices.ContainsFunc(slices.Concat(l.header, l.trailer), func(n *line) bool {
		return slices.ContainsFunc(n.templates, func(t *Template) bool { return t != nil && t.Uses(variable) })
	})
}

// kind is one kind of record.
type kind struct {
	element string
	fields  []*field
	root    *node // of xml and json
}

// line is one line or element of header or trailer.
type line struct {
	name      string
	fields    []*field
	root      *node
	templates []*Template // one a field
}

type control struct {
	name, text *Template
}

// binding says where the values of a kind's fields stand in the records of one shape.
type binding struct {
	kind  *kind
	index []int      // into Record.Values, one a field; -1 for a fixed text
	sums  [][]string // names of the totals that a field counts for, one a field
	own   []bool     // values that the mapping or the layout gives, not the form; one a field
	err   *FieldError
}

// Piece is one delivery's part of a file.
type Piece struct {
	Body    []byte            `json:"body"`
	Records int               `json:"records"`
	Counts  map[string]int    `json:"counts,omitempty"` // records by write
	Totals  map[string]string `json:"totals,omitempty"` // exact decimals by name, as {total:NAME} says
	Notes   []Note            `json:"notes,omitempty"`  // what was changed
}

// Format returns fixed, csv, xml or json.
func (l *Layout) Format() string { return l.spec.Format }

// Charset returns the canonical name of the character set.
func (l *Layout) Charset() string { return l.charset.Name() }

// HasControl says whether the layout has a control file.
func (l *Layout) HasControl() bool { return l.control != nil }

// Fields returns the names of the fields that the layout wants of a write, in order, and false if it
// has no record for it.
func (l *Layout) Fields(write string) ([]string, bool) {
	k := l.kindOf(write)
	if k == nil {
		return nil, false
	}
	var names []string
	for _, f := range k.fields {
		if f.spec.Value == nil {
			names = append(names, f.spec.Name)
		}
	}
	return names, true
}

// Document tells whether a file is one record, in which all others stand.
func (l *Layout) Document() bool { return l.spec.XML.Document || l.spec.JSON.Style == "document" }

// Within is the write in whose records those of a write stand; "" for none.
func (l *Layout) Within(write string) string { return l.within[write] }

func (l *Layout) kindOf(write string) *kind {
	if k := l.kinds[write]; k != nil {
		return k
	}
	return l.kinds[""]
}

// bind finds the fields of a shape, once for each.
func (l *Layout) bind(s *connectors.Shape) *binding {
	if b, ok := l.bindings.Load(s); ok {
		return b.(*binding)
	}
	b := l.newBinding(s)
	l.bindings.Store(s, b)
	return b
}

func (l *Layout) newBinding(s *connectors.Shape) *binding {
	k := l.kindOf(s.Write)
	if k == nil {
		return &binding{err: &FieldError{Write: s.Write, Code: CodeWrite, Message: "the layout has no record for this write"}}
	}
	at := make(map[string]int, len(s.Fields))
	for i, name := range s.Fields {
		at[name] = i
	}
	b := &binding{kind: k, index: make([]int, len(k.fields)), sums: make([][]string, len(k.fields)), own: make([]bool, len(k.fields))}
	used := 0
	for i, f := range k.fields {
		b.index[i] = -1
		if f.spec.Value != nil {
			b.own[i] = true
			continue
		}
		j, ok := at[f.spec.Name]
		if !ok {
			return &binding{err: &FieldError{Write: s.Write, Field: f.spec.Name, Code: CodeAbsent, Message: "the layout wants this field and the write does not give it"}}
		}
		b.index[i] = j
		b.own[i] = j < len(s.Own) && s.Own[j]
		used++
		for _, t := range l.totals {
			if t == f.spec.Name || t == s.Write+"."+f.spec.Name {
				b.sums[i] = append(b.sums[i], t)
			}
		}
	}
	if used == len(s.Fields) {
		return b
	}
	for _, name := range s.Fields {
		if !k.has(name) {
			return &binding{err: &FieldError{Write: s.Write, Field: name, Code: CodeField, Message: "the layout does not have this field"}}
		}
	}
	return b
}

func (k *kind) has(name string) bool {
	for _, f := range k.fields {
		if f.spec.Value == nil && f.spec.Name == name {
			return true
		}
	}
	return false
}

// Encode encodes the records of one delivery. Errors are *FieldError. Empty records give an empty piece.
func (l *Layout) Encode(recs []connectors.Record) (Piece, error) {
	p := Piece{Records: len(recs), Counts: map[string]int{}}
	sums := map[string]*sum{}
	for _, t := range l.totals {
		sums[t] = &sum{}
	}
	var all *pile
	if len(l.within) > 0 {
		all = newPile(recs)
	}
	outer := 0
	for i, r := range recs {
		b := l.bind(r.Shape)
		if b.err != nil {
			e := *b.err
			e.Record = i
			return Piece{}, &e
		}
		p.Counts[r.Shape.Write]++
		addTotals(sums, b, r)
		if l.within[r.Shape.Write] != "" {
			continue
		}
		w := writer{layout: l, write: r.Shape.Write, record: i, notes: p.Notes, pile: all}
		var err *FieldError
		if p.Body, err = l.record(p.Body, &w, b, r, len(p.Body) > 0); err != nil {
			return Piece{}, err
		}
		p.Notes = w.notes
		if all != nil {
			all.written[i]++
		}
		if outer++; outer > 1 && l.Document() {
			return Piece{}, &FieldError{Write: r.Shape.Write, Record: i, Code: CodeWrite, Message: "a document is one record, and this is a second"}
		}
	}
	if all != nil {
		if i := slices.IndexFunc(all.written, func(n int) bool { return n != 1 }); i >= 0 {
			return Piece{}, &FieldError{Write: recs[i].Shape.Write, Record: i, Code: CodeWrite, Message: "the record stands in none of the others, or in several"}
		}
	}
	if len(sums) > 0 {
		p.Totals = make(map[string]string, len(sums))
		for t, s := range sums {
			p.Totals[t] = s.String()
		}
	}
	return p, nil
}

// addTotals adds the record's values to the sums; what is not a number was refused or is null by now.
func addTotals(sums map[string]*sum, b *binding, r connectors.Record) {
	for i, names := range b.sums {
		for _, t := range names {
			if n, ok := numberOf(r.Values[b.index[i]]); ok {
				sums[t].add(n)
			}
		}
	}
}

// values are those of a record, one a field.
func (b *binding) values(r connectors.Record) []connectors.Value {
	values := make([]connectors.Value, len(b.index))
	for i, j := range b.index {
		switch {
		case j < 0:
			values[i] = connectors.Value{Kind: connectors.Text, Str: *b.kind.fields[i].spec.Value}
		case j < len(r.Values):
			values[i] = r.Values[j]
		}
	}
	return values
}

// record appends one record in the layout's format.
func (l *Layout) record(dst []byte, w *writer, b *binding, r connectors.Record, follows bool) ([]byte, *FieldError) {
	values := b.values(r)
	switch l.spec.Format {
	case "csv":
		w.fixed = b.own
		return l.csvLine(dst, w, b.kind.fields, values)
	case "xml":
		return l.xmlRecord(dst, w, b.kind, values, l.indent())
	case "json":
		return l.jsonRecord(dst, w, b.kind, values, follows)
	default:
		return l.fixedLine(dst, w, b.kind.fields, values)
	}
}

// writer carries where an error or note belongs while one record is written.
type writer struct {
	layout *Layout
	write  string
	record int
	notes  []Note
	pile   *pile  // nil where no records stand in others
	fixed  []bool // values that do not come from the form, one a field
}

func (w *writer) own(i int) bool { return i < len(w.fixed) && w.fixed[i] }

func (w *writer) fail(f *field, code, format string, args ...any) *FieldError {
	return &FieldError{Write: w.write, Record: w.record, Field: f.name(), Code: code, Message: fmt.Sprintf(format, args...)}
}

func (w *writer) note(f *field, code, format string, args ...any) {
	w.notes = append(w.notes, Note{Write: w.write, Record: w.record, Field: f.name(), Code: code, Message: fmt.Sprintf(format, args...)})
}

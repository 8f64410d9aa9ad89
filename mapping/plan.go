// Package mapping turns forms into records by a plan, which mapping/load makes of a declarative file: load and check it once, then map form
// after form. It is pure: no clock, no I/O. A Plan may be used from many goroutines at once.
package mapping

import (
	"reflect"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/shape"
	"github.com/inbasket/inbasket/mapping/source"
	"github.com/inbasket/inbasket/mapping/uses"
)

// Form is a decoded form; Tree has what is in it: map[string]any, []any, string, json.Number, bool and nil.
type Form = any

// FieldError is one mistake of a form.
type FieldError = schema.FieldError

// MapError says that a form cannot be mapped, and why: all fields at once.
type MapError struct{ Fields []schema.FieldError }

// Error names the first field; it never holds content.
func (e *MapError) Error() string {
	if len(e.Fields) == 0 {
		return "the form cannot be mapped"
	}
	return "form field " + e.Fields[0].Pointer + ": " + e.Fields[0].Message
}

// Fault says that a form cannot be mapped though nothing in it is wrong: the mapping is, or one of its limits is too low.
type Fault struct {
	At      string            // place in the mapping: write.FIELD
	Pointer string            // field of the form that it was about; "" for none
	Cause   schema.FieldError // what went wrong
	Allowed bool              // the form's schema allows the value in so many words
	Made    bool              // the mapping made the value of what the form has
	Limit   string            // key of input.limits that is too low; "" for another fault
}

// Code is stable.
func (f *Fault) Code() string {
	if f.Limit != "" {
		return value.CodeLimit
	}
	return CodeWrong
}

// Error says what is wrong, and where; it never holds content.
func (f *Fault) Error() string {
	s := f.Cause.Message
	switch {
	case f.Limit != "":
		return strings.TrimSpace(f.At + " " + s + at(f.Pointer))
	case f.Allowed:
		s += "; the form's schema allows it"
	case f.Made:
		s += "; the mapping made it of the form's value, which is not what is wrong"
	case f.Cause.Pointer == "" && f.At != "input.csv" && f.At != "input.shape" && f.Cause.Code != expr.CodeReference:
		s += "; it does not come from the form"
	}
	if f.At != "" {
		s = f.At + ": " + s
	}
	return s + at(f.Cause.Pointer) + " [" + f.Cause.Code + "]"
}

func at(pointer string) string {
	if pointer == "" {
		return ""
	}
	return ", at " + pointer
}

// Next says what an operator does about it.
func (f *Fault) Next() string {
	if f.Limit != "" {
		return "raise input.limits." + f.Limit + " in a new version of the mapping and inbasket retry --mapping NEW, or reject"
	}
	return "mend the mapping, then inbasket retry --mapping NEW"
}

// Nothing says that a form gives nothing for any target, which the mapping does not allow: a condition that is never
// true looks just like that. It is no fault of the form.
type Nothing struct{}

// Error says so.
func (*Nothing) Error() string { return "the mapping gives nothing for any target" }

// Unknown says that a form has fields which neither the mapping nor its schema knows, and that the mapping does not let those go. It is no
// fault of the form.
type Unknown struct{ Fields []string }

// Error names the fields; it never holds content.
func (e *Unknown) Error() string {
	return "the mapping does not know these fields of the form, and nothing would be made of them: " + strings.Join(e.Fields, ", ")
}

// Input is what is known of a submission beside its form.
type Input = expr.Input

// Mapped is what a form becomes.
type Mapped struct {
	Deliveries []Delivery // one for each target, in the order of Plan.Targets
	Notes      []Note     // changes that the mapping allowed: cut, rounded, replaced
	Unknown    []string   // fields of the form that neither the mapping nor its schema knows: nothing is made of them
}

// Delivery is what one target gets of one form.
type Delivery struct {
	Target    string
	Order     string              // deliveries of equal order go in sequence; empty: any order
	Records   []connectors.Record // for databases; a child comes after its parents
	Piece     *encode.Piece       // the encoded lines for a place
	Layout    *encode.Layout      // of Piece
	Documents []connectors.File   // attachments to put beside
	Needs     []string            // "write.FIELD" of other targets that are not known yet; everything else is then nil
	Empty     bool                // nothing is to be written there
}

// Note is a change made to a value because the mapping says so.
type Note struct {
	Target       string
	Write, Field string
	Pointer      string // where the value came from
	Text         string // what was done, without content
}

// Plan is a checked mapping.
type Plan struct{ parts Parts }

// Parts is what a plan is made of. The loader fills it; who has a plan sees nothing of it.
type Parts struct {
	Name         string
	Version      int
	Format       string
	Options      decode.Options
	Shape        *shape.Shape
	Lists        []string // of the plain tree that the shape makes
	Schema       *schema.Schema
	Takes        *expr.Compiled // nil: all forms
	Refer        *expr.Compiled
	Refers       string // its text
	Writes       []*Write
	Targets      []string
	Order        map[string]expr.Compiled
	Layouts      map[string]*encode.Layout // by target
	Program      expr.Program
	Same         Sameness
	Single       [][]string   // ways to what is read as one value, and may repeat in the form
	Columns      []string     // of a CSV form that are read
	Nothing      bool         // a form may give nothing anywhere
	Fields       *uses.Fields // which fields of forms are known; nil: any may come
	ParksUnknown bool         // a form that has another one waits for a person
	Words        Words
	Rules        []Rule
	Sequences    []Sequence
	Keys         []SearchKey

	Warnings diag.Problems
	Answer   *answers.Section
	Tests    []source.Case
	Places   []Place // nil of a pinned mapping
	Bundle   []byte
	Digest   connectors.Digest
}

// Plan is the plan of these parts, which must not be changed any more.
func (p *Parts) Plan() *Plan { return &Plan{*p} }

// Parts are what the plan is made of, for proofs about it, which change nothing of it.
func (p *Plan) Parts() *Parts { return &p.parts }

// Write is one compiled entry of write.
type Write struct {
	Name, Target, Object string
	Shape                *connectors.Shape
	Above                []*Write // the writes that it is under, from the outside; it makes its records for each of theirs
	Loops                []expr.Loop
	KeyDepth             int    // of replaced children: how many loops their key hangs on
	OnMissing            string // and what a list of each that is missing does: delete, keep or error
	When                 *expr.Compiled
	Fields               []Field
	Lets                 []int // slots to compute anew for each record
	RowSlot              int   // slot of the running record number
	Document             string
}

// level is one of the writes that w is under, and itself as the last.
func (w *Write) level(i int) *Write {
	if i < len(w.Above) {
		return w.Above[i]
	}
	return w
}

// lost tells of a text with the character U+0000, which PostgreSQL refuses and no schema excludes.
func (w *Write) lost(v value.Value) bool {
	return v.Kind == value.KindText && w.Shape.Op != connectors.Put && strings.IndexByte(v.Str, 0) >= 0
}

const lost = "the text has the character U+0000, which databases do not keep"

// Depth is how many loops there are around its records.
func (w *Write) Depth() int {
	n := len(w.Loops)
	for _, a := range w.Above {
		n += len(a.Loops)
	}
	return n
}

// Field is one compiled column.
type Field struct {
	Name string
	Text string // the expression, for explain
	X    expr.Compiled
	Def  *expr.Compiled
	Type column.Type
	Bad  bool // its type is wrong, which is told
	// nullable: the mapping says what becomes of a null
	Nullable bool
}

// Name is the mapping's name.
func (p *Plan) Name() string { return p.parts.Name }

// Version is the mapping's version.
func (p *Plan) Version() int { return p.parts.Version }

// Digest is the SHA-256 of Bundle: what a submission is pinned to.
func (p *Plan) Digest() connectors.Digest { return p.parts.Digest }

// Bundle is the mapping with its schema, lookups and layouts as one string of bytes, the same for the same
// content. The caller must not change it.
func (p *Plan) Bundle() []byte { return p.parts.Bundle }

// Sequences are those of which each submission has a number.
func (p *Plan) Sequences() []Sequence { return p.parts.Sequences }

// Targets are the targets that the mapping writes to, in the order of their first write.
func (p *Plan) Targets() []string { return p.parts.Targets }

// Returning are the columns that each write returns, by its name.
func (p *Plan) Returning() map[string][]string {
	all := map[string][]string{}
	for _, w := range p.parts.Writes {
		all[w.Name] = w.Shape.Returning
	}
	return all
}

// Many tells whether a write makes a record for each of several items.
func (p *Plan) Many(write string) bool {
	return slices.ContainsFunc(p.parts.Writes, func(w *Write) bool { return w.Name == write && w.Depth() > 0 })
}

// Unchecked lists the writes whose rows the database need not write as they are sent, as write → target.table.
func (p *Plan) Unchecked() []string {
	var all []string
	for _, w := range p.parts.Writes {
		if w.Shape.Unchecked {
			all = append(all, w.Name+" → "+w.Target+"."+w.Object)
		}
	}
	return all
}

// Decode reads a form's bytes. Errors are *decode.Error, or a *Fault where it is not what input.shape names. A mapping is made
// for one format; a form of a content type that says another is not guessed at. No content type, or one that says nothing, is fine.
func (p *Plan) Decode(form []byte, contentType string) (Form, error) {
	if err := p.comesAs(contentType); err != nil {
		return nil, err
	}
	f, err := decode.Decode(p.parts.Format, form, p.parts.Options)
	if err == nil {
		err = decode.CheckCharset(p.parts.Format, form, contentType, p.parts.Options)
	}
	switch {
	case err != nil:
		return nil, err
	case p.parts.Shape == nil:
		return f, nil
	}
	s, err := p.parts.shaped(f)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Warnings are what check found that may go wrong for some forms: those are parked then.
func (p *Plan) Warnings() diag.Problems { return p.parts.Warnings }

// Format is the name of the format that forms must have.
func (p *Plan) Format() string { return p.parts.Format }

// HasReference tells whether the mapping names the sender's own reference.
func (p *Plan) HasReference() bool { return p.parts.Refer != nil }

// Selects tells whether the mapping says which forms are its own.
func (p *Plan) Selects() bool { return p.parts.Takes != nil }

// SameInput tells whether another mapping reads forms as this one does.
func (p *Plan) SameInput(o *Plan) bool {
	return p.parts.Format == o.parts.Format && p.parts.Shape == o.parts.Shape && slices.Equal(p.parts.Lists, o.parts.Lists) && reflect.DeepEqual(p.parts.Options, o.parts.Options)
}

// Takes tells whether a form is this mapping's. Errors are those of Map, and mean that nobody knows.
func (p *Plan) Takes(f Form) (bool, error) {
	if p.parts.Takes == nil {
		return true, nil
	}
	m := newMapper(&p.parts, f, expr.Input{})
	defer m.env.Free()
	yes := m.env.Truth(p.parts.Takes.Eval(m.env))
	m.failed(p.parts.Takes.Source, "input.when")
	switch {
	case m.fault != nil:
		return false, m.fault
	case len(m.errs) > 0:
		return false, &MapError{Fields: m.errs}
	}
	return yes, nil
}

// NotTaken says that a form is not the mapping's.
type NotTaken struct{}

// Error says so.
func (*NotTaken) Error() string { return "the form is not this mapping's: input.when is not true" }

// ReferenceRule is how the mapping finds the sender's own reference; two with the same text find the same.
func (p *Plan) ReferenceRule() string { return p.parts.Refers }

// Reference returns the sender's own reference; "" where the mapping names none or the form has none. Errors are those
// of Map: a form whose reference cannot be told is not known when it comes again, so it must not go on.
func (p *Plan) Reference(f Form) (string, error) {
	if p.parts.Refer == nil {
		return "", nil
	}
	m := newMapper(&p.parts, f, expr.Input{})
	defer m.env.Free()
	v := p.parts.Refer.Eval(m.env)
	s, ok := v.Text()
	if m.env.Err == nil && !ok && !v.Absent() {
		m.env.FailSort(v, value.CodeNotText, "the reference must be a single value")
	}
	m.failed(p.parts.Refer.Source, "input.reference")
	switch {
	case m.fault != nil:
		return "", m.fault
	case len(m.errs) > 0:
		return "", &MapError{Fields: m.errs}
	case v.Absent():
		return "", nil
	}
	return s, nil
}

// Validate checks the form against the mapping's JSON Schema and rules. A *MapError has everything that is wrong with the form; a
// *Fault says that the schema or a rule is; *NotTaken that it is another mapping's.
func (p *Plan) Validate(f Form) error {
	if mine, err := p.Takes(f); err != nil {
		return err
	} else if !mine {
		return &NotTaken{}
	}
	if p.parts.Schema == nil && len(p.parts.Rules) == 0 {
		return nil
	}
	var wrong []schema.FieldError
	var never *schema.FieldError
	tree := p.parts.tree(f)
	if p.parts.Schema != nil {
		wrong, never = p.parts.Schema.Validate(tree)
	}
	if never != nil {
		never.Pointer = p.parts.sender(f)(never.Pointer)
		return &Fault{At: "input.schema", Cause: *never}
	}
	fields := make([]string, len(wrong))
	if len(wrong) > 0 {
		at := p.parts.sender(f)
		for i := range wrong {
			fields[i] = fieldAt(tree, wrong[i].Pointer)
			wrong[i] = p.parts.Words.said(wrong[i], fields[i])
			wrong[i].Pointer = at(wrong[i].Pointer)
		}
	}
	broken, err := p.parts.broken(f, fields)
	if err != nil {
		return err
	}
	if wrong = append(wrong, broken...); len(wrong) == 0 {
		return nil
	}
	if len(broken) > 0 {
		slices.SortStableFunc(wrong, func(a, b schema.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	}
	return &MapError{Fields: wrong}
}

// Writes tells whether the mapping has a write of this name.
func (p *Plan) Writes(name string) bool {
	return slices.ContainsFunc(p.parts.Writes, func(w *Write) bool { return w.Name == name })
}

// Place is one way that forms may go through the mapping, with its line.
type Place struct {
	value.Place
	Line int `json:"line"`
}

// Places are the ways that forms may go through the mapping, in the order of lines.
func (p *Plan) Places() []Place { return p.parts.Places }

// Cases are the mapping's own tests.
func (p *Plan) Cases() []source.Case { return p.parts.Tests }

// Refusal says why a value cannot be a field's; nil where it can.
func (p *Parts) Refusal(w *Write, f *Field, v value.Value) *value.Failure {
	out, err := f.Type.Try(v)
	if err != nil {
		return err
	}
	if w.lost(out) {
		return &value.Failure{Code: value.CodeUnmappable, Message: lost}
	}
	l := p.Layouts[w.Target]
	if l == nil || w.Shape.Op != connectors.Put {
		return nil
	}
	if err := l.Try(w.Name, f.Name, out.Connector()); err != nil {
		return &value.Failure{Code: err.Code, Message: err.Message}
	}
	return nil
}

// Giver is the target that returns a value, named as Delivery.Needs has it; "" where none does.
func (p *Plan) Giver(name string) string { return p.parts.giver(name) }

func (p *Parts) giver(name string) string {
	for _, w := range p.Writes {
		if of, column, _ := strings.Cut(name, "."); of == w.Name && slices.Contains(w.Shape.Returning, column) {
			return w.Target
		}
	}
	return ""
}

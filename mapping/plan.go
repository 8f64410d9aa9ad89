// Package mapping turns forms into records by a declarative file: load and check it once, then map form after
// form. It is pure: no clock, no I/O beyond reading the mapping's own files at Load. A Plan may be used from
// many goroutines at once.
package mapping

import (
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/shape"
)

// Form is a decoded form; Tree has what is in it: map[string]any, []any, string, json.Number, bool and nil.
type Form = any

// Catalog tells what the agent's configuration has. A nil Catalog accepts any target.
type Catalog interface {
	Target(name string) (TargetInfo, bool)
	Targets() []string
}

// TargetInfo is what check must know about a target.
type TargetInfo struct {
	Operations connectors.Operations // Put: layouts and documents; the others: tables
	Returning  bool                  // gives values back
	Binary     bool                  // takes bytes that are no text
	Batch      bool                  // deliveries travel in batches
	Results    bool                  // can be asked for results
	Files      bool                  // it is no target, but where answer files come from
	Guarantee  connectors.Guarantee
}

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
		return expr.CodeLimit
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

// Input is what is known of a submission beside its form.
type Input = expr.Input

// Mapped is what a form becomes.
type Mapped struct {
	Deliveries []Delivery // one for each target, in the order of Plan.Targets
	Notes      []Note     // changes that the mapping allowed: cut, rounded, replaced
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
	Write, Field string
	Pointer      string // where the value came from
	Text         string // what was done, without content
}

// Plan is a checked mapping.
type Plan struct {
	name    string
	version int
	format  string
	options decode.Options
	shape   *shape.Shape
	lists   []string // of the plain tree that the shape makes
	schema  *schema.Schema
	refer   *expr.Compiled
	refers  string // its text
	writes  []*write
	targets []string
	order   map[string]expr.Compiled
	layouts map[string]*encode.Layout // by target
	prog    expr.Program
	same    sameness
	single  [][]string // ways to what is read as one value, and may repeat in the form
	columns []string   // of a CSV form that are read
	nothing bool       // a form may give nothing anywhere

	warnings diag.Problems
	answer   *answers.Section
	tests    []Case
	bundle   []byte
	digest   connectors.Digest
}

// write is one compiled entry of write.
type write struct {
	name, target, object string
	shape                *connectors.Shape
	loops                []expr.Loop
	keyDepth             int // of replaced children: how many loops their key hangs on
	when                 *expr.Compiled
	fields               []field
	lets                 []int // slots to compute anew for each record
	rowSlot              int   // slot of the running record number
	document             string
}

// Name is the mapping's name.
func (p *Plan) Name() string { return p.name }

// Version is the mapping's version.
func (p *Plan) Version() int { return p.version }

// Digest is the SHA-256 of Bundle: what a submission is pinned to.
func (p *Plan) Digest() connectors.Digest { return p.digest }

// Bundle is the mapping with its schema, lookups and layouts as one string of bytes, the same for the same
// content. The caller must not change it.
func (p *Plan) Bundle() []byte { return p.bundle }

// Targets are the targets that the mapping writes to, in the order of their first write.
func (p *Plan) Targets() []string { return p.targets }

// Returning are the columns that each write returns, by its name.
func (p *Plan) Returning() map[string][]string {
	all := map[string][]string{}
	for _, w := range p.writes {
		all[w.name] = w.shape.Returning
	}
	return all
}

// Unchecked lists the writes whose rows the database need not write as they are sent, as write → target.table.
func (p *Plan) Unchecked() []string {
	var all []string
	for _, w := range p.writes {
		if w.shape.Unchecked {
			all = append(all, w.name+" → "+w.target+"."+w.object)
		}
	}
	return all
}

// Decode reads a form's bytes. Errors are *decode.Error, or a *Fault where it is not what input.shape names. A mapping is made for one format; a form of a content
// type that says another is not guessed at. No content type, or one that says nothing, is fine.
func (p *Plan) Decode(form []byte, contentType string) (Form, error) {
	if is := decode.Sniff(contentType, nil); is != "" && is != p.format && len(decode.FormatNamed(p.format).Media) > 0 {
		return nil, &decode.Error{Code: decode.CodeFormat, Message: "the form came as " + is + ", the mapping reads " + p.format}
	}
	f, err := decode.Decode(p.format, form, p.options)
	if err == nil {
		err = decode.CheckCharset(p.format, form, contentType, p.options)
	}
	switch {
	case err != nil:
		return nil, err
	case p.shape == nil:
		return f, nil
	}
	s, err := p.shaped(f)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Warnings are what check found that may go wrong for some forms: those are parked then.
func (p *Plan) Warnings() diag.Problems { return p.warnings }

// Format is the name of the format that forms must have.
func (p *Plan) Format() string { return p.format }

// HasReference tells whether the mapping names the sender's own reference.
func (p *Plan) HasReference() bool { return p.refer != nil }

// ReferenceRule is how the mapping finds the sender's own reference; two with the same text find the same.
func (p *Plan) ReferenceRule() string { return p.refers }

// Reference returns the sender's own reference; "" where the mapping names none or the form has none. Errors are those
// of Map: a form whose reference cannot be told is not known when it comes again, so it must not go on.
func (p *Plan) Reference(f Form) (string, error) {
	if p.refer == nil {
		return "", nil
	}
	m := newMapper(p, f, expr.Input{})
	defer m.env.Free()
	v := p.refer.Eval(m.env)
	s, ok := v.Text()
	if m.env.Err == nil && !ok && !v.Absent() {
		m.env.FailSort(v, expr.CodeNotText, "the reference must be a single value")
	}
	m.failed(p.refer.Source, "input.reference")
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

// Validate checks the form against the mapping's JSON Schema. A *MapError has everything that is wrong with the form; a
// *Fault says that the schema is.
func (p *Plan) Validate(f Form) error {
	if p.schema == nil {
		return nil
	}
	wrong, never := p.schema.Validate(p.tree(f))
	if len(wrong) == 0 && never == nil {
		return nil
	}
	at := p.sender(f)
	for i := range wrong {
		wrong[i].Pointer = at(wrong[i].Pointer)
	}
	switch {
	case never != nil:
		never.Pointer = at(never.Pointer)
		return &Fault{At: "input.schema", Cause: *never}
	}
	return &MapError{Fields: wrong}
}

// Writes tells whether the mapping has a write of this name.
func (p *Plan) Writes(name string) bool {
	return slices.ContainsFunc(p.writes, func(w *write) bool { return w.name == name })
}

// Cases are the mapping's own tests.
func (p *Plan) Cases() []Case { return p.tests }

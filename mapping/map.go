package mapping

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
)

// Map computes what a form becomes. A *MapError is the form's fault, a *Fault the mapping's, *Nothing says that no target gets anything;
// any other error is ours. Deliveries whose
// Needs are not empty are asked for again when in.Returned has them.
func (p *Plan) Map(f Form, in expr.Input) (*Mapped, error) {
	m := newMapper(&p.parts, f, in)
	defer m.env.Free()
	return m.run()
}

// mapper maps one form.
type mapper struct {
	plan    *Parts
	form    Form
	sent    func(pointer string) string // where the sender has a place of the tree; nil until it is asked for
	env     *expr.Env
	out     *Mapped
	errs    []schema.FieldError
	fault   *Fault
	slab    []connectors.Value
	observe func(o observation) // nil but for explain and for errors of layouts
	deletes bool                // the record that is being made only names what is deleted
	missing bool                // a list of the write's each was missing
	above   bool                // what is computed belongs to a write that this one is under, which tells its errors itself
}

// observation is one value on its way into a record.
type observation struct {
	write   *Write
	record  int // of the target
	field   int
	value   connectors.Value
	pointer string // the first field of the form in its expression
	from    int32  // the field that this value is made of; 0 where it is the mapping's own
	made    value.Making
	note    string
	deletes bool // of a record that only names what is deleted
}

// maxErrors bounds how many field errors one form gets told.
const maxErrors = 200

func newMapper(p *Parts, f Form, in expr.Input) *mapper {
	return &mapper{plan: p, form: f, env: expr.NewEnv(&p.Program, p.tree(f), &in), out: &Mapped{Deliveries: make([]Delivery, len(p.Targets))}}
}

func (m *mapper) run() (*Mapped, error) {
	if fault := cmp.Or(m.plan.foreign(m.env.Form), m.plan.repeats(m.env.Form)); fault != nil {
		fault.Cause.Pointer = m.sentAt(fault.Cause.Pointer)
		return nil, fault
	}
	for i, t := range m.plan.Targets {
		m.out.Deliveries[i].Target = t
		if x, ok := m.plan.Order[t]; ok && x.Eval != nil {
			m.out.Deliveries[i].Order = m.order(x)
		}
	}
	for _, w := range m.plan.Writes {
		m.write(w)
	}
	m.neverGiven()
	if len(m.errs) == 0 && m.fault == nil {
		for i := range m.out.Deliveries {
			if err := m.finish(&m.out.Deliveries[i]); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case m.fault != nil: // a mapping that is wrong anywhere tells nobody that the form is
		return nil, m.fault
	case len(m.errs) > 0:
		return nil, &MapError{Fields: m.errs}
	case !m.plan.Nothing && m.out.nothing():
		return nil, &Nothing{}
	case m.plan.Fields != nil:
		m.out.Unknown = m.plan.Fields.Unknown(m.env.Form)
	}
	if m.plan.ParksUnknown && len(m.out.Unknown) > 0 {
		return nil, &Unknown{m.out.Unknown}
	}
	return m.out, nil
}

// neverGiven finds a delivery that needs a value of a write which makes no record for this form: it would wait for ever.
func (m *mapper) neverGiven() {
	for i := range m.out.Deliveries {
		d := &m.out.Deliveries[i]
		for _, name := range d.Needs {
			of, _, _ := strings.Cut(name, ".")
			giver := slices.Index(m.plan.Targets, m.plan.giver(name))
			if giver < 0 {
				continue // what another version gave
			}
			from := &m.out.Deliveries[giver]
			makes := slices.ContainsFunc(from.Records, func(r connectors.Record) bool { return r.Shape.Write == of })
			if len(from.Needs) == 0 && !makes {
				m.wrong("", blame{}, schema.FieldError{Code: expr.CodeReference, Message: "what " + d.Target + " gets needs " + name + ", and write " + of + " makes no record for this form"})
			}
		}
	}
}

// nothing tells whether no target gets anything. One that waits for a value may still.
func (m *Mapped) nothing() bool {
	for i := range m.Deliveries {
		if !m.Deliveries[i].Empty {
			return false
		}
	}
	return true
}

func (m *mapper) order(x expr.Compiled) string {
	v := x.Eval(m.env)
	s, ok := v.Text()
	if m.env.Err == nil && !ok && !v.Absent() {
		m.env.FailSort(v, value.CodeNotText, "the order must be a single value")
	}
	m.failed(x.Source, "order")
	return s
}

// failed takes over an error of the last expression, which stands at a place of the mapping; it tells whether there
// was one. After a budget is spent nothing goes on.
func (m *mapper) failed(src *expr.Path, at ...string) bool {
	err := m.env.Err
	if err == nil {
		return false
	}
	if err.Limit != "" && m.fault != nil && m.fault.Limit != "" {
		return true
	}
	if err.Limit != "" {
		m.fault = &Fault{At: strings.Join(at, "."), Pointer: m.pointer(src), Cause: schema.FieldError{Code: err.Code, Message: err.Message}, Limit: err.Limit}
		return true
	}
	m.env.Err = nil
	if m.above && (m.fault != nil || len(m.errs) > 0) {
		return true
	}
	why := blame{way: m.way(err.Src), made: err.Made&value.Computed != 0, sort: err.Sort}
	if why.said = err.Code == value.CodeRejected; why.said {
		why.way = src
	}
	m.wrong(strings.Join(at, "."), why, schema.FieldError{Pointer: m.pointer(why.way), Code: err.Code, Message: err.Message, Want: err.Want})
	return true
}

// way is the first field of the form that a value is made of; nil: none.
func (m *mapper) way(src int32) *expr.Path {
	if all := m.env.Sources(src); len(all) > 0 {
		return m.plan.Program.Way(all[0])
	}
	return nil
}

// blame is what is known of the cause of an error.
type blame struct {
	way  *expr.Path // the field of the form; nil: none
	said bool       // the mapping says that the form is at fault
	made bool       // the mapping made what is wrong of what the form has
	sort bool       // the sort of value is wrong, whatever it says
}

// wrong decides whose fault an error is. The form is only at fault where one of its values, and not what the mapping made
// of it, caused it, which its schema does not allow in so many words; fail() says that it is. A time that clocks show twice
// or not at all is right in itself: which moment it means, the mapping has to say; so is a year that two digits cannot tell, and what has
// another shape than the mapping looks for.
func (m *mapper) wrong(at string, why blame, e schema.FieldError) {
	allowed := why.way != nil && !why.made && m.plan.Schema.Allows(why.way.Abs, e.Code, why.sort)
	unclear := e.Code == value.CodeShape || e.Code == value.CodeAmbiguousTime || e.Code == encode.CodeClockChange || e.Code == encode.CodeCentury
	switch {
	case why.said || why.way != nil && !why.made && !allowed && !unclear:
		if e.Message = value.ForSender(e.Message); len(m.errs) < maxErrors {
			m.errs = append(m.errs, m.plan.Words.said(e, keyOf(why.way)))
		}
	case m.fault == nil:
		m.fault = &Fault{At: at, Cause: e, Allowed: allowed, Made: why.made && why.way != nil}
	}
}

// maxItems bounds how many items of one list are looked at to find the one that does not fit.
const maxItems = 1000

// lacking are errors by which the mapping says that the form lacks something, whatever it was to make of it.
var lacking = map[string]bool{value.CodeMissingValue: true, value.CodeNullValue: true, value.CodeEmptyValue: true, encode.CodeRequired: true}

// characters are errors about single characters, which a change may have brought in.
var characters = map[string]bool{encode.CodeUnmapped: true, value.CodeUnmappable: true, encode.CodeControl: true, encode.CodeXMLChar: true, encode.CodeQuote: true}

// own decides whose fault it is that a value does not fit where it is written. What the mapping read is as the form
// says. What it made is its own, unless a field that it made it of would not fit there either, by the same rule.
func (m *mapper) own(w *Write, f *Field, src int32, made value.Making, code string) blame {
	if f.Type.Scale > 0 && (code == encode.CodePrecision || code == encode.CodeType) { // the field's type takes decimals that the layout does not
		return blame{way: m.way(src), made: true}
	}
	known := m.fault != nil || len(m.errs) >= maxErrors // then it makes no difference
	if made == 0 || made == value.Changed && !characters[code] || lacking[code] || known {
		return blame{way: m.way(src)}
	}
	for _, one := range m.env.Sources(src) {
		way := m.plan.Program.Way(one)
		all := way.All(m.env)
		if made&value.Other == 0 && slices.ContainsFunc(all[:min(len(all), maxItems)], func(v value.Value) bool {
			err := m.plan.Refusal(w, f, v)
			return err != nil && RuleOf(err.Code) == RuleOf(code)
		}) {
			return blame{way: way}
		}
	}
	return blame{way: m.way(src), made: true}
}

// RuleOf is one code for those that say the same of types and of layouts.
func RuleOf(code string) string {
	switch code {
	case encode.CodeTooLong, value.CodeTooLarge:
		return value.CodeTooLong
	case encode.CodePrecision:
		return value.CodeTooPrecise
	}
	return code
}

// full tells whether a target has as many records as one form may make.
func (m *mapper) full(w *Write, d *Delivery) bool {
	if len(d.Records) < m.env.Budget.Records {
		return false
	}
	m.env.Spent("records", "makes more records than input.limits.records allows")
	m.failed(nil, w.Name)
	return true
}

// values takes n values from the slab; a new slab holds what count records need.
func (m *mapper) values(n, count int) []connectors.Value {
	if len(m.slab) < n {
		m.slab = make([]connectors.Value, n*max(1, min(count, 64)))
	}
	v := m.slab[:n:n]
	m.slab = m.slab[n:]
	return v
}

// field computes one column.
func (m *mapper) field(w *Write, i, record int) connectors.Value {
	e, f := m.env, &w.Fields[i]
	before := len(e.Needs)
	e.Note = ""
	e.Null = ""
	src := f.X.Source
	v := f.X.Eval(e)
	if v.Absent() && f.Def != nil && e.Err == nil && len(e.Needs) == before {
		v, src = f.Def.Eval(e), f.Def.Source
	}
	note, from, made := "", v.Src, v.Made
	if e.Err == nil && v.Kind != value.KindReference && len(e.Needs) == before {
		v, note = f.Type.Convert(&e.Run, v)
		if e.Err == nil && note != "" && slices.Contains(w.Shape.Key, i) { // what a setting makes of a value names no row: another form's may have come to the same
			m.wrong(w.Name+"."+f.Name, blame{}, schema.FieldError{Pointer: m.pointer(src), Code: value.CodeKeyChanged, Message: f.Name + " is in the key, and a value of a key is not changed: " + note})
			return connectors.Value{}
		}
		if e.Err == nil && w.lost(v) {
			e.FailBy(v, value.CodeUnmappable, lost)
		}
		e.Record(note)
		if note = e.Note; e.Err != nil && e.Err.Limit == "" {
			return m.unfit(w, f, from, made)
		}
	}
	if e.Err != nil && m.failed(src, w.Name, f.Name) {
		return connectors.Value{}
	}
	if e.Null != "" && !f.Nullable {
		m.wrong(w.Name+"."+f.Name, blame{}, schema.FieldError{Code: expr.CodeReference, Message: "the value of " + e.Null + " came back as null, and nothing here says what is to be written then"})
		return connectors.Value{}
	}
	if note != "" {
		m.out.Notes = append(m.out.Notes, Note{Target: w.Target, Write: w.Name, Field: f.Name, Pointer: m.pointer(src), Text: note})
	}
	out := v.Connector()
	if m.observe != nil {
		m.observe(observation{w, record, i, out, m.pointer(src), from, made, note, m.deletes})
	}
	return out
}

// unfit takes over the error of a value that is not of its field's type.
func (m *mapper) unfit(w *Write, f *Field, src int32, made value.Making) connectors.Value {
	err := m.env.Err
	m.env.Err = nil
	why := m.own(w, f, src, made, err.Code)
	why.sort, why.made = err.Sort, why.made || err.Grown
	m.wrong(w.Name+"."+f.Name, why, schema.FieldError{Pointer: m.pointer(why.way), Code: err.Code, Message: err.Message, Want: err.Want})
	return connectors.Value{}
}

// documents puts every attachment beside the records.
func (m *mapper) documents(w *Write, d *Delivery) {
	all := m.env.Attachments()
	m.failed(nil, w.Name, "document")
	for i, a := range all {
		name, err := encode.RenderName(w.Document, encode.NameVars{N: int64(i + 1), ID: m.env.In.ID, Reference: m.env.In.Reference, Time: m.env.In.Received})
		if err != nil {
			m.env.Fail(value.CodeOutOfRange, "an attachment's file name cannot be made")
			m.failed(nil, w.Name, "document")
			return
		}
		d.Documents = append(d.Documents, connectors.File{Name: name, Blob: a.Blob})
		m.env.See(value.PlaceWrite, w.Name, "")
	}
}

// finish encodes what goes into files and leaves nothing half done.
func (m *mapper) finish(d *Delivery) error {
	if len(d.Needs) > 0 {
		d.Records, d.Documents = nil, nil
		return nil
	}
	d.Empty = len(d.Records) == 0 && len(d.Documents) == 0
	l := m.plan.Layouts[d.Target]
	if l == nil || len(d.Records) == 0 {
		return nil
	}
	piece, err := l.Encode(d.Records)
	var fe *encode.FieldError
	switch {
	case errors.As(err, &fe):
		from := m.trace(d.Target, fe)[place{fe.Record, fe.Write, fe.Field}]
		from.why.made = from.why.made || fe.Grown
		m.wrong(fe.Write+"."+fe.Field, from.why, schema.FieldError{Pointer: from.cause, Code: fe.Code, Message: fe.Message})
		return nil
	case err != nil:
		return err
	}
	d.Piece, d.Layout = &piece, l
	if len(piece.Notes) == 0 {
		return nil
	}
	from := m.trace(d.Target, nil)
	for _, n := range piece.Notes {
		m.out.Notes = append(m.out.Notes, Note{Target: d.Target, Write: n.Write, Field: n.Field, Pointer: from[place{n.Record, n.Write, n.Field}].pointer, Text: n.Message})
	}
	return nil
}

// place names one value of a target's records.
type place struct {
	record       int
	write, field string
}

// origin is where a value comes from: the first field in its expression, and of the one that is wrong the cause.
type origin struct {
	pointer string
	why     blame
	cause   string
}

// trace finds where the values of a target's records come from by mapping the form once more: that is needed only when
// something is wrong or was changed, and so costs nothing otherwise.
func (m *mapper) trace(target string, wrong *encode.FieldError) map[place]origin {
	again := &mapper{plan: m.plan, form: m.form, env: expr.NewEnv(&m.plan.Program, m.env.Form, m.env.In), out: &Mapped{Deliveries: make([]Delivery, len(m.plan.Targets))}}
	defer again.env.Free()
	from := map[place]origin{}
	again.observe = func(o observation) { // it does not hold m, which then would live on the heap for every form
		if o.write.Target != target {
			return
		}
		f := &o.write.Fields[o.field]
		at := place{o.record, o.write.Name, f.Name}
		one := origin{pointer: o.pointer}
		if wrong != nil && at == (place{wrong.Record, wrong.Write, wrong.Field}) {
			one.why = again.own(o.write, f, o.from, o.made, wrong.Code)
			one.cause = again.pointer(one.why.way)
		}
		from[at] = one
	}
	for _, w := range m.plan.Writes {
		again.write(w)
	}
	return from
}

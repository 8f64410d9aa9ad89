package mapping

import (
	"errors"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// Map computes what a form becomes. A *MapError is the form's fault, a *Fault the mapping's, *Nothing says that no target gets anything;
// any other error is ours. Deliveries whose
// Needs are not empty are asked for again when in.Returned has them.
func (p *Plan) Map(f Form, in Input) (*Mapped, error) {
	m := newMapper(p, f, in)
	defer m.env.free()
	return m.run()
}

// mapper maps one form.
type mapper struct {
	plan    *Plan
	env     *env
	out     *Mapped
	errs    []FieldError
	fault   *Fault
	slab    []connectors.Value
	observe func(o observation) // nil but for explain and for errors of layouts
	deletes bool                // the record that is being made only names what is deleted
}

// observation is one value on its way into a record.
type observation struct {
	write   *write
	record  int // of the target
	field   int
	value   connectors.Value
	pointer string // the first field of the form in its expression
	from    int32  // the field that this value is made of; 0 where it is the mapping's own
	made    making
	note    string
	deletes bool // of a record that only names what is deleted
}

// maxErrors bounds how many field errors one form gets told.
const maxErrors = 200

func newMapper(p *Plan, f Form, in Input) *mapper {
	return &mapper{plan: p, env: newEnv(&p.prog, f, &in), out: &Mapped{Deliveries: make([]Delivery, len(p.targets))}}
}

func (m *mapper) run() (*Mapped, error) {
	for i, t := range m.plan.targets {
		m.out.Deliveries[i].Target = t
		if x, ok := m.plan.order[t]; ok && x.ev != nil {
			m.out.Deliveries[i].Order = m.order(x)
		}
	}
	for _, w := range m.plan.writes {
		m.write(w)
	}
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
	case !m.plan.nothing && m.out.nothing():
		return nil, &Nothing{}
	}
	return m.out, nil
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

func (m *mapper) order(x cx) string {
	v := x.ev(m.env)
	s, ok := v.text()
	if m.env.err == nil && !ok && !v.absent() {
		m.env.failSort(v, CodeNotText, "the order must be a single value")
	}
	m.failed(x.src, "order")
	return s
}

// failed takes over an error of the last expression, which stands at a place of the mapping; it tells whether there
// was one. After a budget is spent nothing goes on.
func (m *mapper) failed(src *path, at ...string) bool {
	err := m.env.err
	if err == nil {
		return false
	}
	if err.key != "" && m.fault != nil && m.fault.Limit != "" {
		return true
	}
	if err.key != "" {
		m.fault = &Fault{At: strings.Join(at, "."), Pointer: pointerIn(m.env, src), Cause: FieldError{Code: err.code, Message: err.message}, Limit: err.key}
		return true
	}
	m.env.err = nil
	why := blame{way: m.way(err.src), made: err.made&computed != 0, sort: err.sort}
	if why.said = err.code == CodeRejected; why.said {
		why.way = src
	}
	m.wrong(strings.Join(at, "."), why, FieldError{pointerIn(m.env, why.way), err.code, err.message})
	return true
}

// way is the first field of the form that a value is made of; nil: none.
func (m *mapper) way(src int32) *path {
	if all := m.env.sources(src); len(all) > 0 {
		return m.plan.prog.way(all[0])
	}
	return nil
}

// blame is what is known of the cause of an error.
type blame struct {
	way  *path // the field of the form; nil: none
	said bool  // the mapping says that the form is at fault
	made bool  // the mapping made what is wrong of what the form has
	sort bool  // the sort of value is wrong, whatever it says
}

// wrong decides whose fault an error is. The form is only at fault where one of its values, and not what the mapping made
// of it, caused it, which its schema does not allow in so many words; fail() says that it is. A time that clocks show twice
// or not at all is right in itself: which moment it means, the mapping has to say.
func (m *mapper) wrong(at string, why blame, e FieldError) {
	allowed := why.way != nil && !why.made && m.plan.schema.allows(why.way.abs, e.Code, why.sort)
	unclear := e.Code == CodeAmbiguousTime || e.Code == encode.CodeClockChange
	switch {
	case why.said || why.way != nil && !why.made && !allowed && !unclear:
		if len(m.errs) < maxErrors {
			m.errs = append(m.errs, e)
		}
	case m.fault == nil:
		m.fault = &Fault{At: at, Cause: e, Allowed: allowed, Made: why.made && why.way != nil}
	}
}

// maxItems bounds how many items of one list are looked at to find the one that does not fit.
const maxItems = 1000

// lacking are errors by which the mapping says that the form lacks something, whatever it was to make of it.
var lacking = map[string]bool{CodeMissingValue: true, CodeNullValue: true, CodeEmptyValue: true, encode.CodeRequired: true}

// characters are errors about single characters, which a change may have brought in.
var characters = map[string]bool{encode.CodeUnmapped: true, encode.CodeControl: true, encode.CodeXMLChar: true, encode.CodeQuote: true}

// own decides whose fault it is that a value does not fit where it is written. What the mapping read is as the form
// says. What it made is its own, unless a field that it made it of would not fit there either, by the same rule.
func (m *mapper) own(w *write, f *field, src int32, made making, code string) blame {
	known := m.fault != nil || len(m.errs) >= maxErrors // then it makes no difference
	if made == 0 || made == changed && !characters[code] || lacking[code] || known {
		return blame{way: m.way(src)}
	}
	for _, one := range m.env.sources(src) {
		way := m.plan.prog.way(one)
		all := way.all(m.env)
		if made&other == 0 && slices.ContainsFunc(all[:min(len(all), maxItems)], func(v value) bool {
			err := m.plan.refusal(w, f, v)
			return err != nil && sameRule(err.code) == sameRule(code)
		}) {
			return blame{way: way}
		}
	}
	return blame{way: m.way(src), made: true}
}

// sameRule is one code for those that say the same of types and of layouts.
func sameRule(code string) string {
	switch code {
	case encode.CodeTooLong, CodeTooLarge:
		return CodeTooLong
	case encode.CodePrecision:
		return CodeTooPrecise
	}
	return code
}

// write makes the records of one write.
func (m *mapper) write(w *write) {
	if m.env.err != nil {
		return // a budget is spent
	}
	d := &m.out.Deliveries[m.plan.targetIndex(w.target)]
	m.env.needs = m.env.needs[:0]
	m.env.slots[w.rowSlot] = intValue(0)
	m.loop(w, d, 0, 1)
	for _, n := range m.env.needs {
		if !hasWord(d.Needs, n) {
			d.Needs = append(d.Needs, n)
		}
	}
}

// loop runs the loops from depth inwards; count is how many records are expected. Children that are replaced by none
// are replaced all the same.
func (m *mapper) loop(w *write, d *Delivery, depth, count int) {
	if w.shape.Op != connectors.ReplaceChildren || depth == len(w.loops) || depth != w.keyDepth {
		m.iterate(w, d, depth, count)
		return
	}
	records, errs := len(d.Records), len(m.errs)
	m.iterate(w, d, depth, count)
	if len(d.Records) == records && len(m.errs) == errs && m.fault == nil {
		m.bare(w, d)
	}
}

func (m *mapper) iterate(w *write, d *Delivery, depth, count int) {
	if depth == len(w.loops) {
		m.record(w, d, count)
		return
	}
	l := &w.loops[depth]
	e := m.env
	list := l.list.ev(e)
	if !list.absent() && list.k != kList && e.err == nil {
		e.failSort(list, CodeNotList, "a list is needed here")
	}
	if e.err != nil && m.failed(l.list.src, w.name, "each") || list.absent() {
		return
	}
	n := list.length()
	for i := range n {
		if e.err != nil || !e.step() {
			m.failed(l.list.src, w.name, "each")
			return
		}
		e.slots[l.item], e.slots[l.index], e.indexes[l.depth] = e.of(list.item(i), list), intValue(int64(i)), i
		m.loop(w, d, depth+1, n-i)
	}
	e.indexes[l.depth] = 0
}

// bare makes the record that only names the key of children that are no more, unless a condition that does not hang on
// the children says that nothing is to be done.
func (m *mapper) bare(w *write, d *Delivery) {
	e := m.env
	for _, s := range w.lets {
		e.done[s] = false
	}
	if w.when != nil && w.when.depth <= w.keyDepth {
		yes := truth(e, w.when.ev(e))
		if m.failed(w.when.src, w.name, "when") || !yes {
			return
		}
	}
	if m.full(w, d) {
		return
	}
	values := m.values(len(w.fields), 1)
	m.deletes = true
	for _, k := range w.shape.Key {
		values[k] = m.field(w, k, len(d.Records))
	}
	m.deletes = false
	d.Records = append(d.Records, connectors.Record{Shape: w.shape, Values: values, Bare: true})
}

// record makes one record, unless when says no.
func (m *mapper) record(w *write, d *Delivery, count int) {
	e := m.env
	for _, s := range w.lets {
		e.done[s] = false
	}
	if w.when != nil {
		yes := truth(e, w.when.ev(e))
		if e.err != nil && m.failed(w.when.src, w.name, "when") || !yes {
			return
		}
	}
	if w.document != "" {
		m.documents(w, d)
		return
	}
	if m.full(w, d) {
		return
	}
	if d.Records == nil {
		d.Records = make([]connectors.Record, 0, max(4, min(count, 64)+2))
	}
	values := m.values(len(w.fields), count)
	for i := range w.fields {
		values[i] = m.field(w, i, len(d.Records))
	}
	d.Records = append(d.Records, connectors.Record{Shape: w.shape, Values: values})
	e.slots[w.rowSlot].i++
}

// full tells whether a target has as many records as one form may make.
func (m *mapper) full(w *write, d *Delivery) bool {
	if len(d.Records) < m.env.budget.records {
		return false
	}
	m.env.spent("records", "makes more records than input.limits.records allows")
	m.failed(nil, w.name)
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
func (m *mapper) field(w *write, i, record int) connectors.Value {
	e, f := m.env, &w.fields[i]
	before := len(e.needs)
	e.note = ""
	src := f.x.src
	v := f.x.ev(e)
	if v.absent() && f.def != nil && e.err == nil && len(e.needs) == before {
		v, src = f.def.ev(e), f.def.src
	}
	note, from, made := "", v.src, v.made
	if e.err == nil && v.k != kRef && len(e.needs) == before {
		v, note = f.typ.convert(e, v)
		e.record(note)
		if note = e.note; e.err != nil && e.err.key == "" {
			return m.unfit(w, f, from, made)
		}
	}
	if e.err != nil && m.failed(src, w.name, f.name) {
		return connectors.Value{}
	}
	if note != "" {
		m.out.Notes = append(m.out.Notes, Note{Write: w.name, Field: f.name, Pointer: pointerIn(e, src), Text: note})
	}
	out := v.connector()
	if m.observe != nil {
		m.observe(observation{w, record, i, out, pointerIn(e, src), from, made, note, m.deletes})
	}
	return out
}

// unfit takes over the error of a value that is not of its field's type.
func (m *mapper) unfit(w *write, f *field, src int32, made making) connectors.Value {
	err := m.env.err
	m.env.err = nil
	why := m.own(w, f, src, made, err.code)
	why.sort = err.sort
	m.wrong(w.name+"."+f.name, why, FieldError{pointerIn(m.env, why.way), err.code, err.message})
	return connectors.Value{}
}

func pointerIn(e *env, src *path) string {
	if src == nil {
		return ""
	}
	return src.pointer(e)
}

// documents puts every attachment beside the records.
func (m *mapper) documents(w *write, d *Delivery) {
	for i, a := range m.env.in.Attachments {
		name, err := encode.RenderName(w.document, encode.NameVars{N: int64(i + 1), ID: m.env.in.ID, Reference: m.env.in.Reference, Time: m.env.in.Received})
		if err != nil {
			m.env.fail(CodeOutOfRange, "an attachment's file name cannot be made")
			m.failed(nil, w.name, "document")
			return
		}
		d.Documents = append(d.Documents, connectors.File{Name: name, Blob: a.Blob})
	}
}

// finish encodes what goes into files and leaves nothing half done.
func (m *mapper) finish(d *Delivery) error {
	if len(d.Needs) > 0 {
		d.Records, d.Documents = nil, nil
		return nil
	}
	d.Empty = len(d.Records) == 0 && len(d.Documents) == 0
	l := m.plan.layouts[d.Target]
	if l == nil || len(d.Records) == 0 {
		return nil
	}
	piece, err := l.Encode(d.Records)
	var fe *encode.FieldError
	switch {
	case errors.As(err, &fe):
		from := m.trace(d.Target, fe)[place{fe.Record, fe.Write, fe.Field}]
		m.wrong(fe.Write+"."+fe.Field, from.why, FieldError{from.cause, fe.Code, fe.Message})
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
		m.out.Notes = append(m.out.Notes, Note{Write: n.Write, Field: n.Field, Pointer: from[place{n.Record, n.Write, n.Field}].pointer, Text: n.Message})
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
	again := &mapper{plan: m.plan, env: newEnv(&m.plan.prog, m.env.form, m.env.in), out: &Mapped{Deliveries: make([]Delivery, len(m.plan.targets))}}
	defer again.env.free()
	from := map[place]origin{}
	again.observe = func(o observation) { // it does not hold m, which then would live on the heap for every form
		if o.write.target != target {
			return
		}
		f := &o.write.fields[o.field]
		at := place{o.record, o.write.name, f.name}
		one := origin{pointer: o.pointer}
		if wrong != nil && at == (place{wrong.Record, wrong.Write, wrong.Field}) {
			one.why = again.own(o.write, f, o.from, o.made, wrong.Code)
			one.cause = pointerIn(again.env, one.why.way)
		}
		from[at] = one
	}
	for _, w := range m.plan.writes {
		again.write(w)
	}
	return from
}

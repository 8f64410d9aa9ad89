package mapping

import (
	"errors"
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
		m.env.failBy(v, CodeNotText, "the order must be a single value")
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
	way := m.plan.prog.way(err.src)
	if err.code == CodeRejected {
		way = src
	}
	m.wrong(strings.Join(at, "."), way, FieldError{pointerIn(m.env, way), err.code, err.message}, err.code == CodeRejected)
	return true
}

// wrong decides whose fault an error is. The form is only at fault where one of its values caused it, which its schema
// does not allow in so many words; fail() says that it is. A time that clocks show twice or not at all is right in itself:
// which moment it means, the mapping has to say.
func (m *mapper) wrong(at string, way *path, e FieldError, said bool) {
	allowed := way != nil && m.plan.schema.allows(way.abs, e.Code)
	unclear := e.Code == CodeAmbiguousTime || e.Code == encode.CodeClockChange
	switch {
	case said || way != nil && !allowed && !unclear:
		if len(m.errs) < maxErrors {
			m.errs = append(m.errs, e)
		}
	case m.fault == nil:
		m.fault = &Fault{At: at, Cause: e, Allowed: allowed}
	}
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
		e.failBy(list, CodeNotList, "a list is needed here")
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
	note, from := "", v.src
	if e.err == nil && v.k != kRef && len(e.needs) == before {
		v, note = f.typ.convert(e, v)
		e.record(note)
		if note = e.note; e.err != nil {
			e.of(missing, value{src: from})
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
		m.observe(observation{w, record, i, out, pointerIn(e, src), from, note, m.deletes})
	}
	return out
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
		from := m.trace(d.Target)[place{fe.Record, fe.Write, fe.Field}]
		m.wrong(fe.Write+"."+fe.Field, m.plan.prog.way(from.src), FieldError{from.cause, fe.Code, fe.Message}, false)
		return nil
	case err != nil:
		return err
	}
	d.Piece, d.Layout = &piece, l
	if len(piece.Notes) == 0 {
		return nil
	}
	from := m.trace(d.Target)
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

// origin is where a value comes from: the first field in its expression, and the one that it is made of.
type origin struct {
	pointer string
	src     int32
	cause   string
}

// trace finds where the values of a target's records come from by mapping the form once more: that is needed only when
// something is wrong or was changed, and so costs nothing otherwise.
func (m *mapper) trace(target string) map[place]origin {
	again := &mapper{plan: m.plan, env: newEnv(&m.plan.prog, m.env.form, m.env.in), out: &Mapped{Deliveries: make([]Delivery, len(m.plan.targets))}}
	defer again.env.free()
	from := map[place]origin{}
	prog, e := &m.plan.prog, again.env // not m, which then would live on the heap for every form
	again.observe = func(o observation) {
		if o.write.target == target {
			from[place{o.record, o.write.name, o.write.fields[o.field].name}] = origin{o.pointer, o.from, pointerIn(e, prog.way(o.from))}
		}
	}
	for _, w := range m.plan.writes {
		again.write(w)
	}
	return from
}

package mapping

import (
	"slices"
	"strconv"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// write makes the records of one write.
func (m *mapper) write(w *Write) {
	if m.env.Err != nil {
		return // a budget is spent
	}
	d := &m.out.Deliveries[slices.Index(m.plan.Targets, w.Target)]
	m.env.Needs = m.env.Needs[:0]
	for i := range len(w.Above) + 1 {
		m.env.Slots[w.level(i).RowSlot] = value.Int(0)
	}
	m.iterate(w, d, 0, 0, 1)
	for _, n := range m.env.Needs {
		if !slices.Contains(d.Needs, n) {
			d.Needs = append(d.Needs, n)
		}
	}
}

// iterate runs the loops of one of the writes that w is under, or its own, from depth inwards; count is how many records are expected.
func (m *mapper) iterate(w *Write, d *Delivery, level, depth, count int) {
	of := w.level(level)
	switch {
	case depth < len(of.Loops):
		m.loop(w, d, level, depth)
	case of == w:
		m.record(w, d, count)
	default:
		m.above = true
		yes := m.when(of)
		if m.above = false; yes {
			m.iterate(w, d, level+1, 0, count)
			m.env.Slots[of.RowSlot].Int++
		}
	}
}

// loop runs one loop. Children that are replaced by none are replaced all the same.
func (m *mapper) loop(w *Write, d *Delivery, level, depth int) {
	l := &w.level(level).Loops[depth]
	if w.Shape.Op != connectors.ReplaceChildren || l.Depth != w.KeyDepth {
		m.items(w, d, level, depth)
		return
	}
	records, errs := len(d.Records), len(m.errs)
	m.missing = false
	m.items(w, d, level, depth)
	if len(d.Records) == records && len(m.errs) == errs && m.fault == nil && !(m.missing && w.OnMissing == "keep") {
		m.bare(w, d)
	}
}

// items goes through the list of one loop.
func (m *mapper) items(w *Write, d *Delivery, level, depth int) {
	of, e := w.level(level), m.env
	l := &of.Loops[depth]
	list := l.List.Eval(e)
	m.missing = m.missing || list.Kind == value.KindMissing
	switch {
	case e.Err != nil:
	case list.Kind == value.KindMissing && w.OnMissing == "error" && l.Depth >= w.KeyDepth:
		e.FailBy(list, value.CodeMissingValue, "the list must be there")
	case !list.Absent() && list.Kind != value.KindList:
		e.FailSort(list, value.CodeNotList, "a list is needed here")
	}
	m.above = of != w
	failed := e.Err != nil && m.failed(l.List.Source, w.Name, "each")
	if m.above = false; failed || list.Absent() {
		return
	}
	n := list.Length()
	for i := range n {
		if e.Err != nil || !e.Step() {
			m.failed(l.List.Source, w.Name, "each")
			return
		}
		l.At(e, e.Of(list.Item(i), list), i)
		e.Indexes[l.Depth] = i
		m.iterate(w, d, level, depth+1, n-i)
	}
	e.Indexes[l.Depth] = 0
}

// when tells whether the condition of a write holds for the record that is to be made.
func (m *mapper) when(w *Write) bool {
	e := m.env
	e.Forget(w.Lets)
	if w.When == nil {
		return true
	}
	yes := e.Truth(w.When.Eval(e))
	if e.Err != nil && m.failed(w.When.Source, w.Name, "when") {
		return false
	}
	if e.Seen != nil {
		e.See(value.PlaceWhen, w.Name, strconv.FormatBool(yes))
	}
	return yes
}

// bare makes the record that only names the key of children that are no more, unless a condition that does not hang on
// the children says that nothing is to be done.
func (m *mapper) bare(w *Write, d *Delivery) {
	for i := range len(w.Above) + 1 {
		of := w.level(i)
		m.env.Forget(of.Lets)
		m.above = of != w
		no := of.When != nil && of.When.Depth <= w.KeyDepth && !m.when(of)
		if m.above = false; no {
			return
		}
	}
	if m.full(w, d) {
		return
	}
	values := m.values(len(w.Fields), 1)
	m.deletes = true
	for _, k := range w.Shape.Key {
		values[k] = m.field(w, k, len(d.Records))
	}
	m.deletes = false
	d.Records = append(d.Records, connectors.Record{Shape: w.Shape, Values: values, Bare: true})
}

// record makes one record, unless when says no.
func (m *mapper) record(w *Write, d *Delivery, count int) {
	if !m.when(w) {
		return
	}
	if w.Document != "" {
		m.documents(w, d)
		return
	}
	if m.full(w, d) {
		return
	}
	if d.Records == nil {
		d.Records = make([]connectors.Record, 0, max(4, min(count, 64)+2))
	}
	values := m.values(len(w.Fields), count)
	for i := range w.Fields {
		values[i] = m.field(w, i, len(d.Records))
	}
	r := connectors.Record{Shape: w.Shape, Values: values}
	if n := len(w.Above); n > 0 {
		r.Under = m.env.Slots[w.Above[n-1].RowSlot].Int + 1
	}
	d.Records = append(d.Records, r)
	m.env.See(value.PlaceWrite, w.Name, "")
	m.env.Slots[w.RowSlot].Int++
}

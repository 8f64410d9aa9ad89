package sqldb

import (
	"context"
	"errors"
	"slices"

	"github.com/inbasket/inbasket/connectors"
)

// item is one delivery of a group on its way.
type item struct {
	delivery *connectors.Delivery
	outcome  connectors.Outcome
	returned map[string]connectors.Value // in the attempt that is running
	rows     map[string]int              // write to number of rows that gave values
	before   bool                        // an earlier call wrote it
}

// attempt is one transaction over some items.
type attempt struct {
	t       *Writer
	k       *known
	s       session
	items   []*item
	known   map[string]map[string]connectors.Value // keys the ledger has already
	pending []statement
	held    map[*table]bool // tables that are kept as they are
	watched []*table        // whose rows are counted
	wrote   map[*table]bool // of them, those that got rows that are to stay
	last    []tally         // of watched, when they were counted last
	begun   bool
	gives   bool // some item returned values
}

// write writes all items with their ledger rows in one transaction.
func (a *attempt) write(ctx context.Context) error {
	for _, it := range a.items {
		it.returned, it.rows = nil, nil
	}
	a.watch()
	if err := a.ledger(); err != nil {
		return err
	}
	fresh := a.items
	if len(a.known) > 0 {
		fresh = nil
		for _, it := range a.items {
			if _, old := a.known[it.delivery.Key]; !old {
				fresh = append(fresh, it)
			}
		}
	}
	all := a.items
	a.items = fresh
	err := a.records(ctx)
	a.items = all
	return indexed(err, fresh, all)
}

// indexed translates a culprit's index among the fresh items into one among all.
func indexed(err error, from, to []*item) error {
	var c *culprit
	if errors.As(err, &c) && c.item >= 0 && len(from) != len(to) {
		for i, it := range to {
			if it == from[c.item] {
				return &culprit{i, c.code, c.op, c.err}
			}
		}
	}
	var l *located
	if errors.As(err, &l) && l.item >= 0 && len(from) != len(to) {
		for i, it := range to {
			if it == from[l.item] {
				l.item = i
				break
			}
		}
	}
	return err
}

// records queues and sends the data of the items and commits.
func (a *attempt) records(ctx context.Context) error {
	a.parentsFirst()
	order, ok := waves(a.items)
	if !ok || a.tangled(order) {
		order = singly(a.items)
	}
	for i, w := range order {
		if err := a.clearBelow(ctx, w, order[i+1:]); err != nil {
			return err
		}
		if err := a.wave(ctx, w); err != nil {
			return err
		}
	}
	if a.gives {
		if err := a.flush(ctx, false); err != nil {
			return err
		}
	}
	if err := a.ledgerReturned(); err != nil {
		return err
	}
	return a.commit(ctx)
}

// commit has the tables proved and commits. Whatever only we can tell from the answers is looked at before.
func (a *attempt) commit(ctx context.Context) error {
	a.tallyEnd()
	if len(a.items) > 0 {
		for _, st := range a.k.proofs() {
			a.queue(st, nil)
		}
	}
	look := !a.t.sys.pipelines
	for i := range a.pending {
		look = look || a.pending[i].mustLook()
	}
	if look {
		if err := a.flush(ctx, false); err != nil {
			return err
		}
	}
	return a.flush(ctx, true)
}

// wave queues one shape's records; first it sends what they refer to.
func (a *attempt) wave(ctx context.Context, w wave) error {
	if a.gives && refers(w) {
		if err := a.flush(ctx, false); err != nil {
			return err
		}
	}
	var tab *table
	if w.shape.Op == connectors.Call {
		tab = newTable(w.shape.Object, a.t.qualified(w.shape.Object), nil)
	} else if tab = a.k.tables[w.shape.Object]; tab == nil {
		return connectors.Errorf(connectors.TargetError, CodeNoTable, "find table "+w.shape.Object, "", "not loaded")
	}
	if tab.instead[w.shape.Op] && !w.shape.Unchecked {
		return &culprit{single(w.parts), CodeRows, "write to " + tab.plain, errors.New("only the INSTEAD OF trigger of the view knows what it writes")}
	}
	for _, parts := range a.apart(w) {
		sets, err := a.rowsets(wave{w.shape, parts}, tab)
		if err != nil {
			return err
		}
		if err := a.queueSets(w.shape, sets); err != nil {
			return err
		}
	}
	return nil
}

// queueSets queues the statements of rows that do not touch each other: for children that are replaced all that go, then
// all that come.
func (a *attempt) queueSets(shape *connectors.Shape, sets []*rowset) error {
	d := &a.t.sys.dialect
	a.hold(sets[0], sets[0].tab)
	if shape.Op == connectors.ReplaceChildren {
		a.keysByBytes(sets)
		done := map[string]bool{}
		w := newWindow(shape, sets)
		w.clears = true
		for _, set := range sets {
			for _, st := range deletes(d, set, done) {
				st.sql = set.prefix + st.sql
				if !st.rows {
					st.takes = w.finds
				}
				a.queue(st, nil)
			}
		}
		a.tally(w)
		if sets = slices.DeleteFunc(slices.Clone(sets), func(w *rowset) bool { return w.bare }); len(sets) == 0 {
			return nil
		}
	}
	w := newWindow(shape, sets)
	a.findKeys(d, w, sets)
	for _, set := range sets {
		stmts, err := set.statements(d)
		if err != nil {
			return err
		}
		for _, st := range stmts {
			st.sql = set.prefix + st.sql
			a.queue(st, shape)
		}
	}
	a.keysByBytes(sets)
	a.tally(w)
	return nil
}

// single is the one item that all parts belong to, or -1.
func single(parts []part) int {
	if slices.ContainsFunc(parts, func(p part) bool { return p.item != parts[0].item }) {
		return -1
	}
	return parts[0].item
}

// hold keeps a table as it is before the first row goes to it, and has it proved.
func (a *attempt) hold(w *rowset, tab *table) {
	if a.t.sys.hold == nil || len(tab.proofs) == 0 || a.held[tab] {
		return
	}
	if a.held == nil {
		a.held = map[*table]bool{}
	}
	a.held[tab] = true
	a.queue(a.t.sys.hold(w), nil)
	for i := range tab.proofs {
		for _, st := range a.t.sys.prove([]*proof{&tab.proofs[i]}) {
			a.queue(st, nil)
		}
	}
}

func (a *attempt) queue(st statement, shape *connectors.Shape) {
	if shape != nil && (st.rows || st.outs > 0) {
		a.gives = true
		item, op := st.item, st.op
		st.takes = func(res result) error { return a.take(item, op, shape, res) }
	}
	a.pending = append(a.pending, st)
}

func refers(w wave) bool {
	for _, p := range w.parts {
		for i := range p.record.Values {
			if p.record.Values[i].Kind == connectors.Reference {
				return true
			}
		}
	}
	return false
}

// rowsets sorts records by the columns they name: a missing value leaves its column out, so that the column's
// default applies.
func (a *attempt) rowsets(w wave, tab *table) ([]*rowset, error) {
	var sets []*rowset
	byMask := map[string]*rowset{}
	mask := make([]byte, len(w.shape.Fields)+1)
	for _, p := range w.parts {
		for i := range w.shape.Fields {
			mask[i] = '1'
			if p.record.Values[i].Kind == connectors.Missing {
				mask[i] = '0'
			}
		}
		mask[len(mask)-1] = '1'
		if p.record.Bare {
			mask[len(mask)-1] = '0'
		}
		set := byMask[string(mask)]
		if set == nil {
			var err error
			if set, err = newRowset(w.shape, tab, string(mask)); err != nil {
				return nil, a.blame(err, p.item, w.shape)
			}
			set.bare = p.record.Bare
			byMask[string(mask)] = set
			sets = append(sets, set)
		}
		if err := a.addRow(set, p, mask); err != nil {
			return nil, a.blame(err, p.item, w.shape)
		}
	}
	if a.t.sys.moments == nil {
		return sets, nil
	}
	for _, set := range sets {
		if err := a.t.sys.moments(set); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

func newRowset(shape *connectors.Shape, tab *table, mask string) (*rowset, error) {
	set := &rowset{shape: shape, tab: tab}
	at := make([]int, len(shape.Fields))
	for i, name := range shape.Fields {
		at[i] = -1
		if mask[i] == '0' {
			continue
		}
		c := tab.column(name)
		if shape.Op == connectors.Call {
			c = &column{name: name, scale: anyScale}
		}
		if c == nil {
			return nil, connectors.Errorf(connectors.TargetError, CodeNoColumn, "write "+shape.Object+"."+name,
				"check the column's name in the mapping and the version of the table", "no such column")
		}
		if slices.Contains(shape.Loose, i) {
			c = c.loose()
			c.folds, c.rules = false, nil
		}
		at[i] = len(set.cols)
		set.cols = append(set.cols, c)
	}
	for _, k := range shape.Key {
		if at[k] < 0 {
			return nil, &misfit{CodeNotNull, shape.Fields[k]}
		}
		set.key = append(set.key, at[k])
	}
	return set, nil
}

// addRow appends a record's arguments, with references resolved. A value of a type that is not known is tried out first.
func (a *attempt) addRow(set *rowset, p part, mask []byte) error {
	r := row{item: p.item, args: make([]any, 0, len(set.cols))}
	if set.shape.Op == connectors.ReplaceChildren {
		r.key = a.keyOf(p)
	}
	for i, v := range p.record.Values {
		if mask[i] == '0' {
			continue
		}
		if v.Kind == connectors.Reference {
			got, ok := a.items[p.item].returned[v.Str]
			if !ok {
				return &misfit{CodeReference, set.shape.Fields[i]}
			}
			v = got
		}
		c := set.cols[len(r.args)]
		x, err := a.t.sys.arg(c, v, a.t.sys.zone)
		if err != nil {
			return err
		}
		if c.proof != "" && x != nil {
			a.queue(a.t.sys.trial(c, x, &culprit{p.item, CodeNotExact, "write " + set.shape.Object + "." + c.name, &misfit{CodeNotExact, c.name}}), nil)
		}
		r.args = append(r.args, x)
	}
	for _, k := range set.key {
		if r.args[k] == nil && !set.tab.takesNull(set.shape.Op, set.keyNames()) {
			return &misfit{CodeNullKey, set.cols[k].name}
		}
	}
	set.rows = append(set.rows, r)
	return nil
}

// blame names the item whose value does not fit.
func (a *attempt) blame(err error, item int, shape *connectors.Shape) error {
	var m *misfit
	if errors.As(err, &m) {
		return &culprit{item, m.code, "write " + shape.Object + "." + m.column, err}
	}
	return err
}

// flush sends what is queued and takes in what comes back.
func (a *attempt) flush(ctx context.Context, commit bool) error {
	if len(a.pending) == 0 && !commit {
		return nil
	}
	stmts := a.pending
	a.pending = nil
	results, err := a.run(ctx, stmts, commit)
	if err != nil {
		return err
	}
	for i := range results {
		st := &stmts[i]
		if err := st.holds(results[i]); err != nil {
			return err
		}
		touched := results[i].affected
		if st.sums && i > 0 {
			touched += results[i-1].affected
		}
		if err := st.count(touched); err != nil {
			return err
		}
		if st.takes != nil {
			if err := st.takes(results[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// run sends statements, the first with what begins the transaction.
func (a *attempt) run(ctx context.Context, stmts []statement, commit bool) ([]result, error) {
	begin := !a.begun
	a.begun = true
	results, err := a.s.run(ctx, stmts, begin, commit)
	return results, a.t.locate(err, stmts)
}

// take keeps the values that one row's statement returned. A write with several rows in one delivery
// cannot be referred to as a whole, so its values are not kept.
func (a *attempt) take(item int, op string, shape *connectors.Shape, res result) error {
	if len(res.rows) != 1 {
		return &culprit{item, CodeReference, op, errors.New("not exactly one row came back")}
	}
	it := a.items[item]
	if it.returned == nil {
		it.returned, it.rows = map[string]connectors.Value{}, map[string]int{}
	}
	it.rows[shape.Write]++
	for i, name := range shape.Returning {
		k := shape.Write + "." + name
		if it.rows[shape.Write] > 1 {
			delete(it.returned, k)
		} else if i < len(res.rows[0]) {
			it.returned[k] = res.rows[0][i]
		}
	}
	return nil
}

// keysByBytes queues what finds rows that the database takes for those of the sets though their keys are others: there
// must be none.
func (a *attempt) keysByBytes(sets []*rowset) {
	for _, set := range sets {
		for _, st := range set.otherKeys(&a.t.sys.dialect) {
			a.queue(st, nil)
		}
	}
}

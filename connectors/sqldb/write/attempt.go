package write

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// item is one delivery of a group on its way.
type item struct {
	delivery *connectors.Delivery
	outcome  connectors.Outcome
	given    map[given]connectors.Value // in the attempt that is running
	before   bool                       // an earlier call wrote it
	judged   bool                       // the mapping says what becomes of it, by what a call returned
}

// given names a value that a record returned.
type given struct {
	value  string // WRITE.FIELD
	record int64  // of the write, from 1, without those that are bare
}

// value is the one that a reference means.
func (it *item) value(ref connectors.Value) (connectors.Value, bool) {
	v, ok := it.given[given{ref.Str, max(ref.Int, 1)}]
	return v, ok
}

// returned are the values of writes that made one record: outside of the transaction nobody can say of several which is meant.
func (it *item) returned() map[string]connectors.Value {
	var all map[string]connectors.Value
	for of, v := range it.given {
		if _, many := it.given[given{of.value, 2}]; !many {
			if all == nil {
				all = make(map[string]connectors.Value, len(it.given))
			}
			all[of.value] = v
		}
	}
	return all
}

// attempt is one transaction over some items.
type attempt struct {
	t       *Writer
	k       *catalog.Known
	s       dialect.Session
	items   []*item
	known   map[string]map[string]connectors.Value // keys the ledger has already
	pending []dialect.Statement
	held    map[*dialect.Table]bool // tables that are kept as they are
	watched []*dialect.Table        // whose rows are counted
	wrote   map[*dialect.Table]bool // of them, those that got rows that are to stay
	last    []tally                 // of watched, when they were counted last
	begun   bool
	gives   bool   // some item returned values
	late    bool   // the ledger is written after the records: a call among them may end the transaction
	locked  string // the key of the delivery that no other session works on
	again   []again
	planned *planning // nil: it is no plan
	content int64     // bytes of it in what is pending
}

// write writes all items with their ledger rows in one transaction.
func (a *attempt) write(ctx context.Context) error {
	for _, it := range a.items {
		it.given = nil
	}
	a.watch()
	if !a.late {
		if err := a.ledger(); err != nil {
			return err
		}
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
	var c *dialect.Culprit
	if errors.As(err, &c) && c.Item >= 0 && len(from) != len(to) {
		for i, it := range to {
			if it == from[c.Item] {
				moved := *c
				moved.Item = i
				return &moved
			}
		}
	}
	var l *database.Located
	if errors.As(err, &l) && l.Item >= 0 && len(from) != len(to) {
		for i, it := range to {
			if it == from[l.Item] {
				l.Item = i
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
	if err := a.takeAll(ctx); err != nil {
		return err
	}
	if a.late {
		if err := a.flush(ctx, false); err != nil { // what a call returned is judged before the ledger has it
			return err
		}
		if err := a.ledger(); err != nil {
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
		for _, st := range a.k.Proofs() {
			a.queue(st)
		}
	}
	look := !a.t.Sys.Pipelines
	for i := range a.pending {
		look = look || a.pending[i].MustLook()
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
	if refers(w) {
		if err := a.takeAll(ctx); err != nil {
			return err
		}
	}
	tab := a.k.Tables[catalog.Entry(w.shape)]
	if tab == nil {
		return connectors.Errorf(connectors.TargetError, dialect.CodeNoTable, "find "+w.shape.Object, "", "not loaded")
	}
	if tab.Instead[w.shape.Op] && !w.shape.Unchecked {
		return &dialect.Culprit{Item: single(w.parts), Code: dialect.CodeRows, Op: "write to " + tab.Plain, Err: errors.New("only the INSTEAD OF trigger of the view knows what it writes")}
	}
	if err := a.contradicting(w); err != nil {
		return err
	}
	for _, parts := range a.apart(w) {
		cut, sizes, err := portions(w.shape, parts)
		if err != nil {
			return err
		}
		for i, parts := range cut {
			if err := a.portion(ctx, wave{w.shape, parts}, tab, sizes[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// portion queues rows that have so many bytes of content, once the database has taken what waits before them.
func (a *attempt) portion(ctx context.Context, w wave, tab *dialect.Table, size int64) error {
	if a.content += size; a.content > dialect.MaxBlob && a.content > size {
		if err := a.flush(ctx, false); err != nil {
			return err
		}
		a.content = size
	}
	sets, err := a.rowsets(w, tab)
	if err != nil {
		return err
	}
	if w.shape.Op == connectors.Call {
		return a.queueCalls(ctx, w.shape, sets)
	}
	return a.queueSets(w.shape, sets)
}

// queueSets queues the statements of rows that do not touch each other: for children that are replaced all that go, then
// all that come.
func (a *attempt) queueSets(shape *connectors.Shape, sets []*dialect.Rowset) error {
	d := &a.t.Sys.Dialect
	a.hold(sets[0], sets[0].Tab)
	if a.planned != nil && shape.Op != connectors.Call {
		a.planned.before(sets)
	}
	if shape.Op == connectors.ReplaceChildren {
		a.keysByBytes(sets)
		done := map[string]bool{}
		w := newWindow(shape, sets)
		w.clears = true
		for _, set := range sets {
			for _, st := range dialect.Deletes(d, set, done) {
				st.SQL = set.Prefix + st.SQL
				if !st.Rows {
					st.Takes = w.finds
				}
				a.queue(st)
			}
		}
		a.tally(w)
		if sets = slices.DeleteFunc(slices.Clone(sets), func(w *dialect.Rowset) bool { return w.Bare }); len(sets) == 0 {
			return nil
		}
	}
	w := newWindow(shape, sets)
	a.findKeys(d, w, sets)
	for _, set := range sets {
		stmts, err := set.Statements(d)
		if err != nil {
			return err
		}
		rows := set.Rows
		for _, st := range stmts {
			st.SQL = set.Prefix + st.SQL
			if st.Rows || st.Outs > 0 { // of each row one, in their order
				row := rows[0]
				a.gives, rows = true, rows[1:]
				st.Takes = func(res dialect.Result) error { return a.take(row, st.Op, set, res) }
			}
			a.queue(st)
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
func (a *attempt) hold(w *dialect.Rowset, tab *dialect.Table) {
	if a.t.Sys.Hold == nil || len(tab.Proofs) == 0 || a.held[tab] {
		return
	}
	if a.held == nil {
		a.held = map[*dialect.Table]bool{}
	}
	a.held[tab] = true
	a.queue(a.t.Sys.Hold(w))
	for i := range tab.Proofs {
		for _, st := range a.t.Sys.Prove([]*dialect.Proof{&tab.Proofs[i]}) {
			a.queue(st)
		}
	}
}

func (a *attempt) queue(st dialect.Statement) { a.pending = append(a.pending, st) }

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
func (a *attempt) rowsets(w wave, tab *dialect.Table) ([]*dialect.Rowset, error) {
	var sets []*dialect.Rowset
	byMask := map[string]*dialect.Rowset{}
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
			if set, err = dialect.NewRowset(w.shape, tab, string(mask)); err != nil {
				return nil, a.blame(err, p.item, w.shape)
			}
			set.Bare = p.record.Bare
			byMask[string(mask)] = set
			sets = append(sets, set)
		}
		if err := a.addRow(set, p, mask); err != nil {
			return nil, a.blame(err, p.item, w.shape)
		}
	}
	if a.t.Sys.Moments == nil {
		return sets, nil
	}
	for _, set := range sets {
		if err := a.t.Sys.Moments(set); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

// addRow appends a record's arguments, with references resolved. A value of a type that is not known is tried out first.
func (a *attempt) addRow(set *dialect.Rowset, p part, mask []byte) error {
	r := dialect.Row{Item: p.item, Record: p.number, Args: make([]any, 0, len(set.Cols))}
	if set.Shape.Op == connectors.ReplaceChildren {
		r.Key = a.keyOf(p)
	}
	for i, v := range p.record.Values {
		if mask[i] == '0' {
			continue
		}
		if v.Kind == connectors.Reference {
			got, ok := a.items[p.item].value(v)
			if !ok {
				return &dialect.Misfit{Code: dialect.CodeReference, Column: set.Shape.Fields[i]}
			}
			v = got
		}
		c := set.Cols[len(r.Args)]
		x, err := a.t.Sys.Arg(c, v, a.t.Sys.Zone)
		if err != nil {
			return err
		}
		if c.Proof != "" && x != nil {
			a.queue(a.t.Sys.Trial(c, x, &dialect.Culprit{Item: p.item, Code: dialect.CodeNotExact, Op: "write " + set.Shape.Object + "." + c.Name, Err: &dialect.Misfit{Code: dialect.CodeNotExact, Column: c.Name}}))
		}
		r.Args = append(r.Args, x)
	}
	for _, k := range set.Key {
		if r.Args[k] == nil && !set.Tab.TakesNull(set.Shape.Op, set.KeyNames()) {
			return &dialect.Misfit{Code: dialect.CodeNullKey, Column: set.Cols[k].Name}
		}
	}
	set.Rows = append(set.Rows, r)
	return nil
}

// blame names the item whose value does not fit.
func (a *attempt) blame(err error, item int, shape *connectors.Shape) error {
	var m *dialect.Misfit
	if errors.As(err, &m) {
		return &dialect.Culprit{Item: item, Code: m.Code, Op: "write " + shape.Object + "." + m.Column, Err: err}
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
		if err := st.Holds(results[i]); err != nil {
			return err
		}
		touched := results[i].Affected
		if st.Sums && i > 0 {
			touched += results[i-1].Affected
		}
		if err := st.Count(touched); err != nil {
			return err
		}
		if st.Takes != nil {
			if err := st.Takes(results[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// run sends statements, the first with what begins the transaction.
func (a *attempt) run(ctx context.Context, stmts []dialect.Statement, commit bool) ([]dialect.Result, error) {
	begin := !a.begun
	a.begun = true
	results, err := a.s.Run(ctx, stmts, begin, commit)
	return results, a.t.Locate(err, stmts)
}

// take keeps the values that one row's statement returned.
func (a *attempt) take(r dialect.Row, op string, set *dialect.Rowset, res dialect.Result) error {
	if len(res.Rows) != 1 {
		return &dialect.Culprit{Item: r.Item, Code: dialect.CodeReference, Op: op, Err: errors.New("not exactly one row came back")}
	}
	a.returns(r, set.Shape, res.Rows[0])
	if rest := res.Rows[0][min(len(set.Shape.Returning), len(res.Rows[0])):]; len(rest) > 0 {
		a.again = append(a.again, again{r, set, rest})
	}
	return nil
}

// returns keeps the values of a row that its write returns.
func (a *attempt) returns(r dialect.Row, shape *connectors.Shape, row []connectors.Value) {
	it := a.items[r.Item]
	if it.given == nil {
		it.given = map[given]connectors.Value{}
	}
	for i, name := range shape.Returning[:min(len(shape.Returning), len(row))] {
		v := row[i]
		if tab := a.k.Tables[catalog.Entry(shape)]; tab != nil && tab.Pads(name) {
			v.Str = strings.TrimRight(v.Str, " ")
		}
		it.given[given{shape.Write + "." + name, r.Record}] = v
	}
}

// keysByBytes queues what finds rows that the database takes for those of the sets though their keys are others: there
// must be none.
func (a *attempt) keysByBytes(sets []*dialect.Rowset) {
	for _, set := range sets {
		for _, st := range set.OtherKeys(&a.t.Sys.Dialect) {
			a.queue(st)
		}
	}
}

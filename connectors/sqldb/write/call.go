package write

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// A call is part of its delivery's transaction like any row. A procedure that ends the transaction by itself is another matter: what it
// wrote stays, whatever becomes of the ledger's row. Where a server lets procedures do that, the ledger is written after them, so that none
// of them commits it; and what is known to do so has a probe, which is asked before each call, in a transaction of its delivery alone.

// calls tells whether a delivery calls something; probed, whether a call may outlast its transaction.
func calls(d *connectors.Delivery) (some, probed bool) {
	for i := range d.Records {
		if sh := d.Records[i].Shape; sh.Op == connectors.Call {
			some, probed = true, probed || sh.Call != nil && sh.Call.Probe != ""
		}
	}
	return some, probed
}

// lock keeps other sessions from a delivery with a probe: the call of a connection that was lost may still go on at the server.
func (a *attempt) lock(ctx context.Context) error {
	if len(a.items) != 1 || a.t.Sys.Lock == nil {
		return nil
	}
	key := a.items[0].delivery.Key
	if _, probed := calls(a.items[0].delivery); !probed {
		return nil
	}
	op := "lock the delivery"
	free, err := a.t.Sys.Lock(func(st dialect.Statement) (dialect.Result, error) {
		st.Rows, st.Op, st.Item = true, op, -1
		res, err := a.run(ctx, []dialect.Statement{st}, false)
		if err != nil {
			return dialect.Result{}, err
		}
		return res[0], nil
	}, key)
	if err != nil {
		return err
	}
	if !free {
		return connectors.Errorf(connectors.Transient, dialect.CodeLookupLocked, op, "an earlier call of it still goes on at the server", "locked")
	}
	a.locked = key
	return nil
}

// unlock gives a delivery free that lock has kept.
func (a *attempt) unlock(ctx context.Context) error {
	if a.locked == "" || a.t.Sys.Unlock == nil {
		return nil
	}
	st := a.t.Sys.Unlock(a.locked)
	st.Op, st.Item = "unlock the delivery", -1
	_, err := a.s.Run(ctx, []dialect.Statement{st}, false, false)
	return err
}

// queueCalls queues the calls of a wave, and the proofs that it was what the catalog says.
func (a *attempt) queueCalls(ctx context.Context, shape *connectors.Shape, sets []*dialect.Rowset) error {
	tab := sets[0].Tab
	if tab.Routine == nil {
		return dialect.Unsupported(sets[0])
	}
	if err := tab.Calls(shape); err != nil {
		return err
	}
	a.proveCalled(tab)
	for _, set := range sets {
		for _, row := range set.Rows {
			one := set.With([]dialect.Row{row})
			made, err := a.probe(ctx, one)
			if err == nil && !made {
				err = a.call(one)
			}
			if err != nil {
				return a.blame(err, row.Item, shape)
			}
		}
	}
	a.proveCalled(tab)
	return nil
}

// proveCalled has the definition of what is called proved, before and after: nothing holds it. Where nothing is held, all is proved before COMMIT.
func (a *attempt) proveCalled(tab *dialect.Table) {
	if a.t.Sys.Hold == nil {
		return
	}
	for i := range tab.Proofs {
		for _, st := range a.t.Sys.Prove([]*dialect.Proof{&tab.Proofs[i]}) {
			a.queue(st)
		}
	}
}

// probe asks whether a call was made before, and then takes what it returned from there.
func (a *attempt) probe(ctx context.Context, one *dialect.Rowset) (made bool, err error) {
	shape, row := one.Shape, one.Rows[0]
	if shape.Call == nil || shape.Call.Probe == "" {
		return false, nil
	}
	st, err := one.Probing(&a.t.Sys.Dialect, row)
	if err != nil {
		return false, err
	}
	if err := a.flush(ctx, false); err != nil {
		return false, err
	}
	results, err := a.run(ctx, []dialect.Statement{st}, false)
	if err != nil || len(results[0].Rows) == 0 {
		return false, err
	}
	got := newGot(one, st.Op)
	return true, errors.Join(got.take(results[0]), got.finish(a))
}

// call queues one call, and what is made of what it returns.
func (a *attempt) call(one *dialect.Rowset) error {
	stmts, err := one.Statements(&a.t.Sys.Dialect)
	if err != nil {
		return err
	}
	shape, row, fence := one.Shape, one.Rows[0], a.t.Sys.Fence
	if shape.Call != nil && shape.Call.Probe != "" {
		fence[0] = ""
	}
	if fence[0] != "" {
		a.queue(dialect.Statement{SQL: fence[0], Op: "call " + shape.Object, Item: row.Item})
	}
	got := newGot(one, "call "+shape.Object)
	last := -1
	for i := range stmts {
		if len(shape.Returning) > 0 && stmts[i].Rows {
			last = i
		}
	}
	for i, st := range stmts {
		if st.Looks = i == last; last >= 0 && st.Rows {
			st.Takes = func(res dialect.Result) error {
				if err := got.take(res); err != nil || i < last {
					return err
				}
				return got.finish(a)
			}
		}
		a.queue(st)
	}
	if len(shape.Returning) > 0 {
		if a.gives = true; last < 0 {
			return got.finish(a)
		}
	}
	if fence[1] != "" && fence[0] != "" {
		a.queue(dialect.Statement{SQL: fence[1], Op: "call " + shape.Object, Item: row.Item, Fences: true})
	}
	return nil
}

// got is what one call has returned so far.
type got struct {
	set    *dialect.Rowset
	op     string
	values map[string]connectors.Value
}

func newGot(one *dialect.Rowset, op string) *got {
	return &got{set: one, op: op, values: map[string]connectors.Value{}}
}

// take keeps what a result set gives of what is to come back. What is wanted of it must be one row's.
func (g *got) take(res dialect.Result) error {
	for i, name := range res.Names {
		at := slices.IndexFunc(g.set.Shape.Returning, func(r string) bool { return strings.EqualFold(r, name) })
		if at < 0 {
			continue
		}
		if len(res.Rows) != 1 {
			return &dialect.Culprit{Item: g.set.Rows[0].Item, Code: dialect.CodeReference, Op: g.op, Err: fmt.Errorf("%d rows came back, and one is needed", len(res.Rows))}
		}
		v := res.Rows[0][i]
		if c := g.set.Tab.Column(name); c != nil && c.Out != dialect.In && v.Kind == connectors.Text && (c.Fam == dialect.FamDate || c.Fam == dialect.FamDateTime || c.Fam == dialect.FamInstant) {
			v = dialect.CellText(c.Fam, v.Str) // variables of a session know no moments
		}
		g.values[g.set.Shape.Returning[at]] = v
	}
	return nil
}

// finish hands on what came back, and has the mapping judge it.
func (g *got) finish(a *attempt) error {
	shape, row := g.set.Shape, g.set.Rows[0]
	values := make([]connectors.Value, len(shape.Returning))
	words := make([]string, len(values))
	for i, name := range shape.Returning {
		v, there := g.values[name]
		if !there {
			return connectors.Errorf(connectors.TargetError, dialect.CodeNoColumn, g.op+"."+name, "compare the mapping's returning with what the procedure gives", "it gives no value of this name")
		}
		values[i], words[i] = v, name+" = "+dialect.KeyText(v)
	}
	a.returns(row, shape, values)
	if shape.Call == nil || shape.Call.Judge == nil {
		return nil
	}
	if why := shape.Call.Judge(values); why != nil {
		return &dialect.Culprit{Item: row.Item, Code: why.Code, Op: g.op, Err: errors.New(strings.Join(words, ", ")), By: why}
	}
	return nil
}

// probed finds whether the call of a record was made, where there is no ledger; false: its values are of other writes.
func (a *attempt) probed(ctx context.Context, k *catalog.Known, rec *connectors.Record) (rows int, sure bool, err error) {
	w := wave{rec.Shape, []part{{0, rec, 1}}}
	if rec.Shape.Call == nil || rec.Shape.Call.Probe == "" || refers(w) {
		return 0, false, nil
	}
	sets, err := a.rowsets(w, k.Tables[catalog.Entry(rec.Shape)])
	if err != nil {
		return 0, false, err
	}
	made, err := a.probe(ctx, sets[0])
	if made {
		rows = 1
	}
	return rows, err == nil, err
}

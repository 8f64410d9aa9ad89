package sqldb

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// ledgerOp is how ledger statements are named in messages, and told from the data's.
const ledgerOp = "write to the ledger"

var (
	ledgerShape   = connectors.Shape{Write: "ledger", Object: "ledger", Op: connectors.Insert, Fields: []string{"DELIVERY", "SUBMISSION"}}
	digestShape   = connectors.Shape{Write: "ledger", Object: "ledger", Op: connectors.Insert, Fields: []string{"DELIVERY", "SUBMISSION", "DIGEST"}}
	returnedShape = connectors.Shape{Write: "ledger", Object: "ledger", Op: connectors.Upsert, Fields: []string{"DELIVERY", "SUBMISSION", "RETURNED"}, Key: []int{0}}
)

// ledgerTable is the ledger as a table to write to; its names are plain, as its DDL has them.
func (t *Writer) ledgerTable() *table {
	text := func(name string) *column {
		c := t.sys.key
		c.name, c.typ, c.fam, c.scale = name, "varchar", famText, anyScale
		return &c
	}
	tab := newTable("the ledger", t.cfg.LedgerTable, []*column{text("DELIVERY"), text("SUBMISSION"), text("DIGEST"), text("RETURNED")})
	tab.uniques = [][]string{{"DELIVERY"}}
	return tab
}

// ledger claims the items' keys, as the first thing of the transaction. It hopes that none is known: then
// the claim travels with the data. A claim that fails makes the attempt careful.
func (a *attempt) ledger() error {
	if !a.t.cfg.Ledger {
		return nil
	}
	return a.claim(a.items)
}

func (a *attempt) claim(items []*item) error {
	shape := &ledgerShape
	if a.k.keepsDigests() {
		shape = &digestShape
	}
	var rows []row
	for i, it := range items {
		if _, old := a.known[it.delivery.Key]; old {
			continue
		}
		r := row{item: i, args: []any{it.delivery.Key, it.delivery.Submission}}
		if shape == &digestShape {
			r.args = append(r.args, digestArg(it.delivery.Digest))
		}
		rows = append(rows, r)
	}
	return a.queueLedger(shape, rows)
}

// recall reads which keys the ledger has, with the values they returned.
func (a *attempt) recall(ctx context.Context) error {
	a.known = map[string]map[string]connectors.Value{}
	const chunk = 64
	var stmts []statement
	for i := 0; i < len(a.items); i += chunk {
		part := a.items[i:min(i+chunk, len(a.items))]
		st := statement{rows: true, op: ledgerOp, item: -1}
		marks := make([]string, len(part))
		for j, it := range part {
			marks[j] = a.t.sys.bind(j + 1)
			st.args = append(st.args, it.delivery.Key)
		}
		st.sql = "SELECT DELIVERY, RETURNED FROM " + a.k.ledgerName() + " WHERE DELIVERY IN (" + strings.Join(marks, ",") + ")"
		stmts = append(stmts, st)
	}
	results, err := a.run(ctx, stmts, false)
	if err != nil {
		return err
	}
	for _, res := range results {
		for _, r := range res.rows {
			if len(r) != 2 {
				continue
			}
			values, err := unpackReturned(r[1].Str)
			if err != nil {
				return connectors.Errorf(connectors.TargetError, CodeNoLedger, ledgerOp, "the ledger's RETURNED column was changed by hand", "%w", err)
			}
			a.known[strings.TrimRight(r[0].Str, " ")] = values
		}
	}
	return nil
}

// ledgerReturned queues the values that came back, so that they come back again after a crash.
func (a *attempt) ledgerReturned() error {
	if !a.t.cfg.Ledger {
		return nil
	}
	var rows []row
	for i, it := range a.items {
		if len(it.returned) == 0 {
			continue
		}
		packed, err := packReturned(it.returned)
		if err != nil {
			return err
		}
		rows = append(rows, row{item: i, key: it.delivery.Key, args: []any{it.delivery.Key, it.delivery.Submission, packed}})
	}
	return a.queueLedger(&returnedShape, rows)
}

// queueLedger queues ledger rows. Values are added by an upsert and not by an UPDATE: it always goes by
// the primary key, also while the planner still takes the table for empty.
func (a *attempt) queueLedger(shape *connectors.Shape, rows []row) error {
	if len(rows) == 0 {
		return nil
	}
	tab := a.t.ledgerTable()
	real := a.k.tables[ledgerEntry]
	tab.name = a.k.ledgerName()
	if real != nil {
		tab.sure = real.sure
	}
	set := &rowset{shape: shape, tab: tab, key: shape.Key, rows: rows}
	for _, f := range shape.Fields {
		set.cols = append(set.cols, tab.columns[f])
	}
	if real != nil {
		a.hold(set, real)
	}
	d := a.t.sys.dialect
	d.quote = func(s string) string { return s } // plain names, as the DDL has them
	var w *window
	if real != nil {
		w = &window{tab: real, op: shape.Op, rows: int64(len(rows)), text: ledgerOp, item: -1}
		a.findKeys(&d, w, []*rowset{set})
	}
	stmts, err := set.statements(&d)
	if err != nil {
		return err
	}
	for _, st := range stmts {
		st.op, st.item = ledgerOp, -1
		a.queue(st, nil)
	}
	if real != nil {
		a.tally(w)
	}
	return nil
}

// packed is a value in the ledger's JSON: kind by its number in connectors, which never changes.
type packed struct {
	Kind connectors.Kind `json:"k"`
	Str  string          `json:"s,omitempty"`
	Int  int64           `json:"i,omitempty,string"`
}

func packReturned(values map[string]connectors.Value) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	all := make(map[string]packed, len(values))
	for k, v := range values {
		p := packed{v.Kind, v.Str, v.Int}
		if v.Kind == connectors.Binary && v.Blob != nil {
			b, err := readBlob(v.Blob)
			if err != nil {
				return "", err
			}
			p.Str = base64.StdEncoding.EncodeToString(b)
		}
		all[k] = p
	}
	b, err := json.Marshal(all)
	return string(b), err
}

func unpackReturned(s string) (map[string]connectors.Value, error) {
	if s == "" {
		return nil, nil
	}
	var all map[string]packed
	if err := json.Unmarshal([]byte(s), &all); err != nil {
		return nil, err
	}
	values := make(map[string]connectors.Value, len(all))
	for k, p := range all {
		v := connectors.Value{Kind: p.Kind, Str: p.Str, Int: p.Int}
		if p.Kind == connectors.Binary {
			b, err := base64.StdEncoding.DecodeString(p.Str)
			if err != nil {
				return nil, err
			}
			blob := connectors.BytesBlob(b)
			v.Str, v.Blob = "", &blob
		}
		values[k] = v
	}
	return values, nil
}

func readBlob(b *connectors.Blob) ([]byte, error) {
	r, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxBlob))
}

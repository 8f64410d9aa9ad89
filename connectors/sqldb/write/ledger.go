package write

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

var (
	ledgerShape   = connectors.Shape{Write: "ledger", Object: "ledger", Op: connectors.Insert, Fields: []string{"DELIVERY", "SUBMISSION"}}
	digestShape   = connectors.Shape{Write: "ledger", Object: "ledger", Op: connectors.Insert, Fields: []string{"DELIVERY", "SUBMISSION", "DIGEST"}}
	returnedShape = connectors.Shape{Write: "ledger", Object: "ledger", Op: connectors.Upsert, Fields: []string{"DELIVERY", "SUBMISSION", "RETURNED"}, Key: []int{0}}
)

// LedgerTable is the ledger as a table to write to; its names are plain, as its DDL has them.
func (t *Writer) LedgerTable() *dialect.Table {
	text := func(name string) *dialect.Column {
		c := t.Sys.Key
		c.Name, c.Typ, c.Fam, c.Scale = name, "varchar", dialect.FamText, dialect.AnyScale
		return &c
	}
	tab := dialect.NewTable("the ledger", t.Cfg.LedgerTable, []*dialect.Column{text("DELIVERY"), text("SUBMISSION"), text("DIGEST"), text("RETURNED")})
	tab.Uniques = [][]string{{"DELIVERY"}}
	return tab
}

// ledger claims the items' keys, as the first thing of the transaction. It hopes that none is known: then
// the claim travels with the data. A claim that fails makes the attempt careful.
func (a *attempt) ledger() error {
	if !a.t.Cfg.Ledger {
		return nil
	}
	return a.claim(a.items)
}

func (a *attempt) claim(items []*item) error {
	shape := &ledgerShape
	if a.k.KeepsDigests() {
		shape = &digestShape
	}
	var rows []dialect.Row
	for i, it := range items {
		if _, old := a.known[it.delivery.Key]; old {
			continue
		}
		r := dialect.Row{Item: i, Args: []any{it.delivery.Key, it.delivery.Submission}}
		if shape == &digestShape {
			r.Args = append(r.Args, digestArg(it.delivery.Digest))
		}
		rows = append(rows, r)
	}
	return a.queueLedger(shape, rows)
}

// recall reads which keys the ledger has, with the values they returned.
func (a *attempt) recall(ctx context.Context) error {
	a.known = map[string]map[string]connectors.Value{}
	const chunk = 64
	var stmts []dialect.Statement
	for i := 0; i < len(a.items); i += chunk {
		part := a.items[i:min(i+chunk, len(a.items))]
		st := dialect.Statement{Rows: true, Op: dialect.LedgerOp, Item: -1}
		marks := make([]string, len(part))
		for j, it := range part {
			marks[j] = a.t.Sys.Bind(j + 1)
			st.Args = append(st.Args, it.delivery.Key)
		}
		st.SQL = "SELECT DELIVERY, RETURNED FROM " + a.k.LedgerName() + " WHERE DELIVERY IN (" + strings.Join(marks, ",") + ")"
		stmts = append(stmts, st)
	}
	results, err := a.run(ctx, stmts, false)
	if err != nil {
		return err
	}
	for _, res := range results {
		for _, r := range res.Rows {
			if len(r) != 2 {
				continue
			}
			values, err := unpackReturned(r[1].Str)
			if err != nil {
				return connectors.Errorf(connectors.TargetError, dialect.CodeNoLedger, dialect.LedgerOp, "the ledger's RETURNED column was changed by hand", "%w", err)
			}
			a.known[strings.TrimRight(r[0].Str, " ")] = values
		}
	}
	return nil
}

// ledgerReturned queues the values that came back, so that they come back again after a crash.
func (a *attempt) ledgerReturned() error {
	if !a.t.Cfg.Ledger {
		return nil
	}
	var rows []dialect.Row
	for i, it := range a.items {
		returned := it.returned()
		if len(returned) == 0 {
			continue
		}
		packed, err := packReturned(returned)
		if err != nil {
			return err
		}
		rows = append(rows, dialect.Row{Item: i, Key: it.delivery.Key, Args: []any{it.delivery.Key, it.delivery.Submission, packed}})
	}
	return a.queueLedger(&returnedShape, rows)
}

// queueLedger queues ledger rows. Values are added by an upsert and not by an UPDATE: it always goes by
// the primary key, also while the planner still takes the table for empty.
func (a *attempt) queueLedger(shape *connectors.Shape, rows []dialect.Row) error {
	if len(rows) == 0 {
		return nil
	}
	tab := a.t.LedgerTable()
	real := a.k.Tables[catalog.LedgerEntry]
	tab.Name = a.k.LedgerName()
	if real != nil {
		tab.Sure, tab.Versioned = real.Sure, real.Versioned
	}
	set := &dialect.Rowset{Shape: shape, Tab: tab, Key: shape.Key, Rows: rows}
	for _, f := range shape.Fields {
		set.Cols = append(set.Cols, tab.Columns[f])
	}
	if real != nil {
		a.hold(set, real)
	}
	d := a.t.Sys.Dialect
	d.Quote = func(s string) string { return s } // plain names, as the DDL has them
	var w *window
	if real != nil {
		w = &window{tab: real, op: shape.Op, rows: int64(len(rows)), text: dialect.LedgerOp, item: -1}
		a.findKeys(&d, w, []*dialect.Rowset{set})
	}
	stmts, err := set.Statements(&d)
	if err != nil {
		return err
	}
	for _, st := range stmts {
		st.Op, st.Item = dialect.LedgerOp, -1
		a.queue(st)
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
			b, err := dialect.ReadBlob(v.Blob)
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

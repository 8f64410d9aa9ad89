package sqldb

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// errChanged says that a table is not what this call took it for.
var errChanged = errors.New("a table is not as it was read")

// known is what one call knows of tables.
type known struct {
	t      *Target
	tables map[string]*table
	fresh  bool // all of it was read in this call
}

// knows starts with what earlier calls remember.
func (t *Target) knows() *known { return &known{t: t, tables: map[string]*table{}} }

// readAnew starts with nothing.
func (t *Target) readAnew(ctx context.Context, s session) (*known, error) {
	k := t.knows()
	return k, k.renew(ctx, s)
}

// renew has every table read again, and statements prepared again: the types of their places are those of the columns
// when they were prepared.
func (k *known) renew(ctx context.Context, s session) error {
	k.t.cat.forget()
	clear(k.tables)
	k.fresh = true
	if p, ok := s.(interface{ forget(context.Context) error }); ok {
		return p.forget(ctx)
	}
	return nil
}

// load returns the table's catalog entry, reading it through s on first use.
func (k *known) load(ctx context.Context, s session, name string) (*table, error) {
	if tab := k.tables[name]; tab != nil {
		return tab, nil
	}
	k.t.cat.reading.Lock() // who comes second finds what the first has read
	defer k.t.cat.reading.Unlock()
	tab := k.t.cat.get(name)
	if tab == nil || k.fresh {
		var err error
		schema, plain := splitName(name, k.t.cfg.Schema)
		if tab, err = k.t.sys.table(ctx, s, schema, plain); err != nil {
			return nil, err
		}
		if tab == nil || len(tab.columns) == 0 {
			return nil, connectors.Errorf(connectors.TargetError, CodeNoTable, "find table "+name,
				"check the name, the schema and the user's grants", "no such table, or several that differ in case")
		}
		tab.plain = name
		k.t.cat.put(name, tab)
	}
	k.tables[name] = tab
	return tab, nil
}

// loadAll reads the catalog for every table of the items before the transaction begins.
func (k *known) loadAll(ctx context.Context, s session, items []*item) error {
	for _, it := range items {
		var last *connectors.Shape
		for i := range it.delivery.Records {
			sh := it.delivery.Records[i].Shape
			if sh == last || sh.Op == connectors.Call || sh.Op == connectors.Put {
				continue
			}
			last = sh
			tab, err := k.load(ctx, s, sh.Object)
			if err != nil {
				return err
			}
			if err := canTakeBack(tab, "write "+sh.Object); err != nil {
				return err
			}
		}
	}
	return nil
}

// canTakeBack refuses tables whose engine has no transactions, or none that are ours.
func canTakeBack(tab *table, op string) error {
	if tab.engine == "" || transactional(tab.engine) {
		return nil
	}
	hint := "change the table's engine to InnoDB; its writes cannot be taken back"
	if tab.engine == engineForeign {
		hint = "the table lies on another server, which commits by itself and may change values: write to that server as a target of its own"
	}
	if tab.engine == engineTemporary {
		hint = "a temporary table stands before the one that is meant, and ends with the session: take it out of session:, or name the table with its schema"
	}
	if strings.HasPrefix(tab.engine, "unknown") {
		hint = "it is a view over tables that this account may not see, and so may have no transactions: have the DBA grant SHOW VIEW, and a right on those tables"
	}
	return connectors.Errorf(connectors.TargetError, CodeNoTx, op, hint, "engine %s", tab.engine)
}

// proofs are the statements that prove inside a transaction, after its rows, that the tables are still what they
// were taken for: the rows keep anybody from changing them until it ends.
func (k *known) proofs() []statement {
	if k.t.sys.hold != nil {
		return nil // each was held and proved before its first row
	}
	var all []*proof
	for _, name := range slices.Sorted(maps.Keys(k.tables)) { // in one order, so that it is one statement
		tab := k.tables[name]
		for i := range tab.proofs {
			all = append(all, &tab.proofs[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	return k.t.sys.prove(all)
}

// proveByReading asks for each text again and has it compared.
func proveByReading(proofs []*proof) []statement {
	stmts := make([]statement, len(proofs))
	for i, p := range proofs {
		stmts[i] = p.ask
		stmts[i].proves = p
	}
	return stmts
}

// holds compares what a statement gave with what it is to prove.
func (st *statement) holds(res result) error {
	if st.proves != nil && printOf(res) != st.proves.print {
		return errChanged
	}
	return nil
}

// printOf reads what ask gave.
func printOf(res result) string {
	if len(res.rows) == 0 {
		return ""
	}
	var all []string
	for _, v := range res.rows[0] {
		all = append(all, keyText(v))
	}
	return counter.ReplaceAllString(strings.Join(all, "\x00"), "")
}

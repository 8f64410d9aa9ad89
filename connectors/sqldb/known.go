package sqldb

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/inbasket/inbasket/connectors"
)

// known is what one call knows of tables.
type known struct {
	cat    *catalog
	tables map[string]*table
	fresh  bool // all of it was read in this call
}

// knows starts with what earlier calls remember.
func (c *catalog) knows() *known { return &known{cat: c, tables: map[string]*table{}} }

// readAnew starts with nothing.
func (c *catalog) readAnew(ctx context.Context, s session) (*known, error) {
	k := c.knows()
	return k, k.renew(ctx, s)
}

// renew has every table read again, and statements prepared again: the types of their places are those of the columns
// when they were prepared.
func (k *known) renew(ctx context.Context, s session) error {
	k.cat.forget()
	clear(k.tables)
	k.fresh = true
	return s.forget(ctx)
}

// load returns the table's catalog entry, reading it through s on first use.
func (k *known) load(ctx context.Context, s session, name string) (*table, error) {
	if tab := k.tables[name]; tab != nil {
		return tab, nil
	}
	k.cat.reading.Lock() // who comes second finds what the first has read
	defer k.cat.reading.Unlock()
	tab := k.cat.get(name)
	if tab == nil || k.fresh {
		var err error
		schema, plain := splitName(name, k.cat.cfg.Schema)
		if tab, err = k.cat.sys.table(ctx, s, schema, plain); err != nil {
			return nil, err
		}
		if tab == nil || len(tab.columns) == 0 {
			return nil, connectors.Errorf(connectors.TargetError, CodeNoTable, "find table "+name,
				"check the name, the schema and the user's grants", "no such table, or several that differ in case")
		}
		tab.plain = name
		k.cat.put(name, tab)
	}
	k.tables[name] = tab
	return tab, nil
}

// loadAll reads the catalog for every table of a delivery before the transaction begins.
func (k *known) loadAll(ctx context.Context, s session, d *connectors.Delivery) error {
	var last *connectors.Shape
	for i := range d.Records {
		sh := d.Records[i].Shape
		if sh == last || sh.Op == connectors.Call || sh.Op == connectors.Put {
			continue
		}
		last = sh
		tab, err := k.load(ctx, s, sh.Object)
		if err == nil {
			err = canTakeBack(tab, "write "+sh.Object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// canTakeBack refuses tables whose engine has no transactions, or none that are ours.
func canTakeBack(tab *table, op string) error {
	if tab.loses == "" {
		return nil
	}
	return connectors.Errorf(connectors.TargetError, CodeNoTx, op, tab.cure, "engine %s", tab.loses)
}

// proofs are the statements that prove inside a transaction, after its rows, that the tables are still what they
// were taken for: the rows keep anybody from changing them until it ends.
func (k *known) proofs() []statement {
	if k.cat.sys.hold != nil {
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
	return k.cat.sys.prove(all)
}

// catalog remembers tables from one call to the next. A write relies on it only as far as its transaction proves
// that it is still true.
type catalog struct {
	*DB
	reading sync.Mutex // held while a table is read through a session
	mu      sync.Mutex
	tables  map[string]*table
}

func newCatalog(db *DB) *catalog { return &catalog{DB: db, tables: map[string]*table{}} }

func (c *catalog) forget() {
	c.mu.Lock()
	c.tables = map[string]*table{}
	c.mu.Unlock()
}

func (c *catalog) get(name string) *table {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tables[name]
}

func (c *catalog) put(name string, t *table) {
	c.mu.Lock()
	c.tables[name] = t
	c.mu.Unlock()
}

// ledgerEntry is the ledger's place in the catalog; no table has this name.
const ledgerEntry = "\x00ledger"

// loadLedger learns whether the ledger has the column DIGEST, which those of earlier versions have not, and whether what
// is written to it can be taken back.
func (k *known) loadLedger(ctx context.Context, s session) error {
	t := k.cat
	if !t.cfg.Ledger || k.tables[ledgerEntry] != nil {
		return nil
	}
	tab := t.get(ledgerEntry)
	if tab == nil {
		schema, name := splitName(t.cfg.LedgerTable, t.cfg.Schema)
		if t.sys.fold != nil {
			name = t.sys.fold(name) // its DDL has it without quotes
		}
		var err error
		if tab, err = t.sys.table(ctx, s, schema, name); err != nil {
			return err
		}
		if tab == nil || len(tab.columns) == 0 {
			return nil // one that is not there is told of by what is written to it
		}
		t.put(ledgerEntry, tab)
	}
	if err := canTakeBack(tab, ledgerOp); err != nil {
		return err
	}
	if !tab.unique([]string{"DELIVERY"}) { // a key that could come twice would let a delivery be written twice
		return connectors.Errorf(connectors.TargetError, CodeNoLedger, ledgerOp,
			"have the DBA make DELIVERY the ledger's primary key, as inbasket ledger ddl prints it", "no unique key on DELIVERY alone")
	}
	k.tables[ledgerEntry] = tab
	return nil
}

// ledgerName is the ledger in statements: the very table that was found, once it is known.
func (k *known) ledgerName() string {
	if tab := k.tables[ledgerEntry]; tab != nil {
		return tab.name
	}
	return k.cat.cfg.LedgerTable
}

func (k *known) keepsDigests() bool {
	tab := k.tables[ledgerEntry]
	return tab != nil && tab.column("DIGEST") != nil
}

// hang tells whether any of the tables refers to another.
func (k *known) hang() bool {
	for _, t := range k.tables {
		if len(t.parents) > 0 {
			return true
		}
	}
	return false
}

// below tells whether rows of one table may hang on rows of another, also by tables in between that this call knows.
func (k *known) below(t, p *table) bool {
	seen := map[*table]bool{t: true}
	for next := []*table{t}; len(next) > 0; next = next[1:] {
		if next[0].refersTo(p) {
			return true
		}
		for _, q := range k.tables {
			if !seen[q] && next[0].refersTo(q) {
				seen[q] = true
				next = append(next, q)
			}
		}
	}
	return false
}

package catalog

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Known is what one call knows of tables.
type Known struct {
	cat    *Catalog
	Tables map[string]*dialect.Table
	Fresh  bool // all of it was read in this call
}

// Knows starts with what earlier calls remember.
func (c *Catalog) Knows() *Known { return &Known{cat: c, Tables: map[string]*dialect.Table{}} }

// ReadAnew starts with nothing.
func (c *Catalog) ReadAnew(ctx context.Context, s dialect.Session) (*Known, error) {
	k := c.Knows()
	return k, k.Renew(ctx, s)
}

// Renew has every table read again, and statements prepared again: the types of their places are those of the columns
// when they were prepared.
func (k *Known) Renew(ctx context.Context, s dialect.Session) error {
	k.cat.Forget()
	clear(k.Tables)
	k.Fresh = true
	return s.Forget(ctx)
}

// Entry is where the table or routine of a write stands among what is known.
func Entry(sh *connectors.Shape) string {
	if sh.Op == connectors.Call {
		return "\x00call " + sh.Object
	}
	return sh.Object
}

// load returns the catalog entry of a write's table or routine, reading it through s on first use.
func (k *Known) load(ctx context.Context, s dialect.Session, sh *connectors.Shape) (*dialect.Table, error) {
	name := Entry(sh)
	if tab := k.Tables[name]; tab != nil {
		return tab, nil
	}
	k.cat.reading.Lock() // who comes second finds what the first has read
	defer k.cat.reading.Unlock()
	tab := k.cat.get(name)
	if tab == nil || k.Fresh {
		var err error
		schema, plain := dialect.SplitName(sh.Object, k.cat.Cfg.Schema)
		read, what := k.cat.Sys.Table, "table"
		if sh.Op == connectors.Call {
			read, what = k.cat.Sys.Routine, "procedure"
		}
		if tab, err = read(ctx, s, schema, plain); err != nil {
			return nil, err
		}
		if tab == nil || len(tab.Columns) == 0 && tab.Routine == nil {
			return nil, connectors.Errorf(connectors.TargetError, dialect.CodeNoTable, "find "+what+" "+sh.Object,
				"check the name, the schema and the user's grants", "no such %s, or several that differ in case", what)
		}
		tab.Plain = sh.Object
		k.cat.Put(name, tab)
	}
	k.Tables[name] = tab
	return tab, nil
}

// LoadAll reads the catalog for every table of a delivery before the transaction begins.
func (k *Known) LoadAll(ctx context.Context, s dialect.Session, d *connectors.Delivery) error {
	var last *connectors.Shape
	for i := range d.Records {
		sh := d.Records[i].Shape
		if sh == last || sh.Op == connectors.Put || sh.Op == connectors.Call && k.cat.Sys.Routine == nil {
			continue
		}
		last = sh
		tab, err := k.load(ctx, s, sh)
		if err == nil {
			err = CanTakeBack(tab, "write "+sh.Object)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CanTakeBack refuses tables whose engine has no transactions, or none that are ours.
func CanTakeBack(tab *dialect.Table, op string) error {
	if tab.Loses == "" {
		return nil
	}
	return connectors.Errorf(connectors.TargetError, dialect.CodeNoTx, op, tab.Cure, "engine %s", tab.Loses)
}

// Proofs are the statements that prove inside a transaction, after its rows, that the tables are still what they
// were taken for: the rows keep anybody from changing them until it ends.
func (k *Known) Proofs() []dialect.Statement {
	if k.cat.Sys.Hold != nil {
		return nil // each was held and proved before its first row
	}
	var all []*dialect.Proof
	for _, name := range slices.Sorted(maps.Keys(k.Tables)) { // in one order, so that it is one statement
		tab := k.Tables[name]
		for i := range tab.Proofs {
			all = append(all, &tab.Proofs[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	return k.cat.Sys.Prove(all)
}

// Catalog remembers tables from one call to the next. A write relies on it only as far as its transaction proves
// that it is still true.
type Catalog struct {
	*database.DB
	reading sync.Mutex // held while a table is read through a session
	mu      sync.Mutex
	tables  map[string]*dialect.Table
}

// New knows nothing yet.
func New(db *database.DB) *Catalog { return &Catalog{DB: db, tables: map[string]*dialect.Table{}} }

// Forget has all tables read again.
func (c *Catalog) Forget() {
	c.mu.Lock()
	c.tables = map[string]*dialect.Table{}
	c.mu.Unlock()
}

func (c *Catalog) get(name string) *dialect.Table {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tables[name]
}

// Put remembers a table under the name that mappings have for it.
func (c *Catalog) Put(name string, t *dialect.Table) {
	c.mu.Lock()
	c.tables[name] = t
	c.mu.Unlock()
}

// LedgerEntry is the ledger's place in the catalog; no table has this name.
const LedgerEntry = "\x00ledger"

// LoadLedger learns whether the ledger has the column DIGEST, which those of earlier versions have not, and whether what
// is written to it can be taken back.
func (k *Known) LoadLedger(ctx context.Context, s dialect.Session) error {
	t := k.cat
	if !t.Cfg.Ledger || k.Tables[LedgerEntry] != nil {
		return nil
	}
	tab := t.get(LedgerEntry)
	if tab == nil {
		schema, name := dialect.SplitName(t.Cfg.LedgerTable, t.Cfg.Schema)
		if t.Sys.Fold != nil {
			name = t.Sys.Fold(name) // its DDL has it without quotes
		}
		var err error
		if tab, err = t.Sys.Table(ctx, s, schema, name); err != nil {
			return err
		}
		if tab == nil || len(tab.Columns) == 0 {
			return nil // one that is not there is told of by what is written to it
		}
		t.Put(LedgerEntry, tab)
	}
	if err := CanTakeBack(tab, dialect.LedgerOp); err != nil {
		return err
	}
	if !tab.Unique([]string{"DELIVERY"}) { // a key that could come twice would let a delivery be written twice
		return connectors.Errorf(connectors.TargetError, dialect.CodeNoLedger, dialect.LedgerOp,
			"have the DBA make DELIVERY the ledger's primary key, as inbasket ledger ddl prints it", "no unique key on DELIVERY alone")
	}
	k.Tables[LedgerEntry] = tab
	return nil
}

// LedgerName is the ledger in statements: the very table that was found, once it is known.
func (k *Known) LedgerName() string {
	if tab := k.Tables[LedgerEntry]; tab != nil {
		return tab.Name
	}
	return k.cat.Cfg.LedgerTable
}

// KeepsDigests tells whether the ledger has the column DIGEST.
func (k *Known) KeepsDigests() bool {
	tab := k.Tables[LedgerEntry]
	return tab != nil && tab.Column("DIGEST") != nil
}

// Hang tells whether any of the tables refers to another.
func (k *Known) Hang() bool {
	for _, t := range k.Tables {
		if len(t.Parents) > 0 {
			return true
		}
	}
	return false
}

// Below tells whether rows of one table may hang on rows of another, also by tables in between that this call knows.
func (k *Known) Below(t, p *dialect.Table) bool {
	seen := map[*dialect.Table]bool{t: true}
	for next := []*dialect.Table{t}; len(next) > 0; next = next[1:] {
		if next[0].RefersTo(p) {
			return true
		}
		for _, q := range k.Tables {
			if !seen[q] && next[0].RefersTo(q) {
				seen[q] = true
				next = append(next, q)
			}
		}
	}
	return false
}

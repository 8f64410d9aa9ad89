package sqldb

import (
	"context"

	"github.com/inbasket/inbasket/connectors"
)

// Writer writes into one database. Deliver may run in several goroutines.
type Writer struct {
	*DB
	cat   *catalog
	taken taken
	// makes says that the agent would make the ledger, and this writer may not: it only looks.
	makes bool
}

func newWriter(db *DB) *Writer {
	t := &Writer{DB: db, cat: newCatalog(db), taken: taken{last: map[*connectors.Shape]int64{}, since: map[string]int64{}}}
	db.pool.replaced = t.cat.forget
	return t
}

// Check connects, and with a ledger claims a key, changes it and takes it back: so login, table and all
// three grants are known to work.
func (t *Writer) Check(ctx context.Context) error {
	return t.use(ctx, func(s session) error { return t.checkOn(ctx, s) })
}

func (t *Writer) checkOn(ctx context.Context, s session) error {
	if !t.cfg.Ledger {
		_, err := s.run(ctx, []statement{t.sys.ping()}, false, false)
		return err
	}
	k, err := t.cat.readAnew(ctx, s)
	if err != nil {
		return err
	}
	if err := k.loadLedger(ctx, s); err != nil {
		return err
	}
	if t.makes && k.tables[ledgerEntry] == nil {
		return nil // Examine says whether it could be made
	}
	if k.tables[ledgerEntry] != nil && !k.keepsDigests() && !t.env.Look { // Examine tells it itself
		t.env.Notify(connectors.Notice{Code: CodeNoDigest, Text: "the ledger has no column DIGEST; have the DBA run: " + t.sys.digestAdded(t.cfg.LedgerTable)})
	}
	probe := &item{delivery: &connectors.Delivery{Key: "check/" + shorten(t.env.Identity, 50), Submission: "check"}}
	a := &attempt{t: t, k: k, s: s, items: []*item{probe}}
	if err := a.recall(ctx); err != nil {
		return err
	}
	if err := a.claim(a.items); err != nil {
		return err
	}
	if err := a.queueLedger(&returnedShape, []row{{key: probe.delivery.Key, args: []any{probe.delivery.Key, "check", "{}"}}}); err != nil {
		return err
	}
	return a.flush(ctx, false)
}

func shorten(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

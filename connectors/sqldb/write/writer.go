package write

import (
	"context"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Writer writes into one database. Deliver may run in several goroutines.
type Writer struct {
	*database.DB
	Cat   *catalog.Catalog
	taken taken
	// Makes says that the agent would make the ledger, and this writer may not: it only looks.
	Makes bool
}

// New has written nothing yet.
func New(db *database.DB) *Writer {
	t := &Writer{DB: db, Cat: catalog.New(db), taken: taken{last: map[*connectors.Shape]int64{}, since: map[string]int64{}}}
	db.Pool.Replaced = t.Cat.Forget
	return t
}

// Check connects, and with a ledger claims a key, changes it and takes it back: so login, table and all
// three grants are known to work.
func (t *Writer) Check(ctx context.Context) error {
	return t.Use(ctx, func(s dialect.Session) error { return t.CheckOn(ctx, s) })
}

// CheckOn is Check on a session. Nothing of it stays.
func (t *Writer) CheckOn(ctx context.Context, s dialect.Session) error {
	if !t.Cfg.Ledger {
		_, err := s.Run(ctx, []dialect.Statement{t.Sys.Ping()}, false, false)
		return err
	}
	k, err := t.Cat.ReadAnew(ctx, s)
	if err != nil {
		return err
	}
	if err := k.LoadLedger(ctx, s); err != nil {
		return err
	}
	if t.Makes && k.Tables[catalog.LedgerEntry] == nil {
		return nil // Examine says whether it could be made
	}
	if k.Tables[catalog.LedgerEntry] != nil && !k.KeepsDigests() && !t.Env.Look { // Examine tells it itself
		t.Env.Notify(connectors.Notice{Code: dialect.CodeNoDigest, Text: "the ledger has no column DIGEST; have the DBA run: " + t.Sys.DigestAdded(t.Cfg.LedgerTable)})
	}
	probe := &item{delivery: &connectors.Delivery{Key: "check/" + shorten(t.Env.Identity, 50), Submission: "check"}}
	a := &attempt{t: t, k: k, s: s, items: []*item{probe}}
	if err := a.recall(ctx); err != nil {
		return err
	}
	if err := a.claim(a.items); err != nil {
		return err
	}
	if err := a.queueLedger(&returnedShape, []dialect.Row{{Key: probe.delivery.Key, Args: []any{probe.delivery.Key, "check", "{}"}}}); err != nil {
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

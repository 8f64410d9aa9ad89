package write

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Lookup reads the ledger. A transaction of a lost connection may still be open, or committing, at the
// server: to see its end and not just its absence, the missing keys are inserted and taken back, which
// waits for whoever holds them. Should bytes of the lost transaction arrive even later, its ledger row or
// the repeat's is refused, never both written.
func (t *Writer) Lookup(ctx context.Context, g connectors.Group) ([]connectors.Found, error) {
	items := make([]*item, len(g.Items))
	for i := range g.Items {
		items[i] = &item{delivery: &g.Items[i]}
	}
	s, err := t.Pool.Get(ctx)
	if err != nil {
		return nil, t.ConnectError(err)
	}
	find := t.lookupLedger
	if !t.Cfg.Ledger {
		find = t.lookupKeys
	}
	for range 4 {
		found, err := find(ctx, s, items)
		if err == nil {
			t.GiveBack(ctx, s)
			return found, nil
		}
		r := t.Meaning(err)
		if dialect.Broken(err) || s.Rollback(ctx) != nil {
			s.Close()
			return nil, r.Err
		}
		if r.Err.Code == dialect.CodeDuplicate { // committed just now: read again
			continue
		}
		t.Pool.Put(s)
		if r.Err.Class == connectors.Transient {
			r.Err.Code = dialect.CodeLookupLocked
		}
		return nil, r.Err
	}
	t.GiveBack(ctx, s)
	return nil, connectors.Errorf(connectors.Transient, dialect.CodeLookupLocked, dialect.LedgerOp, "", "keys kept appearing")
}

func (t *Writer) lookupLedger(ctx context.Context, s dialect.Session, items []*item) ([]connectors.Found, error) {
	a := &attempt{t: t, k: t.Cat.Knows(), s: s, items: items}
	if err := a.k.LoadLedger(ctx, s); err != nil {
		return nil, err
	}
	if err := a.recall(ctx); err != nil {
		return nil, err
	}
	if err := a.claim(items); err != nil {
		return nil, err
	}
	if err := a.flush(ctx, false); err != nil {
		return nil, err
	}
	found := make([]connectors.Found, len(items))
	for i, it := range items {
		found[i] = connectors.Found{Key: it.delivery.Key, Presence: connectors.Absent}
		if old, known := a.known[it.delivery.Key]; known {
			found[i].Presence, found[i].Returned = connectors.Present, old
		}
	}
	return found, nil
}

// lookupKeys finds rows by verified unique keys, where there is no ledger. Whatever is not inserted under
// such a key stays unknown.
func (t *Writer) lookupKeys(ctx context.Context, s dialect.Session, items []*item) ([]connectors.Found, error) {
	found := make([]connectors.Found, len(items))
	k, err := t.Cat.ReadAnew(ctx, s) // a key that is no longer unique proves nothing
	if err != nil {
		return nil, err
	}
	for i, it := range items {
		found[i] = connectors.Found{Key: it.delivery.Key}
		n, sure, err := t.countRows(ctx, s, k, it)
		if err != nil {
			return nil, err
		}
		switch {
		case !sure:
		case n == 0:
			found[i].Presence = connectors.Absent
		case n == len(it.delivery.Records):
			found[i].Presence = connectors.Present
		}
	}
	return found, nil
}

func (t *Writer) countRows(ctx context.Context, s dialect.Session, k *catalog.Known, it *item) (n int, sure bool, err error) {
	if err := k.LoadAll(ctx, s, it.delivery); err != nil {
		return 0, false, err
	}
	a := &attempt{t: t, k: k, s: s, items: []*item{it}}
	for i := range it.delivery.Records {
		rec := &it.delivery.Records[i]
		sh := rec.Shape
		if sh.Op == connectors.Call {
			made, sure, err := a.probed(ctx, k, rec)
			if err != nil || !sure {
				return 0, false, err
			}
			n += made
			continue
		}
		if sh.Op != connectors.Insert || len(sh.Key) == 0 || len(sh.Returning) > 0 {
			return 0, false, nil
		}
		w := wave{sh, []part{{0, rec, 1}}}
		if refers(w) {
			return 0, false, nil
		}
		tab := k.Tables[sh.Object]
		sets, err := a.rowsets(w, tab)
		if err != nil {
			var c *dialect.Culprit
			if errors.As(err, &c) { // refused before anything was sent
				return 0, true, nil
			}
			return 0, false, err
		}
		if !tab.Unique(sets[0].KeyNames()) || slices.Contains(sets[0].KeyArgs(sets[0].Rows[0]), nil) {
			return 0, false, nil
		}
		where, args := sets[0].WhereBytes(&t.Sys.Dialect)
		st := dialect.Statement{SQL: sets[0].Prefix + "SELECT " + strings.Join(sets[0].Names(&t.Sys.Dialect)[:1], "") + " FROM " + sets[0].From() + " WHERE " +
			where, Args: args, Rows: true, Op: "select from " + tab.Plain, Item: 0}
		res, err := s.Run(ctx, []dialect.Statement{st}, false, false)
		if err != nil {
			return 0, false, t.Locate(err, []dialect.Statement{st})
		}
		n += len(res[0].Rows)
	}
	return n, true, nil
}

package sqldb

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
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
	s, err := t.pool.get(ctx)
	if err != nil {
		return nil, t.connectError(err)
	}
	find := t.lookupLedger
	if !t.cfg.Ledger {
		find = t.lookupKeys
	}
	for range 4 {
		found, err := find(ctx, s, items)
		if err == nil {
			t.giveBack(ctx, s)
			return found, nil
		}
		r := t.meaning(err)
		if broken(err) || s.rollback(ctx) != nil {
			s.close()
			return nil, r.err
		}
		if r.err.Code == CodeDuplicate { // committed just now: read again
			continue
		}
		t.pool.put(s)
		if r.err.Class == connectors.Transient {
			r.err.Code = CodeLookupLocked
		}
		return nil, r.err
	}
	t.giveBack(ctx, s)
	return nil, connectors.Errorf(connectors.Transient, CodeLookupLocked, ledgerOp, "", "keys kept appearing")
}

func (t *Writer) lookupLedger(ctx context.Context, s session, items []*item) ([]connectors.Found, error) {
	a := &attempt{t: t, k: t.cat.knows(), s: s, items: items}
	if err := a.k.loadLedger(ctx, s); err != nil {
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
func (t *Writer) lookupKeys(ctx context.Context, s session, items []*item) ([]connectors.Found, error) {
	found := make([]connectors.Found, len(items))
	k, err := t.cat.readAnew(ctx, s) // a key that is no longer unique proves nothing
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

func (t *Writer) countRows(ctx context.Context, s session, k *known, it *item) (n int, sure bool, err error) {
	if err := k.loadAll(ctx, s, it.delivery); err != nil {
		return 0, false, err
	}
	a := &attempt{t: t, k: k, s: s, items: []*item{it}}
	for i := range it.delivery.Records {
		rec := &it.delivery.Records[i]
		sh := rec.Shape
		if sh.Op != connectors.Insert || len(sh.Key) == 0 || len(sh.Returning) > 0 {
			return 0, false, nil
		}
		w := wave{sh, []part{{0, rec}}}
		if refers(w) {
			return 0, false, nil
		}
		tab := k.tables[sh.Object]
		sets, err := a.rowsets(w, tab)
		if err != nil {
			var c *culprit
			if errors.As(err, &c) { // refused before anything was sent
				return 0, true, nil
			}
			return 0, false, err
		}
		if !tab.unique(sets[0].keyNames()) || slices.Contains(sets[0].keyArgs(sets[0].rows[0]), nil) {
			return 0, false, nil
		}
		where, args := sets[0].whereBytes(&t.sys.dialect)
		st := statement{sql: sets[0].prefix + "SELECT " + strings.Join(sets[0].names(&t.sys.dialect)[:1], "") + " FROM " + tab.name + " WHERE " +
			where, args: args, rows: true, op: "select from " + tab.plain, item: 0}
		res, err := s.run(ctx, []statement{st}, false, false)
		if err != nil {
			return 0, false, t.locate(err, []statement{st})
		}
		n += len(res[0].rows)
	}
	return n, true, nil
}

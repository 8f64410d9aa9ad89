package sqldb

import (
	"context"
	"errors"

	"github.com/inbasket/inbasket/connectors"
)

// Check connects, and with a ledger claims a key, changes it and takes it back: so login, table and all
// three grants are known to work.
func (t *Target) Check(ctx context.Context) error {
	s, err := t.pool.get(ctx)
	if err != nil {
		return t.connectError(err)
	}
	err = t.checkOn(ctx, s)
	if err != nil {
		r := t.meaning(err)
		if broken(err) || s.rollback(ctx) != nil {
			s.close()
		} else {
			t.pool.put(s)
		}
		return r.err
	}
	t.giveBack(ctx, s)
	return nil
}

func (t *Target) checkOn(ctx context.Context, s session) error {
	if !t.cfg.Ledger {
		_, err := s.run(ctx, []statement{t.sys.ping()}, false, false)
		return err
	}
	k := t.readAnew()
	if err := k.loadLedger(ctx, s); err != nil {
		return err
	}
	if k.tables[ledgerEntry] != nil && !k.keepsDigests() {
		t.env.Notify(connectors.Notice{Code: CodeNoDigest, Text: "the ledger has no column DIGEST; have the DBA run: " + digestDDL(t.sys.name, t.cfg.LedgerTable)})
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

// Inspect compares the shapes that mappings write with the catalog and returns everything wrong: missing
// tables and columns, required columns that nothing fills, upserts without a unique key, engines without
// transactions. It is what inbasket check prints beyond Check.
func (t *Target) Inspect(ctx context.Context, shapes []*connectors.Shape) ([]*connectors.Error, error) {
	s, err := t.pool.get(ctx)
	if err != nil {
		return nil, t.connectError(err)
	}
	k := t.readAnew()
	var problems []*connectors.Error
	for _, sh := range shapes {
		if sh.Op == connectors.Call || sh.Op == connectors.Put {
			continue
		}
		tab, err := k.load(ctx, s, sh.Object)
		if broken(err) {
			s.close()
			return problems, t.meaning(err).err
		}
		if err != nil {
			problems = append(problems, t.meaning(err).err)
			continue
		}
		problems = append(problems, inspectTable(tab, sh)...)
	}
	t.giveBack(ctx, s)
	return problems, nil
}

func inspectTable(tab *table, sh *connectors.Shape) []*connectors.Error {
	var problems []*connectors.Error
	add := func(code, what, hint string) {
		problems = append(problems, &connectors.Error{Class: connectors.TargetError, Code: code,
			Op: "check " + what, Hint: hint, Err: errors.New("mapping and table differ")})
	}
	if tab.engine != "" && !transactional(tab.engine) {
		add(CodeNoTx, "table "+sh.Object, "change the table's engine to InnoDB")
	}
	filled := map[*column]bool{}
	for _, f := range append(append([]string{}, sh.Fields...), sh.Returning...) {
		c := tab.column(f)
		if c == nil {
			add(CodeNoColumn, "column "+sh.Object+"."+f, "correct its name in the mapping")
			continue
		}
		filled[c] = true
	}
	if sh.Op != connectors.Update {
		for _, c := range tab.columns {
			if c.required && !filled[c] {
				add(CodeNotNull, "column "+sh.Object+"."+c.name, "it is required and has no default; the mapping must fill it")
			}
		}
	}
	if sh.Op == connectors.Upsert {
		keys := make([]string, len(sh.Key))
		for i, k := range sh.Key {
			keys[i] = sh.Fields[k]
		}
		if !tab.unique(keys) {
			add(CodeNoKey, "table "+sh.Object, "upsert needs a unique key on exactly the mapping's key columns")
		}
	}
	return problems
}

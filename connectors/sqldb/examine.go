package sqldb

import (
	"context"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// examine checks, and compares what mappings write and ask with the catalogue and with the server's own opinion of
// the very statements that would be sent: EXPLAIN looks at tables, columns, keys and grants, and runs nothing.
func examine(ctx context.Context, t *Writer, work []connectors.Work) ([]connectors.Finding, error) {
	t.cat.forget()
	s, err := t.pool.get(ctx)
	if err != nil {
		return nil, t.connectError(err)
	}
	checked := t.checkOn(ctx, s)
	if broken(checked) {
		s.close()
		return nil, t.meaning(checked).err
	}
	x := &examination{t, &inspection{s: s, cfg: &t.cfg, d: &t.sys.dialect, work: -1}}
	if err = x.mend(ctx); err == nil {
		err = x.all(ctx, work)
	}
	if broken(err) {
		x.s.close()
	} else {
		t.giveBack(ctx, x.s)
	}
	if checked != nil {
		err = checked
	}
	if err != nil {
		return x.found, t.meaning(err).err
	}
	return x.found, nil
}

// examination is one Examine under way.
type examination struct {
	t *Writer
	*inspection
}

func (x *examination) all(ctx context.Context, work []connectors.Work) error {
	if x.d.inspector.server != nil {
		if err := x.d.inspector.server(ctx, x.inspection); err != nil {
			return err
		}
	}
	if err := x.ledger(ctx); err != nil {
		return err
	}
	for i, w := range work {
		x.work = i
		for j := range w.Writes {
			if err := x.writing(ctx, &w.Writes[j]); err != nil {
				return err
			}
		}
		if w.Asks != nil {
			if err := x.asking(ctx, w.Asks); err != nil {
				return err
			}
		}
	}
	return nil
}

// mend makes the session fit for the next question after a refusal.
func (x *examination) mend(ctx context.Context) error {
	if x.s.rollback(ctx) == nil {
		return nil
	}
	x.s.close()
	s, err := x.t.sys.connect(ctx)
	if err != nil {
		return x.t.connectError(err)
	}
	x.s = s
	return nil
}

// writing compares one write with its table.
func (x *examination) writing(ctx context.Context, w *connectors.Writing) error {
	sh := w.Shape
	if sh.Op == connectors.Call || sh.Op == connectors.Put {
		return nil
	}
	tab, err := x.table(ctx, sh.Object)
	if err != nil {
		return err
	}
	if tab == nil {
		return x.noTable(ctx, w)
	}
	tr := &traits{}
	if x.d.inspector.traits != nil {
		if tr, err = x.d.inspector.traits(ctx, x.inspection, tab); err != nil {
			return err
		}
	}
	c := &comparison{x: x, w: w, tab: tab, tr: tr}
	c.columns()
	c.required()
	c.keys()
	c.whole()
	for i := range sh.Fields {
		c.fits(i)
	}
	if c.lacks { // the server would only say the same in other words
		return nil
	}
	return c.explain(ctx)
}

// table reads a table's entry; nil: it is not there, or not for this account.
func (x *examination) table(ctx context.Context, name string) (*table, error) {
	schema, plain := splitName(name, x.cfg.Schema)
	tab, err := x.d.table(ctx, x.s, schema, plain)
	if err != nil || tab == nil || len(tab.columns) == 0 {
		return nil, err
	}
	tab.plain = name
	return tab, nil
}

func (x *examination) noTable(ctx context.Context, w *connectors.Writing) error {
	f := connectors.Finding{Code: CodeNoTable, Path: []any{"write", w.Index, "table"}, Word: w.Shape.Object,
		Message: fmt.Sprintf("table %s is not there, or the account has no right to it", w.Shape.Object),
		Cure:    "correct its name, schema or the target's database, or have the DBA create it or grant the rights that the mapping needs"}
	if x.d.inspector.names != "" {
		res, err := x.s.run(ctx, []statement{{sql: x.d.inspector.names, rows: true, item: -1}}, false, false)
		if err != nil {
			return err
		}
		_, plain := splitName(w.Shape.Object, "")
		for _, r := range res[0].rows {
			if strings.EqualFold(r[1].Str, plain) { // here, where else
				f.Cure = fmt.Sprintf("a table of that name is in schema %s: write table: %s.%s", r[0].Str, r[0].Str, r[1].Str)
				f.Word, f.Known = "", nil
				break
			}
			f.Known = append(f.Known, r[1].Str)
		}
	}
	x.add(f)
	return nil
}

// makes looks whether the agent could make the ledger that create-ledger asks for.
func (x *examination) makes(ctx context.Context) error {
	may, err := x.d.inspector.mayCreate(ctx, x.inspection)
	if err == nil && !may {
		x.add(connectors.Finding{Code: CodeNoLedger, Path: []any{"create-ledger"}, Message: "the ledger " + x.cfg.LedgerTable + " is not there, and the account may not create it",
			Cure: "have the DBA run what inbasket ledger ddl prints"})
	}
	return err
}

// ledger looks at what the ledger must be like so that its rows keep their word.
func (x *examination) ledger(ctx context.Context) error {
	if !x.cfg.Ledger {
		return nil
	}
	tab, err := x.table(ctx, x.cfg.LedgerTable)
	if err == nil && tab == nil && x.t.makes && x.d.inspector.mayCreate != nil {
		return x.makes(ctx)
	}
	if err != nil || tab == nil {
		return err // Check says so
	}
	x.ledgerColumns(tab)
	if x.d.inspector.traits == nil {
		return nil
	}
	tr, err := x.d.inspector.traits(ctx, x.inspection, tab)
	if err != nil {
		return err
	}
	name := x.cfg.LedgerTable
	if tr.weak != "" || tr.kind != "" {
		x.ledgerIs(false, CodeNoTx, fmt.Sprintf("the ledger %s is %s", name, strings.TrimSpace(tr.kind+" "+tr.weak)), asDDL)
	}
	if tr.policies {
		x.ledgerIs(true, CodeRedirects, fmt.Sprintf("the ledger %s has row security for this account, which may hide its rows", name), "have the DBA take the policies off it")
	}
	for _, h := range tr.hooks {
		if !h.keeps {
			x.ledgerIs(true, CodeRedirects, fmt.Sprintf("the ledger %s has the %s %s, which may swallow its rows", name, h.what, h.name), "have the DBA drop it")
		}
	}
	return nil
}

const (
	// maxKey is how long a delivery's key may be, see connectors.Delivery.
	maxKey = 64
	asDDL  = "compare it with what inbasket ledger ddl prints, and have the DBA mend it"
)

// ledgerColumns looks for what the ledger's rows need.
func (x *examination) ledgerColumns(tab *table) {
	ledger := x.cfg.LedgerTable
	for _, name := range []string{"DELIVERY", "SUBMISSION", "RETURNED", "WRITTEN_AT"} {
		if tab.column(name) == nil {
			x.ledgerIs(false, CodeNoLedger, fmt.Sprintf("the ledger %s has no column %s", ledger, name), asDDL)
		}
	}
	if tab.column("DIGEST") == nil {
		x.ledgerIs(true, CodeNoDigest, fmt.Sprintf("the ledger %s is of an earlier version and has no column DIGEST", ledger), "have the DBA run: "+x.d.digestAdded(ledger))
	}
	key := tab.column("DELIVERY")
	if key != nil && key.length > 0 && key.length < maxKey {
		x.ledgerIs(false, CodeNoLedger, fmt.Sprintf("the column DELIVERY of the ledger %s takes %d characters, and keys may have %d", ledger, key.length, maxKey), asDDL)
	}
	if key != nil && !tab.unique([]string{"DELIVERY"}) {
		x.ledgerIs(false, CodeNoLedger, fmt.Sprintf("the ledger %s has no unique key on DELIVERY: a form could be written twice", ledger), asDDL)
	}
}

// ledgerIs notes a finding about the ledger.
func (x *examination) ledgerIs(warning bool, code, message, cure string) {
	x.add(connectors.Finding{Warning: warning, Code: code, Path: []any{"ledger-table"}, Message: message, Cure: cure})
}

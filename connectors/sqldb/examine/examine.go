package examine

import (
	"context"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/write"
)

// Examine checks, and compares what mappings write and ask with the catalogue and with the server's own opinion of
// the very statements that would be sent: EXPLAIN looks at tables, columns, keys and grants, and runs nothing.
func Examine(ctx context.Context, t *write.Writer, work []connectors.Work) ([]connectors.Finding, error) {
	t.Cat.Forget()
	s, err := t.Pool.Get(ctx)
	if err != nil {
		return nil, t.ConnectError(err)
	}
	checked := t.CheckOn(ctx, s)
	if dialect.Broken(checked) {
		s.Close()
		return nil, t.Meaning(checked).Err
	}
	x := &examination{t, &dialect.Inspection{S: s, Cfg: &t.Cfg, D: &t.Sys.Dialect, Work: -1}}
	if err = x.mend(ctx); err == nil {
		err = x.all(ctx, work)
	}
	if dialect.Broken(err) {
		x.S.Close()
	} else {
		t.GiveBack(ctx, x.S)
	}
	if checked != nil {
		err = checked
	}
	if err != nil {
		return x.Found, t.Meaning(err).Err
	}
	return x.Found, nil
}

// examination is one Examine under way.
type examination struct {
	t *write.Writer
	*dialect.Inspection
}

func (x *examination) all(ctx context.Context, work []connectors.Work) error {
	if x.D.Inspector.Server != nil {
		if err := x.D.Inspector.Server(ctx, x.Inspection); err != nil {
			return err
		}
	}
	if err := x.ledger(ctx); err != nil {
		return err
	}
	for i, w := range work {
		x.Work = i
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
	if x.S.Rollback(ctx) == nil {
		return nil
	}
	x.S.Close()
	s, err := x.t.Sys.Connect(ctx)
	if err != nil {
		return x.t.ConnectError(err)
	}
	x.S = s
	return nil
}

// writing compares one write with its table.
func (x *examination) writing(ctx context.Context, w *connectors.Writing) error {
	sh := w.Shape
	switch sh.Op {
	case connectors.Put:
		return nil
	case connectors.Call:
		return x.calling(ctx, w)
	}
	tab, err := x.table(ctx, sh.Object)
	if err != nil {
		return err
	}
	if tab == nil {
		return x.noTable(ctx, w)
	}
	tr := &dialect.Traits{}
	if x.D.Inspector.Traits != nil {
		if tr, err = x.D.Inspector.Traits(ctx, x.Inspection, tab); err != nil {
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
func (x *examination) table(ctx context.Context, name string) (*dialect.Table, error) {
	schema, plain := dialect.SplitName(name, x.Cfg.Schema)
	tab, err := x.D.Table(ctx, x.S, schema, plain)
	if err != nil || tab == nil || len(tab.Columns) == 0 {
		return nil, err
	}
	tab.Plain = name
	return tab, nil
}

func (x *examination) noTable(ctx context.Context, w *connectors.Writing) error {
	f := connectors.Finding{Code: dialect.CodeNoTable, Path: []any{"write", w.Index, "table"}, Word: w.Shape.Object,
		Message: fmt.Sprintf("table %s is not there, or the account has no right to it", w.Shape.Object),
		Cure:    "correct its name, schema or the target's database, or have the DBA create it or grant the rights that the mapping needs"}
	if sh := w.Shape; sh.Op == connectors.Call {
		f.Path[2], f.Message = "procedure", fmt.Sprintf("procedure %s is not there, or the account has no right to it", sh.Object)
	} else if x.D.Inspector.Names != "" {
		res, err := x.S.Run(ctx, []dialect.Statement{{SQL: x.D.Inspector.Names, Rows: true, Item: -1}}, false, false)
		if err != nil {
			return err
		}
		_, plain := dialect.SplitName(w.Shape.Object, "")
		for _, r := range res[0].Rows {
			if strings.EqualFold(r[1].Str, plain) { // here, where else
				f.Cure = fmt.Sprintf("a table of that name is in schema %s: write table: %s.%s", r[0].Str, r[0].Str, r[1].Str)
				f.Word, f.Known = "", nil
				break
			}
			f.Known = append(f.Known, r[1].Str)
		}
	}
	x.Add(f)
	return nil
}

// makes looks whether the agent could make the ledger that create-ledger asks for.
func (x *examination) makes(ctx context.Context) error {
	may, err := x.D.Inspector.MayCreate(ctx, x.Inspection)
	if err == nil && !may {
		x.Add(connectors.Finding{Code: dialect.CodeNoLedger, Path: []any{"create-ledger"}, Message: "the ledger " + x.Cfg.LedgerTable + " is not there, and the account may not create it",
			Cure: "have the DBA run what inbasket ledger ddl prints"})
	}
	return err
}

// ledger looks at what the ledger must be like so that its rows keep their word.
func (x *examination) ledger(ctx context.Context) error {
	if !x.Cfg.Ledger {
		return nil
	}
	tab, err := x.table(ctx, x.Cfg.LedgerTable)
	if err == nil && tab == nil && x.t.Makes && x.D.Inspector.MayCreate != nil {
		return x.makes(ctx)
	}
	if err != nil || tab == nil {
		return err // Check says so
	}
	x.ledgerColumns(tab)
	if x.D.Inspector.Traits == nil {
		return nil
	}
	tr, err := x.D.Inspector.Traits(ctx, x.Inspection, tab)
	if err != nil {
		return err
	}
	name := x.Cfg.LedgerTable
	if tr.Weak != "" || tr.Kind != "" {
		x.ledgerIs(false, dialect.CodeNoTx, fmt.Sprintf("the ledger %s is %s", name, strings.TrimSpace(tr.Kind+" "+tr.Weak)), asDDL)
	}
	if tr.Policies {
		x.ledgerIs(true, dialect.CodeRedirects, fmt.Sprintf("the ledger %s has row security for this account, which may hide its rows", name), "have the DBA take the policies off it")
	}
	for _, h := range tr.Hooks {
		if !h.Keeps {
			x.ledgerIs(true, dialect.CodeRedirects, fmt.Sprintf("the ledger %s has the %s %s, which may swallow its rows", name, h.What, h.Name), "have the DBA drop it")
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
func (x *examination) ledgerColumns(tab *dialect.Table) {
	ledger := x.Cfg.LedgerTable
	for _, name := range []string{"DELIVERY", "SUBMISSION", "RETURNED", "WRITTEN_AT"} {
		if tab.Column(name) == nil {
			x.ledgerIs(false, dialect.CodeNoLedger, fmt.Sprintf("the ledger %s has no column %s", ledger, name), asDDL)
		}
	}
	if tab.Column("DIGEST") == nil {
		x.ledgerIs(true, dialect.CodeNoDigest, fmt.Sprintf("the ledger %s is of an earlier version and has no column DIGEST", ledger), "have the DBA run: "+x.D.DigestAdded(ledger))
	}
	key := tab.Column("DELIVERY")
	if key != nil && key.Length > 0 && key.Length < maxKey {
		x.ledgerIs(false, dialect.CodeNoLedger, fmt.Sprintf("the column DELIVERY of the ledger %s takes %d characters, and keys may have %d", ledger, key.Length, maxKey), asDDL)
	}
	if key != nil && !tab.Unique([]string{"DELIVERY"}) {
		x.ledgerIs(false, dialect.CodeNoLedger, fmt.Sprintf("the ledger %s has no unique key on DELIVERY: a form could be written twice", ledger), asDDL)
	}
}

// ledgerIs notes a finding about the ledger.
func (x *examination) ledgerIs(warning bool, code, message, cure string) {
	x.Add(connectors.Finding{Warning: warning, Code: code, Path: []any{"ledger-table"}, Message: message, Cure: cure})
}

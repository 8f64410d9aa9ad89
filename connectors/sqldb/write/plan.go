package write

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Plan writes a delivery on a session of its own as Deliver would, without COMMIT, looks what became of its rows, and takes all back.
func (t *Writer) Plan(ctx context.Context, d connectors.Delivery, o connectors.PlanOptions) (out connectors.Planned, err error) {
	s, err := t.Sys.Connect(ctx)
	if err != nil {
		return out, t.ConnectError(err)
	}
	defer s.Close()
	k := t.Cat.Knows()
	if err := k.LoadAll(ctx, s, &d); err != nil {
		return out, t.Meaning(err).Err
	}
	if err := k.LoadLedger(ctx, s); err != nil {
		return out, t.Meaning(err).Err
	}
	if out.Notes, err = t.takesBack(k, &d, o); err != nil {
		return out, err
	}
	p := &planning{t: t, session: &notCommitting{Session: s, settle: t.Sys.Settle}, known: map[string]bool{}}
	it := &item{delivery: &d}
	p.a = &attempt{t: t, k: k, s: p.session, items: []*item{it}, planned: p}
	if err = p.a.write(ctx); err == nil {
		out.Returned = it.returned()
		err = p.look(ctx)
	}
	out.Sent, out.Others = p.session.sent, p.session.others
	if dialect.Broken(err) {
		return out, t.Meaning(err).Err // the server takes back what was sent, if it is still there
	}
	var unseen error
	if err != nil {
		out.Refused = t.Meaning(err).Err
	}
	if out.Refused != nil && out.Refused.Op == lookOp { // which a delivery does not
		unseen = connectors.Errorf(connectors.TargetError, dialect.CodeNotPlanned, lookOp, "let the account read the whole tables, or look by inbasket try", "the rows cannot be read [%s]", out.Refused.Code)
		out.Refused, out.Returned = nil, nil
	}
	out.Rows = p.changes()
	if err := p.rollback(ctx, &out); err != nil || unseen == nil {
		return out, err
	}
	return connectors.Planned{}, unseen
}

// takesBack refuses what would stay, and says what happens beside rows.
func (t *Writer) takesBack(k *catalog.Known, d *connectors.Delivery, o connectors.PlanOptions) (notes []string, err error) {
	refuse := func(what, hint string) error {
		return connectors.Errorf(connectors.TargetError, dialect.CodeNotPlanned, "plan", hint, "%s", what)
	}
	can := t.Sys.TakesBack
	if can == nil {
		return nil, refuse("nobody has tried what a transaction that is rolled back leaves behind in a database of this type", "look by inbasket try, or plan on a copy of another type")
	}
	for _, r := range d.Records {
		if r.Shape.Op == connectors.Call && (!can.Calls || r.Shape.Call != nil && r.Shape.Call.Probe != "") {
			return nil, refuse("procedure "+r.Shape.Object+" may commit by itself, and what it has done then stays", "try it on a copy of the database")
		}
	}
	var numbers, hooked []string
	for name, tab := range k.Tables {
		if name == catalog.LedgerEntry {
			continue
		}
		if tab.Hooked && !can.Triggers && !o.Triggers {
			return nil, refuse("triggers of "+tab.Plain+", or ones that the account may not see, may write to tables that nothing is taken back in", "say --triggers if they do not")
		}
		if tab.Hooked {
			hooked = append(hooked, tab.Plain)
		}
		if can.Numbers && tab.MakesNumbers() {
			numbers = append(numbers, tab.Plain)
		}
	}
	slices.Sort(numbers)
	slices.Sort(hooked)
	if len(hooked) > 0 {
		notes = append(notes, "triggers ran inside of the transaction, or may have: "+strings.Join(hooked, ", "))
	}
	if len(numbers) > 0 {
		notes = append(notes, "numbers that the plan has drawn are not drawn again: "+strings.Join(numbers, ", "))
	}
	return notes, nil
}

// rollback takes all back, and looks that the ledger has nothing of it.
func (p *planning) rollback(ctx context.Context, out *connectors.Planned) error {
	s := p.session.Session
	if err := s.Rollback(ctx); err != nil {
		return connectors.Errorf(connectors.Uncertain, dialect.CodeLost, "roll back", "the server rolls back what an ended connection has left; look whether it has", "%w", err)
	}
	if !p.t.Cfg.Ledger || p.a.k.Tables[catalog.LedgerEntry] == nil {
		return nil
	}
	look := &attempt{t: p.t, k: p.a.k, s: s, items: p.a.items}
	if err := look.recall(ctx); err != nil {
		return p.t.Meaning(err).Err
	}
	if len(look.known) > 0 {
		return connectors.Errorf(connectors.TargetError, dialect.CodeNotPlanned, "roll back", "look what else is there: the database did not roll back", "the ledger has the plan's key %s", p.a.items[0].delivery.Key)
	}
	return nil
}

// notCommitting is a session that keeps what is sent, and never commits.
type notCommitting struct {
	dialect.Session
	settle string
	sent   []connectors.Sent
	others int
}

var changes = regexp.MustCompile(`(?i)^\s*(?:set\s+statement\b.*?\bfor\s+)?(?:insert|update|delete|merge|replace|call|with)\b`)

// Run sends statements; instead of COMMIT what else would happen at it.
func (n *notCommitting) Run(ctx context.Context, stmts []dialect.Statement, begin, commit bool) ([]dialect.Result, error) {
	all := stmts
	if commit && n.settle != "" {
		all = append(slices.Clip(stmts), dialect.Statement{SQL: n.settle, Op: "commit", Item: -1})
	}
	results, err := n.Session.Run(ctx, all, begin, false)
	end := len(stmts)
	var f *dialect.Fault
	if errors.As(err, &f) && f.Index >= 0 {
		end = min(f.Index+1, end)
	}
	for i, st := range stmts[:end] {
		if !changes.MatchString(st.SQL) && !strings.HasPrefix(st.Op, "call ") {
			if st.Op != lookOp {
				n.others++
			}
			continue
		}
		x := connectors.Sent{SQL: st.SQL, Values: make([]connectors.Value, len(st.Args))}
		for j, arg := range st.Args {
			x.Values[j] = shownArg(arg)
		}
		if err == nil {
			x.Touched = results[i].Affected
		}
		n.sent = append(n.sent, x)
	}
	if err != nil {
		return nil, err
	}
	return results[:len(stmts)], nil
}

// shownArg is an argument as a value.
func shownArg(arg any) connectors.Value {
	switch x := arg.(type) {
	case nil:
		return connectors.Value{Kind: connectors.Null}
	case int64:
		return connectors.Value{Kind: connectors.Integer, Int: x}
	case []byte:
		b := connectors.BytesBlob(x)
		return connectors.Value{Kind: connectors.Binary, Blob: &b}
	}
	return connectors.Value{Kind: connectors.Text, Str: fmt.Sprint(arg)}
}

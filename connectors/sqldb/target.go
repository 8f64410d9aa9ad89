package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Target is one database that is written to and asked for results. Deliver may run in several goroutines.
type Target struct {
	env   connectors.Env
	cfg   Config
	sys   *system
	pool  *pool
	cat   catalog
	taken taken
	// makes says that the agent would make the ledger, and this target may not: it only looks.
	makes bool
}

func newTarget(e connectors.Env, c Config, sys *system) *Target {
	t := &Target{env: e, cfg: c, sys: sys, taken: taken{last: map[*connectors.Shape]int64{}, since: map[string]int64{}}, pool: &pool{sys: sys, clock: e.Clock, patience: c.ConnectTimeout, max: c.Parallel + 1}}
	t.pool.replaced = t.cat.forget
	t.cat.forget()
	return t
}

// Abilities says that records go in, in groups, and how surely once.
func (t *Target) Abilities() connectors.Abilities {
	a := connectors.Abilities{Operations: connectors.RowOperations | connectors.OperationsOf(connectors.Call), Returning: true, Binary: true,
		MaxItems: t.cfg.MaxGroup, Parallel: t.cfg.Parallel, Recorded: t.cfg.Ledger}
	if t.cfg.Ledger {
		a.Guarantee = connectors.Guarantee{Level: "exact", Why: "every delivery's key goes into the ledger " + t.cfg.LedgerTable +
			" in the same transaction as its rows; it holds for tables with transactions and procedures that do not commit by themselves"}
	} else {
		a.Guarantee = connectors.Guarantee{Level: "parks-when-unclear", Why: "there is no ledger; after an unclear answer rows are " +
			"found again only where every one has a unique key, else the submission parks"}
	}
	return a
}

// Deliver writes the group in one transaction; when a delivery's data is refused it splits the group
// until that delivery stands alone, and writes the others.
func (t *Target) Deliver(ctx context.Context, g connectors.Group) ([]connectors.Outcome, error) {
	items := make([]*item, len(g.Items))
	for i := range g.Items {
		items[i] = &item{delivery: &g.Items[i], outcome: connectors.Outcome{Key: g.Items[i].Key}}
	}
	var halt *connectors.Error
	p := &parting{t: t, k: t.knows(), began: t.taken.now()}
	failed := map[string]bool{}
	for _, seg := range segments(items) {
		seg = t.inOrder(seg, failed)
		if halt == nil && len(seg) > 0 {
			halt = p.divide(ctx, seg)
		} else if halt != nil {
			untried(seg, halt)
		}
		for _, it := range seg {
			if it.delivery.Order != "" && it.outcome.Class != connectors.Written {
				failed[it.delivery.Order] = true
			}
		}
	}
	if system := p.judge(); halt == nil {
		halt = system
	}
	if halt == nil {
		halt = allAlike(items)
	}
	outcomes := make([]connectors.Outcome, len(items))
	for i, it := range items {
		outcomes[i] = it.outcome
	}
	if halt != nil {
		if halt.Class == connectors.TargetError {
			t.cat.forget()
		}
		return outcomes, halt
	}
	return outcomes, nil
}

// inOrder takes out deliveries whose predecessor in the same order did not go.
func (t *Target) inOrder(seg []*item, failed map[string]bool) []*item {
	var ready []*item
	for _, it := range seg {
		if it.delivery.Order != "" && failed[it.delivery.Order] {
			it.outcome.Class, it.outcome.Code = connectors.Transient, CodeEarlier
			it.outcome.Text = "an earlier delivery of the same order did not go"
			continue
		}
		ready = append(ready, it)
	}
	return ready
}

func (it *item) fail(err *connectors.Error) {
	it.outcome.Class, it.outcome.Code = err.Class, err.Code
	it.outcome.Text, it.outcome.Raw = err.Safe(), ""
	if err.Err != nil {
		it.outcome.Raw = err.Err.Error()
	}
}

// untried marks items that were not sent because of halt: nothing of them is written.
func untried(items []*item, halt *connectors.Error) {
	for _, it := range items {
		it.fail(halt)
		if halt.Class == connectors.Uncertain {
			it.outcome.Class = connectors.Transient
		}
	}
}

// allAlike finds that every item of a group of three or more was refused with one code in one place:
// then it is the target, not the data, and nothing is to be parked.
func allAlike(items []*item) *connectors.Error {
	if len(items) < 3 {
		return nil
	}
	first := items[0].outcome
	for _, it := range items {
		if it.outcome.Class != connectors.ItemError || it.outcome.Text != first.Text {
			return nil
		}
	}
	err := &connectors.Error{Class: connectors.TargetError, Code: CodeAllRefused, Op: "write a group, of which each is refused alike: " + first.Text,
		Hint: "the table or the mapping is wrong, or every form has the same error; " + wordsWith(items[0]), Err: errors.New(first.Raw)}
	for _, it := range items {
		it.fail(err)
	}
	return err
}

// refusal is an error of a transaction, with the item it belongs to or -1.
type refusal struct {
	err  *connectors.Error
	item int
	// maybeRow: by its words the system is at fault, but it may be so for one row only.
	maybeRow bool
}

// once tries one transaction over items. A nil answer means that all are written. What is refused, and not only
// for now, by what an earlier call and the session remember of the tables is tried again with what they are now.
func (t *Target) once(ctx context.Context, k *known, items []*item) *refusal {
	s, err := t.pool.get(ctx)
	if err != nil {
		return &refusal{err: t.connectError(err), item: -1}
	}
	careful := false
	var last *refusal
	for range 6 {
		r, keep := t.transact(ctx, k, s, items, careful)
		if r == nil {
			t.pool.put(s)
			return nil
		}
		if !keep {
			s.close()
			return r
		}
		last = r
		switch {
		case r.err.Code == CodeDuplicate && r.err.Op == ledgerOp:
			careful = true // some key is known: ask which, and write the rest
			continue
		case r.err.Code == CodeChanged, !k.fresh && byTables(r.err):
			if err := k.renew(ctx, s); err != nil {
				s.close()
				return t.meaning(err)
			}
			continue
		}
		t.pool.put(s)
		return r
	}
	t.pool.put(s)
	if last.err.Code == CodeChanged {
		return last
	}
	return &refusal{err: connectors.Errorf(connectors.Transient, CodeBusy, ledgerOp, "", "keys kept appearing"), item: -1}
}

// byTables reports an error that may come of what was remembered of the tables.
func byTables(err *connectors.Error) bool {
	switch err.Code {
	case CodeLogin, CodeFull, CodeReadOnly:
		return false
	}
	return err.Class == connectors.ItemError || err.Class == connectors.TargetError
}

// transact runs one attempt on s and says whether s is still good. A driver's panic is an uncertain end.
func (t *Target) transact(ctx context.Context, k *known, s session, items []*item, careful bool) (r *refusal, keep bool) {
	defer func() {
		if p := recover(); p != nil {
			r, keep = &refusal{err: connectors.Errorf(connectors.Uncertain, CodePanic, "write a group", "", "panic: %v", p), item: -1}, false
		}
	}()
	a := &attempt{t: t, k: k, s: s, items: items}
	err := k.loadAll(ctx, s, items)
	if err == nil {
		err = k.loadLedger(ctx, s)
	}
	if err == nil && careful && t.cfg.Ledger {
		err = a.recall(ctx)
	}
	if err == nil {
		err = a.write(ctx)
	}
	if err == nil {
		for _, it := range items {
			it.outcome.Class, it.outcome.Returned = connectors.Written, it.returned
			if old, known := a.known[it.delivery.Key]; known {
				it.outcome.Returned, it.before = old, true
			}
		}
		return nil, true
	}
	r = t.meaning(err)
	keep = true
	if broken(err) {
		keep = false
	} else if a.begun {
		keep = s.rollback(ctx) == nil
	}
	return r, keep
}

// broken reports an error after which the connection cannot be trusted.
func broken(err error) bool {
	var f *fault
	return errors.As(err, &f) && !f.answered
}

func (t *Target) qualified(object string) string {
	schema, name := splitName(object, t.cfg.Schema)
	if schema == "" {
		return name
	}
	return schema + "." + name
}

// meaning turns any error of an attempt into the agent's terms.
func (t *Target) meaning(err error) *refusal {
	var c *culprit
	if errors.As(err, &c) {
		if strings.HasPrefix(c.op, ledgerOp) {
			return &refusal{err: &connectors.Error{Class: connectors.TargetError, Code: c.code, Op: c.op,
				Hint: "the ledger must keep every row: take the trigger, rule or policy off it", Err: c.err}, item: -1}
		}
		return &refusal{err: &connectors.Error{Class: connectors.ItemError, Code: c.code, Op: c.op, Hint: hints[c.code], Err: c.err}, item: c.item}
	}
	if errors.Is(err, errChanged) {
		return &refusal{err: &connectors.Error{Class: connectors.Transient, Code: CodeChanged, Op: "write a group", Err: err}, item: -1}
	}
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return &refusal{err: ours, item: -1}
	}
	op, index := "write a group", -1
	var l *located
	if errors.As(err, &l) {
		op, index = l.op, l.item
	}
	var f *fault
	if !errors.As(err, &f) {
		return &refusal{err: &connectors.Error{Class: connectors.TargetError, Code: CodeRefused, Op: op, Err: err}, item: -1}
	}
	if !f.answered {
		return &refusal{err: lost(f, op), item: -1}
	}
	v := t.sys.classify(f.err)
	if v.class == connectors.Uncertain && !f.committed {
		v.class = connectors.Transient
	}
	switch {
	case f.index < 0 && v.class == connectors.ItemError: // nothing was sent yet but settings
		v = refusesSetting
	case op == ledgerOp && v.code == CodeNoTable:
		v.code, v.hint = CodeNoLedger, "have the DBA run what inbasket ledger ddl prints"
	case op == ledgerOp && v.class == connectors.ItemError && v.code != CodeDuplicate:
		v.class = connectors.TargetError
	}
	maybe := op != ledgerOp && v.class == connectors.TargetError && (v.code == CodeRefused || t.sys.inside != nil && t.sys.inside(f.err))
	return &refusal{&connectors.Error{Class: v.class, Code: v.code, Op: op, Hint: v.hint, Err: f.err}, index, maybe}
}

// refusesSetting is what it means when a server refuses a value before any of ours was sent.
var refusesSetting = verdict{connectors.TargetError, CodeSession, "the server refuses a setting; check zone, schema and session: of the target"}

// lost is a connection that broke: with COMMIT on its way the outcome is unknown, else it is nothing.
func lost(f *fault, op string) *connectors.Error {
	e := &connectors.Error{Class: connectors.Transient, Code: CodeLost, Op: op, Err: f.err}
	if f.committed {
		e.Class = connectors.Uncertain
	}
	return e
}

// connectError is an error before anything was sent; what the system did not say is a matter of reach.
func (t *Target) connectError(err error) *connectors.Error {
	e := &connectors.Error{Class: connectors.Transient, Code: CodeUnreachable, Op: "connect to " + t.sys.name, Err: err}
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return ours
	}
	if v := t.sys.classify(err); v.class == connectors.TargetError || v.class == connectors.Transient {
		e.Class, e.Code, e.Hint = v.class, v.code, v.hint
		if v.code == CodeLogin && t.cfg.Password != "" {
			e.Hint += "; the password was read again from where it lies"
		}
	} else if v.class == connectors.ItemError {
		e.Class, e.Code, e.Hint = refusesSetting.class, refusesSetting.code, refusesSetting.hint
	} else if isCertificate(err) {
		e.Class, e.Code, e.Hint = connectors.TargetError, CodeCertificate, "set tls.ca to the authority's certificates, or renew the server's"
	}
	return e
}

func isCertificate(err error) bool {
	s := fmt.Sprint(err)
	return strings.Contains(s, "x509:") || strings.Contains(s, "certificate")
}

// Close closes all connections.
func (t *Target) Close() error {
	t.pool.drop(true)
	return t.sys.close()
}

package write

import (
	"context"
	"errors"
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/database"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// Deliver writes the group in one transaction; when a delivery's data is refused it splits the group
// until that delivery stands alone, and writes the others.
func (t *Writer) Deliver(ctx context.Context, g connectors.Group) ([]connectors.Outcome, error) {
	items := make([]*item, len(g.Items))
	for i := range g.Items {
		items[i] = &item{delivery: &g.Items[i], outcome: connectors.Outcome{Key: g.Items[i].Key}}
	}
	var halt *connectors.Error
	p := &parting{t: t, k: t.Cat.Knows(), began: t.taken.now()}
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
			t.Cat.Forget()
		}
		return outcomes, halt
	}
	return outcomes, nil
}

// inOrder takes out deliveries whose predecessor in the same order did not go.
func (t *Writer) inOrder(seg []*item, failed map[string]bool) []*item {
	var ready []*item
	for _, it := range seg {
		if it.delivery.Order != "" && failed[it.delivery.Order] {
			it.outcome.Class, it.outcome.Code = connectors.Transient, dialect.CodeEarlier
			it.outcome.Text = "an earlier delivery of the same order did not go"
			continue
		}
		ready = append(ready, it)
	}
	return ready
}

func (it *item) fail(err *connectors.Error) {
	it.outcome.Class, it.outcome.Code = err.Class, err.Code
	it.outcome.Text, it.outcome.Raw, it.outcome.Reject = err.Safe(), "", false
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
		if it.judged || it.outcome.Class != connectors.ItemError || it.outcome.Text != first.Text {
			return nil
		}
	}
	err := &connectors.Error{Class: connectors.TargetError, Code: dialect.CodeAllRefused, Op: "write a group, of which each is refused alike: " + first.Text,
		Hint: "the table or the mapping is wrong, or every form has the same error; " + wordsWith(items[0]), Err: errors.New(first.Raw)}
	for _, it := range items {
		it.fail(err)
	}
	return err
}

// once tries one transaction over items. A nil answer means that all are written. What is refused, and not only
// for now, by what an earlier call and the session remember of the tables is tried again with what they are now.
func (t *Writer) once(ctx context.Context, k *catalog.Known, items []*item) *database.Refusal {
	s, err := t.Pool.Get(ctx)
	if err != nil {
		return &database.Refusal{Err: t.ConnectError(err), Item: -1}
	}
	careful := false
	var last *database.Refusal
	for range 6 {
		r, keep := t.transact(ctx, k, s, items, careful)
		if r == nil {
			if keep {
				t.Pool.Put(s)
			}
			return nil
		}
		if !keep {
			s.Close()
			return r
		}
		last = r
		switch {
		case r.By != nil, r.Err.Code == dialect.CodeEnds: // what a call returned or did says so, not a table
		case r.Err.Code == dialect.CodeDuplicate && r.Err.Op == dialect.LedgerOp:
			careful = true // some key is known: ask which, and write the rest
			continue
		case r.Err.Code == dialect.CodeChanged, !k.Fresh && byTables(r.Err):
			if err := k.Renew(ctx, s); err != nil {
				s.Close()
				return t.Meaning(err)
			}
			continue
		}
		t.Pool.Put(s)
		return r
	}
	t.Pool.Put(s)
	if last.Err.Code == dialect.CodeChanged {
		return last
	}
	return &database.Refusal{Err: connectors.Errorf(connectors.Transient, dialect.CodeBusy, dialect.LedgerOp, "", "keys kept appearing"), Item: -1}
}

// byTables reports an error that may come of what was remembered of the tables.
func byTables(err *connectors.Error) bool {
	switch err.Code {
	case dialect.CodeLogin, dialect.CodeFull, dialect.CodeReadOnly:
		return false
	}
	return err.Class == connectors.ItemError || err.Class == connectors.TargetError
}

// transact runs one attempt on s and says whether s is still good. A driver's panic is an uncertain end.
func (t *Writer) transact(ctx context.Context, k *catalog.Known, s dialect.Session, items []*item, careful bool) (r *database.Refusal, keep bool) {
	defer func() {
		if p := recover(); p != nil {
			r, keep = &database.Refusal{Err: connectors.Errorf(connectors.Uncertain, dialect.CodePanic, "write a group", "", "panic: %v", p), Item: -1}, false
		}
	}()
	a := &attempt{t: t, k: k, s: s, items: items, late: t.Sys.Fence[0] != "" && slices.ContainsFunc(items, func(it *item) bool { some, _ := calls(it.delivery); return some })}
	var err error
	for i := 0; err == nil && i < len(items); i++ {
		err = k.LoadAll(ctx, s, items[i].delivery)
	}
	if err == nil {
		err = k.LoadLedger(ctx, s)
	}
	if err == nil {
		err = a.lock(ctx)
	}
	if err == nil && (careful || a.late) && t.Cfg.Ledger {
		err = a.recall(ctx)
	}
	if err == nil {
		err = a.write(ctx)
	}
	if err == nil {
		for _, it := range items {
			it.outcome.Class, it.outcome.Returned = connectors.Written, it.returned()
			if old, known := a.known[it.delivery.Key]; known {
				it.outcome.Returned, it.before = old, true
			}
		}
		if a.unlock(ctx) != nil { // it ends with the session
			s.Close()
			return nil, false
		}
		return nil, true
	}
	r = t.Meaning(err)
	keep = true
	if dialect.Broken(err) {
		keep = false
	} else if a.begun {
		keep = s.Rollback(ctx) == nil && a.unlock(ctx) == nil
	}
	return r, keep
}

package write

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/catalog"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// tally is what became of one table in a transaction up to a point, whoever did it.
type tally struct {
	inserted, deleted int64 // where only the rows that there are can be counted, the first is their number
	updated           int64
	updates           bool // updated is known
	counts            bool // the server counts at all
}

// window is what a transaction did between two tallies: rows of one write sent to one table, or, without one, no rows.
type window struct {
	tab    *dialect.Table
	op     connectors.Op
	rows   int64
	text   string // for messages
	item   int
	passes bool  // whatever became of rows is meant
	clears bool  // rows are deleted before others come
	found  int64 // how many statements of it deleted, or an upsert finds there
}

// finds takes in what one of its statements deleted or found.
func (w *window) finds(res dialect.Result) error {
	w.found += max(res.Affected, int64(len(res.Rows)))
	return nil
}

// newWindow is for a write of sets.
func newWindow(shape *connectors.Shape, sets []*dialect.Rowset) *window {
	w := &window{tab: sets[0].Tab, op: shape.Op, text: "write to " + sets[0].Tab.Plain, item: sets[0].Item(), passes: shape.Unchecked}
	for _, set := range sets {
		if set.Item() != w.item {
			w.item = -1
		}
		w.rows += int64(len(set.Rows))
	}
	return w
}

// watch has tallies taken where what a statement reports may not be what stands there: a trigger may delete a row after
// it was written, a rule may write to another table instead. Other transactions pay nothing for it.
func (a *attempt) watch() {
	if a.t.Sys.Tally == nil || !a.doubtful() {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(a.k.Tables)) {
		if tab := a.k.Tables[name]; tab.Routine == nil {
			a.watched = append(a.watched, tab)
		}
	}
	a.wrote = map[*dialect.Table]bool{}
	a.counters(true)
	a.tally(&window{passes: true})
}

// doubtful reports that a table of the attempt is not sure, and its mapping does not say that this is meant.
func (a *attempt) doubtful() bool {
	if l := a.k.Tables[catalog.LedgerEntry]; l != nil && !l.Sure {
		return true
	}
	for _, it := range a.items {
		var last *connectors.Shape
		for i := range it.delivery.Records {
			sh := it.delivery.Records[i].Shape
			if sh == last {
				continue
			}
			last = sh
			if tab := a.k.Tables[sh.Object]; sh.Op != connectors.Call && tab != nil && !tab.Sure && !sh.Unchecked {
				return true
			}
		}
	}
	return false
}

// tally queues a count of what was done since the one before.
func (a *attempt) tally(w *window) {
	if len(a.watched) == 0 {
		return
	}
	st := a.t.Sys.Tally(a.watched)
	st.Rows, st.Op, st.Item, st.Looks = true, "count what was written", -1, true
	st.Takes = func(res dialect.Result) error { return a.judge(w, res) }
	a.queue(st)
}

// tallyEnd has everything happen that would happen at COMMIT, and counts once more.
func (a *attempt) tallyEnd() {
	if len(a.watched) == 0 {
		return
	}
	if a.t.Sys.Settle != "" {
		a.queue(dialect.Statement{SQL: a.t.Sys.Settle, Op: "commit", Item: -1})
	}
	a.tally(&window{text: "commit", item: -1})
	a.counters(false)
}

// counters queues what makes the counters, or takes them away before COMMIT.
func (a *attempt) counters(begin bool) {
	if a.t.Sys.Counters == nil {
		return
	}
	for _, sql := range a.t.Sys.Counters(a.watched, begin) {
		a.queue(dialect.Statement{SQL: sql, Op: "count what is written", Item: -1})
	}
}

// findKeys counts the rows that an upsert finds there: only the others may be inserted.
func (a *attempt) findKeys(d *dialect.Dialect, w *window, sets []*dialect.Rowset) {
	if len(a.watched) == 0 || w.op != connectors.Upsert || w.passes {
		return
	}
	for _, set := range sets {
		for _, r := range set.Rows {
			where, args := set.WhereNull(d, r)
			a.queue(dialect.Statement{SQL: set.Prefix + "SELECT 1 FROM " + set.From() + " WHERE " + where, Args: args, Rows: true, Op: "find the key in " + set.Tab.Plain, Item: r.Item, Takes: w.finds})
		}
	}
}

// judge compares a count with the one before. What was written before stays: no other write, and nothing that happens at
// COMMIT, takes rows of it away, but the deletes of children that are replaced.
func (a *attempt) judge(w *window, res dialect.Result) error {
	now, err := readTallies(res, len(a.watched))
	if err != nil {
		return err
	}
	last := a.last
	a.last = now
	if w.passes {
		return nil
	}
	for i, tab := range a.watched {
		if !now[i].counts {
			return connectors.Errorf(connectors.TargetError, dialect.CodeRows, w.text,
				"a table has a trigger, rule or policy, and the server does not count rows: have the DBA set track_counts = on, or say rows: unchecked in the mapping's write", "track_counts is off")
		}
		d := now[i].since(last[i])
		counts := fmt.Sprintf("inserted: %d, updated: %d, deleted: %d", d.inserted, d.updated, d.deleted)
		switch {
		case tab == w.tab && !d.fits(w):
			text := fmt.Sprintf("%s (rows sent: %d, %s)", w.text, w.rows, counts)
			if w.clears {
				text = fmt.Sprintf("%s (rows to delete: %d, %s)", w.text, w.found, counts)
			}
			return &dialect.Culprit{Item: w.item, Code: dialect.CodeRows, Op: text, Err: errors.New("rows that stand there differ from rows sent")}
		case tab != w.tab && !w.clears && a.wrote[tab] && (d.deleted > 0 || w.tab == nil && d.inserted > 0):
			text := "write to " + tab.Plain
			if tab == a.k.Tables[catalog.LedgerEntry] {
				text = dialect.LedgerOp
			}
			return &dialect.Culprit{Item: w.item, Code: dialect.CodeRows, Op: text + " (afterwards " + counts + ")", Err: errors.New("rows that were written are taken away, or others come")}
		}
	}
	if w.tab != nil && !w.clears {
		a.wrote[w.tab] = true
	}
	return nil
}

// since is what was done since an earlier count.
func (d tally) since(last tally) tally {
	d.inserted, d.updated, d.deleted = d.inserted-last.inserted, d.updated-last.updated, d.deleted-last.deleted
	if d.inserted < 0 {
		d.inserted, d.deleted = 0, d.deleted-d.inserted
	}
	return d
}

// fits reports that nothing but what was sent became of a table. Rows are counted one by one and not net: one that is taken
// away does not make up for another that comes.
func (d tally) fits(w *window) bool {
	switch {
	case w.clears:
		return d.inserted == 0 && d.deleted == w.found
	case w.op == connectors.Update && d.deleted > 0: // a row that an update moves between partitions is deleted and inserted
		return d.updates && d.inserted == d.deleted && d.updated+d.deleted == w.rows
	case w.op == connectors.Update:
		return d.inserted == 0 && (!d.updates || d.updated >= w.rows)
	case w.op == connectors.Upsert: // others may have put a row there meanwhile
		return d.deleted == 0 && d.inserted <= w.rows-w.found && (!d.updates || d.inserted+d.updated >= w.rows)
	}
	return d.inserted == w.rows && d.deleted == 0
}

func readTallies(res dialect.Result, n int) ([]tally, error) {
	if len(res.Rows) != n {
		return nil, fmt.Errorf("%d counts for %d tables", len(res.Rows), n)
	}
	all := make([]tally, n)
	for i, r := range res.Rows {
		all[i] = tally{dialect.AsInt(r[0]), dialect.AsInt(r[1]), dialect.AsInt(r[2]), r[2].Kind != connectors.Null, dialect.AsInt(r[3]) == 1}
	}
	return all, nil
}

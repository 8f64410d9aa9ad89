package sqldb

import (
	"errors"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// A database may take two keys for one that differ by bytes: in case, accents or blanks. To the agent they are two, and the
// row of one is not the other's.

// otherKeys makes one statement for as many rows as it may have, in numbers that are powers of two. Rows that are only
// inserted meet no other.
func (w *rowset) otherKeys(d *dialect) []statement {
	if w.shape.Op == connectors.Insert || w.shape.Op == connectors.Call || !w.folds(d) {
		return nil
	}
	rows := w.rows
	if w.shape.Op == connectors.ReplaceChildren {
		rows = onceEach(rows)
	}
	var stmts []statement
	for len(rows) > 0 {
		_, args := w.otherKey(d, rows[0], 1)
		n := 1
		for n*2 <= min(len(rows), d.maxRows) && n*2*len(args) <= d.maxBinds {
			n *= 2
		}
		st := statement{op: "find the key in " + w.tab.plain, item: w.with(rows[:n]).item(), rows: true, none: true}
		terms := make([]string, n)
		for i, r := range rows[:n] {
			terms[i], args = w.otherKey(d, r, len(st.args)+1)
			st.args = append(st.args, args...)
		}
		st.sql = w.prefix + "SELECT 1 FROM " + w.tab.name + " WHERE " + strings.Join(terms, " OR ") + " LIMIT 1"
		st.means = &culprit{st.item, CodeOtherKey, st.op, errors.New("the row with this key has another key by bytes")}
		stmts = append(stmts, st)
		rows = rows[n:]
	}
	return stmts
}

// onceEach leaves out children of a parent that has one already.
func onceEach(rows []row) []row {
	var some []row
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen[r.key] {
			seen[r.key] = true
			some = append(some, r)
		}
	}
	return some
}

// folds reports that the database may take another text for a row's key.
func (w *rowset) folds(d *dialect) bool {
	for _, k := range w.key {
		if c := w.cols[k]; d.differs != nil && (c.folds || len(w.rules(c)) > 0) {
			return true
		}
	}
	return false
}

// rules are those of unique indexes: an upsert finds its row by one of them, everything else by the column.
func (w *rowset) rules(c *column) []string {
	if w.shape.Op == connectors.Upsert {
		return c.rules
	}
	return nil
}

// otherKey is the condition of a row that the database takes for this one, by any of its rules, with another key.
func (w *rowset) otherKey(d *dialect, r row, first int) (string, []any) {
	var equal []string
	var args []any
	for _, k := range w.key {
		q := d.quote(w.cols[k].name)
		args = append(args, r.args[k])
		terms := q + " = " + d.bind(first+len(args)-1)
		for _, rule := range w.rules(w.cols[k]) {
			args = append(args, r.args[k])
			terms += " OR " + q + " COLLATE " + rule + " = " + d.bind(first+len(args)-1)
		}
		equal = append(equal, "("+terms+")")
	}
	other, more := w.differs(d, r, first+len(args))
	return "(" + strings.Join(equal, " AND ") + " AND (" + other + "))", append(args, more...)
}

// differs is the condition that a key column has other bytes than the row.
func (w *rowset) differs(d *dialect, r row, first int) (string, []any) {
	var terms []string
	var args []any
	for _, k := range w.key {
		if c := w.cols[k]; c.folds || len(w.rules(c)) > 0 {
			terms = append(terms, d.differs(c, d.quote(c.name), d.bind(first+len(args))))
			args = append(args, r.args[k])
		}
	}
	return strings.Join(terms, " OR "), args
}

// whereBytes is the condition of the row that has the first row's key by bytes.
func (w *rowset) whereBytes(d *dialect) (string, []any) {
	where, args := w.where(d, 1), w.keyArgs(w.rows[0])
	if w.folds(d) {
		other, more := w.differs(d, w.rows[0], len(args)+1)
		where, args = where+" AND NOT ("+other+")", append(args, more...)
	}
	return where, args
}

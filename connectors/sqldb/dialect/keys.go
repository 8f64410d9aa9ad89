package dialect

import (
	"errors"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// A database may take two keys for one that differ by bytes: in case, accents or blanks. To the agent they are two, and the
// row of one is not the other's.

// OtherKeys makes one statement for as many rows as it may have, in numbers that are powers of two. Rows that are only
// inserted meet no other.
func (w *Rowset) OtherKeys(d *Dialect) []Statement {
	if w.Shape.Op == connectors.Insert || w.Shape.Op == connectors.Call || !w.folds(d) {
		return nil
	}
	rows := w.Rows
	if w.Shape.Op == connectors.ReplaceChildren {
		rows = onceEach(rows)
	}
	var stmts []Statement
	for len(rows) > 0 {
		_, args := w.otherKey(d, rows[0], 1)
		n := 1
		for n*2 <= min(len(rows), d.MaxRows) && n*2*len(args) <= d.MaxBinds {
			n *= 2
		}
		st := Statement{Op: "find the key in " + w.Tab.Plain, Item: w.With(rows[:n]).Item(), Rows: true, none: true}
		terms := make([]string, n)
		for i, r := range rows[:n] {
			terms[i], args = w.otherKey(d, r, len(st.Args)+1)
			st.Args = append(st.Args, args...)
		}
		st.SQL = w.Prefix + "SELECT 1 FROM " + w.From() + " WHERE " + strings.Join(terms, " OR ") + " LIMIT 1"
		st.Means = &Culprit{Item: st.Item, Code: CodeOtherKey, Op: st.Op, Err: errors.New("the row with this key has another key by bytes")}
		stmts = append(stmts, st)
		rows = rows[n:]
	}
	return stmts
}

// onceEach leaves out children of a parent that has one already.
func onceEach(rows []Row) []Row {
	var some []Row
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen[r.Key] {
			seen[r.Key] = true
			some = append(some, r)
		}
	}
	return some
}

// folds reports that the database may take another text for a row's key.
func (w *Rowset) folds(d *Dialect) bool {
	for _, k := range w.Key {
		if c := w.Cols[k]; d.Differs != nil && (c.Folds || len(w.rules(c)) > 0) {
			return true
		}
	}
	return false
}

// rules are those of unique indexes: an upsert finds its row by one of them, everything else by the column.
func (w *Rowset) rules(c *Column) []string {
	if w.Shape.Op == connectors.Upsert {
		return c.rules
	}
	return nil
}

// otherKey is the condition of a row that the database takes for this one, by any of its rules, with another key.
func (w *Rowset) otherKey(d *Dialect, r Row, first int) (string, []any) {
	var equal []string
	var args []any
	for _, k := range w.Key {
		q := d.Quote(w.Cols[k].Name)
		args = append(args, r.Args[k])
		terms := q + " = " + d.Bind(first+len(args)-1)
		for _, rule := range w.rules(w.Cols[k]) {
			args = append(args, r.Args[k])
			terms += " OR " + q + " COLLATE " + rule + " = " + d.Bind(first+len(args)-1)
		}
		equal = append(equal, "("+terms+")")
	}
	other, more := w.differs(d, r, first+len(args))
	return "(" + strings.Join(equal, " AND ") + " AND (" + other + "))", append(args, more...)
}

// differs is the condition that a key column has other bytes than the row.
func (w *Rowset) differs(d *Dialect, r Row, first int) (string, []any) {
	var terms []string
	var args []any
	for _, k := range w.Key {
		if c := w.Cols[k]; c.Folds || len(w.rules(c)) > 0 {
			terms = append(terms, d.Differs(c, d.Quote(c.Name), d.Bind(first+len(args))))
			args = append(args, r.Args[k])
		}
	}
	return strings.Join(terms, " OR "), args
}

// WhereBytes is the condition of the row that has the first row's key by bytes.
func (w *Rowset) WhereBytes(d *Dialect) (string, []any) {
	where, args := w.Where(d, 1), w.KeyArgs(w.Rows[0])
	if w.folds(d) {
		other, more := w.differs(d, w.Rows[0], len(args)+1)
		where, args = where+" AND NOT ("+other+")", append(args, more...)
	}
	return where, args
}

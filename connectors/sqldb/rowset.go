package sqldb

import (
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// rowset is rows of one write that name the same columns, ready to become statements.
type rowset struct {
	shape *connectors.Shape
	tab   *table
	cols  []*column
	key   []int // indexes into cols
	rows  []row
	bare  bool // the rows name the key of children that are no more

	prefix string // of each statement
}

// row is one record's arguments, one for each of the rowset's columns.
type row struct {
	item int // index into the attempt's items
	args []any
	key  string
}

func (w *rowset) item() int {
	one := w.rows[0].item
	for _, r := range w.rows {
		if r.item != one {
			return -1
		}
	}
	return one
}

// with returns the same rowset with other rows.
func (w *rowset) with(rows []row) *rowset {
	c := *w
	c.rows = rows
	return &c
}

func (w *rowset) names(d *dialect) []string {
	names := make([]string, len(w.cols))
	for i, c := range w.cols {
		names[i] = d.quote(c.name)
	}
	return names
}

func (w *rowset) returning(d *dialect) []string {
	names := make([]string, len(w.shape.Returning))
	for i, n := range w.shape.Returning {
		if c := w.tab.column(n); c != nil {
			n = c.name
		}
		names[i] = d.quote(n)
	}
	return names
}

func (w *rowset) isKey(i int) bool {
	for _, k := range w.key {
		if k == i {
			return true
		}
	}
	return false
}

func (w *rowset) keyNames() []string {
	names := make([]string, len(w.key))
	for i, k := range w.key {
		names[i] = w.cols[k].name
	}
	return names
}

func (w *rowset) keyArgs(r row) []any {
	args := make([]any, len(w.key))
	for i, k := range w.key {
		args[i] = r.args[k]
	}
	return args
}

// where is "k1 = ? AND k2 = ?" with placeholders from first on.
func (w *rowset) where(d *dialect, first int) string {
	terms := make([]string, len(w.key))
	for i, k := range w.key {
		terms[i] = d.quote(w.cols[k].name) + " = " + d.bind(first+i)
	}
	return strings.Join(terms, " AND ")
}

// whereNull is where for one row, in whose key NULL counts as a value.
func (w *rowset) whereNull(d *dialect, r row) (string, []any) {
	var terms []string
	var args []any
	for _, k := range w.key {
		if r.args[k] == nil {
			terms = append(terms, d.quote(w.cols[k].name)+" IS NULL")
			continue
		}
		args = append(args, r.args[k])
		terms = append(terms, d.quote(w.cols[k].name)+" = "+d.bind(len(args)))
	}
	return strings.Join(terms, " AND "), args
}

// statements makes the statements that write the rows.
func (w *rowset) statements(d *dialect) ([]statement, error) { return d.write(d, w) }

// counted has a statement's rows counted, unless the mapping says that they may differ.
func (w *rowset) counted(st statement, least, most int) statement {
	if !w.shape.Unchecked {
		st.least, st.most, st.sure = int64(least), int64(most), w.tab.sure
	}
	return st
}

// writeRows is what the systems have in common: multi-row INSERT, UPDATE and DELETE by key, row by row
// where values come back. tail gives what follows an INSERT to make it an upsert.
func writeRows(d *dialect, w *rowset, tail func(*rowset) string) ([]statement, error) {
	switch w.shape.Op {
	case connectors.Insert, connectors.ReplaceChildren:
		return inserts(d, w, ""), nil
	case connectors.Upsert:
		return inserts(d, w, tail(w)), nil
	case connectors.Update:
		return updates(d, w), nil
	}
	return nil, unsupported(w)
}

func unsupported(w *rowset) error {
	return connectors.Errorf(connectors.TargetError, CodeUnsupported, "write "+w.shape.Write,
		"use another mode in the mapping", "this kind of write is not possible here")
}

// inserts makes multi-row INSERTs whose sizes are powers of two, so that few texts serve all groups.
func inserts(d *dialect, w *rowset, tail string) []statement {
	op := "insert into " + w.tab.plain
	head := "INSERT" + w.tab.abort + " INTO " + w.tab.name + " (" + strings.Join(w.names(d), ", ") + ") VALUES "
	if len(w.cols) == 0 {
		head = "INSERT" + w.tab.abort + " INTO " + w.tab.name + " DEFAULT VALUES"
	}
	var stmts []statement
	back := len(w.shape.Returning) > 0
	for rows := w.rows; len(rows) > 0; {
		n := 1
		if !back && len(w.cols) > 0 {
			for n*2 <= min(len(rows), d.maxRows) && n*2*len(w.cols) <= d.maxBinds {
				n *= 2
			}
		}
		st := statement{sql: head + tuples(d, len(w.cols), n) + tail, op: op, item: w.with(rows[:n]).item()}
		for _, r := range rows[:n] {
			st.args = append(st.args, r.args...)
		}
		st = w.counted(st, n, n)
		if tail != "" && d.doubles {
			st = w.counted(st, n, 2*n)
		}
		if back {
			stmts = append(stmts, insertBack(d, w, rows[0], st)...)
		} else {
			stmts = append(stmts, st)
		}
		rows = rows[n:]
	}
	return stmts
}

// insertBack lets one INSERT give its generated values: by RETURNING, or by a SELECT that follows.
func insertBack(d *dialect, w *rowset, r row, st statement) []statement {
	if d.returns {
		st.sql += " RETURNING " + strings.Join(w.returning(d), ", ")
		st.rows = true
		return []statement{st}
	}
	return []statement{st, selectBack(d, w, r)}
}

// byNumber reports rows that no key names: new ones without a key, and children, whose key is their parent's.
func (w *rowset) byNumber() bool {
	return w.shape.Op == connectors.ReplaceChildren || w.shape.Op == connectors.Insert && len(w.key) == 0
}

// selectBack reads a written row's values: by its generated number if the table makes one, else by key.
func selectBack(d *dialect, w *rowset, r row) statement {
	st := statement{rows: true, op: "select from " + w.tab.plain, item: r.item}
	st.sql = "SELECT " + strings.Join(w.returning(d), ", ") + " FROM " + w.tab.name + " WHERE "
	if w.byNumber() {
		for _, c := range w.tab.columns {
			if c.auto {
				st.sql += d.quote(c.name) + " = LAST_INSERT_ID()"
				return st
			}
		}
	}
	st.sql += w.where(d, 1)
	st.args = w.keyArgs(r)
	return st
}

func tuples(d *dialect, cols, rows int) string {
	if cols == 0 {
		return ""
	}
	var b strings.Builder
	n := 0
	for i := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		for j := range cols {
			if j == 0 {
				b.WriteByte('(')
			} else {
				b.WriteByte(',')
			}
			n++
			b.WriteString(d.bind(n))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// updates makes one UPDATE a row: only so is it known that each of them hit something.
func updates(d *dialect, w *rowset) []statement {
	var sets []string
	n := 0
	for i, c := range w.cols {
		if !w.isKey(i) {
			n++
			sets = append(sets, d.quote(c.name)+" = "+d.bind(n))
		}
	}
	if n == 0 { // nothing but the key: still the row has to be there
		sets = append(sets, d.quote(w.cols[w.key[0]].name)+" = "+d.quote(w.cols[w.key[0]].name))
	}
	sql := "UPDATE" + w.tab.abort + " " + w.tab.name + " SET " + strings.Join(sets, ", ") + " WHERE " + w.where(d, n+1)
	var stmts []statement
	for _, r := range w.rows {
		st := w.counted(statement{sql: sql, op: "update " + w.tab.plain, item: r.item, zero: CodeNoRow}, 1, 1)
		st.sure = false
		for i := range w.cols {
			if !w.isKey(i) {
				st.args = append(st.args, r.args[i])
			}
		}
		st.args = append(st.args, w.keyArgs(r)...)
		stmts = append(stmts, st)
		if len(w.shape.Returning) > 0 {
			stmts = append(stmts, selectBack(d, w, r))
		}
	}
	return stmts
}

// deletes removes what has the rows' keys, once a key, and sees that it is gone where something may keep it.
func deletes(d *dialect, w *rowset, done map[string]bool) []statement {
	var stmts []statement
	for _, r := range w.rows {
		if done[r.key] {
			continue
		}
		done[r.key] = true
		stmts = append(stmts, statement{sql: "DELETE FROM " + w.tab.name + " WHERE " + w.where(d, 1),
			args: w.keyArgs(r), op: "delete from " + w.tab.plain, item: r.item})
		if !w.tab.sure && !w.shape.Unchecked {
			stmts = append(stmts, statement{sql: "SELECT 1 FROM " + w.tab.name + " WHERE " + w.where(d, 1),
				args: w.keyArgs(r), op: "delete from " + w.tab.plain, item: r.item, rows: true, none: true})
		}
	}
	return stmts
}

// assignments is "c = X(c), …" for every column that is not part of the key; of the key's first column
// when there is no other, so that the statement still touches the row.
func (w *rowset) assignments(d *dialect, value func(quoted string) string) string {
	var sets []string
	for i, c := range w.cols {
		if !w.isKey(i) {
			q := d.quote(c.name)
			sets = append(sets, q+" = "+value(q))
		}
	}
	if len(sets) == 0 && len(w.key) > 0 {
		q := d.quote(w.cols[w.key[0]].name)
		sets = append(sets, q+" = "+w.tab.name+"."+q) // not the new value: it may be another text that counts as the same
	}
	return strings.Join(sets, ", ")
}

// conflictTail is ON CONFLICT … DO UPDATE, as SQLite and PostgreSQL have it.
func conflictTail(d *dialect) func(*rowset) string {
	return func(w *rowset) string {
		keys := w.keyNames()
		for i := range keys {
			keys[i] = d.quote(keys[i])
		}
		return " ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET " +
			w.assignments(d, func(q string) string { return "EXCLUDED." + q })
	}
}

func noKey(w *rowset) error {
	return connectors.Errorf(connectors.TargetError, CodeNoKey, "upsert into "+w.tab.plain,
		"ask the DBA for a unique key on exactly the mapping's key columns", "no such key")
}

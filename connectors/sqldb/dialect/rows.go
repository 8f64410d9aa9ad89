package dialect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
)

// Rowset is rows of one write that name the same columns, ready to become statements.
type Rowset struct {
	Shape *connectors.Shape
	Tab   *Table
	Cols  []*Column
	Key   []int // indexes into cols
	Rows  []Row
	Bare  bool // the rows name the key of children that are no more

	Prefix string // of each statement
}

// Row is one record's arguments, one for each of the rowset's columns.
type Row struct {
	Item   int   // index into the attempt's items
	Record int64 // which of the item's records of the write it is, from 1
	Args   []any
	Key    string
}

// Item is the one that all rows belong to, or -1.
func (w *Rowset) Item() int {
	one := w.Rows[0].Item
	for _, r := range w.Rows {
		if r.Item != one {
			return -1
		}
	}
	return one
}

// With returns the same rowset with other rows.
func (w *Rowset) With(rows []Row) *Rowset {
	c := *w
	c.Rows = rows
	return &c
}

// Names are the columns, quoted.
func (w *Rowset) Names(d *Dialect) []string {
	names := make([]string, len(w.Cols))
	for i, c := range w.Cols {
		names[i] = d.Quote(c.Name)
	}
	return names
}

// From is the table where rows of it are read, changed or deleted: its own, not those of tables that inherit from it, unless the
// mapping says that whatever becomes of rows is meant.
func (w *Rowset) From() string {
	if w.Shape.Unchecked {
		return w.Tab.Name
	}
	return w.Tab.Only + w.Tab.Name
}

// Returning are the columns whose values come back, quoted.
func (w *Rowset) Returning(d *Dialect) []string {
	names := make([]string, len(w.Shape.Returning))
	for i, n := range w.Shape.Returning {
		if c := w.Tab.Column(n); c != nil {
			n = c.Name
		}
		names[i] = d.Quote(n)
	}
	return names
}

func quoted(d *Dialect, names []string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = d.Quote(n)
	}
	return list
}

// Witnesses are the columns by which a row is seen to be the one that was written, should something change it after its statement: those
// of unique keys, and those that were sent. None, where nothing can. What the database may change is left out, and bytes, which may be many.
func (w *Rowset) Witnesses() []string {
	names := w.Tab.Identifying()
	if len(names) == 0 || w.Shape.Unchecked {
		return names
	}
	for _, c := range w.Cols {
		if c == w.Tab.Column(c.Name) && c.Fam != FamBinary && !slices.Contains(names, c.Name) { // another one is a loose copy
			names = append(names, c.Name)
		}
	}
	return names
}

// Again reads the returned values of a written row once more, with its witnesses behind them; it is found by a unique key's values.
func (w *Rowset) Again(d *Dialect, item int, key []string, args []any) Statement {
	st := Statement{Rows: true, Op: "select from " + w.Tab.Plain, Item: item, Args: args}
	st.SQL = "SELECT " + strings.Join(append(w.Returning(d), quoted(d, w.Witnesses())...), ", ") + " FROM " + w.From() + " WHERE "
	for i, q := range quoted(d, key) {
		if i > 0 {
			st.SQL += " AND "
		}
		st.SQL += q + " = " + d.Bind(i+1)
	}
	return st
}

// IsKey tells whether a column is part of the key.
func (w *Rowset) IsKey(i int) bool {
	for _, k := range w.Key {
		if k == i {
			return true
		}
	}
	return false
}

// KeyNames are the columns of the key.
func (w *Rowset) KeyNames() []string {
	names := make([]string, len(w.Key))
	for i, k := range w.Key {
		names[i] = w.Cols[k].Name
	}
	return names
}

// KeyArgs are the values of the key.
func (w *Rowset) KeyArgs(r Row) []any {
	args := make([]any, len(w.Key))
	for i, k := range w.Key {
		args[i] = r.Args[k]
	}
	return args
}

// Where is "k1 = ? AND k2 = ?" with placeholders from first on.
func (w *Rowset) Where(d *Dialect, first int) string {
	terms := make([]string, len(w.Key))
	for i, k := range w.Key {
		terms[i] = d.Quote(w.Cols[k].Name) + " = " + d.Bind(first+i)
	}
	return strings.Join(terms, " AND ")
}

// WhereNull is where for one row, in whose key NULL counts as a value.
func (w *Rowset) WhereNull(d *Dialect, r Row) (string, []any) {
	var terms []string
	var args []any
	for _, k := range w.Key {
		if r.Args[k] == nil {
			terms = append(terms, d.Quote(w.Cols[k].Name)+" IS NULL")
			continue
		}
		args = append(args, r.Args[k])
		terms = append(terms, d.Quote(w.Cols[k].Name)+" = "+d.Bind(len(args)))
	}
	return strings.Join(terms, " AND "), args
}

// Statements makes the statements that write the rows.
func (w *Rowset) Statements(d *Dialect) ([]Statement, error) { return d.Write(d, w) }

// Counted has a statement's rows counted, unless the mapping says that they may differ.
func (w *Rowset) Counted(st Statement, least, most int) Statement {
	if !w.Shape.Unchecked {
		st.Least, st.Most, st.sure = int64(least), int64(most), w.Tab.Sure
	}
	return st
}

// WriteRows is what the systems have in common: multi-row INSERT, UPDATE and DELETE by key, row by row
// where values come back. tail gives what follows an INSERT to make it an upsert.
func WriteRows(d *Dialect, w *Rowset, tail func(*Rowset) string) ([]Statement, error) {
	switch w.Shape.Op {
	case connectors.Insert, connectors.ReplaceChildren:
		return Inserts(d, w, ""), nil
	case connectors.Upsert:
		return Inserts(d, w, tail(w)), nil
	case connectors.Update:
		return Updates(d, w), nil
	}
	return nil, Unsupported(w)
}

// Unsupported refuses a kind of write.
func Unsupported(w *Rowset) error {
	return connectors.Errorf(connectors.TargetError, CodeUnsupported, "write "+w.Shape.Write,
		"use another mode in the mapping", "this kind of write is not possible here")
}

// Inserts makes multi-row INSERTs whose sizes are powers of two, so that few texts serve all groups. Where values come back, each
// row has its own: by RETURNING, or by a SELECT that follows.
func Inserts(d *Dialect, w *Rowset, tail string) []Statement {
	op, upsert := "insert into "+w.Tab.Plain, tail != ""
	head := "INSERT" + w.Tab.Abort + " INTO " + w.Tab.Name + " (" + strings.Join(w.Names(d), ", ") + ") VALUES "
	if len(w.Cols) == 0 {
		head = "INSERT" + w.Tab.Abort + " INTO " + w.Tab.Name + cmp.Or(d.Bare, " DEFAULT VALUES")
	}
	back := len(w.Shape.Returning) > 0
	if back && d.Returns {
		tail += " RETURNING " + strings.Join(append(w.Returning(d), quoted(d, w.Witnesses())...), ", ")
	}
	var stmts []Statement
	text, of := "", 0 // of so many rows; one row by one the text is made once
	for rows := w.Rows; len(rows) > 0; {
		n := 1
		if !back && len(w.Cols) > 0 {
			for n*2 <= min(len(rows), d.MaxRows) && n*2*len(w.Cols) <= d.MaxBinds {
				n *= 2
			}
		}
		if n != of {
			text, of = head+tuples(d, len(w.Cols), n)+tail, n
		}
		st := Statement{SQL: text, Op: op, Item: w.With(rows[:n]).Item(), Rows: back && d.Returns}
		if n == 1 {
			st.Args = rows[0].Args
		} else {
			st.Args = make([]any, 0, n*len(w.Cols))
			for _, r := range rows[:n] {
				st.Args = append(st.Args, r.Args...)
			}
		}
		st = w.Counted(st, n, n)
		if upsert && w.Tab.Versioned {
			st = w.Counted(st, n, 3*n)
		} else if upsert && d.Doubles {
			st = w.Counted(st, n, 2*n)
		}
		if stmts = append(stmts, st); back && !d.Returns {
			stmts = append(stmts, SelectBack(d, w, rows[0]))
		}
		rows = rows[n:]
	}
	return stmts
}

// ByNumber reports rows that no key names: new ones without a key, and children, whose key is their parent's.
func (w *Rowset) ByNumber() bool {
	return w.Shape.Op == connectors.ReplaceChildren || w.Shape.Op == connectors.Insert && len(w.Key) == 0
}

// SelectBack reads a written row's values: by its generated number if the table makes one, else by key.
func SelectBack(d *Dialect, w *Rowset, r Row) Statement {
	st := Statement{Rows: true, Op: "select from " + w.Tab.Plain, Item: r.Item}
	st.SQL = "SELECT " + strings.Join(w.Returning(d), ", ") + " FROM " + w.From() + " WHERE "
	if w.ByNumber() {
		for _, c := range w.Tab.Columns {
			if c.Auto {
				st.SQL += d.Quote(c.Name) + " = LAST_INSERT_ID()"
				return st
			}
		}
	}
	st.SQL += w.Where(d, 1)
	st.Args = w.KeyArgs(r)
	return st
}

func tuples(d *Dialect, cols, rows int) string {
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
			b.WriteString(d.Bind(n))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Updates makes one UPDATE a row: only so is it known that each of them hit something.
func Updates(d *Dialect, w *Rowset) []Statement {
	var sets []string
	n := 0
	for i, c := range w.Cols {
		if !w.IsKey(i) {
			n++
			sets = append(sets, d.Quote(c.Name)+" = "+d.Bind(n))
		}
	}
	if n == 0 { // nothing but the key: still the row has to be there
		sets = append(sets, d.Quote(w.Cols[w.Key[0]].Name)+" = "+d.Quote(w.Cols[w.Key[0]].Name))
	}
	sql := "UPDATE" + w.Tab.Abort + " " + w.From() + " SET " + strings.Join(sets, ", ") + " WHERE " + w.Where(d, n+1)
	var stmts []Statement
	for _, r := range w.Rows {
		st := w.Counted(Statement{SQL: sql, Op: "update " + w.Tab.Plain, Item: r.Item, zero: CodeNoRow}, 1, 1)
		st.sure = false
		for i := range w.Cols {
			if !w.IsKey(i) {
				st.Args = append(st.Args, r.Args[i])
			}
		}
		st.Args = append(st.Args, w.KeyArgs(r)...)
		stmts = append(stmts, st)
		if len(w.Shape.Returning) > 0 {
			stmts = append(stmts, SelectBack(d, w, r))
		}
	}
	return stmts
}

// Deletes removes what has the rows' keys, once a key, and sees that it is gone where something may keep it.
func Deletes(d *Dialect, w *Rowset, done map[string]bool) []Statement {
	var stmts []Statement
	for _, r := range w.Rows {
		if done[r.Key] {
			continue
		}
		done[r.Key] = true
		stmts = append(stmts, Statement{SQL: "DELETE FROM " + w.From() + " WHERE " + w.Where(d, 1),
			Args: w.KeyArgs(r), Op: "delete from " + w.Tab.Plain, Item: r.Item})
		if !w.Tab.Sure && !w.Shape.Unchecked {
			stmts = append(stmts, Statement{SQL: "SELECT 1 FROM " + w.From() + " WHERE " + w.Where(d, 1),
				Args: w.KeyArgs(r), Op: "delete from " + w.Tab.Plain, Item: r.Item, Rows: true, none: true})
		}
	}
	return stmts
}

// Assignments is "c = X(c), …" for every column that is not part of the key; of the key's first column
// when there is no other, so that the statement still touches the row.
func (w *Rowset) Assignments(d *Dialect, value func(quoted string) string) string {
	var sets []string
	for i, c := range w.Cols {
		if !w.IsKey(i) {
			q := d.Quote(c.Name)
			sets = append(sets, q+" = "+value(q))
		}
	}
	if len(sets) == 0 && len(w.Key) > 0 {
		q := d.Quote(w.Cols[w.Key[0]].Name)
		sets = append(sets, q+" = "+w.Tab.Name+"."+q) // not the new value: it may be another text that counts as the same
	}
	return strings.Join(sets, ", ")
}

// ConflictTail is ON CONFLICT … DO UPDATE, as SQLite and PostgreSQL have it.
func ConflictTail(d *Dialect) func(*Rowset) string {
	return func(w *Rowset) string {
		keys := w.KeyNames()
		for i := range keys {
			keys[i] = d.Quote(keys[i])
		}
		return " ON CONFLICT (" + strings.Join(keys, ", ") + ") DO UPDATE SET " +
			w.Assignments(d, func(q string) string { return "EXCLUDED." + q })
	}
}

// NoKey refuses an upsert by columns that name no row.
func NoKey(w *Rowset) error {
	return connectors.Errorf(connectors.TargetError, CodeNoKey, "upsert into "+w.Tab.Plain,
		"ask the DBA for a unique key on exactly the mapping's key columns", "no such key")
}

// NewRowset is without rows; the mask has a 1 for each field that the rows have.
func NewRowset(shape *connectors.Shape, tab *Table, mask string) (*Rowset, error) {
	set := &Rowset{Shape: shape, Tab: tab}
	at := make([]int, len(shape.Fields))
	for i, name := range shape.Fields {
		at[i] = -1
		if mask[i] == '0' {
			continue
		}
		c := tab.Column(name)
		if shape.Op == connectors.Call && tab.Routine == nil {
			c = &Column{Name: name, Scale: AnyScale}
		}
		if c == nil {
			return nil, connectors.Errorf(connectors.TargetError, CodeNoColumn, "write "+shape.Object+"."+name,
				"check the column's name in the mapping and the version of the table", "no such column")
		}
		if slices.Contains(shape.Loose, i) {
			c = c.loose()
			c.Folds, c.rules = false, nil
		}
		at[i] = len(set.Cols)
		set.Cols = append(set.Cols, c)
	}
	for _, k := range shape.Key {
		if at[k] < 0 {
			return nil, &Misfit{CodeNotNull, shape.Fields[k]}
		}
		set.Key = append(set.Key, at[k])
	}
	return set, nil
}

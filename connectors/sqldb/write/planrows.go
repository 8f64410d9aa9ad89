package write

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// lookOp marks statements that only a plan sends.
const lookOp = "look what is there"

// maxLooked bounds the rows of one key that a plan shows.
const maxLooked = 100

// planning is what an attempt that is taken back sees of the rows that it writes.
type planning struct {
	t       *Writer
	a       *attempt
	session *notCommitting
	rows    []*planned
	known   map[string]bool
}

// planned are the rows of one key, or one new row.
type planned struct {
	set           *dialect.Rowset
	row           dialect.Row
	columns       []*dialect.Column // that are looked at
	before, after [][]connectors.Value
	seen          bool // after is what was found
}

// before has the rows looked at that rowsets are about to change.
func (p *planning) before(sets []*dialect.Rowset) {
	for _, set := range sets {
		for _, r := range set.Rows {
			x := &planned{set: set, row: r, columns: slices.SortedFunc(maps.Values(set.Tab.Columns), func(a, b *dialect.Column) int { return a.Place - b.Place })}
			x.columns = slices.DeleteFunc(x.columns, func(c *dialect.Column) bool { return c.Fam == dialect.FamBinary }) // they may be large
			if set.Shape.Op == connectors.Insert {
				p.rows = append(p.rows, x)
				continue
			}
			where, args := set.WhereNull(&p.t.Sys.Dialect, r)
			if key := set.Tab.Name + where + fmt.Sprint(args); !p.known[key] {
				p.known[key] = true
				p.rows = append(p.rows, x)
				p.a.queue(p.find(x, where, args, &x.before))
			}
		}
	}
}

// find reads rows of a table.
func (p *planning) find(x *planned, where string, args []any, into *[][]connectors.Value) dialect.Statement {
	names := make([]string, len(x.columns))
	for i, c := range x.columns {
		names[i] = p.t.Sys.Quote(c.Name)
	}
	return dialect.Statement{SQL: "SELECT " + strings.Join(names, ", ") + " FROM " + x.set.From() + " WHERE " + where, Args: args, Rows: true, Op: lookOp, Item: x.row.Item,
		Takes: func(r dialect.Result) error { *into, x.seen = r.Rows, true; return nil }}
}

// look reads the rows again, inside of the transaction.
func (p *planning) look(ctx context.Context) error {
	var stmts []dialect.Statement
	for _, x := range p.rows {
		x.seen = false
		where, args := x.set.WhereNull(&p.t.Sys.Dialect, x.row)
		if x.set.Shape.Op == connectors.Insert {
			if where, args = p.found(x); where == "" {
				continue
			}
		}
		stmts = append(stmts, p.find(x, where, args, &x.after))
	}
	results, err := p.a.run(ctx, stmts, false)
	for i := range results {
		if err == nil {
			err = stmts[i].Takes(results[i])
		}
	}
	return err
}

// found is by which unique key a new row is found; empty: by none.
func (p *planning) found(x *planned) (where string, args []any) {
	for _, key := range x.set.Tab.Uniques {
		var terms []string
		args = nil
		for _, name := range key {
			arg, ok := p.valueOf(x, name)
			if !ok || arg == nil {
				break
			}
			args = append(args, arg)
			terms = append(terms, p.t.Sys.Quote(name)+" = "+p.t.Sys.Bind(len(args)))
		}
		if len(key) > 0 && len(terms) == len(key) {
			return strings.Join(terms, " AND "), args
		}
	}
	return "", nil
}

// valueOf is what a new row was sent, or returned, for a column.
func (p *planning) valueOf(x *planned, column string) (any, bool) {
	for i, c := range x.set.Cols {
		if strings.EqualFold(c.Name, column) {
			return x.row.Args[i], true
		}
	}
	for _, name := range x.set.Shape.Returning {
		if strings.EqualFold(name, column) {
			v, ok := p.a.items[x.row.Item].value(connectors.Value{Str: x.set.Shape.Write + "." + name, Int: x.row.Record})
			if c := x.set.Tab.Column(column); ok && c != nil {
				arg, err := p.t.Sys.Arg(c, v, p.t.Sys.Zone)
				return arg, err == nil
			}
		}
	}
	return nil, false
}

// changes are what was seen. A new row that no key finds is shown as it was sent.
func (p *planning) changes() (all []connectors.RowChange) {
	for _, x := range p.rows {
		c := connectors.RowChange{Table: x.set.Tab.Plain, Write: x.set.Shape.Write, Before: p.shown(x, x.before, false), After: p.shown(x, x.after, len(x.before) == 0)}
		if x.set.Shape.Op == connectors.Insert && !x.seen {
			var row connectors.Row
			for i, col := range x.set.Cols {
				row = append(row, connectors.Cell{Column: col.Name, Value: shownArg(x.row.Args[i])})
			}
			for _, name := range x.set.Shape.Returning {
				if v, ok := p.a.items[x.row.Item].value(connectors.Value{Str: x.set.Shape.Write + "." + name, Int: x.row.Record}); ok {
					row = append(row, connectors.Cell{Column: name, Value: v, Generated: numbered(x, x.set.Tab.Column(name), v)})
				}
			}
			c.After = []connectors.Row{row}
		}
		all = append(all, c)
	}
	return all
}

// shown are rows with what the target has generated for them: of those that stood there before, it is theirs.
func (p *planning) shown(x *planned, rows [][]connectors.Value, fresh bool) (all []connectors.Row) {
	for _, r := range rows[:min(len(rows), maxLooked)] {
		row := make(connectors.Row, len(r))
		for i, v := range r {
			c := x.columns[i]
			row[i] = connectors.Cell{Column: c.Name, Value: v, Generated: fresh && numbered(x, c, v)}
		}
		all = append(all, row)
	}
	return all
}

// numbered tells of a number that the database counts by itself. What it computes, or a trigger makes, may be made of what a citizen wrote.
func numbered(x *planned, c *dialect.Column, v connectors.Value) bool {
	return c != nil && c.Auto && v.Kind == connectors.Integer && !slices.Contains(x.set.Cols, c)
}

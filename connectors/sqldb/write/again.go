package write

import (
	"context"
	"errors"
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
)

// again is a row whose returned values are read once more before anything relies on them: a trigger may have changed it after the
// statement said what it wrote.
type again struct {
	row dialect.Row
	set *dialect.Rowset
	was []connectors.Value // of the set's witnesses
}

// takeAll sends what is queued, and takes in what comes back as it stands in the tables.
func (a *attempt) takeAll(ctx context.Context) error {
	if !a.gives {
		return nil
	}
	if err := a.flush(ctx, false); err != nil {
		return err
	}
	list := a.again
	a.again = nil
	for _, one := range list {
		a.readAgain(one)
	}
	return a.flush(ctx, false)
}

// readAgain queues what reads a row by the first unique key of which every column has a value. A row without one cannot be
// told from others: then what the statement said stays. One that holds something else than was written may be another's.
func (a *attempt) readAgain(one again) {
	set, shape := one.set, one.set.Shape
	names := set.Witnesses()
	for _, key := range set.Tab.Uniques {
		var args []any
		for _, name := range key {
			v := one.was[slices.Index(names, name)]
			x, err := a.t.Sys.Arg(set.Tab.Column(name), v, a.t.Sys.Zone)
			if err != nil || x == nil || v.Kind == connectors.Null {
				break
			}
			args = append(args, x)
		}
		if len(args) < len(key) {
			continue
		}
		st := set.Again(&a.t.Sys.Dialect, one.row.Item, key, args)
		st.Takes = func(res dialect.Result) error {
			if len(res.Rows) == 0 && shape.Unchecked { // it went elsewhere, as the mapping says
				return nil
			}
			why := "the row that was written is not found again by its key"
			if len(res.Rows) == 1 {
				why = "the row that has the key of the one that was written holds something else: a trigger changed it, or gave its key to another row"
			}
			if n := len(shape.Returning); len(res.Rows) != 1 || !slices.EqualFunc(res.Rows[0][n:], one.was, same) {
				return &dialect.Culprit{Item: one.row.Item, Code: dialect.CodeReference, Op: st.Op, Err: errors.New(why)}
			}
			a.returns(one.row, shape, res.Rows[0])
			return nil
		}
		a.pending = append(a.pending, st)
		return
	}
}

func same(a, b connectors.Value) bool { return a.Kind == b.Kind && a.Str == b.Str && a.Int == b.Int }

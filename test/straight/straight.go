// Package straight compares what a legacy database holds, value by value, with what the forms said and their
// mapping means. It reads the tables through a driver of its own and shares nothing with the connector that wrote them.
package straight

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// Form is one form that a database was to get.
type Form struct {
	Name        string // for messages
	Bytes       []byte
	ID          string // the submission's ID, where the mapping writes it
	Received    time.Time
	Attachments []connectors.Attachment
	// Returned are values that databases gave, by WRITE.FIELD. Compare adds those that it finds, for the next database.
	Returned map[string]connectors.Value
}

// Findings are what is not straight; the lines name forms and columns.
type Findings struct {
	Missing []string // should stand there and does not, or not so
	Extra   []string // stands there and belongs to no form, or once too often
}

// Straight tells whether there is nothing.
func (f Findings) Straight() bool { return len(f.Missing)+len(f.Extra) == 0 }

// Queryer is a database, or a transaction that shows several tables as they are at one moment.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Database is one target of a mapping, with all forms that were written there.
type Database struct {
	DB     Queryer
	Plan   *mapping.Plan
	Target string
	Zone   *time.Location // of columns without a zone; nil: UTC
	// Table returns a mapping's table as a query names it; nil: as it is.
	Table func(name string) string
}

// row is one row of a table, by lower-case column.
type row struct {
	values map[string]any
	taken  bool
}

// String is for messages of tests.
func (r *row) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		parts = append(parts, name+"="+textOf(r.values[name]))
	}
	return strings.Join(parts, " ")
}

// comparison is one run over the tables of one target.
type comparison struct {
	Database
	tables map[string][]*row
	found  Findings
}

// Compare reads every table that the mapping writes in the target and holds its rows against the forms. Rows of
// forms that are not given count as extra.
func (d Database) Compare(ctx context.Context, forms []*Form) (Findings, error) {
	if d.Zone == nil {
		d.Zone = time.UTC
	}
	if d.Table == nil {
		d.Table = func(name string) string { return name }
	}
	c := &comparison{Database: d, tables: map[string][]*row{}}
	for _, f := range forms {
		if err := c.form(ctx, f); err != nil {
			return c.found, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	for table, rows := range c.tables {
		for _, r := range rows {
			if !r.taken {
				c.found.Extra = append(c.found.Extra, fmt.Sprintf("%s: %s belongs to no form", table, r))
			}
		}
	}
	slices.Sort(c.found.Extra)
	return c.found, nil
}

// form takes the rows of one form.
func (c *comparison) form(ctx context.Context, f *Form) error {
	decoded, err := c.Plan.Decode(f.Bytes, "")
	if err != nil {
		return err
	}
	in := mapping.Input{ID: f.ID, Reference: f.Name, Received: f.Received, Attachments: f.Attachments, Returned: f.Returned}
	ref, err := c.Plan.Reference(decoded)
	if err != nil {
		return err
	}
	if ref != "" {
		in.Reference = ref
	}
	mapped, err := c.Plan.Map(decoded, in)
	if err != nil {
		return err
	}
	for _, d := range mapped.Deliveries {
		if d.Target != c.Target {
			continue
		}
		if len(d.Needs) > 0 {
			return fmt.Errorf("waits for %v of another target", d.Needs)
		}
		for _, r := range d.Records {
			if err := c.record(ctx, f, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// record takes the row that is a record's, and keeps what it returned.
func (c *comparison) record(ctx context.Context, f *Form, r connectors.Record) error {
	if r.Shape.Op == connectors.Call || r.Shape.Op == connectors.Put || len(r.Values) == 0 {
		return nil
	}
	rows, err := c.rows(ctx, r.Shape.Object)
	if err != nil {
		return err
	}
	var nearest []string
	for _, have := range rows {
		if have.taken {
			continue
		}
		differs, err := c.differs(f, r, have)
		if err != nil {
			return err
		}
		if len(differs) == 0 {
			have.taken = true
			c.keep(f, r.Shape, have)
			return nil
		}
		if nearest == nil || len(differs) < len(nearest) {
			nearest = differs
		}
	}
	c.found.Missing = append(c.found.Missing, fmt.Sprintf("%s in %s; the nearest row differs in %s", f.Name, r.Shape.Object, strings.Join(nearest, ", ")))
	return nil
}

// differs returns the columns of a row that are not what the record says.
func (c *comparison) differs(f *Form, r connectors.Record, have *row) ([]string, error) {
	var differs []string
	for i, v := range r.Values {
		name := r.Shape.Fields[i]
		if v.Kind == connectors.Missing {
			continue // the column's default, which only the database knows
		}
		if v.Kind == connectors.Reference {
			known, ok := f.Returned[v.Str]
			if !ok {
				differs = append(differs, name+" (its parent is not there)")
				continue
			}
			v = known
		}
		got, ok := have.values[strings.ToLower(name)]
		if !ok {
			return nil, fmt.Errorf("table %s has no column %s", r.Shape.Object, name)
		}
		same, err := Same(v, got, c.Zone)
		if err != nil {
			return nil, err
		}
		if !same {
			differs = append(differs, fmt.Sprintf("%s (%s, want %s)", name, textOf(got), mapping.Show(v)))
		}
	}
	return differs, nil
}

func (c *comparison) keep(f *Form, shape *connectors.Shape, have *row) {
	for _, name := range shape.Returning {
		if f.Returned == nil {
			f.Returned = map[string]connectors.Value{}
		}
		f.Returned[shape.Write+"."+name] = valueOf(have.values[strings.ToLower(name)])
	}
}

// rows reads a table once.
func (c *comparison) rows(ctx context.Context, table string) ([]*row, error) {
	if rows, ok := c.tables[table]; ok {
		return rows, nil
	}
	res, err := c.DB.QueryContext(ctx, "SELECT * FROM "+c.Table(table))
	if err != nil {
		return nil, err
	}
	defer res.Close()
	columns, err := res.Columns()
	if err != nil {
		return nil, err
	}
	all := []*row{}
	for res.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := res.Scan(into...); err != nil {
			return nil, err
		}
		r := &row{values: map[string]any{}}
		for i, name := range columns {
			r.values[strings.ToLower(name)] = values[i]
		}
		all = append(all, r)
	}
	c.tables[table] = all
	return all, errors.Join(res.Err(), res.Close())
}

package examine

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/write"
)

// Describe tells what tables are like.
func Describe(ctx context.Context, t *write.Writer, pick func(names []string) []string) ([]connectors.Table, error) {
	s, err := t.Pool.Get(ctx)
	if err != nil {
		return nil, t.ConnectError(err)
	}
	x := &examination{t, &dialect.Inspection{S: s, Cfg: &t.Cfg, D: &t.Sys.Dialect, Work: -1}}
	tables, err := x.describe(ctx, pick)
	if dialect.Broken(err) {
		x.S.Close()
	} else {
		t.GiveBack(ctx, x.S)
	}
	if err != nil {
		return nil, t.Meaning(err).Err
	}
	return tables, nil
}

func (x *examination) describe(ctx context.Context, pick func(names []string) []string) ([]connectors.Table, error) {
	var names []string
	if x.D.Inspector.Names != "" {
		res, err := x.S.Run(ctx, []dialect.Statement{{SQL: x.D.Inspector.Names, Rows: true, Item: -1}}, false, false)
		if err != nil {
			return nil, err
		}
		for _, r := range res[0].Rows {
			names = append(names, r[1].Str)
		}
	}
	var found []*dialect.Table
	var tables []connectors.Table
	for _, name := range pick(names) {
		tab, err := x.table(ctx, name)
		if err != nil {
			return nil, err
		}
		if tab == nil {
			continue
		}
		tr := &dialect.Traits{}
		if x.D.Inspector.Traits != nil {
			if tr, err = x.D.Inspector.Traits(ctx, x.Inspection, tab); err != nil {
				return nil, err
			}
		}
		found, tables = append(found, tab), append(tables, described(tab, tr))
	}
	for i, tab := range found {
		for j, p := range found {
			if tab.RefersTo(p) {
				tables[i].Parents = append(tables[i].Parents, tables[j].Name)
			}
		}
	}
	return tables, nil
}

// kinds are what families of types take as it is.
var kinds = map[dialect.Family]connectors.Kind{dialect.FamText: connectors.Text, dialect.FamInteger: connectors.Integer, dialect.FamDecimal: connectors.Decimal,
	dialect.FamFloat: connectors.Decimal, dialect.FamBoolean: connectors.Boolean, dialect.FamDate: connectors.Date, dialect.FamDateTime: connectors.DateTime,
	dialect.FamInstant: connectors.DateTime, dialect.FamBinary: connectors.Binary, dialect.FamUUID: connectors.Text, dialect.FamMoney: connectors.Decimal}

func described(tab *dialect.Table, tr *dialect.Traits) connectors.Table {
	out := connectors.Table{Name: tab.Plain, Keys: tab.Uniques}
	for _, c := range slices.SortedFunc(maps.Values(tab.Columns), func(a, b *dialect.Column) int { return cmp.Compare(a.Place, b.Place) }) {
		d := connectors.Column{Name: c.Name, Type: c.Typ, Kind: kinds[c.Fam], Required: c.Required || tr.Needs[c.Name],
			Numbered: c.Auto, Computed: tr.Computed[c.Name]}
		switch {
		case d.Kind == connectors.Text && !c.Bytes:
			d.Length = c.Length
		case d.Kind == connectors.Decimal && tr.Whole[c.Name] > 0 && c.Scale >= 0:
			d.Digits, d.Scale = tr.Whole[c.Name]+c.Scale, c.Scale
		}
		out.Columns = append(out.Columns, d)
	}
	return out
}

package examine

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/sqldb/dialect"
	"github.com/inbasket/inbasket/connectors/sqldb/write"
)

// Facts tells what tables take, as far as the catalogue says it.
func Facts(ctx context.Context, t *write.Writer, names []string) (*connectors.Facts, error) {
	s, err := t.Pool.Get(ctx)
	if err != nil {
		return nil, t.ConnectError(err)
	}
	x := &examination{t, &dialect.Inspection{S: s, Cfg: &t.Cfg, D: &t.Sys.Dialect, Work: -1}}
	out := &connectors.Facts{System: t.Sys.Name, Zone: t.Sys.Zone.String()}
	for _, name := range names {
		if err = x.facts(ctx, name, out); err != nil {
			break
		}
	}
	if dialect.Broken(err) {
		x.S.Close()
	} else {
		t.GiveBack(ctx, x.S)
	}
	if err != nil {
		return nil, t.Meaning(err).Err
	}
	return out, nil
}

func (x *examination) facts(ctx context.Context, name string, out *connectors.Facts) error {
	tab, err := x.table(ctx, name)
	if err != nil || tab == nil {
		return err
	}
	f := connectors.TableFacts{Name: name, Unique: tab.Uniques}
	tr := &dialect.Traits{}
	if x.D.Inspector.Traits != nil {
		if tr, err = x.D.Inspector.Traits(ctx, x.Inspection, tab); err != nil {
			return err
		}
	}
	switch {
	case x.D.Inspector.Constraints == nil || x.D.Inspector.Takes == nil:
		f.Unknown = "what refuses rows of " + x.D.Name + " is not read"
	case tr.Kind != "":
		f.Unknown = name + " is " + strings.TrimSuffix(tr.Kind, ",")
	case tr.Policies:
		f.Unknown = name + " has row security for this account"
	case tab.Loses != "":
		f.Unknown = name + " is " + tab.Loses
	default:
		res, err := x.S.Run(ctx, []dialect.Statement{x.D.Inspector.Constraints(tab)}, false, false)
		if err != nil {
			return err
		}
		constraints(&f, res[0].Rows)
	}
	for _, h := range tr.Hooks {
		f.Rests = append(f.Rests, "the "+h.What+" "+h.Name)
	}
	if x.D.Inspector.Takes != nil {
		f.Columns = columnFacts(x.D, tab, tr)
	}
	out.Tables = append(out.Tables, f)
	return nil
}

// constraints takes in rows of (sort, name, column, parent's table, parent's column): F of a foreign key, I of an index, R of what only has
// an effect beside, such as a trigger; C of all that may refuse a row by a rule that is not read.
func constraints(f *connectors.TableFacts, rows [][]connectors.Value) {
	index := map[string]int{}
	for _, r := range rows {
		sort, name, column := r[0].Str, r[1].Str, r[2].Str
		key := sort + " " + name
		at, known := index[key]
		switch sort {
		case "F":
			if !known {
				at, f.Foreign = len(f.Foreign), append(f.Foreign, connectors.Foreign{Name: name, Parent: r[3].Str})
			}
			f.Foreign[at].Columns, f.Foreign[at].Parents = append(f.Foreign[at].Columns, column), append(f.Foreign[at].Parents, r[4].Str)
		case "I":
			if !known {
				at, f.Index = len(f.Index), append(f.Index, nil)
			}
			f.Index[at] = append(f.Index[at], column)
		case "K":
			if words := wordsOf(column, r[3].Str); words != nil {
				f.Checks = append(f.Checks, connectors.WordCheck{Name: name, Column: column, Words: words})
			} else if !known {
				f.Opaque = append(f.Opaque, name)
			}
		case "R":
			if !known {
				f.Rests = append(f.Rests, name)
			}
		default:
			if !known {
				f.Opaque = append(f.Opaque, name)
			}
		}
		index[key] = at
	}
}

// wordCheck is how PostgreSQL shows a check that a column has one of some words: COLUMN IN ('A', 'B').
var (
	wordCheck = regexp.MustCompile(`^CHECK \(\(+"?([A-Za-z0-9_]+)"?\)?(?:::text)? = ANY \(+ARRAY\[((?:'[^'\\]*'::[a-z ]+(?:, )?)+)\](?:\)::text\[\])?\)+$`)
	oneWord   = regexp.MustCompile(`'([^'\\]*)'::[a-z ]+`)
)

// wordsOf are the words that a check of a column names; nil where it says anything else.
func wordsOf(column, check string) (words []string) {
	m := wordCheck.FindStringSubmatch(check)
	if m == nil || m[1] != column {
		return nil
	}
	for _, one := range oneWord.FindAllStringSubmatch(m[2], -1) {
		words = append(words, one[1])
	}
	return words
}

func columnFacts(d *dialect.Dialect, tab *dialect.Table, tr *dialect.Traits) (all []connectors.ColumnFacts) {
	for _, c := range slices.SortedFunc(maps.Values(tab.Columns), func(a, b *dialect.Column) int { return cmp.Compare(a.Place, b.Place) }) {
		f := connectors.ColumnFacts{Name: c.Name, Type: c.Typ, Required: c.Required || tr.Needs[c.Name], NotNull: tr.Strictly[c.Name] || c.Required,
			Numbered: c.Auto, Computed: tr.Computed[c.Name], Folds: c.Folds, Length: c.Length, Bytes: c.Bytes, Whole: c.Fixed == dialect.Filled && c.Length > 1 || c.Fixed == dialect.Trimmed,
			Words: c.Labels, Digits: tr.Whole[c.Name], Unsigned: tr.Unsigned[c.Name], Scale: max(c.Scale, -1)}
		if set := tr.Charsets[c.Name]; set != "" {
			f.Charset = cmp.Or(d.Inspector.Sets[set], "?")
		}
		if c.Proof != "" || c.Encoded != nil || c.Scale < 0 && c.Scale != dialect.AnyScale || c.Digits > 0 || c.Bits > 0 || c.Array == 0 && c.OID != 0 && c.Fam == dialect.FamOther {
			all = append(all, f)
			continue // it is tried out, or kept as something else
		}
		d.Inspector.Takes(c, &f)
		if f.Takes != "" && f.Takes != "text" && f.Takes != "binary" {
			f.Length, f.Bytes, f.Whole, f.Charset = 0, false, false, ""
		}
		all = append(all, f)
	}
	return all
}

package prove

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// keys looks whether two records may have the same value of a unique key: of two forms, or of one.
func (p *prover) keys(i int, w *mapping.Write, t *connectors.TableFacts) {
	names := fieldsNamed(w, w.Shape.Key)
	for _, unique := range t.Unique {
		var at []int
		alone := false
		for _, name := range unique {
			if f := fieldOf(w, name); f >= 0 {
				at = append(at, f)
			} else if c := columnOf(t, name); c != nil && c.Numbered {
				alone = true
			}
		}
		key := strings.Join(unique, ", ")
		switch {
		case alone:
			continue
		case w.Shape.Op == connectors.Upsert && sameNames(unique, names):
			if f := slices.IndexFunc(at, func(f int) bool { return p.folds(t, w, f) }); f >= 0 {
				p.gap(i, "the database may take two texts in "+w.Object+"."+w.Fields[at[f]].Name+" for the same that differ, by its collation, and such a form parks", "key")
			}
			if w.Depth() > 0 && !p.tellsRecords(w, at, 0) {
				p.gap(i, "two records of one form may have the same "+key, "key")
			}
		case !p.tellsForms(w, t, at) && !(w.Shape.Op == connectors.ReplaceChildren && w.KeyDepth == 0 && containsNames(unique, names) && p.tellsRecords(w, at, 0)):
			p.gap(i, "two records may have the same "+key+", which is unique in "+w.Object+": nothing in it is of one form or record alone, such as submission.id, the sender's reference, index(item) or row(write)", "fields")
		}
		p.rests("no other program writes rows with the same " + key + " to " + w.Object)
		if p.mixed(w, unique) {
			p.gap(i, "several writes make rows of "+w.Object+", and may give two the same "+key, "table")
		}
	}
	if w.Shape.Op == connectors.ReplaceChildren {
		p.rests("no row of another table refers to the rows of " + w.Object + " that are replaced")
	}
	if len(w.Shape.Key) > 0 && w.Shape.Op == connectors.Insert && len(t.Unique) == 0 {
		p.rests("the key of " + w.Object + " need not be unique")
	}
}

// folds tells whether the database may take two texts of a field for the same.
func (p *prover) folds(t *connectors.TableFacts, w *mapping.Write, at int) bool {
	c := columnOf(t, w.Fields[at].Name)
	term := w.Fields[at].X.Term
	return c == nil || c.Folds && !(term != nil && term.Op == "submission.id")
}

// tellsForms tells whether the values of some fields are never those of another form, nor of another record of the same one.
func (p *prover) tellsForms(w *mapping.Write, t *connectors.TableFacts, at []int) bool {
	for _, f := range at {
		x := &w.Fields[f]
		if x.Def != nil || x.X.Term == nil || !x.Type.Tells() || x.Type.Kind != value.KindMissing && x.Type.Kind != value.KindText && x.X.Term.Ref == "" {
			continue
		}
		switch term := x.X.Term; {
		case term.Op == "submission.id":
			if p.tellsRecords(w, at, 0) {
				return true
			}
		case p.isReference(term) && !p.folds(t, w, f):
			if p.tellsRecords(w, at, 0) {
				p.rests("no two front offices or routes send forms of one reference")
				return true
			}
		case term.Ref != "":
			if depth, known := p.numbered(w, term.Ref); known && p.tellsRecords(w, at, depth) {
				return true
			}
		}
	}
	return false
}

// isReference tells whether an expression is the sender's own reference, by which a form that comes again is known.
func (p *prover) isReference(t *expr.Term) bool {
	r := p.parts.Refer
	return r != nil && r.Term != nil && r.Term.Path != nil && sameTerm(t, r.Term)
}

// numbered is how many loops are around the record whose number from the database a value is.
func (p *prover) numbered(w *mapping.Write, ref string) (depth int, known bool) {
	of, name, _ := strings.Cut(ref, ".")
	for _, g := range p.parts.Writes {
		if g.Name == of && g.Target == p.target && g.Shape.Op == connectors.Insert && (g.Depth() == 0 || slices.Contains(w.Above, g)) {
			t := p.table(g.Object)
			c := (*connectors.ColumnFacts)(nil)
			if t != nil {
				c = columnOf(t, name)
			}
			return g.Depth(), c != nil && c.Numbered && fieldOf(g, name) < 0
		}
	}
	return 0, false
}

// tellsRecords tells whether the values of some fields differ in all records of one form, where the first loops stand still.
func (p *prover) tellsRecords(w *mapping.Write, at []int, depth int) bool {
	has := func(op string) bool {
		return slices.ContainsFunc(at, func(f int) bool {
			t := w.Fields[f].X.Term
			k := w.Fields[f].Type.Kind
			if t != nil && t.Op == "+" && len(t.Of) == 2 && t.Of[1] != nil && t.Of[1].Const != nil && t.Of[1].Const.IsNumber() { // index + 1
				t = t.Of[0]
			}
			return t != nil && t.Op == op && w.Fields[f].Def == nil && w.Fields[f].Type.Precision < 0 && (k == value.KindMissing || k == value.KindInt || k == value.KindDecimal || k == value.KindText && w.Fields[f].Type.Tells())
		})
	}
	if w.Depth() <= depth || has("row") && len(w.Above) == 0 {
		return true
	}
	for n := depth + 1; n <= w.Depth(); n++ {
		if !has(fmt.Sprint("index ", n)) {
			return false
		}
	}
	return true
}

// mixed tells whether another write may give a row of the same table the same key.
func (p *prover) mixed(w *mapping.Write, key []string) bool {
	return slices.ContainsFunc(p.parts.Writes, func(o *mapping.Write) bool {
		return o != w && o.Target == p.target && strings.EqualFold(o.Object, w.Object) && !slices.ContainsFunc(key, func(name string) bool {
			a, b := fieldOf(w, name), fieldOf(o, name)
			return a >= 0 && b >= 0 && p.domains[o] != nil && apart(p.domains[w][a], p.domains[o][b])
		})
	})
}

// apart tells of two domains that both have only values by themselves, and none in common.
func apart(a, b domain) bool {
	named := func(d domain) bool {
		return len(d.known) > 0 && !d.absent && !d.null && d.text == nil && d.number == nil && !d.boolean && !d.date && d.moment == nil && d.binary == 0 && d.ref == ""
	}
	return named(a) && named(b) && !slices.ContainsFunc(a.known, func(x value.Value) bool {
		s, _ := x.Text()
		return slices.ContainsFunc(b.known, func(y value.Value) bool {
			t, _ := y.Text()
			return strings.EqualFold(strings.TrimSpace(s), strings.TrimSpace(t))
		})
	})
}

func fieldOf(w *mapping.Write, name string) int {
	return slices.IndexFunc(w.Shape.Fields, func(f string) bool { return strings.EqualFold(f, name) })
}

func fieldsNamed(w *mapping.Write, at []int) (names []string) {
	for _, k := range at {
		names = append(names, w.Shape.Fields[k])
	}
	return names
}

func sameNames(a, b []string) bool { return len(a) == len(b) && containsNames(a, b) }

func containsNames(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool {
		return !slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, s) })
	})
}

// sameTerm tells of two expressions that they always give the same: the same path into the form, or the submission's ID.
func sameTerm(a, b *expr.Term) bool {
	switch {
	case a == nil || b == nil:
		return false
	case a.Path != nil && b.Path != nil:
		return !a.Path.Outside() && reflect.DeepEqual(a.Path.Abs, b.Path.Abs) && !slices.ContainsFunc(a.Path.Abs, func(s expr.Step) bool { return s.Item })
	}
	return a.Op == "submission.id" && b.Op == a.Op
}

// foreign looks whether the row that each foreign key refers to is written before by the same form.
func (p *prover) foreign(i int, w *mapping.Write, t *connectors.TableFacts, domains []domain) {
	for _, k := range t.Foreign {
		var at []int
		for _, name := range k.Columns {
			if f := fieldOf(w, name); f >= 0 {
				at = append(at, f)
			}
		}
		null := func(f int) bool {
			d := domains[f]
			return len(d.known) == 0 && d.text == nil && d.number == nil && !d.boolean && !d.date && d.moment == nil && d.binary == 0 && d.ref == "" && !d.absent
		}
		switch {
		case len(at) == 0:
			p.rests("the defaults of " + strings.Join(k.Columns, ", ") + " in " + w.Object + " refer to no row that is not there")
			continue
		case slices.ContainsFunc(at, null):
			continue
		case len(at) == len(k.Columns) && slices.ContainsFunc(p.parts.Writes[:i], func(parent *mapping.Write) bool { return p.parent(parent, w, &k, at, domains) }):
			continue
		}
		p.gap(i, "whether "+k.Parent+" has the row that "+strings.Join(k.Columns, ", ")+" refers to is not known before a form comes", "fields", w.Fields[at[0]].Name)
	}
}

// made tells whether a write surely makes a record for each of another one.
func (p *prover) made(parent, w *mapping.Write) bool {
	return parent.When == nil && parent.Depth() == 0 || slices.Contains(w.Above, parent)
}

// parent tells whether a write surely makes the row that a foreign key of another one refers to.
func (p *prover) parent(parent, w *mapping.Write, k *connectors.Foreign, at []int, domains []domain) bool {
	_, table, ok := strings.Cut(parent.Object, ".")
	if !ok {
		table = parent.Object
	}
	if parent.Target != p.target || !strings.EqualFold(table, k.Parent) || !p.made(parent, w) || parent.Shape.Op != connectors.Insert && parent.Shape.Op != connectors.Upsert {
		return false
	}
	for n, f := range at {
		if ref := parent.Name + "." + k.Parents[n]; strings.EqualFold(domains[f].ref, ref) {
			continue
		}
		of := fieldOf(parent, k.Parents[n])
		if of < 0 {
			return false
		}
		a, b := &w.Fields[f], &parent.Fields[of]
		if a.Def != nil || b.Def != nil || a.Type.Kind != b.Type.Kind || !a.Type.Tells() || !b.Type.Tells() || a.Type.Round != "" || b.Type.Round != "" || a.Type.Precision != b.Type.Precision ||
			!sameTerm(a.X.Term, b.X.Term) {
			return false
		}
	}
	return true
}

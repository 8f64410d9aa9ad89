// Package prove compares what a mapping may write, of every form that its schema admits, with what the columns of a target take. It says
// of each write that no form can fail there, or why that is not sure, or shows the smallest form that surely fails. It is pure.
//
// A proof rests on bounds: each expression is worked out over what the schema says of the fields that it is made of, and the bounds that
// come out are compared with the column's. What has no bounds that are known is not proved. That a form fails is never told by bounds,
// only by a form that keeps the schema, went through the mapping, and has a value that the column surely refuses.
package prove

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
)

// Proof is what is known of all that a mapping writes to one target.
type Proof struct {
	Target   string          `json:"target"`
	Proved   bool            `json:"proved"`
	Tables   []string        `json:"tables"`
	Rests    []string        `json:"rests,omitempty"`    // what the proof takes for granted
	Rejected []string        `json:"rejected,omitempty"` // what forms the mapping itself refuses, by places and codes: they do not reach the target
	Open     []Gap           `json:"open,omitempty"`     // why it is not proved
	Counter  *Counterexample `json:"counterexample,omitempty"`
}

// Gap is one thing that is not proved, at a place of the mapping.
type Gap struct {
	Path []any  `json:"-"`
	What string `json:"what"`
}

// Counterexample is a form that keeps the schema and surely fails.
type Counterexample struct {
	Path   []any  `json:"-"`
	Form   any    `json:"form"`
	Column string `json:"column"` // TABLE.COLUMN
	Code   string `json:"code"`
	Why    string `json:"why"`
}

// limit is how long a search for a counterexample takes at most.
const limit = 1500 * time.Millisecond

// Prove compares a plan with the facts of one of its targets. now tells the time, by which the search for a counterexample ends.
func Prove(plan *mapping.Plan, target string, facts *connectors.Facts, now func() time.Time) *Proof {
	p := &prover{plan: plan, parts: plan.Parts(), target: target, facts: facts, now: now, out: &Proof{Target: target}, paths: map[string]domain{}, domains: map[*mapping.Write][]domain{}, zone: time.UTC}
	if p.schema = p.parts.Schema; p.schema == nil {
		p.schema = schema.Any(decode.FormatNamed(p.parts.Format).Types(p.parts.Options))
	}
	if zone, err := time.LoadLocation(facts.Zone); err == nil {
		p.zone = zone
	}
	if p.zone.String() == "UTC" {
		p.zone = time.UTC
	}
	for i, w := range p.parts.Writes {
		if w.Target == target {
			p.write(i, w)
		}
	}
	for i, w := range p.parts.Writes {
		if p.domains[w] != nil {
			p.keys(i, w, p.table(w.Object))
		}
	}
	if p.search(); p.out.Counter != nil && p.parts.Schema == nil { // nobody said that such a form may come
		x := p.out.Counter
		form, _ := json.Marshal(x.Form)
		p.out.Open = slices.Insert(p.out.Open, 0, Gap{x.Path, fmt.Sprintf("%s [%s]: %s; without a schema any form may come, such as %s", x.Column, x.Code, x.Why, form)})
		p.out.Counter = nil
	}
	p.out.Proved = len(p.out.Open) == 0 && p.out.Counter == nil
	return p.out
}

// Tables are the tables of a target that a plan writes to.
func Tables(plan *mapping.Plan, target string) (names []string) {
	for _, w := range plan.Parts().Writes {
		if w.Target == target && w.Shape.Op != connectors.Put && w.Shape.Op != connectors.Call && !slices.Contains(names, w.Object) {
			names = append(names, w.Object)
		}
	}
	return names
}

type prover struct {
	plan   *mapping.Plan
	parts  *mapping.Parts
	target string
	facts  *connectors.Facts
	zone   *time.Location
	schema *schema.Schema
	now    func() time.Time
	out    *Proof
	end    time.Time // of the search

	at      *mapping.Write // the write that is looked at
	domains map[*mapping.Write][]domain
	when    *expr.Need        // what a form must be for the write that is looked at
	paths   map[string]domain // what was found of paths in it
}

func (p *prover) gap(i int, what string, path ...any) {
	p.out.Open = append(p.out.Open, Gap{append([]any{"write", i}, path...), what})
}

// rests notes what is taken for granted.
func (p *prover) rests(what string) {
	if !slices.Contains(p.out.Rests, what) {
		p.out.Rests = append(p.out.Rests, what)
	}
}

// table finds what is known of a table; nil: nothing.
func (p *prover) table(name string) *connectors.TableFacts {
	for i := range p.facts.Tables {
		if strings.EqualFold(p.facts.Tables[i].Name, name) {
			return &p.facts.Tables[i]
		}
	}
	return nil
}

func columnOf(t *connectors.TableFacts, name string) *connectors.ColumnFacts {
	var found *connectors.ColumnFacts
	for i := range t.Columns {
		switch c := &t.Columns[i]; {
		case c.Name == name:
			return c
		case strings.EqualFold(c.Name, name):
			found = c
		}
	}
	return found
}

// write looks at one write: at its table, at each of its fields, and at what hangs on several.
func (p *prover) write(i int, w *mapping.Write) {
	switch {
	case w.Shape.Op == connectors.Call || w.Shape.Op == connectors.Put:
		p.gap(i, "only writes to tables are proved")
		return
	case !slices.Contains(p.out.Tables, w.Object):
		p.out.Tables = append(p.out.Tables, w.Object)
	}
	t := p.table(w.Object)
	if t == nil || t.Unknown != "" {
		why := "table " + w.Object + " is not there, or not seen"
		if t != nil {
			why = t.Unknown
		}
		p.gap(i, why, "table")
		return
	}
	for _, o := range t.Opaque {
		p.gap(i, o+" of "+w.Object+" may refuse a row, and is not understood", "table")
	}
	for _, r := range t.Rests {
		p.rests(r + " of " + w.Object + " refuses and leaves out no row")
	}
	p.at, p.when, p.paths = w, needsOf(w), map[string]domain{}
	domains := make([]domain, len(w.Fields))
	for f := range w.Fields {
		domains[f] = p.field(i, w, f, t)
	}
	p.domains[w] = domains
	for _, check := range t.Checks {
		at := fieldOf(w, check.Column)
		if at < 0 || domains[at].absent {
			p.rests("the default of " + w.Object + "." + check.Column + " keeps " + check.Name)
		}
		if at < 0 {
			continue
		}
		if c := (taker{&connectors.ColumnFacts{Takes: "word", Words: check.Words, Type: "its check"}, p.zone}); c.open(domains[at]) != "" {
			p.gap(i, check.Name+" of "+w.Object+" may refuse what is written to "+check.Column, "fields", w.Fields[at].Name)
		}
	}
	p.whole(i, w, t)
	p.indexes(i, w, t, domains)
	p.foreign(i, w, t, domains)
}

// needsOf is what a form must be for a write to be made at all.
func needsOf(w *mapping.Write) *expr.Need {
	all := &expr.Need{}
	for _, of := range append(slices.Clone(w.Above), w) {
		if of.When == nil {
			continue
		}
		if yes, _ := of.When.Needs(); yes != nil {
			all.All = append(all.All, yes)
		}
	}
	if len(all.All) == 0 {
		return nil
	}
	return all
}

// path is what a form may have under a path, where the write is made.
func (p *prover) path(at *expr.Path) domain {
	key := fmt.Sprint(at.Abs)
	if d, known := p.paths[key]; known || at.Outside() {
		if !known {
			return anything()
		}
		return d
	}
	d := ofBounds(p.schema.Bounds(at.Abs))
	d.absent = true
	need := &expr.Need{At: at.Abs, Absent: true}
	if p.when != nil {
		need = &expr.Need{All: []*expr.Need{p.when, need}}
	}
	if p.schema.Never(need) != "" {
		d.absent, d.null = false, false
	}
	p.paths[key] = d
	return d
}

// field looks at one column, and returns what is written there.
func (p *prover) field(i int, w *mapping.Write, at int, t *connectors.TableFacts) domain {
	f, name := &w.Fields[at], w.Object+"."+w.Fields[at].Name
	c := columnOf(t, f.Name)
	if c == nil || c.Computed {
		p.gap(i, "column "+name+" is not there, or takes no value", "fields", f.Name)
		return anything()
	}
	d := p.term(f.X.Term)
	if f.Def != nil && (d.absent || d.null) {
		d.absent, d.null = false, false
		d = d.join(p.term(f.Def.Term))
	}
	if len(f.X.Uses) == 0 && f.X.Ref != nil && d.ref == "" { // what another target returns
		d = anything()
	}
	if d.ref == "" {
		d = converted(&f.Type, d)
	}
	if _, _, loose := f.Type.Limits(); loose {
		p.gap(i, name+" is left to the database, which may refuse the value", "fields", f.Name)
		return d
	}
	if d.ref != "" {
		if why := p.returned(d.ref, w, c); why != "" {
			p.gap(i, name+": "+why, "fields", f.Name)
		}
	}
	if why := (taker{c, p.zone}).open(d); why != "" {
		p.gap(i, name+": "+why, "fields", f.Name)
	}
	if x := d.asText(); (p.facts.System == "mariadb" || p.facts.System == "mysql") && (x != nil && x.bytes > 1<<20 || d.binary > 1<<20) {
		p.rests("max_allowed_packet of the server is more than twice as long as the longest form")
	}
	switch {
	case d.absent && c.Required && w.Shape.Op != connectors.Update:
		p.gap(i, name+" is required, and some form may leave it out", "fields", f.Name)
	case d.absent && !c.Required && c.NotNull && !c.Numbered:
		p.rests("the default of " + name + " fits")
	case d.absent && slices.Contains(w.Shape.Key, at):
		p.gap(i, name+" is in the key, and some form may leave it out", "fields", f.Name)
	}
	if d.null && (c.NotNull || c.Numbered || slices.Contains(w.Shape.Key, at)) {
		p.gap(i, name+" refuses NULL, and some form may make it NULL", "fields", f.Name)
	}
	return d
}

// returned says why the value that a write returns may not fit a column.
func (p *prover) returned(ref string, under *mapping.Write, c *connectors.ColumnFacts) string {
	of, name, _ := strings.Cut(ref, ".")
	for _, w := range p.parts.Writes {
		if w.Name != of || w.Target != p.target {
			continue
		}
		if !p.made(w, under) {
			return "write " + of + " may make no record whose " + name + " could be taken"
		}
		if t := p.table(w.Object); t != nil && t.Unknown == "" {
			if from := columnOf(t, name); from != nil && from.Numbered && from.Takes == "integer" && c.Takes == "integer" && from.Least == c.Least && from.Most == c.Most {
				return ""
			}
		}
	}
	return "what " + ref + " returns is only known to fit where a number that the database makes goes into a column of the same type"
}

// whole looks for columns that the write leaves out.
func (p *prover) whole(i int, w *mapping.Write, t *connectors.TableFacts) {
	if w.Shape.Op == connectors.Update {
		p.gap(i, "whether a row with its key is there is not known before a form comes", "mode")
		return
	}
	for _, c := range t.Columns {
		if slices.ContainsFunc(w.Shape.Fields, func(f string) bool { return strings.EqualFold(f, c.Name) }) || c.Computed {
			continue
		}
		if c.Required {
			p.gap(i, w.Object+"."+c.Name+" is required, and the mapping does not fill it", "fields")
		} else if c.NotNull && !c.Numbered {
			p.rests("the default of " + w.Object + "." + c.Name + " fits")
		}
	}
}

// indexes looks whether an entry of an index may become too long, where a system limits it: to 2,700 bytes of a page of 8 KiB.
func (p *prover) indexes(i int, w *mapping.Write, t *connectors.TableFacts, domains []domain) {
	for _, index := range t.Index {
		n := 0
		for _, name := range index {
			at := slices.IndexFunc(w.Shape.Fields, func(f string) bool { return strings.EqualFold(f, name) })
			if at < 0 {
				n += 40
				continue
			}
			if x := domains[at].asText(); x != nil {
				n = min(anyLength, n+x.bytes+8)
				if c := columnOf(t, name); c != nil && c.Length > 0 { // what is longer the column refuses
					n = min(n, (c.Length+2)*4)
				}
			}
			n = min(anyLength, n+domains[at].binary)
		}
		if n > 2600 {
			p.gap(i, "an index over "+strings.Join(index, ", ")+" of "+w.Object+" may refuse so long a text: entries have 2,700 bytes at most", "table")
		}
	}
}

package prove

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// search tries forms at the bounds of what the schema admits on the mapping and on what columns surely refuse.
func (p *prover) search() {
	p.end = p.now().Add(limit)
	if len(p.out.Open) == 0 { // it only has to bear out the bounds
		p.end = p.now().Add(limit / 5)
	}
	for i, w := range p.parts.Writes {
		if w.Target != p.target || p.table(w.Object) == nil {
			continue
		}
		need := needsOf(w)
		for _, of := range append(slices.Clone(w.Above), w) {
			for _, l := range of.Loops {
				if l.List.Path != nil { // with an item in it
					need = &expr.Need{All: []*expr.Need{need, {At: l.List.Path.Abs, Of: expr.OfItems, Op: ">=", Values: []value.Value{value.Int(1)}}}}
				}
			}
		}
		if p.tryWrite(i, w, clean(need)) {
			return
		}
	}
}

// clean leaves out needs that ask for nothing.
func clean(n *expr.Need) *expr.Need {
	if n == nil {
		return nil
	}
	out := *n
	out.All = nil
	for _, one := range n.All {
		if one = clean(one); one != nil {
			out.All = append(out.All, one)
		}
	}
	return &out
}

// tryWrite tries the forms of one write; it tells whether one of them fails.
func (p *prover) tryWrite(i int, w *mapping.Write, need *expr.Need) bool {
	base, found := p.schema.Form(need)
	if !found {
		if base, found = p.schema.Form(); !found {
			return false
		}
	}
	if p.fails(base) {
		return true
	}
	for _, of := range append(slices.Clone(w.Above), w) {
		for _, l := range of.Loops {
			if l.List.Path != nil && p.tryPath(base, need, l.List.Path, nil, nil) {
				return true
			}
		}
	}
	for f := range w.Fields {
		x := &w.Fields[f]
		var paths []*expr.Path
		pathsOf(x.X.Term, &paths)
		if x.Def != nil {
			pathsOf(x.Def.Term, &paths)
		}
		for _, used := range x.X.Uses {
			if !slices.ContainsFunc(paths, func(p *expr.Path) bool { return p.Dotted() == used.Dotted() }) {
				paths = append(paths, used)
			}
		}
		c := columnOf(p.table(w.Object), x.Name)
		together := map[*expr.Path]any{}
		for _, path := range paths {
			if path.Outside() {
				continue
			}
			if p.tryPath(base, need, path, c, together) {
				return true
			}
		}
		if len(together) > 1 {
			form := clone(base)
			for path, v := range together {
				form, _ = put(form, path.Abs, v)
			}
			if p.fails(form) {
				return true
			}
		}
	}
	return false
}

func pathsOf(t *expr.Term, out *[]*expr.Path) {
	if t == nil {
		return
	}
	if t.Path != nil {
		*out = append(*out, t.Path)
	}
	for _, of := range t.Of {
		pathsOf(of, out)
	}
}

// tryPath tries values at one path of a form, and keeps the longest text that may stand there.
func (p *prover) tryPath(base any, need *expr.Need, path *expr.Path, c *connectors.ColumnFacts, together map[*expr.Path]any) bool {
	if p.now().After(p.end) {
		return false
	}
	if _, there := put(clone(base), path.Abs, "x"); !there {
		var found bool
		if base, found = p.schema.Form(need, &expr.Need{At: path.Abs, Op: "any"}); !found {
			return false
		}
		if p.fails(base) {
			return true
		}
	}
	for _, v := range p.values(path, c, base) {
		form, there := put(clone(base), path.Abs, v)
		if !there {
			continue
		}
		if p.now().After(p.end) {
			return false
		}
		if p.fails(form) {
			return true
		}
		s, isText := v.(string)
		if old, _ := together[path].(string); together != nil && isText && len(s) > len(old) && p.plan.Validate(form) == nil {
			together[path] = v
		}
	}
	return false
}

// missing stands for a field that is taken away.
type missing struct{}

// values are those at the bounds of what may stand under a path.
func (p *prover) values(path *expr.Path, c *connectors.ColumnFacts, base any) []any {
	b := p.schema.Bounds(path.Abs)
	if b.Chosen != nil {
		return append(slices.Clone(b.Chosen), missing{}, nil)
	}
	out := []any{missing{}, nil}
	for _, kind := range b.Kinds {
		switch kind {
		case "string":
			out = append(out, p.texts(path, c)...)
		case "integer":
			for _, s := range []string{"-1", "0", "128", "256", "40000", "70000", "100000", "10000000", "1000000000", "3000000000", "5000000000", "1000000000000000000", "9223372036854775807", "-9223372036854775808", "-3000000000", "100000000000000000000", "100000000000000000000000000000000000000000"} {
				out = append(out, json.Number(s))
			}
		case "number":
			for _, s := range []string{"0.1", "0.01", "0.001", "0.00001", "1000.5", "123456789.125", "-0.5"} {
				out = append(out, json.Number(s))
			}
		case "array":
			if list, ok := at(base, path.Abs).([]any); ok && len(list) > 0 {
				least, most := p.schema.Listed(path.Abs)
				many := list[:1:1]
				for len(many) < max(2, least) || most > 0 && len(many) < min(most, 20) {
					many = append(many, clone(list[0]))
				}
				out = append(out, list[:0:0], many)
			}
		}
	}
	for _, bound := range []*big.Rat{b.Least, b.Most} {
		if bound != nil {
			if n, exact := bound.FloatPrec(); exact {
				out = append(out, json.Number(bound.FloatString(n)))
			}
		}
	}
	if step := b.Step; step != nil && b.Most != nil {
		n, _ := step.FloatPrec()
		out = append(out, json.Number(new(big.Rat).Sub(b.Most, step).FloatString(n)))
	}
	return out
}

// texts are long ones, and such as hold characters that not every column keeps.
func (p *prover) texts(path *expr.Path, c *connectors.ColumnFacts) (out []any) {
	b := p.schema.Bounds(path.Abs)
	lengths := []int{1, 21, 101, 256, 1001}
	if c != nil && c.Length > 0 && c.Length < 1<<17 {
		lengths = append(lengths, c.Length+1, c.Length)
	}
	if b.Length >= 0 && b.Length < 1<<17 {
		lengths = append(lengths, b.Length)
	}
	slices.Sort(lengths)
	for _, n := range slices.Compact(lengths) {
		if b.Length >= 0 && n > b.Length {
			continue
		}
		asked := &expr.Need{At: path.Abs, Of: expr.OfCharacters, Op: ">=", Values: []value.Value{value.Int(int64(n))}}
		if v, found := p.schema.Value(asked); found {
			out = append(out, v)
		}
		out = append(out, strings.Repeat("x", n))
		for _, r := range []string{"ß", "İ", "ő", "€", "ж", "語", "𝄞"} {
			out = append(out, strings.Repeat(r, n))
		}
	}
	for _, class := range []string{`[^\x00-\x7f]`, `[^\x00-\xff]`, ` $`} {
		if v, found := p.schema.Value(&expr.Need{At: path.Abs, Op: expr.Reads, Values: []value.Value{value.Text(class)}}); found {
			out = append(out, v)
		}
	}
	return append(out, "", "x ", "12", "-1", "1.005", "99999999999", "2026-01-31", "0001-01-01", "9999-12-31", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.1234567Z", "2026-10-25T02:30:00+02:00",
		"2026-03-29T02:30:00", "2026-10-25T02:30:00", "2026-01-31T12:00:00+23:00")
}

// fails tries one form; where it surely fails it is made smaller, and kept.
func (p *prover) fails(form any) bool {
	found := p.fate(form)
	if found == nil {
		return false
	}
	found.Form = p.smaller(form, func(f any) bool {
		again := p.fate(f)
		return again != nil && again.Column == found.Column && again.Code == found.Code
	})
	if again := p.fate(found.Form); again != nil {
		found.Why = again.Why
	}
	p.out.Counter = found
	return true
}

// received is when a form of a search came.
var received = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// fate says of a form that keeps the schema which value of it a column surely refuses; nil: none.
func (p *prover) fate(form any) *Counterexample {
	if p.plan.Validate(form) != nil {
		return nil
	}
	in := mapping.Input{ID: "0000000000000", Reference: "R1", Received: received}
	if ref, err := p.plan.Reference(form); err == nil && ref != "" {
		in.Reference = ref
	}
	mapped, err := p.plan.Map(form, in)
	if err != nil {
		p.rejected(err)
		return nil
	}
	for _, d := range mapped.Deliveries {
		if d.Target != p.target {
			continue
		}
		for r := range d.Records {
			if found := p.refused(&d.Records[r], d.Records[:r]); found != nil {
				return found
			}
		}
	}
	return nil
}

// itemNumber is one in a pointer: which item it was makes no difference.
var itemNumber = regexp.MustCompile(`/[0-9]+`)

// rejected notes how the mapping itself refuses a form.
func (p *prover) rejected(err error) {
	note := func(what string) {
		if len(p.out.Rejected) < 50 && !slices.Contains(p.out.Rejected, what) {
			p.out.Rejected = append(p.out.Rejected, what)
		}
	}
	var form *mapping.MapError
	var fault *mapping.Fault
	switch {
	case errors.As(err, &form):
		for _, f := range form.Fields {
			note("rejected: " + itemNumber.ReplaceAllString(f.Pointer, "/*") + " [" + f.Code + "]")
		}
	case errors.As(err, &fault):
		note("parked: " + fault.At + " [" + fault.Cause.Code + "]")
	}
}

// refused says which value of a record its table surely refuses, alone or beside those before it.
func (p *prover) refused(r *connectors.Record, before []connectors.Record) *Counterexample {
	t := p.table(r.Shape.Object)
	if t == nil || t.Unknown != "" || r.Bare {
		return nil
	}
	fail := func(name string, why refusal) *Counterexample {
		i := slices.IndexFunc(p.parts.Writes, func(w *mapping.Write) bool { return w.Shape == r.Shape })
		return &Counterexample{Path: []any{"write", i, "fields", name}, Column: r.Shape.Object + "." + name, Code: why.code, Why: why.why}
	}
	for f, name := range r.Shape.Fields {
		c := columnOf(t, name)
		if c == nil || slices.Contains(r.Shape.Loose, f) {
			continue
		}
		v, alone := r.Values[f], len(t.Rests) == 0 // a trigger may give it a value
		switch {
		case v.Kind == connectors.Missing && c.Required && alone && r.Shape.Op != connectors.Update:
			return fail(name, refusal{"sql.not-null", "it is left out, and the column is required"})
		case v.Kind == connectors.Null && c.NotNull && !c.Numbered && alone:
			return fail(name, refusal{"sql.not-null", "it is NULL, which the column refuses"})
		}
		if why := (taker{c, p.zone}).refuses(v); why != nil {
			return fail(name, *why)
		}
	}
	if r.Shape.Op != connectors.Insert && r.Shape.Op != connectors.ReplaceChildren {
		return nil
	}
	for _, key := range t.Unique {
		for b := range before {
			if before[b].Shape == r.Shape && !before[b].Bare && sameKey(r, &before[b], key) {
				return fail(key[0], refusal{"sql.duplicate-key", "two records of the form have the same " + strings.Join(key, ", ")})
			}
		}
	}
	return nil
}

func sameKey(a, b *connectors.Record, key []string) bool {
	for _, name := range key {
		f := slices.IndexFunc(a.Shape.Fields, func(x string) bool { return strings.EqualFold(x, name) })
		if f < 0 || a.Values[f].Kind <= connectors.Null || a.Values[f].Kind == connectors.Binary || fmt.Sprint(a.Values[f]) != fmt.Sprint(b.Values[f]) {
			return false
		}
	}
	return true
}

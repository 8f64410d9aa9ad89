package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/source"
)

// named is a name of let, and whether an expression has it.
type named struct {
	entry diag.Entry[source.Expression]
	found *bool
}

// lets adds names to a scope, each of which may use those before it.
func (b *builder) lets(s *expr.Scope, all diag.Ordered[source.Expression], target string, anew *[]int) {
	for i, l := range all {
		before := len(b.problems)
		b.let(s, l, target, anew)
		for k := before; k < len(b.problems); k++ {
			early(&b.problems[k], all, i)
		}
		if bind, ok := s.Names[l.Key]; ok && before == len(b.problems) {
			bind.Found = new(bool)
			s.Names[l.Key] = bind
			b.named = append(b.named, named{l, bind.Found})
		}
	}
}

// early says of a name that is not known to one of some lets whether it is a later one, or leads back to it.
func early(p *diag.Problem, all diag.Ordered[source.Expression], i int) {
	if p.Code != expr.CodeUnknownName {
		return
	}
	for _, l := range all[i:] {
		if !strings.HasSuffix(p.Message, " "+strconv.Quote(l.Key)) {
			continue
		}
		if way := leads(all, l.Key, all[i].Key, nil); way != nil {
			p.Code, p.Message, p.Suggestion = CodeCircle, "let goes in a circle: "+strings.Join(append([]string{all[i].Key}, way...), " is made of "), "make one of them of the form alone"
			return
		}
		p.Message, p.Suggestion = fmt.Sprintf("%q comes later: a let may use those before it", l.Key), "write "+l.Key+" above "+all[i].Key
		return
	}
}

// leads is the way by which one name of let is made of another; nil: it is not.
func leads(all diag.Ordered[source.Expression], from, to string, seen []string) []string {
	if from == to {
		return []string{to}
	}
	x, _ := all.Get(from)
	for _, name := range expr.Words(x.Text) {
		if _, ok := all.Get(name); !ok || slices.Contains(seen, name) {
			continue
		}
		if way := leads(all, name, to, append(slices.Clip(seen), from)); way != nil {
			return append([]string{from}, way...)
		}
	}
	return nil
}

// idle warns of what nothing uses: who writes it believes that it does something.
func (b *builder) idle() {
	if b.pinned() {
		return
	}
	warn := func(p diag.Problem) { b.plan.Warnings = append(b.plan.Warnings, p) }
	for _, n := range b.named {
		if !*n.found {
			warn(b.file.Root().At(n.entry.Line, n.entry.Column, CodeIdle, "nothing uses "+n.entry.Key+"; a field that stands only here is written nowhere", "use it, or remove it"))
		}
	}
	for _, h := range b.spec.Helpers {
		if own := b.own[h.Key]; own != nil && !own.Called {
			warn(b.file.Root().At(h.Line, h.Column, CodeIdle, "no expression calls the helper "+h.Key, "use it, or remove it"))
		}
	}
	for _, l := range b.spec.Lookups {
		if t := b.tables[l.Key]; t != nil && !t.Named {
			warn(b.file.Root().At(l.Line, l.Column, CodeIdle, "no expression uses the lookup "+l.Key, "use it, or remove it"))
		}
	}
	for _, l := range b.spec.Layouts {
		if !slices.ContainsFunc(b.spec.Write, func(w source.Write) bool { return w.Layout == l.Key }) {
			warn(b.file.Root().At(l.Line, l.Column, CodeIdle, "no write has the layout "+l.Key, "use it, or remove it"))
		}
	}
	for i, l := range b.spec.Input.Lists {
		name := strings.TrimPrefix(l, "form.")
		if b.mayRepeat() && !b.fields.Cover(strings.Split(name, ".")) {
			warn(b.file.Problem(CodeIdle, "the mapping reads and ignores nothing of "+name+"; so it need not be a list", "mend the name, or remove it", "input", "lists", i))
		}
	}
	b.untested()
}

// untested warns of writes whose records no case of tests looks at, where there are cases that look at records.
func (b *builder) untested() {
	looks := false
	seen := map[string]bool{} // writes, and targets whose bytes are compared
	for _, t := range b.spec.Tests {
		for _, e := range t.Expect {
			looks, seen[e.Key] = true, seen[e.Key] || len(e.Value) > 0
		}
		for target := range t.ExpectBytes {
			looks, seen["to "+target] = true, true
		}
	}
	for _, w := range b.spec.Write {
		if looks && w.Node != nil && w.Document == "" && !seen[w.As] && (w.Layout == "" || !seen["to "+w.To]) {
			b.plan.Warnings = append(b.plan.Warnings, w.Node.Problem(CodeIdle, "no case of tests has a record of write "+w.As, "add a case that expects one"))
		}
	}
}

package load

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Of some formats an element is a list only where it repeats, or where input.lists names it.

// mayRepeat tells whether forms are of such a format, or of such a shape.
func (b *builder) mayRepeat() bool {
	return decode.FormatNamed(b.spec.Input.Format).Reads("lists") || b.plan.Shape != nil && b.plan.Shape.Lists
}

// asList wants lists declared: one element and several must look the same.
func (b *builder) asList(p *expr.Path) *expr.Problem {
	d := p.Dotted()
	b.listed[d] = true
	if !b.mayRepeat() || b.lists[d] || b.pinned() {
		return nil
	}
	return &expr.Problem{Code: mapping.CodeList, Message: d + " is not declared under input.lists: with one element only it would not be a list", Suggestion: "lists: [" + d + "]"}
}

// throughList tells whether a path goes from a declared list straight to a member.
func (b *builder) throughList(abs []expr.Step) bool {
	for i := 1; i < len(abs); i++ {
		if abs[i-1].Name != "" && abs[i].Name != "" && b.lists[(&expr.Path{Abs: abs[:i]}).Dotted()] {
			return true
		}
	}
	return false
}

// outcome is what a form may have under a path: of a declared list nothing but a list.
func (b *builder) outcome(abs []expr.Step) *expr.Outcome {
	o := b.known.Outcome(abs)
	if b.mayRepeat() && len(abs) > 0 && abs[len(abs)-1].Name != "" && b.lists[(&expr.Path{Abs: abs}).Dotted()] {
		o.More = slices.DeleteFunc(o.More, func(v value.Value) bool { return v.Kind != value.KindList })
	}
	return o
}

// oneOf remembers what is read as one value: what a member is taken of, and what is used whole.
func (b *builder) oneOf(p *expr.Path, whole bool) {
	if b.spec.Input.Format == "csv" {
		if i := slices.IndexFunc(p.Abs, func(s expr.Step) bool { return s.Name != "" }); i >= 0 {
			b.plan.Columns = append(b.plan.Columns, p.Abs[i].Name)
		}
	}
	if !b.mayRepeat() {
		return
	}
	var way []string
	for i, s := range p.Abs {
		if s.Name == "" {
			continue
		}
		way = append(way, s.Name)
		if last := i == len(p.Abs)-1; last && whole || !last && p.Abs[i+1].Name != "" {
			b.single[(&expr.Path{Abs: p.Abs[:i+1]}).Dotted()] = slices.Clone(way)
		}
	}
}

// singles are the ways on which nothing may repeat in a form.
func (b *builder) singles() {
	for _, d := range slices.Sorted(maps.Keys(b.single)) {
		if !b.lists[d] && !b.listed[d] {
			b.plan.Single = append(b.plan.Single, b.single[d])
		}
	}
}

// same reads input.same. A field that only tells forms apart is not used by that.
func (b *builder) same() {
	type part struct {
		text string
		x    expr.Compiled
	}
	var parts []part
	for _, x := range b.spec.Input.Same {
		if x.Node == nil {
			continue
		}
		c := b.compiler(x, b.root, "")
		c.Used = nil
		v, p := c.Compile(x.Text, false)
		if p == nil && (v.Path == nil || len(v.Path.Abs) == 0) {
			p = &expr.Problem{Code: expr.CodeValue, Message: "same lists fields of the form, such as form.values"}
		}
		if p == nil {
			p = b.inForm(v.Path.Abs, false)
		}
		if p != nil {
			b.expressionProblem(x, p)
			continue
		}
		parts = append(parts, part{v.Path.Dotted(), v})
	}
	sort.Slice(parts, func(i, j int) bool { return parts[i].text < parts[j].text })
	for _, p := range parts {
		b.plan.Same.Rule += p.text + "\n"
		b.plan.Same.Parts = append(b.plan.Same.Parts, p.x.Eval)
		b.plan.Same.Paths = append(b.plan.Same.Paths, strings.Split(p.text, "."))
	}
}

// filesOfForms takes in the fields that hold files, with all that stands below them.
func (b *builder) filesOfForms() {
	for _, x := range b.spec.Input.Files {
		c := b.compiler(x, b.root, "")
		v, p := c.Compile(x.Text, false)
		if p == nil && (v.Path == nil || v.Path.Outside() || len(v.Path.Abs) == 0) {
			p = &expr.Problem{Code: expr.CodeValue, Message: "files lists fields of the form, such as form.signature"}
		}
		if p == nil {
			p = b.use(v.Path, true)
		}
		if p != nil {
			b.expressionProblem(x, p)
			continue
		}
		b.within(v.Path)
		names := v.Path.Names()
		b.plan.Program.Files = append(b.plan.Program.Files, expr.File{X: v, Name: names[len(names)-1]})
	}
}

package mapping

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
)

// Of some formats an element is a list only where it repeats, or where input.lists names it.

// mayRepeat tells whether forms are of such a format, or of such a shape.
func (b *builder) mayRepeat() bool {
	return decode.FormatNamed(b.spec.Input.Format).Reads("lists") || b.plan.shape != nil && b.plan.shape.Lists
}

// asList wants lists declared: one element and several must look the same.
func (b *builder) asList(p *expr.Path) *expr.Problem {
	d := p.Dotted()
	b.listed[d] = true
	if !b.mayRepeat() || b.lists[d] || b.pinned() {
		return nil
	}
	return &expr.Problem{Code: CodeList, Message: d + " is not declared under input.lists: with one element only it would not be a list", Suggestion: "lists: [" + d + "]"}
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
		o.More = slices.DeleteFunc(o.More, func(v expr.Value) bool { return v.Kind != expr.KindList })
	}
	return o
}

// oneOf remembers what is read as one value: what a member is taken of, and what is used whole.
func (b *builder) oneOf(p *expr.Path, whole bool) {
	if b.spec.Input.Format == "csv" {
		if i := slices.IndexFunc(p.Abs, func(s expr.Step) bool { return s.Name != "" }); i >= 0 {
			b.plan.columns = append(b.plan.columns, p.Abs[i].Name)
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
			b.plan.single = append(b.plan.single, b.single[d])
		}
	}
}

// repeats finds what repeats in a form and is read as one value: with one element it would be another thing than with two.
func (p *Plan) repeats(f Form) *Fault {
	for _, way := range p.single {
		if at := repeated(f, way); at != nil {
			slices.Reverse(at)
			return &Fault{At: "input.lists", Cause: schema.FieldError{Pointer: "/" + strings.Join(at, "/"), Code: CodeList,
				Message: "this repeats in the form, and the mapping reads it as one value"}}
		}
	}
	return nil
}

// foreign finds a CSV form whose header has no column that is read: it has another delimiter, or is another file.
func (p *Plan) foreign(f Form) *Fault {
	if list, ok := f.([]any); ok && len(list) > 0 {
		f = list[0]
	}
	row, ok := f.(map[string]any)
	if !ok || len(p.columns) == 0 || slices.ContainsFunc(p.columns, func(name string) bool { _, has := row[name]; return has }) {
		return nil
	}
	return &Fault{At: "input.csv", Cause: schema.FieldError{Code: decode.CodeColumns, Message: "the form's header has none of the columns that the mapping reads; see its delimiter"}}
}

// repeated is the place of a list at the end of a way, backwards; nil: there is none.
func repeated(n any, way []string) []string {
	m, _ := n.(map[string]any)
	next, name := m[way[0]], expr.PointerEscape.Replace(way[0])
	list, is := next.([]any)
	switch {
	case is && len(way) == 1:
		return []string{name}
	case is:
		for i, item := range list {
			if at := repeated(item, way[1:]); at != nil {
				return append(at, strconv.Itoa(i), name)
			}
		}
	case len(way) > 1 && next != nil:
		if at := repeated(next, way[1:]); at != nil {
			return append(at, name)
		}
	}
	return nil
}

package mapping

import (
	"cmp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
)

// Rule is what must be true of a form, where its condition is.
type Rule struct {
	When       *expr.Compiled
	Is         expr.Compiled
	At         *expr.Path
	Code, Text string
	Reads      []string // fields, as FieldKey has them
}

// broken are the errors of the rules that a form breaks. One that reads a field in which the schema has found something wrong is not asked:
// the field must be mended first, and that is told.
func (p *Parts) broken(f Form, wrong []string) ([]schema.FieldError, error) {
	if len(p.Rules) == 0 {
		return nil, nil
	}
	m := newMapper(p, f, expr.Input{})
	defer m.env.Free()
	if cmp.Or(p.foreign(m.env.Form), p.repeats(m.env.Form)) != nil {
		return nil, nil // which parks the form as soon as it is mapped
	}
	for _, r := range p.Rules {
		if slices.ContainsFunc(r.Reads, func(field string) bool {
			return slices.ContainsFunc(wrong, func(w string) bool { return touches(field, w) })
		}) {
			continue
		}
		holds := r.When != nil && !m.env.Truth(r.When.Eval(m.env)) || m.env.Err == nil && m.env.Truth(r.Is.Eval(m.env))
		switch {
		case m.failed(r.Is.Source, "require", r.Code):
		case !holds:
			m.errs = append(m.errs, schema.FieldError{Pointer: m.pointer(r.At), Code: r.Code, Message: r.Text})
		}
		switch {
		case m.fault != nil && len(wrong) > 0:
			return m.errs, nil // no more is asked, and the form is refused anyway
		case m.fault != nil:
			return nil, m.fault
		}
	}
	return m.errs, nil
}

// touches tells whether one field lies in the other, or is it.
func touches(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

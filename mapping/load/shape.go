package load

import (
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/shape"
)

// shape checks input.shape, and gives decoder and shape their lists.
func (b *builder) shape() {
	in := &b.spec.Input
	b.choice([]any{"input", "shape"}, in.Shape, shape.Names())
	s := shape.Named(in.Shape)
	if s == nil {
		return
	}
	if in.Format != s.Format {
		b.report(b.file.Problem(expr.CodeValue, "forms of "+s.Name+" are in "+s.Format, "write format: "+s.Format, "input", "shape"))
	}
	b.plan.Shape, b.plan.Options.Lists = s, shape.Decoded(in.Lists)
	for name := range b.lists {
		b.plan.Lists = append(b.plan.Lists, name)
	}
}

// inForm checks that a form may have a path, by its shape and its schema; through steps into lists without an index, as ignore may.
func (b *builder) inForm(abs []expr.Step, through bool) *expr.Problem {
	if b.plan.Shape != nil && len(abs) > 0 && abs[0].Name != shape.Answers && abs[0].Name != shape.Meta {
		return &expr.Problem{Code: CodeUnknownField, Message: "a form of input.shape has answers and meta only", Suggestion: "write form.answers… or form.meta…"}
	}
	if b.plan.Schema == nil {
		return nil
	}
	return b.inSchema(abs, through)
}

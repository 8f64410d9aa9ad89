package mapping

import (
	"errors"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/shape"
)

// shaped is a form of which a mapping's shape has made a plain tree.
type shaped struct {
	sent, plain any
	by          *Plan
}

// Tree is what a mapping reads of a form: what was sent, or the plain tree that its shape made of it.
func Tree(f Form) any {
	if s, ok := f.(*shaped); ok {
		return s.plain
	}
	return f
}

// Shape is the name of the mapping's shape; "": it reads forms as they are sent.
func (p *Plan) Shape() string {
	if p.shape == nil {
		return ""
	}
	return p.shape.Name
}

// shaped makes the plain tree of what was sent; an error is a *Fault.
func (p *Plan) shaped(sent any) (*shaped, error) {
	plain, err := p.shape.Plain(sent, p.lists)
	var e *shape.Error
	if errors.As(err, &e) {
		return nil, &Fault{At: "input.shape", Cause: schema.FieldError{Pointer: e.Pointer, Code: shape.CodeShape, Message: "a form of " + p.shape.Name + " is expected: " + e.Message}}
	}
	return &shaped{sent: sent, plain: plain, by: p}, err
}

// tree is a form as this mapping reads it, also one that another version of it has decoded; nil where it cannot be read.
func (p *Plan) tree(f Form) any {
	s, ok := f.(*shaped)
	switch {
	case ok && s.by == p:
		return s.plain
	case ok:
		f = s.sent
	}
	if p.shape == nil {
		return f
	}
	if s, _ = p.shaped(f); s == nil {
		return nil
	}
	return s.plain
}

// sender tells of places in the tree of a form where its sender has them.
func (p *Plan) sender(f Form) func(pointer string) string {
	if s, ok := f.(*shaped); ok {
		f = s.sent
	}
	if p.shape == nil {
		return func(pointer string) string { return pointer }
	}
	return p.shape.Sent(f, p.lists)
}

// pointer is where the sender has what an expression reads first.
func (m *mapper) pointer(src *expr.Path) string {
	if src == nil {
		return ""
	}
	return m.sentAt(src.Pointer(m.env))
}

func (m *mapper) sentAt(pointer string) string {
	if m.plan.shape == nil {
		return pointer
	}
	if m.sent == nil {
		m.sent = m.plan.sender(m.form)
	}
	return m.sent(pointer)
}

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
	b.plan.shape, b.plan.options.Lists = s, shape.Decoded(in.Lists)
	for name := range b.lists {
		b.plan.lists = append(b.plan.lists, name)
	}
}

// inForm checks that a form may have a path, by its shape and its schema; through steps into lists without an index, as ignore may.
func (b *builder) inForm(abs []expr.Step, through bool) *expr.Problem {
	if b.plan.shape != nil && len(abs) > 0 && abs[0].Name != shape.Answers && abs[0].Name != shape.Meta {
		return &expr.Problem{Code: CodeUnknownField, Message: "a form of input.shape has answers and meta only", Suggestion: "write form.answers… or form.meta…"}
	}
	if b.plan.schema == nil {
		return nil
	}
	return b.inSchema(abs, through)
}

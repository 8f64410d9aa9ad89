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
	by          *Parts
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
	if p.parts.Shape == nil {
		return ""
	}
	return p.parts.Shape.Name
}

// shaped makes the plain tree of what was sent; an error is a *Fault.
func (p *Parts) shaped(sent any) (*shaped, error) {
	plain, err := p.Shape.Plain(sent, p.Lists)
	var e *shape.Error
	if errors.As(err, &e) {
		return nil, &Fault{At: "input.shape", Cause: schema.FieldError{Pointer: e.Pointer, Code: shape.CodeShape, Message: "a form of " + p.Shape.Name + " is expected: " + e.Message}}
	}
	return &shaped{sent: sent, plain: plain, by: p}, err
}

// tree is a form as this mapping reads it, also one that another version of it has decoded; nil where it cannot be read.
func (p *Parts) tree(f Form) any {
	s, ok := f.(*shaped)
	switch {
	case ok && s.by == p:
		return s.plain
	case ok:
		f = s.sent
	}
	if p.Shape == nil {
		return f
	}
	if s, _ = p.shaped(f); s == nil {
		return nil
	}
	return s.plain
}

// sender tells of places in the tree of a form where its sender has them.
func (p *Parts) sender(f Form) func(pointer string) string {
	if s, ok := f.(*shaped); ok {
		f = s.sent
	}
	if p.Shape == nil {
		return func(pointer string) string { return pointer }
	}
	return p.Shape.Sent(f, p.Lists)
}

// pointer is where the sender has what an expression reads first.
func (m *mapper) pointer(src *expr.Path) string {
	if src == nil {
		return ""
	}
	return m.sentAt(src.Pointer(m.env))
}

func (m *mapper) sentAt(pointer string) string {
	if m.plan.Shape == nil {
		return pointer
	}
	if m.sent == nil {
		m.sent = m.plan.sender(m.form)
	}
	return m.sent(pointer)
}

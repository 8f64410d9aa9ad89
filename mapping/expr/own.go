package expr

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Own is a helper that a mapping defines: an expression over its arguments. Each call is compiled anew, with what is known of them there.
type Own struct {
	Name   string
	Takes  []string
	Text   string
	Broken bool // what is wrong with it is told at its own place
	Called bool // by some expression
}

// maxOpened bounds the calls of own helpers in an expression, those within other ones too: they double where one calls another twice.
const maxOpened = 200

// Taken tells whether the language itself has a function of this name, or keeps it.
func Taken(name string) bool {
	return slices.Contains(callable, name) || slices.Contains([]string{"reduce", "findIndex", "findLast", "findLastIndex"}, name)
}

// Calls are the names of the helpers that an expression calls; none where it cannot be read.
func Calls(text string) (names []string) {
	tree, err := parser.Parse(text)
	if err != nil {
		return nil
	}
	ast.Find(tree.Node, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallNode); ok {
			if id, ok := call.Callee.(*ast.IdentifierNode); ok {
				names = append(names, id.Value)
			}
		}
		return false
	})
	return names
}

// Define compiles an own helper over arguments of any sort, and returns what is wrong with it.
func (c *Compiler) Define(h *Own) *Problem {
	c.Scope, c.opened = &Scope{Names: map[string]Binding{}}, []string{h.Name}
	for _, name := range h.Takes {
		c.Scope.Names[name] = Binding{is: &Compiled{Eval: func(*Env) value.Value { return value.Missing }}}
	}
	_, p := c.Compile(h.Text, false)
	return p
}

// own compiles a call of an own helper.
func (c *Compiler) own(n ast.Node, h *Own, args []ast.Node) Compiled {
	switch i := slices.Index(c.opened, h.Name); {
	case i >= 0:
		c.stop(n, CodeCyclic, "a helper cannot call itself: "+strings.Join(append(slices.Clone(c.opened[i:]), h.Name), " → "), "")
	case len(args) != len(h.Takes):
		c.stop(n, helpers.CodeArguments, h.Name+" has the wrong number of arguments: "+h.Name+"("+strings.Join(h.Takes, ", ")+")", "")
	case c.calls >= maxOpened:
		c.stop(n, CodeCyclic, "helpers that call helpers make this expression too large", "have a helper call another one once, not several times")
	case h.Broken:
		return Compiled{Eval: func(*Env) value.Value { return value.Missing }}
	}
	c.calls++
	h.Called = true
	inner := &Scope{Names: map[string]Binding{}}
	var slots []int
	var values []Eval
	var xs []Compiled
	for i, a := range args {
		x := c.argument(a, h.Name, c.node(a))
		c.inside(a, x)
		xs = append(xs, x)
		if x.Const == nil && (x.Path == nil || x.Path.Slot < -1) {
			slot := c.Prog.Slot()
			slots, values = append(slots, slot), append(values, x.Eval)
			x.May, x.Under = x.Outcome(), x.place()
			x.Path, x.Plain, x.chain = nil, nil, nil
			x.Eval = func(e *Env) value.Value { return e.Slots[slot] }
		}
		inner.Names[h.Takes[i]] = Binding{is: &x}
	}
	out := c.opening(n, h, inner)
	body := out.Eval
	out.chain, out.Source = nil, firstSource(append([]Compiled{out}, xs...)...)
	out.Eval = func(e *Env) value.Value {
		for i, slot := range slots {
			v := values[i](e)
			e.Slots[slot] = v
		}
		if !e.Step() {
			return value.Missing
		}
		return body(e)
	}
	return out
}

// opening compiles the expression of an own helper in the place of a call; what is wrong with it there is told at the call.
func (c *Compiler) opening(n ast.Node, h *Own, inner *Scope) (out Compiled) {
	scope, text, items, opened, warned, dead := c.Scope, c.text, c.items, c.opened, len(c.Warned), len(c.Dead)
	here := func(p *Problem) {
		p.From, p.Message = n.Location().From, "in helper "+h.Name+": "+p.Message
	}
	c.Scope, c.text, c.items, c.opened = inner, []rune(h.Text), nil, append(slices.Clone(opened), h.Name)
	defer func() {
		c.Scope, c.text, c.items, c.opened = scope, text, items, opened
		for i := range c.Warned[warned:] {
			here(&c.Warned[warned+i])
		}
		for i := range c.Dead[dead:] {
			here(&c.Dead[dead+i])
		}
		if p := caught(recover()); p != nil {
			here(p)
			panic(p)
		}
	}()
	tree, err := parser.Parse(h.Text)
	if err != nil {
		c.stop(n, CodeSyntax, "it cannot be read", "")
	}
	return c.node(tree.Node)
}

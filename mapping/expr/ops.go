package expr

import (
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

func (c *Compiler) unary(n *ast.UnaryNode) Compiled {
	x := c.operand(n.Node)
	ev := x.Eval
	switch n.Operator {
	case "not", "!":
		c.condition(n.Node, x)
		yes, no := x.Needs()
		return Compiled{Source: x.Source, May: someBoolean, Yes: no, No: yes, Eval: func(e *Env) value.Value { v := ev(e); return e.Of(value.Bool(!e.Truth(v)), v) }}
	case "-":
		if x.Const != nil && x.Const.IsNumber() {
			r := &value.Run{}
			return constant(r.Calculate('-', value.Int(0), *x.Const))
		}
		minus := func(e *value.Run, a []value.Value) value.Value { return e.Calculate('-', value.Int(0), a[0]) }
		return Compiled{Source: x.Source, May: c.apply(n, "-", minus, []Compiled{x}, false), Eval: func(e *Env) value.Value { v := ev(e); return e.Calculated('-', value.Int(0), v) }}
	case "+":
		c.apply(n, "+", func(e *value.Run, a []value.Value) value.Value { return e.Calculate('+', value.Int(0), a[0]) }, []Compiled{x}, false)
		return x
	}
	return c.stop(n, CodeSyntax, "operator "+n.Operator+" is not part of the mapping language", "")
}

// comparisons by operator: what of the sign of a compared to b is true.
var comparisons = map[string]func(int) bool{
	"<": func(s int) bool { return s < 0 }, "<=": func(s int) bool { return s <= 0 },
	">": func(s int) bool { return s > 0 }, ">=": func(s int) bool { return s >= 0 },
}

// firstThere is the first value of a chain x ?? y ?? z that is there.
func firstThere(chain []Compiled) Eval {
	last := len(chain) - 1
	ev := chain[last].Eval
	for i := last - 1; i >= 0; i-- {
		ev = operation("??", chain[i].Or(chain[i+1:]...).Eval, ev)
	}
	return ev
}

func (c *Compiler) binary(n *ast.BinaryNode) Compiled {
	if n.Operator == "matches" {
		return c.matches(n)
	}
	look := c.operand
	if isNil(n.Left) || isNil(n.Right) {
		look = c.shallow // form.owner == nil looks at the owner, not at what is in it
	}
	a, b := look(n.Left), look(n.Right)
	out := Compiled{Source: firstSource(a, b), Eval: operation(n.Operator, a.Eval, b.Eval)}
	switch n.Operator {
	case "??":
		if out.chain = append(slices.Clip(a.chain), b); a.chain == nil {
			out.chain = []Compiled{a, b}
		}
		out.Eval = firstThere(out.chain)
	case "in":
		c.isList(n.Right, b)
	}
	if out.Eval == nil {
		c.stop(n, CodeSyntax, "operator "+n.Operator+" is not part of the mapping language", "")
	}
	out.May = c.binaryOutcome(n, a, b)
	out.Yes, out.No = c.needs(n, a, b)
	return out.as(n.Operator, a, b)
}

// operation computes an operator of two values; nil: there is none of this name.
func operation(op string, av, bv Eval) Eval {
	switch op {
	case "+", "-", "*", "/", "%":
		return func(e *Env) value.Value { x, y := av(e), bv(e); return e.Calculated(op[0], x, y) }
	case "==", "!=":
		return func(e *Env) value.Value {
			x, y := av(e), bv(e)
			return e.Of(value.Bool(e.Equal(x, y) == (op == "==")), x, y)
		}
	case "<", "<=", ">", ">=":
		is := comparisons[op]
		return func(e *Env) value.Value {
			x, y := av(e), bv(e)
			if x.Absent() || y.Absent() {
				return value.Bool(false)
			}
			return e.Of(value.Bool(is(e.Compare(x, y))), x, y)
		}
	case "and", "&&":
		return func(e *Env) value.Value { return value.Bool(e.Truth(av(e)) && e.Truth(bv(e))) }
	case "or", "||":
		return func(e *Env) value.Value { return value.Bool(e.Truth(av(e)) || e.Truth(bv(e))) }
	case "??":
		return func(e *Env) value.Value {
			if v := av(e); !v.Absent() {
				return v
			}
			return bv(e)
		}
	case "in":
		return func(e *Env) value.Value { y, x := bv(e), av(e); return e.Of(e.Contains(y, x), x, y) }
	case "contains", "startsWith", "endsWith":
		return textTest(op, av, bv)
	}
	return nil
}

// binaryOutcome is what check knows of an operator's values; it reports what can only fail.
func (c *Compiler) binaryOutcome(n *ast.BinaryNode, a, b Compiled) *Outcome {
	switch n.Operator {
	case "+", "-", "*", "/", "%":
		op := n.Operator[0]
		may := c.apply(n, n.Operator, func(e *value.Run, x []value.Value) value.Value { return e.Calculate(op, x[0], x[1]) }, []Compiled{a, b}, false)
		if op == '+' {
			if a.unnamedText() && b.unnamedText() {
				c.warn(n, CodeNever, "both are texts in this format, and + joins them, 3.5 and 1 to 3.51: numbers are read by decimal() first, and texts are better joined by concat()")
			}
			return may.withTexts(a, b)
		}
		return may
	case "==", "!=", "<", "<=", ">", ">=":
		c.tryOperator(n, "the comparison", a, b)
	case "in", "contains", "startsWith", "endsWith":
		c.tryOperator(n, n.Operator, a, b)
	case "and", "&&", "or", "||":
		c.condition(n.Left, a)
		c.condition(n.Right, b)
	case "??":
		out := either(a, b)
		if !out.never() {
			out.Usual = max(out.Usual, a.Outcome().Usual)
		}
		return out
	}
	return someBoolean
}

// tryOperator reports an operator that can only fail, such as a comparison of sorts that can never be compared.
func (c *Compiler) tryOperator(n *ast.BinaryNode, name string, a, b Compiled) {
	ev := operation(n.Operator, func(e *Env) value.Value { return e.args[0] }, func(e *Env) value.Value { return e.args[1] })
	c.apply(n, name, func(r *value.Run, x []value.Value) value.Value {
		e := &Env{Run: *r, args: x}
		v := ev(e)
		*r = e.Run
		return v
	}, []Compiled{a, b}, false)
}

func isNil(n ast.Node) bool { _, ok := n.(*ast.NilNode); return ok }

func (c *Compiler) matches(n *ast.BinaryNode) Compiled {
	a, b := c.operand(n.Left), c.node(n.Right)
	if b.Const == nil || b.Const.Kind != value.KindText {
		c.stop(n.Right, helpers.CodeArguments, "the pattern of matches must be a text in quotes", "")
	}
	re, err := regexp.Compile(b.Const.Str)
	if err != nil {
		c.stop(n.Right, CodeSyntax, "this pattern cannot be read: "+helpers.PatternFault(err), "")
	}
	yes := c.tried(n, a, b, func(x, _ Eval) Eval { return matching(x, re) })
	return Compiled{Source: a.Source, May: someBoolean, Yes: yes, Eval: matching(a.Eval, re)}
}

func matching(ev Eval, re *regexp.Regexp) Eval {
	return func(e *Env) value.Value {
		v := ev(e)
		if v.Absent() {
			return value.Bool(false)
		}
		s, ok := v.Text()
		if !ok {
			return e.FailSort(v, value.CodeNotText, "matches needs a text")
		}
		return e.Of(value.Bool(re.MatchString(s)), v)
	}
}

// textTests are the operators that look into a text.
var textTests = map[string]func(s, part string) bool{"contains": strings.Contains, "startsWith": strings.HasPrefix, "endsWith": strings.HasSuffix}

// textTest looks into a text; of a list it only tells whether that has an item.
func textTest(op string, a, b Eval) Eval {
	test := textTests[op]
	return func(e *Env) value.Value {
		x, y := a(e), b(e)
		if x.Absent() || y.Absent() {
			return value.Bool(false)
		}
		if x.Kind == value.KindList && op == "contains" {
			return e.Of(e.Contains(x, y), x, y)
		}
		s, part := e.TextOf(x), e.TextOf(y)
		return e.Of(value.Bool(test(s, part)), x, y)
	}
}

// IsTrue uses a value as a condition, for check.
func IsTrue(e *value.Run, a []value.Value) value.Value {
	v := value.Bool(e.Truth(a[0]))
	if e.Err != nil && e.Err.Code == value.CodeNotBoolean {
		e.Err.Message += "; use a comparison, or boolean() on a text"
	}
	return v
}

// WholeText uses a value as a text.
func WholeText(e *value.Run, a []value.Value) value.Value {
	if _, ok := a[0].Text(); !ok && !a[0].Absent() {
		return e.Fail(value.CodeNotText, "it must be a single value")
	}
	return a[0]
}

// reference is a value that a write returns.
type reference struct{ write, field, target string }

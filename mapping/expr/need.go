package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Need is what must hold of a form for a condition to be true, as far as check can tell: a comparison of what lies under a
// path, or all or one of other needs. A nil Need is kept by any form.
type Need struct {
	At       []Step
	Of       string // what is compared: the value itself, or the number of its items or characters
	Op       string // a comparison with one of Values; any: it is there
	Values   []value.Value
	Absent   bool // a missing value or null will do as well; without Op only that
	All, One []*Need
	None     bool // nothing is so
}

// What of a value is compared beside itself.
const (
	OfItems      = "items"
	OfCharacters = "characters"
	Reads        = "reads" // a comparison with a regular expression, where it is a text
)

// sizes are the helpers that count.
var sizes = map[string]string{"len": OfItems, "length": OfCharacters}

var opposites = map[string]string{"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "any": "", "": "any"}

// flipped are the comparisons with both sides exchanged.
var flipped = map[string]string{"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

// opposite is the need of the negation of a comparison.
func (n *Need) opposite() *Need {
	o := *n
	o.Op, o.Absent = opposites[n.Op], !n.Absent
	return &o
}

// both is the need of two needs; either is that of one of two.
func (n *Need) both(o *Need) *Need {
	switch {
	case n == nil:
		return o
	case o == nil:
		return n
	}
	return &Need{All: []*Need{n, o}}
}

func (n *Need) either(o *Need) *Need {
	if n == nil || o == nil {
		return nil
	}
	return &Need{One: []*Need{n, o}}
}

// Needs are what a form must be for x to be true, and what for it to be false.
func (x Compiled) Needs() (yes, no *Need) {
	if x.Path != nil && x.Size == "" {
		yes = &Need{At: x.Path.Abs, Op: "==", Values: []value.Value{value.Bool(true)}}
		return yes, yes.opposite()
	}
	return x.Yes, x.No
}

// needs is what the operands of an operator need.
func (c *Compiler) needs(n *ast.BinaryNode, a, b Compiled) (yes, no *Need) {
	switch n.Operator {
	case "and", "&&", "or", "||":
		aYes, aNo := a.Needs()
		bYes, bNo := b.Needs()
		if n.Operator == "and" || n.Operator == "&&" {
			return aYes.both(bYes), aNo.either(bNo)
		}
		return aYes.either(bYes), aNo.both(bNo)
	case "+", "-", "*", "/", "%", "??":
		return nil, nil
	case "in":
		if a.Way() == nil || len(b.items) == 0 {
			return c.tried(n, a, b, as(n.Operator)), nil
		}
		return c.proven(n.Right.(*ast.ArrayNode).Nodes, &Need{At: a.Way().Abs, Of: a.Size, Op: "==", Values: b.items})
	}
	op, at := n.Operator, []ast.Node{n.Right}
	if flipped[op] == "" || (a.Way() == nil || b.Const == nil) && (a.Const == nil || b.Way() == nil) {
		return c.tried(n, a, b, as(op)), nil
	}
	if a.Const != nil {
		a, b, op, at = b, a, flipped[op], []ast.Node{n.Left}
	}
	need := &Need{At: a.Way().Abs, Of: a.Size, Op: op, Values: []value.Value{*b.Const}, Absent: op == "!="}
	switch is, ordered := comparisons[op]; {
	case b.Const.Absent() && (ordered || a.Size != ""), ordered && !b.Const.IsNumber(), a.Size != "" && b.Const.Kind != value.KindInt:
		return nil, nil
	case b.Const.Absent() && op == "==":
		return c.proven(at, &Need{At: need.At, Absent: true})
	case b.Const.Absent():
		return c.proven(at, &Need{At: need.At, Op: "any"})
	case a.Size == OfItems: // a list that is not there has none
		sign := value.CompareNumbers(value.Int(0), *b.Const)
		need.Absent = ordered && is(sign) || op == "==" && sign == 0 || op == "!=" && sign != 0
	}
	return c.proven(at, need)
}

// proven warns of a comparison that no form makes true; each of several values is looked at, which stand at the nodes.
func (c *Compiler) proven(at []ast.Node, need *Need) (yes, no *Need) {
	if !c.Strict {
		return nil, nil
	}
	one := *need
	for i, n := range at {
		if len(need.Values) > 0 {
			one.Values = need.Values[i : i+1]
		}
		why, names := c.Never(&one)
		if why == "" {
			continue
		}
		p := Problem{From: n.Location().From, Code: CodeNever, Message: "this is never true: " + why}
		if need.Op == "==" && len(names) > 0 {
			s, _ := one.Values[0].Text()
			p.Message, p.Suggestion = value.Shown(one.Values[0])+" is never found here: "+why, diag.DidYouMean(s, names)
		}
		c.Dead = append(c.Dead, p)
	}
	return need, need.opposite()
}

// as is the test by an operator.
func as(op string) func(x, y Eval) Eval {
	return func(x, y Eval) Eval { return operation(op, x, y) }
}

// tried warns of a test of values that are all known, where none of them passes.
func (c *Compiler) tried(n *ast.BinaryNode, a, b Compiled, test func(x, y Eval) Eval) *Need {
	o, p := a.Outcome(), b.Outcome()
	if !c.Strict || !o.All || !p.All || (len(o.Known)+len(o.More)+2)*(len(p.Known)+len(p.More)+2) > maxCombos {
		return nil
	}
	var lists [][]value.Value
	for _, x := range []Compiled{a, b} {
		list := slices.Concat(x.Outcome().Known, x.Outcome().More)
		if x.Const == nil {
			list = append(list, value.Missing, value.Null)
		}
		lists = append(lists, list)
	}
	passes := false
	combine(lists, nil, func(v []value.Value) {
		x, y := v[0], v[1]
		e := &Env{In: &Input{}, Run: value.Run{Budget: value.DefaultBudget(decode.DefaultLimits().Bytes)}}
		got := test(func(*Env) value.Value { return x }, func(*Env) value.Value { return y })(e)
		passes = passes || e.Err == nil && got.Int == 1
	})
	if passes {
		return nil
	}
	if a.Const != nil {
		b, lists[0] = a, lists[1]
	}
	var shown, names []string
	for _, v := range lists[0] {
		if text, ok := v.Text(); ok && len(names) < 10 {
			names, shown = append(names, text), append(shown, value.Shown(v))
		}
	}
	prob := Problem{From: n.Right.Location().From, Code: CodeNever, Message: "this is never true: what is compared can only be " + strings.Join(shown, ", ")}
	if b.Const != nil && n.Operator == "==" {
		text, _ := b.Const.Text()
		prob.Suggestion = diag.DidYouMean(text, names)
	}
	c.Dead = append(c.Dead, prob)
	return &Need{None: true}
}

// looked finds values that the form's schema names and the table of a lookup has not.
func (c *Compiler) looked(n ast.Node, xs []Compiled) {
	if !c.Strict || xs[0].Path == nil {
		return
	}
	_, names := c.Never(&Need{At: xs[0].Path.Abs, Op: "any"})
	t := c.Tables[xs[1].Const.Str]
	lacks := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, has := t.Rows[name]
		_, same := t.Key(value.Number(name))
		return has || same
	})
	if len(names) == 0 {
		c.fits(n, xs[0].Path, t, len(xs) == 2)
	}
	if len(lacks) == 0 {
		return
	}
	list := strings.Join(lacks[:min(len(lacks), 10)], ", ")
	p := Problem{From: n.Location().From, Code: CodeNever, Message: "lookup " + t.Name + " has none of the values that the form's schema names here: " + list,
		Suggestion: diag.DidYouMean(lacks[0], slices.Sorted(maps.Keys(t.Rows)))}
	switch {
	case len(lacks) == len(names) && len(xs) == 2:
		panic(&p)
	case len(lacks) < len(names) && len(xs) == 2:
		p.Message = "lookup " + t.Name + " lacks values that the form's schema names here: " + list + "; such a form is parked, since it is right"
		fallthrough
	case len(lacks) == len(names):
		c.Warned = append(c.Warned, p)
	}
}

// Way is the path whose value, or number of items or characters, x is; nil: none.
func (x Compiled) Way() *Path {
	if x.Size != "" {
		return x.sized
	}
	return x.Path
}

package mapping

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// truth reads a condition: missing and null are false, everything but a boolean is an error.
func truth(e *env, v value) bool {
	switch v.k {
	case kBool:
		return v.i == 1
	case kMissing, kNull:
		return false
	}
	e.failSort(v, CodeNotBoolean, "a condition must be true or false")
	return false
}

func (c *compiler) unary(n *ast.UnaryNode) cx {
	x := c.operand(n.Node)
	ev := x.ev
	switch n.Operator {
	case "not", "!":
		c.condition(n.Node, x)
		return cx{src: x.src, may: someBoolean, ev: func(e *env) value { v := ev(e); return e.of(boolValue(!truth(e, v)), v) }}
	case "-":
		if x.konst != nil && x.konst.isNumber() {
			e := &env{}
			return constant(arithmetic(e, '-', intValue(0), *x.konst))
		}
		minus := func(e *env, a []value) value { return calculate(e, '-', intValue(0), a[0]) }
		return cx{src: x.src, may: c.apply(n, "-", minus, []cx{x}, false), ev: func(e *env) value { v := ev(e); return e.calculated('-', intValue(0), v) }}
	case "+":
		return x
	}
	c.stop(n, CodeSyntax, "operator "+n.Operator+" is not part of the mapping language", "")
	return cx{}
}

// comparisons by operator: what of the sign of a compared to b is true.
var comparisons = map[string]func(int) bool{
	"<": func(s int) bool { return s < 0 }, "<=": func(s int) bool { return s <= 0 },
	">": func(s int) bool { return s > 0 }, ">=": func(s int) bool { return s >= 0 },
}

func (c *compiler) binary(n *ast.BinaryNode) cx {
	if n.Operator == "matches" {
		return c.matches(n)
	}
	look := c.operand
	if isNil(n.Left) || isNil(n.Right) {
		look = c.shallow // form.owner == nil looks at the owner, not at what is in it
	}
	a, b := look(n.Left), look(n.Right)
	av, bv := a.ev, b.ev
	out := cx{src: firstSource(a, b), may: c.binaryOutcome(n, a, b)}
	switch n.Operator {
	case "+", "-", "*", "/", "%":
		op := n.Operator[0]
		out.ev = func(e *env) value { x, y := av(e), bv(e); return e.calculated(op, x, y) }
	case "==":
		out.ev = func(e *env) value { x, y := av(e), bv(e); return e.of(boolValue(equal(e, x, y)), x, y) }
	case "!=":
		out.ev = func(e *env) value { x, y := av(e), bv(e); return e.of(boolValue(!equal(e, x, y)), x, y) }
	case "<", "<=", ">", ">=":
		is := comparisons[n.Operator]
		out.ev = func(e *env) value {
			x, y := av(e), bv(e)
			if x.absent() || y.absent() {
				return boolValue(false)
			}
			return e.of(boolValue(is(compare(e, x, y))), x, y)
		}
	case "and", "&&":
		out.ev = func(e *env) value { return boolValue(truth(e, av(e)) && truth(e, bv(e))) }
	case "or", "||":
		out.ev = func(e *env) value { return boolValue(truth(e, av(e)) || truth(e, bv(e))) }
	case "??":
		out.ev = func(e *env) value {
			if v := av(e); !v.absent() {
				return v
			}
			return bv(e)
		}
	case "in":
		out.ev = func(e *env) value { y, x := bv(e), av(e); return e.of(contains(e, y, x), x, y) }
	case "contains":
		out.ev = textTest(av, bv, strings.Contains)
	case "startsWith":
		out.ev = textTest(av, bv, strings.HasPrefix)
	case "endsWith":
		out.ev = textTest(av, bv, strings.HasSuffix)
	default:
		c.stop(n, CodeSyntax, "operator "+n.Operator+" is not part of the mapping language", "")
	}
	return out
}

// binaryOutcome is what check knows of an operator's values; it reports what can only fail.
func (c *compiler) binaryOutcome(n *ast.BinaryNode, a, b cx) *outcome {
	switch n.Operator {
	case "+", "-", "*", "/", "%":
		op := n.Operator[0]
		may := c.apply(n, n.Operator, func(e *env, x []value) value { return calculate(e, op, x[0], x[1]) }, []cx{a, b}, false)
		if op == '+' {
			return may.withTexts(a, b)
		}
		return may
	case "==", "!=":
		c.comparable(n, a, b, equal)
	case "<", "<=", ">", ">=":
		is := comparisons[n.Operator]
		c.comparable(n, a, b, func(e *env, x, y value) bool { return x.absent() || y.absent() || is(compare(e, x, y)) })
	case "and", "&&", "or", "||":
		c.condition(n.Left, a)
		c.condition(n.Right, b)
	case "??":
		return either(a, b)
	}
	return someBoolean
}

// comparable reports a comparison of values whose sorts can never be compared.
func (c *compiler) comparable(n ast.Node, a, b cx, test func(e *env, x, y value) bool) {
	c.apply(n, "the comparison", func(e *env, x []value) value { return boolValue(test(e, x[0], x[1])) }, []cx{a, b}, false)
}

func isNil(n ast.Node) bool { _, ok := n.(*ast.NilNode); return ok }

func (c *compiler) matches(n *ast.BinaryNode) cx {
	a, b := c.operand(n.Left), c.node(n.Right)
	if b.konst == nil || b.konst.k != kText {
		c.stop(n.Right, CodeArguments, "the pattern of matches must be a text in quotes", "")
	}
	re, err := regexp.Compile(b.konst.s)
	if err != nil {
		c.stop(n.Right, CodeSyntax, "this pattern cannot be read: "+patternFault(err), "")
	}
	ev := a.ev
	return cx{src: a.src, may: someBoolean, ev: func(e *env) value {
		v := ev(e)
		if v.absent() {
			return boolValue(false)
		}
		s, ok := v.text()
		if !ok {
			return e.failSort(v, CodeNotText, "matches needs a text")
		}
		return e.of(boolValue(re.MatchString(s)), v)
	}}
}

// patternFault says what is wrong with a pattern of Go's dialect, without the engine's own words.
func patternFault(err error) string {
	var se *syntax.Error
	if errors.As(err, &se) {
		return string(se.Code) + " at " + strconv.Quote(se.Expr)
	}
	return "see whether brackets and repetitions are complete"
}

func textTest(a, b eval, test func(s, sub string) bool) eval {
	return func(e *env) value {
		x, y := a(e), b(e)
		if x.absent() || y.absent() {
			return boolValue(false)
		}
		if x.k == kList {
			return e.of(contains(e, x, y), x, y)
		}
		s, ok := x.text()
		t, ok2 := y.text()
		switch {
		case !ok:
			e.failSort(x, CodeNotText, "a text is needed here")
		case !ok2:
			e.failSort(y, CodeNotText, "a text is needed here")
		}
		return e.of(boolValue(test(s, t)), x, y)
	}
}

// calculated calculates, and says what of.
func (e *env) calculated(op byte, a, b value) value {
	v := calculate(e, op, a, b)
	switch {
	case v.isNumber():
		v.made = computed
	case v.k == kText:
		v.made = changed.of(v, []value{a, b})
	}
	return e.of(v, a, b)
}

// calculate is arithmetic with absent values: missing and null make the result missing or null, as in SQL. Two
// texts are joined by +.
func calculate(e *env, op byte, a, b value) value {
	if a.absent() || b.absent() {
		if a.k == kNull || b.k == kNull {
			return null
		}
		return missing
	}
	if op == '+' && a.k == kText && b.k == kText {
		return made(e, a.s+b.s)
	}
	if !a.isNumber() || !b.isNumber() {
		if a.isNumber() {
			a = b
		}
		return e.failSort(a, CodeNotNumber, "a number is needed to calculate; use integer() or decimal() on a text")
	}
	return arithmetic(e, op, a, b)
}

// equal compares; nil in a mapping equals both null and missing. Values of different sorts are an error, because
// a comparison that can never be true is a mistake.
func equal(e *env, a, b value) bool {
	switch {
	case a.absent() || b.absent():
		return a.absent() && b.absent()
	case a.isNumber() && b.isNumber():
		return compareNumbers(a, b) == 0
	case a.k == b.k && a.k <= kDateTime:
		return a.s == b.s && a.i == b.i
	case isDateText(a, b):
		return a.s == b.s
	}
	e.fail(CodeCompare, "a "+kindWord(a.k)+" cannot be compared with a "+kindWord(b.k))
	return false
}

// isDateText allows dates to be compared with texts in quotes: form.born | parseDate("…") < "2000-01-01".
func isDateText(a, b value) bool {
	return a.k == kDate && b.k == kText || a.k == kText && b.k == kDate
}

func compare(e *env, a, b value) int {
	switch {
	case a.isNumber() && b.isNumber():
		return compareNumbers(a, b)
	case a.k == kDateTime && b.k == kDateTime:
		return compareTimes(e, a.s, b.s)
	case a.k == b.k && (a.k == kText || a.k == kDate), isDateText(a, b):
		return strings.Compare(a.s, b.s)
	}
	e.fail(CodeCompare, "a "+kindWord(a.k)+" cannot be compared with a "+kindWord(b.k))
	return 0
}

// contains tells whether list has an item equal to v; v of another sort than an item is not equal to it.
func contains(e *env, list, v value) value {
	if list.absent() || v.absent() {
		return boolValue(false)
	}
	if list.k != kList {
		return e.failSort(list, CodeNotList, "in needs a list")
	}
	for i := range list.length() {
		it := list.item(i)
		same := it.k == v.k || it.isNumber() && v.isNumber()
		if !e.step() {
			return missing
		}
		if same && it.k <= kDateTime && equal(e, it, v) {
			return boolValue(true)
		}
	}
	return boolValue(false)
}

package mapping

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// The language is expr-lang's: its parser reads every expression. Evaluation is our own, from its syntax tree to
// closures, because its machine computes in float64 and treats a missing member like null; money and "not there"
// must stay exact here. Closures are also faster for the short chains that mappings are made of.

// exprProblem is a mistake in an expression; from counts runes from its beginning.
type exprProblem struct {
	from       int
	code       string
	message    string
	suggestion string
}

// Error returns the message, so that a problem can be told from a bug when it is recovered.
func (p *exprProblem) Error() string { return p.message }

// cx is a compiled expression.
type cx struct {
	ev    eval
	path  *path    // when it is a plain path
	src   *path    // the first path used anywhere in it: where its value comes from
	konst *value   // when it is a constant
	may   *outcome // what check knows of its values; nil: anything
	plain *path    // when it is the text or number of a field, but for white space and capitals
	own   bool     // every text that it may give stands in the mapping
	ref   *reference
	depth int // of the innermost loop that it hangs on, from 1; 0: none
}

// reference is a value that a write returns.
type reference struct{ write, field, target string }

// program collects what the expressions of one plan need at run time.
type program struct {
	slots  int
	depth  int
	trails []*path // ways into the form, by the number that values carry
	budget budget
}

// trail gives a path the number that values carry.
func (p *program) trail(way *path) int32 {
	p.trails = append(p.trails, way)
	return int32(len(p.trails))
}

// way is what a value is made of; nil for nothing of the form.
func (p *program) way(src int32) *path {
	if src == 0 {
		return nil
	}
	return p.trails[src-1]
}

func (p *program) slot() int { p.slots++; return p.slots - 1 }

// compiler turns one expression into a closure within a scope.
type compiler struct {
	prog   *program
	scope  *scope
	text   []rune
	used   func(p *path, deep bool) *exprProblem
	target string // of the write that the expression belongs to; "" outside of writes
	items  []*path
	tables map[string]*lookup
	depth  int // of the innermost loop that was named so far
	schema *schemaCheck
	strict bool // report what can only fail; not for a mapping that was pinned before
	late   bool // a name was used that is only known once a form is a submission
	warned []exprProblem
}

// warn remembers what may fail for some forms.
func (c *compiler) warn(n ast.Node, code, message string) {
	c.warned = append(c.warned, exprProblem{from: n.Location().From, code: code, message: message})
}

// compile parses and compiles text; whole allows a reference to the same target as the whole value.
func (c *compiler) compile(text string, whole bool) (x cx, prob *exprProblem) {
	tree, err := parser.Parse(text)
	if err != nil {
		var fe *file.Error
		if errors.As(err, &fe) {
			return cx{}, &exprProblem{from: fe.From, code: CodeSyntax, message: "this expression cannot be read: " + plainSyntax(fe.Message)}
		}
		return cx{}, &exprProblem{code: CodeSyntax, message: "this expression cannot be read: " + err.Error()}
	}
	c.text = []rune(text)
	defer func() {
		if r := recover(); r != nil {
			p, ok := r.(*exprProblem)
			if !ok {
				panic(r)
			}
			x, prob = cx{}, p
		}
	}()
	x = c.node(tree.Node)
	x.depth = c.depth
	if x.ref != nil && x.ref.target == c.target && !whole {
		c.stop(tree.Node, CodeReferenceInside, "a value returned by the same target is only known inside its transaction: it must be the whole value of a field", "")
	}
	return x, nil
}

var tokenWord = regexp.MustCompile(`unexpected token (?:[A-Z][a-z]+\((".*")\)|(.+))`)

// plainSyntax takes the parser's own terms out of its messages.
func plainSyntax(msg string) string {
	if strings.Contains(msg, "token EOF") || strings.Contains(msg, "unexpected end") {
		return "it ends too early"
	}
	return tokenWord.ReplaceAllString(msg, "unexpected $1$2")
}

// value compiles text as a value that is used whole, with everything below it.
func (c *compiler) value(text string) (cx, *exprProblem) {
	x, p := c.compile(text, true)
	if p == nil {
		p = c.mark(x, true)
	}
	return x, p
}

func (c *compiler) mark(x cx, deep bool) *exprProblem {
	if x.path == nil || c.used == nil {
		return nil
	}
	return c.used(x.path, deep)
}

// stop leaves the compiler with a problem at n; compile catches it.
func (c *compiler) stop(n ast.Node, code, message, suggestion string) {
	panic(&exprProblem{n.Location().From, code, message, suggestion})
}

// operand compiles n as a value used in a bigger expression.
func (c *compiler) operand(n ast.Node) cx {
	x := c.node(n)
	c.inside(n, x)
	c.markAt(n, x, true)
	return x
}

// shallow is operand for what looks at a list or object without using what is in it.
func (c *compiler) shallow(n ast.Node) cx {
	x := c.node(n)
	c.inside(n, x)
	c.markAt(n, x, false)
	return x
}

func (c *compiler) inside(n ast.Node, x cx) {
	if x.ref != nil && x.ref.target == c.target {
		c.stop(n, CodeReferenceInside, "a value returned by the same target is only known inside its transaction: it must be the whole value of a field", "")
	}
}

func (c *compiler) markAt(n ast.Node, x cx, deep bool) {
	if p := c.mark(x, deep); p != nil {
		p.from = n.Location().From
		panic(p)
	}
}

func (c *compiler) node(n ast.Node) cx {
	switch n := n.(type) {
	case *ast.NilNode:
		return constant(null)
	case *ast.BoolNode:
		return constant(boolValue(n.Value))
	case *ast.IntegerNode:
		return constant(intValue(int64(n.Value)))
	case *ast.FloatNode:
		return c.float(n)
	case *ast.StringNode:
		return constant(textValue(n.Value))
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.ChainNode:
		return c.node(n.Node)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.BuiltinNode:
		return c.call(n, n.Name, n.Arguments)
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(n, id.Value, n.Arguments)
		}
		c.stop(n, CodeUnknownHelper, "values have no methods; write helper(value) or value | helper()", "")
	}
	c.stop(n, CodeSyntax, "this construct is not part of the mapping language", "")
	return cx{}
}

func constant(v value) cx { return cx{ev: func(*env) value { return v }, konst: &v, own: true} }

// float reads the literal again from the text, because the syntax tree holds it as a binary float.
func (c *compiler) float(n *ast.FloatNode) cx {
	loc := n.Location()
	if loc.From >= 0 && loc.To <= len(c.text) && loc.From < loc.To {
		if s, ok := canonicalDecimal(strings.ReplaceAll(string(c.text[loc.From:loc.To]), "_", "")); ok {
			return constant(value{k: kDec, s: s})
		}
	}
	s, ok := canonicalDecimal(strconv.FormatFloat(n.Value, 'f', -1, 64))
	if !ok {
		c.stop(n, CodeSyntax, "this number has too many digits", "")
	}
	return constant(value{k: kDec, s: s})
}

func (c *compiler) identifier(n *ast.IdentifierNode) cx {
	b, ok := c.scope.find(n.Value)
	if !ok {
		c.stop(n, CodeUnknownName, "nothing here is named "+strconv.Quote(n.Value), suggestName(n.Value, c.scope.all()))
	}
	c.depth = max(c.depth, b.depth)
	c.late = c.late || b.late
	switch {
	case b.path != nil:
		return c.pathExpr(b.path)
	case b.ref != nil:
		c.stop(n, CodeReference, n.Value+" is a write: name one of the columns that it returns, such as "+n.Value+"."+first(b.ref.returning, "COLUMN"), "")
	}
	return cx{ev: b.ev, src: b.src, may: b.may, own: b.own}
}

func first(list []string, other string) string {
	if len(list) > 0 {
		return list[0]
	}
	return other
}

func (c *compiler) pathExpr(p *path) cx {
	x := cx{ev: p.compile(c.prog.trail(p)), path: p, src: p, plain: p}
	if c.strict {
		x.may = c.schema.outcome(p.abs)
	}
	return x
}

func (c *compiler) member(n *ast.MemberNode) cx {
	if id, ok := n.Node.(*ast.IdentifierNode); ok {
		if b, found := c.scope.find(id.Value); found && b.ref != nil {
			return c.returned(n, b.ref)
		}
		if b, found := c.scope.find(id.Value); found && b.members != nil {
			c.late = c.late || b.late
			return c.builtinMember(n, id.Value, b.members)
		}
	}
	base := c.node(n.Node)
	switch p := n.Property.(type) {
	case *ast.StringNode:
		if base.path != nil {
			return c.pathExpr(base.path.child(seg{name: p.Value, loop: -1}))
		}
		ev, name := base.ev, p.Value
		return cx{ev: func(e *env) value { v := ev(e); return e.of(v.member(name), v) }, src: base.src}
	case *ast.IntegerNode:
		if base.path != nil {
			return c.pathExpr(base.path.child(seg{idx: p.Value, loop: -1}))
		}
	case *ast.UnaryNode:
		if i, ok := p.Node.(*ast.IntegerNode); ok && p.Operator == "-" && base.path != nil {
			return c.pathExpr(base.path.child(seg{idx: -i.Value, loop: -1}))
		}
	}
	c.markAt(n, base, true)
	return c.computedMember(base, c.operand(n.Property))
}

func (c *compiler) computedMember(base, key cx) cx {
	ev, kv := base.ev, key.ev
	return cx{src: base.src, ev: func(e *env) value {
		v, k := ev(e), kv(e)
		switch {
		case v.absent() || k.absent():
			return e.of(missing, v, k)
		case v.k == kObject && k.k == kText:
			return e.of(v.member(k.s), v)
		case v.k == kList && k.k == kInt:
			i := k.i
			if i < 0 {
				i += int64(v.length())
			}
			if i < 0 || i >= int64(v.length()) {
				return e.of(missing, v)
			}
			return e.of(v.item(int(i)), v)
		}
		return e.failSort(v, CodeNotValue, "the value has no such member")
	}}
}

func (c *compiler) builtinMember(n *ast.MemberNode, owner string, members map[string]eval) cx {
	p, ok := n.Property.(*ast.StringNode)
	if ok {
		if ev, found := members[p.Value]; found {
			return cx{ev: ev, may: memberOutcomes[p.Value]}
		}
	}
	var names []string
	for name := range members {
		names = append(names, name)
	}
	word := ""
	if ok {
		word = p.Value
	}
	c.stop(n.Property, CodeUnknownName, owner+" has no "+strconv.Quote(word), suggestName(word, names))
	return cx{}
}

// returned is a reference to a column that an earlier write returns.
func (c *compiler) returned(n *ast.MemberNode, w *writeBinding) cx {
	p, ok := n.Property.(*ast.StringNode)
	if !ok {
		c.stop(n, CodeReference, "name the returned column of "+w.name, "")
	}
	known := false
	for _, r := range w.returning {
		known = known || r == p.Value
	}
	switch {
	case !known:
		c.stop(n.Property, CodeReference, "write "+strconv.Quote(w.name)+" does not return "+p.Value+"; list it under returning", suggestName(p.Value, w.returning))
	case w.many:
		c.stop(n.Property, CodeReference, "write "+strconv.Quote(w.name)+" makes many records: which of their values is meant cannot be said", "")
	case w.later && w.target == c.target:
		c.stop(n.Property, CodeReference, "write "+strconv.Quote(w.name)+" comes later: a value can only be taken from an earlier write", "")
	}
	ref := &reference{write: w.name, field: p.Value, target: w.target}
	name := ref.write + "." + ref.field
	if w.target == c.target {
		v := value{k: kRef, s: name}
		return cx{ev: func(*env) value { return v }, ref: ref}
	}
	if w.onUse != nil {
		w.onUse(c.target)
	}
	return cx{ref: ref, ev: func(e *env) value {
		if v, ok := e.in.Returned[name]; ok {
			return fromConnector(v)
		}
		e.need(name)
		return missing
	}}
}

func (e *env) need(name string) {
	for _, n := range e.needs {
		if n == name {
			return
		}
	}
	e.needs = append(e.needs, name)
}

// pointer is # in a predicate: the item that is looked at.
func (c *compiler) pointer(n *ast.PointerNode) cx {
	if n.Name == "index" {
		return cx{may: someInteger, ev: func(e *env) value {
			if len(e.itemNo) == 0 {
				return missing
			}
			return intValue(int64(e.itemNo[len(e.itemNo)-1]))
		}}
	}
	if n.Name != "" {
		c.stop(n, CodeUnknownName, "only # and #index are known here", "#index")
	}
	if len(c.items) > 0 && c.items[len(c.items)-1] != nil {
		return c.pathExpr(c.items[len(c.items)-1])
	}
	return cx{ev: func(e *env) value {
		if len(e.items) == 0 {
			return missing
		}
		return e.items[len(e.items)-1]
	}}
}

func (c *compiler) conditional(n *ast.ConditionalNode) cx {
	cond, yes, no := c.operand(n.Cond), c.operand(n.Exp1), c.operand(n.Exp2)
	cv, yv, nv := cond.ev, yes.ev, no.ev
	c.condition(n.Cond, cond)
	return cx{src: firstSource(yes, no, cond), may: either(yes, no), own: yes.own && no.own, ev: func(e *env) value {
		if truth(e, cv(e)) {
			return yv(e)
		}
		return nv(e)
	}}
}

func firstSource(xs ...cx) *path {
	for _, x := range xs {
		if x.src != nil {
			return x.src
		}
	}
	return nil
}

func (c *compiler) array(n *ast.ArrayNode) cx {
	evs := make([]eval, len(n.Nodes))
	var src *path
	for i, m := range n.Nodes {
		x := c.operand(m)
		evs[i] = x.ev
		if src == nil {
			src = x.src
		}
	}
	return cx{src: src, may: someList, ev: func(e *env) value {
		list := make([]value, len(evs))
		for i, ev := range evs {
			list[i] = ev(e)
		}
		return e.of(value{k: kList, x: list}, list...)
	}}
}

package expr

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// The language is expr-lang's: its parser reads every expression. Evaluation is our own, from its syntax tree to
// closures, because its machine computes in float64 and treats a missing member like null; money and "not there"
// must stay exact here. Closures are also faster for the short chains that mappings are made of.

// Problem is a mistake in an expression; from counts runes from its beginning.
type Problem struct {
	From       int
	Code       string
	Message    string
	Suggestion string
}

// Error returns the message, so that a problem can be told from a bug when it is recovered.
func (p *Problem) Error() string { return p.Message }

// Compiled is a compiled expression.
type Compiled struct {
	chain  []Compiled // of x ?? y ?? z: what is taken, one after the other
	Eval   Eval
	Path   *Path        // when it is a plain path
	Source *Path        // the first path used anywhere in it: where its value comes from
	Const  *value.Value // when it is a constant
	May    *Outcome     // what check knows of its values; nil: anything
	Plain  *Path        // when it is the text or number of a field, but for white space and capitals
	Own    bool         // every text that it may give stands in the mapping
	Yes    *Need        // of a condition: what a form must be for it to be true
	No     *Need        // and for it to be false
	Size   string       // it is the number of items or characters of what lies under sized
	sized  *Path
	items  []value.Value // of a list that stands in the mapping
	Under  *Path         // where it lies, of what a helper or an item's place found
	Ref    *reference
	Uses   []*Path // all that it is made of
	Late   bool    // it is only known once a form is a submission
	Depth  int     // of the innermost loop that it hangs on, from 1; 0: none
	Term   *Term   // how it is made; nil: anything
}

// Program collects what the expressions of one plan need at run time.
type Program struct {
	slots  int
	depth  int
	trails []*Path // ways into the form, by the number that values carry
	Budget value.Budget
	Files  []File // that forms hold
}

// trail gives a path the number that values carry.
func (p *Program) trail(way *Path) int32 {
	p.trails = append(p.trails, way)
	return int32(len(p.trails))
}

// Way is what a value is made of; nil for nothing of the form.
func (p *Program) Way(src int32) *Path {
	if src == 0 {
		return nil
	}
	return p.trails[src-1]
}

// Slot gives a new place for a value.
func (p *Program) Slot() int { p.slots++; return p.slots - 1 }

// Compiler turns one expression into a closure within a scope.
type Compiler struct {
	Prog    *Program
	Scope   *Scope
	text    []rune
	Used    func(p *Path, deep bool) *Problem
	Within  func(p *Path) // told what is used with everything below it
	taken   []*Path       // what was used so far
	Target  string        // of the write that the expression belongs to; "" outside of writes
	items   []Compiled    // lists of the predicates around, innermost last
	Tables  map[string]*helpers.Table
	Helpers map[string]*Own                            // the mapping's own
	opened  []string                                   // those that are being compiled, the innermost last
	calls   int                                        // of own helpers
	depth   int                                        // of the innermost loop that was named so far
	May     func(abs []Step) *Outcome                  // what a form may have under a path, for check
	Listed  func(p *Path) *Problem                     // told what is used as a list, and why it cannot be
	Strict  bool                                       // report what can only fail; not for a mapping that was pinned before
	Late    bool                                       // a name was used that is only known once a form is a submission
	Never   func(n *Need) (why string, names []string) // why no form is so; names are the values that it may have there
	Warned  []Problem
	Dead    []Problem // what is never true
}

// warn remembers what may fail for some forms.
func (c *Compiler) warn(n ast.Node, code, message string) {
	c.Warned = append(c.Warned, Problem{From: n.Location().From, Code: code, Message: message})
}

// Compile parses and compiles text; whole allows a reference to the same target as the whole value.
func (c *Compiler) Compile(text string, whole bool) (x Compiled, prob *Problem) {
	tree, err := parser.Parse(text)
	if err != nil {
		var fe *file.Error
		if errors.As(err, &fe) {
			return Compiled{}, &Problem{From: fe.From, Code: CodeSyntax, Message: "this expression cannot be read: " + plainSyntax(fe.Message)}
		}
		return Compiled{}, &Problem{Code: CodeSyntax, Message: "this expression cannot be read: " + err.Error()}
	}
	c.text = []rune(text)
	defer func() {
		if prob = caught(recover()); prob != nil {
			x = Compiled{}
		}
	}()
	x = c.node(tree.Node)
	x.Depth, x.Uses, x.Late = c.depth, c.taken, c.Late
	if !whole {
		c.inside(tree.Node, x)
	}
	return x, nil
}

// caught is the problem by which a compiler was left; nil for none.
func caught(r any) *Problem {
	p, ok := r.(*Problem)
	if r != nil && !ok {
		panic(r)
	}
	return p
}

// Rehearse says why a value can only fail where it is used.
func (c *Compiler) Rehearse(name string, use value.Function, x Compiled) (prob *Problem) {
	defer func() { prob = caught(recover()) }()
	c.apply(&ast.NilNode{}, name, use, []Compiled{x}, true)
	return nil
}

var tokenWord = regexp.MustCompile(`unexpected token (?:[A-Z][a-z]+\((".*")\)|(.+))`)

// plainSyntax takes the parser's own terms out of its messages.
func plainSyntax(msg string) string {
	switch {
	case strings.Contains(msg, "token EOF"), strings.Contains(msg, "unexpected end"):
		return "it ends too early"
	case strings.Contains(msg, "strconv."):
		return `a number is too large; one of more than 18 digits is written with a point, such as 12345678901234567890.0, or as a text | decimal()`
	}
	return tokenWord.ReplaceAllString(msg, "unexpected $1$2")
}

// Whole compiles text as a value that is used whole, with everything below it.
func (c *Compiler) Whole(text string) (Compiled, *Problem) {
	x, p := c.Compile(text, true)
	if p == nil {
		p = c.mark(x, true)
		x.Uses = c.taken
	}
	return x, p
}

func (c *Compiler) mark(x Compiled, deep bool) *Problem {
	if x.Path == nil || c.Used == nil {
		return nil
	}
	c.taken = append(c.taken, x.Path)
	return c.Used(x.Path, deep)
}

// stop leaves the compiler with a problem at n, which Compile catches; it never returns.
func (c *Compiler) stop(n ast.Node, code, message, suggestion string) Compiled {
	panic(&Problem{n.Location().From, code, message, suggestion})
}

// operand compiles n as a value used in a bigger expression.
func (c *Compiler) operand(n ast.Node) Compiled { return c.part(n, true) }

// shallow is operand for what looks at a list or object without using what is in it.
func (c *Compiler) shallow(n ast.Node) Compiled { return c.part(n, false) }

func (c *Compiler) part(n ast.Node, deep bool) Compiled {
	x := c.node(n)
	c.inside(n, x)
	c.markAt(n, x, deep)
	return x
}

func (c *Compiler) inside(n ast.Node, x Compiled) {
	if x.Ref != nil && x.Ref.target == c.Target {
		c.stop(n, CodeReferenceInside, "a value returned by the same target is only known inside its transaction: it must be the whole value of a field", "")
	}
}

func (c *Compiler) markAt(n ast.Node, x Compiled, deep bool) {
	if p := c.mark(x, deep); p != nil {
		p.From = n.Location().From
		panic(p)
	}
}

func (c *Compiler) node(n ast.Node) Compiled {
	switch n := n.(type) {
	case *ast.NilNode:
		return constant(value.Null)
	case *ast.BoolNode:
		return constant(value.Bool(n.Value))
	case *ast.IntegerNode, *ast.FloatNode:
		return c.number(n)
	case *ast.StringNode:
		return constant(value.Text(n.Value))
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
		return c.stop(n, CodeUnknownHelper, "values have no methods; write helper(value) or value | helper()", "")
	}
	return c.stop(n, CodeSyntax, "this construct is not part of the mapping language", "")
}

func constant(v value.Value) Compiled {
	return Compiled{Eval: func(*Env) value.Value { return v }, Const: &v, Own: true, Term: &Term{Const: &v}}
}

// zeroFirst is 007, which is 7 or of another base, and the last parts of a date that stands without quotes.
var zeroFirst = regexp.MustCompile(`^0[0-9]`)

// number reads a decimal again from the text, because the syntax tree holds it as a binary float.
func (c *Compiler) number(n ast.Node) Compiled {
	text := string(c.text[n.Location().From:n.Location().To])
	if c.Strict && zeroFirst.MatchString(text) {
		c.stop(n, CodeSyntax, "a number does not begin with 0", `a text stands in quotes within the expression, such as '"007"' or '"2024-01-01"'`)
	}
	if n, ok := n.(*ast.IntegerNode); ok {
		return constant(value.Int(int64(n.Value)))
	}
	s, ok := value.CanonicalDecimal(strings.ReplaceAll(text, "_", ""))
	if !ok && !c.Strict { // a pinned mapping was read like this
		s, ok = value.CanonicalDecimal(strconv.FormatFloat(n.(*ast.FloatNode).Value, 'f', -1, 64))
	}
	if !ok {
		c.stop(n, CodeSyntax, "this number has too many digits", "")
	}
	return constant(value.Value{Kind: value.KindDecimal, Str: s})
}

func (c *Compiler) identifier(n *ast.IdentifierNode) Compiled {
	b, ok := c.Scope.Find(n.Value)
	if !ok {
		c.stop(n, CodeUnknownName, "nothing here is named "+strconv.Quote(n.Value), diag.Suggest(n.Value, c.Scope.all()))
	}
	c.depth = max(c.depth, b.Depth)
	c.Late = c.Late || b.Late
	c.taken = append(c.taken, b.Uses...)
	if b.Found != nil {
		*b.Found = true
	}
	switch {
	case b.is != nil:
		return *b.is
	case b.Path != nil:
		return c.pathExpr(b.Path)
	case b.Write != nil:
		c.stop(n, CodeReference, n.Value+" is a write: name one of the columns that it returns, such as "+n.Value+"."+slices.Concat(b.Write.Returning, []string{"COLUMN"})[0], "")
	case b.members != nil:
		c.stop(n, CodeUnknownName, n.Value+" is no value by itself: name what of it is meant", n.Value+"."+slices.Min(slices.Collect(maps.Keys(b.members))))
	}
	x := Compiled{Eval: b.Eval, Source: b.Source, May: b.May, Own: b.Own, Yes: b.Yes, No: b.No, Under: b.Under, Term: b.Term}
	if b.May == nil {
		return c.under(x, b.Under)
	}
	return x
}

func (c *Compiler) pathExpr(p *Path) Compiled {
	x := Compiled{Eval: p.compile(c.Prog.ways(p)), Path: p, Source: p, Plain: p, Term: &Term{Path: p}}
	if c.Strict {
		x.May = c.May(p.Abs)
	}
	return x
}

// pointer is # in a predicate: the item that is looked at.
func (c *Compiler) pointer(n *ast.PointerNode) Compiled {
	if n.Name == "index" {
		return Compiled{May: someInteger, Eval: func(e *Env) value.Value {
			if len(e.itemNo) == 0 {
				return value.Missing
			}
			return value.Int(int64(e.itemNo[len(e.itemNo)-1]))
		}}
	}
	up := 1
	switch {
	case n.Name == "outer" && len(c.items) > 1:
		up = 2
	case n.Name == "outer":
		c.stop(n, CodeUnknownName, "#outer is the item of the list around another list, as in filter(form.a, any(form.b, .ref == #outer.id)); an item of each has its name", "")
	case n.Name != "":
		c.stop(n, CodeUnknownName, "only #, #index and #outer are known here", diag.Suggest(n.Name, []string{"index", "outer"}))
	case len(c.items) == 0:
		return Compiled{Eval: func(e *Env) value.Value { return e.item(1) }}
	}
	list := c.items[len(c.items)-up]
	if list.Path != nil {
		p := itemOf(list.Path)
		p.Slot = -1 - up
		return c.pathExpr(p)
	}
	return c.under(Compiled{Eval: func(e *Env) value.Value { return e.item(up) }}, itemOf(list.Under))
}

func (c *Compiler) conditional(n *ast.ConditionalNode) Compiled {
	cond, yes, no := c.operand(n.Cond), c.operand(n.Exp1), c.operand(n.Exp2)
	cv, yv, nv := cond.Eval, yes.Eval, no.Eval
	c.condition(n.Cond, cond)
	return Compiled{Source: firstSource(yes, no, cond), May: either(yes, no), Own: yes.Own && no.Own, Eval: func(e *Env) value.Value {
		if e.Truth(cv(e)) {
			return yv(e)
		}
		return nv(e)
	}}.as("?:", cond, yes, no)
}

func firstSource(xs ...Compiled) (source *Path) {
	for _, x := range xs {
		source = cmp.Or(source, x.Source)
	}
	return source
}

func (c *Compiler) array(n *ast.ArrayNode) Compiled {
	xs := make([]Compiled, len(n.Nodes))
	var items []value.Value
	for i, m := range n.Nodes {
		if xs[i] = c.operand(m); xs[i].Const != nil {
			items = append(items, *xs[i].Const)
		}
	}
	may := &Outcome{Known: []value.Value{{Kind: value.KindList, Any: items}}, All: true}
	if len(items) < len(xs) {
		items, may = nil, someList
	}
	return Compiled{Source: firstSource(xs...), May: may, items: items, Eval: func(e *Env) value.Value {
		list := make([]value.Value, len(xs))
		for i := range xs {
			list[i] = xs[i].Eval(e)
		}
		return e.Of(value.Value{Kind: value.KindList, Any: list}, list...)
	}}
}

// Dotted is a plain path as it is written.
func (x Compiled) Dotted() string {
	if x.Path == nil {
		return "its list"
	}
	return x.Path.Dotted()
}

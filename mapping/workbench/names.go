package workbench

import (
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/source"
)

// name is what a name of an expression stands for.
type name struct {
	kind    Kind
	text    string   // the expression of let, or the list that it is an item of
	columns []string // of a write: those that it returns; of submission: its members
}

// names are those that the expressions at a place know.
type names map[string]name

// namesAt finds what the expressions at a place know.
func namesAt(spec *source.Mapping, path []any) names {
	n := names{"form": {kind: Root}, "submission": {kind: Root, columns: []string{"id", "received", "reference"}}, "attachments": {kind: Root}}
	if within(path, "helpers/*/value") {
		h, _ := spec.Helpers.Get(path[1].(string))
		n = names{}
		for _, arg := range h.Takes {
			n[arg] = name{kind: Argument}
		}
		return n
	}
	if within(path, "answer/fields/*") && spec.Answer != nil {
		n = names{"content": {kind: Root}, "file": {kind: Root}}
		if spec.Answer.Each != nil {
			item, list, _ := expr.ReadEach(spec.Answer.Each.Text)
			n[item] = name{kind: Row, text: list}
		}
		return n
	}
	if len(spec.Sequences) > 0 {
		n["numbers"] = name{kind: Root, columns: spec.Sequences.Keys()}
	}
	for _, l := range spec.Let {
		n[l.Key] = name{kind: Let, text: l.Value.Text}
	}
	for _, w := range spec.Write {
		if len(w.Returning) > 0 {
			n[w.As] = name{kind: Returned, columns: w.Returning}
		}
	}
	if len(path) > 1 && path[0] == any("write") {
		if i, is := path[1].(int); is && i < len(spec.Write) {
			n.write(spec, i, 0)
		}
	}
	return n
}

// write adds what a write names itself, and what those do that it is under.
func (n names) write(spec *source.Mapping, i, depth int) {
	w := &spec.Write[i]
	if at := slices.IndexFunc(spec.Write, func(o source.Write) bool { return w.Under != "" && o.As == w.Under }); at >= 0 && depth < len(spec.Write) {
		n.write(spec, at, depth+1)
	}
	for _, e := range w.Each {
		if item, list, _ := expr.ReadEach(e.Text); item != "" {
			n[item] = name{kind: Row, text: list}
		}
	}
	for _, l := range w.Let {
		n[l.Key] = name{kind: Let, text: l.Value.Text}
	}
}

// read is what an expression is made of.
type read struct {
	fields   []string // of the form, dotted and without indexes, sorted
	returned []string // WRITE.COLUMN
	lets     []string // names of let on the way
}

// Names are followed so deep, and so often: those of let may use each other twice, and half a file may have them in a circle.
const (
	maxDepth = 20
	maxTexts = 1000
)

// reads finds what an expression is made of; nothing where it cannot be read.
func (n names) reads(text string) read {
	w := reader{names: n, found: map[string]bool{}, returned: map[string]bool{}, lets: map[string]bool{}}
	if way, is := w.text(text); is {
		w.found[way] = true
	}
	delete(w.found, "")
	return read{slices.Sorted(maps.Keys(w.found)), slices.Sorted(maps.Keys(w.returned)), slices.Sorted(maps.Keys(w.lets))}
}

// wayOf is the field that an expression names, where it is nothing else.
func (n names) wayOf(text string) (way string, is bool) {
	return (&reader{names: n, found: map[string]bool{}, returned: map[string]bool{}, lets: map[string]bool{}}).text(text)
}

// reader walks the tree of an expression.
type reader struct {
	names                 names
	found, returned, lets map[string]bool
	items                 []string // ways to the items of the lists around; "" where that is not known
	depth, texts          int
}

// text reads an expression, and says which field it is where it is one alone.
func (r *reader) text(text string) (way string, is bool) {
	tree, err := parser.Parse(text)
	if r.texts++; err != nil || r.depth > maxDepth || r.texts > maxTexts {
		return "", false
	}
	r.depth++
	items := r.items
	r.items = nil
	way, is = r.node(tree.Node)
	r.items = items
	r.depth--
	return way, is
}

// take reads a node whose value is used.
func (r *reader) take(n ast.Node) (way string, is bool) {
	if way, is = r.node(n); is {
		r.found[way] = true
	}
	return way, is
}

// node reads a node, and says which field it is.
func (r *reader) node(n ast.Node) (way string, is bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return r.name(n.Value)
	case *ast.MemberNode:
		return r.member(n)
	case *ast.ChainNode:
		return r.node(n.Node)
	case *ast.PointerNode:
		if back := len(r.items) - 1 - len(n.Name)/len("outer"); (n.Name == "" || n.Name == "outer") && back >= 0 && r.items[back] != "" {
			return r.items[back], true
		}
	case *ast.PredicateNode:
		r.take(n.Node)
	case *ast.BuiltinNode:
		return r.call(n.Name, n.Arguments)
	case *ast.CallNode:
		id, _ := n.Callee.(*ast.IdentifierNode)
		if id != nil {
			return r.call(id.Value, n.Arguments)
		}
	default:
		for _, below := range below(n) {
			r.take(below)
		}
	}
	return "", false
}

// name follows a name of the mapping.
func (r *reader) name(of string) (way string, is bool) {
	switch x := r.names[of]; {
	case of == "form" && x.kind == Root:
		return "", true
	case x.kind == Let:
		r.lets[of] = true
		return r.text(x.text)
	case x.kind == Row:
		return r.text(x.text)
	}
	return "", false
}

func (r *reader) member(n *ast.MemberNode) (way string, is bool) {
	key, named := n.Property.(*ast.StringNode)
	if id, is := n.Node.(*ast.IdentifierNode); is && named && r.names[id.Value].kind == Returned {
		r.returned[id.Value+"."+key.Value] = true
		return "", false
	}
	way, is = r.node(n.Node)
	switch {
	case !named:
		r.take(n.Property)
	case is:
		way = strings.TrimPrefix(way+"."+key.Value, ".")
	}
	return way, is
}

// call reads the arguments of a helper; what some of them give is still a field.
func (r *reader) call(name string, args []ast.Node) (way string, is bool) {
	for i, a := range args {
		if _, body := a.(*ast.PredicateNode); body && i > 0 {
			r.items = append(r.items, way)
			r.node(a)
			r.items = r.items[:len(r.items)-1]
			continue
		}
		if at, field := r.node(a); i == 0 {
			way, is = at, field
		} else if field {
			r.found[at] = true
		}
	}
	if is && !slices.Contains([]string{"filter", "find", "first", "last", "sortBy", "sort", "distinct", "flatten"}, name) {
		r.found[way] = true
		return "", false
	}
	return way, is
}

// below are the parts of a node.
func below(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	}
	return nil
}

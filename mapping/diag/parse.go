package diag

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file, far above any sensible one: they keep a hostile file from using up memory or stack.
const (
	maxBytes = 4 << 20
	maxDepth = 100
	maxNodes = 200_000 // after expanding aliases
)

// File is a parsed YAML file that knows where everything stands.
type File struct {
	Name  string // as problems name it
	Hooks Hooks  // may be set between Parse and Decode
	Used  string // where it is used, of a file that others use: problems name that place too
	root  *Node
	lines []string
}

// Hooks are what a caller may add to Decode. Either may be nil.
type Hooks struct {
	Secret func(n *Node) (string, Problems) // turns the node of a connectors.Secret into its value
	Text   func(n *Node) Problems           // looks at the node of every other text
}

// Parse reads one YAML document. It refuses duplicate keys, alias bombs, merge keys and tags. The file is
// never nil: with problems it holds what could be read, so that callers can go on and find more.
func Parse(name string, src []byte) (*File, Problems) {
	src = []byte(strings.TrimPrefix(string(src), "\ufeff"))
	f := &File{Name: name}
	f.root = &Node{Kind: Null, Line: 1, Column: 1, file: f}
	if len(src) > maxBytes {
		return f, Problems{{File: name, Code: CodeTooLarge, Message: fmt.Sprintf("the file has %d bytes, more than %d", len(src), maxBytes)}}
	}
	f.lines = strings.Split(strings.ReplaceAll(string(src), "\r\n", "\n"), "\n")
	if p, ok := f.readable(src); !ok {
		return f, Problems{p}
	}
	doc, p := f.parse(src)
	if p != nil {
		return f, Problems{*p}
	}
	b := builder{file: f, anchors: map[string]*Node{}}
	if doc != nil {
		f.root = b.node(doc, 0)
	}
	if f.root.weight() > maxNodes {
		b.problem(CodeTooLarge, 1, 1, "the aliases of this file expand to too much", "write the values out")
		f.root = &Node{Kind: Null, Line: 1, Column: 1, file: f}
	}
	return f, b.problems
}

// readable refuses what the YAML scanner would read wrongly or without bound.
func (f *File) readable(src []byte) (Problem, bool) {
	for i, line := range f.lines {
		if !utf8.ValidString(line) {
			return f.at(CodeSyntax, i+1, 1, "the line is not valid UTF-8", "save the file as UTF-8"), false
		}
		// goccy/go-yaml v1.19 accepts some tabs and misreads the block below them.
		if rest := strings.TrimLeft(line, " "); strings.HasPrefix(rest, "\t") && strings.TrimSpace(rest) != "" {
			return f.at(CodeSyntax, i+1, len(line)-len(rest)+1, "the line is indented by a tab", "indent by spaces"), false
		}
	}
	return f.shallow(src)
}

// shallow looks at the tokens only: the parser is recursive and has no limit of its own.
func (f *File) shallow(src []byte) (p Problem, ok bool) {
	defer func() {
		if recover() != nil {
			p, ok = f.at(CodeSyntax, 1, 1, "the file cannot be read as YAML", ""), false
		}
	}()
	depth, line, entries := 0, 0, 0
	for _, t := range lexer.Tokenize(string(src)) {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			entries++
		}
		if depth > maxDepth || entries > maxDepth || t.Position.IndentLevel > maxDepth {
			return f.at(CodeTooLarge, t.Position.Line, t.Position.Column, "the file is nested too deeply", ""), false
		}
	}
	return Problem{}, true
}

func (f *File) parse(src []byte) (doc ast.Node, p *Problem) {
	fail := func(line, column int, message, suggestion string) {
		x := f.at(CodeSyntax, line, column, message, suggestion)
		doc, p = nil, &x
	}
	defer func() {
		if recover() != nil { // the parser is not ours: bad input never stops the agent
			fail(1, 1, "the file cannot be read as YAML", "")
		}
	}()
	parsed, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		line, column, message := 1, 1, err.Error()
		var y yaml.Error
		if errors.As(err, &y) && y.GetToken() != nil {
			line, column, message = y.GetToken().Position.Line, y.GetToken().Position.Column, y.GetMessage()
		}
		fail(line, column, "this is not valid YAML: "+firstLine(message), "")
		return doc, p
	}
	for _, d := range parsed.Docs {
		if d.Body == nil {
			continue
		}
		if doc != nil {
			t := d.Body.GetToken()
			fail(t.Position.Line, t.Position.Column, "a second document begins here", "keep one document a file")
			return doc, p
		}
		doc = d.Body
	}
	return doc, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// at makes a problem with the source line of a position.
func (f *File) at(code string, line, column int, message, suggestion string) Problem {
	line, column = max(line, 1), max(column, 1)
	if f.Used != "" {
		message += ", used at " + f.Used
	}
	p := Problem{File: f.Name, Line: line, Column: column, Code: code, Message: message, Suggestion: suggestion}
	if line <= len(f.lines) {
		p.Source = strings.TrimRight(f.lines[line-1], "\r")
		p.Column = min(column, utf8.RuneCountInString(p.Source)+1)
	}
	return p
}

// builder turns the parser's tree into ours: aliases expanded, duplicates found, scalars classified.
type builder struct {
	file     *File
	anchors  map[string]*Node
	problems Problems
}

func (b *builder) problem(code string, line, column int, message, suggestion string) {
	b.problems = append(b.problems, b.file.at(code, line, column, message, suggestion))
}

func (b *builder) node(n ast.Node, depth int) *Node {
	pos := n.GetToken().Position
	out := &Node{Kind: Null, Line: pos.Line, Column: pos.Column, file: b.file}
	if depth > maxDepth {
		b.problem(CodeTooLarge, pos.Line, pos.Column, "the file is nested too deeply", "")
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		b.mapping(out, n, depth)
	case *ast.MappingValueNode:
		b.pairs(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.Kind = List
		for _, v := range n.Values {
			out.Items = append(out.Items, b.node(v, depth+1))
		}
	case *ast.AnchorNode:
		inner := b.node(n.Value, depth+1)
		b.anchors[n.Name.GetToken().Value] = inner
		return inner
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if target, ok := b.anchors[name]; ok {
			target.alias()
			return target
		}
		b.problem(CodeAlias, pos.Line, pos.Column, "no anchor &"+name+" stands before this alias", "write the value out")
	case *ast.TagNode:
		b.tag(out, n)
	default:
		b.scalar(out, n)
	}
	return out
}

func (b *builder) mapping(out *Node, n *ast.MappingNode, depth int) {
	if !n.IsFlowStyle && len(n.Values) > 0 { // the token of a block is its first colon
		pos := n.Values[0].Key.GetToken().Position
		out.Line, out.Column = pos.Line, pos.Column
	}
	b.pairs(out, n.Values, depth)
}

func (b *builder) pairs(out *Node, values []*ast.MappingValueNode, depth int) {
	out.Kind = Map
	seen := map[string]int{}
	for i, v := range values {
		pos := v.Key.GetToken().Position
		if i == 0 && out.Line == pos.Line && out.Column > pos.Column {
			out.Column = pos.Column
		}
		if v.Key.IsMergeKey() {
			b.problem(CodeFeature, pos.Line, pos.Column, "merge keys (<<) are not read", "write the keys out")
			continue
		}
		key := v.Key.GetToken().Value
		if line, twice := seen[key]; twice {
			b.problem(CodeDuplicate, pos.Line, pos.Column, fmt.Sprintf("the key %q was set in line %d already", key, line), "remove one of the two")
			continue
		}
		seen[key] = pos.Line
		out.Pairs = append(out.Pairs, Pair{Key: key, Line: pos.Line, Column: pos.Column, Value: b.node(v.Value, depth+1)})
	}
}

func (b *builder) tag(out *Node, n *ast.TagNode) {
	if n.Start.Value != "!!str" || n.Value == nil {
		b.problem(CodeFeature, out.Line, out.Column, "the tag "+n.Start.Value+" is not read", "write the value without a tag")
		return
	}
	b.scalar(out, n.Value)
	out.Kind = Text
}

// number is what JSON calls a number. What YAML also reads as one (0x10, 012, 1_000, .inf) stays a text:
// a column number or a code with a leading zero is not to be changed by its reader.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func (b *builder) scalar(out *Node, n ast.Node) {
	switch n := n.(type) {
	case *ast.NullNode:
		return
	case *ast.BoolNode:
		out.Kind, out.Text = Bool, "false"
		if n.Value {
			out.Text = "true"
		}
		return
	case *ast.LiteralNode:
		out.Kind, out.Text, out.style = Text, n.Value.Value, block
		return
	case *ast.StringNode:
		out.Kind, out.Text = Text, n.Value
	default:
		out.Kind, out.Text = Text, n.GetToken().Value
	}
	switch n.GetToken().Type {
	case token.DoubleQuoteType, token.SingleQuoteType:
		out.style = quoted
	default:
		if number.MatchString(out.Text) {
			out.Kind = Number
		}
	}
}

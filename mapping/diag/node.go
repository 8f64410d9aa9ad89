package diag

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Kind says what stands at a place of a file.
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Text
	Number // as JSON writes them; Text has the exact digits
	Bool   // Text is true or false
	List
	Map
)

// String returns the kind in words for messages.
func (k Kind) String() string {
	return [...]string{Null: "nothing", Text: "a text", Number: "a number", Bool: "true or false", List: "a list", Map: "a block of keys"}[k]
}

type style uint8

const (
	plain style = iota
	quoted
	block
)

// Node is one value of a file with its position. A field of type *Node keeps a value for later.
type Node struct {
	Kind         Kind
	Text         string // of scalars
	Pairs        []Pair // of a Map, in the file's order
	Items        []*Node
	Line, Column int  // from 1
	Aliased      bool // an alias leads to it too
	style        style
	file         *File
}

// Pair is one key of a Map with its value; Line and Column are the key's.
type Pair struct {
	Key          string
	Line, Column int
	Value        *Node
}

// Root returns the document's node; Null for an empty file.
func (f *File) Root() *Node { return f.root }

// Get returns the value of a key of a Map.
func (n *Node) Get(key string) (*Node, bool) {
	for i := range n.Pairs {
		if n.Pairs[i].Key == key {
			return n.Pairs[i].Value, true
		}
	}
	return nil, false
}

// Filter returns the node with those of its keys only that keep says yes to; its position stays.
func (n *Node) Filter(keep func(key string) bool) *Node {
	out := *n
	out.Pairs = nil
	for _, p := range n.Pairs {
		if keep(p.Key) {
			out.Pairs = append(out.Pairs, p)
		}
	}
	return &out
}

// File returns the name of the file that the node stands in.
func (n *Node) File() string { return n.file.Name }

// In tells whether the node stands in a file.
func (n *Node) In(f *File) bool { return n.file == f }

// Place names the node's line, and where its file is used.
func (n *Node) Place() string {
	place := fmt.Sprintf("%s:%d", n.file.Name, n.Line)
	if n.file.Used != "" {
		place += ", used at " + n.file.Used
	}
	return place
}

// Problem returns a problem at the node.
func (n *Node) Problem(code, message, suggestion string) Problem {
	return n.file.at(code, n.Line, n.Column, message, suggestion)
}

// At returns a problem at any position of the node's file.
func (n *Node) At(line, column int, code, message, suggestion string) Problem {
	return n.file.at(code, line, column, message, suggestion)
}

// KeyProblem returns a problem at a key of the node; at the node when the key is not there.
func (n *Node) KeyProblem(key, code, message, suggestion string) Problem {
	for _, p := range n.Pairs {
		if p.Key == key {
			return p.Value.file.at(code, p.Line, p.Column, message, suggestion)
		}
	}
	return n.Problem(code, message, suggestion)
}

// ValueProblem returns a problem at the value of a key of the node; at the node when the key is not there.
func (n *Node) ValueProblem(key, code, message, suggestion string) Problem {
	if v, ok := n.Get(key); ok {
		n = v
	}
	return n.Problem(code, message, suggestion)
}

// ProblemAt returns a problem inside a scalar, at a byte offset of its Text, such as an error within an
// expression. Where the place cannot be told (escapes, folded lines) it is the node's own.
func (n *Node) ProblemAt(offset int, code, message, suggestion string) Problem {
	if offset < 0 || offset > len(n.Text) {
		offset = 0
	}
	if n.style == block {
		return n.blockProblem(offset, code, message, suggestion)
	}
	column := n.Column + utf8.RuneCountInString(n.Text[:offset])
	if n.style == quoted {
		column++
	}
	p := n.file.at(code, n.Line, column, message, suggestion)
	if p.Column != column { // beyond the line's end: the text goes over several lines
		return n.Problem(code, message, suggestion)
	}
	return p
}

// blockProblem finds the place in a literal block by counting its lines; a folded one has other lines.
func (n *Node) blockProblem(offset int, code, message, suggestion string) Problem {
	line, start := n.Line+1, 0
	for i := 0; i < offset; i++ {
		if n.Text[i] == '\n' {
			line, start = line+1, i+1
		}
	}
	if line > len(n.file.lines) {
		return n.Problem(code, message, suggestion)
	}
	column := 1 // of the block's first line: deeper lines carry the rest of their indent in the text
	for _, r := range n.file.lines[n.Line] {
		if r != ' ' {
			break
		}
		column++
	}
	return n.file.at(code, line, column+utf8.RuneCountInString(n.Text[start:offset]), message, suggestion)
}

// Below follows a path of keys (string) and indexes (int) as far as it is there.
func (n *Node) Below(path ...any) *Node {
	for _, step := range path {
		next, _, _ := n.step(step)
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// Problem returns a problem at the value that a path of keys (string) and indexes (int) leads to. When the
// path ends early it is at the key of the last value on it that is there.
func (f *File) Problem(code, message, suggestion string, path ...any) Problem {
	n, line, column := f.root, f.root.Line, f.root.Column
	for i, step := range path {
		next, l, c := n.step(step)
		if next == nil {
			return n.file.at(code, line, column, message, suggestion)
		}
		n, line, column = next, l, c
		if i == len(path)-1 {
			line, column = n.Line, n.Column
		}
	}
	return n.file.at(code, line, column, message, suggestion)
}

// KeyProblem returns a problem at the last key of a path, rather than at its value.
func (f *File) KeyProblem(code, message, suggestion string, path ...any) Problem {
	return f.Problem(code, message, suggestion, append(path, missing{})...)
}

// missing is a step of a path that leads nowhere.
type missing struct{}

// step returns the child and the position of the child's key.
func (n *Node) step(step any) (*Node, int, int) {
	switch s := step.(type) {
	case string:
		for _, p := range n.Pairs {
			if p.Key == s {
				return p.Value, p.Line, p.Column
			}
		}
	case int:
		if s >= 0 && s < len(n.Items) {
			return n.Items[s], n.Items[s].Line, n.Items[s].Column
		}
	}
	return nil, 0, 0
}

// Any returns the value as map[string]any, []any, string, json.Number, bool or nil.
func (n *Node) Any() any {
	switch n.Kind {
	case Text:
		return n.Text
	case Number:
		return json.Number(n.Text)
	case Bool:
		return n.Text == "true"
	case List:
		out := make([]any, len(n.Items))
		for i, x := range n.Items {
			out[i] = x.Any()
		}
		return out
	case Map:
		out := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			out[p.Key] = p.Value.Any()
		}
		return out
	default:
		return nil
	}
}

// Describe returns what stands here in a few words for a message; never the content of a long text.
func (n *Node) Describe() string {
	switch n.Kind {
	case Text, Number, Bool:
		if len(n.Text) <= 40 {
			return fmt.Sprintf("%q", n.Text)
		}
	}
	return n.Kind.String()
}

// alias notes that an alias leads to the node and all below it.
func (n *Node) alias() {
	if n.Aliased {
		return
	}
	n.Aliased = true
	for _, x := range n.Items {
		x.alias()
	}
	for _, p := range n.Pairs {
		p.Value.alias()
	}
}

// weight counts nodes with aliases expanded, stopping above maxNodes. Nodes form no cycles: an alias
// resolves only to an anchor that is complete.
func (n *Node) weight() int {
	return n.weigh(map[*Node]int{})
}

func (n *Node) weigh(known map[*Node]int) int {
	if w, ok := known[n]; ok {
		return w
	}
	w := 1
	for _, x := range n.Items {
		w = min(w+x.weigh(known), maxNodes+1)
	}
	for _, p := range n.Pairs {
		w = min(w+p.Value.weigh(known), maxNodes+1)
	}
	known[n] = w
	return w
}

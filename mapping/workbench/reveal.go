package workbench

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/charset"
)

// Reveal says that people see what a citizen wrote as it is. Else it is masked: nobody sees what was written, and everybody how: letters are x or X,
// digits 9, all else stays.
type Reveal bool

// Text is a text of a form, or one that is made of it.
func (r Reveal) Text(s string) string {
	switch {
	case bool(r):
		return s
	case s == "true" || s == "false":
		return "(true or false)"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsNumber(r):
			return '9'
		case r == '\ufeff': // begins a file
			return r
		case unicode.IsUpper(r):
			return 'X'
		case unicode.IsLetter(r), unicode.IsMark(r), r > unicode.MaxLatin1:
			return 'x'
		}
		return r
	}, s)
}

// Value writes a value for people; "" is an empty text.
func (r Reveal) Value(v connectors.Value) string {
	if v.Kind == connectors.Text && v.Str == "" {
		return `""`
	}
	return r.shown(v, mapping.Show(v))
}

// shown leaves what nobody has written: that there is nothing, and what stands for a value.
func (r Reveal) shown(v connectors.Value, text string) string {
	switch v.Kind {
	case connectors.Missing, connectors.Null, connectors.Reference, connectors.Binary:
		return text
	}
	return r.Text(text)
}

// Explained is the value of a column; one that stands in the mapping itself is no citizen's.
func (r Reveal) Explained(x mapping.Explanation) string {
	if constant(x.Expression) {
		return x.Shown
	}
	return r.shown(x.Value, x.Shown)
}

// tree is a form, or the part of one at a way, with the names of its fields that are known. Masked numbers are texts.
func (r Reveal) tree(v any, way []string, k known) any {
	if r {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			below := append(slices.Clip(way), name)
			shown := k.shown(below)
			for n := 2; out[shown] != nil; n++ { // several that are not shown
				shown = fmt.Sprintf("… %d", n)
			}
			out[shown] = r.tree(v[name], below, k)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, r.tree(item, way, k))
		}
		return out
	case nil:
		return nil
	case json.Number:
		return r.Text(v.String())
	}
	return r.Text(fmt.Sprint(v))
}

// Bytes are encoded records; none where their character set is not known or cannot read them.
func (r Reveal) Bytes(body []byte, set string) []byte {
	if r {
		return body
	}
	c, ok := charset.Lookup(set)
	if !ok {
		return nil
	}
	text, _, ok := c.DecodeString(body)
	if !ok {
		return nil
	}
	out, _, ok := c.AppendString(nil, r.Text(text))
	if !ok {
		return nil
	}
	return out
}

// constant tells whether an expression is a text, number or word alone.
func constant(text string) bool {
	tree, err := parser.Parse(text)
	if err != nil {
		return false
	}
	switch tree.Node.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NilNode:
		return true
	}
	return false
}

// Source says what an expression begins with: the field, where it names one, else its first part as it is written.
func Source(x mapping.Explanation) string {
	first := Steps(x.Expression)[0]
	if x.Pointer != "" && strings.Contains(first, ".") && isWay(first) {
		return x.Pointer
	}
	return first
}

func isWay(text string) bool {
	tree, err := parser.Parse(text)
	if err != nil {
		return false
	}
	_, is := tree.Node.(*ast.MemberNode)
	_, chain := tree.Node.(*ast.ChainNode)
	return is || chain
}

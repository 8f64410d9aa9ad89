package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/source"
)

// ownHelpers reads the section helpers; what is wrong with one is told there, not at each call.
func (b *builder) ownHelpers() {
	b.own = map[string]*expr.Own{}
	for _, h := range b.spec.Helpers {
		if b.ownNames(h.Key, h.Value) && h.Value.Value != nil && h.Value.Value.Node != nil {
			b.own[h.Key] = &expr.Own{Name: h.Key, Takes: h.Value.Takes, Text: h.Value.Value.Text}
		}
	}
	for _, h := range b.spec.Helpers {
		own := b.own[h.Key]
		if own == nil {
			continue
		}
		if p := b.compiler(*h.Value.Value, b.root, "").Define(own); p != nil {
			own.Broken = true
			b.expressionProblem(*h.Value.Value, p)
		}
	}
}

// ownNames checks the names of a helper and of its arguments.
func (b *builder) ownNames(name string, h source.Helper) bool {
	if h.Node == nil {
		return false
	}
	switch {
	case !expr.WordPattern.MatchString(name) || expr.Reserved[name]:
		b.report(h.Node.Problem(expr.CodeValue, fmt.Sprintf("%q is no name of a helper: it is made of letters, digits and _, and is no word of the language", name), ""))
		return false
	case expr.Taken(name):
		b.report(h.Node.Problem(CodeShadow, fmt.Sprintf("the language has a helper %q already", name), ""))
		return false
	}
	for i, arg := range h.Takes {
		if !expr.WordPattern.MatchString(arg) || expr.Reserved[arg] || slices.Contains(h.Takes[:i], arg) {
			b.report(h.Node.ValueProblem("takes", expr.CodeValue, fmt.Sprintf("%q is no name of an argument: each is made of letters, digits and _, is no word of the language, and stands once", arg), ""))
			return false
		}
	}
	return true
}

// whole is an expression with the own helpers that it calls: what it does is known by all of it.
func (b *builder) whole(text string) string {
	seen, calls := map[string]bool{}, expr.Calls(text)
	for range b.spec.Helpers {
		for _, h := range b.spec.Helpers {
			if own := b.own[h.Key]; own != nil && !seen[h.Key] && slices.Contains(calls, h.Key) {
				seen[h.Key], calls = true, append(calls, expr.Calls(own.Text)...)
				text += "\n" + h.Key + "(" + strings.Join(own.Takes, ", ") + ") " + own.Text
			}
		}
	}
	return text
}

package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/source"
	"github.com/inbasket/inbasket/mapping/wording"
)

// words reads what senders are told of wrong fields: input.language and input.texts.
func (b *builder) words() {
	in := &b.spec.Input
	b.choice([]any{"input", "language"}, in.Language, wording.Languages())
	b.plan.Words = mapping.Words{Language: in.Language, Own: map[string]map[string]string{}}
	for _, t := range in.Texts {
		b.texts(t)
	}
}

// texts reads own words for one field, whose key is an expression such as form.owner.name.
func (b *builder) texts(t diag.Entry[source.Texts]) {
	if t.Value.Node == nil {
		return
	}
	path, p := b.fieldNamed(t.Key, "texts belong to a field of the form, such as form.owner.name")
	if p == nil && b.plan.Schema == nil && !b.pinned() && !b.doubtful() && !b.fields.Cover(path.Names()) {
		p = &expr.Problem{Code: CodeUnknownField, Message: "nothing in the mapping reads this field, so that nothing is ever said of it"}
	}
	if p != nil {
		b.report(b.file.Root().At(t.Line, t.Column, p.Code, p.Message, asked(p.Suggestion)))
		return
	}
	key := mapping.FieldKey(path.Abs)
	if b.plan.Words.Own[key] != nil {
		b.report(b.file.Root().At(t.Line, t.Column, CodeDuplicate, "this field has texts already, further up", "put them together"))
		return
	}
	own := map[string]string{}
	b.plan.Words.Own[key] = own
	add := func(code, text string, at diag.Problem) {
		own[code] = text
		if strings.TrimSpace(text) == "" {
			b.report(at)
		}
	}
	const empty = "whoever filled in the form would read nothing: a text belongs here"
	if t.Value.Node.Kind != diag.Map {
		add("", t.Value.Any, t.Value.Node.Problem(expr.CodeValue, empty, ""))
		return
	}
	known := append(wording.Known(), source.OtherCodes)
	for _, c := range t.Value.ByCode {
		at := func(code, message, suggestion string) diag.Problem {
			return t.Value.Node.KeyProblem(c.Key, code, message, suggestion)
		}
		if !slices.Contains(known, c.Key) {
			b.report(at(expr.CodeValue, fmt.Sprintf("%q is no code of a field error", c.Key), diag.DidYouMean(codeLike(c.Key), known)))
			continue
		}
		code := c.Key
		if code == source.OtherCodes {
			code = ""
		}
		add(code, c.Value, at(expr.CodeValue, empty, ""))
	}
}

// codeLike is the code that who writes a keyword of JSON Schema means.
func codeLike(word string) string {
	if word == "required" {
		return value.CodeMissingValue
	}
	if code := schema.CodeOf(word); slices.Contains(wording.Known(), code) {
		return code
	}
	return word
}

// fieldNamed reads the path of a field, which may lead through lists without an index; none is said where it is none.
func (b *builder) fieldNamed(text, none string) (*expr.Path, *expr.Problem) {
	c := b.compiler(source.Expression{}, b.root, "")
	c.Used = nil
	x, p := c.Compile(text, false)
	if p == nil && (x.Path == nil || len(x.Path.Abs) == 0) {
		p = &expr.Problem{Code: expr.CodeValue, Message: none}
	}
	if p == nil {
		p = b.inForm(x.Path.Abs, true)
	}
	return x.Path, p
}

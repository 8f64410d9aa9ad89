package mapping

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// maxTried bounds a text that is made up to see whether what a schema allows fits.
const maxTried = 1 << 20

// rehearse reports an expression that can only fail where its value is used.
func (b *builder) rehearse(x exprText, c cx, name string, use function) {
	expr := b.compiler(b.root, "")
	defer func() {
		if r := recover(); r != nil {
			p, ok := r.(*exprProblem)
			if !ok {
				panic(r)
			}
			b.expressionProblem(x, p)
		}
		b.warn(x, expr)
	}()
	expr.apply(&ast.NilNode{}, name, use, []cx{c}, true)
}

// isTrue uses a value as a condition.
func isTrue(e *env, a []value) value { return boolValue(truth(e, a[0])) }

// wholeText uses a value as a text.
func wholeText(e *env, a []value) value {
	if _, ok := a[0].text(); !ok && !a[0].absent() {
		return e.fail(CodeNotText, "it must be a single value")
	}
	return a[0]
}

// fits checks what does not depend on the form against what the columns and the layout take.
func (b *builder) fits(w *write, spec writeSpec) {
	if b.pinned() {
		return
	}
	for i := range spec.Fields {
		f, s := &w.fields[i], spec.Fields[i].Value
		if f.bad {
			continue
		}
		if f.x.ev != nil && f.x.ref == nil && s.Value != nil {
			b.fit(w, f, f.x, *s.Value)
		}
		if f.def != nil {
			b.fit(w, f, *f.def, *s.Default)
		}
	}
}

// fit checks the outcomes of one expression as the whole value of a field.
func (b *builder) fit(w *write, f *field, x cx, text exprText) {
	o := x.outcome()
	works, failed, shown, more := false, "", "", 0
	for _, v := range o.known {
		if v.absent() && (f.def != nil || len(o.known)+len(o.more) > 1) {
			continue
		}
		why := b.plan.refusal(w, f, v)
		if works = works || why == nil; why == nil {
			continue
		}
		if more++; more == 1 {
			failed, shown = why.message, shownValue(v)
		}
	}
	if more > 1 {
		failed += fmt.Sprintf("; %d more do not fit either", more-1)
	}
	if more > 0 {
		b.report(text.node.Problem(CodeConstant, "the mapping's own value "+shown+" does not fit here: "+failed, "mend the value or the field; a form cannot help it"))
		return
	}
	if b.fitParts(w, f, o, text) {
		return
	}
	sorts, whys := map[kind]bool{}, map[kind]string{}
	for _, v := range o.more {
		why := b.plan.refusal(w, f, v)
		if sorts[v.k] = sorts[v.k] || why == nil; why == nil {
			works = true
			continue
		}
		whys[v.k] = cmp.Or(whys[v.k], why.message)
		failed = cmp.Or(failed, why.message)
	}
	if !works && len(o.more) > 0 {
		b.report(text.node.Problem(CodeNever, "no value that this gives fits here: "+failed, ""))
		return
	}
	if k, ok := useless(sorts); ok && o.named {
		b.warnAt(text, "the form's schema names the sort "+kindWord(k)+" here, and the field takes none of it: "+whys[k], "such a form is parked, since it is right; narrow the schema, or convert the value")
	}
	b.fitSchema(w, f, x, text)
}

// warnAt keeps what may not fit for some forms.
func (b *builder) warnAt(text exprText, message, suggestion string) {
	b.plan.warnings = append(b.plan.warnings, text.node.Problem(CodeNever, message, suggestion))
}

// fitParts checks the text of the mapping's own that is surely in a joined text, and how long that is at least; it tells
// whether that was refused.
func (b *builder) fitParts(w *write, f *field, o *outcome, text exprText) bool {
	if o.parts != "" {
		if why := b.plan.refusal(w, f, textValue(o.parts)); why != nil {
			switch why.code {
			case CodeTooLong, encode.CodeTooLong, encode.CodeUnmapped, encode.CodeControl, encode.CodeXMLChar, encode.CodeQuote:
				b.report(text.node.Problem(CodeConstant, "the mapping's own text in this does not fit here: "+why.message, "mend the text or the field; a form cannot help it"))
				return true
			}
		}
	}
	if why := b.tooLong(w, f, o.least); why != "" {
		b.report(text.node.Problem(CodeNever, fmt.Sprintf("this has at least %d characters, whatever the form says, and the field takes none so long: %s", o.least, why), "make it shorter, or widen the field"))
		return true
	}
	if why := b.tooLong(w, f, o.usual); why != "" {
		b.warnAt(text, fmt.Sprintf("this has at least %d characters, unless one of its parts is missing or empty, and the field takes none so long: %s", o.usual, why),
			"make it shorter, or widen the field; such a form is parked, since it is right")
	}
	return false
}

// tooLong says why a text of so many characters is too long; "" where it is not.
func (b *builder) tooLong(w *write, f *field, n int) string {
	if n == 0 || n > maxTried {
		return ""
	}
	if why := b.plan.refusal(w, f, textValue(strings.Repeat("x", n))); why != nil && sameRule(why.code) == CodeTooLong {
		return why.message
	}
	return ""
}

// fitSchema warns where the form's schema allows in so many words what the field does not take.
func (b *builder) fitSchema(w *write, f *field, x cx, text exprText) {
	if x.plain == nil {
		return
	}
	for _, s := range b.plan.schema.sure(x.plain.abs) {
		says, v := "", value{}
		if least := s.MinLength; least != nil && *least <= maxTried {
			if why := b.tooLong(w, f, *least); why != "" {
				b.report(text.node.Problem(CodeNever, fmt.Sprintf("the form's schema asks for at least %d characters here, and the field takes none so long: %s", *least, why),
					"widen the field, narrow the schema, or say overflow: cut"))
				return
			}
		}
		switch {
		case s.MaxLength != nil && s.Enum == nil && s.Const == nil && s.Format == nil && s.Pattern == nil && *s.MaxLength <= maxTried:
			says, v = fmt.Sprintf("%d characters", *s.MaxLength), textValue(strings.Repeat("x", *s.MaxLength))
		case s.Maximum != nil && s.Maximum.IsInt() && s.Maximum.Num().IsInt64():
			says, v = "numbers up to "+s.Maximum.RatString(), intValue(s.Maximum.Num().Int64())
		case s.Enum != nil || s.Const != nil:
			for _, one := range chosen(s) {
				if v = fromNode(one); v.k != kNull && b.plan.refusal(w, f, v) != nil {
					says = shownValue(v)
					break
				}
			}
		}
		if says == "" {
			continue
		}
		why := b.plan.refusal(w, f, v)
		if why == nil {
			continue
		}
		switch why.code {
		case CodeTooLong, encode.CodeTooLong, CodeTooLarge, CodeTooPrecise, encode.CodePrecision, encode.CodeUnmapped:
			b.plan.warnings = append(b.plan.warnings, text.node.Problem(CodeConstant, "the form's schema allows "+says+" here, and the field does not: "+why.message,
				"such a form is parked, since it is right; narrow the schema, widen the field, or say overflow: cut"))
		}
	}
}

// refusal says why a value cannot be a field's; nil where it can.
func (p *Plan) refusal(w *write, f *field, v value) *evalError {
	e := &env{in: &Input{}, budget: budget{steps: 1, made: 2 * maxTried}}
	out, _ := f.typ.convert(e, v)
	if e.err != nil {
		return e.err
	}
	l := p.layouts[w.target]
	if l == nil || w.shape.Op != connectors.Put {
		return nil
	}
	if err := l.Try(w.name, f.name, out.connector()); err != nil {
		return &evalError{code: err.Code, message: err.Message}
	}
	return nil
}

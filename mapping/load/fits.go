package load

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/source"
)

// rehearse reports an expression that can only fail where its value is used.
func (b *builder) rehearse(x source.Expression, c expr.Compiled, name string, use value.Function) {
	comp := b.compiler(x, b.root, "")
	if p := comp.Rehearse(name, use, c); p != nil {
		b.expressionProblem(x, p)
	}
	b.warn(x, comp)
}

// fits checks what does not depend on the form against what the columns and the layout take.
func (b *builder) fits(w *mapping.Write, spec source.Write) {
	if b.pinned() {
		return
	}
	for i := range spec.Fields {
		f, s := &w.Fields[i], spec.Fields[i].Value
		if f.Bad {
			continue
		}
		if f.X.Eval != nil && f.X.Ref == nil && s.Value != nil {
			b.fit(w, f, f.X, *s.Value)
		}
		if f.Def != nil {
			b.fit(w, f, *f.Def, *s.Default)
		}
	}
}

// longestAsked is the length of the widest field of which it is asked whether a text is short enough.
const longestAsked = 100

// likePath finds texts that look like expressions.
var likePath = regexp.MustCompile(`^[${ ]*(form|submission)\.[A-Za-z_]`)

// fit checks the outcomes of one expression as the whole value of a field.
func (b *builder) fit(w *mapping.Write, f *mapping.Field, x expr.Compiled, text source.Expression) {
	if x.Const != nil && likePath.MatchString(x.Const.Str) {
		b.plan.Warnings = append(b.plan.Warnings, text.Node.Problem(expr.CodeConstant, "every form gets these words themselves: "+value.Shown(*x.Const), "without the quotes within it is the field of the form"))
	}
	o := x.Outcome()
	works, failed, shown, more := false, "", "", 0
	for _, v := range o.Known {
		if v.Absent() && (f.Def != nil || len(o.Known)+len(o.More) > 1) {
			continue
		}
		why := b.plan.Refusal(w, f, v)
		if works = works || why == nil; why == nil {
			continue
		}
		if more++; more == 1 {
			failed, shown = why.Message, value.Shown(v)
		}
	}
	if more > 1 {
		failed += fmt.Sprintf("; %d more do not fit either", more-1)
	}
	if more > 0 {
		b.report(text.Node.Problem(expr.CodeConstant, "the mapping's own value "+shown+" does not fit here: "+failed, "mend the value or the field; a form cannot help it"))
		return
	}
	if b.fitParts(w, f, o, text) {
		return
	}
	sorts, whys := map[value.Kind]bool{}, map[value.Kind]string{}
	for _, v := range o.More {
		if v.Kind == value.KindText && v.Str == "" && !o.All {
			continue // it passes nearly everywhere, and would hide what does not
		}
		why := b.plan.Refusal(w, f, v)
		if sorts[v.Kind] = sorts[v.Kind] || why == nil; why == nil {
			works = works || v != value.SamplesOf(value.Text(""))[0] // an empty text is written as nothing
			continue
		}
		whys[v.Kind] = cmp.Or(whys[v.Kind], why.Message)
		failed = cmp.Or(failed, why.Message)
	}
	if !works && len(o.More) > 0 {
		b.report(text.Node.Problem(expr.CodeNever, "no value that this gives fits here: "+failed, ""))
		return
	}
	if k, ok := expr.Useless(sorts); ok && o.Named {
		b.warnAt(text, "the form's schema names the sort "+value.KindName(k)+" here, and the field takes none of it: "+whys[k], "such a form is parked, since it is right; narrow the schema, or convert the value")
	}
	if tiny := "0." + strings.Repeat("0", max(f.Type.Scale-1, 0)) + "1"; f.Type.Scale > 0 {
		if why := b.plan.Refusal(w, f, value.Value{Kind: value.KindDecimal, Str: tiny}); why != nil {
			b.warnAt(text, fmt.Sprintf("the field's type has %d decimals, and the layout takes none so small: %s", f.Type.Scale, why.Message), "give both the same decimals; such a form is parked")
		}
	}
	b.fitCentury(w, f, x, text)
	b.fitSchema(w, f, x, text)
}

// fitCentury warns where the layout writes a date out of a form in two digits of its year.
func (b *builder) fitCentury(w *mapping.Write, f *mapping.Field, x expr.Compiled, text source.Expression) {
	lost := func(v value.Value) bool {
		why := b.plan.Refusal(w, f, v)
		return why != nil && why.Code == encode.CodeCentury
	}
	if !lost(value.Date(time.Date(1949, 12, 31, 0, 0, 0, 0, time.UTC))) && !lost(value.Value{Kind: value.KindDateTime, Str: "1949-12-31T23:58:59"}) {
		return
	}
	if why := x.Century(func(t time.Time) bool { return lost(value.Date(t)) || lost(value.DateTime(t, false)) }); why != "" {
		b.plan.Warnings = append(b.plan.Warnings, text.Node.Problem(expr.CodeCentury, why, "write yyyy in the layout; or a text, formatDate(\"yyyyMMdd\") | substring(2), where the century may go"))
	}
}

// warnAt keeps what may not fit for some forms.
func (b *builder) warnAt(text source.Expression, message, suggestion string) {
	b.plan.Warnings = append(b.plan.Warnings, text.Node.Problem(expr.CodeNever, message, suggestion))
}

// fitParts checks the text of the mapping's own that is surely in a joined text, and how long that is at least; it tells
// whether that was refused.
func (b *builder) fitParts(w *mapping.Write, f *mapping.Field, o *expr.Outcome, text source.Expression) bool {
	if o.Parts != "" {
		if why := b.plan.Refusal(w, f, value.Text(o.Parts)); why != nil {
			switch why.Code {
			case value.CodeTooLong, encode.CodeTooLong, encode.CodeUnmapped, value.CodeUnmappable, encode.CodeControl, encode.CodeXMLChar, encode.CodeQuote:
				b.report(text.Node.Problem(expr.CodeConstant, "the mapping's own text in this does not fit here: "+why.Message, "mend the text or the field; a form cannot help it"))
				return true
			}
		}
	}
	if why := b.tooLong(w, f, o.Least); why != "" {
		b.report(text.Node.Problem(expr.CodeNever, fmt.Sprintf("this has at least %d characters, whatever the form says, and the field takes none so long: %s", o.Least, why), "make it shorter, or widen the field"))
		return true
	}
	if why := b.tooLong(w, f, o.Usual); why != "" {
		b.warnAt(text, fmt.Sprintf("this has at least %d characters, unless one of its parts is missing or empty, and the field takes none so long: %s", o.Usual, why),
			"make it shorter, or widen the field; such a form is parked, since it is right")
	}
	return false
}

// tooLong says why a text of so many characters is too long; "" where it is not.
func (b *builder) tooLong(w *mapping.Write, f *mapping.Field, n int) string {
	if n == 0 || n > column.MaxTried {
		return ""
	}
	if why := b.plan.Refusal(w, f, value.Text(strings.Repeat("x", n))); why != nil && mapping.RuleOf(why.Code) == value.CodeTooLong {
		return why.Message
	}
	return ""
}

// fitSchema warns where the form's schema allows in so many words what the field does not take.
func (b *builder) fitSchema(w *mapping.Write, f *mapping.Field, x expr.Compiled, text source.Expression) {
	if x.Plain == nil {
		return
	}
	for _, s := range b.plan.Schema.Sure(x.Plain.Abs) {
		says, v := "", value.Value{}
		if least := s.MinLength; least != nil && *least <= column.MaxTried {
			if why := b.tooLong(w, f, *least); why != "" {
				b.report(text.Node.Problem(expr.CodeNever, fmt.Sprintf("the form's schema asks for at least %d characters here, and the field takes none so long: %s", *least, why),
					"widen the field, narrow the schema, or say overflow: cut"))
				return
			}
		}
		switch {
		case s.MaxLength != nil && s.Enum == nil && s.Const == nil && s.Format == nil && s.Pattern == nil && *s.MaxLength <= column.MaxTried:
			says, v = fmt.Sprintf("%d characters", *s.MaxLength), value.Text(strings.Repeat("x", *s.MaxLength))
		case s.Maximum != nil && s.Maximum.IsInt() && s.Maximum.Num().IsInt64():
			says, v = "numbers up to "+s.Maximum.RatString(), value.Int(s.Maximum.Num().Int64())
		case s.Enum != nil || s.Const != nil:
			for _, one := range schema.Chosen(s) {
				if v = value.FromNode(one); v.Kind != value.KindNull && b.plan.Refusal(w, f, v) != nil {
					says = value.Shown(v)
					break
				}
			}
		}
		if says == "" {
			continue
		}
		why := b.plan.Refusal(w, f, v)
		if why == nil {
			if s.MaxLength != nil && v.Kind == value.KindText {
				b.fitLonger(w, f, *s.MaxLength, text)
			}
			continue
		}
		switch why.Code {
		case value.CodeTooLong, encode.CodeTooLong, value.CodeTooLarge, value.CodeTooPrecise, encode.CodePrecision, encode.CodeUnmapped, value.CodeUnmappable:
			b.plan.Warnings = append(b.plan.Warnings, text.Node.Problem(expr.CodeConstant, "the form's schema allows "+says+" here, and the field does not: "+why.Message,
				"such a form is parked, since it is right; narrow the schema, widen the field, or say overflow: cut"))
		}
	}
	if x.Path != nil {
		b.fitNone(w, f, x.Path.Abs, text)
	}
}

// fitNone reports a field that takes none of the texts that the form's schema allows: none so short, or none that its type reads.
func (b *builder) fitNone(w *mapping.Write, f *mapping.Field, at []expr.Step, text source.Expression) {
	asked := []*expr.Need{}
	if shape := helpers.KindShapes[f.Type.Kind]; shape != "" {
		asked = append(asked, &expr.Need{At: at, Op: expr.Reads, Values: []value.Value{value.Text(shape)}})
	}
	for n := range longestAsked {
		if b.tooLong(w, f, n+1) != "" {
			asked = append(asked, &expr.Need{At: at, Of: expr.OfCharacters, Op: "<=", Values: []value.Value{value.Int(int64(n))}})
			break
		}
	}
	for _, need := range asked {
		if why, _ := b.known.NeverThere(need); why != "" {
			b.report(text.Node.Problem(expr.CodeNever, "the field takes none of the texts that there may be here: "+why, "widen the field, convert the value, or mend the schema"))
			return
		}
	}
}

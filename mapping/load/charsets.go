package load

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/charset"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// rule is what the mapping says of characters that a character set lacks, and where it says so.
type rule struct {
	charset.Unmappable
	at *diag.Node
}

// within is the rule of a place inside of another: its own, or the outer one.
func (r rule) within(own charset.Unmappable, at *diag.Node) rule {
	if own.Said {
		return rule{own, at}
	}
	return r
}

// outermost is the rule of the whole mapping.
func (b *builder) outermost() rule { return rule{b.spec.Unmappable, b.file.Root()} }

// charsets tells the fields of a write in which character set they are written, and what becomes of characters that it lacks.
func (b *builder) charsets(w *mapping.Write, spec source.Write) {
	r := b.outermost().within(spec.Unmappable, spec.Node)
	var fit *charset.Fitter
	switch said := spec.Charset != "" || spec.Unmappable.Said; {
	case said && spec.Table == "" && spec.Procedure == "":
		b.report(spec.Node.KeyProblem(cmp.Or(keyIf(spec.Charset != "", "charset"), "unmappable"), expr.CodeValue, "this belongs to a table: of a file, the layout says it", "write it in the layout"))
		return
	case spec.Charset != "":
		fit = b.fitter(spec.Node, spec.Charset, r)
	case said && !inFields(spec):
		b.report(spec.Node.KeyProblem("unmappable", expr.CodeValue, noSet, "add charset"))
	}
	for i, f := range spec.Fields {
		own, typ := f.Value, &w.Fields[i].Type
		switch {
		case own.Charset == "" && !own.Unmappable.Said:
			typ.Fit = fit
		case cmp.Or(own.Charset, spec.Charset) == "":
			b.report(own.Node.KeyProblem("unmappable", expr.CodeValue, noSet, "add charset, or for a file write it in the layout"))
		default:
			typ.Fit = b.fitter(own.Node, cmp.Or(own.Charset, spec.Charset), r.within(own.Unmappable, own.Node))
		}
	}
}

const noSet = "nothing says here which character set the text is to be in"

func keyIf(yes bool, key string) string {
	if yes {
		return key
	}
	return ""
}

// inFields tells whether a field of a write has a character set of its own.
func inFields(spec source.Write) bool {
	for _, f := range spec.Fields {
		if f.Value.Charset != "" {
			return true
		}
	}
	return false
}

// fitter joins a character set that is named at n with a rule.
func (b *builder) fitter(n *diag.Node, name string, r rule) *charset.Fitter {
	set, ok := charset.Lookup(name)
	if !ok {
		b.report(n.ValueProblem("charset", expr.CodeValue, fmt.Sprintf("character set %q is not known", name), diag.DidYouMean(name, charset.Names())))
		return nil
	}
	if r.at == n && set.Unicode() && len(r.Transliterate) > 0 && !b.pinned() {
		b.report(n.KeyProblem("unmappable", expr.CodeValue, "this does nothing: the character set has all characters", "take the helper transliterate()"))
	}
	f, problems := set.Fitter(r.Unmappable)
	for _, p := range problems {
		b.once(r.at.Below("unmappable", p.Key).Problem(expr.CodeValue, p.Message, p.Suggestion))
	}
	if len(problems) > 0 {
		return nil
	}
	return f
}

// once reports what several places have in common.
func (b *builder) once(p diag.Problem) {
	if !slices.Contains(b.problems, p) {
		b.report(p)
	}
}

// unmappableNowhere finds a rule of the whole mapping that nothing in it can need.
func (b *builder) unmappableNowhere() {
	if !b.spec.Unmappable.Said || len(b.spec.Layouts) > 0 {
		return
	}
	for _, w := range b.spec.Write {
		if w.Charset != "" || inFields(w) {
			return
		}
	}
	b.report(b.file.Root().KeyProblem("unmappable", expr.CodeValue, "this does nothing: there is no layout, and no write or field says its charset", "add charset to a write"))
}

// fitLonger warns of a field that takes the longest text of the form's schema, but not what transliteration may make of it.
func (b *builder) fitLonger(w *mapping.Write, f *mapping.Field, most int, text source.Expression) {
	if most > column.MaxTried {
		return
	}
	longest := ""
	if f.Type.Fit != nil {
		longest = f.Type.Fit.Longest()
	} else if l := b.plan.Layouts[w.Target]; l != nil {
		longest = l.Longest(w.Name, f.Name)
	}
	if longest == "" {
		return
	}
	if why := b.plan.Refusal(w, f, value.Text(strings.Repeat(longest, most))); why != nil && mapping.RuleOf(why.Code) == value.CodeTooLong {
		b.warnAt(text, fmt.Sprintf("the form's schema allows %d characters here, and transliteration may make too many of them: %s", most, why.Message),
			"such a form is parked; widen the field, narrow the schema, or say overflow: cut")
	}
}

package load

import (
	"strings"

	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// require reads the rules that a form must keep beside its schema.
func (b *builder) require() {
	for _, r := range b.spec.Require {
		if r.Node == nil || r.Rule.Node == nil || r.At.Node == nil {
			continue // which is told
		}
		if r.Code != "" && (!source.RuleCodes.MatchString(r.Code) || len(r.Code) > 64) {
			b.report(r.Node.ValueProblem("code", expr.CodeValue, "a rule's code is rule. and a name of small letters, digits and hyphens, at most 64 characters", "such as rule.period-order"))
		}
		if _, there := r.Node.Get("text"); there && strings.TrimSpace(r.Text) == "" {
			b.report(r.Node.ValueProblem("text", expr.CodeValue, "whoever filled in the form would read nothing: a text belongs here", ""))
		}
		rule := mapping.Rule{Code: r.Code, Text: r.Text}
		at, p := b.fieldNamed(r.At.Text, "at names a field of the form, such as form.permit.until")
		if p != nil {
			b.expressionProblem(r.At, p)
			continue
		}
		rule.At = at
		var ok bool
		if rule.Is, ok = b.rule(r.Rule, &rule, "every form is refused"); !ok {
			continue
		}
		b.alwaysTrue(r.Rule, rule.Is)
		if r.When != nil && r.When.Node != nil {
			when, ok := b.rule(*r.When, &rule, "the rule is never asked")
			if !ok {
				continue
			}
			rule.When = &when
		}
		b.plan.Rules = append(b.plan.Rules, rule)
	}
}

// takes compiles the condition that a form is this mapping's.
func (b *builder) takes(x source.Expression) {
	if b.spec.Input.Forms != "" && x.Node != nil && !b.pinned() {
		b.report(x.Node.Problem(expr.CodeValue, "a file of several forms is one route's as a whole, and when asks one form", "say it at each write, or have the forms come one by one"))
		return
	}
	if c, ok := b.rule(x, &mapping.Rule{}, "no form is this mapping's"); ok {
		b.plan.Takes = &c
	}
}

// rule compiles a condition of a rule, and notes the fields that it reads.
func (b *builder) rule(x source.Expression, r *mapping.Rule, so string) (expr.Compiled, bool) {
	c, ok := b.condition(b.root, x, "", so)
	if !ok {
		return c, false
	}
	for _, p := range c.Uses {
		r.Reads = append(r.Reads, mapping.FieldKey(p.Abs))
	}
	if c.Late && !b.pinned() {
		b.report(x.Node.Problem(expr.CodeConstant, "a form is checked before there is a submission: submission and attachments are not known there", "name fields of the form"))
		return c, false
	}
	return c, true
}

// alwaysTrue refuses a rule that no form breaks.
func (b *builder) alwaysTrue(x source.Expression, c expr.Compiled) {
	if b.pinned() {
		return
	}
	why := ""
	if _, no := c.Needs(); no != nil {
		why = b.known.Never(no)
	}
	if c.Const != nil && *c.Const == value.Bool(true) {
		why = "it does not depend on the form"
	}
	if why != "" {
		b.report(x.Node.Problem(expr.CodeNever, "this is always true: "+why+"; so the rule refuses nothing", "remove it, or mend it"))
	}
}

// Package call compiles what a write says of a procedure beside its parameters: what counts as success, what becomes of a form otherwise,
// and how one sees that it was called already.
package call

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// Loader is what compiling needs of the mapping around a write.
type Loader struct {
	Compiler   func(p *expr.Program, s *expr.Scope) *expr.Compiler
	Report     func(p diag.Problem)
	Expression func(x source.Expression, p *expr.Problem) // what is wrong with one
}

// Code of a call that does not succeed, where the mapping names none.
const Code = "sql.call-refused"

// judgement is a compiled ok-when with what follows where it is not true.
type judgement struct {
	program expr.Program
	slots   []int // of the values of returning
	ok      *expr.Compiled
	refused []refusal
}

type refusal struct {
	when *expr.Compiled
	connectors.Failure
}

// Compile reads a write with a procedure.
func Compile(b Loader, w source.Write) *connectors.Calling {
	c := &connectors.Calling{Probe: strings.TrimSpace(w.Probe)}
	checkProbe(b, w)
	if w.OkWhen == nil {
		if len(w.Refused) > 0 {
			b.Report(w.Node.KeyProblem("refused", source.CodeMissingKey, "refused says what becomes of a call for which ok-when is not true", "ok-when: CODE == 0"))
		}
		return c
	}
	j := &judgement{}
	s := &expr.Scope{Names: map[string]expr.Binding{}}
	for _, name := range w.Returning {
		slot := j.program.Slot()
		j.slots = append(j.slots, slot)
		s.Names[name] = expr.Binding{Eval: func(e *expr.Env) value.Value { return e.Slots[slot] }}
	}
	j.ok = j.condition(b, s, w.OkWhen)
	for _, r := range w.Refused {
		j.refused = append(j.refused, j.refusal(b, s, r))
	}
	c.Judge = j.judge
	return c
}

func (j *judgement) condition(b Loader, s *expr.Scope, x *source.Expression) *expr.Compiled {
	if x.Node == nil {
		return nil
	}
	comp := b.Compiler(&j.program, s)
	c, p := comp.Whole(x.Text)
	if p == nil {
		p = comp.Rehearse("the condition", expr.IsTrue, c)
	}
	if p == nil && c.Const != nil {
		p = &expr.Problem{Code: expr.CodeConstant, Message: "this says nothing of what the call returned", Suggestion: "compare a name of returning, such as CODE == 0"}
	}
	if p != nil {
		b.Expression(*x, p)
		return nil
	}
	return &c
}

// refusal reads one entry of refused.
func (j *judgement) refusal(b Loader, s *expr.Scope, r source.Refusal) refusal {
	one := refusal{Failure: connectors.Failure{Class: connectors.ItemError, Code: r.Code, Text: r.Text}}
	if r.When != nil {
		one.when = j.condition(b, s, r.When)
	}
	switch words := []string{"park", "reject", "retry"}; {
	case r.Then == "retry":
		one.Class = connectors.Transient
	case r.Then == "reject":
		if one.Reject = true; strings.TrimSpace(r.Text) == "" {
			b.Report(r.Node.Problem(source.CodeMissingKey, "a form that is rejected needs a text, which its sender is told", "text: ..."))
		}
	case r.Then != "" && !slices.Contains(words, r.Then):
		b.Report(r.Node.ValueProblem("then", expr.CodeValue, fmt.Sprintf("%q is not one of %s", r.Then, strings.Join(words, ", ")), diag.DidYouMean(r.Then, words)))
	}
	if !source.RuleCodes.MatchString(r.Code) || len(r.Code) > 64 {
		b.Report(r.Node.ValueProblem("code", expr.CodeValue, "a code is rule. and a name of small letters, digits and hyphens, at most 64 characters", "such as rule.no-such-plot"))
	}
	return one
}

// judge is what becomes of a call that returned these values; nil: it succeeded. What cannot be told is no success.
func (j *judgement) judge(returned []connectors.Value) *connectors.Failure {
	e := expr.NewEnv(&j.program, nil, &expr.Input{})
	defer e.Free()
	for i, slot := range j.slots {
		e.Slots[slot] = value.FromConnector(returned[i])
	}
	holds := func(c *expr.Compiled) bool {
		yes := e.Truth(c.Eval(e))
		broken := e.Err != nil
		e.Err = nil
		return yes && !broken
	}
	if holds(j.ok) {
		return nil
	}
	for i := range j.refused {
		if r := &j.refused[i]; r.when == nil || holds(r.when) {
			return &r.Failure
		}
	}
	return &connectors.Failure{Class: connectors.ItemError, Code: Code}
}

// checkProbe looks at the text of a probe: the database is asked by check --connect.
func checkProbe(b Loader, w source.Write) {
	n, given := w.Node.Get("probe")
	if !given {
		return
	}
	places := connectors.Places(w.Probe)
	if len(places) == 0 {
		b.Report(n.Problem(expr.CodeValue, "the probe has no place such as :ID for a field of the write: it would find the call of any form", ""))
	}
	if second := connectors.Second(w.Probe); second >= 0 {
		b.Report(n.ProblemAt(second, expr.CodeValue, "the probe is more than one statement", "write one query"))
	}
	names := w.Fields.Keys()
	for _, p := range places {
		if !slices.Contains(names, p.Name) {
			b.Report(n.ProblemAt(p.Start, expr.CodeUnknownName, fmt.Sprintf("the write has no field %q", p.Name), diag.DidYouMean(p.Name, names)))
		}
	}
}

package load

import (
	"fmt"

	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load/answer"
	"github.com/inbasket/inbasket/mapping/source"
)

// answer compiles the answer section.
func (b *builder) answer() {
	s := b.spec.Answer
	if s == nil || s.Node == nil {
		return
	}
	sc := b.scopeFor(-1, nil)
	l := answer.Loader{Pinned: b.pinned(), Tables: b.tables, Helpers: b.own, Report: b.report, Warn: b.warning, Expression: b.expressionProblem, Choice: b.choice, Free: b.freeAt,
		At: func(path []any, offset int, code, message, suggestion string) diag.Problem {
			return problemAt(b.file.Root(), path, offset, code, message, suggestion)
		},
		Named:   func(e diag.Entry[source.Expression], used *bool) { b.named = append(b.named, named{e, used}) },
		LetFree: b.free,
		Form:    func(x source.Expression) (expr.Compiled, bool) { return b.value(sc, x, "") }}
	b.plan.Answer = l.Compile(s)
	if b.cat != nil && s.From != "" {
		b.checkSource(s, b.plan.Answer)
	}
}

func (b *builder) checkSource(s *source.Answer, a *answers.Section) {
	info, ok := b.cat.Target(s.From)
	if ok && info.Files && !a.Files && !b.pinned() {
		b.report(s.Node.ValueProblem("from", answer.CodeAnswer, fmt.Sprintf("%q is where answer files come from, and has no rows that a query finds", s.From), "say format, fields and id in place of query and mark"))
	}
	if ok && !info.Results && !a.Files {
		b.report(s.Node.ValueProblem("from", answer.CodeAnswer, fmt.Sprintf("target %q cannot be asked for results", s.From), ""))
	}
	if !ok && !a.Files {
		b.report(s.Node.ValueProblem("from", CodeUnknownTarget, fmt.Sprintf("the configuration has no target %q", s.From), diag.DidYouMean(s.From, b.cat.Targets())))
	}
}

package load

import (
	"fmt"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/load/call"
	"github.com/inbasket/inbasket/mapping/source"
)

// call reads what belongs to a procedure; nil: the write calls none.
func (b *builder) call(spec source.Write) *connectors.Calling {
	if spec.Procedure == "" {
		for key, given := range map[string]bool{"ok-when": spec.OkWhen != nil, "refused": len(spec.Refused) > 0, "probe": spec.Probe != ""} {
			if given {
				b.report(spec.Node.KeyProblem(key, expr.CodeValue, key+" belongs to a procedure", "remove it"))
			}
		}
		return nil
	}
	for _, other := range b.plan.Writes {
		if other.Target == spec.To && (spec.Probe != "" || other.Shape.Call != nil && other.Shape.Call.Probe != "") {
			b.report(spec.Node.KeyProblem("to", CodeTargetKind, fmt.Sprintf("target %q gets write %s too, and one of both has a probe: what it commits by itself would not be taken back with the other", spec.To, other.Name),
				"give one of both a target of its own"))
		}
	}
	return call.Compile(call.Loader{Report: b.report, Expression: b.expressionProblem, Compiler: func(p *expr.Program, s *expr.Scope) *expr.Compiler {
		return &expr.Compiler{Prog: p, Scope: s, Tables: b.tables, Helpers: b.own, Strict: !b.pinned(), May: func([]expr.Step) *expr.Outcome { return nil }}
	}}, spec)
}

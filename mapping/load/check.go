package load

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/schema"
	"github.com/inbasket/inbasket/mapping/source"
)

// use records that a path is used and checks it against the schema. deep: as one value.
func (b *builder) use(p *expr.Path, deep bool) *expr.Problem {
	if prob := b.inForm(p.Abs, false); prob != nil {
		return prob
	}
	if prob := b.impossible(p.Abs); prob != nil {
		return prob
	}
	b.oneOf(p, deep)
	b.fields.Use(p.Names(), false)
	if d := p.Dotted(); b.reads[d] == 0 && !p.Outside() {
		b.reads[d] = b.line
	}
	return nil
}

// inSchema checks that the schema has the path; through steps into lists without an index, as ignore may.
func (b *builder) inSchema(abs []expr.Step, through bool) *expr.Problem {
	s := b.plan.Schema
	if through {
		abs = s.ThroughLists(abs)
	}
	ok, at, names := s.Known(abs)
	if ok {
		return nil
	}
	if len(names) == 0 {
		return &expr.Problem{Code: mapping.CodeList, Message: asList}
	}
	return &expr.Problem{Code: CodeUnknownField, Message: fmt.Sprintf("the form's schema has no field %q here", abs[at].Name),
		Suggestion: diag.Suggest(abs[at].Name, names)}
}

const asList = "this is a list: use each, first(), or an index"

// impossible finds a step into what has none: a member of a text or list, or an item of what is no list.
func (b *builder) impossible(abs []expr.Step) *expr.Problem {
	if b.pinned() || b.known == nil {
		return nil
	}
	if b.throughList(abs) {
		return &expr.Problem{Code: mapping.CodeList, Message: asList}
	}
	switch at, what := b.known.Impossible(abs); {
	case what == "":
		return nil
	case what == "array":
		return &expr.Problem{Code: mapping.CodeList, Message: asList}
	case abs[at].Name != "":
		return &expr.Problem{Code: CodeUnknownField, Message: fmt.Sprintf("there is no %q here: what lies before it is %s, and has no fields", abs[at].Name, what)}
	default:
		return &expr.Problem{Code: mapping.CodeList, Message: "this is no list: it is " + what}
	}
}

// ignore marks one path as deliberately unused.
func (b *builder) ignore(x source.Expression) {
	if x.Node == nil {
		return
	}
	path, p := b.fieldNamed(x.Text, "ignore lists form fields, such as form.meta.userAgent")
	if p != nil {
		b.expressionProblem(x, p)
		return
	}
	b.fields.Ignore(path.Names())
	b.ignores = append(b.ignores, ignored{path.Names(), x})
}

// ignored is an entry of ignore.
type ignored struct {
	way []string
	x   source.Expression
}

// doubtful tells whether something else is wrong with expressions or writes: then fields may only seem to be unused,
// and a list of them would hide the real mistake.
func (b *builder) doubtful() bool {
	for _, p := range b.problems {
		switch p.Code {
		case expr.CodeSyntax, expr.CodeUnknownName, CodeCircle, CodeUnknownField, expr.CodeUnknownHelper, helpers.CodeArguments, CodeOneOf,
			expr.CodeReference, expr.CodeReferenceInside, helpers.CodeLookupUnknown, mapping.CodeList, CodeShadow:
			return true
		}
	}
	return false
}

// checkTarget tells whether the configuration has the target and whether it takes what the write makes.
func (b *builder) checkTarget(w source.Write) {
	if b.cat == nil || w.To == "" {
		return
	}
	at, ok := w.Node.Get("to")
	if !ok {
		return
	}
	info, ok := b.cat.Target(w.To)
	switch {
	case !ok:
		b.report(at.Problem(CodeUnknownTarget, fmt.Sprintf("the configuration has no target %q", w.To), diag.DidYouMean(w.To, b.cat.Targets())))
	case w.Table != "" && info.Operations&connectors.RowOperations == 0:
		b.report(at.Problem(CodeTargetKind, fmt.Sprintf("target %q takes files, not tables", w.To), "use layout: instead of table:"))
	case w.Procedure != "" && !info.Operations.Has(connectors.Call):
		b.report(at.Problem(CodeTargetKind, fmt.Sprintf("target %q calls no procedures", w.To), "write to a table that a trigger or job of the legacy system reads"))
	case (w.Layout != "" || w.Document != "") && !info.Operations.Has(connectors.Put):
		b.report(at.Problem(CodeTargetKind, fmt.Sprintf("target %q takes records, not files", w.To), "use table: or procedure: instead of layout: or document:"))
	case w.Table != "" && !info.Operations.Has(modes[w.Mode]):
		b.report(w.Node.ValueProblem("mode", CodeTargetKind, fmt.Sprintf("target %q cannot do %q", w.To, cmp.Or(w.Mode, "insert")), ""))
	case len(w.Returning) > 0 && !info.Returning:
		b.report(w.Node.ValueProblem("returning", CodeTargetKind, fmt.Sprintf("target %q gives no values back", w.To), ""))
	case !info.Binary && slices.ContainsFunc(w.Fields, func(f diag.Entry[source.Field]) bool { return f.Value.Type == "binary" }):
		b.report(w.Node.ValueProblem("fields", CodeTargetKind, fmt.Sprintf("target %q takes no binary values", w.To), ""))
	}
}

// checkCycles refuses targets that wait for each other's returned values.
func (b *builder) checkCycles() {
	const grey, black = 1, 2
	state := map[string]int{}
	var visit func(t string) string
	visit = func(t string) string {
		state[t] = grey
		next := slices.Sorted(maps.Keys(b.waits[t]))
		for _, n := range next {
			if state[n] == grey {
				return t + " and " + n
			}
			if state[n] == 0 {
				if c := visit(n); c != "" {
					return c
				}
			}
		}
		state[t] = black
		return ""
	}
	for _, t := range b.plan.Targets {
		if state[t] != 0 {
			continue
		}
		if c := visit(t); c != "" {
			b.report(b.file.KeyProblem(CodeCycle, "targets wait for each other's returned values: "+c, "take the value from the form, or write both in one target", "write"))
			return
		}
	}
}

// layout builds one layout, written in place or in a file of its own.
func (b *builder) layout(name string, n *diag.Node) {
	if n == nil {
		return
	}
	b.layouts[name] = nil // known, though nobody can use it if something is wrong with it
	at := n
	if file, ok := n.Get("file"); ok && len(n.Pairs) == 1 {
		beside, raw, err := b.readFile(file, file.Text)
		if err != nil {
			b.report(file.Problem(CodeLayout, err.Error(), ""))
			return
		}
		own, problems := diag.Parse(beside, raw)
		if len(problems) > 0 {
			b.problems = append(b.problems, problems...)
			return
		}
		at = own.Root()
	}
	var spec encode.Spec
	if problems := at.Decode(&spec); len(problems) > 0 {
		b.problems = append(b.problems, problems...)
		return
	}
	own, r := spec, b.outermost().within(spec.Unmappable, at)
	spec.Unmappable = r.Unmappable
	l, problems := encode.NewLayout(spec)
	if l != nil && !b.pinned() {
		problems = append(l.Rehearse(), encode.Ignored(own)...)
	}
	for _, p := range problems {
		place := at
		if p.Path[0] == "unmappable" {
			place = r.at
		}
		b.once(place.Below(p.Path...).Problem(p.Code, p.Message, p.Suggestion))
	}
	b.layouts[name] = l
}

// schemaProblem reports what is wrong with a schema at its place in its own file.
func (b *builder) schemaProblem(p schema.Problem) {
	told := p.InFile(b.files.Got)
	if p.Warning {
		b.plan.Warnings = append(b.plan.Warnings, told)
		return
	}
	b.report(told)
}

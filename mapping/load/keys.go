package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

// keys finds the key's columns and the returned ones.
func (b *builder) keys(w *mapping.Write, spec source.Write) {
	for _, k := range spec.Key {
		at := slices.Index(w.Shape.Fields, k)
		if at < 0 {
			b.report(spec.Node.ValueProblem("key", CodeKey, fmt.Sprintf("the write has no field %q", k), diag.DidYouMean(k, w.Shape.Fields)))
			continue
		}
		w.Shape.Key = append(w.Shape.Key, at)
	}
	if !slices.Contains([]connectors.Op{connectors.Insert, connectors.Put, connectors.Call}, w.Shape.Op) && len(spec.Key) == 0 {
		b.report(spec.Node.KeyProblem("mode", CodeKey, "mode "+spec.Mode+" needs a key", "key: [COLUMN]"))
	}
	b.parentKey(w, spec)
	b.sameKey(w, spec)
	if len(w.Fields) == 0 && spec.Document == "" && spec.Procedure == "" {
		b.report(spec.Node.Problem(source.CodeMissingKey, "the write has no fields", ""))
	}
}

// sameKey refuses a key that is the same for every form, and warns of one that is for many: they would overwrite each other's rows.
func (b *builder) sameKey(w *mapping.Write, spec source.Write) {
	if b.pinned() || len(w.Shape.Key) == 0 || len(w.Shape.Key) < len(spec.Key) || w.Shape.Op == connectors.Insert || w.Shape.Op == connectors.Put {
		return
	}
	fixed := true
	for _, k := range w.Shape.Key {
		for _, x := range []*expr.Compiled{&w.Fields[k].X, w.Fields[k].Def} {
			if x == nil || x.Eval == nil {
				continue
			}
			o := x.Outcome()
			if !o.All || x.Ref != nil {
				return
			}
			fixed = fixed && len(o.More) == 0 && x.Const != nil
		}
	}
	switch p := spec.Node.ValueProblem("key", CodeKey, "", "add a column to the key that tells forms apart, such as one with form.reference or submission.id"); {
	case fixed && w.Shape.Op != connectors.Update:
		p.Message = "the key is the same for every form: each would overwrite the rows of the one before"
		p.Suggestion += "; where one row for all forms is meant, have it made once and use mode: update"
		b.report(p)
	default:
		p.Message = "the key has the same few values for all forms: they overwrite each other's rows"
		b.plan.Warnings = append(b.plan.Warnings, p)
	}
}

// changedKey refuses settings that change a value of the key, and warns of a rule of the write or of the whole mapping that would.
func (b *builder) changedKey(w *mapping.Write, spec source.Write) {
	if b.pinned() {
		return
	}
	for _, k := range w.Shape.Key {
		f, own := &w.Fields[k], spec.Fields[k].Value
		for _, s := range []struct {
			key  string
			said bool
		}{{"overflow", own.Overflow == "cut"}, {"round", own.Round != "" && own.Round != "error"}, {"precision", own.Precision != nil},
			{"unmappable", len(own.Unmappable.Transliterate) > 0 || own.Unmappable.Replace != ""}} {
			if s.said {
				b.report(own.Node.ValueProblem(s.key, CodeKey, "the value of a key is not changed: two forms with different values would have one row; such a form is parked",
					"remove it; where one row is meant, write the change into the expression, as substring(), round() or transliterate(), or take another key"))
			}
		}
		if f.X.Eval == nil {
			continue
		}
		texts := f.Type.Kind == value.KindText || f.Type.Kind == value.KindMissing
		if o := f.X.Outcome(); !texts || own.Unmappable.Said || f.Type.Fit == nil || !f.Type.Fit.Changes() || o.All || !slices.ContainsFunc(o.More, isText) {
			continue
		}
		b.warning(spec.Node.ValueProblem("key", CodeKey, "what the rule for characters says is not done to "+f.Name+", since it is in the key: two forms with different values would have one row; a form whose value has a character that "+f.Type.Fit.Set().Name()+" lacks is parked",
			"say unmappable: error in the field; where one row is meant, write it into the expression as transliterate(), or take another key"))
	}
}

func isText(v value.Value) bool { return v.Kind == value.KindText }

// parentKey finds how deep in the loops the key of replaced children is known. It must be outside of the innermost one: with
// an empty list it still says whose children go.
func (b *builder) parentKey(w *mapping.Write, spec source.Write) {
	if w.Shape.Op != connectors.ReplaceChildren || w.Depth() == 0 {
		return
	}
	for _, k := range w.Shape.Key {
		f := w.Fields[k]
		depth := f.X.Depth
		if f.Def != nil {
			depth = max(depth, f.Def.Depth)
		}
		w.KeyDepth = max(w.KeyDepth, depth)
		if depth == w.Depth() && len(w.Loops) > 0 && !b.pinned() {
			b.report(spec.Node.ValueProblem("key", CodeKey, fmt.Sprintf("the key %s of replace-children hangs on an item of each: with an empty list nothing says whose rows are to go", f.Name), ""))
		}
	}
	b.missingList(w, spec)
}

// missingList warns of rows that go where the form does not say that there are none: the list is missing, and the mapping does not say what
// that means.
func (b *builder) missingList(w *mapping.Write, spec source.Write) {
	if spec.OnMissing != "" || b.pinned() {
		return
	}
	bare := expr.NewEnv(&b.plan.Program, map[string]any{}, &expr.Input{})
	defer bare.Free()
	may := func(of *mapping.Write) int { // which of its lists may be missing
		return slices.IndexFunc(of.Loops, func(l expr.Loop) bool {
			p := l.List.Path
			return l.Depth >= w.KeyDepth && l.List.Eval(bare).Kind == value.KindMissing && (p == nil || b.known.Never(&expr.Need{At: p.Abs, Absent: true}) == "")
		})
	}
	const message, next = "a form without this list deletes the rows of its key, as an empty list does", "say onMissing: delete where that is meant, else keep or error"
	switch at := may(w); {
	case at >= 0 && at < len(spec.Each):
		b.warning(spec.Each[at].Node.Problem(CodeMissingList, message, next))
	case slices.ContainsFunc(w.Above, func(a *mapping.Write) bool { return may(a) >= 0 }):
		b.warning(spec.Node.ValueProblem("under", CodeMissingList, message, next))
	}
}

func (b *builder) warning(p diag.Problem) { b.plan.Warnings = append(b.plan.Warnings, p) }

// onMissing checks what a missing list of each is to do.
func (b *builder) onMissing(spec source.Write) {
	words := []string{"delete", "keep", "error"}
	switch n, ok := spec.Node.Get("onMissing"); {
	case !ok:
	case !slices.Contains(words, spec.OnMissing):
		b.report(n.Problem(expr.CodeValue, fmt.Sprintf("%q is not one of %s", spec.OnMissing, strings.Join(words, ", ")), diag.DidYouMean(spec.OnMissing, words)))
	case modes[spec.Mode] != connectors.ReplaceChildren || len(spec.Each) == 0 && spec.Under == "":
		b.report(n.Problem(expr.CodeValue, "onMissing of a write belongs to replace-children with each or under", "remove it"))
	}
}

package load

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/column"
	"github.com/inbasket/inbasket/mapping/diag"
	"github.com/inbasket/inbasket/mapping/encode"
	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/source"
)

var modes = map[string]connectors.Op{"": connectors.Insert, "insert": connectors.Insert, "upsert": connectors.Upsert,
	"update": connectors.Update, "replace-children": connectors.ReplaceChildren}

// writes compiles the write section and what belongs to targets.
func (b *builder) writes() {
	seen := map[string]bool{}
	for _, w := range b.spec.Write {
		if w.Node == nil {
			continue
		}
		if w.As != "" && seen[w.As] {
			b.report(w.Node.ValueProblem("as", CodeDuplicate, fmt.Sprintf("two writes are named %q", w.As), ""))
		}
		seen[w.As] = true
		if _, taken := b.root.Find(w.As); taken && w.As != "" {
			b.report(w.Node.ValueProblem("as", CodeShadow, fmt.Sprintf("%q is already the name of something else", w.As), ""))
		}
		if !slices.Contains(b.plan.Targets, w.To) && w.To != "" {
			b.plan.Targets = append(b.plan.Targets, w.To)
		}
	}
	if n, ok := b.file.Root().Get("write"); ok && len(b.spec.Write) == 0 && n.Kind == diag.List {
		b.report(n.Problem(source.CodeMissingKey, "a mapping writes something", ""))
	}
	for i, w := range b.spec.Write {
		if w.Node != nil {
			b.write(i, w)
		}
	}
	b.orders()
	b.checkCycles()
}

// scopeFor is what write i sees: the outer names, what the writes see that it is under, and the writes that return something.
func (b *builder) scopeFor(i int, above []*mapping.Write) *expr.Scope {
	s := b.root
	if len(above) > 0 {
		s = b.inside[above[len(above)-1]]
	}
	s = s.Inner()
	for j, w := range b.spec.Write {
		if j == i || !expr.WordPattern.MatchString(w.As) || expr.Reserved[w.As] {
			continue
		}
		if of, taken := s.Find(w.As); taken && of.Write == nil {
			continue
		}
		from := w.To
		seen := &expr.Write{Name: w.As, Target: w.To, Returning: w.Returning, Many: b.many(w), Later: j > i}
		s.Names[w.As] = expr.Binding{Write: seen}
		if at := slices.IndexFunc(above, func(o *mapping.Write) bool { return o.Name == w.As }); at >= 0 {
			seen.Above, seen.Row, seen.Depth = true, above[at].RowSlot, above[at].Depth()
		}
		seen.OnUse = func(target string) {
			if !seen.Above {
				b.sometimes(i, w)
			}
			if target == from {
				return
			}
			if b.waits[target] == nil {
				b.waits[target] = map[string]bool{}
			}
			b.waits[target][from] = true
		}
	}
	return s
}

// many tells whether a write makes a record for each of several items, its own or those of a write that it is under.
func (b *builder) many(w source.Write) bool {
	for range b.spec.Write {
		at := slices.IndexFunc(b.spec.Write, func(o source.Write) bool { return o.As == w.Under })
		if len(w.Each) > 0 || w.Under == "" || at < 0 {
			break
		}
		w = b.spec.Write[at]
	}
	return len(w.Each) > 0
}

// above finds the writes that write i is under, from the outside.
func (b *builder) above(i int) []*mapping.Write {
	spec := b.spec.Write[i]
	if spec.Under == "" {
		return nil
	}
	wrong := func(message, suggestion string) []*mapping.Write {
		b.report(spec.Node.ValueProblem("under", expr.CodeReference, message, suggestion))
		return nil
	}
	var names []string
	for _, o := range b.spec.Write {
		names = append(names, o.As)
	}
	switch at := slices.Index(names, spec.Under); {
	case at < 0:
		return wrong(fmt.Sprintf("there is no write %q", spec.Under), diag.DidYouMean(spec.Under, names))
	case at >= i:
		return wrong("a write is under one that comes before it", "")
	case b.spec.Write[at].To != spec.To:
		return wrong(fmt.Sprintf("write %s goes to another target; under belongs to writes of one transaction", spec.Under), "nest each instead: each: [a in form.list, b in a.list]")
	case spec.Document != "" || b.spec.Write[at].Document != "":
		return wrong("a document write puts every attachment once; it is under no write, and none is under it", "remove it")
	}
	for w := range b.inside {
		if w.Name == spec.Under {
			return append(slices.Clone(w.Above), w)
		}
	}
	return nil
}

// sometimes warns of a value that another write takes though its own is not made for every form, unless the other one asks the same.
func (b *builder) sometimes(i int, from source.Write) {
	if i < 0 || from.When == nil || from.When.Node == nil || b.pinned() {
		return
	}
	w, asks := &b.spec.Write[i], strings.TrimSpace(from.When.Text)
	texts := []*source.Expression{w.When}
	for _, f := range w.Fields {
		texts = append(texts, f.Value.Value)
	}
	told := from.When.Node.Problem(expr.CodeReference, fmt.Sprintf("write %s takes a value of write %s; a form for which this is not true is parked", w.As, from.As), "give write "+w.As+" the same when")
	for _, x := range texts {
		if x != nil && strings.Contains(x.Text, asks) {
			return
		}
	}
	if !slices.Contains(b.plan.Warnings, told) {
		b.plan.Warnings = append(b.plan.Warnings, told)
	}
}

func (b *builder) write(i int, spec source.Write) {
	b.checkTarget(spec)
	w := &mapping.Write{Name: spec.As, Target: spec.To, Document: spec.Document, RowSlot: b.plan.Program.Slot()}
	w.Above = b.above(i)
	usable := b.object(w, spec) // if not, what else is wrong with it is told all the same
	s := b.scopeFor(i, w.Above).Inner()
	outer := w.Depth()
	b.loops(w, spec, &s, outer)
	row := w.RowSlot
	s = s.Inner()
	s.Names["row"] = expr.Binding{Depth: w.Depth(), Term: &expr.Term{Op: "row"}, Eval: func(e *expr.Env) value.Value { return e.Slots[row] }}
	b.lets(s, spec.Let, spec.To, &w.Lets)
	b.inside[w] = s
	if spec.When != nil {
		if c, ok := b.condition(s, *spec.When, spec.To, "this write is never made"); ok {
			w.When = &c
		}
	}
	if spec.Order != nil {
		b.order(spec.To, *spec.Order)
	}
	w.OnMissing = spec.OnMissing
	b.onMissing(spec)
	w.Shape = &connectors.Shape{Write: w.Name, Object: w.Object, Op: modes[spec.Mode], Returning: spec.Returning, Unchecked: spec.Rows == "unchecked"}
	b.rows(spec)
	switch {
	case spec.Procedure != "":
		w.Shape.Op = connectors.Call
	case spec.Table == "":
		w.Shape.Op = connectors.Put
	}
	for _, f := range spec.Fields {
		b.field(w, s, f)
	}
	b.columns(spec)
	if !usable {
		return
	}
	b.keys(w, spec)
	b.layoutFields(w, spec)
	b.charsets(w, spec)
	b.changedKey(w, spec)
	b.fits(w, spec)
	w.Shape.Call = b.call(spec)
	b.plan.Writes = append(b.plan.Writes, w)
}

// object finds what the write is: exactly one of table, layout, document, procedure.
func (b *builder) object(w *mapping.Write, spec source.Write) bool {
	given := 0
	for _, o := range []string{spec.Table, spec.Layout, spec.Document, spec.Procedure} {
		if o != "" {
			given++
			w.Object = o
		}
	}
	if n, ok := spec.Node.Get("mode"); ok {
		words := []string{"insert", "upsert", "update", "replace-children"}
		if _, known := modes[spec.Mode]; !known {
			b.report(n.Problem(expr.CodeValue, fmt.Sprintf("%q is not one of %s", spec.Mode, strings.Join(words, ", ")), diag.DidYouMean(spec.Mode, words)))
		} else if given == 1 && spec.Table == "" {
			b.report(n.Problem(expr.CodeValue, "mode belongs to a table", ""))
		}
	}
	if given != 1 {
		b.report(spec.Node.Problem(CodeOneOf, "a write has exactly one of table, layout, document and procedure", ""))
		return false
	}
	rows := spec.Table != "" || spec.Procedure != ""
	if !rows && len(spec.Returning) > 0 {
		b.report(spec.Node.KeyProblem("returning", expr.CodeReference, "only a table or procedure returns values", ""))
	}
	for _, other := range b.plan.Writes {
		if other.Target == w.Target && (other.Shape.Op == connectors.Put) == rows {
			b.report(spec.Node.KeyProblem("to", CodeTargetKind, fmt.Sprintf("target %q is given both tables and files", w.Target), ""))
			break
		}
	}
	return true
}

// loops compiles each: NAME in LIST, from the outermost to the innermost.
func (b *builder) loops(w *mapping.Write, spec source.Write, s **expr.Scope, outer int) {
	for depth, x := range spec.Each {
		if x.Node == nil {
			continue
		}
		name, rest, from := expr.ReadEach(x.Text)
		if name == "" {
			b.report(x.Node.Problem(expr.CodeSyntax, "each is written NAME in LIST, such as parcel in form.parcels", ""))
			continue
		}
		if !b.freeAt(*s, name, x.Node) {
			continue
		}
		comp := b.compiler(x, *s, spec.To)
		list, p := comp.Compile(rest, false)
		b.warn(x, comp)
		if p == nil && list.Path != nil {
			p = b.use(list.Path, false)
			if p == nil {
				p = b.asList(list.Path)
			}
		}
		if p != nil {
			p.From += from
			b.expressionProblem(x, p)
			list = expr.Nothing
		}
		if p == nil {
			b.rehearse(x, list, "each", expr.NeedList("each"))
			comp.Members(list, 0)
		}
		l := b.plan.Program.Loop(list, outer+depth)
		w.Loops = append(w.Loops, l)
		*s = (*s).Items(name, l)
	}
}

func (b *builder) freeAt(s *expr.Scope, name string, n *diag.Node) bool {
	if expr.Reserved[name] {
		b.report(n.Problem(expr.CodeValue, fmt.Sprintf("%q is a word of the language", name), ""))
		return false
	}
	if _, taken := s.Find(name); taken {
		b.report(n.Problem(CodeShadow, fmt.Sprintf("%q is already the name of something else here", name), ""))
		return false
	}
	return true
}

// handlesNull finds expressions that say what becomes of a null.
var handlesNull = regexp.MustCompile(`\?\?|\b(nil|null|default|isNull|isMissing|isEmpty|coalesce)\b`)

func (b *builder) field(w *mapping.Write, s *expr.Scope, e diag.Entry[source.Field]) {
	f := mapping.Field{Name: e.Key}
	w.Shape.Fields = append(w.Shape.Fields, e.Key)
	spec := e.Value
	if spec.Value != nil && spec.Value.Node != nil {
		f.Text = spec.Value.Text
		f.X, _ = b.value(s, *spec.Value, w.Target)
	}
	if spec.Default != nil && spec.Default.Node != nil {
		if d, ok := b.value(s, *spec.Default, w.Target); ok {
			f.X, f.Def = f.X.Or(d), &d
		}
	}
	f.Nullable = f.Def != nil || spec.OnNull != "" || handlesNull.MatchString(b.whole(f.Text))
	w.Shape.Own = append(w.Shape.Own, f.X.Own && (f.Def == nil || f.Def.Own))
	var msg string
	if f.Type, msg = column.New(spec.Rules); msg != "" {
		f.Bad = true
		b.report(spec.Node.ValueProblem("type", CodeType, msg, ""))
	}
	for key, given := range map[string]string{"onMissing": spec.OnMissing, "onNull": spec.OnNull, "onEmpty": spec.OnEmpty, "overflow": spec.Overflow, "round": spec.Round} {
		b.fieldChoice(spec.Node, key, given)
	}
	if f.Type.Round != "" && f.Type.Precision < 0 && (f.Type.Kind != value.KindDecimal || f.Type.Scale < 0) && !b.pinned() {
		b.report(spec.Node.ValueProblem("round", expr.CodeValue, "round says how, and nothing here says to how many digits: add precision, or type: decimal(p,s)", ""))
	}
	if w.Document != "" && spec.Node != nil {
		b.report(spec.Node.Problem(expr.CodeValue, "a document has no fields", ""))
	}
	if spec.Precision != nil && spec.Precision.Database {
		if w.Shape.Op == connectors.Put {
			b.report(spec.Node.ValueProblem("precision", expr.CodeValue, "precision: database belongs to a field of a table", ""))
		}
		w.Shape.Loose = append(w.Shape.Loose, len(w.Fields))
	}
	w.Fields = append(w.Fields, f)
}

// columns checks the names of a table and its columns.
func (b *builder) columns(spec source.Write) {
	if spec.Table == "" && spec.Procedure == "" || b.pinned() {
		return
	}
	for key, name := range map[string]string{"table": spec.Table, "procedure": spec.Procedure} {
		if strings.TrimSpace(name) != name {
			b.report(spec.Node.ValueProblem(key, expr.CodeValue, "a "+key+"'s name does not begin or end with a blank", ""))
		}
	}
	for i, f := range spec.Fields {
		if f.Key == "" || strings.TrimSpace(f.Key) != f.Key {
			b.report(f.Value.Node.At(f.Line, f.Column, expr.CodeValue, "a column's name is not empty and does not begin or end with a blank", ""))
			continue
		}
		for _, o := range spec.Fields[:i] {
			if strings.EqualFold(o.Key, f.Key) {
				b.plan.Warnings = append(b.plan.Warnings, f.Value.Node.At(f.Line, f.Column, CodeDuplicate,
					fmt.Sprintf("%s and %s are one column, unless the database tells small letters from capitals in names", o.Key, f.Key), "remove one of both"))
			}
		}
	}
}

// rows checks the setting of that name.
func (b *builder) rows(spec source.Write) {
	n, ok := spec.Node.Get("rows")
	switch {
	case !ok:
	case spec.Rows != "checked" && spec.Rows != "unchecked":
		b.report(n.Problem(expr.CodeValue, fmt.Sprintf("%q is not one of checked, unchecked", spec.Rows), diag.DidYouMean(spec.Rows, []string{"checked", "unchecked"})))
	case spec.Table == "":
		b.report(n.Problem(expr.CodeValue, "rows belongs to a table", ""))
	}
}

var fieldChoices = map[string][]string{"onMissing": {"omit", "null", "empty", "error"}, "onNull": {"omit", "null", "empty", "error"},
	"onEmpty": {"keep", "omit", "null", "error"}, "overflow": {"error", "cut"},
	"round": {"error", "half-up", "half-even", "half-down", "up", "down", "ceiling", "floor"}}

func (b *builder) fieldChoice(n *diag.Node, key, word string) {
	words := fieldChoices[key]
	if word == "" || slices.Contains(words, word) || n == nil {
		return
	}
	b.report(n.ValueProblem(key, expr.CodeValue, fmt.Sprintf("%q is not one of %s", word, strings.Join(words, ", ")), diag.DidYouMean(word, words)))
}

// layoutFields checks the fields against the layout's.
func (b *builder) layoutFields(w *mapping.Write, spec source.Write) {
	if spec.Document != "" {
		wrong := func(message string) {
			b.report(spec.Node.ValueProblem("document", expr.CodeValue, message, "such as {reference}-{n}.pdf"))
		}
		switch t, err := encode.ParseTemplate(spec.Document); {
		case err != nil:
			wrong("this file name cannot be used: " + err.Error())
		case b.pinned():
		case b.cat != nil && b.batched(w.Target):
			b.report(spec.Node.ValueProblem("document", expr.CodeValue, "attachments are files of their own, and this target puts many forms into one", "write them to another target over the same folder, which has no batch"))
		case t.Uses("seq"):
			wrong("{seq} is the number of a batch, and attachments are in none")
		case !t.Uses("id") && !t.Uses("reference"):
			wrong("the attachments of every form would have this one file name, and a form is parked while another's lies there: it needs {reference} or {id}")
		case t.MinutesOfDay():
			wrong("its date has minutes beside a day, and no hour: MM is the month, mm the minute")
		case !t.Uses("n"):
			wrong("all attachments of a form would have this one file name, and a form with two is parked: it needs {n}")
		}
	}
	if spec.Layout == "" {
		return
	}
	l, ok := b.layouts[spec.Layout]
	if !ok {
		b.report(spec.Node.ValueProblem("layout", CodeLayoutUnknown, fmt.Sprintf("there is no layout %q", spec.Layout), diag.DidYouMean(spec.Layout, b.spec.Layouts.Keys())))
		return
	}
	if l == nil {
		return
	}
	if old, ok := b.plan.Layouts[w.Target]; ok && old != l {
		b.report(spec.Node.ValueProblem("layout", CodeLayout, "one target has one layout: list the kinds of records in it", ""))
		return
	}
	b.plan.Layouts[w.Target] = l
	if b.cat != nil && !b.pinned() && l.Uses("seq") && !b.batched(w.Target) {
		b.report(spec.Node.ValueProblem("layout", CodeLayout, "its header or trailer has {seq}, the number of a batch, and this target has one file a form: it would be 0 in all of them", "take {id} or {reference}, or give the target batch"))
	}
	b.place(l, w, spec)
	names, ok := l.Fields(w.Name)
	if !ok {
		b.report(spec.Node.ValueProblem("layout", CodeLayout, fmt.Sprintf("the layout has no records for write %q", w.Name), ""))
		return
	}
	for _, n := range names {
		if !slices.Contains(w.Shape.Fields, n) {
			b.report(spec.Node.KeyProblem("fields", CodeLayout, fmt.Sprintf("the layout's field %q is not given", n), ""))
		}
	}
	for i, n := range w.Shape.Fields {
		if !slices.Contains(names, n) && i < len(spec.Fields) {
			b.report(spec.Fields[i].Value.Node.Problem(CodeLayout, fmt.Sprintf("the layout has no field %q", n), diag.DidYouMean(n, names)))
		}
	}
}

// batched tells whether a target may put many forms into one file.
func (b *builder) batched(target string) bool {
	info, known := b.cat.Target(target)
	return info.Batch || !known
}

// orders reads the top-level order: one expression, or one for each target.
func (b *builder) orders() {
	n := b.spec.Order
	if n == nil {
		return
	}
	if n.Kind != diag.Map {
		var x source.Expression
		if problems := n.Decode(&x); len(problems) > 0 {
			b.problems = append(b.problems, problems...)
			return
		}
		for _, t := range b.plan.Targets {
			b.order(t, x)
		}
		return
	}
	for _, p := range n.Pairs {
		if !slices.Contains(b.plan.Targets, p.Key) {
			b.report(n.KeyProblem(p.Key, CodeUnknownTarget, fmt.Sprintf("nothing is written to %q", p.Key), diag.DidYouMean(p.Key, b.plan.Targets)))
			continue
		}
		var x source.Expression
		if problems := p.Value.Decode(&x); len(problems) > 0 {
			b.problems = append(b.problems, problems...)
			continue
		}
		b.order(p.Key, x)
	}
}

func (b *builder) order(target string, x source.Expression) {
	if x.Node == nil {
		return
	}
	if old, twice := b.plan.Order[target]; twice && old.Eval != nil {
		b.report(x.Node.Problem(CodeDuplicate, fmt.Sprintf("the order of target %q is given twice", target), ""))
		return
	}
	if c, ok := b.value(b.root, x, ""); ok {
		b.plan.Order[target] = c
		b.rehearse(x, c, "the order", expr.WholeText)
	}
}

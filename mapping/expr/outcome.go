package expr

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr/helpers"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Outcome is what check knows of a value before there is a form: every helper is run on what its arguments may be, so
// that what can only fail is found before a form meets it.
type Outcome struct {
	Known  []value.Value // values of the mapping's own that it may have, such as those of a lookup
	More   []value.Value // samples of each sort of value that it may have beside, made of a form
	Parts  string        // text of the mapping's own that is surely in it
	Least  int           // characters that it has at least, where it is there
	Usual  int           // where none of its parts is missing or empty either
	Named  bool          // the form's schema names its sorts
	Formed bool          // and a format of its texts, which the samples have
	All    bool          // there are no others, but absent ones
}

const (
	maxCombos = 20_000 // of arguments that are tried
	maxAlike  = 6      // samples that are kept of one sort
)

// anything stands for values that a form did not give as it is too.
var anything = &Outcome{More: slices.Concat(value.FormSamples["string"], value.FormSamples["number"], value.FormSamples["boolean"], value.FormSamples["array"], value.FormSamples["object"],
	value.SamplesOf(value.Value{Kind: value.KindDate, Str: "1999-12-31"}, value.Value{Kind: value.KindDateTime, Str: "1999-12-31T23:58:59+01:00"}, value.Value{Kind: value.KindDateTime, Str: "1999-12-31T23:58:59"}, value.Value{Kind: value.KindBinary}))}

var (
	someBoolean  = &Outcome{More: value.FormSamples["boolean"]}
	someInteger  = &Outcome{More: value.FormSamples["integer"]}
	someNumber   = &Outcome{More: value.FormSamples["number"]}
	someContent  = &Outcome{More: value.SamplesOf(value.Value{Kind: value.KindBinary})}
	someList     = &Outcome{More: value.FormSamples["array"]}
	someOrdinal  = &Outcome{More: value.SamplesOf(value.Int(1), value.Int(2026))}
	noOutcome    = &Outcome{} // fail() gives no value
	submissionID = &Outcome{More: value.SamplesOf(value.Text("0123456789ABC"))}
)

// Outcome of an expression; what is not known may be anything.
func (x Compiled) Outcome() *Outcome {
	switch {
	case x.Const != nil:
		return &Outcome{Known: []value.Value{*x.Const}, All: true}
	case x.May != nil:
		return x.May
	}
	return anything
}

// IsContent tells whether a value that is there is content and nothing else.
func (o *Outcome) IsContent() bool {
	return o != nil && len(o.More) > 0 && !slices.ContainsFunc(slices.Concat(o.Known, o.More), func(v value.Value) bool { return v.Kind != value.KindBinary && !v.Absent() })
}

// never tells whether the expression gives no value at all.
func (o *Outcome) never() bool { return len(o.Known)+len(o.More) == 0 }

// either joins the outcomes of alternatives.
func either(xs ...Compiled) *Outcome {
	out := &Outcome{All: true, Least: value.MaxCount, Usual: value.MaxCount}
	for _, x := range xs {
		o := x.Outcome()
		out.All = out.All && o.All
		if !o.never() {
			out.Least = min(out.Least, max(o.Least, shortest(o)))
			out.Usual = min(out.Usual, max(o.Usual, o.Least, shortest(o)))
		}
		out.Known = append(out.Known, o.Known...)
		for _, v := range o.More {
			out.Add(v)
		}
	}
	if out.never() {
		return noOutcome
	}
	return out
}

// Add keeps a value: of the mapping's own all, of others some of each sort.
func (o *Outcome) Add(v value.Value) {
	alike := 0
	list := &o.Known
	if v.Src != 0 && v.Absent() {
		return // absent values pass nearly everywhere, and would hide what cannot
	}
	if v.Src != 0 {
		list = &o.More
	}
	for _, have := range *list {
		if have.Kind == v.Kind && have.Str == v.Str && have.Int == v.Int && v.Kind < value.KindBinary {
			return
		}
		if have.Kind == v.Kind && value.SameSort(have, v) {
			alike++
		}
	}
	if o.All || v.Src == 0 || alike < maxAlike || v.Kind == value.KindText && alike < 2*maxAlike {
		*list = append(*list, v)
	}
}

// trial is a computation that check runs on what its arguments may be.
type trial struct {
	out      *Outcome
	sorts    []map[value.Kind]bool // of each argument whose sorts the form's schema names: whether one of them worked
	works    bool
	fussy    bool   // some text of the form works
	constant string // what the first failure that no form takes part in says
	failed   string // what the first failure says, rather one that the mapping itself causes
	own      bool   // failed is such a one
	counts   bool   // it works with a number that is not 0
	large    bool   // it gave a number of too many digits
}

// apply runs a function on every combination of what its arguments may be, and reports at n what can only fail.
func (c *Compiler) apply(n ast.Node, name string, fn value.Function, xs []Compiled, own bool) *Outcome {
	if !c.Strict {
		return nil
	}
	t := trial{out: &Outcome{}, sorts: make([]map[value.Kind]bool, len(xs))}
	h, _ := helpers.Find(name)
	lists, total, pure := make([][]value.Value, len(xs)), 1, true
	t.out.All = !slices.ContainsFunc(xs, func(x Compiled) bool { return !x.Outcome().All })
	t.fussy = h.Fussy && !t.out.All
	for i, x := range xs {
		o := x.Outcome()
		if o.Named {
			t.sorts[i] = map[value.Kind]bool{}
		}
		if o.never() {
			return noOutcome
		}
		pure = pure && len(o.More) == 0
		lists[i] = slices.Concat(o.Known, o.More)
		if !o.All && !o.Formed && slices.ContainsFunc(o.More, isText) {
			lists[i] = append(lists[i], c.said(xs).Samples()...)
		}
		switch {
		case t.out.All && x.Const == nil:
			lists[i] = append(lists[i], value.SamplesOf(value.Missing, value.Null)...)
		case own && len(o.More) > 0:
			lists[i] = append(lists[i], value.Value{Src: value.OfForm}) // its place may be taken by a value of the mapping's own
		}
		if total *= len(lists[i]); total > maxCombos {
			return nil
		}
	}
	combine(lists, make([]value.Value, 0, len(xs)), func(args []value.Value) { t.run(fn, args, own) })
	switch {
	case t.works && t.constant != "":
		c.warn(n, CodeConstant, name+" cannot take a value that this mapping itself may give it: "+t.constant)
	case t.works && t.large && !t.counts:
		c.warn(n, CodeNever, name+" gives a number of too many digits for nearly every form: such a form is parked")
	case t.works:
		for _, sorts := range t.sorts {
			if k, ok := Useless(sorts); ok {
				c.warn(n, CodeNever, name+" cannot work with the sort "+value.KindName(k)+", which the form's schema names here: such a form is parked, since it is right")
			}
		}
	case pure:
		c.stop(n, CodeConstant, name+" can only fail, whatever the form says: "+t.failed, "")
	default:
		c.stop(n, CodeNever, name+" can only fail, whatever the form says: "+t.failed, "")
	}
	return t.out
}

// combine calls f for every choice of one value from each list.
func combine(lists [][]value.Value, chosen []value.Value, f func([]value.Value)) {
	if len(lists) == 0 {
		f(chosen)
		return
	}
	for _, v := range lists[0] {
		combine(lists[1:], append(chosen, v), f)
	}
}

// Useless returns a sort of which no value works.
func Useless(sorts map[value.Kind]bool) (value.Kind, bool) {
	for k := range value.KindObject + 1 {
		if works, tried := sorts[k]; tried && !works {
			return k, true
		}
	}
	return 0, false
}

func (t *trial) run(fn value.Function, args []value.Value, own bool) {
	e := &value.Run{Budget: value.DefaultBudget(decode.DefaultLimits().Bytes)}
	ofMapping, absent, text := true, false, false
	for _, a := range args {
		ofMapping = ofMapping && a.Src == 0
		absent = absent || a.Absent() && a.Src == value.OfForm
		text = text || isText(a) && a.Src == value.OfForm
	}
	v := fn(e, slices.Clone(args))
	switch {
	case t.fussy && text && e.Err != nil && !e.Err.Sort:
		e.Err, v = nil, args[0]
	case t.fussy && text && v.Kind == value.KindBool:
		t.out.More = someBoolean.More
	}
	zero := slices.ContainsFunc(args, func(a value.Value) bool { return a.IsNumber() && value.CompareNumbers(a, value.Int(0)) == 0 })
	t.counts = t.counts || e.Err == nil && !zero && v.IsNumber()
	t.large = t.large || e.Err != nil && e.Err.Code == value.CodeTooLarge && e.Err.Made == value.Computed
	if e.Err == nil && !own {
		v = e.Of(v, args...)
	}
	for i, sorts := range t.sorts {
		if sorts != nil && args[i].Src == value.OfForm && args[i].Kind > value.KindNull {
			sorts[args[i].Kind] = sorts[args[i].Kind] || e.Err == nil
		}
	}
	switch {
	case e.Err == nil:
		t.works = t.works || !absent
		t.out.Add(v)
		if text && isText(v) && v.Src != 0 && !t.out.All { // what is made of a text may be any other
			for _, any := range value.FormSamples["string"] {
				t.out.Add(any)
			}
		}
		return
	case absent:
		return
	}
	if own := e.Err.Blamed && e.Err.Src == 0; t.failed == "" || own && !t.own {
		t.failed, t.own = e.Err.Message, own
	}
	if ofMapping && t.constant == "" {
		t.constant = value.Shown(args[0]) + ": " + e.Err.Message
	}
}

func isText(v value.Value) bool { return v.Kind == value.KindText }

// unnamedText tells of a field that is a text because the form's format makes no numbers, not because its schema says so.
func (x Compiled) unnamedText() bool {
	return x.Path != nil && x.May != nil && !x.May.Named && slices.ContainsFunc(x.May.More, isText) && !slices.ContainsFunc(x.May.More, value.Value.IsNumber)
}

// condition checks that an expression may be true or false at all.
func (c *Compiler) condition(n ast.Node, x Compiled) {
	c.apply(n, "the condition", IsTrue, []Compiled{x}, false)
}

// partsOf is the text that constants surely put into a joined text.
func partsOf(xs ...Compiled) string {
	var b strings.Builder
	for _, x := range xs {
		switch {
		case x.Const != nil:
			s, _ := x.Const.Text()
			b.WriteString(s)
		case x.May != nil:
			b.WriteString(x.May.Parts)
		}
	}
	return b.String()
}

// least are the characters that a text has at least, where all its parts are there.
func least(xs ...Compiled) (n int) {
	for _, x := range xs {
		n += max(x.Outcome().Least, shortest(x.Outcome()))
	}
	return n
}

// likely are those that it has where none of its parts is empty either.
func likely(xs ...Compiled) (n int) {
	for _, x := range xs {
		if o := x.Outcome(); len(o.More) > 0 || len(o.Known) == 0 {
			n += max(o.Usual, 1)
		} else {
			n += shortest(o)
		}
	}
	return n
}

// shortest is the length of the shortest of the mapping's own values, where it is one of them.
func shortest(o *Outcome) int {
	if len(o.More) > 0 || len(o.Known) == 0 {
		return 0
	}
	n := helpers.MaxPad
	for _, v := range o.Known {
		s, _ := v.Text()
		n = min(n, utf8.RuneCountInString(s))
	}
	return n
}

// padded is how long a helper that pads makes a text.
func padded(name string, xs []Compiled) int {
	if len(xs) > 1 && xs[1].Const != nil && strings.HasPrefix(name, "pad") {
		return int(xs[1].Const.Int)
	}
	return 0
}

// withTexts is measured for +, which may add numbers too.
func (o *Outcome) withTexts(xs ...Compiled) *Outcome {
	for _, x := range xs {
		if x.Const != nil && x.Const.Kind == value.KindText || x.Const == nil && x.Outcome().Least > 0 {
			return o.measured(partsOf(xs...), least(xs...), likely(xs...))
		}
	}
	return o
}

// measured keeps what is known of a text: the mapping's own parts of it, and its length.
func (o *Outcome) measured(parts string, least, likely int) *Outcome {
	if o == noOutcome || o == nil && parts == "" && likely == 0 {
		return o
	}
	if o == nil {
		o = &Outcome{More: value.FormSamples["string"]}
	}
	o.Parts, o.Least, o.Usual = parts, max(least, utf8.RuneCountInString(parts)), likely
	return o
}

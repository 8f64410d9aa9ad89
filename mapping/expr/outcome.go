package expr

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/datefmt"
	"github.com/inbasket/inbasket/mapping/decode"
)

// Outcome is what check knows of a value before there is a form: every helper is run on what its arguments may be, so
// that what can only fail is found before a form meets it.
type Outcome struct {
	Known  []Value // values of the mapping's own that it may have, such as those of a lookup
	More   []Value // samples of each sort of value that it may have beside, made of a form
	Parts  string  // text of the mapping's own that is surely in it
	Least  int     // characters that it has at least, where it is there
	Usual  int     // where none of its parts is missing or empty either
	Named  bool    // the form's schema names its sorts
	Formed bool    // and a format of its texts, which the samples have
	All    bool    // there are no others, but absent ones
}

const (
	maxCombos = 20_000 // of arguments that are tried
	maxAlike  = 6      // samples that are kept of one sort
	ofForm    = 1      // src of a sample: it stands for what a form gives
)

// sampleTime is in a year, month and day that every pattern can write.
var sampleTime = time.Date(1999, 12, 31, 23, 58, 59, 0, time.FixedZone("", 3600))

// SamplesOf makes values stand for what a form gives.
func SamplesOf(values ...Value) []Value {
	for i := range values {
		values[i].Src = ofForm
	}
	return values
}

// FormSamples stand for what a form may hold, by the words that JSON Schema has for types.
var FormSamples = map[string][]Value{
	"string": SamplesOf(Text("x"), Text(""), Text("1"), Text("1,5"), Text("1999-12-31"), Text("1999-12-31T23:58:59+01:00"),
		Text("1999-12-31T23:58:59"), Text("true"), Text("AAAA")),
	"integer": SamplesOf(Int(1), Int(0)),
	"number":  SamplesOf(Int(1), Int(0), Value{Kind: KindDecimal, Str: "1.5"}, Value{Kind: KindDecimal, Str: "1.0"}),
	"boolean": SamplesOf(Bool(true), Bool(false)),
	"array": SamplesOf(Value{Kind: KindList, Any: []any{}}, Value{Kind: KindList, Any: []any{"x"}}, Value{Kind: KindList, Any: []any{json.Number("1")}},
		Value{Kind: KindList, Any: []any{json.Number("1.5")}}, Value{Kind: KindList, Any: []any{true}}, Value{Kind: KindList, Any: []any{map[string]any{}}}, Value{Kind: KindList, Any: []any{[]any{}}}),
	"object": SamplesOf(Value{Kind: KindObject, Any: map[string]any{}}),
}

// anything stands for values that a form did not give as it is too.
var anything = &Outcome{More: slices.Concat(FormSamples["string"], FormSamples["number"], FormSamples["boolean"], FormSamples["array"], FormSamples["object"],
	SamplesOf(Value{Kind: KindDate, Str: "1999-12-31"}, Value{Kind: KindDateTime, Str: "1999-12-31T23:58:59+01:00"}, Value{Kind: KindDateTime, Str: "1999-12-31T23:58:59"}, Value{Kind: KindBinary}))}

var (
	someBoolean  = &Outcome{More: FormSamples["boolean"]}
	someInteger  = &Outcome{More: FormSamples["integer"]}
	someNumber   = &Outcome{More: FormSamples["number"]}
	someList     = &Outcome{More: FormSamples["array"]}
	noOutcome    = &Outcome{} // fail() gives no value
	submissionID = &Outcome{More: SamplesOf(Text("0123456789ABC"))}
)

// Outcome of an expression; what is not known may be anything.
func (x Compiled) Outcome() *Outcome {
	switch {
	case x.Const != nil:
		return &Outcome{Known: []Value{*x.Const}, All: true}
	case x.May != nil:
		return x.May
	}
	return anything
}

// never tells whether the expression gives no value at all.
func (o *Outcome) never() bool { return len(o.Known)+len(o.More) == 0 }

// either joins the outcomes of alternatives.
func either(xs ...Compiled) *Outcome {
	out := &Outcome{All: true, Least: maxCount, Usual: maxCount}
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
func (o *Outcome) Add(v Value) {
	alike := 0
	list := &o.Known
	if v.Src != 0 && v.Absent() {
		return // absent values pass nearly everywhere, and would hide what cannot
	}
	if v.Src != 0 {
		list = &o.More
	}
	for _, have := range *list {
		if have.Kind == v.Kind && have.Str == v.Str && have.Int == v.Int && v.Kind < KindBinary {
			return
		}
		if have.Kind == v.Kind && sameSort(have, v) {
			alike++
		}
	}
	if o.All || v.Src == 0 || alike < maxAlike || v.Kind == KindText && alike < 2*maxAlike {
		*list = append(*list, v)
	}
}

// trial is a computation that check runs on what its arguments may be.
type trial struct {
	out      *Outcome
	sorts    []map[Kind]bool // of each argument whose sorts the form's schema names: whether one of them worked
	works    bool
	constant string // what the first failure that no form takes part in says
	failed   string // what the first failure says, rather one that the mapping itself causes
	own      bool   // failed is such a one
	counts   bool   // it works with a number that is not 0
	large    bool   // it gave a number of too many digits
}

// apply runs a function on every combination of what its arguments may be, and reports at n what can only fail.
func (c *Compiler) apply(n ast.Node, name string, fn Function, xs []Compiled, own bool) *Outcome {
	if !c.Strict {
		return nil
	}
	t := trial{out: &Outcome{}, sorts: make([]map[Kind]bool, len(xs))}
	lists, total, pure := make([][]Value, len(xs)), 1, true
	t.out.All = !slices.ContainsFunc(xs, func(x Compiled) bool { return !x.Outcome().All })
	for i, x := range xs {
		o := x.Outcome()
		if o.Named {
			t.sorts[i] = map[Kind]bool{}
		}
		if o.never() {
			return noOutcome
		}
		pure = pure && len(o.More) == 0
		lists[i] = slices.Concat(o.Known, o.More)
		if !o.All && !o.Formed && slices.ContainsFunc(o.More, isText) {
			lists[i] = append(lists[i], patternSamples(xs)...)
		}
		switch {
		case t.out.All && x.Const == nil:
			lists[i] = append(lists[i], SamplesOf(Missing, Null)...)
		case own && len(o.More) > 0:
			lists[i] = append(lists[i], Value{Src: ofForm}) // its place may be taken by a value of the mapping's own
		}
		if total *= len(lists[i]); total > maxCombos {
			return nil
		}
	}
	combine(lists, make([]Value, 0, len(xs)), func(args []Value) { t.run(fn, args, own) })
	switch {
	case t.works && t.constant != "":
		c.warn(n, CodeConstant, name+" cannot take a value that this mapping itself may give it: "+t.constant)
	case t.works && t.large && !t.counts:
		c.warn(n, CodeNever, name+" gives a number of too many digits for nearly every form: such a form is parked")
	case t.works:
		for _, sorts := range t.sorts {
			if k, ok := Useless(sorts); ok {
				c.warn(n, CodeNever, name+" cannot work with the sort "+KindName(k)+", which the form's schema names here: such a form is parked, since it is right")
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
func combine(lists [][]Value, chosen []Value, f func([]Value)) {
	if len(lists) == 0 {
		f(chosen)
		return
	}
	for _, v := range lists[0] {
		combine(lists[1:], append(chosen, v), f)
	}
}

// Useless returns a sort of which no value works.
func Useless(sorts map[Kind]bool) (Kind, bool) {
	for k := range KindObject + 1 {
		if works, tried := sorts[k]; tried && !works {
			return k, true
		}
	}
	return 0, false
}

func (t *trial) run(fn Function, args []Value, own bool) {
	e := &Run{Budget: DefaultBudget(decode.DefaultLimits().Bytes)}
	ofMapping, absent, text := true, false, false
	for _, a := range args {
		ofMapping = ofMapping && a.Src == 0
		absent = absent || a.Absent() && a.Src == ofForm
		text = text || isText(a) && a.Src == ofForm
	}
	v := fn(e, slices.Clone(args))
	zero := slices.ContainsFunc(args, func(a Value) bool { return a.IsNumber() && compareNumbers(a, Int(0)) == 0 })
	t.counts = t.counts || e.Err == nil && !zero && v.IsNumber()
	t.large = t.large || e.Err != nil && e.Err.Code == CodeTooLarge && e.Err.Made == Computed
	if e.Err == nil && !own {
		v = e.Of(v, args...)
	}
	for i, sorts := range t.sorts {
		if sorts != nil && args[i].Src == ofForm && args[i].Kind > KindNull {
			sorts[args[i].Kind] = sorts[args[i].Kind] || e.Err == nil
		}
	}
	switch {
	case e.Err == nil:
		t.works = t.works || !absent
		t.out.Add(v)
		if text && isText(v) && v.Src != 0 && !t.out.All { // what is made of a text may be any other
			for _, any := range FormSamples["string"] {
				t.out.Add(any)
			}
		}
		return
	case absent:
		return
	}
	if own := e.Err.blamed && e.Err.Src == 0; t.failed == "" || own && !t.own {
		t.failed, t.own = e.Err.Message, own
	}
	if ofMapping && t.constant == "" {
		t.constant = ShownValue(args[0]) + ": " + e.Err.Message
	}
}

func isText(v Value) bool { return v.Kind == KindText }

// unnamedText tells of a field that is a text because the form's format makes no numbers, not because its schema says so.
func (x Compiled) unnamedText() bool {
	return x.Path != nil && x.May != nil && !x.May.Named && slices.ContainsFunc(x.May.More, isText) && !slices.ContainsFunc(x.May.More, Value.IsNumber)
}

// patternSamples are texts that only a constant argument tells of: the argument itself, and what its date pattern reads.
func patternSamples(xs []Compiled) []Value {
	var out []Value
	for _, x := range xs {
		if x.Const == nil || x.Const.Kind != KindText {
			continue
		}
		out = append(out, Text(x.Const.Str))
		if p, err := datefmt.Compile(x.Const.Str); err == nil {
			out = append(out, Text(p.Format(sampleTime)))
		}
	}
	return SamplesOf(out...)
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
	n := maxPad
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
		if x.Const != nil && x.Const.Kind == KindText || x.Const == nil && x.Outcome().Least > 0 {
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
		o = &Outcome{More: FormSamples["string"]}
	}
	o.Parts, o.Least, o.Usual = parts, max(least, utf8.RuneCountInString(parts)), likely
	return o
}

package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"github.com/inbasket/inbasket/mapping/datefmt"
	"github.com/inbasket/inbasket/mapping/decode"
)

// outcome is what check knows of a value before there is a form: every helper is run on what its arguments may be, so
// that what can only fail is found before a form meets it.
type outcome struct {
	known []value // values of the mapping's own that it may have, such as those of a lookup
	more  []value // samples of each sort of value that it may have beside, made of a form
	parts string  // text of the mapping's own that is surely in it
	least int     // characters that it has at least, where it is there
	usual int     // where none of its parts is missing or empty either
	named bool    // the form's schema names its sorts
}

const (
	maxCombos = 20_000 // of arguments that are tried
	maxAlike  = 6      // samples that are kept of one sort
	ofForm    = 1      // src of a sample: it stands for what a form gives
)

// sampleTime is in a year, month and day that every pattern can write.
var sampleTime = time.Date(1999, 12, 31, 23, 58, 59, 0, time.FixedZone("", 3600))

func samplesOf(values ...value) []value {
	for i := range values {
		values[i].src = ofForm
	}
	return values
}

// formSamples stand for what a form may hold, by the words that JSON Schema has for types.
var formSamples = map[string][]value{
	"string": samplesOf(textValue("x"), textValue(""), textValue("1"), textValue("1,5"), textValue("1999-12-31"), textValue("1999-12-31T23:58:59+01:00"),
		textValue("1999-12-31T23:58:59"), textValue("true"), textValue("AAAA")),
	"integer": samplesOf(intValue(1), intValue(0)),
	"number":  samplesOf(intValue(1), intValue(0), value{k: kDec, s: "1.5"}, value{k: kDec, s: "1.0"}),
	"boolean": samplesOf(boolValue(true), boolValue(false)),
	"array": samplesOf(value{k: kList, x: []any{}}, value{k: kList, x: []any{"x"}}, value{k: kList, x: []any{json.Number("1")}},
		value{k: kList, x: []any{json.Number("1.5")}}, value{k: kList, x: []any{true}}, value{k: kList, x: []any{map[string]any{}}}, value{k: kList, x: []any{[]any{}}}),
	"object": samplesOf(value{k: kObject, x: map[string]any{}}),
}

// anything stands for values that a form did not give as it is too.
var anything = &outcome{more: slices.Concat(formSamples["string"], formSamples["number"], formSamples["boolean"], formSamples["array"], formSamples["object"],
	samplesOf(value{k: kDate, s: "1999-12-31"}, value{k: kDateTime, s: "1999-12-31T23:58:59+01:00"}, value{k: kDateTime, s: "1999-12-31T23:58:59"}, value{k: kBinary}))}

var (
	someBoolean  = &outcome{more: formSamples["boolean"]}
	someInteger  = &outcome{more: formSamples["integer"]}
	someNumber   = &outcome{more: formSamples["number"]}
	someList     = &outcome{more: formSamples["array"]}
	noOutcome    = &outcome{} // fail() gives no value
	submissionID = &outcome{more: samplesOf(textValue("0123456789ABC"))}
)

// outcome of an expression; what is not known may be anything.
func (x cx) outcome() *outcome {
	switch {
	case x.konst != nil:
		return &outcome{known: []value{*x.konst}}
	case x.may != nil:
		return x.may
	}
	return anything
}

// never tells whether the expression gives no value at all.
func (o *outcome) never() bool { return len(o.known)+len(o.more) == 0 }

// either joins the outcomes of alternatives.
func either(xs ...cx) *outcome {
	out := &outcome{}
	for _, x := range xs {
		o := x.outcome()
		out.known = append(out.known, o.known...)
		for _, v := range o.more {
			out.add(v)
		}
	}
	return out
}

// add keeps a value: of the mapping's own all, of others some of each sort.
func (o *outcome) add(v value) {
	alike := 0
	list := &o.known
	if v.src != 0 && v.absent() {
		return // absent values pass nearly everywhere, and would hide what cannot
	}
	if v.src != 0 {
		list = &o.more
	}
	for _, have := range *list {
		if have.k == v.k && have.s == v.s && have.i == v.i && v.k < kBinary {
			return
		}
		if sortOf(have) == sortOf(v) {
			alike++
		}
	}
	if v.src == 0 || alike < maxAlike || v.k == kText && alike < 2*maxAlike {
		*list = append(*list, v)
	}
}

// sortOf tells values of different sorts apart; a time with and one without an offset are two.
func sortOf(v value) string {
	if v.k == kDateTime {
		_, zoned, _ := readDateTime(v.s)
		return fmt.Sprint(v.k, zoned)
	}
	return fmt.Sprint(v.k)
}

// trial is a computation that check runs on what its arguments may be.
type trial struct {
	out      *outcome
	sorts    []map[kind]bool // of each argument whose sorts the form's schema names: whether one of them worked
	works    bool
	constant string // what the first failure that no form takes part in says
	failed   string // what the first failure says, rather one that the mapping itself causes
	own      bool   // failed is such a one
}

// apply runs a function on every combination of what its arguments may be, and reports at n what can only fail.
func (c *compiler) apply(n ast.Node, name string, fn function, xs []cx, own bool) *outcome {
	if !c.strict {
		return nil
	}
	t := trial{out: &outcome{}, sorts: make([]map[kind]bool, len(xs))}
	lists, total, pure := make([][]value, len(xs)), 1, true
	for i, x := range xs {
		o := x.outcome()
		if o.named {
			t.sorts[i] = map[kind]bool{}
		}
		if o.never() {
			return noOutcome
		}
		pure = pure && len(o.more) == 0
		lists[i] = slices.Concat(o.known, o.more)
		if slices.ContainsFunc(o.more, isText) {
			lists[i] = append(lists[i], patternSamples(xs)...)
		}
		if own && len(o.more) > 0 {
			lists[i] = append(lists[i], value{src: ofForm}) // its place may be taken by a value of the mapping's own
		}
		if total *= len(lists[i]); total > maxCombos {
			return nil
		}
	}
	combine(lists, make([]value, 0, len(xs)), func(args []value) { t.run(fn, args, own) })
	switch {
	case t.works && t.constant != "":
		c.warn(n, CodeConstant, name+" cannot take a value that this mapping itself may give it: "+t.constant)
	case t.works:
		for _, sorts := range t.sorts {
			if k, ok := useless(sorts); ok {
				c.warn(n, CodeNever, name+" cannot work with the sort "+kindWord(k)+", which the form's schema names here: such a form is parked, since it is right")
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
func combine(lists [][]value, chosen []value, f func([]value)) {
	if len(lists) == 0 {
		f(chosen)
		return
	}
	for _, v := range lists[0] {
		combine(lists[1:], append(chosen, v), f)
	}
}

// useless returns a sort of which no value works.
func useless(sorts map[kind]bool) (kind, bool) {
	for k := range kObject + 1 {
		if works, tried := sorts[k]; tried && !works {
			return k, true
		}
	}
	return 0, false
}

func (t *trial) run(fn function, args []value, own bool) {
	e := &env{in: &Input{}, budget: defaultBudget(decode.DefaultLimits().Bytes)}
	ofMapping, absent, text := true, false, false
	for _, a := range args {
		ofMapping = ofMapping && a.src == 0
		absent = absent || a.k == kMissing && a.src == ofForm
		text = text || isText(a) && a.src == ofForm
	}
	v := fn(e, slices.Clone(args))
	if e.err == nil && !own {
		v = e.of(v, args...)
	}
	for i, sorts := range t.sorts {
		if sorts != nil && args[i].src == ofForm && args[i].k > kNull {
			sorts[args[i].k] = sorts[args[i].k] || e.err == nil
		}
	}
	switch {
	case e.err == nil:
		t.works = t.works || !absent
		t.out.add(v)
		if text && isText(v) && v.src != 0 { // what is made of a text may be any other
			for _, any := range formSamples["string"] {
				t.out.add(any)
			}
		}
		return
	case absent:
		return
	}
	if own := e.err.blamed && e.err.src == 0; t.failed == "" || own && !t.own {
		t.failed, t.own = e.err.message, own
	}
	if ofMapping && t.constant == "" {
		t.constant = shownValue(args[0]) + ": " + e.err.message
	}
}

func isText(v value) bool { return v.k == kText }

// patternSamples are texts that only a constant argument tells of: the argument itself, and what its date pattern reads.
func patternSamples(xs []cx) []value {
	var out []value
	for _, x := range xs {
		if x.konst == nil || x.konst.k != kText {
			continue
		}
		out = append(out, textValue(x.konst.s))
		if p, err := datefmt.Compile(x.konst.s); err == nil {
			out = append(out, textValue(p.Format(sampleTime)))
		}
	}
	return samplesOf(out...)
}

// shownValue writes a value of the mapping's own for a message.
func shownValue(v value) string {
	s, ok := v.text()
	if !ok {
		return kindWord(v.k)
	}
	if short := cut(s, 40); short != s {
		s = short + "…"
	}
	if v.k == kText {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// condition checks that an expression may be true or false at all.
func (c *compiler) condition(n ast.Node, x cx) {
	c.apply(n, "the condition", func(e *env, a []value) value { return boolValue(truth(e, a[0])) }, []cx{x}, false)
}

// partsOf is the text that constants surely put into a joined text.
func partsOf(xs ...cx) string {
	var b strings.Builder
	for _, x := range xs {
		switch {
		case x.konst != nil:
			s, _ := x.konst.text()
			b.WriteString(s)
		case x.may != nil:
			b.WriteString(x.may.parts)
		}
	}
	return b.String()
}

// least are the characters that a text has at least, where all its parts are there.
func least(xs ...cx) (n int) {
	for _, x := range xs {
		n += max(x.outcome().least, shortest(x.outcome()))
	}
	return n
}

// likely are those that it has where none of its parts is empty either.
func likely(xs ...cx) (n int) {
	for _, x := range xs {
		if o := x.outcome(); len(o.more) > 0 || len(o.known) == 0 {
			n += max(o.usual, 1)
		} else {
			n += shortest(o)
		}
	}
	return n
}

// shortest is the length of the shortest of the mapping's own values, where it is one of them.
func shortest(o *outcome) int {
	if len(o.more) > 0 || len(o.known) == 0 {
		return 0
	}
	n := maxPad
	for _, v := range o.known {
		s, _ := v.text()
		n = min(n, utf8.RuneCountInString(s))
	}
	return n
}

// padded is how long a helper that pads makes a text.
func padded(name string, xs []cx) int {
	if len(xs) > 1 && xs[1].konst != nil && strings.HasPrefix(name, "pad") {
		return int(xs[1].konst.i)
	}
	return 0
}

// withTexts is measured for +, which may add numbers too.
func (o *outcome) withTexts(xs ...cx) *outcome {
	for _, x := range xs {
		if x.konst != nil && x.konst.k == kText || x.konst == nil && x.outcome().least > 0 {
			return o.measured(partsOf(xs...), least(xs...), likely(xs...))
		}
	}
	return o
}

// measured keeps what is known of a text: the mapping's own parts of it, and its length.
func (o *outcome) measured(parts string, least, likely int) *outcome {
	if o == noOutcome || o == nil && parts == "" && likely == 0 {
		return o
	}
	if o == nil {
		o = &outcome{more: formSamples["string"]}
	}
	o.parts, o.least, o.usual = parts, max(least, utf8.RuneCountInString(parts)), likely
	return o
}

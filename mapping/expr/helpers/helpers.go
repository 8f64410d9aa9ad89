// Package helpers is the library of the language: one table of helpers, each with its arguments, what it does with what is not there, and what
// check may know of it. A helper sees values, and where it is compiled its constant arguments; expressions it does not see.
package helpers

import (
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Part is what the reference prints under one title.
type Part struct {
	Title   string
	Helpers map[string]Helper
}

// Parts are the functions of the language, each in the file of its subject. Every one is pure and takes
// missing and null; what it does with them is in its absent text, which the reference prints.
var Parts = []Part{{"Text", textHelpers}, {"Patterns", patternHelpers}, {"Numbers", numberHelpers}, {"Content", binaryHelpers}, {"Dates and times", dateHelpers}, {"Lists and absent values", listHelpers},
	{"Checks by standard", checkHelpers()}}

// Find returns the helper of a name.
func Find(name string) (h Helper, ok bool) {
	for _, p := range Parts {
		if h, ok = p.Helpers[name]; ok {
			break
		}
	}
	return h, ok
}

// Names are the names of all helpers.
func Names() (all []string) {
	for _, p := range Parts {
		all = slices.AppendSeq(all, maps.Keys(p.Helpers))
	}
	return all
}

// Helper is one function of the mapping language.
type Helper struct {
	Min, Max int            // number of arguments with the piped one; Max < 0: any number
	args     []sort         // what its further arguments may be, the last one also those after it; empty: anything
	Shallow  bool           // looks at a list or object without using what is in it
	Same     bool           // the text stays as long as it is, or gets shorter
	both     bool           // of two arguments each passes where it is absent, the second first
	Keeps    bool           // whatever is in the text stays in it, but for capitals
	Fussy    bool           // it takes few texts, or is true of few, which the samples of check need not be among
	Own      bool           // gives the mapping's own words, not something made of the form
	Picks    bool           // gives one of its further arguments, or what a table has
	Makes    value.Making   // what it does to a value beside reading it
	fn       value.Function // the function itself, or:
	make     func(c Call) (value.Function, *Mistake)
	Usage    string // how it is written, as it can be typed, and what it does: for the reference
	Absent   string // what it does with missing, null and ""
	Example  string // what it gives, as EXPRESSION = VALUE; shown in the reference, and tested
}

// Call is what a helper may know where it is compiled.
type Call struct {
	Consts []*value.Value // its arguments, with the piped one; nil for what is no constant
	Strict bool           // what can only fail is refused; not for a mapping that was pinned before
	Tables map[string]*Table
}

// Mistake is what is wrong with a call.
type Mistake struct {
	Code, Message, Suggestion string
	Arg                       int // the argument that is wrong; 0: the call
}

func wrong(code, message, suggestion string) *Mistake {
	return &Mistake{Code: code, Message: message, Suggestion: suggestion}
}

// at says which argument is wrong.
func (m *Mistake) at(arg int) *Mistake {
	m.Arg = arg
	return m
}

// sort is what an argument may be.
type sort struct {
	name  string
	kinds []value.Kind
}

var (
	aText     = sort{"a text", []value.Kind{value.KindText, value.KindInt, value.KindDecimal, value.KindBool, value.KindDate, value.KindDateTime}}
	aWhole    = sort{"a whole number", []value.Kind{value.KindInt}}
	anything  = sort{}
	aDate     = sort{"a date", []value.Kind{value.KindText, value.KindDate, value.KindDateTime}}
	aList     = sort{"a list", []value.Kind{value.KindList}}
	someTexts = sort{"a text, or a list of texts", append([]value.Kind{value.KindList}, aText.kinds...)}
)

// Refuses says what the i-th argument must be, where none of the values that it may have is that.
func (h Helper) Refuses(i int, may []value.Value) string {
	if i == 0 || len(h.args) == 0 || len(may) == 0 {
		return ""
	}
	want := h.args[min(i, len(h.args))-1]
	if want.kinds == nil || slices.ContainsFunc(may, func(v value.Value) bool { return slices.Contains(want.kinds, v.Kind) }) {
		return ""
	}
	return want.name
}

// text is the i-th argument, where it is a text in quotes.
func (c Call) text(i int) (string, bool) {
	if i < len(c.Consts) && c.Consts[i] != nil && c.Consts[i].Kind == value.KindText {
		return c.Consts[i].Str, true
	}
	return "", false
}

// For is what computes the helper in one call.
func (h Helper) For(c Call) (value.Function, *Mistake) {
	fn := h.fn
	if h.make != nil {
		var wrong *Mistake
		if fn, wrong = h.make(c); wrong != nil {
			return nil, wrong
		}
	}
	if strings.HasPrefix(h.Absent, passes) {
		fn = passing(fn, h.both)
	}
	return fn, nil
}

// passing makes a helper whose argument passes where it is absent.
func passing(fn value.Function, both bool) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		if both && a[1].Absent() {
			return a[1]
		}
		if a[0].Absent() {
			return a[0]
		}
		return fn(e, a)
	}
}

const passes = "missing stays missing, null stays null"

// onText makes a helper of one text: absent values pass, numbers count as their digits.
func onText(f func(e *value.Run, s string) value.Value) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		s, ok := a[0].Text()
		if !ok || a[0].Kind == value.KindBool {
			return e.FailSort(a[0], value.CodeNotText, "a text is needed here")
		}
		return f(e, s)
	}
}

// onNumber makes a helper of one number.
func onNumber(f func(e *value.Run, v value.Value) value.Value) value.Function {
	return func(e *value.Run, a []value.Value) value.Value {
		if !a[0].IsNumber() {
			return e.FailSort(a[0], value.CodeNotNumber, "a number is needed here; use integer() or decimal() on a text")
		}
		return f(e, a[0])
	}
}

// intArg reads an argument that must be a whole number from 0 to max.
func intArg(e *value.Run, v value.Value, max int64) int {
	const message = "an argument must be a whole number that is not negative and not too large"
	switch {
	case v.Kind != value.KindInt:
		e.FailSort(v, value.CodeOutOfRange, message)
	case v.Int < 0 || v.Int > max:
		e.FailBy(v, value.CodeOutOfRange, message)
	}
	return int(v.Int)
}

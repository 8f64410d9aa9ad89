package expr

import (
	"maps"
	"slices"
	"sync"
)

// helpers are the functions of the language, each in the file of its subject. Every one is pure and takes
// missing and null; what it does with them is in its absent text, which the reference prints.
var helpers = joined(textHelpers, numberHelpers, dateHelpers, listHelpers)

func joined(tables ...map[string]helper) map[string]helper {
	all := map[string]helper{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

var helperNames = sync.OnceValue(func() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(joined(textHelpers, numberHelpers, dateHelpers, listHelpers))), slices.Collect(maps.Keys(predicates)))))
})

const passes = "missing stays missing, null stays null"

// onText makes a helper of one text: absent values pass, numbers count as their digits.
func onText(f func(e *Env, s string) Value) Function {
	return func(e *Env, a []Value) Value {
		s, ok := a[0].Text()
		if !ok || a[0].Kind == KindBool {
			return e.FailSort(a[0], CodeNotText, "a text is needed here")
		}
		return f(e, s)
	}
}

// onNumber makes a helper of one number.
func onNumber(f func(e *Env, v Value) Value) Function {
	return func(e *Env, a []Value) Value {
		if !a[0].IsNumber() {
			return e.FailSort(a[0], CodeNotNumber, "a number is needed here; use integer() or decimal() on a text")
		}
		return f(e, a[0])
	}
}

// textArg reads an argument that must be a text; where it is none, the env has the error.
func textArg(e *Env, v Value) string {
	s, ok := v.Text()
	if !ok {
		e.FailSort(v, CodeNotText, "a text is needed here")
	}
	return s
}

// intArg reads an argument that must be a whole number from 0 to max.
func intArg(e *Env, v Value, max int64) int {
	const message = "an argument must be a whole number that is not negative and not too large"
	switch {
	case v.Kind != KindInt:
		e.FailSort(v, CodeOutOfRange, message)
	case v.Int < 0 || v.Int > max:
		e.failBy(v, CodeOutOfRange, message)
	}
	return int(v.Int)
}

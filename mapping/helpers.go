package mapping

import (
	"sort"
	"sync"
)

// helpers are the functions of the language, each in the file of its subject. Every one is pure and takes
// missing and null; what it does with them is in its absent text, which the reference prints.
var helpers = joined(textHelpers, numberHelpers, dateHelpers, listHelpers)

func joined(tables ...map[string]helper) map[string]helper {
	all := map[string]helper{}
	for _, t := range tables {
		for name, h := range t {
			all[name] = h
		}
	}
	return all
}

var helperNames = sync.OnceValue(func() []string {
	names := make([]string, 0, len(textHelpers)+len(numberHelpers)+len(dateHelpers)+len(listHelpers)+len(predicates))
	for n := range joined(textHelpers, numberHelpers, dateHelpers, listHelpers) {
		names = append(names, n)
	}
	for n := range predicates {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
})

const passes = "missing stays missing, null stays null"

// onText makes a helper of one text: absent values pass, numbers count as their digits.
func onText(f func(e *env, s string) value) function {
	return func(e *env, a []value) value {
		if a[0].absent() {
			return a[0]
		}
		s, ok := a[0].text()
		if !ok || a[0].k == kBool {
			return e.failSort(a[0], CodeNotText, "a text is needed here")
		}
		return f(e, s)
	}
}

// onNumber makes a helper of one number.
func onNumber(f func(e *env, v value) value) function {
	return func(e *env, a []value) value {
		if a[0].absent() {
			return a[0]
		}
		if !a[0].isNumber() {
			return e.failSort(a[0], CodeNotNumber, "a number is needed here; use integer() or decimal() on a text")
		}
		return f(e, a[0])
	}
}

// textArg reads a further argument that must be a text.
func textArg(e *env, v value) (string, bool) {
	s, ok := v.text()
	if !ok {
		e.failSort(v, CodeNotText, "an argument must be a text")
	}
	return s, ok
}

// intArg reads a further argument that must be a whole number from 0 to max.
func intArg(e *env, v value, max int64) (int, bool) {
	const message = "an argument must be a whole number that is not negative and not too large"
	switch {
	case v.k != kInt:
		e.failSort(v, CodeOutOfRange, message)
	case v.i < 0 || v.i > max:
		e.failBy(v, CodeOutOfRange, message)
	}
	return int(v.i), v.k == kInt && v.i >= 0 && v.i <= max
}

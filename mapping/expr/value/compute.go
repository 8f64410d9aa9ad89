package value

import "strings"

// Truth reads a condition: missing and null are false, everything but a boolean is an error.
func (r *Run) Truth(v Value) bool {
	switch v.Kind {
	case KindBool:
		return v.Int == 1
	case KindMissing, KindNull:
		return false
	}
	r.FailSort(v, CodeNotBoolean, "a condition must be true or false")
	return false
}

// Calculated calculates, and says what of.
func (r *Run) Calculated(op byte, a, b Value) Value {
	v := r.Calculate(op, a, b)
	switch {
	case v.IsNumber():
		v.Made = Computed
	case v.Kind == KindText:
		v.Made = Changed.Of(v, []Value{a, b})
	}
	return r.Of(v, a, b)
}

// Calculate is arithmetic with absent values: missing and null make the result missing or null, as in SQL. Two
// texts are joined by +.
func (r *Run) Calculate(op byte, a, b Value) Value {
	if a.Absent() || b.Absent() {
		if a.Kind == KindNull || b.Kind == KindNull {
			return Null
		}
		return Missing
	}
	if op == '+' && a.Kind == KindText && b.Kind == KindText {
		return r.Made(a.Str + b.Str)
	}
	if !a.IsNumber() || !b.IsNumber() {
		if a.IsNumber() {
			a = b
		}
		return r.FailSort(a, CodeNotNumber, "a number is needed to calculate; use integer() or decimal() on a text")
	}
	return r.arithmetic(op, a, b)
}

// Equal compares; nil in a mapping equals both null and missing. Values of different sorts are an error, because
// a comparison that can never be true is a mistake.
func (r *Run) Equal(a, b Value) bool {
	switch {
	case a.Absent() || b.Absent():
		return a.Absent() && b.Absent()
	case a.Kind == KindBool && b.Kind == KindBool:
		return a.Int == b.Int
	}
	return r.Compare(a, b) == 0
}

// Compare is below 0 where a comes before b, and above 0 where it comes after; of different sorts neither does, which is an error.
func (r *Run) Compare(a, b Value) int {
	switch {
	case a.IsNumber() && b.IsNumber():
		return CompareNumbers(a, b)
	case a.Kind == KindDateTime && b.Kind == KindDateTime:
		return r.compareTimes(a.Str, b.Str)
	case isDateText(a, b):
		for _, v := range []Value{a, b} {
			if _, ok := ReadDate(v.Str); !ok {
				r.FailBy(v, CodeNotDate, "a date is only compared with a text that is one, as YYYY-MM-DD; use parseDate() on it")
			}
		}
		return strings.Compare(a.Str, b.Str)
	case a.Kind == b.Kind && (a.Kind == KindText || a.Kind == KindDate):
		return strings.Compare(a.Str, b.Str)
	}
	r.Fail(CodeCompare, AKind(a.Kind)+" cannot be compared with "+AKind(b.Kind))
	return 0
}

// isDateText allows dates to be compared with texts in quotes: form.born | parseDate("…") < "2000-01-01".
func isDateText(a, b Value) bool {
	return a.Kind == KindDate && b.Kind == KindText || a.Kind == KindText && b.Kind == KindDate
}

// Contains tells whether list has an item equal to v; v of another sort than an item is not equal to it.
func (r *Run) Contains(list, v Value) Value {
	if list.Absent() || v.Absent() {
		return Bool(false)
	}
	if list.Kind != KindList {
		return r.FailSort(list, CodeNotList, "in needs a list")
	}
	for i := range list.Length() {
		it := list.Item(i)
		if !r.Step() {
			return Missing
		}
		if isDateText(it, v) && it.Str == v.Str || SameSort(it, v) && it.Kind <= KindDateTime && r.Equal(it, v) {
			return Bool(true)
		}
	}
	return Bool(false)
}

// SameSort tells whether two values can be equal; a time with and one without an offset are of two sorts.
func SameSort(a, b Value) bool {
	if a.Kind == KindDateTime && b.Kind == KindDateTime {
		_, zoned, _ := ReadDateTime(a.Str)
		_, too, _ := ReadDateTime(b.Str)
		return zoned == too
	}
	return a.Kind == b.Kind || a.IsNumber() && b.IsNumber()
}

package satisfy

import (
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// build makes a value that keeps the own rules of a branch's schemas. Whether it keeps the branch's choices is not its matter.
func (v *solver) build(b *branch) finding {
	for _, s := range b.plain {
		if s.Bool != nil && !*s.Bool {
			return excluded(s, "it is false")
		}
	}
	for _, s := range b.plain {
		if s.Const != nil || s.Enum != nil {
			return v.named(b, s)
		}
	}
	left, f := v.types(b)
	for _, t := range left {
		switch g := v.ofKind(b, t); {
		case g.state == found:
			return g
		case g.state == unknown:
			f = finding{}
		case f.state == none && f.why == "":
			f = g
		}
	}
	return f
}

// named tries the values that a schema names.
func (v *solver) named(b *branch, s *jsonschema.Schema) finding {
	values := []any{}
	if s.Const != nil {
		values = append(values, *s.Const)
	} else {
		values = s.Enum.Values
	}
	why := "none of the values that it names keeps its other rules"
	if !slices.ContainsFunc(values, func(x any) bool { return v.made(x, b.depth) }) {
		why = "a form has " + strings.Join(v.levels(b.depth), " or ") + " here, and the values that it names are of other types"
	}
	return v.oneOf(b, s, values, why)
}

// oneOf tries all values that there are.
func (v *solver) oneOf(b *branch, s *jsonschema.Schema, values []any, why string) finding {
	for _, x := range values {
		broken := func(s *jsonschema.Schema) bool { return s.Validate(x) != nil }
		if v.made(x, b.depth) && b.takes(x) && !slices.ContainsFunc(b.plain, broken) && !slices.ContainsFunc(b.rules, func(r rule) bool { return !r.holds(x) }) {
			return finding{state: found, value: x}
		}
	}
	return excluded(s, why)
}

// takes tells whether a value is none of those that must be avoided, and breaks what must be broken.
func (b *branch) takes(x any) bool {
	return !slices.ContainsFunc(b.avoid, func(y any) bool { return equal(x, y) }) &&
		!slices.ContainsFunc(b.fails, func(s *jsonschema.Schema) bool { return s.Validate(x) == nil })
}

func equal(x, y any) bool {
	a, okA := number(x)
	b, okB := number(y)
	if okA && okB {
		return a.Cmp(b) == 0
	}
	return reflect.DeepEqual(x, y)
}

func number(x any) (*big.Rat, bool) {
	n, ok := x.(json.Number)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetString(string(n))
}

// made tells whether a form can have the value at a depth.
func (v *solver) made(x any, depth int) bool {
	if v.levels(depth) == nil {
		return true
	}
	kind := "null"
	switch x := x.(type) {
	case map[string]any:
		kind = "object"
		for _, y := range x {
			if !v.made(y, depth+1) {
				return false
			}
		}
	case []any:
		kind = "array"
		for _, y := range x {
			if !v.made(y, depth+1) {
				return false
			}
		}
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case json.Number:
		kind = "number"
	}
	return slices.Contains(v.levels(depth), kind)
}

// levels are the types that there may be at a depth; nil: all. The name of a field is at no depth.
func (v *solver) levels(depth int) []string {
	if v.o.Types == nil || depth < 0 {
		return nil
	}
	return v.o.Types(depth)
}

// types returns those that are left for a value.
func (v *solver) types(b *branch) (left []string, f finding) {
	left = typeNames
	keep := func(named []string) {
		left = slices.DeleteFunc(slices.Clone(left), func(t string) bool {
			return !slices.Contains(named, t) && (t != "integer" || !slices.Contains(named, "number"))
		})
	}
	f = excluded(b.plain[0], "its types exclude each other")
	for _, s := range b.plain {
		if s.Types == nil || s.Types.IsEmpty() || len(left) == 0 {
			continue
		}
		f.at = s
		keep(s.Types.ToStrings())
	}
	if len(left) > 0 {
		f = finding{state: none, at: b.plain[0]}
		if words := v.levels(b.depth); words != nil {
			if keep(words); len(left) == 0 {
				f.why = "a form has " + strings.Join(words, " or ") + " here"
			}
		}
	}
	return left, f
}

// ofKind makes a value of one type.
func (v *solver) ofKind(b *branch, kind string) finding {
	switch kind {
	case "string":
		return v.text(b)
	case "integer", "number":
		return v.number(b, kind == "integer")
	case "boolean":
		return v.oneOf(b, b.plain[0], []any{true, false}, "neither true nor false keeps its rules")
	case "null":
		return v.oneOf(b, b.plain[0], []any{nil}, "null does not keep its rules")
	case "object":
		return v.object(b)
	}
	return v.array(b)
}

// number makes a number: the multiples of what all must be multiples of, or some points between the bounds.
func (v *solver) number(b *branch, whole bool) finding {
	r, at := limits(b)
	step := multiples(b)
	if whole {
		step = common(step, big.NewRat(1, 1))
	}
	if r.crossed() {
		return excluded(at, "its smallest number is larger than its largest")
	}
	for _, s := range b.fails {
		of := s.MultipleOf
		if s.Types != nil {
			of = big.NewRat(1, 1) // of all types only that of integers is broken by trying
		}
		if of != nil && step != nil && new(big.Rat).Quo(step, of).IsInt() {
			return excluded(at, "it must be and may not be a multiple of "+of.RatString())
		}
	}
	points, all := r.points(step, 60+len(b.avoid))
	for _, x := range points {
		digits, exact := x.FloatPrec()
		if value := json.Number(x.FloatString(digits)); exact && b.takes(value) {
			return finding{state: found, value: value}
		}
	}
	if all {
		return excluded(at, "no number between its bounds keeps its other rules")
	}
	return finding{}
}

// limits joins the bounds of numbers, and tells who drew them last.
func limits(b *branch) (r span, at *jsonschema.Schema) {
	at = b.plain[0]
	for _, s := range b.plain {
		for _, bound := range []struct {
			at   *big.Rat
			low  bool
			open bool
		}{{s.Minimum, true, false}, {s.ExclusiveMinimum, true, true}, {s.Maximum, false, false}, {s.ExclusiveMaximum, false, true}} {
			if bound.at != nil && r.narrow(bound.at, bound.low, bound.open) {
				at = s
			}
		}
		if s.MultipleOf != nil {
			at = s
		}
	}
	return r, at
}

// span is where a number may lie; a nil bound is none.
type span struct {
	low, high         *big.Rat
	openLow, openHigh bool
}

func (r *span) narrow(at *big.Rat, low, open bool) bool {
	bound, was := &r.high, &r.openHigh
	sign := -1
	if low {
		bound, was, sign = &r.low, &r.openLow, 1
	}
	if c := 0; *bound != nil {
		if c = at.Cmp(*bound) * sign; c < 0 || c == 0 && (!open || *was) {
			return false
		}
	}
	*bound, *was = at, open
	return true
}

func (r *span) crossed() bool {
	if r.low == nil || r.high == nil {
		return false
	}
	c := r.low.Cmp(r.high)
	return c > 0 || c == 0 && (r.openLow || r.openHigh)
}

func (r *span) has(x *big.Rat) bool {
	if r.low != nil && (x.Cmp(r.low) < 0 || r.openLow && x.Cmp(r.low) == 0) {
		return false
	}
	return r.high == nil || x.Cmp(r.high) < 0 || !r.openHigh && x.Cmp(r.high) == 0
}

// points returns numbers within r; all tells that there are no others. Without a step there are always more, beside the
// first one as near as one likes.
func (r *span) points(step *big.Rat, most int) (list []*big.Rat, all bool) {
	from, way := new(big.Rat), big.NewRat(1, 1)
	switch {
	case r.low != nil:
		from = r.low
	case r.high != nil:
		from, way = r.high, big.NewRat(-1, 1)
	}
	if step == nil && r.low != nil && r.high != nil {
		way = new(big.Rat).Sub(r.high, r.low)
	}
	if step != nil {
		from = new(big.Rat).Mul(roundUp(new(big.Rat).Mul(from, way), step), way)
		way = new(big.Rat).Mul(way, step)
	}
	for i := range most {
		x := new(big.Rat).Add(from, new(big.Rat).Mul(way, big.NewRat(int64(i), 1)))
		if step == nil && i > 0 {
			x.Add(from, new(big.Rat).Mul(way, new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), uint(i-1)))))
		}
		if r.has(x) {
			list = append(list, x)
		} else if i > 0 && step != nil {
			return list, true
		}
	}
	return list, step == nil && way.Sign() == 0
}

// roundUp is the smallest multiple of step that is not below x.
func roundUp(x, step *big.Rat) *big.Rat {
	q := new(big.Rat).Quo(x, step)
	n := new(big.Int).Div(q.Num(), q.Denom()) // Euclidean, which rounds down for a positive denominator
	if !q.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	return new(big.Rat).Mul(new(big.Rat).SetInt(n), step)
}

// multiples is what a number must be a multiple of; nil: of nothing.
func multiples(b *branch) *big.Rat {
	var step *big.Rat
	for _, s := range b.plain {
		if s.MultipleOf != nil && s.MultipleOf.Sign() > 0 {
			step = common(step, s.MultipleOf)
		}
	}
	return step
}

// common is the smallest number that is a multiple of both.
func common(a, b *big.Rat) *big.Rat {
	if a == nil {
		return b
	}
	gcd := func(x, y *big.Int) *big.Int { return new(big.Int).GCD(nil, nil, x, y) }
	num := new(big.Int).Mul(a.Num(), b.Num())
	num.Div(num, gcd(a.Num(), b.Num()))
	return new(big.Rat).SetFrac(num, gcd(a.Denom(), b.Denom()))
}

package schema

import (
	"math/big"
	"regexp/syntax"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/satisfy"
)

// Bounds are what a form that keeps the schema may at most have under a path, where it has something there.
type Bounds struct {
	Kinds       []string // words of JSON Schema
	Chosen      []any    // the values that it names; nil: it names none
	Length      int      // characters of a text; -1: any number
	High        rune     // no character of a text is beyond it
	Solid       bool     // no text has a blank
	UUID        bool     // a text is one
	Least, Most *big.Rat // of a number; nil: none
	Step        *big.Rat // a number is a multiple of it; nil: of nothing
}

// Bounds reads what surely applies under a path. Without a schema that is what the form's format makes.
func (s *Schema) Bounds(abs []expr.Step) Bounds {
	rules := s.Sure(abs)
	b := Bounds{Kinds: s.sorts(rules, len(abs)), Length: -1, High: '\U0010ffff'}
	shorter := func(n int) {
		if n >= 0 && (b.Length < 0 || n < b.Length) {
			b.Length = n
		}
	}
	for _, r := range rules {
		if r.Enum != nil || r.Const != nil {
			b.Chosen = Chosen(r)
		}
		if r.MaxLength != nil {
			shorter(*r.MaxLength)
		}
		for _, bound := range []*big.Rat{r.Minimum, r.ExclusiveMinimum} {
			if bound != nil && (b.Least == nil || bound.Cmp(b.Least) > 0) {
				b.Least = bound
			}
		}
		for _, bound := range []*big.Rat{r.Maximum, r.ExclusiveMaximum} {
			if bound != nil && (b.Most == nil || bound.Cmp(b.Most) < 0) {
				b.Most = bound
			}
		}
		if r.MultipleOf != nil {
			b.Step = r.MultipleOf
		}
		if p, ok := r.Pattern.(ecmaPattern); ok {
			n, high, blank := reach(p.Regexp.String())
			shorter(n)
			b.High, b.Solid = min(b.High, high), b.Solid || !blank
		}
		if r.Format != nil {
			b.ofFormat(r.Format.Name, shorter)
		}
	}
	if b.Chosen == nil && slices.Contains(b.Kinds, "number") && b.Step == nil && !slices.ContainsFunc(rules, func(r *jsonschema.Schema) bool {
		return saysType(r) && slices.Contains(r.Types.ToStrings(), "number")
	}) && slices.ContainsFunc(rules, saysType) {
		b.Step = big.NewRat(1, 1)
	}
	return b
}

func (b *Bounds) ofFormat(name string, shorter func(int)) {
	switch name {
	case "date":
		b.High, b.Solid = 'z', true
		shorter(10)
	case "date-time":
		b.High, b.Solid = 'z', true
	case "uuid":
		b.High, b.Solid, b.UUID = 'z', true, true
		shorter(36)
	}
}

// reach is how many characters a text has at most that keeps a pattern, -1 for any number, what its highest one is, and whether it may have a
// blank. Only a pattern of the whole text says something.
func reach(pattern string) (length int, high rune, blank bool) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err == nil {
		re = re.Simplify()
	}
	if err != nil || re.Op != syntax.OpConcat || re.Sub[0].Op != syntax.OpBeginText || re.Sub[len(re.Sub)-1].Op != syntax.OpEndText {
		return -1, '\U0010ffff', true
	}
	return extent(re)
}

func extent(re *syntax.Regexp) (length int, high rune, blank bool) {
	switch re.Op {
	case syntax.OpLiteral:
		high = slices.Max(re.Rune)
		if re.Flags&syntax.FoldCase != 0 { // K is the sign of kelvin too
			high = '\U0010ffff'
		}
		return len(re.Rune), high, slices.Contains(re.Rune, ' ')
	case syntax.OpCharClass:
		if len(re.Rune) > 0 {
			high = re.Rune[len(re.Rune)-1]
		}
		for i := 0; i < len(re.Rune); i += 2 {
			blank = blank || re.Rune[i] <= ' ' && ' ' <= re.Rune[i+1]
		}
		return 1, high, blank
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, '\U0010ffff', true
	case syntax.OpConcat, syntax.OpAlternate, syntax.OpCapture, syntax.OpQuest, syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
	default:
		return 0, 0, false
	}
	for _, sub := range re.Sub {
		n, top, space := extent(sub)
		high, blank = max(high, top), blank || space
		switch {
		case length < 0 || n < 0:
			length = -1
		case re.Op == syntax.OpAlternate:
			length = max(length, n)
		default:
			length += n
		}
	}
	if (re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0) && length != 0 {
		length = -1
	}
	return length, high, blank
}

// Form looks for a form that keeps the schema and is as conditions need it; nil needs ask for nothing.
func (s *Schema) Form(needs ...*expr.Need) (form any, found bool) {
	asked := &jsonschema.Schema{DraftVersion: draft, AllOf: []*jsonschema.Schema{s.root}}
	for _, n := range needs {
		if n == nil {
			continue
		}
		if one := formOf(n); one != nil {
			asked.AllOf = append(asked.AllOf, one)
		}
	}
	a := satisfy.Value(asked, s.options())
	return a.Value, a.Found
}

// Value looks for a value that keeps what surely applies under a need's path, and the need.
func (s *Schema) Value(n *expr.Need) (value any, found bool) {
	o := s.options()
	if types := o.Types; types != nil {
		o.Types = func(depth int) []string { return types(depth + len(n.At)) }
	}
	a := satisfy.Value(&jsonschema.Schema{DraftVersion: draft, AllOf: append(slices.Clone(s.Sure(n.At)), leafOf(n))}, o)
	return a.Value, a.Found
}

// Listed are the numbers of items that a list under a path may at most have and must at least have; -1: any number.
func (s *Schema) Listed(abs []expr.Step) (least, most int) {
	most = -1
	for _, r := range s.Sure(abs) {
		if r.MinItems != nil {
			least = max(least, *r.MinItems)
		}
		if r.MaxItems != nil && (most < 0 || *r.MaxItems < most) {
			most = *r.MaxItems
		}
	}
	return least, most
}

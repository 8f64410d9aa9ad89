package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/inbasket/inbasket/mapping/expr"
	"github.com/inbasket/inbasket/mapping/expr/value"
	"github.com/inbasket/inbasket/mapping/satisfy"
)

// Never says why no form that keeps the schema is as a condition needs it; "" where there may be one.
func (s *Schema) Never(n *expr.Need) string {
	if s == nil || n == nil || s.dynamic() || slices.ContainsFunc(s.unkeepable(), func(p Problem) bool { return !p.Warning }) {
		return ""
	}
	if asked := formOf(n); asked == nil || !satisfy.Value(&jsonschema.Schema{DraftVersion: draft, AllOf: []*jsonschema.Schema{s.root, asked}}, s.options()).Never {
		return ""
	}
	if said, _ := s.says(n); said != "" {
		return "the form's schema says here: " + said
	}
	return "no form that keeps its schema is so"
}

// NeverThere is Never for one comparison, by what the schema says of its place, which is soon told; the whole schema is only asked
// where no value would do and a missing one might. names are the values that the schema names there, in any case.
func (s *Schema) NeverThere(n *expr.Need) (why string, names []string) {
	if s == nil || s.dynamic() {
		return "", nil
	}
	said, names := s.says(n)
	value := *n
	value.Absent = false
	o := s.options()
	if types := o.Types; types != nil {
		o.Types = func(depth int) []string { return types(depth + len(n.At)) }
	}
	switch here := append(slices.Clone(s.Sure(n.At)), leafOf(&value)); {
	case !satisfy.Value(&jsonschema.Schema{DraftVersion: draft, AllOf: here}, o).Never:
		return "", names
	case n.Absent:
		return s.Never(n), names
	case said == "" && len(s.levels) > 0:
		return "the form's format makes " + strings.Join(s.level(len(n.At)), ", ") + " here", names
	}
	if said == "" {
		said = "type " + strings.Join(s.sorts(s.Sure(n.At), len(n.At)), " or ")
	}
	return "the form's schema says here: " + said, names
}

const draft = 2020 // of the schemas that are made here

// formOf is the schema of the forms that a condition needs; nil: all.
func formOf(n *expr.Need) *jsonschema.Schema {
	out := &jsonschema.Schema{DraftVersion: draft}
	for _, one := range n.All {
		if x := formOf(one); x != nil {
			out.AllOf = append(out.AllOf, x)
		}
	}
	for _, one := range n.One {
		x := formOf(one)
		if x == nil {
			return nil
		}
		out.AnyOf = append(out.AnyOf, x)
	}
	if len(n.All)+len(n.One) > 0 {
		return out
	}
	if n.None {
		return &jsonschema.Schema{DraftVersion: draft, Bool: new(bool)}
	}
	out, absent := leafOf(n), n.Absent
	for _, step := range slices.Backward(n.At) {
		switch {
		case step.Name != "" && absent:
			out = &jsonschema.Schema{DraftVersion: draft, Properties: map[string]*jsonschema.Schema{step.Name: out}}
		case step.Name != "":
			out = &jsonschema.Schema{DraftVersion: draft, Types: typed("object"), Required: []string{step.Name}, Properties: map[string]*jsonschema.Schema{step.Name: out}}
		case absent && !step.Item && step.Loop < 0: // the item of this number need not be there
			return nil
		default:
			out, absent = &jsonschema.Schema{DraftVersion: draft, Types: typed("array"), Contains: out}, false
		}
	}
	return out
}

// leafOf is the schema of the values that a comparison needs.
func leafOf(n *expr.Need) *jsonschema.Schema {
	null := &jsonschema.Schema{DraftVersion: draft, Types: typed("null")}
	out := &jsonschema.Schema{DraftVersion: draft}
	switch {
	case n.Op == "":
		return null
	case n.Op == "any":
		out.Not = null
	case n.Op == expr.Reads:
		words := typeNames[1:]
		if re, err := regexp.Compile(n.Values[0].Str); err == nil {
			out.AnyOf = []*jsonschema.Schema{{DraftVersion: draft, Types: typed("string"), Pattern: ecmaPattern{re, n.Values[0].Str}}, {DraftVersion: draft, Types: typed(words...)}}
		}
	case n.Of == "" && (n.Op == "==" || n.Op == "!="):
		for _, v := range n.Values {
			c := constOf(v)
			out.AnyOf = append(out.AnyOf, &jsonschema.Schema{DraftVersion: draft, Const: &c})
		}
		if n.Op == "!=" {
			out = &jsonschema.Schema{DraftVersion: draft, Not: out}
		}
	case n.Of == "":
		at, _ := new(big.Rat).SetString(fmt.Sprint(constOf(n.Values[0])))
		out.Types = typed("number")
		*map[string]**big.Rat{"<": &out.ExclusiveMaximum, "<=": &out.Maximum, ">": &out.ExclusiveMinimum, ">=": &out.Minimum}[n.Op] = at
	default:
		sizes(out, n)
	}
	if n.Absent {
		return &jsonschema.Schema{DraftVersion: draft, AnyOf: []*jsonschema.Schema{null, out}}
	}
	return out
}

// sizes asks for a number of items or characters, or one of several.
func sizes(out *jsonschema.Schema, n *expr.Need) {
	least, most := &out.MinLength, &out.MaxLength
	if n.Of == expr.OfItems {
		least, most = &out.MinItems, &out.MaxItems
	}
	at := int(min(n.Values[0].Int, 1<<30))
	switch n.Op {
	case "<":
		*most = new(at - 1)
	case "<=":
		*most = new(at)
	case ">":
		*least = new(at + 1)
	case ">=":
		*least = new(at)
	case "==":
		if len(n.Values) == 1 {
			*least, *most = new(at), new(at)
		}
	}
	if *most != nil && **most < 0 {
		*out = jsonschema.Schema{DraftVersion: draft, Bool: new(bool)}
	}
}

// constOf is a value as a form has it.
func constOf(v value.Value) any {
	text, _ := v.Text()
	switch {
	case v.Kind == value.KindBool:
		return v.Int == 1
	case v.IsNumber():
		return json.Number(text)
	}
	return text
}

func typed(words ...string) *jsonschema.Types {
	var t jsonschema.Types
	for _, word := range words {
		t.Add(word)
	}
	return &t
}

// says tells what the schema says of a place, as far as it bears on a comparison.
func (s *Schema) says(n *expr.Need) (said string, names []string) {
	var all []string
	number := func(word string, x *int) {
		if x != nil {
			all = append(all, fmt.Sprint(word, " ", *x))
		}
	}
	bound := func(word string, x *big.Rat) {
		if x != nil && n.Of == "" {
			all = append(all, word+" "+strings.TrimSuffix(strings.TrimRight(x.FloatString(6), "0"), "."))
		}
	}
	if n.Op == "" && len(n.At) > 0 {
		return "it must be there, and not null", nil
	}
	for _, r := range s.Sure(n.At) {
		if saysWhich(r) && n.Of == "" {
			var shown []string
			for _, v := range Chosen(r) {
				v := value.FromNode(v)
				if text, ok := v.Text(); ok {
					names = append(names, text)
				}
				shown = append(shown, value.Shown(v))
			}
			all = append(all, "one of "+strings.Join(shown[:min(len(shown), 10)], ", "))
		}
		bound("minimum", r.Minimum)
		bound("exclusiveMinimum", r.ExclusiveMinimum)
		bound("maximum", r.Maximum)
		bound("exclusiveMaximum", r.ExclusiveMaximum)
		if r.Pattern != nil && n.Of != expr.OfItems {
			all = append(all, "pattern "+r.Pattern.String())
		}
		if r.Format != nil && n.Of != expr.OfItems {
			all = append(all, "format "+r.Format.Name)
		}
		if n.Of == expr.OfItems {
			number("minItems", r.MinItems)
			number("maxItems", r.MaxItems)
		} else {
			number("minLength", r.MinLength)
			number("maxLength", r.MaxLength)
		}
	}
	return strings.Join(all, ", "), names
}

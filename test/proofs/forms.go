// Package proofs writes forms that a schema admits to real databases, and sees whether what was proved of a mapping holds.
package proofs

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// Forms draws values that a JSON Schema mostly admits, rather at its bounds than within them.
type Forms struct {
	Root  map[string]any
	R     *rand.Rand
	pools map[string][]string
}

// alphabets are characters that columns treat differently.
var alphabets = []string{"abc XYZ 019", "x", "äöüßéñ", "őčŁś", "€„“–", "жЯщ", "語漢字", "𝄞😀", "'\"\\%_;--", "\t\n\r\x01\x7f", "\u0301\u0323e", "\x00a"}

func (f *Forms) pick(n int) int { return f.R.IntN(n) }

func (f *Forms) text(least, most int) string {
	if most < 0 {
		most = least + []int{0, 3, 30, 300, 3000}[f.pick(5)]
	}
	n := []int{least, most, most - 1, least + f.pick(most-least+1)}[f.pick(4)]
	alphabet := []rune(alphabets[min(f.pick(len(alphabets)+8), len(alphabets)-1)%(len(alphabets)-1)])
	if f.pick(400) == 0 {
		alphabet = []rune(alphabets[len(alphabets)-1])
	}
	var b strings.Builder
	for range max(n, least) {
		b.WriteRune(alphabet[f.pick(len(alphabet))])
	}
	s := b.String()
	if f.pick(20) == 0 && len(s) > 1 && s[len(s)-1] < 0x80 {
		s = s[:len(s)-1] + " "
	}
	return s
}

func (f *Forms) ofPattern(p string) string {
	if f.pools == nil {
		f.pools = map[string][]string{}
	}
	if f.pools[p] == nil {
		g := rapid.StringMatching(p)
		for i := range 300 {
			f.pools[p] = append(f.pools[p], g.Example(i))
		}
	}
	return f.pools[p][f.pick(len(f.pools[p]))]
}

func (f *Forms) ofFormat(name string) (string, bool) {
	date := fmt.Sprintf("%04d-%02d-%02d", []int{1, 1900, 1970, 2026, 2038, 9999, 1000 + f.pick(2000)}[f.pick(7)], 1+f.pick(12), 1+f.pick(28))
	switch name {
	case "date":
		return date, true
	case "date-time":
		return date + "T" + fmt.Sprintf("%02d:%02d:%02d", f.pick(24), f.pick(60), f.pick(60)) + []string{"", ".5", ".123456", ".123456789"}[f.pick(4)] + []string{"Z", "+02:00", "-11:30", "+23:00"}[f.pick(4)], true
	case "email":
		return []string{"a@b.example", strings.Repeat("x", 60) + "@" + strings.Repeat("y", 50) + ".example", "ä@b.example"}[f.pick(3)], true
	case "uuid":
		return "01234567-89ab-4def-8123-456789abcdef", true
	}
	return "", false
}

func (f *Forms) number(s map[string]any, whole bool) json.Number {
	bound := func(words ...string) *big.Rat {
		for _, w := range words {
			if n, ok := s[w].(json.Number); ok {
				x, _ := new(big.Rat).SetString(string(n))
				return x
			}
		}
		return nil
	}
	least, most, step := bound("minimum", "exclusiveMinimum"), bound("maximum", "exclusiveMaximum"), bound("multipleOf")
	if step == nil && whole {
		step = big.NewRat(1, 1)
	}
	far := big.NewRat([]int64{10, 1000, 100000, 1 << 33, 1 << 62}[f.pick(5)], 1)
	if least == nil {
		least = new(big.Rat).Neg(far)
	}
	if most == nil {
		most = new(big.Rat).Add(least, far)
	}
	x := []*big.Rat{least, most, new(big.Rat).Add(least, new(big.Rat).Mul(new(big.Rat).Sub(most, least), big.NewRat(int64(f.pick(1001)), 1000)))}[f.pick(3)]
	if step != nil {
		q := new(big.Rat).Quo(x, step)
		x = new(big.Rat).Mul(new(big.Rat).SetInt(new(big.Int).Quo(q.Num(), q.Denom())), step)
	} else if f.pick(3) == 0 {
		x = new(big.Rat).Add(x, big.NewRat(-1, int64(1+f.pick(1000))*8))
	}
	if n, exact := x.FloatPrec(); exact {
		return json.Number(x.FloatString(min(n, 12)))
	}
	return json.Number(x.FloatString(f.pick(6)))
}

// spelled is a number as JSON may have it too.
func (f *Forms) spelled(n json.Number) json.Number {
	if f.pick(10) > 0 || strings.Contains(string(n), "e") {
		return n
	}
	if !strings.Contains(string(n), ".") {
		n += "."
	}
	return n + json.Number(strings.Repeat("0", 1+f.pick(9)))
}

// One draws a value for a schema.
func (f *Forms) One(schema any, depth int) any {
	s, ok := schema.(map[string]any)
	if !ok || depth > 14 {
		return []any{"x", json.Number("1"), true, nil}[f.pick(4)]
	}
	if ref, ok := s["$ref"].(string); ok {
		var at any = f.Root
		for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			object, _ := at.(map[string]any)
			at = object[step]
		}
		return f.One(at, depth+1)
	}
	if c, ok := s["const"]; ok {
		return c
	}
	if list, ok := s["enum"].([]any); ok {
		one := list[f.pick(len(list))]
		if n, ok := one.(json.Number); ok {
			return f.spelled(n)
		}
		return one
	}
	var out any
	chosen := false
	for _, word := range []string{"allOf", "anyOf", "oneOf"} {
		list, _ := s[word].([]any)
		if word != "allOf" && len(list) > 0 {
			list = list[f.pick(len(list)):][:1]
		}
		for _, x := range list {
			out, chosen = merged(out, f.One(x, depth+1)), true
		}
	}
	if chosen && s["type"] == nil && s["properties"] == nil {
		return out
	}
	return merged(out, f.ofType(s, depth))
}

func merged(a, b any) any {
	x, ok := a.(map[string]any)
	y, both := b.(map[string]any)
	if !ok || !both {
		if b == nil {
			return a
		}
		return b
	}
	maps.Copy(x, y)
	return x
}

func whole(x any, without int) int {
	if n, ok := x.(json.Number); ok {
		i, _ := n.Int64()
		return int(i)
	}
	return without
}

func (f *Forms) ofType(s map[string]any, depth int) any {
	var types []string
	switch t := s["type"].(type) {
	case string:
		types = []string{t}
	case []any:
		for _, x := range t {
			types = append(types, x.(string))
		}
	default:
		switch {
		case s["properties"] != nil:
			types = []string{"object"}
		case s["items"] != nil:
			types = []string{"array"}
		case s["maxLength"] != nil || s["pattern"] != nil || s["format"] != nil:
			types = []string{"string"}
		default:
			types = []string{"string", "integer", "boolean", "null"}
		}
	}
	switch types[f.pick(len(types))] {
	case "string":
		if p, ok := s["pattern"].(string); ok {
			return f.ofPattern(p)
		}
		if name, ok := s["format"].(string); ok {
			if x, known := f.ofFormat(name); known {
				return x
			}
		}
		return f.text(whole(s["minLength"], 0), whole(s["maxLength"], -1))
	case "integer":
		return f.spelled(f.number(s, true))
	case "number":
		return f.spelled(f.number(s, false))
	case "boolean":
		return f.pick(2) == 0
	case "array":
		least := whole(s["minItems"], 0)
		n := least + []int{0, 1, 2, 4}[f.pick(4)]
		if most := whole(s["maxItems"], -1); most >= 0 {
			n = min(n, most)
		}
		list := []any{}
		for range n {
			list = append(list, f.One(s["items"], depth+1))
		}
		return list
	case "object":
		out := map[string]any{}
		properties, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		rate := f.pick(4) // of optional fields that are there
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			if slices.Contains(required, any(name)) || f.pick(3) < rate {
				out[name] = f.One(properties[name], depth+1)
			}
		}
		return out
	}
	return nil
}

// Package satisfy looks for a value that keeps a JSON Schema, or proves that there is none.
//
// It builds a value that keeps the rules which leave no choice, lets the validator say which choice it breaks (anyOf,
// oneOf, if, not, dependentSchemas), and tries that one's alternatives, until a value keeps everything or all of them
// exclude themselves. A value that it finds has been validated; a proof rests on rules that surely apply. Between
// the two it says nothing. References whose target hangs on where they are used from, $dynamicRef and $recursiveRef, are
// not for it.
package satisfy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Options say what the schemas are about.
type Options struct {
	Types   func(depth int) []string         // types that there may be at a depth; nil: all
	Pattern func(p jsonschema.Regexp) string // a pattern in Go's dialect; nil: it is
	Object  bool                             // the whole value is an object
}

// Answer says what is known of a schema.
type Answer struct {
	Value any                // keeps it
	Found bool               // there is such a value
	Never bool               // no value keeps it
	At    *jsonschema.Schema // where Never comes from
	Why   string
}

// The bounds of a search. Beyond them nothing is known.
const (
	maxBuilds = 20_000  // values that are made
	maxChars  = 60_000  // characters that are tried for one text
	maxSteps  = 1 << 20 // for all
	maxDepth  = 60
	maxLength = 10_000  // of a list or object that is made
	maxText   = 1 << 20 // characters of a text that is made
)

// Value looks for a value that keeps the schema.
func Value(s *jsonschema.Schema, o Options) Answer {
	v := newSolver(o)
	f := v.solve(demand{keep: []*jsonschema.Schema{s}})
	return Answer{Value: f.value, Found: f.state == found, Never: f.state == none, At: f.at, Why: f.why}
}

type state int

const (
	unknown state = iota
	found
	none
)

// finding is what is known of a demand.
type finding struct {
	state state
	value any
	at    *jsonschema.Schema
	why   string
}

func excluded(at *jsonschema.Schema, why string) finding {
	return finding{state: none, at: at, why: why}
}

// demand is what one value must do: keep some schemas, and not be one of some values.
type demand struct {
	keep  []*jsonschema.Schema
	avoid []any
	depth int
}

type solver struct {
	o       Options
	builds  int
	steps   int
	memo    map[string]finding
	trail   map[string]bool
	cuts    int // how often a demand was found inside itself
	numbers map[*jsonschema.Schema]int
	negated map[*jsonschema.Schema][]alternative
	needs   map[string]*jsonschema.Schema
}

func newSolver(o Options) *solver {
	return &solver{o: o, builds: maxBuilds, steps: maxSteps, memo: map[string]finding{}, trail: map[string]bool{}, numbers: map[*jsonschema.Schema]int{},
		negated: map[*jsonschema.Schema][]alternative{}, needs: map[string]*jsonschema.Schema{}}
}

// key names a demand.
func (v *solver) key(d demand) string {
	var keep []int
	for _, s := range d.keep {
		if v.numbers[s] == 0 {
			v.numbers[s] = len(v.numbers) + 1
		}
		keep = append(keep, v.numbers[s])
	}
	slices.Sort(keep)
	avoid, _ := json.Marshal(d.avoid)
	level := 0
	if v.o.Types != nil {
		level = min(d.depth, 8)
	}
	return fmt.Sprint(slices.Compact(keep), level, string(avoid))
}

// solve looks for a value that meets a demand. One that would need to hold itself is not there: the smallest value of
// its kind would hold a smaller one.
func (v *solver) solve(d demand) finding {
	key := v.key(d)
	if f, ok := v.memo[key]; ok {
		return f
	}
	if v.trail[key] {
		v.cuts++
		return excluded(d.keep[0], "the value would have to hold itself without end")
	}
	if d.depth > maxDepth {
		return finding{}
	}
	v.trail[key] = true
	before := v.cuts
	f := v.search(v.branch(d))
	if f.state == none && f.at.Location == "" { // it is of our own making
		f.at = d.keep[max(0, slices.IndexFunc(d.keep, func(s *jsonschema.Schema) bool { return s.Location != "" }))]
	}
	delete(v.trail, key)
	if f.state == found || v.cuts == before { // else it hangs on what stands around it
		v.memo[key] = f
	}
	return f
}

// branch is a demand before any choice is made.
func (v *solver) branch(d demand) *branch {
	b := &branch{avoid: d.avoid, depth: d.depth}
	for _, s := range d.keep {
		b.add(s)
	}
	return b
}

// branch is a demand with some of its choices made.
type branch struct {
	plain []*jsonschema.Schema // schemas whose own rules must be kept
	rules []rule               // choices that are still to be made
	fails []*jsonschema.Schema // schemas that must be broken, in a way that only trying shows
	avoid []any
	depth int
	rough bool // it stands for less than it should
}

func (b *branch) clone() *branch {
	c := *b
	c.plain, c.rules, c.fails = slices.Clone(b.plain), slices.Clone(b.rules), slices.Clone(b.fails)
	return &c
}

// add adds a schema with all that surely applies with it.
func (b *branch) add(s *jsonschema.Schema) {
	if s == nil || slices.Contains(b.plain, s) {
		return
	}
	b.plain = append(b.plain, s)
	b.add(s.Ref)
	for _, x := range s.AllOf {
		b.add(x)
	}
	b.rules = append(b.rules, rulesOf(s)...)
}

// search looks for a value of a branch.
func (v *solver) search(b *branch) finding {
	if v.builds--; v.builds < 0 {
		return finding{}
	}
	for _, r := range b.rules { // what must be kept cannot be broken
		if r.word == "not" && slices.Contains(b.plain, r.subs[0]) && !b.rough {
			return excluded(r.s, r.why(1))
		}
	}
	f := v.build(b)
	broken := 0
	switch f.state {
	case none:
		if b.rough {
			return finding{}
		}
		return f
	case found:
		if broken = slices.IndexFunc(b.rules, func(r rule) bool { return !r.holds(f.value) }); broken < 0 {
			if !slices.ContainsFunc(b.plain, func(s *jsonschema.Schema) bool { return s.Validate(f.value) != nil }) {
				return f
			}
			broken = 0 // what no rule has looked at is only allowed by a choice
		}
	}
	if len(b.rules) == 0 {
		return finding{}
	}
	return v.choose(b, broken)
}

// choose tries the alternatives of one rule.
func (v *solver) choose(b *branch, i int) finding {
	r, alternatives := b.rules[i], v.alternatives(b.rules[i])
	out := excluded(r.s, r.why(len(alternatives)))
	if b.rough {
		out = finding{}
	}
	for _, a := range alternatives {
		c := b.clone()
		c.rules = slices.Delete(c.rules, i, i+1)
		for _, s := range a.keep {
			c.add(s)
		}
		for _, s := range a.not {
			c.rules = append(c.rules, rule{s: s, word: "not", subs: []*jsonschema.Schema{s}})
		}
		c.fails, c.rough = append(c.fails, a.fails...), c.rough || a.rough
		switch f := v.search(c); {
		case f.state == found:
			return f
		case f.state == unknown:
			out = finding{}
		case len(alternatives) == 1 && out.state == none:
			out = f
		}
	}
	return out
}

// rule is a choice that a schema leaves.
type rule struct {
	s    *jsonschema.Schema
	word string // the keyword
	name string // of dependentSchemas: the field
	subs []*jsonschema.Schema
}

func rulesOf(s *jsonschema.Schema) []rule {
	var out []rule
	add := func(word, name string, subs ...*jsonschema.Schema) {
		if len(subs) > 0 {
			out = append(out, rule{s, word, name, subs})
		}
	}
	add("anyOf", "", s.AnyOf...)
	add("oneOf", "", s.OneOf...)
	if s.Not != nil {
		add("not", "", s.Not)
	}
	if s.If != nil && (s.Then != nil || s.Else != nil) {
		add("if", "", s.If, s.Then, s.Else)
	}
	for _, name := range slices.Sorted(maps.Keys(s.DependentSchemas)) {
		add("dependentSchemas", name, s.DependentSchemas[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		if x, ok := s.Dependencies[name].(*jsonschema.Schema); ok {
			add("dependentSchemas", name, x)
		}
	}
	return out
}

// holds tells whether a value keeps the rule.
func (r rule) holds(value any) bool {
	kept := 0
	for _, s := range r.subs {
		if r.word != "if" && s.Validate(value) == nil {
			kept++
		}
	}
	switch r.word {
	case "anyOf":
		return kept > 0
	case "oneOf":
		return kept == 1
	case "not":
		return kept == 0
	case "if":
		next := r.subs[1]
		if r.subs[0].Validate(value) != nil {
			next = r.subs[2]
		}
		return next == nil || next.Validate(value) == nil
	}
	object, ok := value.(map[string]any)
	if ok {
		_, ok = object[r.name]
	}
	return !ok || kept > 0
}

// why says what it means that none of its alternatives is left.
func (r rule) why(alternatives int) string {
	switch r.word {
	case "not":
		if alternatives == 0 {
			return "it excludes every value"
		}
		return "what it excludes by not is all that its other rules leave"
	case "if":
		return "its other rules leave neither then nor else"
	case "dependentSchemas":
		return "with the field " + strconv.Quote(r.name) + " it excludes itself, and without it too"
	}
	return "every alternative of " + r.word + " excludes itself"
}

// alternative is one way to keep a rule.
type alternative struct {
	keep, not, fails []*jsonschema.Schema
	rough            bool // there are others of this kind
}

func (v *solver) alternatives(r rule) []alternative {
	var out []alternative
	switch r.word {
	case "anyOf":
		for _, s := range r.subs {
			out = append(out, alternative{keep: []*jsonschema.Schema{s}})
		}
	case "oneOf":
		for i, s := range r.subs {
			others := slices.Delete(slices.Clone(r.subs), i, i+1)
			out = append(out, alternative{keep: []*jsonschema.Schema{s}, not: others})
		}
	case "not":
		return v.broken(r.subs[0])
	case "if":
		cond := r.subs[:1]
		yes, no := alternative{keep: cond}, alternative{not: cond}
		if r.subs[1] != nil {
			yes.keep = append(slices.Clone(cond), r.subs[1])
		}
		if r.subs[2] != nil {
			no.keep = r.subs[2:]
		}
		out = append(out, no, yes)
	case "dependentSchemas":
		others := slices.DeleteFunc(slices.Clone(typeNames), func(t string) bool { return t == "object" })
		out = append(out, alternative{keep: []*jsonschema.Schema{v.ofType(others...)}}, alternative{keep: []*jsonschema.Schema{v.without(r.name)}},
			alternative{keep: append([]*jsonschema.Schema{v.with(r.name)}, r.subs...)})
	}
	return out
}

// with asks for an object that has a field, without for one that does not.
func (v *solver) with(name string) *jsonschema.Schema {
	return v.need("with "+name, func(s *jsonschema.Schema) { s.Types, s.Required = typesOf("object"), []string{name} })
}

func (v *solver) without(name string) *jsonschema.Schema {
	never := &jsonschema.Schema{DraftVersion: latest, Bool: new(bool)}
	return v.need("without "+name, func(s *jsonschema.Schema) {
		s.Types, s.Properties = typesOf("object"), map[string]*jsonschema.Schema{name: never}
	})
}

// ofType asks for types.
func (v *solver) ofType(words ...string) *jsonschema.Schema {
	return v.need("type "+strings.Join(words, " "), func(s *jsonschema.Schema) { s.Types = typesOf(words...) })
}

// need makes a schema once, so that demands that hold it are known again.
func (v *solver) need(key string, fill func(*jsonschema.Schema)) *jsonschema.Schema {
	if v.needs[key] == nil {
		v.needs[key] = &jsonschema.Schema{DraftVersion: latest}
		fill(v.needs[key])
	}
	return v.needs[key]
}

const latest = 2020 // of the versions of JSON Schema

func typesOf(words ...string) *jsonschema.Types {
	var t jsonschema.Types
	for _, w := range words {
		t.Add(w)
	}
	return &t
}

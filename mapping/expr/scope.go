package expr

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Binding is what a name stands for. Exactly one of path, ev, ref and members is set.
type Binding struct {
	Path    *Path
	Eval    Eval
	Source  *Path
	Own     bool     // as of an expression
	May     *Outcome // what check knows of its values; nil: anything
	Yes, No *Need    // as of an expression
	Under   *Path    // as of an expression
	Write   *Write
	members map[string]Eval
	is      *Compiled // an argument of an own helper
	index   Eval      // of an item of each: its number in the list
	Depth   int       // of the innermost loop that it hangs on, from 1; 0: none
	Late    bool      // it is only known once a form is a submission
	Uses    []*Path   // as of an expression
	Found   *bool     // set once an expression has it
	Term    *Term     // as of an expression
}

// Write is a write as other writes see it.
type Write struct {
	Name, Target string
	Returning    []string
	Many         bool         // each: which record's value is meant cannot be said
	Above        bool         // but for a write under it: its own
	Row          int          // slot of the number of the record, from 0
	Depth        int          // of the innermost loop of its each, from 1; 0: none
	Later        bool         // comes after the write that is being compiled
	OnUse        func(string) // told which target takes a value of this one
}

// Scope holds names, lexically.
type Scope struct {
	parent *Scope
	Names  map[string]Binding
}

// Inner is a scope inside.
func (s *Scope) Inner() *Scope { return &Scope{parent: s, Names: map[string]Binding{}} }

// Find returns what a name stands for, from the inside to the outside.
func (s *Scope) Find(name string) (Binding, bool) {
	for ; s != nil; s = s.parent {
		if b, ok := s.Names[name]; ok {
			return b, true
		}
	}
	return Binding{}, false
}

// all returns every name in scope, sorted.
func (s *Scope) all() []string {
	var names []string
	for ; s != nil; s = s.parent {
		names = slices.AppendSeq(names, maps.Keys(s.Names))
	}
	slices.Sort(names)
	return names
}

// Input is what is known of a submission beside its form.
type Input struct {
	ID          string // the submission's ID
	Reference   string // the sender's reference
	Received    time.Time
	Attachments []connectors.Attachment
	Returned    map[string]connectors.Value // "write.FIELD", from deliveries to other targets
	Numbers     map[string]int64            // by sequence
}

// FormScope has the names that every expression over a form knows.
func FormScope() *Scope {
	return &Scope{Names: map[string]Binding{
		"form":        {Path: &Path{Slot: -1}},
		"submission":  {members: submissionMembers, Late: true},
		"attachments": {Eval: attachments, May: someList, Under: attached, Late: true},
	}}
}

// Numbers is the name under which the numbers of sequences stand; first is what each begins with, and stands for one where none is given.
func Numbers(first map[string]int64) Binding {
	b := Binding{members: map[string]Eval{}, May: someOrdinal, Late: true}
	for name, n := range first {
		b.members[name] = func(e *Env) value.Value {
			if given, ok := e.In.Numbers[name]; ok {
				return value.Int(given)
			}
			return value.Int(n)
		}
	}
	return b
}

// memberOutcomes is what check knows of submission's members.
var memberOutcomes = map[string]*Outcome{"id": submissionID, "reference": {More: value.FormSamples["string"]},
	"received": {More: value.SamplesOf(value.Value{Kind: value.KindDateTime, Str: "1999-12-31T23:58:59Z"})}}

var submissionMembers = map[string]Eval{
	"id": func(e *Env) value.Value { return value.Text(e.In.ID) },
	"reference": func(e *Env) value.Value {
		if e.In.Reference == "" {
			return value.Missing
		}
		return value.Text(e.In.Reference)
	},
	"received": func(e *Env) value.Value {
		if e.In.Received.IsZero() {
			return value.Missing
		}
		return value.DateTime(e.In.Received.UTC(), true)
	},
}

// attachments is a list of objects with name, type, size, digest and content.
func attachments(e *Env) value.Value {
	all := e.Attachments()
	list := make([]value.Value, len(all))
	for i, a := range all {
		list[i] = value.Value{Kind: value.KindObject, Any: map[string]any{"name": a.Name, "type": a.ContentType, "size": value.Int(a.Blob.Size),
			"digest": value.DigestOf(a.Blob), "content": value.Binary(a.Blob)}}
	}
	return value.Value{Kind: value.KindList, Any: list}
}

// WordPattern is how names are written.
var WordPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Reserved are words that are no names.
var Reserved = map[string]bool{"true": true, "false": true, "nil": true, "not": true, "and": true, "or": true, "in": true, "if": true,
	"else": true, "let": true, "matches": true, "contains": true, "startsWith": true, "endsWith": true, "index": true, "row": true}

// Loop is one NAME in LIST.
type Loop struct {
	List  Compiled
	item  int // slot of the item
	index int // slot of its index
	Depth int
}

var eachPattern = regexp.MustCompile(`^\s*([A-Za-z_][A-Za-z0-9_]*)(\s+in\s+)(.+)$`)

// ReadEach reads NAME in LIST; from counts the characters before LIST. Without a name it is not written so.
func ReadEach(text string) (name, list string, from int) {
	m := eachPattern.FindStringSubmatch(text)
	if m == nil {
		return "", "", 0
	}
	return m[1], m[3], utf8.RuneCountInString(strings.TrimSuffix(text, m[3]))
}

// Loop makes a loop at a depth, from 0.
func (p *Program) Loop(list Compiled, depth int) Loop {
	p.depth = max(p.depth, depth+1)
	return Loop{List: list, item: p.Slot(), index: p.Slot(), Depth: depth}
}

// At moves to an item of the list.
func (l Loop) At(e *Env, v value.Value, i int) {
	e.Slots[l.item], e.Slots[l.index] = v, value.Int(int64(i))
}

// Items is the scope of one item of a loop.
func (s *Scope) Items(name string, l Loop) *Scope {
	bind := Binding{Eval: func(e *Env) value.Value { return e.Slots[l.item] }, Source: l.List.Source, Under: itemOf(l.List.Under)}
	if l.List.Path != nil {
		bind = Binding{Path: &Path{Slot: l.item, Abs: l.List.Path.Child(Step{Loop: l.Depth}).Abs}}
	}
	bind.Depth, bind.index = l.Depth+1, func(e *Env) value.Value { return e.Slots[l.index] }
	return &Scope{parent: s, Names: map[string]Binding{name: bind, "index": {Depth: bind.Depth, Eval: bind.index, Term: &Term{Op: fmt.Sprint("index ", bind.Depth)}}}}
}

// Nothing stands for an expression that is wrong, which is told.
var Nothing = Compiled{Eval: func(*Env) value.Value { return value.Missing }, Path: &Path{Slot: -1}}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

// Words are the words that stand in a text which may be an expression: its names are among them.
func Words(text string) []string { return word.FindAllString(text, -1) }

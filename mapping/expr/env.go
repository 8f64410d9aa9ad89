package expr

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/decode"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Eval computes one expression. On an error it calls env.fail and returns anything.
type Eval func(e *Env) value.Value

// Env is what expressions see while one form is mapped.
type Env struct {
	value.Run
	Form    any
	In      *Input
	Slots   []value.Value // loop variables and remembered lets, by slot
	done    []bool        // which lets are computed
	Indexes []int         // running index of each loop, by depth
	items   []value.Value // # of the predicates around, innermost last
	itemNo  []int
	args    []value.Value  // stack of helper arguments
	Needs   []string       // returned values of other targets that are not known yet
	Null    string         // a returned value that came back as null
	noted   map[int]string // the same of remembered lets, by slot
	nulls   map[int]string // and nulls that they do not say what to do with

	prog  *Program
	files []connectors.Attachment // of Attachments, once they are asked for
	filed bool
}

var envs = sync.Pool{New: func() any { return new(Env) }}

// NewEnv makes ready for one form; Free gives it back.
func NewEnv(p *Program, form any, in *Input) *Env {
	e := envs.Get().(*Env)
	e.Form, e.In, e.prog = form, in, p
	e.Slots, e.done, e.Indexes = zeroes(e.Slots, p.slots), zeroes(e.done, p.slots), zeroes(e.Indexes, p.depth)
	e.items, e.itemNo, e.args, e.Needs = e.items[:0], e.itemNo[:0], e.args[:0], nil
	e.Null, e.noted, e.nulls = "", nil, nil
	if e.Restart(p.Budget); e.Budget == (value.Budget{}) {
		e.Budget = value.DefaultBudget(decode.DefaultLimits().Bytes)
	}
	return e
}

// Free gives e back; it keeps nothing of the form.
func (e *Env) Free() {
	e.Form, e.In, e.Err, e.Needs, e.prog, e.files, e.filed = nil, nil, nil, nil, nil, nil, false
	clear(e.Slots)
	clear(e.args[:cap(e.args)])
	clear(e.items[:cap(e.items)])
	envs.Put(e)
}

// zeroes returns n zeroes, in the memory of s if there is enough.
func zeroes[T any](s []T, n int) []T {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// Step is one step of a path: a member, a fixed index, or the running index of a loop.
type Step struct {
	Name string
	idx  int // used when name is empty and loop < 0
	Loop int // depth of the loop, or -1
	Item bool
}

// Index is the number of an item that a step without a name and loop leads to, from the end below 0.
func (s Step) Index() int { return s.idx }

// Path is a plain way into the form. rel is what is left to walk from the root (the form, or a loop's variable).
type Path struct {
	Slot int // -1: the form itself; -2: the innermost predicate item; -3: that of the one around it
	rel  []Step
	Abs  []Step // from the form, for pointers and for the checks

	outside bool // it does not lead into the form
}

// Child is the path with one more step.
func (p *Path) Child(s Step) *Path {
	return &Path{Slot: p.Slot, outside: p.outside, rel: append(p.rel[:len(p.rel):len(p.rel)], s), Abs: append(p.Abs[:len(p.Abs):len(p.Abs)], s)}
}

// Outside tells of a path that does not lead into the form.
func (p *Path) Outside() bool { return p.outside }

// Dotted is the path without indexes, as unused-field checks and ignore know it: parcels.number
func (p *Path) Dotted() string {
	var b strings.Builder
	for _, s := range p.Abs {
		if s.Name == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.Name)
	}
	return b.String()
}

// Names is the path as a way of names, without indexes.
func (p *Path) Names() (way []string) {
	for _, s := range p.Abs {
		if s.Name != "" {
			way = append(way, s.Name)
		}
	}
	return way
}

// PointerEscape writes a name as a step of a JSON Pointer.
var PointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer is the JSON Pointer of the path under the running loops.
func (p *Path) Pointer(e *Env) string {
	var b strings.Builder
	for _, s := range p.Abs {
		if s.Item {
			break // an item of a predicate: the list is what can be pointed at
		}
		b.WriteByte('/')
		switch {
		case s.Name != "":
			b.WriteString(PointerEscape.Replace(s.Name))
		case s.Loop >= 0 && s.Loop < len(e.Indexes):
			b.WriteString(strconv.Itoa(e.Indexes[s.Loop]))
		default:
			b.WriteString(strconv.Itoa(s.idx))
		}
	}
	return b.String()
}

// compile makes the closure that walks the path. What is not there is missing, at every depth; what stands where the path leads on
// and has no such way is an error. ids are the trails of the ways to each of its steps, and of the path.
func (p *Path) compile(ids []int32) Eval {
	rel, slot, id := p.rel, p.Slot, ids[len(ids)-1]
	whole := func(e *Env) value.Value { return p.follow(e, ids) }
	plain := true
	for _, s := range rel {
		plain = plain && s.Name != ""
	}
	switch {
	case slot == -1 && plain && len(rel) == 1:
		name := rel[0].Name
		return func(e *Env) value.Value {
			if n, ok := memberOf(e.Form, name); ok {
				return traced(value.FromNode(n), id)
			}
			return whole(e)
		}
	case slot == -1 && plain && len(rel) == 2:
		a, b := rel[0].Name, rel[1].Name
		return func(e *Env) value.Value {
			m, _ := e.Form.(map[string]any)
			if n, ok := memberOf(m[a], b); ok {
				return traced(value.FromNode(n), id)
			}
			return whole(e)
		}
	case slot >= 0 && plain && len(rel) == 1:
		name := rel[0].Name
		return func(e *Env) value.Value {
			if n, ok := memberOf(e.Slots[slot].Any, name); ok {
				return traced(value.FromNode(n), id)
			}
			return whole(e)
		}
	case slot >= 0 && len(rel) == 0:
		return func(e *Env) value.Value { return traced(e.Slots[slot], id) }
	}
	return whole
}

// ways gives numbers to the ways to each step of a path, and to the path.
func (p *Program) ways(way *Path) []int32 {
	ids := make([]int32, len(way.rel)+1)
	for i := range way.rel {
		ids[i] = p.trail(&Path{Slot: way.Slot, rel: way.rel[:i], Abs: way.Abs[:len(way.Abs)-len(way.rel)+i]})
	}
	ids[len(way.rel)] = p.trail(way)
	return ids
}

// follow walks the path step by step.
func (p *Path) follow(e *Env, ids []int32) value.Value {
	v := p.root(e)
	for i, s := range p.rel {
		next := s.of(v)
		if next.Kind == value.KindMissing && s.blocked(v) {
			return e.strays(traced(v, ids[i]), s)
		}
		v = next
	}
	return traced(v, ids[len(p.rel)])
}

// strays is the error of a step that leads into something that has no such way.
func (e *Env) strays(v value.Value, s Step) value.Value {
	want := "an object"
	if s.Name == "" {
		want = "a list"
	}
	stands := value.AKind(v.Kind)
	if v.Kind == value.KindObject && s.Name != "" {
		stands = "a text with attributes or other elements"
	}
	return e.FailSort(v, value.CodeShape, stands+" stands where the mapping looks for "+want)
}

func (p *Path) root(e *Env) value.Value {
	switch p.Slot {
	case -1:
		return value.FromNode(e.Form)
	case -2, -3:
		return e.item(-1 - p.Slot)
	}
	return e.Slots[p.Slot]
}

// item is the one that the innermost predicate looks at, with 2 that of the one around it.
func (e *Env) item(up int) value.Value {
	if len(e.items) < up {
		return value.Missing
	}
	return e.items[len(e.items)-up]
}

// All returns what lies under the path: several values where it goes through the items of a list, or ends in one.
func (p *Path) All(e *Env) []value.Value {
	now := []value.Value{value.FromNode(e.Form)}
	items := func(list []value.Value) (out []value.Value) {
		for _, v := range list {
			for i := range v.Length() {
				out = append(out, v.Item(i))
			}
		}
		return out
	}
	for _, s := range p.Abs {
		switch {
		case s.Item:
			now = items(now)
			continue
		case s.Loop >= 0:
			s.idx = e.Indexes[s.Loop]
		}
		for i, v := range now {
			now[i] = s.of(v)
		}
	}
	return append(now, items(now)...)
}

// Near finds what lies where the path ends in nothing, under a name that differs from the path's by nothing but capitals and blanks.
func (p *Path) Near(e *Env) (name string, v value.Value) {
	now := p.root(e)
	for _, s := range p.rel {
		next := s.of(now)
		if m, ok := now.Any.(map[string]any); ok && next.Kind == value.KindMissing {
			for n := range m {
				if strings.EqualFold(strings.TrimSpace(n), s.Name) && (name == "" || n < name) {
					name, v = n, value.FromNode(m[n])
				}
			}
			return name, v
		}
		now = next
	}
	return "", value.Missing
}

// traced returns v as what lies under a path.
func traced(v value.Value, id int32) value.Value {
	v.Src = id
	return v
}

func memberOf(n any, name string) (any, bool) {
	m, _ := n.(map[string]any)
	v, ok := m[name]
	return v, ok
}

// of takes one step into a value; missing where it leads nowhere.
func (s Step) of(v value.Value) value.Value {
	if s.Name != "" {
		return v.Member(s.Name)
	}
	i := s.idx
	if i < 0 {
		i += v.Length()
	}
	if v.Kind != value.KindList || i < 0 || i >= v.Length() {
		return value.Missing
	}
	return v.Item(i)
}

// blocked tells whether something stands where a step leads on, and is of another sort. What is empty loses nothing, and an element
// of XML that is a text has no attributes.
func (s Step) blocked(v value.Value) bool {
	switch v.Kind {
	case value.KindMissing, value.KindNull:
		return false
	case value.KindText:
		return strings.TrimSpace(v.Str) != "" && !strings.HasPrefix(s.Name, "@")
	case value.KindObject:
		m, _ := v.Any.(map[string]any)
		text, _ := m["#text"].(string) // of an element of XML that has attributes or children too
		return s.Name == "" && len(m) > 0 || strings.TrimSpace(text) != "" && s.Name != "" && !strings.HasPrefix(s.Name, "@") && !strings.HasPrefix(s.Name, "#")
	case value.KindList:
		return s.Name != "" && v.Length() > 0
	}
	return true
}

// Remembered computes an expression once; what it changed is told at every place that uses it.
func Remembered(slot int, ev Eval, handles bool) Eval {
	return func(e *Env) value.Value {
		if !e.done[slot] {
			before, null := e.Note, e.Null
			e.Note, e.Null = "", ""
			e.Slots[slot], e.done[slot] = ev(e), true
			if handles {
				e.Null = ""
			}
			if delete(e.nulls, slot); e.Null != "" {
				if e.nulls == nil {
					e.nulls = map[int]string{}
				}
				e.nulls[slot] = e.Null
			}
			e.Null = null
			if e.Note != "" {
				if e.noted == nil {
					e.noted = map[int]string{}
				}
				e.noted[slot] = e.Note
			}
			e.Note = before
		}
		e.Record(e.noted[slot])
		e.Null = cmp.Or(e.Null, e.nulls[slot])
		return e.Slots[slot]
	}
}

// Forget lets what was remembered be computed anew.
func (e *Env) Forget(slots []int) {
	for _, s := range slots {
		e.done[s] = false
	}
}

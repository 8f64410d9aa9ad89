package expr

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/mapping/decode"
)

// Budget is what one form's mapping may take: it stops an expression that a hostile form blows up, not an honest one.
type Budget struct {
	Steps   int // helper calls and predicate rounds
	Made    int // bytes of texts and documents that expressions make
	Records int
}

// DefaultBudget holds where input.limits says nothing. What is made of a form grows with the form that is allowed.
func DefaultBudget(formBytes int64) Budget {
	return Budget{Steps: 1_000_000, Made: int(4 * formBytes), Records: 100_000}
}

// maxCount bounds a number of characters that an expression gives.
const maxCount = 16 << 20

// Eval computes one expression. On an error it calls env.fail and returns anything.
type Eval func(e *Env) Value

// Env is what expressions see while one form is mapped.
type Env struct {
	Form    any
	In      *Input
	Slots   []Value // loop variables and remembered lets, by slot
	done    []bool  // which lets are computed
	Indexes []int   // running index of each loop, by depth
	items   []Value // # of the predicates around, innermost last
	itemNo  []int
	args    []Value    // stack of helper arguments
	joins   [][2]int32 // sources of values that are made of several, by -src-1
	Budget  Budget     // what is left of it
	Err     *Failure
	Needs   []string       // returned values of other targets that are not known yet
	Null    string         // a returned value that came back as null
	Note    string         // what the expression changed because the mapping allows it
	noted   map[int]string // the same of remembered lets, by slot
	nulls   map[int]string // and nulls that they do not say what to do with
}

// Failure is the first thing that went wrong in an expression. Its message never holds content.
type Failure struct {
	Code, Message string
	Src           int32  // the form's field that caused it; 0: none did
	blamed        bool   // src is known
	Made          Making // of the value that caused it
	Grown         bool   // only what was transliterated of the value is too long
	Sort          bool   // no value of this sort works, whatever it says
	Limit         string // of input.limits, where a budget is spent
}

// ForSender is a message without what it advises who writes the mapping, which follows "; use ".
func ForSender(message string) string {
	said, _, _ := strings.Cut(message, "; use ")
	return said
}

var envs = sync.Pool{New: func() any { return new(Env) }}

// NewEnv makes ready for one form; Free gives it back.
func NewEnv(p *Program, form any, in *Input) *Env {
	e := envs.Get().(*Env)
	e.Form, e.In = form, in
	e.Slots, e.done, e.Indexes = zeroes(e.Slots, p.slots), zeroes(e.done, p.slots), zeroes(e.Indexes, p.depth)
	e.items, e.itemNo, e.args, e.joins, e.Needs = e.items[:0], e.itemNo[:0], e.args[:0], e.joins[:0], nil
	e.Null, e.Note, e.noted, e.nulls = "", "", nil, nil
	if e.Budget, e.Err = p.Budget, nil; e.Budget == (Budget{}) {
		e.Budget = DefaultBudget(decode.DefaultLimits().Bytes)
	}
	return e
}

// Free gives e back; it keeps nothing of the form.
func (e *Env) Free() {
	e.Form, e.In, e.Err, e.Needs = nil, nil, nil, nil
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

// Fail keeps the first thing that went wrong.
func (e *Env) Fail(code, message string) Value { return e.fail(Failure{Code: code, Message: message}) }

func (e *Env) fail(f Failure) Value {
	if e.Err == nil {
		e.Err = &f
	}
	return Missing
}

// Record notes a change that the mapping allowed. It never holds content.
func (e *Env) Record(note string) {
	if note != "" && !strings.Contains(e.Note, note) {
		e.Note = strings.TrimPrefix(e.Note+"; "+note, "; ")
	}
}

// failBy is fail where one of several values is to blame.
func (e *Env) failBy(v Value, code, message string) Value {
	e.Fail(code, message)
	return e.Of(Missing, v)
}

// FailSort is failBy where the sort of a value is to blame, not what it says.
func (e *Env) FailSort(v Value, code, message string) Value {
	e.Fail(code, message)
	if !e.Err.blamed {
		e.Err.Sort = true
	}
	return e.Of(Missing, v)
}

// FailReading is the error of what reads texts: of a text what it says is to blame, of anything else its sort.
func (e *Env) FailReading(v Value, code, message string) Value {
	if v.Kind == KindText {
		return e.failBy(v, code, message)
	}
	return e.FailSort(v, code, message)
}

// failMade is fail where what the mapping computes is to blame, and none of the values that it computes it of.
func (e *Env) failMade(code, message string) Value {
	return e.fail(Failure{Code: code, Message: message, Made: Computed})
}

// Of says what v is made of; after an error it says what caused that, unless a part of the expression has.
func (e *Env) Of(v Value, from ...Value) Value {
	if v.Src != 0 && e.Err == nil {
		return v
	}
	for i := range from {
		if f := &from[i]; f.Src != 0 {
			v.Src, v.Made = e.both(v.Src, f.Src), v.Made|f.Made
		}
	}
	if e.Err != nil && !e.Err.blamed {
		e.Err.blamed, e.Err.Src, e.Err.Made = true, v.Src, v.Made|e.Err.Made
	}
	return v
}

// both is the source of what is made of two.
func (e *Env) both(a, b int32) int32 {
	switch {
	case a == 0 || a == b:
		return b
	case b == 0:
		return a
	}
	pair, n := [2]int32{a, b}, len(e.joins)
	if n == 0 || e.joins[n-1] != pair {
		e.joins = append(e.joins, pair)
		n++
	}
	return -int32(n)
}

// Sources are the fields of the form that a value is made of, the first first.
func (e *Env) Sources(src int32) []int32 {
	var out []int32
	seen := map[int32]bool{0: true}
	for todo := []int32{src}; len(todo) > 0; {
		src, todo = todo[0], todo[1:]
		switch {
		case seen[src]:
		case src > 0:
			out = append(out, src)
		default:
			todo = append(slices.Clone(e.joins[-src-1][:]), todo...)
		}
		seen[src] = true
	}
	return out
}

// Spent says which budget is used up. That is nobody's mistake in the form.
func (e *Env) Spent(key, what string) bool {
	e.fail(Failure{Code: CodeLimit, Message: what, Limit: key, blamed: true})
	return false
}

// Step counts work; false means that the budget is spent and the caller must stop.
func (e *Env) Step() bool {
	if e.Budget.Steps--; e.Budget.Steps < 0 {
		return e.Spent("work", "takes more work than input.limits.work allows")
	}
	return e.Err == nil
}

// Grow counts made text; false means that the budget is spent.
func (e *Env) Grow(n int) bool {
	if e.Budget.Made -= n; n < 0 || e.Budget.Made < 0 {
		return e.Spent("made", "makes more text than input.limits.made allows")
	}
	return true
}

// Step is one step of a path: a member, a fixed index, or the running index of a loop.
type Step struct {
	Name string
	idx  int // used when name is empty and loop < 0
	Loop int // depth of the loop, or -1
	Item bool
}

// Path is a plain way into the form. rel is what is left to walk from the root (the form, or a loop's variable).
type Path struct {
	Slot int // -1: the form itself; -2: the innermost predicate item
	rel  []Step
	Abs  []Step // from the form, for pointers and for the checks

	outside bool // it does not lead into the form
}

// Child is the path with one more step.
func (p *Path) Child(s Step) *Path {
	return &Path{Slot: p.Slot, outside: p.outside, rel: append(p.rel[:len(p.rel):len(p.rel)], s), Abs: append(p.Abs[:len(p.Abs):len(p.Abs)], s)}
}

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
	whole := func(e *Env) Value { return p.follow(e, ids) }
	plain := true
	for _, s := range rel {
		plain = plain && s.Name != ""
	}
	switch {
	case slot == -1 && plain && len(rel) == 1:
		name := rel[0].Name
		return func(e *Env) Value {
			if n, ok := memberOf(e.Form, name); ok {
				return traced(FromNode(n), id)
			}
			return whole(e)
		}
	case slot == -1 && plain && len(rel) == 2:
		a, b := rel[0].Name, rel[1].Name
		return func(e *Env) Value {
			m, _ := e.Form.(map[string]any)
			if n, ok := memberOf(m[a], b); ok {
				return traced(FromNode(n), id)
			}
			return whole(e)
		}
	case slot >= 0 && plain && len(rel) == 1:
		name := rel[0].Name
		return func(e *Env) Value {
			if n, ok := memberOf(e.Slots[slot].Any, name); ok {
				return traced(FromNode(n), id)
			}
			return whole(e)
		}
	case slot >= 0 && len(rel) == 0:
		return func(e *Env) Value { return traced(e.Slots[slot], id) }
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
func (p *Path) follow(e *Env, ids []int32) Value {
	v := p.root(e)
	for i, s := range p.rel {
		next := v.at(s)
		if next.Kind == KindMissing && v.blocks(s) {
			return e.strays(traced(v, ids[i]), s)
		}
		v = next
	}
	return traced(v, ids[len(p.rel)])
}

// strays is the error of a step that leads into something that has no such way.
func (e *Env) strays(v Value, s Step) Value {
	want := "an object"
	if s.Name == "" {
		want = "a list"
	}
	stands := aKind(v.Kind)
	if v.Kind == KindObject && s.Name != "" {
		stands = "a text with attributes or other elements"
	}
	return e.FailSort(v, CodeShape, stands+" stands where the mapping looks for "+want)
}

func (p *Path) root(e *Env) Value {
	switch p.Slot {
	case -1:
		return FromNode(e.Form)
	case -2:
		return e.item()
	}
	return e.Slots[p.Slot]
}

// item is the one that the innermost predicate looks at.
func (e *Env) item() Value {
	if len(e.items) == 0 {
		return Missing
	}
	return e.items[len(e.items)-1]
}

// All returns what lies under the path: several values where it goes through the items of a list, or ends in one.
func (p *Path) All(e *Env) []Value {
	now := []Value{FromNode(e.Form)}
	items := func(list []Value) (out []Value) {
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
			now[i] = v.at(s)
		}
	}
	return append(now, items(now)...)
}

// Near finds what lies where the path ends in nothing, under a name that differs from the path's by nothing but capitals and blanks.
func (p *Path) Near(e *Env) (name string, v Value) {
	now := p.root(e)
	for _, s := range p.rel {
		next := now.at(s)
		if m, ok := now.Any.(map[string]any); ok && next.Kind == KindMissing {
			for n := range m {
				if strings.EqualFold(strings.TrimSpace(n), s.Name) && (name == "" || n < name) {
					name, v = n, FromNode(m[n])
				}
			}
			return name, v
		}
		now = next
	}
	return "", Missing
}

// traced returns v as what lies under a path.
func traced(v Value, id int32) Value {
	v.Src = id
	return v
}

func memberOf(n any, name string) (any, bool) {
	m, _ := n.(map[string]any)
	v, ok := m[name]
	return v, ok
}

// at takes one step into a value; missing where it leads nowhere.
func (v Value) at(s Step) Value {
	if s.Name != "" {
		return v.member(s.Name)
	}
	i := s.idx
	if i < 0 {
		i += v.Length()
	}
	if v.Kind != KindList || i < 0 || i >= v.Length() {
		return Missing
	}
	return v.Item(i)
}

// blocks tells whether something stands where a step leads on, and is of another sort. What is empty loses nothing, and an element
// of XML that is a text has no attributes.
func (v Value) blocks(s Step) bool {
	switch v.Kind {
	case KindMissing, KindNull:
		return false
	case KindText:
		return strings.TrimSpace(v.Str) != "" && !strings.HasPrefix(s.Name, "@")
	case KindObject:
		m, _ := v.Any.(map[string]any)
		text, _ := m["#text"].(string) // of an element of XML that has attributes or children too
		return s.Name == "" && len(m) > 0 || strings.TrimSpace(text) != "" && s.Name != "" && !strings.HasPrefix(s.Name, "@") && !strings.HasPrefix(s.Name, "#")
	case KindList:
		return s.Name != "" && v.Length() > 0
	}
	return true
}

// Remembered computes an expression once; what it changed is told at every place that uses it.
func Remembered(slot int, ev Eval, handles bool) Eval {
	return func(e *Env) Value {
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

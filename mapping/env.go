package mapping

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/inbasket/inbasket/mapping/decode"
)

// budget is what one form's mapping may take: it stops an expression that a hostile form blows up, not an honest one.
type budget struct {
	steps   int // helper calls and predicate rounds
	made    int // bytes of texts and documents that expressions make
	records int
}

// defaultBudget holds where input.limits says nothing. What is made of a form grows with the form that is allowed.
func defaultBudget(formBytes int64) budget {
	return budget{steps: 1_000_000, made: int(4 * formBytes), records: 100_000}
}

// maxCount bounds a number of characters that an expression gives.
const maxCount = 16 << 20

// eval computes one expression. On an error it calls env.fail and returns anything.
type eval func(e *env) value

// env is what expressions see while one form is mapped.
type env struct {
	form    any
	in      *Input
	slots   []value // loop variables and remembered lets, by slot
	done    []bool  // which lets are computed
	indexes []int   // running index of each loop, by depth
	items   []value // # of the predicates around, innermost last
	itemNo  []int
	args    []value    // stack of helper arguments
	joins   [][2]int32 // sources of values that are made of several, by -src-1
	budget  budget     // what is left of it
	err     *evalError
	needs   []string       // returned values of other targets that are not known yet
	note    string         // what the expression changed because the mapping allows it
	noted   map[int]string // the same of remembered lets, by slot
}

// evalError is the first thing that went wrong in an expression. Its message never holds content.
type evalError struct {
	code, message string
	src           int32  // the form's field that caused it; 0: none did
	blamed        bool   // src is known
	made          making // of the value that caused it
	sort          bool   // no value of this sort works, whatever it says
	key           string // of input.limits, where a budget is spent
}

var envs = sync.Pool{New: func() any { return new(env) }}

func newEnv(p *program, form any, in *Input) *env {
	e := envs.Get().(*env)
	e.form, e.in = form, in
	e.slots = resize(e.slots, p.slots)
	e.done = resize(e.done, p.slots)
	e.indexes = resize(e.indexes, p.depth)
	clear(e.slots)
	clear(e.done)
	clear(e.indexes)
	e.items, e.itemNo, e.args, e.joins, e.needs = e.items[:0], e.itemNo[:0], e.args[:0], e.joins[:0], nil
	e.note, e.noted = "", nil
	if e.budget, e.err = p.budget, nil; e.budget == (budget{}) {
		e.budget = defaultBudget(decode.DefaultLimits().Bytes)
	}
	return e
}

// free gives e back; it keeps nothing of the form.
func (e *env) free() {
	e.form, e.in, e.err, e.needs = nil, nil, nil, nil
	clear(e.slots)
	clear(e.args[:cap(e.args)])
	clear(e.items[:cap(e.items)])
	envs.Put(e)
}

func resize[T any](s []T, n int) []T {
	if cap(s) >= n {
		return s[:n]
	}
	return make([]T, n)
}

func (e *env) fail(code, message string) value {
	if e.err == nil {
		e.err = &evalError{code: code, message: message}
	}
	return missing
}

// record notes a change that the mapping allowed. It never holds content.
func (e *env) record(note string) {
	switch {
	case note == "" || strings.Contains(e.note, note):
	case e.note == "":
		e.note = note
	default:
		e.note += "; " + note
	}
}

// remember keeps what was changed while a let was computed, for every place that uses it.
func (e *env) remember(slot int, before string) {
	if e.note != "" {
		if e.noted == nil {
			e.noted = map[int]string{}
		}
		e.noted[slot] = e.note
	}
	e.note = before
}

// failBy is fail where one of several values is to blame.
func (e *env) failBy(v value, code, message string) value {
	e.fail(code, message)
	return e.of(missing, v)
}

// failSort is failBy where the sort of a value is to blame, not what it says.
func (e *env) failSort(v value, code, message string) value {
	e.fail(code, message)
	if !e.err.blamed {
		e.err.sort = true
	}
	return e.of(missing, v)
}

// failReading is the error of what reads texts: of a text what it says is to blame, of anything else its sort.
func (e *env) failReading(v value, code, message string) value {
	if v.k == kText {
		return e.failBy(v, code, message)
	}
	return e.failSort(v, code, message)
}

// failMade is fail where what the mapping computes is to blame, and none of the values that it computes it of.
func (e *env) failMade(code, message string) value {
	if e.err == nil {
		e.err = &evalError{code: code, message: message, made: computed}
	}
	return missing
}

// of says what v is made of; after an error it says what caused that, unless a part of the expression has.
func (e *env) of(v value, from ...value) value {
	if v.src != 0 && e.err == nil {
		return v
	}
	for i := range from {
		if f := &from[i]; f.src != 0 {
			v.src, v.made = e.both(v.src, f.src), v.made|f.made
		}
	}
	if e.err != nil && !e.err.blamed {
		e.err.blamed, e.err.src, e.err.made = true, v.src, v.made|e.err.made
	}
	return v
}

// both is the source of what is made of two.
func (e *env) both(a, b int32) int32 {
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

// sources are the fields of the form that a value is made of, the first first.
func (e *env) sources(src int32) []int32 {
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

// spent says which budget is used up. That is nobody's mistake in the form.
func (e *env) spent(key, what string) bool {
	if e.err == nil {
		e.err = &evalError{code: CodeLimit, message: what, key: key, blamed: true}
	}
	return false
}

// step counts work; false means that the budget is spent and the caller must stop.
func (e *env) step() bool {
	if e.budget.steps--; e.budget.steps < 0 {
		return e.spent("work", "takes more work than input.limits.work allows")
	}
	return e.err == nil
}

// grow counts made text; false means that the budget is spent.
func (e *env) grow(n int) bool {
	if e.budget.made -= n; n < 0 || e.budget.made < 0 {
		return e.spent("made", "makes more text than input.limits.made allows")
	}
	return true
}

// seg is one step of a path: a member, a fixed index, or the running index of a loop.
type seg struct {
	name string
	idx  int // used when name is empty and loop < 0
	loop int // depth of the loop, or -1
	item bool
}

// path is a plain way into the form. rel is what is left to walk from the root (the form, or a loop's variable).
type path struct {
	slot int // -1: the form itself; -2: the innermost predicate item
	rel  []seg
	abs  []seg // from the form, for pointers and for the checks
}

func (p *path) child(s seg) *path {
	return &path{slot: p.slot, rel: append(p.rel[:len(p.rel):len(p.rel)], s), abs: append(p.abs[:len(p.abs):len(p.abs)], s)}
}

// dotted is the path without indexes, as unused-field checks and ignore know it: parcels.number
func (p *path) dotted() string {
	var b strings.Builder
	for _, s := range p.abs {
		if s.name == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
	}
	return b.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// pointer is the JSON Pointer of the path under the running loops.
func (p *path) pointer(e *env) string {
	var b strings.Builder
	for _, s := range p.abs {
		if s.item {
			break // an item of a predicate: the list is what can be pointed at
		}
		b.WriteByte('/')
		switch {
		case s.name != "":
			b.WriteString(pointerEscape.Replace(s.name))
		case s.loop >= 0 && s.loop < len(e.indexes):
			b.WriteString(strconv.Itoa(e.indexes[s.loop]))
		default:
			b.WriteString(strconv.Itoa(s.idx))
		}
	}
	return b.String()
}

// compile makes the closure that walks the path. What is not there is missing, at every depth. id is the path's trail.
func (p *path) compile(id int32) eval {
	rel, slot := p.rel, p.slot
	plain := true
	for _, s := range rel {
		plain = plain && s.name != ""
	}
	switch {
	case slot == -1 && plain && len(rel) == 1:
		name := rel[0].name
		return func(e *env) value { return memberOf(e.form, name, id) }
	case slot == -1 && plain && len(rel) == 2:
		a, b := rel[0].name, rel[1].name
		return func(e *env) value {
			m, _ := e.form.(map[string]any)
			return memberOf(m[a], b, id)
		}
	case slot >= 0 && plain && len(rel) == 1:
		name := rel[0].name
		return func(e *env) value { return memberOf(e.slots[slot].x, name, id) }
	case slot >= 0 && len(rel) == 0:
		return func(e *env) value { return traced(e.slots[slot], id) }
	}
	return func(e *env) value { return traced(walk(p.root(e), rel), id) }
}

func (p *path) root(e *env) value {
	switch {
	case p.slot == -1:
		return fromNode(e.form)
	case p.slot == -2:
		if len(e.items) == 0 {
			return missing
		}
		return e.items[len(e.items)-1]
	}
	return e.slots[p.slot]
}

// all returns what lies under the path: several values where it goes through the items of a list, or ends in one.
func (p *path) all(e *env) []value {
	now := []value{fromNode(e.form)}
	items := func(list []value) (out []value) {
		for _, v := range list {
			for i := range v.length() {
				out = append(out, v.item(i))
			}
		}
		return out
	}
	for _, s := range p.abs {
		switch {
		case s.item:
			now = items(now)
			continue
		case s.loop >= 0:
			s.idx = e.indexes[s.loop]
		}
		for i, v := range now {
			now[i] = walk(v, []seg{s})
		}
	}
	return append(now, items(now)...)
}

// traced returns v as what lies under a path.
func traced(v value, id int32) value {
	v.src = id
	return v
}

func memberOf(n any, name string, id int32) value {
	m, ok := n.(map[string]any)
	if !ok {
		return value{src: id}
	}
	v, ok := m[name]
	if !ok {
		return value{src: id}
	}
	return traced(fromNode(v), id)
}

func walk(v value, rel []seg) value {
	for _, s := range rel {
		if s.name != "" {
			v = v.member(s.name)
			continue
		}
		i := s.idx
		if i < 0 {
			i += v.length()
		}
		if v.k != kList || i < 0 || i >= v.length() {
			return missing
		}
		v = v.item(i)
	}
	return v
}

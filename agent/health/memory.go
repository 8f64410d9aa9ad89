package health

import (
	"runtime"
	"runtime/metrics"
	"sync"
)

// Bytes of the Go heap that may accumulate before the garbage collector works harder. An agent shares its machine with
// the legacy system, so there is little while nothing is to do, and more for each part that works.
const (
	heapIdle = 24 << 20
	heapPart = 12 << 20 // for each in-basket, target, source and webhook at work
)

// Memory is the goal of the garbage collector, which is one of the whole process.
type Memory struct {
	Set  func(bytes int64) // takes over a goal; nil: it is left alone
	Most int64             // no goal is above that; 0: no bound
}

// goal is what may accumulate while so many parts are at work and so much is in use: half as much again, since a collector
// that is bound to less than it cannot free runs all the time.
func (m Memory) goal(parts int, used int64) int64 {
	goal := max(int64(heapIdle+parts*heapPart), used+used/2)
	if m.Most > 0 {
		goal = min(goal, m.Most)
	}
	return goal
}

// Goal keeps the goal above what is in use, such as large forms and the connections of many clients: it is set anew when
// parts begin or end their work, and after each collection.
type Goal struct {
	Memory
	mu    sync.Mutex
	parts int
	used  int64
	set   int64
}

// NewGoal begins to follow what is in use.
func NewGoal(m Memory) *Goal {
	g := &Goal{Memory: m}
	if m.Set != nil {
		g.follow()
	}
	return g
}

// AtWork sets the goal for so many parts at work.
func (g *Goal) AtWork(parts int) { g.change(func() { g.parts = parts }) }

// follow looks after the next collection at what it has left, and so on.
func (g *Goal) follow() {
	runtime.AddCleanup(new([16]byte), func(g *Goal) {
		g.change(func() { g.used = inUse() })
		g.follow()
	}, g)
}

// change sets the goal anew if it has moved by more than a sixteenth: setting it stops the program for a moment.
func (g *Goal) change(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	goal := g.goal(g.parts, g.used)
	if moved := goal - g.set; g.Set == nil || max(moved, -moved) <= g.set/16 {
		return
	}
	g.set = goal
	g.Set(goal)
}

// inUse is what the last collection could not free: live objects, stacks, and what the runtime needs for them.
func inUse() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	used := int64(s[0].Value.Uint64() + s[1].Value.Uint64())
	for _, free := range s[2:] {
		used -= int64(free.Value.Uint64())
	}
	return used
}

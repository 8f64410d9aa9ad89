package agent

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Limits of one step. They are far above what any step takes on a slow machine under load.
const (
	ownLimit     = 5 * time.Minute  // of the agent's own work between two waits
	journalLimit = 2 * time.Minute  // of the journal's writer, to take the next call
	callLimit    = 10 * time.Minute // of a call into a connector that has no time limit of its own
	callMargin   = time.Minute      // beyond the time limit of a target
)

// pulse knows of every loop of the agent whether it moves. It has no clock: time is what the one who looks
// says has passed since the last look. So neither a suspended machine nor a clock that is set makes a loop
// seem stuck, for nobody looks meanwhile.
type pulse struct {
	mu     sync.Mutex
	beats  map[*beat]struct{}
	memory Memory
	busy   map[part]int // loops of each part that do something
	goal   int          // parts at work that memory is set for
	most   int          // at work at once since the last look
}

// part is what one or more loops do together, such as target register.
type part struct{ kind, name string }

func newPulse(m Memory) *pulse {
	p := &pulse{beats: map[*beat]struct{}{}, busy: map[part]int{}, memory: m}
	p.remember()
	return p
}

// remember sets the memory for what works; mu is held. Less is set by look only: work comes in waves.
func (p *pulse) remember() {
	p.goal = p.most
	if p.memory.Set != nil {
		p.memory.Set(p.memory.goal(p.goal))
	}
}

// counts takes in that a loop of part begins or ends to do something; mu is held.
func (p *pulse) counts(of part, loops int) {
	if p.busy[of] += loops; p.busy[of] == 0 {
		delete(p.busy, of)
	}
	if p.most = max(p.most, len(p.busy)); p.most > p.goal {
		p.remember()
	}
}

// beat is one loop. While it does nothing it waits for something that need not come.
type beat struct {
	pulse      *pulse
	kind, name string
	doing      string        // empty: it waits
	called     bool          // it is doing that outside of the agent, in a connector
	limit      time.Duration // of what it does
	spent      time.Duration // on it so far
}

// stall is a loop that does one thing for too long.
type stall struct {
	kind, name string // such as target register
	doing      string
	spent      time.Duration
}

type beatKey struct{}

// enter adds a loop; it moves until leave is called. The context carries it to waiting and calling.
func (p *pulse) enter(ctx context.Context, kind, name string) (out context.Context, leave func()) {
	b := &beat{pulse: p, kind: kind, name: name}
	b.set("begin", ownLimit, false)
	p.mu.Lock()
	p.beats[b] = struct{}{}
	p.mu.Unlock()
	return context.WithValue(ctx, beatKey{}, b), func() {
		b.set("", 0, false)
		p.mu.Lock()
		delete(p.beats, b)
		p.mu.Unlock()
	}
}

// loop runs f as a loop that is looked after.
func (p *pulse) loop(ctx context.Context, kind, name string, f func(context.Context)) {
	ctx, leave := p.enter(ctx, kind, name)
	defer leave()
	f(ctx)
}

// set begins something else. A beat of nil is nobody's.
func (b *beat) set(doing string, limit time.Duration, called bool) {
	if b == nil {
		return
	}
	b.pulse.mu.Lock()
	defer b.pulse.mu.Unlock()
	if was, is := b.doing != "", doing != ""; was != is {
		loops := -1
		if is {
			loops = 1
		}
		b.pulse.counts(part{b.kind, b.name}, loops)
	}
	b.doing, b.limit, b.called, b.spent = doing, limit, called, 0
}

// waiting says that the loop of ctx waits for something that need not come; the returned func says that it
// goes on with work of its own.
func waiting(ctx context.Context) (over func()) {
	b, _ := ctx.Value(beatKey{}).(*beat)
	b.set("", 0, false)
	return func() { b.set("work", ownLimit, false) }
}

// calling says that the loop of ctx calls into a connector, which has limit for it (0: no limit of its
// own); the returned func says that the call is over.
func calling(ctx context.Context, op string, limit time.Duration) (over func()) {
	b, _ := ctx.Value(beatKey{}).(*beat)
	if limit <= 0 {
		limit = callLimit
	} else {
		limit += callMargin
	}
	b.set(op, limit, true)
	return func() { b.set("work", ownLimit, false) }
}

// look adds what has passed to every step under way, and returns the loops that are stuck in work of the
// agent's own, and those that hang in a connector.
func (p *pulse) look(passed time.Duration) (stuck, hung []stall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for b := range p.beats {
		if b.doing == "" {
			continue
		}
		b.spent += passed
		if b.spent <= b.limit {
			continue
		}
		s := stall{b.kind, b.name, b.doing, b.spent}
		if b.called {
			hung = append(hung, s)
		} else {
			stuck = append(stuck, s)
		}
	}
	if p.goal > p.most {
		p.remember()
	}
	p.most = len(p.busy)
	order := func(a, b stall) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name)) }
	slices.SortFunc(stuck, order)
	slices.SortFunc(hung, order)
	return stuck, hung
}

package loop

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Limits of one step. They are far above what any step takes on a slow machine under load.
const (
	OwnLimit   = 5 * time.Minute  // of the agent's own work between two waits
	callLimit  = 10 * time.Minute // of a call into a connector that has no time limit of its own
	callMargin = time.Minute      // beyond the time limit of a target
)

// Heartbeats know of every loop of the agent whether it moves. They have no clock: time is what the one who looks
// says has passed since the last look. So neither a suspended machine nor a clock that is set makes a loop
// seem stuck, for nobody looks meanwhile.
type Heartbeats struct {
	mu    sync.Mutex
	loops map[*Heartbeat]struct{}
	work  func(parts int) // told how many parts are at work; nil: nobody asks
	busy  map[part]int    // loops of each part that do something
	told  int             // parts at work that work was told of
	most  int             // at work at once since the last look
}

// part is what one or more loops do together, such as target register.
type part struct{ kind, name string }

// New makes heartbeats. While loops work, the function is told how many parts they belong to; it may be nil.
func New(work func(parts int)) *Heartbeats {
	h := &Heartbeats{loops: map[*Heartbeat]struct{}{}, busy: map[part]int{}, work: work}
	h.tell()
	return h
}

// tell tells how much is at work; mu is held. Of less Look tells only: work comes in waves.
func (h *Heartbeats) tell() {
	h.told = h.most
	if h.work != nil {
		h.work(h.told)
	}
}

// counts takes in that a loop of part begins or ends to do something; mu is held.
func (h *Heartbeats) counts(of part, loops int) {
	if h.busy[of] += loops; h.busy[of] == 0 {
		delete(h.busy, of)
	}
	if h.most = max(h.most, len(h.busy)); h.most > h.told {
		h.tell()
	}
}

// Heartbeat is that of one loop. While it does nothing it waits for something that need not come.
type Heartbeat struct {
	all   *Heartbeats
	of    part
	doing string        // empty: it waits
	calls bool          // it is doing that outside of the agent, in a connector
	limit time.Duration // of what it does
	spent time.Duration // on it so far
}

// Stall is a loop that does one thing for too long.
type Stall struct {
	Kind, Name string // such as target register
	Doing      string
	Spent      time.Duration
}

type heartbeatKey struct{}

// Enter adds a loop until leave is called. The context carries its heartbeat to Waiting and Calling.
func (h *Heartbeats) Enter(ctx context.Context, kind, name string) (out context.Context, b *Heartbeat, leave func()) {
	b = &Heartbeat{all: h, of: part{kind, name}}
	b.Do("begin", OwnLimit)
	h.mu.Lock()
	h.loops[b] = struct{}{}
	h.mu.Unlock()
	return context.WithValue(ctx, heartbeatKey{}, b), b, func() {
		b.Rest()
		h.mu.Lock()
		delete(h.loops, b)
		h.mu.Unlock()
	}
}

// Do says that the loop begins something of the agent's own, which takes no longer than limit.
func (b *Heartbeat) Do(doing string, limit time.Duration) { b.set(doing, limit, false) }

// Rest says that the loop waits for something that need not come.
func (b *Heartbeat) Rest() { b.set("", 0, false) }

func (b *Heartbeat) work() { b.Do("work", OwnLimit) }

// set begins something else. A heartbeat of nil is nobody's.
func (b *Heartbeat) set(doing string, limit time.Duration, calls bool) {
	if b == nil {
		return
	}
	b.all.mu.Lock()
	defer b.all.mu.Unlock()
	if was, is := b.doing != "", doing != ""; was != is {
		loops := -1
		if is {
			loops = 1
		}
		b.all.counts(b.of, loops)
	}
	b.doing, b.limit, b.calls, b.spent = doing, limit, calls, 0
}

func heartbeatOf(ctx context.Context) *Heartbeat {
	b, _ := ctx.Value(heartbeatKey{}).(*Heartbeat)
	return b
}

// Waiting says that the loop of ctx waits for something that need not come; the returned func says that it
// goes on with work of its own. Wait, Receive, Send and Ask say so by themselves.
func Waiting(ctx context.Context) (over func()) {
	b := heartbeatOf(ctx)
	b.Rest()
	return b.work
}

// Calling says that the loop of ctx calls into a connector, which has limit for it (0: no limit of its
// own); the returned func says that the call is over.
func Calling(ctx context.Context, op string, limit time.Duration) (over func()) {
	if limit <= 0 {
		limit = callLimit
	} else {
		limit += callMargin
	}
	b := heartbeatOf(ctx)
	b.set(op, limit, true)
	return b.work
}

// Look adds what has passed to every step under way, and returns the loops that are stuck in work of the
// agent's own, and those that hang in a connector.
func (h *Heartbeats) Look(passed time.Duration) (stuck, hung []Stall) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for b := range h.loops {
		if b.doing == "" {
			continue
		}
		b.spent += passed
		if b.spent <= b.limit {
			continue
		}
		s := Stall{b.of.kind, b.of.name, b.doing, b.spent}
		if b.calls {
			hung = append(hung, s)
		} else {
			stuck = append(stuck, s)
		}
	}
	if h.told > h.most {
		h.tell()
	}
	h.most = len(h.busy)
	order := func(a, b Stall) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) }
	slices.SortFunc(stuck, order)
	slices.SortFunc(hung, order)
	return stuck, hung
}

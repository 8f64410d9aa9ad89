package agent

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// parcel is one delivery, mapped and encoded, on its way to its target.
type parcel struct {
	id       journal.ID
	accepted time.Time // its submission, not its file
	progress journal.Progress
	batch    int64 // of a sealed batch it is a member of
	delivery connectors.Delivery
	piece    *encode.Piece // for batches: the encoded body, or what is known of it
	light    bool          // for batches: what can be mapped anew was given back, see lighten
	layout   *encode.Layout
	size     int64
	tries    int       // failures so far, since it was read from the journal
	failed   time.Time // first, as if the target were at fault
	wrote    int64     // groups that the lane had written then
	due      time.Time // not before this
	alone    bool      // goes in a group of its own
	broke    bool      // broke the connector, alone
	final    bool      // no decision is expected: delivered is the last word
	// match returns the key by which a result finds the submission, once the returned values are known.
	match func(returned map[string]connectors.Value) string
}

// Bounds of what a lane keeps in memory; the rest waits in the journal.
const (
	queueItems = 800
	queueBytes = 4 << 20
	pageItems  = 300
	groupItems = 300
)

// lane carries the deliveries of one target: it queues them in order of acceptance, forms groups and
// delivers them. One lane's trouble never reaches another's.
//
// Its memory is bounded: what does not fit is left in the journal, and the lane is behind; it then
// reads the journal page by page until it has caught up. IDs grow with acceptance, so that order holds.
type lane struct {
	name     string
	identity string
	target   *guard.Target
	can      connectors.Abilities
	files    *fileRules // for targets that take files
	sealing  *sealing   // for targets that take batches; nil otherwise
	circuit  *guard.Circuit
	backoff  guard.Backoff // of a single parcel
	journal  *journal.Journal
	clock    connectors.Clock
	counters *health.Counters
	log      zerolog.Logger
	// prepare maps a page of the journal; with an error some of it must be read again.
	prepare  func(ctx context.Context, target string, page []journal.Stored) ([]*parcel, error)
	returned func(ctx context.Context, ids []journal.ID) // other targets may wait for these

	mu       sync.Mutex
	queue    []*parcel               // ascending by ID
	bytes    int64                   // of the queue
	wrote    int64                   // groups of which something was written
	known    map[journal.ID]struct{} // in the queue or in flight
	flying   map[string]journal.ID   // order keys in flight
	stopped  map[string]journal.ID   // order keys that a parked delivery holds up
	awaited  map[string][]journal.ID // order keys that a delivery without its value holds up; ascending
	held     string                  // why the whole target is stopped by a batch that cannot go
	stopping bool                    // paused by an operator
	paused   string                  // the operator's reason
	behind   bool                    // the journal has more than the queue
	missed   bool                    // an offer was turned down since the last page
	loading  bool
	after    journal.ID              // last ID of this pass through the journal
	pass     int                     // counts the passes, so that a page tells whether a new one began meanwhile
	barred   map[journal.ID]int      // an operator is about to change these; none of them may begin
	loaded   journal.ID              // highest ID of all passes: everything up to it was seen
	settled  map[journal.ID]struct{} // settled while a page was being read
	changed  chan struct{}
}

// start makes the lane read what the journal has.
func (l *lane) start() {
	l.known = map[journal.ID]struct{}{}
	l.flying = map[string]journal.ID{}
	l.stopped = map[string]journal.ID{}
	l.awaited = map[string][]journal.ID{}
	l.barred = map[journal.ID]int{}
	l.behind = true
	l.changed = make(chan struct{})
}

// offer hands over parcels fresh from acceptance, in order. When the queue is full, a healthy lane makes
// the caller wait a moment for room; otherwise the parcels stay in the journal.
func (l *lane) offer(ctx context.Context, parcels []*parcel) {
	deadline := l.clock.Now().Add(time.Second)
	for len(parcels) > 0 {
		l.mu.Lock()
		if l.behind {
			l.missed = true
			l.mu.Unlock()
			return
		}
		n := 0
		for n < len(parcels) && l.room() {
			if parcels[n].id > l.loaded { // else a page brought it already
				l.push(parcels[n])
			}
			n++
		}
		parcels = parcels[n:]
		if n > 0 {
			l.signal()
		}
		state, _ := l.circuit.State()
		idle := l.stopping || state != guard.Closed || !l.clock.Now().Before(deadline)
		if len(parcels) > 0 && idle {
			// From the start: another in-basket may be about to offer an older ID.
			l.rewind()
			l.mu.Unlock()
			return
		}
		changed := l.changed
		l.mu.Unlock()
		if len(parcels) == 0 {
			return
		}
		over := loop.Waiting(ctx)
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-l.clock.After(100 * time.Millisecond):
		}
		over()
	}
}

// again makes the lane read the journal from its beginning, because older deliveries became due.
func (l *lane) again() {
	l.mu.Lock()
	l.rewind()
	l.signal()
	l.mu.Unlock()
}

// rewind begins a new pass through the journal. The caller holds mu.
func (l *lane) rewind() {
	l.behind, l.missed, l.after = true, true, 0
	l.pass++
}

// push puts a parcel into its place in the queue unless it is known. The caller holds mu.
func (l *lane) push(p *parcel) {
	l.lift(p.delivery.Order, p.id)
	if _, ok := l.known[p.id]; ok || l.barred[p.id] > 0 {
		return
	}
	l.known[p.id] = struct{}{}
	l.bytes += p.size
	l.hold(p)
	if n := len(l.queue); n == 0 || l.queue[n-1].id < p.id {
		l.queue = append(l.queue, p)
		return
	}
	i, _ := slices.BinarySearchFunc(l.queue, p.id, func(q *parcel, id journal.ID) int { return cmp.Compare(q.id, id) })
	l.queue = slices.Insert(l.queue, i, p)
}

// signal wakes everyone who waits for the lane. The caller holds mu.
func (l *lane) signal() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// work delivers until ctx ends. Several may run at once.
func (l *lane) work(ctx context.Context) {
	if l.sealing != nil {
		l.workBatches(ctx)
		return
	}
	for ctx.Err() == nil {
		g := l.take(ctx)
		if g == nil {
			return
		}
		if ctx.Err() != nil { // nothing new begins once the agent stops
			l.circuit.Abandon()
			l.putBack(g)
			return
		}
		l.carry(ctx, g)
	}
}

// rest waits until something changes, wait has passed (zero: no limit), or ctx ends, which is false.
func (l *lane) rest(ctx context.Context, changed <-chan struct{}, wait time.Duration) bool {
	defer loop.Waiting(ctx)()
	var timer <-chan time.Time
	if wait > 0 {
		timer = l.clock.After(wait)
	}
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-timer:
	}
	return true
}

// take waits for the next group of parcels that may go now.
func (l *lane) take(ctx context.Context) []*parcel {
	for {
		l.mu.Lock()
		if l.behind && !l.loading && l.wantsPage() {
			l.loading = true
			l.mu.Unlock()
			l.load(ctx)
			continue
		}
		group, probe, wait := l.pick()
		changed := l.changed
		l.mu.Unlock()
		if len(group) > 0 {
			return group
		}
		if probe {
			l.ask(ctx)
			continue
		}
		if !l.rest(ctx, changed, wait) {
			return nil
		}
	}
}

// room tells whether the queue takes one more. A batch grows until its policy closes it.
func (l *lane) room() bool {
	if l.sealing != nil {
		return !l.sealing.policy.Full(len(l.queue), l.bytes)
	}
	return len(l.queue) < queueItems && l.bytes < queueBytes
}

func (l *lane) wantsPage() bool {
	return l.room() && (len(l.queue) < pageItems || l.sealing != nil)
}

// load reads the next page of the journal into the queue.
func (l *lane) load(ctx context.Context) {
	l.mu.Lock()
	after, pass := l.after, l.pass
	l.missed = false
	l.settled = map[journal.ID]struct{}{}
	l.mu.Unlock()

	page, err := l.journal.Backlog(ctx, l.name, after, pageItems)
	var last journal.ID
	if len(page) > 0 {
		last = page[len(page)-1].ID
	}
	var parcels []*parcel
	if err == nil {
		parcels, err = l.prepare(ctx, l.name, l.unknown(page))
		parcels = l.parkDoubtful(ctx, parcels)
	}
	if err != nil && ctx.Err() == nil {
		l.circuit.Fail(connectors.Transient, CodeJournal, "the journal could not be read or written")
		l.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot read the backlog; trying again")
		l.pause(ctx, time.Second)
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	l.loading = false
	for _, p := range parcels {
		if _, gone := l.settled[p.id]; !gone {
			l.push(p)
		}
	}
	l.settled = nil
	l.signal()
	if err != nil {
		return // the same page again
	}
	l.loaded = max(l.loaded, last)
	if l.pass == pass { // else what was read before may have become due again
		l.after = max(after, last)
		l.behind = len(page) > 0 || l.missed
	}
}

// unknown returns those of page that are neither queued nor in flight.
func (l *lane) unknown(page []journal.Stored) []journal.Stored {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(page, func(s journal.Stored) bool { _, ok := l.known[s.ID]; return ok })
}

// pick takes from the queue what may go now; without anything, wait says when to look again (zero: when
// something changes). A probe of nothing asks the target itself how it is. The caller holds mu.
func (l *lane) pick() (group []*parcel, probe bool, wait time.Duration) {
	if l.stopping || l.held != "" {
		return nil, false, 0
	}
	if len(l.queue) == 0 {
		if state, _ := l.circuit.State(); state == guard.Closed {
			return nil, false, 0
		}
	}
	ok, probe, wait := l.circuit.Allow()
	if !ok {
		return nil, false, wait
	}
	if len(l.queue) == 0 {
		return nil, probe, 0
	}
	if !probe {
		group, wait = l.pickItems(l.groupSize(), math.MaxInt)
		return group, probe, wait
	}
	// One of those that failed least: what the target refuses alone must not be the only thing that it is asked.
	least := math.MaxInt
	for _, p := range l.queue {
		if p.due.Sub(l.clock.Now()) <= 0 {
			least = min(least, p.tries)
		}
	}
	if group, wait = l.pickItems(1, least); len(group) == 0 {
		group, wait = l.pickItems(1, math.MaxInt) // those wait for others of their order key
	}
	if len(group) == 0 {
		l.circuit.Abandon()
		probe = false
	}
	return group, probe, wait
}

// pickItems takes up to limit parcels that failed at most so many times, in order, of each order key at most one that
// nothing holds up: within one transaction a refused item may be split off, and the next of its key must not overtake
// it. wait says when the first of those that failed before is due.
func (l *lane) pickItems(limit, tries int) (group []*parcel, wait time.Duration) {
	now := l.clock.Now()
	rest := l.queue[:0]
	passed := map[string]struct{}{}
	for _, p := range l.queue {
		left := p.due.Sub(now)
		ready := left <= 0 || left > l.backoff.Most // the clock was set back
		if !ready && (wait == 0 || left < wait) {
			wait = left
		}
		free := ready && p.tries <= tries && len(group) < limit && (!p.alone || len(group) == 0)
		if key := p.delivery.Order; key != "" {
			_, flying := l.flying[key]
			_, behind := passed[key]
			by, stopped := l.stopped[key]
			older := l.awaited[key]
			if free = free && !flying && !behind && (!stopped || by >= p.id) && (len(older) == 0 || older[0] >= p.id); free {
				l.flying[key] = p.id
			} else {
				passed[key] = struct{}{}
			}
		}
		if !free {
			rest = append(rest, p)
			continue
		}
		if p.alone {
			limit = 1
		}
		l.bytes -= p.size
		group = append(group, p)
	}
	clear(l.queue[len(rest):])
	l.queue = rest
	return group, wait
}

func (l *lane) groupSize() int {
	n := groupItems
	if l.can.MaxItems > 0 {
		n = min(n, l.can.MaxItems)
	}
	// Several connections share what waits, so that none of them idles while another has it all.
	if l.can.Parallel > 1 && !l.behind {
		n = min(n, max(len(l.queue)/l.can.Parallel, 50))
	}
	return n
}

// putBack returns parcels that did not go.
func (l *lane) putBack(parcels []*parcel) {
	l.mu.Lock()
	for _, p := range parcels {
		l.release(p)
		l.push(p)
	}
	l.signal()
	l.mu.Unlock()
}

// forget drops parcels that are settled: what becomes of them next is in the journal.
func (l *lane) forget(parcels []*parcel, parked map[journal.ID]bool) {
	l.mu.Lock()
	for _, p := range parcels {
		l.release(p)
		if l.settled != nil {
			l.settled[p.id] = struct{}{}
		}
		if key := p.delivery.Order; key != "" {
			if parked[p.id] {
				l.stopped[key] = p.id
			} else if l.stopped[key] == p.id {
				delete(l.stopped, key)
			}
		}
	}
	l.signal()
	l.mu.Unlock()
}

// release makes a parcel unknown and its order key free. The caller holds mu.
func (l *lane) release(p *parcel) {
	delete(l.known, p.id)
	if l.flying[p.delivery.Order] == p.id {
		delete(l.flying, p.delivery.Order)
	}
}

// admit hands over older parcels that became due.
func (l *lane) admit(parcels []*parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.behind || !l.room() {
		l.rewind()
	} else {
		for _, p := range parcels {
			l.push(p)
		}
	}
	l.signal()
}

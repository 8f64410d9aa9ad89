package lane

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
)

// Bounds of what a lane keeps in memory; the rest waits in the journal.
const (
	queueItems = 800
	queueBytes = 4 << 20
	pageItems  = 300
	groupItems = 300

	groupContent = 64 << 20 // bytes that one group gives to a database whole; one delivery may have more
)

// queue holds the deliveries to one target in order of acceptance, and knows which of them may not go yet.
//
// Its memory is bounded: what does not fit is left in the journal, and the queue is behind; it is then filled from the
// journal page by page until it has caught up. IDs grow with acceptance, so that order holds.
type queue struct {
	full  func(items int, bytes int64) bool // whether it takes no more
	most  int64                             // bytes of encoded bodies; what comes after is lightened. 0: no bound
	paged int                               // no page is read while it has so many; 0: as long as it is not full

	mu       sync.Mutex
	list     []*parcel               // ascending by ID
	bytes    int64                   // of the list
	bodies   int64                   // bytes of what is not light
	known    map[journal.ID]struct{} // listed or in flight
	inFlight map[string]journal.ID   // order keys
	stopped  stops                   // by deliveries that are parked, or lack a value
	dropped  map[journal.ID]struct{} // in flight, and ended meanwhile by something else
	barred   map[journal.ID]int      // an operator is about to change these; none of them may begin
	due      []journal.ID            // have their values now, and are to be read
	behind   bool                    // the journal has more
	missed   bool                    // an offer was turned down since the last page
	loading  bool                    // a page is being read
	settled  map[journal.ID]struct{} // meanwhile
	after    journal.ID              // last ID of this pass through the journal
	pass     int                     // counts the passes, so that a page tells whether a new one began meanwhile
	loaded   journal.ID              // highest ID of all passes: everything up to it was seen
	paused   bool                    // by an operator
	why      string                  // in the operator's words
	changed  chan struct{}
}

func (q *queue) init() {
	q.known = map[journal.ID]struct{}{}
	q.inFlight = map[string]journal.ID{}
	q.stopped = newStops()
	q.dropped = map[journal.ID]struct{}{}
	q.barred = map[journal.ID]int{}
	q.behind = true // it begins with what the journal has
	q.changed = make(chan struct{})
}

// do changes something and wakes everyone who waits for the queue.
func (q *queue) do(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
	q.signal()
}

// signal wakes everyone who waits for the queue. The caller holds mu.
func (q *queue) signal() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Again has the journal read from its beginning, because older deliveries became due.
func (q *queue) Again() { q.do(q.rewind) }

// rewind begins a new pass through the journal. The caller holds mu.
func (q *queue) rewind() {
	q.behind, q.missed, q.after = true, true, 0
	q.pass++
}

// room tells whether the queue takes one more. The caller holds mu.
func (q *queue) room() bool { return !q.full(len(q.list), q.bytes) }

// wantsPage tells whether the next page of the journal is to be read now. The caller holds mu.
func (q *queue) wantsPage() bool {
	return (q.behind || len(q.due) > 0) && !q.loading && q.room() && (q.paged == 0 || len(q.list) < q.paged)
}

// offer takes parcels fresh from acceptance as far as there is room, and returns the others; those before a page that
// was read came with it. left tells that the rest stays in the journal.
func (q *queue) offer(parcels []*parcel) (rest []*parcel, left bool) {
	if q.behind {
		q.missed = true
		return nil, true
	}
	n := 0
	for n < len(parcels) && q.room() {
		if parcels[n].ID > q.loaded {
			q.push(parcels[n])
		}
		n++
	}
	if n > 0 {
		q.signal()
	}
	return parcels[n:], false
}

// Due says that a delivery has the values that it waited for.
func (q *queue) Due(id journal.ID) {
	q.do(func() {
		if q.due = append(q.due, id); len(q.due) > queueItems {
			q.due = nil
			q.rewind()
		}
	})
}

// admit takes older parcels that became due. Those that were not read are found in the journal.
func (q *queue) admit(parcels []*parcel, ok bool) {
	q.do(func() {
		q.loading = false
		for _, p := range parcels {
			if _, gone := q.settled[p.ID]; !gone {
				q.push(p)
			}
		}
		if q.settled = nil; !ok {
			q.rewind()
		}
	})
}

// push puts a parcel into its place unless it is known. The caller holds mu.
func (q *queue) push(p *parcel) {
	if _, ok := q.known[p.ID]; ok || q.barred[p.ID] > 0 {
		return
	}
	q.known[p.ID] = struct{}{}
	q.bytes += p.Size
	if q.most > 0 && !p.light {
		if q.bodies+p.Size > q.most {
			p.lighten()
		} else {
			q.bodies += p.Size
		}
	}
	i := len(q.list)
	if i > 0 && q.list[i-1].ID > p.ID {
		i, _ = slices.BinarySearchFunc(q.list, p.ID, func(x *parcel, id journal.ID) int { return cmp.Compare(x.ID, id) })
	}
	q.list = slices.Insert(q.list, i, p)
}

// leaves counts that a parcel is listed no more. The caller holds mu.
func (q *queue) leaves(p *parcel) {
	q.bytes -= p.Size
	if !p.light {
		q.bodies -= p.Size
	}
}

// unlist takes a parcel out if it waits. The caller holds mu.
func (q *queue) unlist(id journal.ID) {
	if i := slices.IndexFunc(q.list, func(p *parcel) bool { return p.ID == id }); i >= 0 {
		q.leaves(q.list[i])
		q.list = slices.Delete(q.list, i, i+1)
		delete(q.known, id)
	}
}

// pick takes up to limit parcels that failed at most so many times, in order, of each order key at most one that
// nothing stops: within one transaction a refused item may be split off, and the next of its key must not overtake
// it. wait says when the first of those that failed before is due. The caller holds mu.
func (q *queue) pick(now time.Time, patience time.Duration, limit, tries int) (group []*parcel, wait time.Duration) {
	rest, content := q.list[:0], int64(0)
	passed := map[string]struct{}{}
	for _, p := range q.list {
		left := p.due.Sub(now)
		ready := left <= 0 || left > patience // the clock was set back
		if !ready && (wait == 0 || left < wait) {
			wait = left
		}
		free := ready && p.tries <= tries && len(group) < limit && (!p.alone && content+p.Content <= groupContent || len(group) == 0)
		if key := p.Delivery.Order; key != "" {
			if _, behind := passed[key]; free && !behind && q.keyFree(key, p.ID) {
				q.inFlight[key] = p.ID
			} else {
				passed[key], free = struct{}{}, false
			}
		}
		if !free {
			rest = append(rest, p)
			continue
		}
		if p.alone {
			limit = 1
		}
		content += p.Content
		q.leaves(p)
		group = append(group, p)
	}
	clear(q.list[len(rest):])
	q.list = rest
	return group, wait
}

// keyFree tells whether no older delivery stops one of an order key. The caller holds mu.
func (q *queue) keyFree(key string, id journal.ID) bool {
	_, flies := q.inFlight[key]
	ids := q.stopped.of[key]
	return !flies && (len(ids) == 0 || ids[0] >= id)
}

// first returns the oldest delivery that is parked, or lacks a value, and stops one of an order key; 0: none. What only has not gone yet does
// not. The caller holds mu.
func (q *queue) first(key string, id journal.ID) (stops journal.ID) {
	for _, stops := range q.stopped.of[key] {
		if _, known := q.known[stops]; !known && stops < id {
			return stops
		}
	}
	return 0
}

// Behind returns the submission that a waiting delivery waits for, because it is older, of the same order key, and not
// delivered; 0: none is known.
func (q *queue) Behind(id journal.ID) journal.ID {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.list, func(p *parcel) bool { return p.ID == id })
	if i < 0 || q.list[i].Delivery.Order == "" {
		return 0
	}
	key := q.list[i].Delivery.Order
	if stops := q.first(key, id); stops != 0 {
		return stops
	}
	if flies := q.inFlight[key]; flies != 0 {
		return flies
	}
	for _, p := range q.list[:i] {
		if p.Delivery.Order == key {
			return p.ID
		}
	}
	return 0
}

// behindOthers counts what waits behind others that are parked or lack a value, and names the oldest of these. The caller holds mu.
func (q *queue) behindOthers() (n int, by journal.ID) {
	for _, p := range q.list {
		if stops := q.first(p.Delivery.Order, p.ID); stops != 0 {
			n++
			if by == 0 || stops < by {
				by = stops
			}
		}
	}
	return n, by
}

// stops are the order keys that deliveries stop. A delivery stops one key: the one that its mapping gives it now.
type stops struct {
	of  map[string][]journal.ID // ascending
	key map[journal.ID]string
}

func newStops() stops { return stops{map[string][]journal.ID{}, map[journal.ID]string{}} }

// add has a delivery stop a key, and no other.
func (s *stops) add(key string, id journal.ID) {
	if old, ok := s.key[id]; ok && old == key {
		return
	}
	s.end(id)
	i, _ := slices.BinarySearch(s.of[key], id)
	s.of[key], s.key[id] = slices.Insert(s.of[key], i, id), key
}

// end frees what a delivery stopped.
func (s *stops) end(id journal.ID) {
	key, ok := s.key[id]
	if !ok {
		return
	}
	delete(s.key, id)
	i, _ := slices.BinarySearch(s.of[key], id)
	if s.of[key] = slices.Delete(s.of[key], i, i+1); len(s.of[key]) == 0 {
		delete(s.of, key)
	}
}

// beginning takes the longest beginning of which each parcel fits what goes before it. The caller holds mu.
func (q *queue) beginning(fits func(n int, size int64, next *parcel) bool) (members []*parcel) {
	var size int64
	n := 0
	for n < len(q.list) && fits(n, size, q.list[n]) {
		size += q.list[n].Size
		n++
	}
	members = slices.Clone(q.list[:n])
	q.list = slices.Clone(q.list[n:])
	for _, m := range members {
		q.leaves(m)
	}
	return members
}

// putBack returns parcels that did not go.
func (q *queue) putBack(parcels []*parcel) {
	q.do(func() {
		for _, p := range parcels {
			_, dropped := q.dropped[p.ID]
			if q.release(p); !dropped {
				q.push(p)
			}
		}
	})
}

// forget drops parcels that are settled: what becomes of them next is in the journal.
func (q *queue) forget(parcels []*parcel, parked map[journal.ID]bool) {
	q.do(func() {
		for _, p := range parcels {
			_, dropped := q.dropped[p.ID]
			q.release(p)
			q.settles(p.ID)
			if key := p.Delivery.Order; key != "" && parked[p.ID] && !dropped {
				q.stopped.add(key, p.ID)
			} else {
				q.stopped.end(p.ID)
			}
		}
	})
}

// release makes a parcel unknown and its order key free. The caller holds mu.
func (q *queue) release(p *parcel) {
	delete(q.known, p.ID)
	delete(q.dropped, p.ID)
	if q.inFlight[p.Delivery.Order] == p.ID {
		delete(q.inFlight, p.Delivery.Order)
	}
}

// settles keeps a page that is being read from bringing what a delivery was before. The caller holds mu.
func (q *queue) settles(id journal.ID) {
	if q.settled != nil {
		q.settled[id] = struct{}{}
	}
}

// Drop forgets a delivery of which nothing is to go any more, and frees what it stopped.
func (q *queue) Drop(id journal.ID) {
	q.do(func() {
		q.unlist(id)
		q.settles(id)
		q.stopped.end(id)
		if _, underWay := q.known[id]; underWay {
			q.dropped[id] = struct{}{}
		}
	})
}

// stops notes that a delivery that is parked, or lacks a value, stops an order key.
func (q *queue) stops(key string, id journal.ID) {
	if key != "" {
		q.do(func() { q.stopped.add(key, id) })
	}
}

// stoppedBefore is stops of what was read of the journal a moment ago, unless the delivery has ended since reading began.
func (q *queue) stoppedBefore(key string, id journal.ID) {
	q.do(func() {
		if _, gone := q.settled[id]; !gone && key != "" {
			q.stopped.add(key, id)
		}
	})
}

// bar keeps a delivery from beginning until unbar, and tells whether it is under way already.
func (q *queue) bar(id journal.ID) (underWay bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unlist(id)
	q.barred[id]++
	_, underWay = q.known[id]
	return underWay
}

// unbar ends a bar; what the journal now has of the delivery is read from there.
func (q *queue) unbar(id journal.ID) {
	q.do(func() {
		if q.barred[id]--; q.barred[id] <= 0 {
			delete(q.barred, id)
		}
		q.settles(id)
		q.rewind()
	})
}

// landed waits until a delivery is not under way any more, or ctx ends.
func (q *queue) landed(ctx context.Context, id journal.ID) bool {
	for {
		q.mu.Lock()
		_, underWay := q.known[id]
		changed := q.changed
		q.mu.Unlock()
		if !underWay {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// Pause stops all deliveries, or lets them go on.
func (q *queue) Pause(why string, paused bool) {
	q.do(func() { q.why, q.paused = why, paused })
}

// page begins to read what became due, or else a page of the journal, and returns after which ID that begins.
func (q *queue) page() (due []journal.ID, after journal.ID, pass int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settled = map[journal.ID]struct{}{}
	n := min(len(q.due), pageItems)
	due, q.due = q.due[:n:n], q.due[n:]
	q.missed = q.missed && n > 0
	return due, q.after, q.pass
}

// unknown returns those of a page that are neither listed nor in flight.
func (q *queue) unknown(page []journal.Stored) []journal.Stored {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.DeleteFunc(page, func(s journal.Stored) bool { _, ok := q.known[s.ID]; return ok })
}

// paging ends a page: parcels are those of it, last its highest ID, 0 when it was empty. One that was not read to its end
// is read again.
func (q *queue) paging(parcels []*parcel, last journal.ID, pass int, ok bool) {
	q.do(func() {
		q.loading = false
		for _, p := range parcels {
			if _, gone := q.settled[p.ID]; !gone {
				q.push(p)
			}
		}
		q.settled = nil
		if !ok {
			return
		}
		q.loaded = max(q.loaded, last)
		if q.pass == pass { // else what was read before may have become due again
			q.after = max(q.after, last)
			q.behind = last > 0 || q.missed
		}
	})
}

package agent

import (
	"context"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// drop forgets a delivery that an operator gave up, and lifts what it held up.
func (l *lane) drop(id journal.ID) {
	l.mu.Lock()
	l.unqueue(id)
	if l.settled != nil {
		l.settled[id] = struct{}{} // a page that is being read may hold it
	}
	for key, by := range l.stopped {
		if by == id {
			delete(l.stopped, key)
		}
	}
	l.signal()
	l.mu.Unlock()
	l.liftAll(id)
}

// liftAll ends what await began for a delivery whose order key is not at hand.
func (l *lane) liftAll(id journal.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.awaited {
		l.lift(key, id)
	}
	l.signal()
}

// await keeps later deliveries of an order key back until the one that lacks a value has gone.
func (l *lane) await(key string, id journal.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.known[id]
	if _, gone := l.settled[id]; known || gone {
		return // the value came while this was being mapped
	}
	ids := l.awaited[key]
	if i, found := slices.BinarySearch(ids, id); !found {
		l.awaited[key] = slices.Insert(ids, i, id)
	}
}

// lift ends what await began: the delivery stands in the queue now, or has nothing to deliver. The caller
// holds mu.
func (l *lane) lift(key string, id journal.ID) {
	ids := l.awaited[key]
	i, found := slices.BinarySearch(ids, id)
	switch {
	case !found:
	case len(ids) == 1:
		delete(l.awaited, key)
	default:
		l.awaited[key] = slices.Delete(ids, i, i+1)
	}
}

// unqueue takes a parcel out of the queue if it waits there. The caller holds mu.
func (l *lane) unqueue(id journal.ID) {
	for i, p := range l.queue {
		if p.id == id {
			l.bytes -= p.size
			l.letGo(p)
			l.queue = slices.Delete(l.queue, i, i+1)
			delete(l.known, id)
			return
		}
	}
}

// bar keeps a delivery from beginning until unbar, and tells whether it is under way already.
func (l *lane) bar(id journal.ID) (flying bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unqueue(id)
	l.barred[id]++
	_, flying = l.known[id]
	return flying && l.sealing == nil // of batches the journal knows the members
}

// landed waits until a delivery is not under way any more, or ctx ends.
func (l *lane) landed(ctx context.Context, id journal.ID) bool {
	for {
		l.mu.Lock()
		_, flying := l.known[id]
		changed := l.changed
		l.mu.Unlock()
		if !flying {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// unbar ends a bar; what the journal now has of the delivery is read from there.
func (l *lane) unbar(id journal.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.barred[id]--; l.barred[id] <= 0 {
		delete(l.barred, id)
	}
	if l.settled != nil {
		l.settled[id] = struct{}{} // a page that is being read may hold what it was before
	}
	l.rewind()
	l.signal()
}

// ask tells by a check whether a target that was in trouble works again, when nothing waits for it.
func (l *lane) ask(ctx context.Context) {
	if err := l.target.Check(ctx); err != nil {
		if ctx.Err() == nil {
			code, text := guard.Describe(err)
			l.circuit.Fail(connectors.ClassOf(err), code, text)
		}
	} else if l.circuit.OK() {
		l.log.Info().Msg("target works again")
	}
}

// tryNow forgets how long to wait, for an operator who has mended the target.
func (l *lane) tryNow() {
	l.circuit.Try()
	l.mu.Lock()
	for _, p := range l.queue {
		p.due = time.Time{}
	}
	l.signal()
	l.mu.Unlock()
}

// Health tells how the lane stands.
func (l *lane) Health() health.TargetHealth {
	h := health.TargetHealth{Circuit: l.circuit, Guarantee: l.can.Guarantee.Level}
	l.mu.Lock()
	defer l.mu.Unlock()
	h.Paused, h.Why = l.stopping, l.paused
	if l.held != "" {
		h.Trouble = &control.Trouble{Code: CodeBatchHeld, Text: l.held, Next: "inbasket batches " + l.name + "; then retry or void it"}
	}
	if l.sealing == nil {
		return h
	}
	h.Batch = &control.BatchStatus{Count: len(l.queue), Size: l.bytes}
	if now := l.clock.Now(); h.Batch.Count > 0 {
		_, h.Batch.ClosesAt = l.sealing.policy.Due(now, l.oldest(now), l.sealing.closed, h.Batch.Count, h.Batch.Size)
	}
	return h
}

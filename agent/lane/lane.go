// Package lane brings parcels to targets. Each target has a lane of its own: a queue, and what carries from it, either items
// in groups or sealed batches. It delivers, finds out how what began has ended, and has the journal know the outcome. One
// lane's trouble never reaches another's.
package lane

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

// Options are what a lane is made of.
type Options struct {
	Target    prepare.Target
	Guarded   *guard.Target
	MaxItems  int // of a group; 0: as many as the target takes
	Backoff   guard.Backoff
	Batch     *Batch // nil: each delivery goes as it is
	Journal   *journal.Journal
	Content   *content.Store
	Clock     connectors.Clock
	Log       zerolog.Logger
	Delivered func(outcomes map[connectors.Class]int) // counts those of one group
	Notice    func(connectors.Notice)                 // what people must know of the target, for status
}

// Lane carries the deliveries of one target.
type Lane struct {
	prepare.Target
	queue
	circuit *guard.Circuit

	target    *guard.Target
	can       connectors.Abilities
	batches   *batches // nil: each delivery goes as it is
	backoff   guard.Backoff
	journal   *journal.Journal
	clock     connectors.Clock
	log       zerolog.Logger
	notice    func(connectors.Notice)
	delivered func(outcomes map[connectors.Class]int)
	wrote     int64 // groups of which something was written; mu guards it

	prepare func(ctx context.Context, page []journal.Stored) ([]*parcel, error) // with an error some must be read again
}

func newLane(o Options) *Lane {
	l := &Lane{Target: o.Target, target: o.Guarded, can: o.Guarded.Abilities(), circuit: guard.NewCircuit(o.Backoff, o.Clock), backoff: o.Backoff,
		journal: o.Journal, clock: o.Clock, log: o.Log.With().Str("target", o.Target.Name).Logger(), delivered: o.Delivered, notice: o.Notice}
	if o.MaxItems > 0 {
		l.can.MaxItems = o.MaxItems
	}
	l.queue.init()
	l.full, l.paged = func(items int, bytes int64) bool { return items >= queueItems || bytes >= queueBytes }, pageItems
	if o.Batch != nil { // the open batch grows until its policy closes it
		l.batches = &batches{Lane: l, Batch: *o.Batch, content: o.Content}
		l.full, l.paged, l.most = o.Batch.Policy.Full, 0, batchBytes
	}
	return l
}

// Start runs the lane's loops.
func (l *Lane) Start(g *loop.Group) {
	work, workers := l.work, max(l.can.Parallel, 1)
	if l.batches != nil {
		work, workers = l.batches.work, 1
	}
	l.target.Watch(loop.Calling)
	for range workers {
		g.Go(health.Target, l.Name, work)
	}
}

// Abilities are those of the target.
func (l *Lane) Abilities() connectors.Abilities { return l.can }

// Unwrap returns the target itself, for abilities that a lane does not know.
func (l *Lane) Unwrap() connectors.Target { return l.target.Unwrap() }

// Health tells how the lane stands.
func (l *Lane) Health() health.TargetHealth {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := health.TargetHealth{Circuit: l.circuit, Guarantee: l.can.Guarantee.Level, Paused: l.paused, Why: l.why}
	h.Stopped, h.StoppedBy = l.behindOthers()
	b := l.batches
	if b == nil {
		return h
	}
	if b.blocked != "" {
		h.Trouble = &control.Trouble{Code: CodeBatchHeld, Text: b.blocked, Next: "inbasket batches " + l.Name + "; then retry or void it"}
	}
	h.Batch = &control.BatchStatus{Count: len(l.list), Size: l.bytes}
	if now := l.clock.Now(); len(l.list) > 0 {
		_, h.Batch.ClosesAt = b.Policy.Due(now, l.oldest(now), b.closed, len(l.list), l.bytes)
	}
	return h
}

// TryNow forgets how long to wait, for an operator who has mended the target.
func (l *Lane) TryNow() {
	l.circuit.Try()
	l.do(func() {
		for _, p := range l.list {
			p.due = time.Time{}
		}
	})
}

// Retry is TryNow, also for a batch that cannot go. An operator who names this very target wants one that may have been
// sent to be sent.
func (l *Lane) Retry(named bool) {
	if b := l.batches; b != nil {
		l.do(func() { b.retry, b.asked = true, named })
	}
	l.TryNow()
}

// give hands over parcels fresh from acceptance, in order. When the queue is full, a healthy lane makes
// the caller wait a moment for room; otherwise the parcels stay in the journal.
func (l *Lane) give(ctx context.Context, parcels []*parcel) {
	deadline := l.clock.Now().Add(time.Second)
	for len(parcels) > 0 {
		l.mu.Lock()
		parcels, _ = l.offer(parcels)
		if len(parcels) > 0 && (!l.healthy() || !l.clock.Now().Before(deadline)) {
			// From the start: another in-basket may be about to offer an older ID.
			l.rewind()
			parcels = nil
		}
		changed := l.changed
		l.mu.Unlock()
		if len(parcels) > 0 && !l.rest(ctx, changed, 100*time.Millisecond) {
			return
		}
	}
}

// healthy tells whether what waits will go soon. The caller holds mu.
func (l *Lane) healthy() bool {
	state, _ := l.circuit.State()
	return !l.paused && state == guard.Closed
}

// willRead tells whether the lane soon reads from the journal what it is not given now.
func (l *Lane) willRead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.behind && l.healthy() {
		l.missed = true
		return true
	}
	return false
}

// rest waits until something changes or wait has passed (zero: no limit); false: ctx ended.
func (l *Lane) rest(ctx context.Context, changed <-chan struct{}, wait time.Duration) bool {
	var timer <-chan time.Time
	if wait > 0 {
		timer = l.clock.After(wait)
	}
	return loop.Wait(ctx, changed, timer)
}

// next waits until choose, which is called with mu held, has chosen something, and meanwhile reads what the journal has.
// wait is how long there is nothing to look for; zero: until something changes. False: ctx ended.
func (l *Lane) next(ctx context.Context, choose func() (chosen bool, wait time.Duration)) bool {
	for ctx.Err() == nil { // a page that cannot be read is no reason to stay
		l.mu.Lock()
		if l.wantsPage() {
			l.loading = true
			l.mu.Unlock()
			l.load(ctx)
			continue
		}
		chosen, wait := choose()
		changed := l.changed
		l.mu.Unlock()
		if chosen {
			return true
		}
		if !l.rest(ctx, changed, wait) {
			return false
		}
	}
	return false
}

// load reads what became due, or the next page of the journal, into the queue.
func (l *Lane) load(ctx context.Context) {
	due, after, pass := l.page()
	var page []journal.Stored
	var last journal.ID
	var err error
	if len(due) > 0 {
		page, err = delivering.Of(l.journal).Due(ctx, l.Name, due)
	} else if page, err = delivering.Of(l.journal).Backlog(ctx, l.Name, after, pageItems); len(page) > 0 {
		last = page[len(page)-1].ID
	}
	var parcels []*parcel
	if err == nil {
		parcels, err = l.prepare(ctx, l.unknown(page))
		if l.batches != nil {
			var parking error
			parcels, parking = l.parkRestored(ctx, parcels)
			err = errors.Join(err, parking)
		}
	}
	if err != nil && ctx.Err() == nil {
		l.circuit.Fail(connectors.Transient, journal.CodeUnavailable, "the journal could not be read or written")
		l.unread(err).Msg("cannot read the backlog; trying again")
		loop.Pause(ctx, l.clock, journalPause)
	}
	if len(due) > 0 {
		l.admit(parcels, err == nil)
		return
	}
	l.paging(parcels, last, pass, err == nil)
}

// journalPause is between two tries to read the journal.
const journalPause = time.Second

// unread begins to log that something of the journal cannot be read.
func (l *Lane) unread(err error) *zerolog.Event {
	return l.log.Error().Str("code", journal.CodeUnavailable).Err(err)
}

// works notes that the target works.
func (l *Lane) works() {
	if l.circuit.OK() {
		l.log.Info().Msg("target works again")
	}
}

// work delivers items until ctx ends. Several may run at once.
func (l *Lane) work(ctx context.Context) {
	for ctx.Err() == nil {
		group, probe := l.take(ctx)
		switch {
		case len(group) > 0 && ctx.Err() != nil: // nothing new begins once the agent stops
			l.circuit.Abandon()
			l.putBack(group)
		case len(group) > 0:
			l.carry(ctx, group)
		case probe:
			l.probe(ctx)
		}
	}
}

// probe tells by a check whether a target that was in trouble works again, when nothing waits for it.
func (l *Lane) probe(ctx context.Context) {
	if err := l.target.Check(ctx); err == nil {
		l.works()
	} else if ctx.Err() == nil {
		code, text := guard.Describe(err)
		l.circuit.Fail(connectors.ClassOf(err), code, text)
	}
}

// take waits for the next group of parcels that may go now, or, without any, for the moment to probe the target.
func (l *Lane) take(ctx context.Context) (group []*parcel, probe bool) {
	l.next(ctx, func() (chosen bool, wait time.Duration) {
		group, probe, wait = l.choose()
		return len(group) > 0 || probe, wait
	})
	return group, probe
}

// choose takes from the queue what may go now; without anything, wait says when to look again. The caller holds mu.
func (l *Lane) choose() (group []*parcel, probe bool, wait time.Duration) {
	if l.paused {
		return nil, false, 0
	}
	if state, _ := l.circuit.State(); len(l.list) == 0 && state == guard.Closed {
		return nil, false, 0
	}
	ok, probe, wait := l.circuit.Allow()
	if !ok {
		return nil, false, wait
	}
	if len(l.list) == 0 {
		return nil, probe, 0
	}
	now := l.clock.Now()
	if !probe {
		group, wait = l.pick(now, l.backoff.Most, l.groupSize(), math.MaxInt)
		return group, false, wait
	}
	// One of those that failed least: what the target refuses alone must not be the only thing that it is asked.
	least := math.MaxInt
	for _, p := range l.list {
		if !p.due.After(now) {
			least = min(least, p.tries)
		}
	}
	if group, wait = l.pick(now, l.backoff.Most, 1, least); len(group) == 0 {
		group, wait = l.pick(now, l.backoff.Most, 1, math.MaxInt) // those wait for others of their order key
	}
	if len(group) == 0 {
		l.circuit.Abandon()
	}
	return group, false, wait
}

func (l *Lane) groupSize() int {
	n := groupItems
	if l.can.MaxItems > 0 {
		n = min(n, l.can.MaxItems)
	}
	// Several connections share what waits, so that none of them idles while another has it all.
	if l.can.Parallel > 1 && !l.behind {
		n = min(n, max(len(l.list)/l.can.Parallel, 50))
	}
	return n
}

// stopKeys has deliveries that were parked, or lacked a value, before this start stop their order keys. The journal knows those of what was mapped;
// the others are found out by order, once.
func (l *Lane) stopKeys(ctx context.Context, order func(*journal.Stored) (key string, known bool)) error {
	j := delivering.Of(l.journal)
	l.do(func() { l.settled = map[journal.ID]struct{}{} })
	for after, more := journal.ID(0), true; more; {
		stopping, err := j.Stopping(ctx, l.Name, after, pageItems)
		if err != nil {
			return err
		}
		var unknown []journal.ID
		for _, p := range stopping {
			after = p.ID
			if l.stoppedBefore(p.Order, p.ID); !p.Known {
				unknown = append(unknown, p.ID)
			}
		}
		more = len(stopping) == pageItems
		stored, err := j.Load(ctx, l.Name, unknown)
		if err != nil {
			return err
		}
		found := map[journal.ID]string{}
		for i := range stored {
			if key, known := order(&stored[i]); known {
				found[stored[i].ID] = key
				l.stoppedBefore(key, stored[i].ID)
			}
		}
		_ = j.KeepOrders(ctx, l.Name, found) // with a full disk they are found out once more; status shows that
	}
	return nil
}

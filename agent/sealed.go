package agent

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/batch"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// sealing is what a lane needs whose deliveries travel in batches.
type sealing struct {
	policy  batch.Policy
	name    string // template of the batch file's name
	control string // template of the control file's name; empty: none
	content *content.Store
	now     bool      // an operator closes the open batch
	retry   bool      // an operator wants the batch that cannot go to be tried again
	asked   bool      // an operator named this target: one that may have been sent is to be sent
	busy    bool      // an attempt is under way
	voiding int       // operators are about to give up a batch; none may be tried
	look    bool      // an operator gave up a batch: is it the one on its way?
	current int64     // number of the sealed batch on its way; 0: none
	held    int64     // bytes of bodies in the queue
	closed  time.Time // when a time of day closed the last batch
}

// workBatches carries sealed batches, one at a time and in order of their numbers, until ctx ends.
func (l *lane) workBatches(ctx context.Context) {
	if !l.recallClose(ctx) {
		return
	}
	for l.resume(ctx) {
		for {
			members, why := l.takeBatch(ctx)
			if len(members) == 0 {
				if ctx.Err() != nil {
					return
				}
				continue
			}
			b, err := l.sealSafely(ctx, members, why)
			if err != nil {
				// The journal may have it all the same, or an operator may have given up a member: the journal tells.
				l.unsealed(members, err)
				break
			}
			l.circuit.OK()
			l.carryBatch(ctx, b, members)
		}
	}
}

// recallClose learns when a time of day closed the last batch; false: ctx ended.
func (l *lane) recallClose(ctx context.Context) bool {
	for ctx.Err() == nil {
		closed, err := l.journal.LastClosed(ctx, l.name, batch.ByTime)
		if err == nil {
			l.mu.Lock()
			l.sealing.closed = closed
			l.mu.Unlock()
			return true
		}
		l.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot read the last batch; trying again")
		l.pause(ctx, time.Second)
	}
	return false
}

// resume carries what an earlier run has sealed and not finished.
func (l *lane) resume(ctx context.Context) bool {
	for ctx.Err() == nil {
		open, err := l.journal.Batches(ctx, l.name, true)
		if err != nil {
			l.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot read the open batches; trying again")
			l.pause(ctx, time.Second)
			continue
		}
		if len(open) == 0 {
			return true
		}
		b := open[0]
		if b.Progress == journal.Held {
			l.mu.Lock()
			l.held = "batch " + b.Name + " cannot go"
			l.mu.Unlock()
		}
		members, err := l.members(ctx, b.Members)
		if err != nil || b.Control != "" && len(members) < len(b.Members) { // the control file counts all of them
			l.log.Error().Str("code", CodeJournal).Err(err).Int64("batch", b.Seq).Msg("cannot map all members of a sealed batch; trying again")
			l.pause(ctx, time.Second)
			continue
		}
		l.mu.Lock()
		for _, p := range members {
			l.known[p.id] = struct{}{}
		}
		l.mu.Unlock()
		l.carryBatch(ctx, b, members)
	}
	return false
}

// members maps the members of a sealed batch page by page, and keeps of most only what the control file shows.
func (l *lane) members(ctx context.Context, ids []journal.ID) (all []*parcel, err error) {
	var held int64
	for page := range slices.Chunk(ids, pageItems) {
		stored, err := l.journal.Load(ctx, l.name, page)
		if err != nil {
			return nil, err
		}
		parcels, err := l.prepare(ctx, l.name, stored)
		if err != nil {
			return nil, err
		}
		for _, p := range parcels {
			if held += p.size; held > batchBytes {
				p.lighten()
			}
		}
		all = append(all, parcels...)
	}
	return all, nil
}

// carryBatch brings one sealed batch to its end: delivered, voided by an operator, or ctx ends.
func (l *lane) carryBatch(ctx context.Context, b journal.Batch, members []*parcel) {
	l.mu.Lock()
	l.sealing.current = b.Seq
	l.mu.Unlock()
	for ctx.Err() == nil {
		if !l.mayCarry(ctx) {
			if l.voided(ctx, b) {
				break
			}
			continue
		}
		over := l.trySafely(ctx, &b, members)
		l.mu.Lock()
		l.sealing.busy = false
		l.mu.Unlock()
		if over {
			break
		}
	}
	l.mu.Lock()
	l.sealing.current = 0
	l.mu.Unlock()
}

// mayCarry waits until the sealed batch may be tried; false means look again.
func (l *lane) mayCarry(ctx context.Context) bool {
	l.mu.Lock()
	if l.sealing.look {
		l.sealing.look = false
		l.mu.Unlock()
		return false
	}
	if l.sealing.retry {
		l.sealing.retry, l.held = false, ""
	}
	var wait time.Duration
	if !l.stopping && l.held == "" && l.sealing.voiding == 0 {
		ok, _, w := l.circuit.Allow()
		if ok {
			l.sealing.busy = true
			l.mu.Unlock()
			return true
		}
		wait = w
	}
	changed := l.changed
	l.mu.Unlock()
	l.rest(ctx, changed, wait)
	return false
}

// voided tells whether an operator has given up the batch; its members then come again.
func (l *lane) voided(ctx context.Context, b journal.Batch) bool {
	open, err := l.journal.Batches(ctx, l.name, true)
	if err != nil {
		return false
	}
	for _, o := range open {
		if o.Seq == b.Seq {
			return false
		}
	}
	l.mu.Lock()
	l.held, l.sealing.closed = "", time.Time{} // what was given up goes with the next file, and not a day later
	for _, id := range b.Members {
		delete(l.known, id)
	}
	l.mu.Unlock()
	l.circuit.OK()
	l.again()
	return true
}

// trySafely makes one attempt, and survives what breaks on it.
func (l *lane) trySafely(ctx context.Context, b *journal.Batch, members []*parcel) (over bool) {
	defer func() {
		if p := recover(); p != nil {
			l.circuit.Fail(connectors.Transient, CodePanic, "the agent broke while sending a batch")
			l.log.Error().Str("code", CodePanic).Int64("batch", b.Seq).Bytes("stack", debug.Stack()).Msg("the agent broke while sending a batch; trying again")
		}
	}()
	return l.tryBatch(ctx, b, members)
}

// tryBatch makes one attempt, and tells whether the batch came to its end.
func (l *lane) tryBatch(ctx context.Context, b *journal.Batch, members []*parcel) bool {
	g, err := l.batchGroup(b, members)
	if err != nil {
		return l.batchFailed(ctx, b, members, err)
	}
	if b.Progress == journal.Doubtful {
		presence, err := l.lookupDoubtful(ctx, g)
		switch {
		case err != nil:
			return l.batchFailed(ctx, b, members, asTransient(err))
		case presence == connectors.Present:
			return l.batchDone(ctx, b, members, nil)
		case presence == connectors.Unknown && !l.asked():
			l.batchDoubtful(b)
			return false
		}
		b.Progress = journal.Batched
	}
	if b.Progress != journal.Batched {
		g.Staged = true
		presence, err := l.lookupBatch(ctx, g)
		switch {
		case err != nil:
			return l.batchFailed(ctx, b, members, asTransient(err))
		case presence == connectors.Present:
			return l.batchDone(ctx, b, members, nil)
		case presence == connectors.Unknown:
			return l.batchHeld(ctx, b, &journal.Reason{Code: CodeUnclear, Text: "the outcome of sending the batch is unknown, and the target cannot tell",
				Next: "look at the target: if it has the file, inbasket confirm --batch; if not, inbasket batches void sends its forms in the next one"})
		}
	}
	if !g.Staged {
		if err := l.target.Stage(ctx, g); err != nil {
			if connectors.ClassOf(err) == connectors.ItemError {
				return l.batchWaits(b, err)
			}
			return l.batchFailed(ctx, b, members, asTransient(err))
		}
		if err := l.moveBatch(ctx, b, journal.Staged, nil, nil); err != nil {
			return l.batchFailed(ctx, b, members, err)
		}
		g.Staged = true
	}
	finishing, cancel := lingering(ctx, l.clock)
	outcomes, err := l.target.Deliver(finishing, g)
	cancel()
	if err != nil {
		return l.batchFailed(ctx, b, members, err)
	}
	for _, o := range outcomes {
		if o.Class != connectors.Written {
			return l.batchFailed(ctx, b, members, &connectors.Error{Class: o.Class, Code: o.Code, Op: "send batch", Hint: hintOf(o)})
		}
	}
	if len(outcomes) == 0 {
		return l.batchFailed(ctx, b, members, &connectors.Error{Class: connectors.Uncertain, Code: guard.CodeUnknown, Op: "send batch"})
	}
	return l.batchDone(ctx, b, members, outcomes)
}

// asked tells whether an operator wants the batch to be sent although it may have been sent, and forgets it.
func (l *lane) asked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.sealing.asked
	l.sealing.asked = false
	return asked
}

func (l *lane) batchGroup(b *journal.Batch, members []*parcel) (g connectors.Group, err error) {
	blob := l.sealing.content.Blob(b.Digest, b.Size)
	if !l.sealing.content.Has(b.Digest) {
		return connectors.Group{}, &connectors.Error{Class: connectors.TargetError, Code: CodeContent, Op: "read the sealed batch", Hint: "restore the content store from backup", Err: content.ErrNotFound}
	}
	g = groupOf(members)
	g.Key, g.Seq, g.SealedAt = batchKey(l.identity, b.Seq), b.Seq, b.SealedAt
	g.File = &connectors.File{Name: b.Name, Blob: blob}
	if b.Control == "" {
		return g, nil
	}
	if g.Control, err = l.batchControl(b, members); err != nil {
		return g, &connectors.Error{Class: connectors.TargetError, Code: CodeContent, Op: "make the control file", Hint: "restore the content store from backup", Err: err}
	}
	return g, nil
}

// batchControl makes a sealed batch's control file anew: it depends on nothing but the sealed bytes and
// the members, whose mapping is pinned.
func (l *lane) batchControl(b *journal.Batch, members []*parcel) (*connectors.File, error) {
	control := &connectors.File{Name: b.Control, Blob: digested(nil)}
	if len(members) == 0 || members[0].layout == nil || !members[0].layout.HasControl() {
		return control, nil
	}
	_, body, _, err := members[0].layout.Control(headerOf(b), b.Size, b.Digest, piecesOf(members))
	control.Blob = digested(body)
	return control, err
}

func (l *lane) lookupBatch(ctx context.Context, g connectors.Group) (connectors.Presence, error) {
	found, err := l.target.Lookup(ctx, g)
	if err != nil || len(found) == 0 {
		return connectors.Unknown, err
	}
	return found[0].Presence, nil
}

func (l *lane) moveBatch(ctx context.Context, b *journal.Batch, to journal.Progress, why *journal.Reason, changes []journal.Change) error {
	ctx, cancel := graced(ctx)
	defer cancel()
	if err := l.journal.MoveBatch(ctx, l.name, b.Seq, to, why, changes); err != nil {
		return &connectors.Error{Class: connectors.Transient, Code: CodeJournal, Op: "journal the batch", Err: err}
	}
	b.Progress = to
	return nil
}

func (l *lane) batchDone(ctx context.Context, b *journal.Batch, members []*parcel, outcomes []connectors.Outcome) bool {
	changes := make([]journal.Change, 0, len(members))
	for page := range slices.Chunk(members, pageItems) {
		whole, err := l.whole(ctx, page)
		if err != nil {
			b.Progress = journal.Unclear // as below
			return l.batchFailed(ctx, b, members, asTransient(err))
		}
		for _, p := range whole {
			c := journal.Change{ID: p.id, Target: l.name, To: journal.Done, Final: p.final}
			if p.match != nil {
				c.MatchKey = p.match(nil)
			}
			changes = append(changes, c)
		}
	}
	if err := l.moveBatch(ctx, b, journal.Done, nil, changes); err != nil {
		b.Progress = journal.Unclear // the target has it, the journal does not know: look it up
		return l.batchFailed(ctx, b, members, err)
	}
	l.forget(members, nil)
	l.circuit.OK()
	l.log.Info().Int64("batch", b.Seq).Int("deliveries", len(members)).Str("closed-by", b.Why).Msg("batch delivered")
	return true
}

// hintOf returns what an outcome advises, without what its text repeats of the code.
func hintOf(o connectors.Outcome) string {
	if _, hint, ok := strings.Cut(o.Text, o.Code+" ("); ok && o.Code != "" {
		return strings.TrimSuffix(hint, ")")
	}
	return o.Text
}

// withCode puts a code in front of a text that does not name it.
func withCode(code, text string) string {
	if code == "" || strings.Contains(text, code) {
		return text
	}
	return code + ": " + text
}

// batchWaits stops the target for a batch that could not even be put under its temporary name. The journal
// keeps it as sealed: once it says more, nothing at the target would mean that the legacy system took it.
func (l *lane) batchWaits(b *journal.Batch, err error) bool {
	code, text := guard.Describe(err)
	l.mu.Lock()
	l.held = withCode(code, text)
	l.mu.Unlock()
	l.circuit.OK()
	l.log.Error().Str("code", code).Int64("batch", b.Seq).Msg("the batch cannot be put in place and stops its target: " + text)
	return false
}

func (l *lane) batchHeld(ctx context.Context, b *journal.Batch, why *journal.Reason) bool {
	if err := l.moveBatch(ctx, b, journal.Held, why, nil); err != nil {
		l.circuit.Fail(connectors.Transient, CodeJournal, "the journal could not be written")
		return false
	}
	l.mu.Lock()
	l.held = withCode(why.Code, why.Text)
	l.mu.Unlock()
	l.circuit.OK()
	l.log.Error().Str("code", why.Code).Int64("batch", b.Seq).Msg("the batch cannot go and stops its target: " + why.Next)
	// The batch was seen as it stands now; what an operator decides is found in the journal.
	b.Progress = journal.Unclear
	return false
}

// batchFailed decides what a failed attempt means; it never ends the batch.
func (l *lane) batchFailed(ctx context.Context, b *journal.Batch, members []*parcel, err error) bool {
	code, text := guard.Describe(err)
	switch class := connectors.ClassOf(err); class {
	case connectors.ItemError:
		return l.batchHeld(ctx, b, &journal.Reason{Code: code, Text: text, Next: "mend it at the target, then inbasket retry --target; or inbasket batches void", Raw: err.Error()})
	case connectors.Uncertain:
		if e := l.moveBatch(ctx, b, journal.Unclear, &journal.Reason{Code: code, Text: text, Raw: err.Error()}, nil); e != nil {
			b.Progress = journal.Unclear
		}
		fallthrough
	default:
		if l.circuit.Fail(class, code, text) && ctx.Err() == nil { // a stop is no fault of the target
			l.log.Error().Str("code", code).Int64("batch", b.Seq).Msg("target failed; the sealed batch waits: " + text)
		}
	}
	return false
}

// void gives up a sealed batch in the journal by do, unless it is being sent at this moment.
func (l *lane) void(seq int64, do func() error) (sending bool, err error) {
	if l.sealing == nil {
		return false, do()
	}
	l.mu.Lock()
	if l.sealing.busy && l.sealing.current == seq {
		l.mu.Unlock()
		return true, nil
	}
	l.sealing.voiding++
	l.mu.Unlock()
	err = do()
	l.mu.Lock()
	l.sealing.voiding--
	l.sealing.look = true
	l.signal()
	l.mu.Unlock()
	return false, err
}

// pause waits for d on the agent's clock, or until ctx ends.
func (l *lane) pause(ctx context.Context, d time.Duration) {
	defer loop.Waiting(ctx)()
	select {
	case <-ctx.Done():
	case <-l.clock.After(d):
	}
}

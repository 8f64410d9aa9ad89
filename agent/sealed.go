package agent

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/inbasket/inbasket/agent/batch"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// sealing is what a lane needs whose deliveries travel in batches.
type sealing struct {
	policy  batch.Policy
	name    string // template of the batch file's name
	control string // template of the control file's name; empty: none
	content *content.Store
	now     bool  // an operator closes the open batch
	retry   bool  // an operator wants the batch that cannot go to be tried again
	current int64 // number of the sealed batch on its way; 0: none
}

// workBatches carries sealed batches, one at a time and in order of their numbers, until ctx ends.
func (l *lane) workBatches(ctx context.Context) {
	if !l.resume(ctx) {
		return
	}
	for ctx.Err() == nil {
		members, why := l.takeBatch(ctx)
		if len(members) == 0 {
			continue
		}
		b, err := l.seal(ctx, members, why)
		if err != nil {
			l.circuit.Fail(connectors.Transient, CodeSeal, "the batch could not be sealed")
			l.log.Error().Str("code", CodeSeal).Err(err).Msg("cannot seal the batch; trying again")
			l.putBack(members)
			continue
		}
		l.circuit.OK()
		l.carryBatch(ctx, b, members)
	}
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
		stored, err := l.journal.Load(ctx, l.name, b.Members)
		if err != nil {
			l.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot read a sealed batch; trying again")
			l.pause(ctx, time.Second)
			continue
		}
		if b.Progress == journal.Held {
			l.mu.Lock()
			l.held = "batch " + b.Name + " cannot go"
			l.mu.Unlock()
		}
		members := l.prepare(ctx, l.name, stored)
		l.mu.Lock()
		for _, p := range members {
			l.known[p.id] = struct{}{}
		}
		l.mu.Unlock()
		l.carryBatch(ctx, b, members)
	}
	return false
}

// takeBatch waits until the open batch is due, and takes its members from the queue; none when
// something else happened and the caller should look again.
func (l *lane) takeBatch(ctx context.Context) (members []*parcel, why string) {
	for {
		l.mu.Lock()
		if l.behind && !l.loading && l.wantsPage() {
			l.loading = true
			l.mu.Unlock()
			l.load(ctx)
			continue
		}
		var wait time.Duration
		if !l.stopping {
			if why, wait = l.due(); why != "" {
				members = l.takeMembers()
				l.mu.Unlock()
				return members, why
			}
		}
		changed := l.changed
		l.mu.Unlock()
		var timer <-chan time.Time
		if wait > 0 {
			timer = l.clock.After(wait)
		}
		select {
		case <-ctx.Done():
			return nil, ""
		case <-changed:
		case <-timer:
		}
	}
}

// due tells why the open batch closes now, or how long to wait (zero: until something changes). The
// caller holds mu.
func (l *lane) due() (why string, wait time.Duration) {
	if len(l.queue) == 0 {
		l.sealing.now = false
		return "", 0
	}
	if ok, _, wait := l.circuit.Allow(); !ok {
		return "", wait
	}
	l.circuit.Abandon()
	if l.sealing.now {
		return batch.ByOperator, 0
	}
	for _, p := range l.queue {
		if p.layout != l.queue[0].layout {
			return batch.ByLayout, 0
		}
	}
	now := l.clock.Now()
	why, next := l.sealing.policy.Due(now, l.queue[0].at, len(l.queue), l.bytes)
	if why != "" || next.IsZero() {
		return why, 0
	}
	// A look a minute at least: the wall clock may be set while a timer runs.
	return "", min(max(next.Sub(now), time.Millisecond), time.Minute)
}

// takeMembers takes the longest beginning of the queue that fits one batch. The caller holds mu.
func (l *lane) takeMembers() []*parcel {
	var size int64
	n, p := 0, l.sealing.policy
	for n < len(l.queue) && n < p.MaxCount() && l.queue[n].layout == l.queue[0].layout {
		size += l.queue[n].size
		if n > 0 && size > p.MaxSize() {
			break
		}
		n++
	}
	members := append([]*parcel(nil), l.queue[:n]...)
	l.queue = append(l.queue[:0:0], l.queue[n:]...)
	for _, m := range members {
		l.bytes -= m.size
	}
	l.sealing.now = false
	return members
}

// seal encodes the whole file, keeps it durably, and journals number and membership.
func (l *lane) seal(ctx context.Context, members []*parcel, why string) (journal.Batch, error) {
	seq, err := l.journal.NextSeq(ctx, l.name)
	if err != nil {
		return journal.Batch{}, err
	}
	sealed := l.clock.Now().Truncate(time.Second)
	if l.sealing.policy.Zone != nil {
		sealed = sealed.In(l.sealing.policy.Zone)
	}
	vars := encode.NameVars{Seq: seq, Time: sealed}
	b := journal.Batch{Seq: seq, Target: l.name, SealedAt: sealed, Progress: journal.Batched, Why: why}
	if b.Name, err = encode.RenderName(l.sealing.name, vars); err != nil {
		return b, err
	}
	for _, m := range members {
		b.Members = append(b.Members, m.id)
	}
	header, pieces := headerOf(&b), piecesOf(members)
	file, err := members[0].layout.File(header, pieces)
	if err != nil {
		return b, err
	}
	control, err := controlFile(members[0].layout, header, file, pieces, l.sealing.control, vars)
	if err != nil {
		return b, err
	}
	if control != nil {
		b.Control = control.Name
	}
	blob, err := l.sealing.content.Put(ctx, bytes.NewReader(file), maxContent)
	if err != nil {
		return b, err
	}
	b.Digest, b.Size = blob.Digest, blob.Size
	return b, l.journal.Seal(ctx, b)
}

func headerOf(b *journal.Batch) encode.Header {
	return encode.Header{Seq: b.Seq, SealedAt: b.SealedAt, Name: b.Name}
}

func piecesOf(members []*parcel) []encode.Piece {
	pieces := make([]encode.Piece, len(members))
	for i, m := range members {
		pieces[i] = *m.piece
	}
	return pieces
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
		if l.tryBatch(ctx, &b, members) {
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
	stopped := l.stopping || l.held != ""
	if l.sealing.retry {
		l.sealing.retry, l.held, stopped = false, "", l.stopping
	}
	changed := l.changed
	l.mu.Unlock()
	var wait time.Duration
	if !stopped {
		ok, _, w := l.circuit.Allow()
		if ok {
			return true
		}
		wait = w
	}
	var timer <-chan time.Time
	if wait > 0 {
		timer = l.clock.After(wait)
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer:
	}
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
	l.held = ""
	for _, id := range b.Members {
		delete(l.known, id)
	}
	l.mu.Unlock()
	l.circuit.OK()
	l.again()
	return true
}

// tryBatch makes one attempt, and tells whether the batch came to its end.
func (l *lane) tryBatch(ctx context.Context, b *journal.Batch, members []*parcel) bool {
	g, err := l.batchGroup(b, members)
	if err != nil {
		return l.batchFailed(ctx, b, members, err)
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
				Next: "look at the target: if it has the file, inbasket batches done; if not, inbasket batches retry"})
		}
	}
	if !g.Staged {
		if err := l.target.Stage(ctx, g); err != nil {
			return l.batchFailed(ctx, b, members, asTransient(err))
		}
		if err := l.moveBatch(ctx, b, journal.Staged, nil, nil); err != nil {
			return l.batchFailed(ctx, b, members, err)
		}
		g.Staged = true
	}
	outcomes, err := l.target.Deliver(ctx, g)
	if err != nil {
		return l.batchFailed(ctx, b, members, err)
	}
	for _, o := range outcomes {
		if o.Class != connectors.Written {
			return l.batchFailed(ctx, b, members, &connectors.Error{Class: o.Class, Code: o.Code, Op: "send batch", Hint: o.Text})
		}
	}
	if len(outcomes) == 0 {
		return l.batchFailed(ctx, b, members, &connectors.Error{Class: connectors.Uncertain, Code: CodeUnknown, Op: "send batch"})
	}
	return l.batchDone(ctx, b, members, outcomes)
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
	if g.Control, err = l.batchControl(b, blob, members); err != nil {
		return g, &connectors.Error{Class: connectors.TargetError, Code: CodeContent, Op: "make the control file", Hint: "restore the content store from backup", Err: err}
	}
	return g, nil
}

// batchControl makes a sealed batch's control file anew: it depends on nothing but the sealed bytes and
// the members, whose mapping is pinned.
func (l *lane) batchControl(b *journal.Batch, blob connectors.Blob, members []*parcel) (*connectors.File, error) {
	control := &connectors.File{Name: b.Control, Blob: digested(nil)}
	if len(members) == 0 || members[0].layout == nil || !members[0].layout.HasControl() {
		return control, nil
	}
	r, err := blob.Open()
	if err != nil {
		return nil, err
	}
	file, err := io.ReadAll(r)
	_ = r.Close()
	if err != nil {
		return nil, err
	}
	_, body, _, err := members[0].layout.Control(headerOf(b), file, piecesOf(members))
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
	changes := make([]journal.Change, len(members))
	for i, p := range members {
		changes[i] = journal.Change{ID: p.id, Target: l.name, To: journal.Done, Final: p.final}
		if p.match != nil {
			changes[i].MatchKey = p.match(nil)
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

func (l *lane) batchHeld(ctx context.Context, b *journal.Batch, why *journal.Reason) bool {
	if err := l.moveBatch(ctx, b, journal.Held, why, nil); err != nil {
		l.circuit.Fail(connectors.Transient, CodeJournal, "the journal could not be written")
		return false
	}
	l.mu.Lock()
	l.held = why.Code + ": " + why.Text
	l.mu.Unlock()
	l.circuit.OK()
	l.log.Error().Str("code", why.Code).Int64("batch", b.Seq).Msg("the batch cannot go and stops its target: " + why.Next)
	// The batch was seen as it stands now; what an operator decides is found in the journal.
	b.Progress = journal.Unclear
	return false
}

// batchFailed decides what a failed attempt means; it never ends the batch.
func (l *lane) batchFailed(ctx context.Context, b *journal.Batch, members []*parcel, err error) bool {
	code, text := describe(err)
	switch class := connectors.ClassOf(err); class {
	case connectors.ItemError:
		return l.batchHeld(ctx, b, &journal.Reason{Code: code, Text: text, Next: "mend it at the target, then inbasket batches retry; or inbasket batches void", Raw: err.Error()})
	case connectors.Uncertain:
		if e := l.moveBatch(ctx, b, journal.Unclear, &journal.Reason{Code: code, Text: text, Raw: err.Error()}, nil); e != nil {
			b.Progress = journal.Unclear
		}
		fallthrough
	default:
		if l.circuit.Fail(class, code, text) {
			l.log.Error().Str("code", code).Int64("batch", b.Seq).Msg("target failed; the sealed batch waits: " + text)
		}
	}
	return false
}

// pause waits for d on the agent's clock, or until ctx ends.
func (l *lane) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-l.clock.After(d):
	}
}

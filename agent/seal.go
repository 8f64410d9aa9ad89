package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/agent/batch"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// unsealed forgets what should have been a batch.
func (l *lane) unsealed(members []*parcel, err error) {
	code, text := guard.Describe(err)
	l.circuit.Fail(connectors.Transient, CodeSeal, "the batch could not be sealed")
	l.log.Error().Str("code", CodeSeal).Str("cause", code).Msg("cannot seal the batch; trying again: " + text)
	l.forget(members, nil)
	l.again()
}

// sealSafely seals, and survives a layout that breaks.
func (l *lane) sealSafely(ctx context.Context, members []*parcel, why string) (b journal.Batch, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &connectors.Error{Class: connectors.Transient, Code: CodePanic, Op: "seal the batch", Err: fmt.Errorf("%v", p)}
		}
	}()
	return l.seal(ctx, members, why)
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
		if !l.rest(ctx, changed, wait) {
			return nil, ""
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
	why, next := l.sealing.policy.Due(now, l.oldest(now), l.sealing.closed, len(l.queue), l.bytes)
	if why != "" || next.IsZero() {
		return why, 0
	}
	// A look a minute at least: the wall clock may be set while a timer runs.
	return "", min(max(next.Sub(now), time.Millisecond), time.Minute)
}

// oldest returns when the first of the queue was accepted. What seems to come from the future was accepted
// before the clock was set back, and counts from now on: else its batch would stay open until then. The
// caller holds mu.
func (l *lane) oldest(now time.Time) time.Time {
	p := l.queue[0]
	if p.accepted.Round(0).After(now.Round(0)) {
		p.accepted = now
	}
	return p.accepted
}

// takeMembers takes the longest beginning of the queue that fits one batch. The caller holds mu.
func (l *lane) takeMembers() []*parcel {
	var size int64
	n := 0
	for n < len(l.queue) && l.queue[n].layout == l.queue[0].layout && l.sealing.policy.Fits(n, size, l.queue[n].size) {
		size += l.queue[n].size
		n++
	}
	members := append([]*parcel(nil), l.queue[:n]...)
	l.queue = append(l.queue[:0:0], l.queue[n:]...)
	for _, m := range members {
		l.bytes -= m.size
		l.letGo(m)
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
	now := l.clock.Now()
	sealed := now.Truncate(time.Second)
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
	file := l.file(ctx, header, pieces, members)
	blob, err := l.sealing.content.Put(ctx, file, content.MaxSize)
	file.Close() // ends what makes it, when not all was read
	if err != nil {
		return b, err
	}
	b.Digest, b.Size = blob.Digest, blob.Size
	control, err := controlFile(members[0].layout, header, b.Size, b.Digest, pieces, l.sealing.control, vars)
	if err != nil {
		return b, err
	}
	if control != nil {
		b.Control = control.Name
	}
	if err := l.journal.Seal(ctx, b); err != nil {
		return b, err
	}
	if why == batch.ByTime {
		l.mu.Lock()
		l.sealing.closed = now
		l.mu.Unlock()
	}
	return b, nil
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

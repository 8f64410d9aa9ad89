package lane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/batch"
	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/encode"
)

// batchBytes bounds the encoded bodies that the open batch of a lane holds in memory. It closes no batch: of what comes
// after, only what tells when the batch closes is kept, and the rest is mapped anew, page by page, when it is sealed.
const batchBytes = 16 << 20

// Batch says when batches of a target close, and how their files are named.
type Batch struct {
	Policy  batch.Policy
	Name    string // template of the batch file's name
	Control string // template of the control file's name; empty: none
}

// Seq returns the number that the name of a batch's file or of its control file carries.
func (b *Batch) Seq(name string) (seq int64, ok bool) {
	for _, template := range []string{b.Name, b.Control} {
		if t, err := encode.ParseTemplate(template); err == nil {
			if seq, ok = t.Seq(name); ok {
				return seq, true
			}
		}
	}
	return 0, false
}

// batches carry the deliveries of a lane in files, one after the other in order of their numbers.
type batches struct {
	*Lane
	Batch
	content *content.Store

	// guarded by the lane's mu
	blocked string    // why a sealed batch that cannot go stops the target
	retry   bool      // an operator wants the batch that cannot go to be tried again
	asked   bool      // an operator named this target: one that may have been sent is to be sent
	busy    bool      // an attempt is under way
	voiding int       // operators are about to give up a batch; none may be tried
	look    bool      // an operator gave up a batch: is it the one on its way?
	current int64     // number of the sealed batch on its way; 0: none
	closed  time.Time // when a time of day closed the last batch
}

// Batch are the rules for batches of the target; nil: its deliveries travel as they are.
func (l *Lane) Batch() *Batch {
	if l.batches == nil {
		return nil
	}
	return &l.batches.Batch
}

// work carries sealed batches until ctx ends: first what an earlier run has sealed, then what it seals itself.
func (b *batches) work(ctx context.Context) {
	if !b.recallClose(ctx) {
		return
	}
	for b.resume(ctx) {
		for {
			members, why := b.take(ctx)
			if len(members) == 0 {
				return
			}
			sealed, err := b.seal(ctx, members, why)
			if err != nil {
				// The journal may have it all the same, or an operator may have given up a member: the journal tells.
				b.unsealed(ctx, members, err)
				break
			}
			b.circuit.OK()
			b.carry(ctx, sealed, members)
		}
	}
}

// recallClose learns when a time of day closed the last batch; false: ctx ended.
func (b *batches) recallClose(ctx context.Context) bool {
	for ctx.Err() == nil {
		closed, err := delivering.Of(b.journal).LastClosed(ctx, b.Lane.Name, batch.ByTime)
		if err == nil {
			b.do(func() { b.closed = closed })
			return true
		}
		b.unread(err).Msg("cannot read the last batch; trying again")
		loop.Pause(ctx, b.clock, journalPause)
	}
	return false
}

// take waits until the open batch is due, and takes its members from the queue.
func (b *batches) take(ctx context.Context) (members []*parcel, why string) {
	b.next(ctx, func() (chosen bool, wait time.Duration) {
		if b.paused {
			return false, 0
		}
		if why, wait = b.due(); why == "" {
			return false, wait
		}
		layout := b.list[0].Layout
		members = b.beginning(func(n int, size int64, next *parcel) bool {
			return next.Layout == layout && b.Policy.Fits(n, size, next.Size)
		})
		return true, 0
	})
	return members, why
}

// due tells why the open batch closes now, or how long to wait (zero: until something changes). The
// caller holds mu.
func (b *batches) due() (why string, wait time.Duration) {
	if len(b.list) == 0 {
		return "", 0
	}
	if ok, _, wait := b.circuit.Allow(); !ok {
		return "", wait
	}
	b.circuit.Abandon()
	for _, p := range b.list {
		if p.Layout != b.list[0].Layout {
			return batch.ByLayout, 0
		}
	}
	now := b.clock.Now()
	why, next := b.Policy.Due(now, b.oldest(now), b.closed, len(b.list), b.bytes)
	if why != "" || next.IsZero() {
		return why, 0
	}
	// A look a minute at least: the wall clock may be set while a timer runs.
	return "", min(max(next.Sub(now), time.Millisecond), time.Minute)
}

// oldest returns when the first of the queue was accepted. What seems to come from the future was accepted
// before the clock was set back, and counts from now on: else its batch would stay open until then. The
// caller holds mu.
func (l *Lane) oldest(now time.Time) time.Time {
	p := l.list[0]
	if p.Accepted.Round(0).After(now.Round(0)) {
		p.Accepted = now
	}
	return p.Accepted
}

// unsealed forgets what should have been a batch. What its layout cannot write is the mapping's fault, and a next try ends no
// better: the forms are parked.
func (b *batches) unsealed(ctx context.Context, members []*parcel, err error) {
	var wrong *encode.FieldError
	if errors.As(err, &wrong) {
		why, s := prepare.Unmapped(err), settlement{lane: b.Lane}
		why.Text = fmt.Sprintf("a batch of %d forms cannot be written: %s", len(members), why.Text)
		for _, p := range members {
			s.park(p, journal.Change{Reason: &why})
		}
		s.finish(ctx)
		return
	}
	code, text := guard.Describe(err)
	b.circuit.Fail(connectors.Transient, CodeSeal, "the batch could not be sealed")
	b.log.Error().Str("code", CodeSeal).Str("cause", code).Msg("cannot seal the batch; trying again: " + text)
	b.forget(members, nil)
	b.Again()
}

// panicAsError makes an error of a layout that breaks. It is deferred.
func panicAsError(err *error) {
	if p := recover(); p != nil {
		*err = &connectors.Error{Class: connectors.Transient, Code: loop.CodePanic, Op: "seal the batch", Err: fmt.Errorf("%v", p)}
	}
}

// seal encodes the whole file, keeps it durably, and journals number and membership.
func (b *batches) seal(ctx context.Context, members []*parcel, why string) (sealed journal.Batch, err error) {
	defer panicAsError(&err)
	seq, err := delivering.Of(b.journal).NextSeq(ctx, b.Lane.Name)
	if err != nil {
		return sealed, err
	}
	now := b.clock.Now()
	at := now.Truncate(time.Second)
	if b.Policy.Zone != nil {
		at = at.In(b.Policy.Zone)
	}
	vars := encode.NameVars{Seq: seq, Time: at}
	sealed = journal.Batch{Seq: seq, Target: b.Lane.Name, SealedAt: at, Progress: journal.Batched, Why: why}
	if sealed.Name, err = encode.RenderName(b.Batch.Name, vars); err != nil {
		return sealed, err
	}
	for _, m := range members {
		sealed.Members = append(sealed.Members, m.ID)
	}
	header, pieces := headerOf(&sealed), piecesOf(members)
	file := b.file(ctx, header, pieces, members)
	blob, err := b.content.Put(ctx, file, content.MaxSize)
	file.Close() // ends what makes it, when not all was read
	if err != nil {
		return sealed, err
	}
	sealed.Digest, sealed.Size = blob.Digest, blob.Size
	control, err := prepare.ControlFile(members[0].Layout, header, blob.Size, blob.Digest, pieces, b.Batch.Control, vars)
	if err != nil {
		return sealed, err
	}
	if control != nil {
		sealed.Control = control.Name
	}
	if err := delivering.Of(b.journal).Seal(ctx, sealed); err != nil {
		return sealed, err
	}
	if why == batch.ByTime {
		b.do(func() { b.closed = now })
	}
	return sealed, nil
}

func headerOf(s *journal.Batch) encode.Header {
	return encode.Header{Seq: s.Seq, SealedAt: s.SealedAt, Name: s.Name}
}

// errChanged says that a member is not what it was when it was queued: an operator gave it up, or another mapping.
var errChanged = errors.New("a member of the batch has changed meanwhile")

// file gives the bytes of a batch's file while they are made.
func (b *batches) file(ctx context.Context, h encode.Header, pieces []encode.Piece, members []*parcel) io.ReadCloser {
	r, w := io.Pipe()
	var page []*parcel
	body := func(n int) ([]byte, error) {
		if n%pageItems == 0 {
			var err error
			if page, err = b.whole(ctx, members[n:min(n+pageItems, len(members))]); err != nil {
				return nil, err
			}
		}
		p := page[n%pageItems]
		if p.light || p.Piece == nil || p.Size != members[n].Size || p.Layout != members[n].Layout {
			return nil, errChanged
		}
		return p.Piece.Body, nil
	}
	write := func() (err error) {
		defer panicAsError(&err)
		return members[0].Layout.Write(w, h, pieces, body)
	}
	go func() { w.CloseWithError(write()) }()
	return r
}

// Void ends a sealed batch in the journal by do, unless it is being sent. An attempt is waited for, within a limit: that
// it came to nothing the journal tells before the lane is done with it.
func (l *Lane) Void(ctx context.Context, seq int64, within <-chan time.Time, do func() error) (sending bool, err error) {
	b := l.batches
	if b == nil {
		return false, do()
	}
	l.mu.Lock()
	for b.busy && b.current == seq {
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-within:
			return true, nil
		case <-ctx.Done():
			return true, nil
		}
		l.mu.Lock()
	}
	b.voiding++
	l.mu.Unlock()
	err = do()
	l.do(func() { b.voiding, b.look = b.voiding-1, true })
	return false, err
}

// hintOf returns what an outcome advises, without what its text repeats of the code.
func hintOf(o connectors.Outcome) string {
	if _, hint, ok := strings.Cut(o.Text, o.Code+" ("); ok && o.Code != "" {
		return strings.TrimSuffix(hint, ")")
	}
	return o.Text
}

package lane

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// resume carries what an earlier run has sealed and not finished; false: ctx ended.
func (b *batches) resume(ctx context.Context) bool {
	for ctx.Err() == nil {
		open, err := delivering.Of(b.journal).Batches(ctx, b.Lane.Name, true)
		if err != nil {
			b.unread(err).Msg("cannot read the open batches; trying again")
			loop.Pause(ctx, b.clock, journalPause)
			continue
		}
		if len(open) == 0 {
			return true
		}
		sealed := open[0]
		if sealed.Progress == journal.Held {
			b.block("batch " + sealed.Name + " cannot go")
		}
		members, err := b.members(ctx, sealed.Members)
		if err != nil || sealed.Control != "" && len(members) < len(sealed.Members) { // the control file counts all of them
			b.unread(err).Int64("batch", sealed.Seq).Msg("cannot map all members of a sealed batch; trying again")
			b.circuit.Fail(connectors.Transient, CodeSeal, "not all forms of batch "+sealed.Name+" can be mapped")
			loop.Pause(ctx, b.clock, journalPause)
			continue
		}
		b.do(func() {
			for _, p := range members {
				b.known[p.ID] = struct{}{}
			}
		})
		b.carry(ctx, sealed, members)
	}
	return false
}

// members maps the members of a sealed batch page by page, and keeps of most only what the control file shows.
func (b *batches) members(ctx context.Context, ids []journal.ID) (all []*parcel, err error) {
	var bodies int64
	for page := range slices.Chunk(ids, pageItems) {
		parcels, err := b.stored(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, p := range parcels {
			if bodies += p.Size; bodies > batchBytes {
				p.lighten()
			}
		}
		all = append(all, parcels...)
	}
	return all, nil
}

// block stops the target for a sealed batch that cannot go.
func (b *batches) block(why string) { b.do(func() { b.blocked = why }) }

// carry brings one sealed batch to its end: delivered, voided by an operator, or ctx ends.
func (b *batches) carry(ctx context.Context, sealed journal.Batch, members []*parcel) {
	b.do(func() { b.current = sealed.Seq })
	defer b.do(func() { b.current = 0 })
	for ctx.Err() == nil {
		if b.mayTry(ctx) {
			over := b.trySafely(ctx, &sealed, members)
			b.do(func() { b.busy = false })
			if over {
				return
			}
		} else if b.voided(ctx, sealed) {
			return
		}
	}
}

// mayTry waits until the sealed batch may be tried; false means look again.
func (b *batches) mayTry(ctx context.Context) bool {
	b.mu.Lock()
	if b.look {
		b.look = false
		b.mu.Unlock()
		return false
	}
	if b.retry {
		b.retry, b.blocked = false, ""
	}
	var wait time.Duration
	if !b.paused && b.blocked == "" && b.voiding == 0 {
		if b.busy, _, wait = b.circuit.Allow(); b.busy {
			b.mu.Unlock()
			return true
		}
	}
	changed := b.changed
	b.mu.Unlock()
	b.rest(ctx, changed, wait)
	return false
}

// voided tells whether an operator has given up the batch; its members then come again.
func (b *batches) voided(ctx context.Context, sealed journal.Batch) bool {
	open, err := delivering.Of(b.journal).Batches(ctx, b.Lane.Name, true)
	if err != nil {
		b.unread(err).Int64("batch", sealed.Seq).Msg("cannot read whether the batch was given up; trying again")
		loop.Pause(ctx, b.clock, journalPause)
		b.do(func() { b.look = true }) // until that is known it must not be sent
		return false
	}
	if slices.ContainsFunc(open, func(o journal.Batch) bool { return o.Seq == sealed.Seq }) {
		return false
	}
	b.circuit.OK()
	b.do(func() {
		b.blocked, b.closed = "", time.Time{} // what was given up goes with the next file, and not a day later
		for _, id := range sealed.Members {
			delete(b.known, id)
			delete(b.dropped, id)
		}
		b.rewind()
	})
	return true
}

// trySafely makes one attempt, and survives what breaks on it.
func (b *batches) trySafely(ctx context.Context, sealed *journal.Batch, members []*parcel) (over bool) {
	defer func() {
		if p := recover(); p != nil {
			b.circuit.Fail(connectors.Transient, loop.CodePanic, "the agent broke while sending a batch")
			b.log.Error().Str("code", loop.CodePanic).Int64("batch", sealed.Seq).Bytes("stack", debug.Stack()).Msg("the agent broke while sending a batch; trying again")
		}
	}()
	over, err := b.try(ctx, sealed, members)
	if err != nil {
		b.failed(ctx, sealed, err)
	}
	return over
}

// try makes one attempt, and tells whether the batch came to its end.
func (b *batches) try(ctx context.Context, sealed *journal.Batch, members []*parcel) (over bool, err error) {
	g, err := b.group(sealed, members)
	if err != nil {
		return false, err
	}
	if sealed.Untouched {
		if err := b.move(ctx, sealed, journal.Batched, nil, nil); err != nil {
			return false, err
		}
		sealed.Untouched = false
	}
	if g.Staged = sealed.Progress != journal.Batched; g.Staged {
		presence, err := b.find(ctx, sealed, g)
		switch {
		case err != nil:
			return false, stageError(err)
		case presence == connectors.Present:
			return b.done(ctx, sealed, members)
		case presence == connectors.Unknown && sealed.Progress != journal.Doubtful:
			b.held(ctx, sealed, &journal.Reason{Code: journal.CodeUnclear, Text: "the outcome of sending the batch is unknown, and the target cannot tell",
				Next: "look at the target: if it has the file, inbasket confirm --batch; if not, inbasket batches void sends its forms in the next one"})
			return false, nil
		case sealed.Progress == journal.Doubtful:
			if presence == connectors.Unknown && !b.wanted() {
				b.unsure(sealed)
				return false, nil
			}
			sealed.Progress, g.Staged = journal.Batched, false
		}
	}
	if !g.Staged {
		if err := b.target.Stage(ctx, g); err != nil && connectors.ClassOf(err) == connectors.ItemError {
			b.waits(sealed, err)
			return false, nil
		} else if err != nil {
			return false, stageError(err)
		}
		if err := b.move(ctx, sealed, journal.Staged, nil, nil); err != nil {
			return false, err
		}
		g.Staged = true
	}
	finishing, cancel := loop.Linger(ctx, b.clock)
	outcomes, err := b.target.Deliver(finishing, g)
	cancel()
	if err != nil {
		return false, err
	}
	if len(outcomes) == 0 {
		return false, &connectors.Error{Class: connectors.Uncertain, Code: guard.CodeUnknown, Op: "send batch"}
	}
	for _, o := range outcomes {
		if o.Class != connectors.Written {
			return false, b.refused(ctx, sealed, o)
		}
	}
	return b.done(ctx, sealed, members)
}

// refused notes what is surely as Stage left it: once its temporary file is gone, that must not mean that the legacy system took it.
func (b *batches) refused(ctx context.Context, sealed *journal.Batch, o connectors.Outcome) error {
	if sealed.Untouched = o.Untouched && o.Class == connectors.ItemError; o.Untouched && !sealed.Untouched {
		if err := b.move(ctx, sealed, journal.Batched, nil, nil); err != nil {
			return err
		}
	}
	return &connectors.Error{Class: o.Class, Code: o.Code, Op: "send batch", Hint: hintOf(o)}
}

// find looks for a batch that an earlier attempt may have sent.
func (b *batches) find(ctx context.Context, sealed *journal.Batch, g connectors.Group) (connectors.Presence, error) {
	if sealed.Progress == journal.Doubtful {
		return b.lookUpRestored(ctx, g)
	}
	return b.lookUpBatch(ctx, g)
}

// wanted tells whether an operator wants the batch to be sent although it may have been sent, and forgets it.
func (b *batches) wanted() (asked bool) {
	b.do(func() { asked, b.asked = b.asked, false })
	return asked
}

func (b *batches) group(sealed *journal.Batch, members []*parcel) (connectors.Group, error) {
	lost := func(op string, err error) (connectors.Group, error) {
		return connectors.Group{}, &connectors.Error{Class: connectors.TargetError, Code: content.CodeUnavailable, Op: op, Hint: "restore the content store from backup", Err: err}
	}
	if !b.content.Has(sealed.Digest) {
		return lost("read the sealed batch", content.ErrNotFound)
	}
	g := groupOf(members)
	g.Key, g.Seq, g.SealedAt = batchKey(b.Identity, sealed.Seq), sealed.Seq, sealed.SealedAt
	g.File = &connectors.File{Name: sealed.Name, Blob: b.content.Blob(sealed.Digest, sealed.Size)}
	if sealed.Control == "" {
		return g, nil
	}
	// It depends on nothing but the sealed bytes and the members, whose mapping is pinned.
	g.Control = &connectors.File{Name: sealed.Control, Blob: connectors.BytesBlob(nil)}
	if len(members) == 0 || members[0].Layout == nil || !members[0].Layout.HasControl() {
		return g, nil
	}
	_, body, _, err := members[0].Layout.Control(headerOf(sealed), sealed.Size, sealed.Digest, piecesOf(members))
	if err != nil {
		return lost("make the control file", err)
	}
	g.Control.Blob = connectors.BytesBlob(body)
	return g, nil
}

func (b *batches) move(ctx context.Context, sealed *journal.Batch, to journal.Progress, why *journal.Reason, changes []journal.Change) error {
	ctx, cancel := loop.Grace(ctx)
	defer cancel()
	if err := delivering.Of(b.journal).MoveBatch(ctx, b.Lane.Name, sealed.Seq, to, why, changes); err != nil {
		return &connectors.Error{Class: connectors.Transient, Code: journal.CodeUnavailable, Op: "journal the batch", Err: err}
	}
	sealed.Progress = to
	return nil
}

// done ends a batch that the target has. Until the journal knows that, it is looked up.
func (b *batches) done(ctx context.Context, sealed *journal.Batch, members []*parcel) (over bool, err error) {
	changes := make([]journal.Change, 0, len(members))
	for page := range slices.Chunk(members, pageItems) {
		whole, err := b.whole(ctx, page)
		if err != nil {
			sealed.Progress = journal.Unclear
			return false, stageError(err)
		}
		for _, p := range whole {
			c := journal.Change{ID: p.ID, Target: b.Lane.Name, To: journal.Done, Final: p.Final, Changed: p.Changed}
			if p.Match != nil {
				c.MatchKey = p.Match(nil)
			}
			if p.Keys != nil {
				c.Keys = p.Keys(nil)
			}
			changes = append(changes, c)
		}
	}
	if err := b.move(ctx, sealed, journal.Done, nil, changes); err != nil {
		sealed.Progress = journal.Unclear
		return false, err
	}
	b.forget(members, nil)
	b.circuit.OK()
	b.log.Info().Int64("batch", sealed.Seq).Int("deliveries", len(members)).Str("closed-by", sealed.Why).Msg("batch delivered")
	return true, nil
}

// withCode puts a code in front of a text that does not name it.
func withCode(code, text string) string {
	if code == "" || strings.Contains(text, code) {
		return text
	}
	return code + ": " + text
}

// stop stops the target for a batch until an operator decides, and begins to log that; the target itself works.
func (b *batches) stop(sealed *journal.Batch, code, why string) *zerolog.Event {
	b.block(withCode(code, why))
	b.circuit.OK()
	return b.log.Error().Str("code", code).Int64("batch", sealed.Seq)
}

// waits stops the target for a batch that could not even be put under its temporary name. The journal
// keeps it as sealed: once it says more, nothing at the target would mean that the legacy system took it.
func (b *batches) waits(sealed *journal.Batch, err error) {
	code, text := guard.Describe(err)
	b.stop(sealed, code, text).Msg("the batch cannot be put in place and stops its target: " + text)
}

// unsure stops the target for a batch of which nobody can tell whether it was sent. The journal keeps it as
// doubtful, so that the next start asks again.
func (b *batches) unsure(sealed *journal.Batch) {
	b.stop(sealed, journal.CodeRestore, "whether batch "+sealed.Name+" was sent after the backup was made cannot be told").
		Msg("whether the batch was sent after the backup was made cannot be told; look at the target: " +
			"inbasket confirm --batch if it has the file, inbasket retry --target to send it, or inbasket batches void")
}

// held stops the target for a batch that it refuses, or of which it cannot tell. What an operator decides is found in the
// journal.
func (b *batches) held(ctx context.Context, sealed *journal.Batch, why *journal.Reason) {
	why.Untouched = sealed.Untouched
	if err := b.move(ctx, sealed, journal.Held, why, nil); err != nil {
		b.circuit.Fail(connectors.Transient, journal.CodeUnavailable, "the journal could not be written")
		return
	}
	b.stop(sealed, why.Code, why.Text).Msg("the batch cannot go and stops its target: " + why.Next)
	if !sealed.Untouched {
		sealed.Progress = journal.Unclear // as it stands now
	}
}

// failed decides what a failed attempt means; it never ends the batch.
func (b *batches) failed(ctx context.Context, sealed *journal.Batch, err error) {
	code, text := guard.Describe(err)
	class := connectors.ClassOf(err)
	switch class {
	case connectors.ItemError:
		b.held(ctx, sealed, &journal.Reason{Code: code, Text: text, Next: "mend it at the target, then inbasket retry --target; or inbasket batches void", Raw: err.Error()})
		return
	case connectors.Uncertain:
		if b.move(ctx, sealed, journal.Unclear, &journal.Reason{Code: code, Text: text, Raw: err.Error()}, nil) != nil {
			sealed.Progress = journal.Unclear
		}
	}
	if b.circuit.Fail(class, code, text) && ctx.Err() == nil { // a stop is no fault of the target
		b.log.Error().Str("code", code).Int64("batch", sealed.Seq).Msg("target failed; the sealed batch waits: " + text)
	}
}

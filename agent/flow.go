package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/decode"
)

// flow is a submission's whole life, top to bottom:
//
//	identify → accept durably → answer the in-basket → map and encode → deliver (lane.go, sealed.go)
//	→ collect results (results.go) → publish events (push.go, frontoffice) → close
//
// Pure steps may be repeated at will. Every effect that a target does not record itself is journaled
// before and after.
type flow struct {
	loops    *loop.Heartbeats
	journal  *journal.Journal
	content  *content.Store
	clock    connectors.Clock
	log      zerolog.Logger
	plans    *plans
	routes   map[string]*route
	lanes    map[string]*lane
	counters *health.Counters
	alone    *waits // items of sources
	served   *servings
	posted   chan *arrived // forms from front offices, accepted, on their way to the targets
	waits    atomic.Bool   // some mapping has written what another target returned
}

// route says which mapping a submission follows, and whom its result is owed to.
type route struct {
	name   string
	office string // owed the result; empty: nobody
	plan   *mapping.Plan
	within time.Duration
	older  []*mapping.Plan // versions of the mapping by which other forms were the same, one for each rule; nil: by all bytes

	matches func(transport string) bool // for in-baskets that several routes share
}

// scope is what references are unique in.
func (r *route) scope() string {
	if r.office != "" {
		return r.office
	}
	return "route:" + r.name
}

// arrival is a submission on its way to acceptance.
type arrival struct {
	item  connectors.Submission
	route *route
	form  mapping.Form
	read  bool   // form is decoded
	lost  bool   // an attachment could not be kept; it stays in the in-basket
	aside string // why it cannot be taken at all: it is set aside
	entry journal.Arrival
}

// serve takes submissions out of one in-basket until ctx ends. The next batch is read and decoded while
// the last one is made durable.
func (f *flow) serve(ctx context.Context, name string, in connectors.Inbasket, routes []*route) {
	read := make(chan []*arrival, 1)
	taken := make(chan []connectors.Receipt, 2)
	done := make(chan struct{}, 2)
	go func() {
		defer func() { close(read); done <- struct{}{} }()
		f.loops.Run(ctx, health.Inbasket, name, func(ctx context.Context) { f.read(ctx, name, in, routes, read) })
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		f.loops.Run(ctx, health.Inbasket, name, func(ctx context.Context) { f.answer(ctx, name, in, taken) })
	}()
	f.loops.Run(ctx, health.Inbasket, name, func(ctx context.Context) {
		over := loop.Waiting(ctx)
		for batch := range read {
			over()
			receipts, fresh := f.accept(ctx, name, batch)
			loop.Waiting(ctx) // for answer, which may hang in the in-basket
			taken <- receipts
			over()
			f.forward(ctx, fresh)
			loop.Waiting(ctx)
		}
	})
	close(taken)
	<-done
	<-done
}

// read gets batches out of the in-basket and identifies them.
func (f *flow) read(ctx context.Context, name string, in connectors.Inbasket, routes []*route, out chan<- []*arrival) {
	trouble := f.counters.Trouble(health.Inbasket, name, f.log)
	for ctx.Err() == nil {
		var items []connectors.Submission
		err := loop.Ask(ctx, "take forms", func() (err error) { items, err = in.Next(ctx, pageItems); return err })
		if err != nil {
			trouble.Failed(ctx, err)
			continue
		}
		trouble.Over()
		batch := make([]*arrival, len(items))
		over := loop.Calling(ctx, "read attachments", time.Hour) // of all of them, from the in-basket
		parallel(len(items), func(i int) { batch[i] = f.identify(ctx, name, items[i], routes) })
		over()
		loop.Send(ctx, out, batch)
	}
}

// identify finds route, reference and digest of a submission. What cannot be identified is accepted
// under a name of ours and parked, so that nothing is lost.
func (f *flow) identify(ctx context.Context, inbasket string, item connectors.Submission, routes []*route) *arrival {
	a := &arrival{item: item, entry: journal.Arrival{
		Scope: "in-basket:" + inbasket, Inbasket: inbasket, Reference: f.unreadName(item.Transport), Transport: item.Transport,
		ContentType: item.ContentType, Form: item.Form, At: item.At, ParkConflict: true,
	}}
	if a.entry.At.IsZero() {
		a.entry.At = f.clock.Now()
	}
	if failed := f.keepAttachments(ctx, a); failed != nil {
		f.unkeep(ctx, inbasket, a, failed)
		return a
	}
	a.entry.Digest = digestOf(rawDigest(a.entry.Form), a.entry.Attachments, item.Transport)
	if a.route = routeFor(routes, item.Transport); a.route == nil {
		a.entry.Park = &journal.Reason{Code: CodeNoRoute, Text: "no route takes this form", Next: "add or mend a route, then inbasket retry"}
		return a
	}
	f.read1(a)
	return a
}

// read1 decodes and validates one form for its route.
func (f *flow) read1(a *arrival) {
	defer func() {
		if p := recover(); p != nil {
			a.read, a.entry.Park = false, &journal.Reason{Code: CodePanic, Text: "reading the form broke the agent", Next: "send diagnostics to the maintainers", Raw: fmt.Sprintf("%v\n%s", p, debug.Stack())}
		}
	}()
	r := a.route
	a.entry.Scope, a.entry.Office, a.entry.Route = r.scope(), r.office, r.name
	a.entry.Plan, a.entry.Targets = r.plan.Digest(), r.plan.Targets()
	form, err := r.plan.Decode(a.entry.Form, a.entry.ContentType)
	if err != nil {
		a.entry.Park = undecodable(err)
		return
	}
	if reason := nothing(form, r.plan.Format()); reason != "" {
		a.entry.Park = &journal.Reason{Code: CodeUndecodable, Text: reason, Next: "ask the sender for a form, then reject this"}
		return
	}
	a.form, a.read = form, true
	a.recognise()
	ref, failed := r.plan.Reference(form)
	if reason := improper(ref); reason == edgeBlank && !edged(form) {
		ref, failed = "", &mapping.Fault{At: "input.reference", Cause: mapping.FieldError{Code: CodeReference, Message: "the reference " + reason}}
	} else if reason != "" {
		a.refuseReference(reason, ref)
		return
	}
	switch {
	case ref != "":
		a.entry.Reference = ref
	case failed == nil:
		a.entry.Reference = a.entry.Transport
	}
	if err = r.plan.Validate(form); err == nil {
		err = failed
	}
	var wrong *mapping.MapError
	switch {
	case errors.As(err, &wrong):
		a.entry.Reject = fieldErrors(wrong.Fields)
		a.entry.Why = &journal.Reason{Code: CodeFormWrong, Text: "the form is wrong: see the field errors"}
	case err != nil:
		why := unmapped(err)
		a.entry.Park = &why
	}
}

// undecodable says why a form cannot be read: it is not well-formed, or larger than its mapping allows, which its sender
// cannot know.
func undecodable(err error) *journal.Reason {
	var d *decode.Error
	if errors.As(err, &d) && d.Limit() != "" {
		why := unmapped(&mapping.Fault{At: "the form", Pointer: d.Pointer, Limit: d.Limit(), Cause: mapping.FieldError{Code: d.Code, Message: "is larger than input.limits." + d.Limit() + " allows: " + d.Error()}})
		return &why
	}
	return &journal.Reason{Code: CodeUndecodable, Text: "the form cannot be decoded: " + err.Error(), Next: "ask the sender for a well-formed one, then reject this"}
}

// accept makes a batch durable and returns what the in-basket is told, and what goes on to the targets.
func (f *flow) accept(ctx context.Context, inbasket string, batch []*arrival) (receipts []connectors.Receipt, fresh []*arrived) {
	entries := make([]journal.Arrival, 0, len(batch))
	kept := make([]*arrival, 0, len(batch))
	for _, a := range batch {
		switch {
		case a.lost:
			receipts = append(receipts, connectors.Receipt{Handle: a.item.Handle, Verdict: connectors.Released})
		case a.aside != "":
			receipts = append(receipts, connectors.Receipt{Handle: a.item.Handle, Verdict: connectors.Refused, Reason: a.aside})
		default:
			entries, kept = append(entries, a.entry), append(kept, a)
		}
	}
	said, err := f.journal.Accept(ctx, entries)
	if err != nil {
		for _, a := range kept {
			receipts = append(receipts, connectors.Receipt{Handle: a.item.Handle, Verdict: connectors.Released})
		}
		if ctx.Err() == nil {
			f.log.Error().Str("code", CodeJournal).Str("in-basket", inbasket).Err(err).Msg("the journal cannot be written; forms stay in the in-basket until it can")
			loop.Pause(ctx, f.clock, time.Second)
		}
		return receipts, nil
	}
	now := f.clock.Now()
	for i, a := range kept {
		s := said[i]
		r := connectors.Receipt{Handle: a.item.Handle, ID: s.ID.String(), Verdict: s.Verdict}
		if s.Verdict == connectors.Conflict {
			r.Reason = "the same " + s.On + " is known with other content; parked as " + s.ID.String()
		}
		receipts = append(receipts, r)
		if s.Again {
			f.comesAgain(a.entry.Targets)
			continue
		}
		if s.Verdict == connectors.Taken && s.State == journal.Accepted && a.read {
			fresh = append(fresh, &arrived{stored: a.stored(s.ID, now), plan: a.route.plan, form: a.form, read: true})
		}
	}
	f.counters.Accepted(inbasket, receipts)
	return receipts, fresh
}

// comesAgain leaves a form that was accepted before, in the time that a restored journal does not know, to be read from
// the journal: it has an older ID than what the lanes have seen, or is doubtful.
func (f *flow) comesAgain(targets []string) {
	for _, target := range targets {
		if l := f.lanes[target]; l != nil {
			l.again()
		}
	}
}

// arrived is an accepted submission on its way to the targets.
type arrived struct {
	stored journal.Stored
	plan   *mapping.Plan
	form   mapping.Form
	read   bool // form is decoded
}

func (a *arrival) stored(id journal.ID, accepted time.Time) journal.Stored {
	e := &a.entry
	return journal.Stored{ID: id, Route: e.Route, Office: e.Office, Plan: e.Plan, Digest: e.Digest, Reference: e.Reference,
		ContentType: e.ContentType, Form: e.Form, Attachments: e.Attachments, At: e.At, Accepted: accepted, Progress: journal.Pending}
}

// forward maps accepted submissions for all their targets and hands them to the lanes.
func (f *flow) forward(ctx context.Context, fresh []*arrived) {
	if len(fresh) == 0 {
		return
	}
	made := make([]prepared, len(fresh))
	parallel(len(fresh), func(i int) { made[i] = f.prepareOne(fresh[i], "") })
	byTarget, err := f.carryOut(ctx, made)
	if err != nil { // what could not be journaled is mapped again by the lanes
		for _, l := range f.lanes {
			l.again()
		}
		return
	}
	for target, parcels := range byTarget {
		if l := f.lanes[target]; l != nil {
			l.offer(ctx, parcels)
		}
	}
}

// keepAttachments puts a submission's attachments into the content store, before it is accepted.
func (f *flow) keepAttachments(ctx context.Context, a *arrival) *unkept {
	if lost := f.alone.lost(health.Inbasket, a.entry.Inbasket, a.item.Handle, a.item.Attachments); lost != nil {
		return lost
	}
	for _, at := range a.item.Attachments {
		file, failed := f.keep(ctx, at)
		if failed != nil {
			return failed
		}
		a.entry.Attachments = append(a.entry.Attachments, file)
	}
	if len(a.item.Attachments) > 0 {
		f.alone.gone(health.Inbasket, a.entry.Inbasket, a.item.Handle)
	}
	return nil
}

// unkeep says what becomes of a form whose attachment could not be kept: it waits alone, named in status but nowhere
// else, since a citizen may have named it; once its time is over, or where waiting does not help, it is set aside.
func (f *flow) unkeep(ctx context.Context, inbasket string, a *arrival, failed *unkept) {
	w := failed.wait("form " + a.item.Transport)
	if ctx.Err() != nil || !failed.ever && !f.waitsAlone(health.Inbasket, inbasket, a.item.Handle, w) {
		a.lost = true
		return
	}
	f.alone.gone(health.Inbasket, inbasket, a.item.Handle)
	a.aside = "The attachment " + failed.name + " could not be taken: " + w.text + "."
	f.counters.Notice(connectors.Notice{Code: w.code, Text: "in-basket " + inbasket + ": a form is set aside, because an attachment of it cannot be read; the text beside it in the error folder says which"})
	f.log.Error().Str("code", w.code).Str("in-basket", inbasket).Msg("a form is set aside: an attachment of it cannot be read")
}

// digestOf is the digest of a submission: of the form alone, or of the form and what was attached. d is that of the form:
// of its bytes, or of what its mapping says makes it the same. Attachments
// that are named after the form's file count by the rest of their name: the same form with the same files
// under another name is a repeat.
func digestOf(d connectors.Digest, files []journal.File, transport string) connectors.Digest {
	if len(files) == 0 {
		return d
	}
	h := sha256.New()
	h.Write(d[:])
	stem := strings.TrimSuffix(transport, path.Ext(transport))
	for _, f := range files {
		name := f.Name
		if rest, ok := strings.CutPrefix(name, stem); ok && stem != "" {
			name = "*" + rest
		}
		fmt.Fprintf(h, "%d:%s", len(name), name)
		h.Write(f.Digest[:])
	}
	return connectors.Digest(h.Sum(nil))
}

package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// flow is a submission's whole life, top to bottom:
//
//	identify → accept durably → answer the in-basket → map and encode → deliver (lane.go, sealed.go)
//	→ collect results (results.go) → publish events (push.go, frontoffice) → close
//
// Pure steps may be repeated at will. Every effect that a target does not record itself is journaled
// before and after.
type flow struct {
	journal *journal.Journal
	content *content.Store
	clock   connectors.Clock
	log     zerolog.Logger
	plans   *plans
	routes  map[string]*route
	lanes   map[string]*lane
	figures *figures
}

// route says which mapping a submission follows, and whom its result is owed to.
type route struct {
	name   string
	office string // owed the result; empty: nobody
	plan   *mapping.Plan
	within time.Duration

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
	read  bool // form is decoded
	lost  bool // an attachment could not be kept; it stays in the in-basket
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
		f.read(ctx, name, in, routes, read)
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		f.answer(ctx, name, in, taken)
	}()
	for batch := range read {
		receipts, fresh := f.accept(ctx, name, batch)
		taken <- receipts
		f.forward(ctx, fresh)
	}
	close(taken)
	<-done
	<-done
}

// read gets batches out of the in-basket and identifies them.
func (f *flow) read(ctx context.Context, name string, in connectors.Inbasket, routes []*route, out chan<- []*arrival) {
	trouble := troubles(f, kindInbasket, name)
	for ctx.Err() == nil {
		items, err := in.Next(ctx, pageItems)
		if err != nil {
			trouble.failed(ctx, err)
			continue
		}
		trouble.over()
		batch := make([]*arrival, len(items))
		parallel(len(items), func(i int) { batch[i] = f.identify(ctx, name, items[i], routes) })
		select {
		case out <- batch:
		case <-ctx.Done():
		}
	}
}

// identify finds route, reference and digest of a submission. What cannot be identified is accepted
// under its transport's identity and parked, so that nothing is lost.
func (f *flow) identify(ctx context.Context, inbasket string, item connectors.Submission, routes []*route) *arrival {
	a := &arrival{item: item, entry: journal.Arrival{
		Scope: "in-basket:" + inbasket, Inbasket: inbasket, Reference: item.Transport, Transport: item.Transport,
		ContentType: item.ContentType, Form: item.Form, At: item.At, ParkConflict: true,
	}}
	if a.entry.At.IsZero() {
		a.entry.At = f.clock.Now()
	}
	if err := f.keepAttachments(ctx, a); err != nil {
		a.lost = true
		f.log.Error().Str("code", CodeContent).Str("in-basket", inbasket).Err(err).Msg("an attachment could not be stored; the form stays in the in-basket")
		return a
	}
	a.entry.Digest = digestOf(a.entry.Form, a.entry.Attachments)
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
		a.entry.Park = &journal.Reason{Code: CodeUndecodable, Text: "the form cannot be decoded: " + err.Error(), Next: "ask the sender for a well-formed one, then reject this"}
		return
	}
	a.form, a.read = form, true
	if ref, ok := r.plan.Reference(form); ok && ref != "" {
		a.entry.Reference = ref
	}
	if wrong := r.plan.Validate(form); len(wrong) > 0 {
		a.entry.Reject = fieldErrors(wrong)
	}
}

// accept makes a batch durable and returns what the in-basket is told, and what goes on to the targets.
func (f *flow) accept(ctx context.Context, inbasket string, batch []*arrival) (receipts []connectors.Receipt, fresh []*arrived) {
	entries := make([]journal.Arrival, 0, len(batch))
	kept := make([]*arrival, 0, len(batch))
	for _, a := range batch {
		if a.lost {
			receipts = append(receipts, connectors.Receipt{Handle: a.item.Handle, Verdict: connectors.Released})
			continue
		}
		entries, kept = append(entries, a.entry), append(kept, a)
	}
	said, err := f.journal.Accept(ctx, entries)
	if err != nil {
		for _, a := range kept {
			receipts = append(receipts, connectors.Receipt{Handle: a.item.Handle, Verdict: connectors.Released})
		}
		if ctx.Err() == nil {
			f.log.Error().Str("code", CodeJournal).Str("in-basket", inbasket).Err(err).Msg("the journal cannot be written; forms stay in the in-basket until it can")
			f.wait(ctx, time.Second)
		}
		return receipts, nil
	}
	for i, a := range kept {
		s := said[i]
		r := connectors.Receipt{Handle: a.item.Handle, ID: s.ID.String(), Verdict: s.Verdict}
		if s.Verdict == connectors.Conflict {
			r.Reason = "the same " + s.On + " is known with other content; parked as " + s.ID.String()
		}
		receipts = append(receipts, r)
		if s.Verdict == connectors.Taken && s.State == journal.Accepted && a.read {
			fresh = append(fresh, &arrived{stored: a.stored(s.ID), plan: a.route.plan, form: a.form, read: true})
		}
	}
	f.figures.accepted(inbasket, receipts)
	return receipts, fresh
}

// answer tells the in-basket what became of its items, beside the rest of the flow.
func (f *flow) answer(ctx context.Context, name string, in connectors.Inbasket, taken <-chan []connectors.Receipt) {
	for receipts := range taken {
		// What was accepted is told even while the agent stops; else it comes again and is a repeat.
		ctx, cancel := graced(ctx)
		if err := in.Settle(ctx, receipts); err != nil {
			code, text := describe(err)
			f.log.Error().Str("code", code).Str("in-basket", name).Msg("accepted forms could not be cleared away; they are known as repeats when they come again: " + text)
		}
		cancel()
	}
}

// arrived is an accepted submission on its way to the targets.
type arrived struct {
	stored journal.Stored
	plan   *mapping.Plan
	form   mapping.Form
	read   bool // form is decoded
}

func (a *arrival) stored(id journal.ID) journal.Stored {
	e := &a.entry
	return journal.Stored{ID: id, Route: e.Route, Office: e.Office, Plan: e.Plan, Reference: e.Reference,
		ContentType: e.ContentType, Form: e.Form, Attachments: e.Attachments, At: e.At, Progress: journal.Pending}
}

// forward maps accepted submissions for all their targets and hands them to the lanes.
func (f *flow) forward(ctx context.Context, fresh []*arrived) {
	if len(fresh) == 0 {
		return
	}
	made := make([]prepared, len(fresh))
	parallel(len(fresh), func(i int) { made[i] = f.prepareOne(fresh[i], "") })
	byTarget := f.carryOut(ctx, made)
	for target, parcels := range byTarget {
		if l := f.lanes[target]; l != nil {
			l.offer(ctx, parcels)
		}
	}
}

// prepare maps stored submissions for one target, for a lane that reads its backlog from the journal.
func (f *flow) prepare(ctx context.Context, target string, page []journal.Stored) []*parcel {
	if len(page) == 0 {
		return nil
	}
	made := make([]prepared, len(page))
	parallel(len(page), func(i int) {
		a := &arrived{stored: page[i]}
		if a.plan, made[i].err = f.plans.get(ctx, page[i].Plan); made[i].err == nil {
			made[i] = f.prepareOne(a, target)
		} else {
			made[i].stored = &a.stored
		}
	})
	return f.carryOut(ctx, made)[target]
}

// resolved lets deliveries go on that waited for a value which another target has returned.
func (f *flow) resolved(ctx context.Context, from string, ids []journal.ID) {
	for target, l := range f.lanes {
		if target == from {
			continue
		}
		stored, err := f.journal.Load(ctx, target, ids)
		if err != nil {
			l.again()
			continue
		}
		waiting := stored[:0]
		for _, s := range stored {
			if s.Progress == journal.Waiting {
				waiting = append(waiting, s)
			}
		}
		if len(waiting) > 0 {
			l.admit(f.prepare(ctx, target, waiting))
		}
	}
}

// prepared is what mapping one submission led to.
type prepared struct {
	stored  *journal.Stored
	parcels []*parcel // one a target, nil entries left out
	targets []string  // of parcels
	changes []journal.Change
	wrong   []mapping.FieldError // the form's fault
	err     error                // ours
}

// prepareOne maps one submission, for one target or, when only is empty, for all of them.
func (f *flow) prepareOne(a *arrived, only string) (p prepared) {
	p.stored = &a.stored
	defer func() {
		if r := recover(); r != nil {
			p = prepared{stored: &a.stored, err: fmt.Errorf("mapping panicked: %v\n%s", r, debug.Stack())}
		}
	}()
	if !a.read {
		if a.form, p.err = a.plan.Decode(a.stored.Form, a.stored.ContentType); p.err != nil {
			return p
		}
	}
	in := f.inputOf(&a.stored)
	mapped, err := a.plan.Map(a.form, in)
	if err != nil {
		var wrong *mapping.MapError
		if errors.As(err, &wrong) {
			p.wrong = wrong.Fields
		} else {
			p.err = err
		}
		return p
	}
	for i := range mapped.Deliveries {
		d := &mapped.Deliveries[i]
		if only != "" && d.Target != only {
			continue
		}
		if p.add(f, a, in, d); p.err != nil {
			return p
		}
	}
	return p
}

// add turns one mapped delivery into a parcel, or into what is journaled instead.
func (p *prepared) add(f *flow, a *arrived, in mapping.Input, d *mapping.Delivery) {
	switch {
	case d.Empty:
		p.changes = append(p.changes, journal.Change{ID: a.stored.ID, Target: d.Target, To: journal.Skipped, Final: f.lastWord(a)})
		return
	case len(d.Needs) > 0:
		if a.stored.Progress != journal.Waiting {
			p.changes = append(p.changes, journal.Change{ID: a.stored.ID, Target: d.Target, To: journal.Waiting})
		}
		return
	}
	l := f.lanes[d.Target]
	if l == nil {
		return // the target was removed with an explicit word; the delivery stays open in the journal
	}
	parcel, err := l.pack(a, in, d)
	if err != nil {
		var wrong *mapping.MapError
		if errors.As(err, &wrong) {
			p.wrong = append(p.wrong, wrong.Fields...)
			return
		}
		p.err = err
		return
	}
	parcel.final = f.lastWord(a)
	p.parcels, p.targets = append(p.parcels, parcel), append(p.targets, d.Target)
}

// lastWord tells whether nothing comes after delivered: the mapping reads no decisions, and the route sets no
// time within which a person makes one.
func (f *flow) lastWord(a *arrived) bool {
	if answers(a.plan) {
		return false
	}
	r := f.routes[a.stored.Route]
	return r == nil || r.within == 0
}

// carryOut journals what mapping led to beside parcels, and sorts the parcels by target.
func (f *flow) carryOut(ctx context.Context, made []prepared) map[string][]*parcel {
	byTarget := map[string][]*parcel{}
	var changes []journal.Change
	var refused []prepared
	for _, p := range made {
		if p.err != nil || len(p.wrong) > 0 {
			refused = append(refused, p)
			continue
		}
		changes = append(changes, p.changes...)
		for i, q := range p.parcels {
			byTarget[p.targets[i]] = append(byTarget[p.targets[i]], q)
		}
	}
	if err := applyAll(ctx, f.journal, changes); err != nil {
		f.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot journal what the mapping skips; it is mapped again later")
	}
	// Side by side, so that the journal commits them together.
	parallel(len(refused), func(i int) { f.refuse(ctx, refused[i]) })
	return byTarget
}

// refuse rejects a wrong form, or parks what we cannot map.
func (f *flow) refuse(ctx context.Context, p prepared) {
	ctx, cancel := graced(ctx)
	defer cancel()
	var err error
	if p.err == nil {
		reason := journal.Reason{Code: CodeFormWrong, Text: "the form is wrong: see the field errors", Next: "the front office was told"}
		err = f.journal.Reject(ctx, p.stored.ID, fieldErrors(p.wrong), reason, "", false)
		if errors.Is(err, journal.ErrPartlyDelivered) {
			err = f.journal.ParkSubmission(ctx, p.stored.ID, journal.Reason{Code: CodePartly, Text: "the form is wrong for one target, and another has it already",
				Next: "mend the mapping and retry, or reject with --force"})
		}
	} else {
		err = f.journal.ParkSubmission(ctx, p.stored.ID, journal.Reason{Code: CodeMapping, Text: "the mapping cannot handle this form",
			Next: "mend the mapping, then inbasket retry --mapping NEW", Raw: p.err.Error()})
	}
	if err != nil {
		f.log.Error().Str("code", CodeJournal).Str("submission", p.stored.ID.String()).Err(err).Msg("cannot journal the refusal; it is mapped again later")
	}
}

func (f *flow) inputOf(s *journal.Stored) mapping.Input {
	in := mapping.Input{ID: s.ID.String(), Reference: s.Reference, Received: s.At, Returned: s.Returned}
	for _, a := range s.Attachments {
		in.Attachments = append(in.Attachments, connectors.Attachment{Name: a.Name, ContentType: a.ContentType, Blob: f.content.Blob(a.Digest, a.Size)})
	}
	return in
}

// keepAttachments puts a submission's attachments into the content store, before it is accepted.
func (f *flow) keepAttachments(ctx context.Context, a *arrival) error {
	for _, at := range a.item.Attachments {
		r, err := at.Blob.Open()
		if err != nil {
			return err
		}
		blob, err := f.content.Put(ctx, r, maxContent)
		_ = r.Close()
		if err != nil {
			return err
		}
		a.entry.Attachments = append(a.entry.Attachments, journal.File{Name: at.Name, ContentType: at.ContentType, Digest: blob.Digest, Size: blob.Size})
	}
	return nil
}

// digestOf is the digest of a submission: of the form alone, or of the form and what was attached.
func digestOf(form []byte, files []journal.File) connectors.Digest {
	d := sha256.Sum256(form)
	if len(files) == 0 {
		return d
	}
	h := sha256.New()
	h.Write(d[:])
	for _, f := range files {
		fmt.Fprintf(h, "%d:%s", len(f.Name), f.Name)
		h.Write(f.Digest[:])
	}
	return connectors.Digest(h.Sum(nil))
}

// orderOf returns the order key of a stored submission's delivery to a target; empty: none, or unknown.
func (f *flow) orderOf(ctx context.Context, s *journal.Stored, target string) string {
	plan, err := f.plans.get(ctx, s.Plan)
	if err != nil {
		return ""
	}
	form, err := plan.Decode(s.Form, s.ContentType)
	if err != nil {
		return ""
	}
	mapped, err := plan.Map(form, f.inputOf(s))
	if err != nil {
		return ""
	}
	for _, d := range mapped.Deliveries {
		if d.Target == target {
			return d.Order
		}
	}
	return ""
}

// Package intake takes forms: out of in-baskets, and as front offices post them. Each is read and identified, accepted durably,
// and answered; then it goes on to the lanes.
package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// atOnce is how many forms are taken or accepted at once.
const atOnce = 300

// Codes of forms that cannot be taken as they are. Each is stable; docs/errors.md is generated from this list.
const (
	CodeReference = "form.reference" // the form's reference is longer than 200 characters, or has characters that nobody sees; the sender was told
)

// Options are what an intake is made of.
type Options struct {
	Journal  *journal.Journal
	Content  *content.Store
	Clock    connectors.Clock
	Log      zerolog.Logger
	Counters *health.Counters
	Waiting  *waiting.Items
	Routes   map[string]*prepare.Route
	Lanes    *lane.Lanes
}

// Intake takes the forms of one configuration.
type Intake struct {
	Options
	posted chan *lane.Admission // from front offices, accepted, on their way to the targets
}

// New makes an intake.
func New(o Options) *Intake { return &Intake{o, make(chan *lane.Admission, atOnce)} }

// arrival is a submission on its way to acceptance.
type arrival struct {
	item  connectors.Submission
	route *prepare.Route
	form  mapping.Form
	read  bool   // form is decoded
	lost  bool   // an attachment could not be kept; it stays in the in-basket
	aside string // why it cannot be taken at all: it is set aside
	entry journal.Arrival

	others  []*prepare.Route // between which and its own the form itself chose
	several *file            // it has several forms, which go on instead of it
	part    *part            // it is one of several
}

// Serve takes submissions out of one in-basket by three loops: the next batch is read and decoded while the last one is
// made durable, and the in-basket is told beside.
func (f *Intake) Serve(g *loop.Group, name string, in connectors.Inbasket, routes []*prepare.Route) {
	read := make(chan []*arrival, 1)
	taken := make(chan []connectors.Receipt, 2)
	g.Go(health.Inbasket, name, func(ctx context.Context) {
		defer close(read)
		f.take(ctx, name, in, routes, read)
	})
	g.Go(health.Inbasket, name, func(ctx context.Context) {
		defer close(taken)
		ending := context.WithoutCancel(ctx) // what was read is taken
		for {
			batch, ok := loop.Receive(ending, read)
			if !ok {
				return
			}
			admitted := f.Lanes.Begin()
			receipts, fresh := f.accept(ctx, name, batch)
			goesOn := admitted.Accepted(fresh...)
			loop.Send(ending, taken, receipts) // to answer, which may hang in the in-basket
			if goesOn {
				f.Lanes.Forward(ctx, admitted)
			}
		}
	})
	g.Go(health.Inbasket, name, func(ctx context.Context) { f.answer(ctx, name, in, taken) })
}

// take gets batches out of the in-basket and identifies them.
func (f *Intake) take(ctx context.Context, name string, in connectors.Inbasket, routes []*prepare.Route, out chan<- []*arrival) {
	trouble := f.Counters.Trouble(health.Inbasket, name, f.Log)
	for ctx.Err() == nil {
		var items []connectors.Submission
		err := loop.Ask(ctx, "take forms", func() (err error) { items, err = in.Next(ctx, atOnce); return err })
		if err != nil {
			trouble.Failed(ctx, err)
			continue
		}
		trouble.Over()
		batch := make([]*arrival, len(items))
		over := loop.Calling(ctx, "read attachments", time.Hour) // of all of them, from the in-basket
		loop.Parallel(len(items), func(i int) { batch[i] = f.identify(ctx, name, items[i], routes) })
		over()
		f.batches(ctx, batch, out)
	}
}

// identify finds route, reference and digest of a submission. What cannot be identified is accepted
// under a name of ours and parked, so that nothing is lost.
func (f *Intake) identify(ctx context.Context, inbasket string, item connectors.Submission, routes []*prepare.Route) *arrival {
	a := &arrival{item: item, entry: journal.Arrival{
		Scope: "in-basket:" + inbasket, Inbasket: inbasket, Reference: f.UnreadName(item.Transport), Transport: item.Transport,
		ContentType: item.ContentType, Form: item.Form, At: item.At, ParkConflict: true,
	}}
	if a.entry.At.IsZero() {
		a.entry.At = f.Clock.Now()
	}
	able := prepare.Named(routes, item.Transport)
	if a.choose(able); a.route != nil {
		a.item.Attachments = append(a.item.Attachments, carried(a.route, item.Form)...)
	}
	if failed := f.keepAttachments(ctx, a); failed != nil {
		f.unkeep(ctx, inbasket, a, failed)
		return a
	}
	a.entry.Digest = digestOf(rawDigest(a.entry.Form), a.entry.Attachments, item.Transport)
	if a.route == nil {
		return a
	}
	a.entry.Elsewhere, a.entry.Takes = f.elsewhere(a.route, a.others), takes(a.route, routes)
	if a.several = split(a); a.several == nil && a.entry.Park == nil {
		read(a)
	}
	return a
}

// choose finds the route of a form among those that may take it.
func (a *arrival) choose(able []*prepare.Route) {
	defer a.recovered()
	a.route, a.form, a.entry.Park = prepare.Choose(able, a.entry.Form, a.entry.ContentType)
	a.chosen(able)
}

// chosen keeps the routes that might have been the form's as well.
func (a *arrival) chosen(able []*prepare.Route) {
	a.others = nil
	for _, r := range able {
		if a.route != nil && r != a.route && (r.Plan.Selects() || a.route.Plan.Selects()) {
			a.others = append(a.others, r)
		}
	}
}

// takes tells whether a route is that of a form among others of an in-basket. Where that breaks, it may be.
func takes(r *prepare.Route, among []*prepare.Route) journal.Takes {
	return func(form []byte, contentType, transport string) (yes bool) {
		defer func() {
			if recover() != nil {
				yes = true
			}
		}()
		one, _, _ := prepare.Choose(prepare.Named(among, transport), form, contentType)
		return one == r
	}
}

// read decodes and validates one form for its route.
func read(a *arrival) {
	defer a.recovered()
	r, form := a.route, a.form
	a.entry.Scope, a.entry.Office, a.entry.Route = r.Scope(), r.Office, r.Name
	a.entry.Plan, a.entry.Targets = r.Plan.Digest(), r.Plan.Targets()
	var err error
	if form == nil {
		form, err = r.Plan.Decode(a.entry.Form, a.entry.ContentType)
	}
	if err != nil {
		if a.part != nil {
			err = a.part.form.Located(err)
		}
		why := prepare.Undecodable(err)
		a.entry.Park = &why
		return
	}
	if reason := nothing(mapping.Tree(form), r.Plan.Format()); reason != "" {
		a.entry.Park = &journal.Reason{Code: prepare.CodeUndecodable, Text: reason, Next: "ask the sender for a form, then reject this"}
		return
	}
	a.form, a.read = form, true
	ref, failed := r.Plan.Reference(form)
	if ref == "" && a.part != nil {
		a.entry.Digest = a.part.chain
	}
	a.recognise()
	if reason := improper(ref); reason == edgeBlank && !edged(mapping.Tree(form)) {
		ref, failed = "", &mapping.Fault{At: "input.reference", Cause: mapping.FieldError{Code: CodeReference, Message: "the reference " + reason}}
	} else if reason != "" {
		a.refuseReference(reason, ref)
		return
	}
	switch {
	case ref != "":
		a.entry.Reference, a.entry.Named = ref, true
	case failed == nil:
		a.entry.Reference = a.entry.Transport
	}
	a.renamed()
	if err = r.Plan.Validate(form); err == nil {
		err = failed
	}
	var wrong *mapping.MapError
	switch {
	case errors.As(err, &wrong):
		a.entry.Reject = prepare.FieldErrors(wrong.Fields)
		a.entry.Why = &journal.Reason{Code: prepare.CodeFormWrong, Text: "the form is wrong: see the field errors"}
	case err != nil:
		why := prepare.Unmapped(err)
		a.entry.Park = &why
	}
	a.findable()
}

// recovered parks a form whose reading broke the agent; it is deferred.
func (a *arrival) recovered() {
	if p := recover(); p != nil {
		a.read, a.entry.Park = false, &journal.Reason{Code: loop.CodePanic, Text: "reading the form broke the agent", Next: "send diagnostics to the maintainers", Raw: fmt.Sprintf("%v\n%s", p, debug.Stack())}
	}
}

// accept makes a batch durable and returns what the in-basket is told, and what goes on to the targets.
func (f *Intake) accept(ctx context.Context, inbasket string, batch []*arrival) (receipts []connectors.Receipt, fresh []*prepare.Form) {
	entries := make([]journal.Arrival, 0, len(batch))
	kept := make([]*arrival, 0, len(batch))
	var ended []connectors.Receipt // of forms
	tell := func(a *arrival, r connectors.Receipt) {
		r.Handle = a.item.Handle
		ended = append(ended, r)
		if r, all := a.told(r); all {
			receipts = append(receipts, r)
		}
	}
	for _, a := range batch {
		switch {
		case a.lost:
			tell(a, connectors.Receipt{Verdict: connectors.Released})
		case a.aside != "":
			tell(a, connectors.Receipt{Verdict: connectors.Refused, Reason: a.aside})
		default:
			entries, kept = append(entries, a.entry), append(kept, a)
		}
	}
	said, err := accepting.Of(f.Journal).Accept(ctx, entries)
	if err != nil {
		for _, a := range kept {
			tell(a, connectors.Receipt{Verdict: connectors.Released})
		}
		if ctx.Err() == nil {
			f.Log.Error().Str("code", journal.CodeUnavailable).Str("in-basket", inbasket).Err(err).Msg("the journal cannot be written; forms stay in the in-basket until it can")
			loop.Pause(ctx, f.Clock, time.Second)
		}
		return receipts, nil
	}
	now := f.Clock.Now()
	for i, a := range kept {
		s := said[i]
		r := connectors.Receipt{ID: s.ID.String(), Verdict: s.Verdict}
		if s.Verdict == connectors.Conflict {
			r.Reason = "the same " + s.On + " is known with other content; parked as " + s.ID.String()
		}
		tell(a, r)
		if s.Again {
			f.Lanes.Again(a.entry.Targets...) // it has an older ID than what the lanes have seen, or is doubtful
			continue
		}
		if s.Verdict == connectors.Taken && s.State == journal.Accepted && a.read {
			fresh = append(fresh, a.accepted(s.ID, now))
		}
	}
	f.Counters.Accepted(inbasket, ended)
	return receipts, fresh
}

// accepted is what goes on to the targets.
func (a *arrival) accepted(id journal.ID, at time.Time) *prepare.Form {
	e := &a.entry
	return &prepare.Form{Plan: a.route.Plan, Content: a.form, Decoded: true, Stored: journal.Stored{ID: id, Route: e.Route, Office: e.Office, Plan: e.Plan,
		Digest: e.Digest, Reference: e.Reference, ContentType: e.ContentType, Form: e.Form, Attachments: e.Attachments, At: e.At, Accepted: at, Progress: journal.Pending}}
}

// keepAttachments puts a submission's attachments into the content store, before it is accepted.
func (f *Intake) keepAttachments(ctx context.Context, a *arrival) *waiting.NotKept {
	if lost := f.Waiting.Missing(health.Inbasket, a.entry.Inbasket, a.item.Handle, a.item.Attachments); lost != nil {
		return lost
	}
	for _, at := range a.item.Attachments {
		file, failed := waiting.Keep(ctx, f.Content, at)
		if failed != nil {
			return failed
		}
		a.entry.Attachments = append(a.entry.Attachments, file)
	}
	if len(a.item.Attachments) > 0 {
		f.Waiting.Gone(health.Inbasket, a.entry.Inbasket, a.item.Handle)
	}
	return nil
}

// unkeep says what becomes of a form whose attachment could not be kept: it waits alone, named in status but nowhere
// else, since a citizen may have named it; once its time is over, or where waiting does not help, it is set aside.
func (f *Intake) unkeep(ctx context.Context, inbasket string, a *arrival, failed *waiting.NotKept) {
	w := failed.Item("form " + a.item.Transport)
	if ctx.Err() != nil || !failed.Large && !f.Waiting.Add(health.Inbasket, inbasket, a.item.Handle, w) {
		a.lost = true
		return
	}
	f.Waiting.Gone(health.Inbasket, inbasket, a.item.Handle)
	a.aside = "The attachment " + failed.Name + " could not be taken: " + w.Text + "."
	f.Counters.Notice(connectors.Notice{Code: w.Code, Text: "in-basket " + inbasket + ": a form is set aside, because an attachment of it cannot be read; the text beside it in the error folder says which"})
	f.Log.Error().Str("code", w.Code).Str("in-basket", inbasket).Msg("a form is set aside: an attachment of it cannot be read")
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

// Read reads what was accepted without being read, for the one of some routes that takes it now, as if it had just arrived; routes are all of its
// in-basket.
func (f *Intake) Read(routes, able []*prepare.Route, inbasket, transport, contentType string, form []byte, attachments []journal.File) journal.Arrival {
	a := &arrival{item: connectors.Submission{Transport: transport}, entry: journal.Arrival{Inbasket: inbasket,
		Reference: f.UnreadName(transport), Transport: transport, ContentType: contentType, Form: form, Attachments: attachments}}
	if a.choose(able); a.route == nil {
		return a.entry
	}
	a.entry.Digest = digestOf(rawDigest(form), attachments, transport)
	a.entry.Elsewhere, a.entry.Takes = f.elsewhere(a.route, a.others), takes(a.route, routes)
	read(a)
	if inside := carried(a.route, form); len(inside) > len(attachments) {
		a.entry.Park = &journal.Reason{Code: prepare.CodeUndecodable, Text: "the files in it were not kept, since no route took it when it came", Next: "put it into the in-basket again, then reject this"}
	}
	return a.entry
}

package agent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
)

// Submit accepts a form that a front office posted. Unlike a form from a folder, one that cannot be read
// or breaks the schema is refused at once: the sender is there to be told.
func (a *Agent) Submit(ctx context.Context, office string, in frontoffice.Incoming) (frontoffice.Receipt, error) {
	f := a.current().flow
	r, err := f.routeOf(office, in.Route)
	if err != nil {
		return frontoffice.Receipt{}, err
	}
	arr := &arrival{route: r, entry: journal.Arrival{Inbasket: "http", IdempotencyKey: in.IdempotencyKey,
		ContentType: in.ContentType, Form: in.Form, At: a.clock.Now()}}
	for _, at := range in.Attachments {
		arr.entry.Attachments = append(arr.entry.Attachments, journal.File{Name: at.Name, ContentType: at.ContentType, Digest: at.Blob.Digest, Size: at.Blob.Size})
	}
	arr.entry.Digest = digestOf(in.Form, arr.entry.Attachments)
	// A form without a reference of its own is known by its idempotency key, else by its content.
	if arr.entry.Transport = in.IdempotencyKey; arr.entry.Transport == "" {
		arr.entry.Transport = fmt.Sprintf("sha256:%x", arr.entry.Digest)
	}
	arr.entry.Reference = arr.entry.Transport
	f.read1(arr)
	if err := refusal(&arr.entry); err != nil {
		return frontoffice.Receipt{}, err
	}
	said, err := a.journal.Accept(ctx, []journal.Arrival{arr.entry})
	if err != nil {
		a.log.Error().Str("code", CodeJournal).Str("front-office", office).Err(err).Msg("a posted form could not be journaled; the front office was asked to repeat it")
		return frontoffice.Receipt{}, frontoffice.Unavailable(10 * time.Second)
	}
	s := said[0]
	f.figures.metrics.Accepted("http", s.Verdict, 1)
	if s.Verdict == connectors.Taken && s.State == journal.Accepted {
		a.goForward(&arrived{stored: arr.stored(s.ID), plan: r.plan, form: arr.form, read: true})
	}
	return frontoffice.Receipt{ID: s.ID, Verdict: s.Verdict, State: s.State, Reference: arr.entry.Reference, On: s.On}, nil
}

// goForward maps and delivers beside the answer to the front office, which only waits for acceptance.
func (a *Agent) goForward(one *arrived) {
	a.mu.Lock()
	defer a.mu.Unlock()
	rt := a.assembly
	rt.running.Go(func() {
		if ctx := rt.ctx; ctx != nil {
			rt.flow.forward(ctx, []*arrived{one})
		}
	})
}

// refusal says what a front office is told at once instead of an acceptance.
func refusal(e *journal.Arrival) error {
	switch {
	case e.Park != nil && e.Park.Code == CodeUndecodable:
		return frontoffice.Malformed([]journal.FieldError{{Code: CodeUndecodable, Message: e.Park.Text}})
	case len(e.Reject) > 0:
		return &frontoffice.Refusal{Status: 422, Code: CodeFormWrong, Detail: "The form breaks its schema.", Errors: e.Reject}
	}
	return nil
}

// routeOf returns the route that a front office means: the one it names, or the only one it has.
func (f *flow) routeOf(office, name string) (*route, error) {
	var mine []string
	var found *route
	for _, r := range f.routes {
		if r.office != office {
			continue
		}
		mine = append(mine, r.name)
		if name == r.name || name == "" {
			found = r
		}
	}
	if found == nil || name == "" && len(mine) > 1 {
		slices.Sort(mine)
		return nil, frontoffice.RouteNeeded(mine)
	}
	return found, nil
}

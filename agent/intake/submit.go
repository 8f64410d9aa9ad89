package intake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/frontoffice"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/accepting"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
	"github.com/inbasket/inbasket/mapping/expr/value"
)

// Submit accepts a form that a front office posted. Unlike a form from a folder, one that cannot be read
// or breaks the schema is refused at once: the sender is there to be told. What is returned with the receipt is to be given to
// Forward of the intake that is then in force; nil: nothing.
func (f *Intake) Submit(ctx context.Context, office string, in frontoffice.Incoming) (frontoffice.Receipt, *lane.Admission, error) {
	able, err := f.routesOf(office, in.Route)
	if err != nil {
		return frontoffice.Receipt{}, nil, err
	}
	arr := &arrival{entry: journal.Arrival{Inbasket: "http", IdempotencyKey: in.IdempotencyKey,
		ContentType: in.ContentType, Form: in.Form, At: f.Clock.Now()}}
	for _, at := range in.Attachments {
		arr.entry.Attachments = append(arr.entry.Attachments, journal.File{Name: at.Name, ContentType: at.ContentType, Digest: at.Blob.Digest, Size: at.Blob.Size})
	}
	unrouted := arr.routed(able)
	if err := f.keepCarried(ctx, arr); err != nil {
		return frontoffice.Receipt{}, nil, err
	}
	arr.entry.Digest = digestOf(rawDigest(in.Form), arr.entry.Attachments, "")
	// A form without a reference of its own is known by its idempotency key, else by its content.
	if arr.entry.Transport = in.IdempotencyKey; arr.entry.Transport == "" {
		arr.entry.Transport = fmt.Sprintf("sha256:%x", arr.entry.Digest)
	}
	arr.entry.Reference = arr.entry.Transport
	read(arr)
	arr.entry.Elsewhere = f.elsewhere(arr.route, arr.others)
	arr.derive()
	// A known form keeps its answer, also when its mapping has become stricter since; and what a known key or
	// reference comes with is a conflict on record, however wrong it is in itself.
	refused := cmp.Or(unrouted, refusal(&arr.entry))
	if refused == nil && in.Over != nil {
		refused = in.Over
	}
	arr.entry.KnownOnly = refused != nil
	admitted, goesOn := f.Lanes.Begin(), false
	defer func() {
		if !goesOn {
			admitted.Done()
		}
	}()
	said, err := accepting.Of(f.Journal).Accept(ctx, []journal.Arrival{arr.entry})
	if err != nil {
		f.Log.Error().Str("code", journal.CodeUnavailable).Str("front-office", office).Err(err).Msg("a posted form could not be journaled; the front office was asked to repeat it")
		return frontoffice.Receipt{}, nil, frontoffice.Unavailable(10 * time.Second)
	}
	s := said[0]
	if s.ID == 0 {
		return frontoffice.Receipt{}, nil, refused
	}
	f.Counters.Metrics.Accepted("http", s.Verdict, 1)
	if s.Again {
		f.Lanes.Again(arr.entry.Targets...)
	} else if s.Verdict == connectors.Taken && s.State == journal.Accepted {
		goesOn = admitted.Accepted(arr.accepted(s.ID, f.Clock.Now()))
	}
	receipt := frontoffice.Receipt{ID: s.ID, Verdict: s.Verdict, State: s.State, Reference: arr.entry.Reference, On: s.On}
	if !goesOn {
		return receipt, nil, nil
	}
	return receipt, admitted, nil
}

// routed finds the route of a posted form. One that none takes is refused; it is read by the first, since it may be known all the same.
func (a *arrival) routed(able []*prepare.Route) error {
	if a.choose(able); a.route != nil {
		return nil
	}
	why := a.entry.Park
	a.route, a.entry.Park = able[0], nil
	a.chosen(able)
	if why.Code != prepare.CodeNoRoute { // which is no fault of the form
		return frontoffice.Later(why.Code, why.Text, time.Minute)
	}
	return frontoffice.Refuse(http.StatusUnprocessableEntity, why.Code, why.Text+".")
}

// Forward hands a form on to be mapped and delivered beside the answer to the front office, which only
// waits for acceptance. Who posts the next form after that answer finds it behind this one.
func (f *Intake) Forward(one *lane.Admission) {
	select {
	case f.posted <- one:
	default: // more than can be mapped now: the lanes read it from the journal
		f.Lanes.Again(one.Targets()...)
		one.Done()
	}
}

// ForwardPosted carries on what front offices post, in order, until ctx ends. What is left then is in
// the journal.
func (f *Intake) ForwardPosted(ctx context.Context) {
	for {
		var batch []*lane.Admission
		one, ok := loop.Receive(ctx, f.posted)
		if !ok {
			return
		}
		batch = append(batch, one)
		for more := true; more && len(batch) < atOnce; {
			select {
			case one := <-f.posted:
				batch = append(batch, one)
			default:
				more = false
			}
		}
		f.Lanes.Forward(ctx, batch...)
	}
}

// refusal says what a front office is told at once instead of an acceptance.
func refusal(e *journal.Arrival) error {
	switch {
	case e.Park != nil && e.Park.Code == prepare.CodeUndecodable:
		return frontoffice.Malformed(journal.FieldError{Code: prepare.CodeUndecodable, Message: e.Park.Text})
	case len(e.Reject) > 0 && e.Why != nil && e.Why.Code == CodeReference:
		return frontoffice.Refuse(http.StatusUnprocessableEntity, CodeReference, e.Why.Text+".", e.Reject...)
	case e.Park != nil && e.Park.Code == mapping.CodeNotMine:
		return frontoffice.Refuse(http.StatusUnprocessableEntity, mapping.CodeNotMine, e.Park.Text+".")
	case e.Park != nil && e.Park.Code == value.CodeLimit:
		return frontoffice.Refuse(http.StatusRequestEntityTooLarge, value.CodeLimit, e.Park.Text)
	case len(e.Reject) > 0:
		return frontoffice.Refuse(http.StatusUnprocessableEntity, prepare.CodeFormWrong, "The form is wrong: see errors.", e.Reject...)
	}
	return nil
}

// elsewhere are the other routes among whose forms references are unique as well, but those between which the form itself chooses.
func (f *Intake) elsewhere(r *prepare.Route, chosen []*prepare.Route) (names []string) {
	for _, other := range f.Routes {
		if other.Name != r.Name && other.Scope() == r.Scope() && !slices.Contains(chosen, other) {
			names = append(names, other.Name)
		}
	}
	return names
}

// routesOf returns the routes that a front office may mean: the one it names, or else all, if at most one of them takes whatever comes.
func (f *Intake) routesOf(office, name string) (able []*prepare.Route, err error) {
	var mine []string
	all := 0
	for _, key := range slices.Sorted(maps.Keys(f.Routes)) {
		r := f.Routes[key]
		if r.Office != office {
			continue
		}
		mine = append(mine, r.Name)
		switch {
		case name != "" && name != r.Name:
		case r.Plan.Selects():
			able = slices.Insert(able, len(able)-all, r) // before the one that takes the rest
		default:
			able = append(able, r)
			all++
		}
	}
	if len(able) == 0 || all > 1 {
		return nil, frontoffice.RouteNeeded(mine)
	}
	return able, nil
}

package agent

import (
	"context"
	"fmt"
	"iter"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/intake"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/connectors"
)

// The orders of operators and clerks; *Agent is a control.Operator.
var _ control.Operator = (*Agent)(nil)

// List returns submissions.
func (a *Agent) List(ctx context.Context, f journal.Filter) ([]journal.Entry, error) {
	return a.journal.List(ctx, f)
}

// Status tells how everything stands.
func (a *Agent) Status(ctx context.Context) (control.Status, error) { return a.health.Status(ctx) }

// Show returns everything about one submission, without what the citizen wrote.
func (a *Agent) Show(ctx context.Context, id journal.ID) (journal.View, error) {
	return a.journal.Show(ctx, id)
}

// Batches returns a target's sealed batches.
func (a *Agent) Batches(ctx context.Context, target string, openOnly bool) ([]journal.Batch, error) {
	return a.journal.Batches(ctx, target, openOnly)
}

// Retry tries parked submissions again, on the mapping in force now if asked.
func (a *Agent) Retry(ctx context.Context, r control.RetryRequest) ([]control.Settled, error) {
	if err := a.notHeld(); err != nil {
		return nil, err
	}
	ids := r.IDs
	if len(ids) == 0 {
		var err error
		if ids, err = a.parked(ctx, r); err != nil {
			return nil, err
		}
	}
	settled := a.each(ids, func(id journal.ID) (control.Settled, error) {
		if r.Mapping {
			if err := a.repin(ctx, id, r.By); err != nil {
				return control.Settled{}, err
			}
			return a.goOn(ctx, id)
		}
		return a.releaseOne(ctx, id, r.By)
	})
	a.tryAgain(r.Target) // at last: a batch that goes settles all its forms at once
	return settled, nil
}

// parked selects the parked submissions that a request without IDs means.
func (a *Agent) parked(ctx context.Context, r control.RetryRequest) (ids []journal.ID, err error) {
	f := journal.Filter{State: journal.Parked, Route: r.Route, Limit: pageForms}
	if r.Target != "" {
		f.State, f.Target, f.Progress = "", r.Target, journal.Held
	}
	for {
		page, err := a.journal.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if r.Code == "" || e.Code == r.Code {
				ids = append(ids, e.ID)
			}
		}
		if len(page) < f.Limit {
			return ids, nil
		}
		f.After = page[len(page)-1].ID
	}
}

// repin gives a submission the mapping that its route has now.
func (a *Agent) repin(ctx context.Context, id journal.ID, by string) error {
	view, err := a.journal.Show(ctx, id)
	if err != nil {
		return err
	}
	unread, err := a.unassigned(ctx, view)
	switch {
	case err != nil:
		return err
	case unread:
		return a.assign(ctx, view, by)
	}
	r := a.current().flow.prepare.Routes[view.Route]
	if r == nil {
		return &control.Error{Code: intake.CodeNoRoute, Message: fmt.Sprintf("submission %s belongs to no route of the configuration", id), Hint: "add the route, reload, and retry", Status: http.StatusConflict}
	}
	return a.behindBar(ctx, id, false, func() error {
		return a.journal.Repin(ctx, id, r.Plan.Digest(), r.Plan.Targets(), by)
	})
}

// Release lets parked submissions go on as they are.
func (a *Agent) Release(ctx context.Context, r control.ReleaseRequest) ([]control.Settled, error) {
	if err := a.notHeld(); err != nil {
		return nil, err
	}
	return a.each(r.IDs, func(id journal.ID) (control.Settled, error) { return a.releaseOne(ctx, id, r.By) }), nil
}

func (a *Agent) releaseOne(ctx context.Context, id journal.ID, by string) (control.Settled, error) {
	view, err := a.journal.Show(ctx, id)
	if err != nil {
		return control.Settled{}, err
	}
	if view.Route == "" && view.State == journal.Parked {
		if err := a.assign(ctx, view, by); err != nil {
			return control.Settled{}, err
		}
		return a.goOn(ctx, id)
	}
	if _, err := a.journal.Release(ctx, id, by); err != nil {
		return control.Settled{}, err
	}
	return a.goOn(ctx, id)
}

// goOn makes the lanes look for a submission's open deliveries, and says where it stands.
func (a *Agent) goOn(ctx context.Context, id journal.ID) (control.Settled, error) {
	s, err := a.settled(ctx, id)
	if err != nil {
		return s, err
	}
	if len(s.Targets) > 0 {
		a.current().flow.lanes.Again(s.Targets...)
	}
	return s, nil
}

// settled says where a submission stands and which targets it is open for.
func (a *Agent) settled(ctx context.Context, id journal.ID) (control.Settled, error) {
	view, err := a.journal.Show(ctx, id)
	if err != nil {
		return control.Settled{}, err
	}
	s := control.Settled{ID: id, State: string(view.State)}
	for _, d := range view.Deliveries {
		switch d.Progress {
		case journal.Done, journal.Skipped, journal.Dropped, journal.Held:
		default:
			s.Targets = append(s.Targets, d.Target)
		}
	}
	return s, nil
}

// each answers for each submission; one that fails does not keep the others from being settled.
func (a *Agent) each(ids []journal.ID, do func(journal.ID) (control.Settled, error)) []control.Settled {
	out := make([]control.Settled, 0, len(ids))
	for _, id := range ids {
		s, err := do(id)
		if err != nil {
			s.Error = control.ErrorOf(err)
		}
		s.ID = id
		out = append(out, s)
	}
	return out
}

// tryAgain makes a target's circuit, or with an empty name those of all, be tried at once.
func (a *Agent) tryAgain(target string) {
	for name, l := range a.current().flow.lanes.All() {
		if target == "" || target == name {
			l.Retry(target == name)
		}
	}
}

// Reject ends a submission on a person's word; the front office reads the reason.
func (a *Agent) Reject(ctx context.Context, r control.RejectRequest) (control.Settled, error) {
	if err := a.notHeld(); err != nil {
		return control.Settled{}, err
	}
	reason := journal.Reason{Code: CodeByOperator, Text: r.Reason}
	err := a.behindBar(ctx, r.ID, r.Force, func() error {
		if err := a.journal.Reject(ctx, r.ID, nil, reason, r.By, r.Force); err != nil {
			return err
		}
		a.current().flow.lanes.Drop(r.ID)
		return nil
	})
	if err != nil {
		return control.Settled{}, err
	}
	return a.settled(ctx, r.ID)
}

// landing is how long an order about a submission waits for a delivery that is under way.
const landing = 2 * time.Second

// behindBar changes a submission while no delivery of it can begin. What is under way at this moment is not
// known to the journal yet: it is waited for, and when that takes long only an explicit word goes on.
func (a *Agent) behindBar(ctx context.Context, id journal.ID, force bool, do func() error) error {
	underWay, unbar := a.current().flow.lanes.Bar(ctx, id, a.clock.After(landing))
	defer unbar()
	if len(underWay) > 0 && !force {
		return &control.Error{Code: CodeNotAllowed, Message: fmt.Sprintf("submission %s is being delivered at this moment, to %s", id, strings.Join(underWay, ", ")),
			Hint: "ask again in a moment; inbasket show tells how it ended", Status: http.StatusConflict}
	}
	return do()
}

// Decide records a person's decision and its documents.
func (a *Agent) Decide(ctx context.Context, r control.DecideRequest, documents iter.Seq2[control.Document, error]) (control.Settled, error) {
	if err := a.notHeld(); err != nil {
		return control.Settled{}, err
	}
	a.deciding.Lock() // two at once would take the same number
	defer a.deciding.Unlock()
	view, err := a.journal.Show(ctx, r.ID)
	if err != nil {
		return control.Settled{}, err
	}
	if view.State == journal.Rejected {
		return control.Settled{}, &control.Error{Code: CodeNotAllowed, Message: fmt.Sprintf("submission %s is rejected; its front office was told so", r.ID), Status: http.StatusConflict}
	}
	o := journal.Outcome{Source: "person", ID: r.ID, Outcome: r.Outcome, CaseNo: r.CaseNumber, Reason: r.Reason, By: r.By, At: a.clock.Now()}
	// A person's decisions have no identity of their own: the next one of a submission is a new one.
	o.ResultID = fmt.Sprintf("%s/%d", r.ID, len(view.Results)+1)
	for d, err := range documents {
		if err != nil {
			return control.Settled{}, err
		}
		blob, err := a.content.Put(ctx, d.Body, content.MaxSize)
		if err != nil {
			return control.Settled{}, &connectors.Error{Class: connectors.TargetError, Code: CodeContent, Op: "keep the document", Hint: "look at the disk below state", Err: err}
		}
		o.Documents = append(o.Documents, journal.File{Name: d.Name, ContentType: typeOf(d), Digest: blob.Digest, Size: blob.Size})
	}
	if _, err := a.journal.Results(ctx, []journal.Outcome{o}); err != nil {
		return control.Settled{}, err
	}
	return a.settled(ctx, r.ID)
}

func typeOf(d control.Document) string {
	if d.ContentType != "" && d.ContentType != "application/octet-stream" {
		return d.ContentType
	}
	return mime.TypeByExtension(path.Ext(d.Name))
}

// Pause stops deliveries to a target, or lets them go on; it outlives a restart.
func (a *Agent) Pause(ctx context.Context, r control.PauseRequest) error {
	if _, err := a.laneOf(r.Target); err != nil {
		return err
	}
	if err := a.journal.SetPaused(ctx, r.Target, r.Paused, r.By, r.Reason); err != nil {
		return err
	}
	paused, err := a.journal.Paused(ctx)
	if err != nil {
		return err
	}
	// A reload that began before has read the journal too early, so the lane is that of now.
	l, err := a.laneOf(r.Target)
	if err != nil {
		return err
	}
	why, is := paused[r.Target]
	l.Pause(why, is)
	l.TryNow()
	return nil
}

func (a *Agent) laneOf(target string) (*lane.Lane, error) {
	lanes := a.current().flow.lanes
	l := lanes.Get(target)
	if l == nil {
		return nil, &control.Error{Code: control.CodeNotFound, Message: "there is no target " + target, Hint: fmt.Sprintf("there are: %v", lanes.Names()), Status: http.StatusNotFound}
	}
	return l, nil
}

// Redeliver delivers again what a target got since a time, for one that was restored from a backup. A
// database's ledger was restored with it, so what it still has is recognised and not written twice.
func (a *Agent) Redeliver(ctx context.Context, r control.RedeliverRequest) (control.RedeliverReport, error) {
	if err := a.notHeld(); err != nil {
		return control.RedeliverReport{}, err
	}
	l, err := a.laneOf(r.Target)
	if err != nil {
		return control.RedeliverReport{}, err
	}
	report := control.RedeliverReport{Target: r.Target, Note: "the target records what it has: what is still there is recognised, and only what is missing is written"}
	if !l.Abilities().Recorded {
		report.Note = "this target cannot recognise what it still has: files come again under their old names, batches under new numbers"
	}
	if report.Sample, report.Count, err = a.journal.Delivered(ctx, r.Target, r.Since, 0, 10); err != nil || r.DryRun {
		return report, err
	}
	var after journal.ID
	for {
		page, _, err := a.journal.Delivered(ctx, r.Target, r.Since, after, pageForms)
		if err != nil {
			return report, err
		}
		if len(page) == 0 {
			break
		}
		ids := make([]journal.ID, len(page))
		for i, e := range page {
			ids[i] = e.ID
		}
		if err := a.journal.Reopen(ctx, ids, r.Target, r.By); err != nil {
			return report, err
		}
		after = ids[len(ids)-1]
	}
	report.Done = true
	l.Again()
	return report, nil
}

// Void gives up a sealed batch that cannot go; its number stays used, its members travel in a later one.
func (a *Agent) Void(ctx context.Context, r control.VoidRequest) error {
	if err := a.notHeld(); err != nil {
		return err
	}
	l, err := a.laneOf(r.Target)
	if err != nil {
		return err
	}
	sending, err := l.Void(r.Seq, func() error { return a.journal.VoidBatch(ctx, r.Target, r.Seq, r.By, r.Reason) })
	if sending {
		return &control.Error{Code: CodeNotAllowed, Message: fmt.Sprintf("batch %d of %s is being sent at this moment", r.Seq, r.Target),
			Hint: "inbasket pause " + r.Target + ", look whether the target has it, then void it", Status: http.StatusConflict}
	}
	return err
}

package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/numbering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/connectors"
)

// pageItems is how many submissions the journal is asked for at once.
const pageItems = 300

// retry tries parked submissions again, on the mapping in force now if asked.
func (d *Desk) retry(ctx context.Context, r control.RetryRequest) ([]control.Settled, error) {
	ids := r.IDs
	if len(ids) == 0 {
		var err error
		if ids, err = d.parked(ctx, r); err != nil {
			return nil, err
		}
	}
	settled := d.each(ids, func(id journal.ID) (control.Settled, error) {
		if r.Mapping {
			if err := d.repin(ctx, id, r.Target, r.By); err != nil {
				return control.Settled{}, err
			}
			return d.goOn(ctx, id)
		}
		return d.releaseOne(ctx, id, r.Target, r.By)
	})
	if len(r.IDs) > 0 {
		r.Target = "" // of a batch that may have been sent nobody has spoken
	}
	d.tryAgain(r.Target) // at last: a batch that goes settles all its forms at once
	return settled, nil
}

// parked selects the parked submissions that a request without IDs means.
func (d *Desk) parked(ctx context.Context, r control.RetryRequest) (ids []journal.ID, err error) {
	f := journal.Filter{State: journal.Parked, Route: r.Route, Limit: pageItems}
	if r.Target != "" {
		f.State, f.Target, f.Progress = "", r.Target, journal.Held
	}
	for {
		page, err := reading.Of(d.Journal).List(ctx, f)
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
func (d *Desk) repin(ctx context.Context, id journal.ID, sure, by string) error {
	view, err := reading.Of(d.Journal).Show(ctx, id)
	if err != nil {
		return err
	}
	if unread, err := d.Running().Assign(ctx, view, by); unread || err != nil {
		return err
	}
	if view.State != journal.Accepted && view.State != journal.Parked {
		return keeps(view)
	}
	plan, err := d.Running().Plan(ctx, view)
	if err != nil {
		return err
	}
	return d.behindBar(ctx, id, false, func() error {
		return delivering.Of(d.Journal).Repin(ctx, id, plan.Digest(), plan.Targets(), sure, by)
	})
}

// keeps refuses another mapping for a submission of which its front office was told, and says which ways there are.
func keeps(v journal.View) error {
	return &control.Error{Code: prepare.CodeEnded, Message: fmt.Sprintf("submission %s is %s, and keeps the mapping by which that was told", v.ID, v.State),
		Hint: control.KeptNext(&v), Status: http.StatusConflict}
}

// release lets parked submissions go on as they are.
func (d *Desk) release(ctx context.Context, r control.ReleaseRequest) ([]control.Settled, error) {
	return d.each(r.IDs, func(id journal.ID) (control.Settled, error) { return d.releaseOne(ctx, id, "", r.By) }), nil
}

// releaseOne lets a submission go on, but for what may be at a target that is not the one which is sure to have nothing.
func (d *Desk) releaseOne(ctx context.Context, id journal.ID, sure, by string) (control.Settled, error) {
	view, err := reading.Of(d.Journal).Show(ctx, id)
	if err != nil {
		return control.Settled{}, err
	}
	if view.Route == "" && view.State == journal.Parked {
		if _, err := d.Running().Assign(ctx, view, by); err != nil {
			return control.Settled{}, err
		}
		return d.goOn(ctx, id)
	}
	left := delivering.Of(d.Journal).Release(ctx, id, sure, by)
	var unclear *journal.UnclearError
	if left != nil && (!errors.As(left, &unclear) || !unclear.Rest) {
		d.follow(ctx, id)
		return control.Settled{}, left
	}
	s, err := d.goOn(ctx, id)
	return s, cmp.Or(err, left)
}

// goOn makes the lanes look for a submission's open deliveries, and says where it stands.
func (d *Desk) goOn(ctx context.Context, id journal.ID) (control.Settled, error) {
	s, err := d.settled(ctx, id)
	if err != nil {
		return s, err
	}
	if len(s.Targets) > 0 {
		d.Running().Lanes().Again(s.Targets...)
	}
	return s, nil
}

// settled says where a submission stands and which targets it is open for.
func (d *Desk) settled(ctx context.Context, id journal.ID) (control.Settled, error) {
	view, err := reading.Of(d.Journal).Show(ctx, id)
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
func (d *Desk) each(ids []journal.ID, do func(journal.ID) (control.Settled, error)) []control.Settled {
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
func (d *Desk) tryAgain(target string) {
	for name, l := range d.Running().Lanes().All() {
		if target == "" || target == name {
			l.Retry(target == name)
		}
	}
}

// reject ends a submission on a person's word; the front office reads the reason.
func (d *Desk) reject(ctx context.Context, r control.RejectRequest) (control.Settled, error) {
	reason := journal.Reason{Code: CodeByOperator, Text: r.Reason}
	err := d.behindBar(ctx, r.ID, r.Force, func() error {
		return delivering.Of(d.Journal).Reject(ctx, r.ID, nil, reason, r.By, r.Force)
	})
	if err != nil {
		return control.Settled{}, err
	}
	return d.settled(ctx, r.ID)
}

// landing is how long an order about a submission waits for a delivery that is under way.
const landing = 2 * time.Second

// behindBar changes a submission while no delivery of it can begin. What is under way at this moment is not
// known to the journal yet: it is waited for, and when that takes long only an explicit word goes on.
func (d *Desk) behindBar(ctx context.Context, id journal.ID, force bool, do func() error) error {
	underWay, unbar := d.Running().Lanes().Bar(ctx, id, d.Clock.After(landing))
	defer unbar()
	if len(underWay) > 0 && !force {
		return &control.Error{Code: control.CodeNotAllowed, Message: fmt.Sprintf("submission %s is being delivered at this moment, to %s", id, strings.Join(underWay, ", ")),
			Hint: "ask again in a moment; inbasket show tells how it ended", Status: http.StatusConflict}
	}
	err := do()
	if err != nil {
		d.follow(ctx, id)
	}
	return err
}

// follow has the lanes take over what the journal has of a submission now. After an order that failed, too: what was to be journaled
// may stand there, and only the answer be lost.
func (d *Desk) follow(ctx context.Context, id journal.ID) {
	ctx, cancel := loop.Grace(ctx)
	defer cancel()
	view, err := reading.Of(d.Journal).Show(ctx, id)
	if err != nil { // nothing is known: what is open is found by reading anew
		d.Running().Lanes().Again()
		return
	}
	for _, x := range view.Deliveries {
		l := d.Running().Lanes().Get(x.Target)
		switch {
		case l == nil || x.Progress == journal.Held:
		case x.Progress == journal.Done || x.Progress == journal.Skipped || x.Progress == journal.Dropped:
			l.Drop(id)
		default:
			l.Again()
		}
	}
}

// decide records a person's decision and its documents.
func (d *Desk) decide(ctx context.Context, r control.DecideRequest) (control.Settled, error) {
	if err := d.deciding.Take(ctx); err != nil { // two at once would take the same number
		return control.Settled{}, err
	}
	defer d.deciding.Over()
	view, err := reading.Of(d.Journal).Show(ctx, r.ID)
	if err != nil {
		return control.Settled{}, err
	}
	if view.State == journal.Rejected {
		return control.Settled{}, &control.Error{Code: control.CodeNotAllowed, Message: fmt.Sprintf("submission %s is rejected; its front office was told so", r.ID), Status: http.StatusConflict}
	}
	o := journal.Outcome{Source: "person", ID: r.ID, Outcome: r.Outcome, CaseNo: r.CaseNumber, Reason: r.Reason, By: r.By, At: d.Clock.Now()}
	// A person's decisions have no identity of their own: the next one of a submission is a new one.
	o.ResultID = fmt.Sprintf("%s/%d", r.ID, len(view.Results)+1)
	for doc, err := range r.Documents {
		if err != nil {
			return control.Settled{}, err
		}
		blob, err := d.Content.Put(ctx, doc.Body, content.MaxSize)
		if err != nil {
			return control.Settled{}, &connectors.Error{Class: connectors.TargetError, Code: content.CodeUnavailable, Op: "keep the document", Hint: "look at the disk below state", Err: err}
		}
		o.Documents = append(o.Documents, journal.File{Name: doc.Name, ContentType: typeOf(doc), Digest: blob.Digest, Size: blob.Size})
	}
	if _, err := deciding.Of(d.Journal).Results(ctx, []journal.Outcome{o}); err != nil {
		return control.Settled{}, err
	}
	return d.settled(ctx, r.ID)
}

func typeOf(d control.Document) string {
	if d.ContentType != "" && d.ContentType != "application/octet-stream" {
		return d.ContentType
	}
	return mime.TypeByExtension(path.Ext(d.Name))
}

// pause stops deliveries to a target, or lets them go on.
func (d *Desk) pause(ctx context.Context, r control.PauseRequest) (done control.Nothing, err error) {
	if _, err := d.laneOf(r.Target); err != nil {
		return done, err
	}
	if err := delivering.Of(d.Journal).SetPaused(ctx, r.Target, r.Paused, r.By, r.Reason); err != nil {
		return done, err
	}
	paused, err := delivering.Of(d.Journal).Paused(ctx)
	if err != nil {
		return done, err
	}
	// A reload that began before has read the journal too early, so the lane is that of now.
	l, err := d.laneOf(r.Target)
	if err != nil {
		return done, err
	}
	why, is := paused[r.Target]
	l.Pause(why, is)
	l.TryNow()
	return done, nil
}

func (d *Desk) laneOf(target string) (*lane.Lane, error) {
	lanes := d.Running().Lanes()
	l := lanes.Get(target)
	if l == nil {
		return nil, &control.Error{Code: control.CodeNotFound, Message: "there is no target " + target, Hint: fmt.Sprintf("there are: %v", lanes.Names()), Status: http.StatusNotFound}
	}
	return l, nil
}

// redeliver delivers again what a target got since a time, for one that was restored from a backup. A
// database's ledger was restored with it, so what it still has is recognised and not written twice.
func (d *Desk) redeliver(ctx context.Context, r control.RedeliverRequest) (control.RedeliverReport, error) {
	l, err := d.laneOf(r.Target)
	if err != nil {
		return control.RedeliverReport{}, err
	}
	report := control.RedeliverReport{Target: r.Target, Note: "the target records what it has: what is still there is recognised, and only what is missing is written"}
	if !l.Abilities().Recorded {
		report.Note = "this target cannot recognise what it still has: files come again under their old names, batches under new numbers"
	}
	if report.Sample, report.Count, err = reading.Of(d.Journal).Delivered(ctx, r.Target, r.Since, false, 0, 10); err != nil {
		return report, err
	}
	sample, confirmed, err := reading.Of(d.Journal).Delivered(ctx, r.Target, r.Since, true, 0, 10)
	if report.Left = confirmed; r.Force {
		report.Sample, report.Count, report.Left = append(report.Sample, sample...), report.Count+confirmed, 0
	}
	if err != nil || r.DryRun {
		return report, err
	}
	if err := d.reopen(ctx, r, false); err != nil {
		return report, err
	}
	if r.Force {
		if err := d.reopen(ctx, r, true); err != nil {
			return report, err
		}
	}
	report.Done = true
	l.Again()
	return report, nil
}

// reopen has delivered again what a target has since a time, page by page.
func (d *Desk) reopen(ctx context.Context, r control.RedeliverRequest, confirmed bool) error {
	var after journal.ID
	for {
		page, _, err := reading.Of(d.Journal).Delivered(ctx, r.Target, r.Since, confirmed, after, pageItems)
		if err != nil || len(page) == 0 {
			return err
		}
		ids := make([]journal.ID, len(page))
		for i, e := range page {
			ids[i] = e.ID
		}
		if err := delivering.Of(d.Journal).Reopen(ctx, ids, r.Target, r.By); err != nil {
			d.Running().Lanes().Again(r.Target) // some may be reopened, and only the answer be lost
			return err
		}
		after = ids[len(ids)-1]
	}
}

// void gives up a sealed batch that cannot go.
func (d *Desk) void(ctx context.Context, r control.VoidRequest) (done control.Nothing, err error) {
	l, err := d.laneOf(r.Target)
	if err != nil {
		return done, err
	}
	sending, err := l.Void(ctx, r.Seq, d.Clock.After(landing), func() error { return delivering.Of(d.Journal).VoidBatch(ctx, r.Target, r.Seq, r.By, r.Reason) })
	if sending {
		return done, &control.Error{Code: control.CodeNotAllowed, Message: fmt.Sprintf("batch %d of %s is being sent at this moment", r.Seq, r.Target),
			Hint: "inbasket pause " + r.Target + ", look whether the target has it, then void it", Status: http.StatusConflict}
	}
	return done, err
}

// setSequence says how far a sequence has come.
func (d *Desk) setSequence(ctx context.Context, r control.SequenceRequest) (done control.Nothing, err error) {
	return done, numbering.Of(d.Journal).Set(ctx, r.Series, r.Last)
}

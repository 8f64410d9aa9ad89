package agent

import (
	"context"
	"os"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/lane"
)

// Status tells how everything stands.
func (a *Agent) Status(ctx context.Context) (control.Status, error) {
	sum, err := a.journal.Summary(ctx)
	if err != nil {
		return control.Status{}, err
	}
	now := a.current()
	at := a.serving.addresses()
	s := control.Status{Running: true, Version: a.options.Version, Agency: now.config.Agency, PID: os.Getpid(), Started: a.started, Loaded: now.loaded,
		Config: now.config.Path, FrontOffice: at.FrontOffice, Monitor: at.Monitor, Epoch: sum.Epoch, States: sum.States, Routes: sum.Routes,
		Orphans: sum.Orphans, ParkedResults: sum.ParkedResults, Notices: a.figures.lastNotices(), Inbaskets: []control.SourceStatus{}, Results: []control.SourceStatus{},
		Targets: []control.TargetStatus{}, FrontOffices: []control.OfficeStatus{}}
	for _, i := range now.config.Inbaskets {
		s.Inbaskets = append(s.Inbaskets, withHeld(a.figures.source(kindInbasket, i.Name, i.Definition.Type), "form ", now.inbaskets[i.Name]))
	}
	for name, src := range now.sources {
		s.Results = append(s.Results, withHeld(a.figures.source(kindResults, name, now.sourceType(name)), "answer file ", src))
	}
	s.Held = a.heldTrouble(ctx)
	if s.Backup, err = a.journal.LastBackup(ctx); err != nil {
		return s, err
	}
	if f := a.journal.Fault(); f != nil {
		code, text := guard.Describe(f.Err)
		s.Journal = &control.Trouble{Code: code, Text: text, Next: "nothing is lost: forms stay with their senders; it is tried again by itself", Since: f.Since, Count: f.Count}
	}
	byTarget := map[string]journal.TargetSummary{}
	for _, t := range sum.Targets {
		byTarget[t.Target] = t
	}
	for _, t := range now.config.Targets {
		ts, err := a.targetStatus(ctx, now.flow.lanes.Get(t.Name), t.Definition.Type, byTarget[t.Name])
		if err != nil {
			return s, err
		}
		s.Targets = append(s.Targets, ts)
	}
	for _, o := range now.config.FrontOffices {
		office, err := a.officeStatus(ctx, o)
		if err != nil {
			return s, err
		}
		s.FrontOffices = append(s.FrontOffices, office)
	}
	if err := a.addQuotas(ctx, now, &s); err != nil {
		return s, err
	}
	a.addStalls(&s)
	return s, nil
}

func (a *Agent) targetStatus(ctx context.Context, l *lane.Lane, typ string, sum journal.TargetSummary) (control.TargetStatus, error) {
	state, _ := l.Circuit.State()
	at := l.Status()
	t := control.TargetStatus{Name: l.Name, Type: typ, Circuit: string(state), Guarantee: l.Abilities().Guarantee.Level, Open: sum.Open, Parked: sum.Parked,
		Oldest: sum.Oldest, Delivered: a.figures.source(kindTarget, l.Name, "").Taken, Paused: at.Paused, Why: at.Why, Trouble: troubleOf(l.Circuit)}
	if at.Blocked != "" {
		t.Trouble = &control.Trouble{Code: CodeBatchHeld, Text: at.Blocked, Next: "inbasket batches " + l.Name + "; then retry or void it"}
	}
	if state != guard.Closed && t.Trouble != nil {
		t.Trouble.Next = "mend the target; it is tried again by itself, or at once with inbasket resume " + l.Name
	}
	if at.Batch == nil {
		return t, nil
	}
	open, err := a.journal.Batches(ctx, l.Name, true)
	t.Batch = &control.BatchStatus{Count: at.Batch.Items, Size: at.Batch.Bytes, ClosesAt: at.Batch.Closes, LastSeq: sum.LastSeq, Sealed: len(open)}
	return t, err
}

package agent

import (
	"context"
	"os"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
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
		ts, err := a.targetStatus(ctx, now.flow.lanes[t.Name], t.Definition.Type, byTarget[t.Name])
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

func (a *Agent) targetStatus(ctx context.Context, l *lane, typ string, sum journal.TargetSummary) (control.TargetStatus, error) {
	state, _ := l.circuit.State()
	t := control.TargetStatus{Name: l.name, Type: typ, Circuit: string(state), Guarantee: l.can.Guarantee.Level, Open: sum.Open, Parked: sum.Parked,
		Oldest: sum.Oldest, Delivered: a.figures.source(kindTarget, l.name, "").Taken, Trouble: troubleOf(l.circuit)}
	l.mu.Lock()
	t.Paused, t.Why = l.stopping, l.paused
	held, queued, size := l.held, len(l.queue), l.bytes
	var closes time.Time
	if l.sealing != nil && queued > 0 {
		_, closes = l.sealing.policy.Due(l.clock.Now(), l.oldest(l.clock.Now()), l.sealing.closed, queued, size)
	}
	l.mu.Unlock()
	if held != "" {
		t.Trouble = &control.Trouble{Code: CodeBatchHeld, Text: held, Next: "inbasket batches " + l.name + "; then retry or void it"}
	}
	if state != guard.Closed && t.Trouble != nil {
		t.Trouble.Next = "mend the target; it is tried again by itself, or at once with inbasket resume " + l.name
	}
	if l.sealing == nil {
		return t, nil
	}
	open, err := a.journal.Batches(ctx, l.name, true)
	t.Batch = &control.BatchStatus{Count: queued, Size: size, ClosesAt: closes, LastSeq: sum.LastSeq, Sealed: len(open)}
	return t, err
}

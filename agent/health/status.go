package health

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/journal/telling"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

// Status tells how everything stands.
func (s *Service) Status(ctx context.Context) (control.Status, error) {
	status, _, err := s.look(ctx, s.options.Parts())
	return status, err
}

// look is one look at everything. Where the journal cannot be read, what is known without it is there nevertheless.
func (s *Service) look(ctx context.Context, now Parts) (control.Status, journal.Summary, error) {
	out := control.Status{Running: true, Version: s.options.Version, Agency: now.Config.Agency, PID: os.Getpid(), Started: s.started, Loaded: now.Loaded,
		Config: now.Config.Path, FrontOffice: s.served.FrontOffice, Monitor: s.served.Monitor, Notices: s.Counters.Notices(), Held: s.options.Held(), Space: s.options.Space(),
		Inbaskets: []control.SourceStatus{}, Results: []control.SourceStatus{}, Targets: []control.TargetStatus{}, FrontOffices: []control.OfficeStatus{}}
	for _, i := range now.Config.Inbaskets {
		out.Inbaskets = append(out.Inbaskets, s.source(now, Inbasket, i.Name, i.Definition.Type, "form ", now.Inbaskets[i.Name]))
	}
	for name, src := range now.Results {
		out.Results = append(out.Results, s.source(now, Results, name, src.Type, "answer file ", src.ResultSource))
	}
	for _, t := range now.Config.Targets {
		out.Targets = append(out.Targets, s.target(t, now.Targets[t.Name].Health()))
	}
	for _, o := range now.Config.FrontOffices {
		office := control.OfficeStatus{Name: o.Name}
		if o.Push != nil {
			office.Push = o.Push.Definition.Type
		}
		out.FrontOffices = append(out.FrontOffices, office)
	}
	if f := s.journal.Fault(); f != nil {
		code, text := guard.Describe(f.Err)
		out.Journal = &control.Trouble{Code: code, Text: text, Next: "nothing is lost: forms stay with their senders; it is tried again by itself", Since: f.Since, Count: f.Count}
	}
	sum, err := s.counted(ctx, now.Config, &out)
	s.addStalls(&out)
	return out, sum, err
}

// source returns what status shows of a source: what waits there on its own, as the agent and as the source itself know it.
func (s *Service) source(now Parts, kind, name, typ, item string, src any) control.SourceStatus {
	out := s.Counters.status(kind, name, typ)
	out.Waiting = now.Waiting(kind, name)
	if h, ok := src.(connectors.Holder); ok {
		for _, x := range h.Held() {
			out.Waiting = append(out.Waiting, control.WaitingItem{Item: item + x.Item, Code: x.Code, Text: x.Text, Next: "put there what is missing, or mend its rights", Since: x.Since, SetAside: x.Until})
		}
	}
	out.Waiting = out.Waiting[:min(len(out.Waiting), waitingShown)]
	return out
}

// waitingShown is how many items of one source status names.
const waitingShown = 20

func (s *Service) target(t config.Target, h TargetHealth) control.TargetStatus {
	state, _ := h.Circuit.State()
	out := control.TargetStatus{Name: t.Name, Type: t.Definition.Type, Circuit: string(state), Guarantee: h.Guarantee,
		Delivered: s.Counters.status(Target, t.Name, "").Taken, Paused: h.Paused, Why: h.Why, Trouble: troubleOf(h.Circuit), Batch: h.Batch, Stopped: h.Stopped}
	if h.Stopped > 0 {
		out.StoppedBy = h.StoppedBy.String()
	}
	if h.Trouble != nil {
		out.Trouble = h.Trouble
	}
	if state != guard.Closed && out.Trouble != nil {
		out.Trouble.Next = "mend the target; it is tried again by itself, or at once with inbasket resume " + t.Name
	}
	return out
}

// counted adds what the journal counts.
func (s *Service) counted(ctx context.Context, cfg *config.Config, out *control.Status) (sum journal.Summary, err error) {
	if sum, err = reading.Of(s.journal).Summary(ctx); err != nil {
		return sum, err
	}
	out.Epoch, out.States, out.Routes, out.Orphans, out.ParkedResults, out.ParkedLate = sum.Epoch, sum.States, sum.Routes, sum.Orphans, sum.ParkedResults, sum.ParkedLate
	if out.Backup, err = restoring.Of(s.journal).LastBackup(ctx); err != nil {
		return sum, err
	}
	for i := range out.Targets {
		t := &out.Targets[i]
		if n := slices.IndexFunc(sum.Targets, func(x journal.TargetSummary) bool { return x.Target == t.Name }); n >= 0 {
			x := &sum.Targets[n]
			t.Open, t.Parked, t.Oldest = x.Open, x.Parked, x.Oldest
			if t.Batch != nil {
				t.Batch.LastSeq = x.LastSeq
			}
		}
		if t.Batch != nil {
			open, err := delivering.Of(s.journal).Batches(ctx, t.Name, true)
			if err != nil {
				return sum, err
			}
			t.Batch.Sealed = len(open)
		}
	}
	for _, x := range sum.Targets { // removed with an explicit word
		if x.Open+x.Parked > 0 && !slices.ContainsFunc(out.Targets, func(t control.TargetStatus) bool { return t.Name == x.Target }) {
			out.Targets = append(out.Targets, control.TargetStatus{Name: x.Target, Type: "removed", Circuit: string(guard.Closed), Open: x.Open, Parked: x.Parked, Oldest: x.Oldest,
				Trouble: &control.Trouble{Code: CodeRemoved, Text: "it is not in the configuration any more, and deliveries to it wait",
					Next: "add it again, or end them: inbasket list --target " + x.Target, Since: x.Oldest}})
		}
	}
	for i := range out.FrontOffices {
		if err := s.backlog(ctx, &out.FrontOffices[i]); err != nil {
			return sum, err
		}
	}
	return sum, s.quotas(ctx, cfg, out)
}

// backlog adds what waits to be pushed to a front office, and whether pushing fails.
func (s *Service) backlog(ctx context.Context, o *control.OfficeStatus) error {
	if o.Push == "" {
		return nil
	}
	b, err := telling.Of(s.journal).PushBacklog(ctx, o.Name)
	if err != nil {
		return err
	}
	o.Backlog, o.Failing = b.Waiting, b.Failing
	if b.Failing > 0 {
		o.Trouble = &control.Trouble{Code: CodeOffice, Text: fmt.Sprintf("%d of %d events could not be pushed yet", b.Failing, b.Waiting),
			Next: "mend the receiver or its address; they are tried again by themselves, and inbasket show of a submission says how it failed", Since: b.Since, RetryAt: b.NextAt, Count: int(b.Failing)}
	}
	return nil
}

// quotas adds how front offices stand against their quota.
func (s *Service) quotas(ctx context.Context, cfg *config.Config, out *control.Status) error {
	usages, err := s.served.API.Usages(ctx)
	if err != nil {
		return err
	}
	for _, u := range usages {
		o, known := cfg.FrontOffice(u.Office)
		i := slices.IndexFunc(out.FrontOffices, func(x control.OfficeStatus) bool { return x.Name == u.Office })
		if !known || o.Quota == nil || i < 0 {
			continue
		}
		q := &control.QuotaStatus{BytesPerDay: u.Quota.Bytes, Bytes: u.Bytes, OpenLimit: u.Quota.Open, Open: u.Open, Refused: u.Refused}
		if o.Quota.Rate.Count > 0 {
			q.Rate = o.Quota.Rate.String()
		}
		out.FrontOffices[i].Quota = q
	}
	return nil
}

// addStalls puts what does not move into a status.
func (s *Service) addStalls(out *control.Status) {
	stuck, hung := s.stalled()
	trouble := func(x loop.Stall, code, next string) *control.Trouble {
		return &control.Trouble{Code: code, Text: x.Doing + " does not end", Next: next, Since: s.options.Clock.Now().Add(-x.Spent)}
	}
	for _, x := range stuck {
		t := trouble(x, CodeStuck, "the service manager restarts the agent; without one, restart it")
		t.Text = x.Kind + " " + x.Name + ": " + t.Text
		out.Stuck = append(out.Stuck, *t)
	}
	for _, x := range hung {
		for _, p := range parts(out) {
			if p.kind == x.Kind && p.name == x.Name {
				*p.trouble = trouble(x, CodeHung, "look at that system; when it works and this does not end, restart the agent")
			}
		}
	}
}

// inStatus is one part of a status that may be in trouble.
type inStatus struct {
	kind, name string
	paused     bool
	trouble    **control.Trouble
}

// parts are those of a status, in the order in which people look at them.
func parts(s *control.Status) (all []inStatus) {
	for i := range s.Targets {
		all = append(all, inStatus{Target, s.Targets[i].Name, s.Targets[i].Paused, &s.Targets[i].Trouble})
	}
	for i := range s.Inbaskets {
		all = append(all, inStatus{Inbasket, s.Inbaskets[i].Name, false, &s.Inbaskets[i].Trouble})
	}
	for i := range s.Results {
		all = append(all, inStatus{Results, s.Results[i].Name, false, &s.Results[i].Trouble})
	}
	for i := range s.FrontOffices {
		all = append(all, inStatus{FrontOffice, s.FrontOffices[i].Name, false, &s.FrontOffices[i].Trouble})
	}
	return all
}

// Line returns in one line how an agent stands: what waits for a person, and what does not work since when.
func Line(s control.Status) string {
	line := []string{"delivering"}
	if s.Held != nil {
		line[0] = "held: restored from a backup, inbasket restored"
	}
	if s.Journal != nil {
		line[0] = "waiting: " + s.Journal.Code
	}
	if n := s.Parked(); n > 0 {
		line = append(line, fmt.Sprintf("%d parked", n))
	}
	for _, p := range parts(&s) {
		switch t := *p.trouble; {
		case p.paused:
			line = append(line, p.kind+" "+p.name+" paused")
		case t != nil:
			line = append(line, fmt.Sprintf("%s %s down since %s (%s)", p.kind, p.name, t.Since.Local().Format("15:04"), t.Code))
		}
	}
	for _, t := range s.Stuck {
		line = append(line, t.Text)
	}
	return strings.Join(line, "; ")
}

// Unstuck refuses what would wait for a call that does not end.
func (s *Service) Unstuck(op string) error {
	_, hung := s.stalled()
	if len(hung) == 0 {
		return nil
	}
	var names []string
	for _, x := range hung {
		names = append(names, x.Kind+" "+x.Name)
	}
	return &connectors.Error{Class: connectors.TargetError, Code: CodeHung, Op: op,
		Hint: "a call to " + strings.Join(names, ", ") + " does not end, and this would wait for it; restart the agent instead"}
}

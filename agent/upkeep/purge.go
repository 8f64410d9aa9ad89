package upkeep

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/disk"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/checking"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/loop"
)

const (
	purgePage  = 2000                  // submissions that one look at the journal takes
	purgeGroup = 64                    // that share a commit: a few milliseconds, which a form that comes in meanwhile waits
	purgePause = 20 * time.Millisecond // between commits
)

// Purge takes away what is named, or what retention says; see control.Archivist.
func (s *Service) Purge(ctx context.Context, r control.PurgeRequest) (control.PurgeReport, error) {
	if len(r.IDs) > 0 && r.Reason == "" {
		return control.PurgeReport{}, &control.Error{Code: control.CodeRequest, Message: "purging a single submission needs a reason", Hint: "say it by --reason; it stays on record", Status: http.StatusBadRequest}
	}
	if !s.working.TryLock() {
		return control.PurgeReport{}, &control.Error{Code: CodePurgeRuns, Message: "a purge is running", Hint: "wait until it is done", Status: http.StatusConflict}
	}
	defer s.working.Unlock()
	p := &purge{service: s, config: s.Config(), order: purging.PurgeOrder{By: r.By, Reason: r.Reason}, report: control.PurgeReport{DryRun: r.DryRun}}
	err := p.carryOut(ctx, r.IDs)
	return p.report, err
}

// purge is one purge under way.
type purge struct {
	service *Service
	config  *config.Config
	order   purging.PurgeOrder
	yields  bool // it waits between commits
	report  control.PurgeReport
}

func (p *purge) carryOut(ctx context.Context, ids []journal.ID) error {
	var err error
	if len(ids) > 0 {
		err = p.named(ctx, ids)
	} else {
		err = p.due(ctx)
	}
	if err != nil || p.report.DryRun {
		return err
	}
	return p.finish(ctx)
}

// named purges single submissions, such as one whose sender asked for it.
func (p *purge) named(ctx context.Context, ids []journal.ID) error {
	for _, id := range ids {
		why, err := p.lives(ctx, id)
		if err != nil {
			return err
		}
		if why == nil {
			gone, err := p.take(ctx, []journal.ID{id})
			if err != nil {
				return err
			}
			if len(gone) == 0 {
				why, err = p.busy(ctx, id)
				if err != nil {
					return err
				}
			}
		}
		if why != nil {
			p.report.Kept = append(p.report.Kept, control.Settled{ID: id, Error: why})
		}
	}
	return nil
}

// busy says why a submission stays that is delivered or over: its decision is not there, or it is not told everywhere.
func (p *purge) busy(ctx context.Context, id journal.ID) (*control.Error, error) {
	view, err := reading.Of(p.service.Journal).Show(ctx, id)
	if err != nil {
		return control.ErrorOf(err), ctx.Err()
	}
	if view.State == journal.Delivered {
		return &control.Error{Code: control.CodeNotAllowed, Message: fmt.Sprintf("submission %s is delivered and waits for its decision", id), Hint: "decide or reject it first"}, nil
	}
	return &control.Error{Code: control.CodeNotAllowed, Message: fmt.Sprintf("something of submission %s still has to go to a target or a front office", id), Hint: "inbasket show " + id.String() + " tells what; purge it afterwards"}, nil
}

// lives says why a submission cannot be purged yet; nil: its life may be over.
func (p *purge) lives(ctx context.Context, id journal.ID) (*control.Error, error) {
	view, err := reading.Of(p.service.Journal).Show(ctx, id)
	if err != nil {
		return control.ErrorOf(err), ctx.Err()
	}
	switch view.State {
	case journal.Closed, journal.Rejected, journal.Decided, journal.Delivered:
		return nil, nil
	case journal.Purged:
		t, err := purging.Of(p.service.Journal).Tombstone(ctx, id)
		if err != nil {
			return nil, err
		}
		return control.ErrorOf(&journal.PurgedError{Tombstone: t}), nil
	}
	return &control.Error{Code: control.CodeNotAllowed, Message: fmt.Sprintf("submission %s is %s: its life is not over", id, view.State), Hint: "reject it first, or wait until it is closed"}, nil
}

// due purges everything that retention says.
func (p *purge) due(ctx context.Context) error {
	now := p.service.Clock.Now()
	if least := p.config.Shortest(); least > 0 {
		if err := p.submissions(ctx, now, now.Add(-least)); err != nil {
			return err
		}
	}
	if p.report.DryRun {
		return nil
	}
	if keep := p.config.Retention.Closed.Duration; keep > 0 {
		n, err := p.repeat(ctx, func() (int, error) {
			return purging.Of(p.service.Journal).PurgeDropped(ctx, now.Add(-keep), purgeGroup)
		})
		if err != nil {
			return err
		}
		p.report.Dropped = n
	}
	if keep := p.config.Retention.Tombstones.Duration; keep > 0 {
		n, err := p.repeat(ctx, func() (int, error) {
			return purging.Of(p.service.Journal).ExpireTombstones(ctx, now.Add(-keep), purgeGroup)
		})
		if err != nil {
			return err
		}
		p.report.Tombstones = n
	}
	return nil
}

// submissions purges those that were accepted before a moment and are kept no longer.
func (p *purge) submissions(ctx context.Context, now, before time.Time) error {
	var group []purging.Ended
	var after journal.ID
	for {
		list, next, err := purging.Of(p.service.Journal).EndedBefore(ctx, before, after, purgePage)
		if err != nil {
			return err
		}
		for _, e := range list {
			if keep := keepOf(p.config, e); keep.Duration <= 0 || now.Sub(e.At) < keep.Duration {
				continue
			}
			if group = append(group, e); len(group) == purgeGroup {
				if err := p.takeGroup(ctx, group); err != nil {
					return err
				}
				group = group[:0]
			}
		}
		if after = next; after == 0 {
			return p.takeGroup(ctx, group)
		}
	}
}

// keepOf returns how long a submission is kept.
func keepOf(cfg *config.Config, e purging.Ended) config.Period {
	r := cfg.RetentionOf(e.Route)
	switch e.State {
	case journal.Closed:
		return r.Closed
	case journal.Rejected:
		return r.Rejected
	default:
		return r.Unfetched
	}
}

// count adds a submission to the group of its route and state.
func (p *purge) count(e purging.Ended) {
	n := slices.IndexFunc(p.report.Groups, func(g control.PurgeGroup) bool { return g.Route == e.Route && g.State == e.State })
	if n < 0 {
		p.report.Groups = append(p.report.Groups, control.PurgeGroup{Route: e.Route, State: e.State, Keep: keepOf(p.config, e).String(), Oldest: e.At})
		n = len(p.report.Groups) - 1
	}
	g := &p.report.Groups[n]
	g.Count++
	if e.At.Before(g.Oldest) {
		g.Oldest = e.At
	}
}

func (p *purge) takeGroup(ctx context.Context, group []purging.Ended) error {
	if len(group) == 0 {
		return nil
	}
	ids := make([]journal.ID, len(group))
	for n, e := range group {
		ids[n] = e.ID
	}
	gone, err := p.take(ctx, ids)
	for _, e := range group {
		if slices.Contains(gone, e.ID) {
			p.count(e)
		}
	}
	return err
}

// take purges a few submissions in one commit, or says which it would purge.
func (p *purge) take(ctx context.Context, ids []journal.ID) (gone []journal.ID, err error) {
	p.order.DryRun = p.report.DryRun
	if p.order.Run == 0 && !p.order.DryRun {
		if p.order.Run, err = purging.Of(p.service.Journal).StartPurge(ctx); err != nil {
			return nil, err
		}
	}
	gone, err = purging.Of(p.service.Journal).Purge(ctx, ids, p.order)
	p.report.Purged += int64(len(gone))
	if err != nil {
		return gone, err
	}
	return gone, p.pause(ctx)
}

// repeat calls do until it does nothing more, and adds up what it did.
func (p *purge) repeat(ctx context.Context, do func() (int, error)) (total int64, err error) {
	for {
		n, err := do()
		total += int64(n)
		if err != nil || n == 0 {
			return total, err
		}
		if err := p.pause(ctx); err != nil {
			return total, err
		}
	}
}

// pause lets others go first.
func (p *purge) pause(ctx context.Context) error {
	if !p.yields {
		return ctx.Err()
	}
	loop.Pause(ctx, p.service.Clock, purgePause)
	return ctx.Err()
}

// finish removes the files of what is purged, overwrites what is left of it in the journal's file, and puts the
// purge on record.
func (p *purge) finish(ctx context.Context) (err error) {
	if p.report.Files, p.report.FilesLater, err = p.service.collect(ctx); err != nil {
		return err
	}
	runs, err := purging.Of(p.service.Journal).Uncertified(ctx)
	if err != nil || len(runs) == 0 && p.report.Dropped == 0 {
		return err
	}
	if err := p.overwrite(ctx); err != nil {
		return err
	}
	for _, run := range runs {
		cert, err := purging.Of(p.service.Journal).Certify(ctx, run)
		if err != nil {
			return err
		}
		if err := p.service.certify(ctx, cert, p.report); err != nil {
			return err
		}
		p.report.Certificates = append(p.report.Certificates, cert)
	}
	return nil
}

// overwrite makes sure that nothing of what is purged can be read in the journal's file and its log.
func (p *purge) overwrite(ctx context.Context) error {
	for next := int64(1); next != 0; {
		var err error
		if next, err = checking.Of(p.service.Journal).Scrub(ctx, next); err != nil {
			return err
		}
		if err := p.pause(ctx); err != nil {
			return err
		}
	}
	// A long reader may keep the log from being emptied: it is then overwritten as it is used again.
	if err := checking.Of(p.service.Journal).Checkpoint(ctx); err != nil {
		p.service.Log.Warn().Str("code", journal.CodeUnavailable).Err(err).Msg("the journal's log still holds what was purged, until the next checkpoint")
		return nil
	}
	p.report.Overwritten = true
	return nil
}

// certify puts on record what a purge took away.
func (s *Service) certify(ctx context.Context, c purging.Certificate, r control.PurgeReport) error {
	by := c.By
	if by == "" {
		by = "retention"
	}
	_, err := s.Trail.Add(ctx, audit.Record{Who: by, Via: audit.ViaSystem, Action: ActionPurged, Object: fmt.Sprintf("run %d", c.Run), Details: map[string]string{
		"count": fmt.Sprint(c.Count), "accepted-from": stampOf(c.From), "accepted-to": stampOf(c.To), "purged-from": stampOf(c.First), "purged-to": stampOf(c.Last),
		"ids-sha256": c.Digest, "files": fmt.Sprint(r.Files), "files-later": audit.Number(r.FilesLater), "overwritten": audit.Yes(r.Overwritten)}})
	if err != nil {
		return err
	}
	s.Log.Info().Int64("run", c.Run).Int64("count", c.Count).Str("digest", c.Digest).Msg("submissions were purged")
	return purging.Of(s.Journal).Certified(ctx, c.Run)
}

// ActionPurged is what the audit log calls the certificate of a purge.
const ActionPurged = "purged"

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// CompactJournal makes the journal's file small.
func (s *Service) CompactJournal(ctx context.Context) (checking.Compaction, error) {
	if !s.working.TryLock() {
		return checking.Compaction{}, &control.Error{Code: CodePurgeRuns, Message: "a purge is running", Hint: "wait until it is done", Status: http.StatusConflict}
	}
	defer s.working.Unlock()
	return checking.Of(s.Journal).Compact(ctx, disk.FreeBelow(s.Config().State))
}

package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/lane"
)

// Restored tells what is known about the time that a restored journal has lost.
func (s *Service) Restored(ctx context.Context, r control.RestoredRequest) (control.Restored, error) {
	hold, err := restoring.Of(s.Journal).Hold(ctx)
	if err != nil {
		return control.Restored{}, err
	}
	if hold == nil {
		return control.Restored{}, &control.Error{Code: control.CodeState, Message: "this journal was never restored from a backup", Status: http.StatusConflict}
	}
	if r.Again && hold.Released.IsZero() {
		if err := s.gather(ctx); err != nil {
			return control.Restored{}, err
		}
		if hold, err = restoring.Of(s.Journal).Hold(ctx); err != nil {
			return control.Restored{}, err
		}
	}
	out, err := RestoredOf(ctx, s.Journal, hold, r.All)
	if out.Held && !s.Parts().EvidenceFound.Load() { // with these targets: a reload or a new start may have mended some
		out.EvidenceFound = time.Time{}
		out.Needs = needs(&out, control.EndHoldRequest{})
	}
	return out, err
}

// lostShown is how many lost submissions a report lists that is not to list all.
const lostShown = 100

// RestoredOf makes the report of a restore from what the journal keeps.
func RestoredOf(ctx context.Context, j *journal.Journal, hold *restoring.Hold, all bool) (out control.Restored, err error) {
	out = control.Restored{Targets: []control.RestoredTarget{}, Inbaskets: []control.RestoredSource{}, Results: []control.RestoredSource{},
		FrontOffices: []control.RestoredOffice{}}
	if hold.Report != nil {
		if err := json.Unmarshal(hold.Report, &out); err != nil {
			return out, fmt.Errorf("read what the restore found: %w", err)
		}
	}
	out.Held, out.Backup, out.Restored, out.EvidenceFound = hold.Released.IsZero(), hold.Backup, hold.Restored, hold.EvidenceFound
	out.Released, out.By, out.File = hold.Released, hold.By, hold.File
	sum, err := reading.Of(j).Summary(ctx)
	if err != nil {
		return out, err
	}
	out.Epoch = sum.Epoch
	if out.Lost, out.Back, _, err = restoring.Of(j).LostCount(ctx); err != nil {
		return out, err
	}
	if out.Missing, err = lost(ctx, j, all); err != nil {
		return out, err
	}
	out.Needs = nil
	if out.Held {
		out.Needs = needs(&out, control.EndHoldRequest{})
	}
	return out, nil
}

// lost lists the lost submissions that did not come again.
func lost(ctx context.Context, j *journal.Journal, all bool) ([]restoring.LostSubmission, error) {
	list := []restoring.LostSubmission{}
	for {
		var after journal.ID
		if len(list) > 0 {
			after = list[len(list)-1].ID
		}
		page, err := restoring.Of(j).LostSubmissions(ctx, after, false, lostShown)
		list = append(list, page...)
		if err != nil || !all || len(page) < lostShown {
			return list, err
		}
	}
}

// needs lists what must be said before a restored agent can go on.
func needs(r *control.Restored, said control.EndHoldRequest) (list []string) {
	if r.EvidenceFound.IsZero() {
		return []string{"what the targets have is still being looked for; look again by: inbasket restored"}
	}
	for _, t := range r.Targets {
		if t.Evidence == control.EvidenceFailed && !slices.Contains(said.WithoutEvidence, t.Name) {
			list = append(list, fmt.Sprintf("target %s could not be asked what it has: mend it and run inbasket restored --again, or go on without by --without-evidence %s: a form that it has and that is posted again may then be written to it twice", t.Name, t.Name))
		}
		if _, given := said.Seqs[t.Name]; !t.Batch || given || slices.Contains(said.AcceptSeq, t.Name) {
			continue
		}
		last := max(t.LastSeq, t.SeenSeq)
		ask := fmt.Sprintf("look there and say --seq %s=NUMBER, or --accept-seq %s if %d is right", t.Name, t.Name, last)
		switch {
		case t.SeenSeq <= t.LastSeq:
			list = append(list, fmt.Sprintf("nothing at target %s tells which batch number was used last (%d as far as is known here): %s", t.Name, last, ask))
		case t.GoneSeqs > 0:
			list = append(list, fmt.Sprintf("target %s takes batches away (%d of the numbers %d to %d are not there), so that %d need not be the last: %s",
				t.Name, t.GoneSeqs, t.LastSeq+1, t.SeenSeq, t.SeenSeq, ask))
		}
	}
	return list
}

// EndHold lets a restored agent go on, once everything is said that it cannot know.
func (s *Service) EndHold(ctx context.Context, r control.EndHoldRequest) (control.Restored, error) {
	if err := s.Reloading.Take(ctx); err != nil {
		return control.Restored{}, err
	}
	defer s.Reloading.Over()
	report, err := s.Restored(ctx, control.RestoredRequest{})
	if err != nil {
		return report, err
	}
	if !report.Held {
		return report, &control.Error{Code: control.CodeState, Message: "the agent is not held: " + report.By + " released it at " + report.Released.Format(time.RFC3339), Status: http.StatusConflict}
	}
	ending, err := s.ending(&report, r)
	if err != nil {
		return report, err
	}
	if err := restoring.Of(s.Journal).EndHold(ctx, ending); err != nil {
		if errors.Is(err, restoring.ErrNotHeld) {
			err = &control.Error{Code: control.CodeState, Message: "the agent is not held", Status: http.StatusConflict}
		}
		return report, err
	}
	s.Log.Info().Str("by", r.By).Int("in-baskets-and-results-read-again", len(ending.Rereads)).Msg("a restored agent was released")
	s.Begin()
	return s.Restored(ctx, control.RestoredRequest{})
}

// ending turns what an operator says into what the journal does, or says what is missing or wrong in it.
func (s *Service) ending(report *control.Restored, r control.EndHoldRequest) (restoring.Ending, error) {
	refuse := func(lines ...string) error {
		return &control.Error{Code: CodeRestoreAsk, Message: "the agent cannot be released yet", Hint: strings.Join(lines, "\n    "), Status: http.StatusConflict}
	}
	e := restoring.Ending{By: r.By, Seqs: map[string]int64{}}
	known := map[string]control.RestoredTarget{}
	for _, t := range report.Targets {
		known[t.Name] = t
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(r.Seqs)), r.AcceptSeq, r.TrustAbsent, r.WithoutEvidence) {
		if _, ok := known[name]; !ok {
			return e, refuse("there is no target " + name)
		}
	}
	for name, seq := range r.Seqs {
		if t := known[name]; !t.Batch {
			return e, refuse("target " + name + " takes no numbered batches")
		} else if seq < max(t.LastSeq, t.SeenSeq) {
			return e, refuse(fmt.Sprintf("number %d of target %s is known to be used: --seq %s=%d or higher", max(t.LastSeq, t.SeenSeq), name, name, max(t.LastSeq, t.SeenSeq)))
		}
	}
	if list := slices.Concat(needs(report, r), overtrusted(report, r)); len(list) > 0 {
		return e, refuse(list...)
	}
	lanes := s.Parts().Lanes
	for _, t := range report.Targets {
		if t.Batch {
			e.Seqs[t.Name] = max(t.SeenSeq, t.LastSeq, r.Seqs[t.Name])
		}
		trusted := slices.Contains(r.TrustAbsent, t.Name)
		switch {
		case t.Evidence == control.EvidenceLedger && t.Blind == 0:
		case recorded(lanes.Get(t.Name)): // its ledger knows what the journal has, and not what came under IDs that are lost
			e.Uncertain = append(e.Uncertain, restoring.UncertainTarget{Target: t.Name})
		case trusted && namedByID(lanes.Get(t.Name)): // a form that comes again under a new ID has another file name
			e.Uncertain = append(e.Uncertain, restoring.UncertainTarget{Target: t.Name})
		case trusted:
		default:
			e.Uncertain = append(e.Uncertain, restoring.UncertainTarget{Target: t.Name, Open: true})
		}
	}
	for _, x := range report.Inbaskets {
		if x.Again {
			e.Rereads = append(e.Rereads, restoring.Reread{Kind: health.Inbasket, Name: x.Name, Since: report.Backup.Add(-margin)})
		}
	}
	for _, x := range report.Results {
		if x.Again {
			e.Rereads = append(e.Rereads, restoring.Reread{Kind: health.Results, Name: x.Name, Since: report.Backup.Add(-resultMargin)})
		}
	}
	return e, nil
}

// overtrusted lists where an operator's word that nothing was taken away says nothing: which forms a batch carries
// that was sent after the backup, neither its file nor its number tells.
func overtrusted(r *control.Restored, said control.EndHoldRequest) (list []string) {
	for _, t := range r.Targets {
		if last := max(t.SeenSeq, said.Seqs[t.Name]); t.Batch && last > t.KnownSeq && slices.Contains(said.TrustAbsent, t.Name) {
			list = append(list, fmt.Sprintf("batches up to number %d went to target %s, of which this journal knows none after %d: which forms they carry nothing tells. "+
				"Release without --trust-absent %s: those forms park, and inbasket confirm or inbasket retry settles them", last, t.Name, t.KnownSeq, t.Name))
		}
	}
	return list
}

// namedByID tells whether a target's files are found by the submission's ID.
func namedByID(l *lane.Lane) bool { return l != nil && strings.Contains(l.Target.File, "{id}") }

func recorded(l *lane.Lane) bool { return l != nil && l.Abilities().Recorded }

// HeldTrouble is what status shows of a hold; nil: there is none.
func (s *Service) HeldTrouble() *control.Trouble {
	if !s.Journal.Held() {
		return nil
	}
	t := &control.Trouble{Code: control.CodeHeld, Text: "restored from a backup: nothing is taken, delivered or told", Next: "inbasket restored; then inbasket restored release"}
	if hold, err := restoring.Of(s.Journal).Hold(context.Background()); err == nil && hold != nil {
		t.Text = "restored from a backup of " + hold.Backup.Format(time.RFC3339) + ": nothing is taken, delivered or told"
		t.Since = hold.Restored
	}
	return t
}

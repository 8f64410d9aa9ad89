package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/inbasket/inbasket/agent/config"
	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/delivering"
	"github.com/inbasket/inbasket/agent/journal/reading"
	"github.com/inbasket/inbasket/agent/journal/restoring"
	"github.com/inbasket/inbasket/agent/lane"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/connectors"
)

const (
	// margin is how far before the backup evidence is looked for: clocks differ.
	margin = time.Hour
	// resultMargin is more: legacy systems mark results by the day, and in zones of their own.
	resultMargin = 48 * time.Hour
	// gatherWithin bounds how long one target may take to tell what it has.
	gatherWithin = 30 * time.Minute
	// traceChunk is how much evidence is journaled at once.
	traceChunk = 500
)

// gather looks for everything that tells about the time that a restored journal has lost, and keeps it. Nothing
// outside is changed; it may be repeated.
func (s *Service) gather(ctx context.Context) error {
	if err := s.gathering.Take(ctx); err != nil {
		return err
	}
	defer s.gathering.Over()
	hold, err := restoring.Of(s.Journal).Hold(ctx)
	if err != nil || hold == nil || !hold.Released.IsZero() {
		return err
	}
	sum, err := reading.Of(s.Journal).Summary(ctx)
	if err != nil {
		return err
	}
	byTarget := map[string]journal.TargetSummary{}
	for _, t := range sum.Targets {
		byTarget[t.Target] = t
	}
	now := s.Parts()
	var out control.Restored
	for _, t := range now.Config.Targets {
		found := control.RestoredTarget{Name: t.Name, Type: t.Definition.Type, Open: byTarget[t.Name].Open, LastSeq: byTarget[t.Name].LastSeq}
		if err := s.askTarget(ctx, now.Lanes.Get(t.Name), s.lookFrom(hold, margin), &found); err != nil {
			return err
		}
		out.Targets = append(out.Targets, found)
	}
	for _, i := range now.Config.Inbaskets {
		out.Inbaskets = append(out.Inbaskets, askInbasket(ctx, i.Name, i.Definition.Type, now.Inbaskets[i.Name], s.lookFrom(hold, margin)))
	}
	for name := range now.Results {
		out.Results = append(out.Results, now.askResults(ctx, name, s.lookFrom(hold, resultMargin)))
	}
	out.FrontOffices = askOffices(now.Config, hold.Backup)
	out.Orders = forgottenOrders(ctx, now.Config.State)
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if err := restoring.Of(s.Journal).KeepReport(ctx, b); err != nil {
		return err
	}
	now.EvidenceFound.Store(true)
	return nil
}

// lookFrom is since when evidence matters. A clock that is set before the restore measures no ages: all of it does.
func (s *Service) lookFrom(hold *restoring.Hold, before time.Duration) time.Time {
	if s.Clock.Now().Before(hold.Restored) {
		return time.Time{}
	}
	return hold.Backup.Add(-before)
}

// FindEvidence gathers when a held agent starts, and tells where to read it.
func (s *Service) FindEvidence(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.gather(ctx)
		if err == nil {
			s.Log.Warn().Str("code", control.CodeHeld).Msg("the agent was restored from a backup and is held: look at what was found by inbasket restored, then inbasket restored release")
			return
		}
		if ctx.Err() == nil {
			code, text := guard.Describe(err)
			s.Log.Error().Str("code", code).Msg("cannot find out what the targets have; trying again: " + text)
		}
		loop.Pause(ctx, s.Clock, 10*time.Second)
	}
}

// askTarget has one target bear witness. Only an error of the journal is returned.
func (s *Service) askTarget(ctx context.Context, l *lane.Lane, since time.Time, found *control.RestoredTarget) error {
	found.Batch, found.Unsure, found.Evidence = l.Batch() != nil, !l.Abilities().Recorded, control.EvidenceNone
	witness, ok := l.Unwrap().(connectors.Witness)
	if !ok {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, gatherWithin)
	defer cancel()
	w := &witnessed{service: s, lane: l, found: found, numbers: map[int64]bool{}}
	var err error
	if found.KnownSeq, err = delivering.Of(s.Journal).LastBatch(ctx, l.Name); err != nil {
		return err
	}
	err = guard.Safely("bear witness", func() error {
		return witness.Evidence(asking, since, func(x connectors.Trace) error { return w.add(ctx, x) })
	})
	if err == nil {
		err = w.flush(ctx)
	}
	found.GoneSeqs = max(found.SeenSeq-found.LastSeq, 0) - int64(len(w.numbers))
	switch {
	case w.err != nil:
		return w.err
	case errors.Is(err, connectors.ErrNoEvidence):
	case err != nil:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		code, text := guard.Describe(err)
		found.Evidence = control.EvidenceFailed
		found.Trouble = &control.Trouble{Code: code, Text: text, Next: "mend the target, then inbasket restored --again"}
	case l.Abilities().Recorded:
		found.Evidence = control.EvidenceLedger
	default:
		found.Evidence = control.EvidenceFiles
	}
	return nil
}

// witnessed collects what one target tells.
type witnessed struct {
	service *Service
	lane    *lane.Lane
	found   *control.RestoredTarget
	traces  []connectors.Trace
	numbers map[int64]bool // of batches above the last one that the journal knows
	err     error          // of the journal
}

func (w *witnessed) add(ctx context.Context, t connectors.Trace) error {
	w.found.Seen++
	if b := w.lane.Batch(); t.Name != "" && b != nil {
		if seq, ok := b.Seq(t.Name); ok {
			w.found.SeenSeq = max(w.found.SeenSeq, seq)
			if seq > w.found.LastSeq {
				w.numbers[seq] = true
			}
		}
	}
	if t.Submission == "" {
		return nil
	}
	if w.traces = append(w.traces, t); len(w.traces) < traceChunk {
		return nil
	}
	return w.flush(ctx)
}

func (w *witnessed) flush(ctx context.Context) error {
	if len(w.traces) == 0 {
		return nil
	}
	lost, err := restoring.Of(w.service.Journal).KeepEvidence(ctx, w.lane.Name, w.traces)
	if err != nil {
		w.err = err
		return err
	}
	w.found.Lost += int64(lost.Unknown)
	w.found.Blind += int64(lost.Blind)
	w.traces = w.traces[:0]
	return nil
}

func askInbasket(ctx context.Context, name, typ string, in connectors.Inbasket, since time.Time) control.RestoredSource {
	s := control.RestoredSource{Name: name, Type: typ}
	r, ok := in.(connectors.Rescanner)
	if !ok {
		s.Advice = "what it gave after the backup cannot be offered again: ask the senders"
		return s
	}
	return rescanned(ctx, s, r, since, "accepted forms are deleted: ask the senders for what they sent after the backup")
}

func rescanned(ctx context.Context, s control.RestoredSource, r connectors.Rescanner, since time.Time, gone string) control.RestoredSource {
	n, err := r.Settled(ctx, since)
	switch {
	case errors.Is(err, connectors.ErrNoEvidence):
		s.Advice = gone
	case err != nil:
		code, text := guard.Describe(err)
		s.Again, s.Trouble = true, &control.Trouble{Code: code, Text: text, Next: "mend it, then inbasket restored --again"}
	default:
		s.Again, s.Count = true, n
	}
	return s
}

// askResults tells whether a source of results can give again what it gave.
func (p Parts) askResults(ctx context.Context, name string, since time.Time) control.RestoredSource {
	s := control.RestoredSource{Name: name, Type: p.Results[name].Type}
	if r, ok := p.Results[name].ResultSource.(connectors.Rescanner); ok {
		return rescanned(ctx, s, r, since, "answer files are deleted: ask the office for what it answered after the backup")
	}
	for _, q := range p.Asked(name) {
		if q.Again != "" {
			s.Again = true
			return s
		}
	}
	s.Advice = "results marked after the backup are not read again: the mapping has no answer.again, such as: select ... where SENT >= :since; add it, reload and run inbasket restored --again, or clear their marks by hand"
	return s
}

func askOffices(cfg *config.Config, backup time.Time) (list []control.RestoredOffice) {
	posts := map[string]bool{}
	for _, r := range cfg.Routes {
		posts[r.FrontOffice] = posts[r.FrontOffice] || cfg.Listen != nil
	}
	for _, o := range cfg.FrontOffices {
		advice := "read the events again from the start: old cursors are answered 410"
		if posts[o.Name] {
			advice += "; post again what was posted since " + backup.Format(time.RFC3339) + " and is answered 404 now, with the same reference or Idempotency-Key"
		}
		list = append(list, control.RestoredOffice{Name: o.Name, Advice: advice})
	}
	return list
}

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/journal"
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
func (a *Agent) gather(ctx context.Context) error {
	a.gathering.Lock()
	defer a.gathering.Unlock()
	hold, err := a.journal.Hold(ctx)
	if err != nil || hold == nil || !hold.Released.IsZero() {
		return err
	}
	sum, err := a.journal.Summary(ctx)
	if err != nil {
		return err
	}
	byTarget := map[string]journal.TargetSummary{}
	for _, t := range sum.Targets {
		byTarget[t.Target] = t
	}
	rt := a.current()
	var out control.Restored
	for _, t := range rt.config.Targets {
		found := control.RestoredTarget{Name: t.Name, Type: t.Definition.Type, Open: byTarget[t.Name].Open, LastSeq: byTarget[t.Name].LastSeq}
		if err := a.askTarget(ctx, rt.flow.lanes.Get(t.Name), a.lookFrom(hold, margin), &found); err != nil {
			return err
		}
		out.Targets = append(out.Targets, found)
	}
	for _, i := range rt.config.Inbaskets {
		out.Inbaskets = append(out.Inbaskets, askInbasket(ctx, i.Name, i.Definition.Type, rt.inbaskets[i.Name], a.lookFrom(hold, margin)))
	}
	for name := range rt.sources {
		out.Results = append(out.Results, rt.askResults(ctx, name, a.lookFrom(hold, resultMargin)))
	}
	out.FrontOffices = rt.askOffices(hold.Backup)
	out.Orders = forgottenOrders(ctx, rt.config.State)
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if err := a.journal.KeepReport(ctx, b); err != nil {
		return err
	}
	rt.gathered.Store(true)
	return nil
}

// lookFrom is since when evidence matters. A clock that is set before the restore measures no ages: all of it does.
func (a *Agent) lookFrom(hold *journal.Hold, before time.Duration) time.Time {
	if a.clock.Now().Before(hold.Restored) {
		return time.Time{}
	}
	return hold.Backup.Add(-before)
}

// gatherAlways gathers when a held agent starts, and tells where to read it.
func (a *Agent) gatherAlways(ctx context.Context) {
	for ctx.Err() == nil {
		err := a.gather(ctx)
		if err == nil {
			a.log.Warn().Str("code", CodeHeld).Msg("the agent was restored from a backup and is held: look at what was found by inbasket restored, then inbasket restored release")
			return
		}
		if ctx.Err() == nil {
			code, text := guard.Describe(err)
			a.log.Error().Str("code", code).Msg("cannot find out what the targets have; trying again: " + text)
		}
		loop.Pause(ctx, a.clock, 10*time.Second)
	}
}

// askTarget has one target bear witness. Only an error of the journal is returned.
func (a *Agent) askTarget(ctx context.Context, l *lane.Lane, since time.Time, found *control.RestoredTarget) error {
	found.Batch, found.Unsure, found.Evidence = l.Batch() != nil, !l.Abilities().Recorded, control.EvidenceNone
	witness, ok := l.Unwrap().(connectors.Witness)
	if !ok {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, gatherWithin)
	defer cancel()
	w := &witnessed{agent: a, lane: l, found: found, numbers: map[int64]bool{}}
	var err error
	if found.KnownSeq, err = a.journal.LastBatch(ctx, l.Name); err != nil {
		return err
	}
	err = guard.Safely("bear witness", func() error {
		return witness.Evidence(asking, since, func(t connectors.Trace) error { return w.add(ctx, t) })
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
	agent   *Agent
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
	lost, err := w.agent.journal.Witnessed(ctx, w.lane.Name, w.traces)
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
func (rt *assembly) askResults(ctx context.Context, name string, since time.Time) control.RestoredSource {
	s := control.RestoredSource{Name: name, Type: rt.sourceType(name)}
	if r, ok := rt.sources[name].(connectors.Rescanner); ok {
		return rescanned(ctx, s, r, since, "answer files are deleted: ask the office for what it answered after the backup")
	}
	for _, reader := range rt.readers[name] {
		if _, q, asks := reader.Plan.Question(); asks && q.Again != "" {
			s.Again = true
			return s
		}
	}
	s.Advice = "results marked after the backup are not read again: the mapping has no answer.again, such as: select ... where SENT >= :since; add it, reload and run inbasket restored --again, or clear their marks by hand"
	return s
}

func (rt *assembly) askOffices(backup time.Time) (list []control.RestoredOffice) {
	posts := map[string]bool{}
	for _, r := range rt.config.Routes {
		posts[r.FrontOffice] = posts[r.FrontOffice] || rt.config.Listen != nil
	}
	for _, o := range rt.config.FrontOffices {
		advice := "read the events again from the start: old cursors are answered 410"
		if posts[o.Name] {
			advice += "; post again what was posted since " + backup.Format(time.RFC3339) + " and is answered 404 now, with the same reference or Idempotency-Key"
		}
		list = append(list, control.RestoredOffice{Name: o.Name, Advice: advice})
	}
	return list
}

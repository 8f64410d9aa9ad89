package agent

import (
	"context"
	"errors"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping"
)

// collect takes results out of one source until ctx ends. A result is settled only after the journal has
// it, so a crash repeats it, and the journal knows the repeat by the result's own identity.
func (f *flow) collect(ctx context.Context, name string, src connectors.ResultSource, readers []*route) {
	trouble := troubles(f, kindResults, name)
	for ctx.Err() == nil {
		results, err := src.Next(ctx, 100)
		if err != nil {
			trouble.failed(ctx, err)
			continue
		}
		receipts, err := f.take(ctx, name, results, readers)
		if err == nil {
			graced, cancel := graced(ctx)
			err = src.Settle(graced, receipts)
			cancel()
		}
		if err != nil {
			trouble.failed(ctx, err)
			continue
		}
		trouble.over()
	}
}

// take journals results and returns what their source is told.
func (f *flow) take(ctx context.Context, source string, results []connectors.Result, readers []*route) ([]connectors.Receipt, error) {
	outcomes := make([]journal.Outcome, 0, len(results))
	receipts := make([]connectors.Receipt, len(results))
	for i, r := range results {
		receipts[i].Handle = r.Handle
		o, err := f.understand(ctx, source, r, readers)
		if err != nil {
			return released(results), err
		}
		outcomes = append(outcomes, o)
	}
	verdicts, err := f.journal.Results(ctx, outcomes)
	if err != nil {
		return released(results), &connectors.Error{Class: connectors.Transient, Code: CodeJournal, Op: "journal results", Err: err}
	}
	f.figures.took(kindResults, source, len(results))
	for i, v := range verdicts {
		f.figures.metrics.Result(source, v, 1)
		receipts[i].Verdict = v
		if v == connectors.Taken && outcomes[i].Park != nil {
			f.log.Warn().Str("code", outcomes[i].Park.Code).Str("results", source).Msg("a result is parked: inbasket list --results parked")
		}
	}
	return receipts, nil
}

func released(results []connectors.Result) []connectors.Receipt {
	receipts := make([]connectors.Receipt, len(results))
	for i, r := range results {
		receipts[i].Handle = r.Handle
	}
	return receipts
}

// understand reads a result by the first mapping that can; what none can read is kept and parked.
func (f *flow) understand(ctx context.Context, source string, r connectors.Result, readers []*route) (journal.Outcome, error) {
	o := journal.Outcome{Source: source, ResultID: r.ID, At: r.At}
	if o.At.IsZero() {
		o.At = f.clock.Now()
	}
	documents := r.Documents
	var last error
	for _, reader := range readers {
		d, err := reader.plan.Answer(r)
		var unknown *mapping.UnknownStatus
		switch {
		case errors.As(err, &unknown):
			o.ResultID, o.Plan, o.MatchKey, o.Status = d.ID, reader.plan.Name(), d.MatchKey, unknown.Status
			o.Park = &journal.Reason{Code: CodeStatus, Text: "the mapping's outcome does not name this status", Next: "add it to the mapping and reload, or decide by hand", Raw: unknown.Status}
			last = nil
		case err != nil:
			last = err
			continue
		default:
			o.ResultID, o.Plan, o.MatchKey = d.ID, reader.plan.Name(), d.MatchKey
			o.Outcome, o.Status, o.CaseNo, o.Reason = d.Outcome, d.Status, d.CaseNumber, d.Reason
			if d.ID != "" {
				o.ResultID = d.ID
			}
			documents, last = d.Documents, nil
		}
		break
	}
	if last != nil {
		o.Park = &journal.Reason{Code: CodeResult, Text: "no mapping can read this result", Next: "mend it at its source or the mapping's answer section", Raw: last.Error()}
	}
	var err error
	o.Documents, err = f.keepDocuments(ctx, documents)
	return o, err
}

func (f *flow) keepDocuments(ctx context.Context, documents []connectors.Attachment) ([]journal.File, error) {
	var kept []journal.File
	for _, d := range documents {
		r, err := d.Blob.Open()
		if err != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Code: CodeContent, Op: "read a document", Err: err}
		}
		blob, err := f.content.Put(ctx, r, maxContent)
		_ = r.Close()
		if err != nil {
			return nil, &connectors.Error{Class: connectors.Transient, Code: CodeContent, Op: "keep a document", Err: err}
		}
		kept = append(kept, journal.File{Name: d.Name, ContentType: d.ContentType, Digest: blob.Digest, Size: blob.Size})
	}
	return kept, nil
}

// watchDeadlines raises "no decision in N days" for routes with a deadline, until ctx ends.
func (f *flow) watchDeadlines(ctx context.Context) {
	for ctx.Err() == nil {
		for _, r := range f.routes {
			if r.within > 0 {
				f.raise(ctx, r)
			}
		}
		f.wait(ctx, time.Minute)
	}
}

func (f *flow) raise(ctx context.Context, r *route) {
	late, err := f.journal.Overdue(ctx, r.name, f.clock.Now().Add(-r.within), 100)
	if err != nil || len(late) == 0 {
		return
	}
	ids := make([]journal.ID, len(late))
	for i, e := range late {
		ids[i] = e.ID
	}
	if err := f.journal.MarkOverdue(ctx, ids); err != nil {
		f.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot journal overdue submissions")
		return
	}
	for _, e := range late {
		f.log.Warn().Str("code", CodeOverdue).Str("submission", e.ID.String()).Str("route", r.name).
			Msgf("no decision in %d days", int(r.within/(24*time.Hour)))
	}
}

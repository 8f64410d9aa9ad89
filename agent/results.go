package agent

import (
	"context"
	"errors"
	"fmt"
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
		var results []connectors.Result
		over := waiting(ctx) // for results: a source has time limits of its own
		err := safely("ask for results", func() (err error) { results, err = src.Next(ctx, pageResults); return err })
		over()
		if err != nil {
			trouble.failed(ctx, err)
			continue
		}
		receipts, err := f.take(ctx, name, results, readers)
		if f.settleResults(ctx, src, receipts, trouble) && err == nil {
			trouble.over()
		}
		if err != nil { // they were released, and come again
			trouble.failed(ctx, err)
		}
	}
}

// pageResults is how many results are asked for at once.
const pageResults = 100

// settleResults tells a source what became of its results until it has heard it: what it was not told
// of, it would never give again.
func (f *flow) settleResults(ctx context.Context, src connectors.ResultSource, receipts []connectors.Receipt, trouble *trouble) bool {
	for {
		err := safely("settle results", func() error {
			defer calling(ctx, "settle results", 0)()
			graced, cancel := graced(ctx)
			defer cancel()
			return src.Settle(graced, receipts)
		})
		if err == nil || ctx.Err() != nil {
			return err == nil
		}
		trouble.failed(ctx, err)
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
			f.log.Warn().Str("code", outcomes[i].Park.Code).Str("results", source).Msg("a result is parked: inbasket results --parked")
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

// reading is what one mapping makes of a result.
type reading struct {
	reader  *route
	d       mapping.Decision
	unknown string // the status that the mapping does not name
	err     error  // the mapping cannot read it
}

// understand reads a result by the mapping whose submission it fits, else by the first that can; what
// none can read is kept and parked.
func (f *flow) understand(ctx context.Context, source string, r connectors.Result, readers []*route) (journal.Outcome, error) {
	o := journal.Outcome{Source: source, ResultID: r.ID, At: r.At}
	if o.At.IsZero() {
		o.At = f.clock.Now()
	}
	best, err := f.bestReading(ctx, r, readers)
	if err != nil {
		return o, err
	}
	documents := best.d.Documents
	switch {
	case best.err != nil:
		documents = r.Documents
		o.Park = &journal.Reason{Code: CodeResult, Text: "no mapping can read this result", Next: "mend it at its source or the mapping's answer section", Raw: best.err.Error()}
	case best.unknown != "" || best.d.Outcome == "":
		o.Park = &journal.Reason{Code: CodeStatus, Text: "the mapping's outcome does not name this status", Next: "add it to the mapping and reload, or decide by hand", Raw: best.unknown}
	}
	if best.err == nil {
		o.Plan, o.MatchKey = best.reader.plan.Name(), best.d.MatchKey
		o.Outcome, o.Status, o.CaseNo, o.Reason = best.d.Outcome, best.d.Status, best.d.CaseNumber, best.d.Reason
		if best.d.ID != "" {
			o.ResultID = best.d.ID
		}
	}
	o.Documents, err = f.keepDocuments(ctx, documents)
	return o, err
}

// bestReading asks every mapping that takes results of a source. Several may read the same file; the one
// that knows a submission of this key is right.
func (f *flow) bestReading(ctx context.Context, r connectors.Result, readers []*route) (best reading, err error) {
	best.err = errors.New("no mapping reads results of this source")
	for i, reader := range readers {
		one := readBy(reader, r)
		if one.err == nil && len(readers) > 1 {
			fits, err := f.journal.Matches(ctx, reader.plan.Name(), one.d.MatchKey)
			if err != nil {
				return best, &connectors.Error{Class: connectors.Transient, Code: CodeJournal, Op: "find the submission of a result", Err: err}
			}
			if fits {
				return one, nil
			}
		}
		if i == 0 || best.err != nil || best.d.Outcome == "" && one.d.Outcome != "" {
			best = one
		}
	}
	return best, nil
}

// readBy reads a result by one mapping, and survives a mapping that breaks.
func readBy(reader *route, r connectors.Result) (one reading) {
	one.reader = reader
	one.err = safely("read a result", func() (err error) { one.d, err = reader.plan.Answer(r); return err })
	var unknown *mapping.UnknownStatus
	if errors.As(one.err, &unknown) {
		one.unknown, one.err = unknown.Status, nil
	}
	return one
}

func (f *flow) keepDocuments(ctx context.Context, documents []connectors.Attachment) ([]journal.File, error) {
	var kept []journal.File
	defer calling(ctx, "read documents", time.Hour)()
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
	for last := f.clock.Now(); ctx.Err() == nil; last = f.clock.Now() {
		for _, r := range f.routes {
			if r.within > 0 {
				f.raise(ctx, r)
			}
		}
		f.wait(ctx, time.Minute)
		if jump := f.clock.Now().Round(0).Sub(last.Round(0)) - time.Minute; jump.Abs() > clockDoubt {
			f.wait(ctx, clockPatience)
		}
	}
}

const (
	clockDoubt    = 5 * time.Minute  // a clock that jumps by more may be wrong
	clockPatience = 15 * time.Minute // for it to be set right, before front offices are told what cannot be taken back
)

func (f *flow) raise(ctx context.Context, r *route) {
	late, err := f.journal.Overdue(ctx, r.name, f.clock.Now().Add(-r.within), pageItems)
	if err != nil && ctx.Err() == nil {
		f.log.Error().Str("code", CodeJournal).Err(err).Msg("cannot read which submissions are overdue")
	}
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
			Msg("no decision in " + span(r.within))
	}
}

// span prints how long a route gives the office: in days, unless it is no whole number of them.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day != 0 {
		return d.String()
	}
	return fmt.Sprintf("%d days", d/day)
}

package decisions

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/guard"
	"github.com/inbasket/inbasket/agent/health"
	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/loop"
	"github.com/inbasket/inbasket/agent/prepare"
	"github.com/inbasket/inbasket/agent/waiting"
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/mapping/answers"
	"github.com/inbasket/inbasket/mapping/decode"
)

// understood is what became of one result of a source: a row, or an answer file with one or many decisions.
type understood struct {
	service  *Service
	source   string
	result   connectors.Result
	receipt  *connectors.Receipt
	readers  []*prepare.Route
	look     time.Time         // when it was read
	outcomes []journal.Outcome // that go on record now
	waits    bool              // something of it cannot, so it comes again
}

// key names the result among those that wait.
func (u *understood) key() string { return u.result.Handle }

// reading is what one mapping makes of a decision.
type reading struct {
	reader *prepare.Route
	answers.Reading
}

// known tells whether the mapping knows what the decision means.
func (r reading) known() bool { return r.Err == nil && r.Outcome != "" }

// read understands a result by the mappings that take those of its source. What cannot be understood is kept and
// parked; what may be readable later waits. A *answers.MissingName is returned where it is true of all of it.
func (u *understood) read(ctx context.Context, readers []*prepare.Route) error {
	u.readers, u.look = readers, u.service.Clock.Now()
	readings, err := u.service.readings(ctx, u.result, readers)
	if err != nil {
		return err
	}
	if missing := nameless(readings); missing != nil && missing.File {
		u.alone(waiting.Item{Code: CodeMissing, Ever: true, Text: missing.Error(),
			Next: "mend the mapping and reload, write NAME ?? nil for what may be missing and LIST | list() for a list that may be left out, or have the office write the file anew"}, missing)
		return nil
	} else if missing != nil {
		return missing
	}
	if len(readings) == 0 {
		u.service.Log.Info().Str("results", u.source).Msg("an answer file was read and holds no decision: its list is empty")
	}
	for _, r := range contradictions(readings) {
		if err := u.add(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// errTwice says that the entries of one answer file contradict each other.
var errTwice = &connectors.Error{Class: connectors.ItemError, Code: CodeTwice, Op: "read an answer file",
	Hint: "its entries say different things under one ID; which one holds is not known"}

// contradictions puts one reading that is none in the place of all that say different things under one ID.
func contradictions(readings []reading) []reading {
	first, twice := map[string]reading{}, map[string]bool{}
	for _, r := range readings {
		before, known := first[r.ID]
		if !known {
			first[r.ID] = r
		} else if !r.Same(before.Reading) {
			twice[r.ID] = true
		}
	}
	if len(twice) == 0 {
		return readings
	}
	list := make([]reading, 0, len(readings))
	for _, r := range readings {
		if told, contradicts := twice[r.ID]; !contradicts {
			list = append(list, r)
		} else if told {
			twice[r.ID] = false
			r.Err, r.Documents = errTwice, nil
			list = append(list, r)
		}
	}
	return list
}

// nameless tells whether every decision that can be read at all lacks a name of the mapping's: then the mapping is wrong, or the
// file is another one than it says, and what came waits for either to be mended.
func nameless(readings []reading) (missing *answers.MissingName) {
	for _, r := range readings {
		if !errors.As(r.Err, &missing) && !errors.Is(r.Err, answers.ErrAnswer) {
			return nil
		}
	}
	return missing
}

// add makes an outcome of a reading, unless it has to wait.
func (u *understood) add(ctx context.Context, r reading) error {
	o := journal.Outcome{Source: u.source, ResultID: r.ID, At: u.result.At, MatchKey: r.MatchKey, Outcome: r.Outcome,
		Status: r.Status, CaseNo: r.CaseNumber, Reason: r.Reason, Bare: r.Bare}
	if u.result.File == "" {
		o.Also = u.result.Also
	}
	if o.At.IsZero() {
		o.At = u.service.Clock.Now()
	}
	if r.reader != nil {
		o.Plan = r.reader.Plan.Name()
	}
	key := u.key() + "\x00" + o.ResultID
	trouble := u.result.Trouble
	if errors.Is(r.Err, errTwice) {
		trouble = errTwice
	}
	var unknown *answers.UnknownStatus
	var absent *answers.MissingDocument
	switch {
	case trouble != nil:
		code, text := guard.Describe(trouble)
		if !u.over(key, waiting.Item{Name: itemOf(o), Code: code, Text: text, Next: "mend what it says; after ten minutes it is set aside for a person"}) {
			return nil
		}
		o.MatchKey, o.Outcome, o.Status, o.CaseNo, o.Reason = "", "", "", "", "" // which ones are meant cannot be told
		o, r.Documents = unread(o, u.result, trouble), nil
	case errors.As(r.Err, &absent):
		w := waiting.Item{Name: itemOf(o), Code: CodeDocument, Text: absent.Error(), Next: "put it there; after ten minutes the decision is set aside for a person"}
		if absent.Shared {
			w.Next = "have the office name a document of its own for each case; after ten minutes the decisions are set aside for a person"
		} else if u.result.Gap {
			w.Text, w.Next = w.Text+", or lies behind a number that is missing", "number the documents without a gap; after ten minutes the decision is set aside for a person"
		}
		if u.waitsFor(o, key, w) {
			return nil
		}
		o.Park = withoutDocument(w.Text)
		if untold := partOf(r.Err); untold != "" {
			o.Park.Text += "; " + untold
		}
	case errors.As(r.Err, &unknown) || r.Err == nil && r.Outcome == "":
		o.Park = &journal.Reason{Code: journal.CodeStatus, Text: "the mapping's outcome does not name this status", Next: "add it to the mapping and reload: then it goes on by itself; or decide by hand", Raw: o.Status}
	case r.Err != nil:
		o = unread(o, u.result, r.Err)
		name(o.Park, r.Reading)
	}
	if waits, err := u.documents(ctx, &o, r.Documents, key); waits || err != nil {
		return err
	}
	u.service.Waiting.Gone(health.Results, u.source, key)
	u.outcomes = append(u.outcomes, o)
	return nil
}

// documents keeps the documents of a decision, and tells whether it waits for one. A decision whose document cannot be
// had at all is parked without it.
func (u *understood) documents(ctx context.Context, o *journal.Outcome, documents []connectors.Attachment, key string) (waits bool, err error) {
	var all []*waiting.NotKept
	if lost := u.service.Waiting.Missing(health.Results, u.source, key, documents); lost != nil {
		all = append(all, lost)
	}
	for _, d := range documents {
		file, failed := waiting.Keep(ctx, u.service.Content, d)
		if failed != nil {
			all = append(all, failed)
			continue
		}
		o.Documents = append(o.Documents, file)
	}
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	for _, failed := range all {
		w := failed.Item(itemOf(*o))
		if !failed.Large && u.waitsFor(*o, key, w) {
			return true, nil
		}
		o.Park = withoutDocument(w.Text + ": " + failed.Name)
		o.Park.Raw = failed.Error()
	}
	before := false
	if u.result.File != "" && len(o.Documents) > 0 {
		if before, err = u.servedBefore(ctx, o); err != nil {
			return true, &connectors.Error{Class: connectors.Transient, Code: journal.CodeUnavailable, Op: "read which documents were given out", Err: err}
		}
	}
	if before {
		w := waiting.Item{Name: itemOf(*o), Code: CodeDocument, Text: "its document was given to a decision of the answer file that lay there before under this name",
			Next: "put its own document there; after ten minutes the decision is set aside for a person"}
		if u.waitsFor(*o, key, w) {
			return true, nil
		}
		o.Documents, o.Park = nil, withoutDocument(w.Text)
	}
	if still := u.result.Still; len(o.Documents) > 0 && still != nil && !still() {
		u.waits = true
		u.waitFor(*o, waiting.Item{Code: CodeDocument, Text: "its answer file was replaced or removed while its documents were read, and they may be another one's"})
		return true, nil
	}
	return false, nil
}

// waitsFor has a decision wait for a document until its time is over.
func (u *understood) waitsFor(o journal.Outcome, key string, w waiting.Item) bool {
	if u.over(key, w) {
		return false
	}
	u.waitFor(o, w)
	return true
}

// waitFor has a decision on record from the moment that it is read, although a document of it cannot be had yet: its
// answer file may be replaced, and the agent end.
func (u *understood) waitFor(o journal.Outcome, w waiting.Item) {
	o.Documents = nil
	o.Park = &journal.Reason{Code: w.Code, Text: w.Text, Waits: true,
		Next: "it goes on by itself when the document can be had, within ten minutes and while what it came in lies there; else have the office send the decision again, attach it as it is, or drop it"}
	u.outcomes = append(u.outcomes, o)
}

// name says which part of an answer file could not be read, in words that hold nothing of it.
func name(park *journal.Reason, r answers.Reading) {
	if errors.Is(r.Err, answers.ErrUnnamed) {
		park.Text = answers.ErrUnnamed.Error()
	}
	if r.Where != "" {
		park.Text = "no mapping can read " + r.Where
	}
	if untold := partOf(r.Err); untold != "" {
		park.Text += ": " + untold
		park.Next = "have the office send it anew as one value, or mend the mapping, and drop this one; or give it to its submission without that: inbasket results attach"
	}
	var broken *decode.Error
	if errors.As(r.Err, &broken) {
		park.Text += ": " + broken.Message
	}
	if r.Whole {
		whole(park)
	}
}

// partOf names what of a decision cannot be told, in the mapping's own words.
func partOf(err error) string {
	var untold *answers.Untold
	if errors.As(err, &untold) {
		return untold.Error()
	}
	return ""
}

// whole keeps a file of many decisions from being given to one submission.
func whole(park *journal.Reason) {
	park.Whole = true
	park.Next = "mend the file and put it there again with its documents, then drop this one: inbasket results drop"
}

// itemOf is how status calls a decision.
func itemOf(o journal.Outcome) string {
	item := "result " + strings.ReplaceAll(o.ResultID, "\x1f", ", ")
	if o.CaseNo != "" {
		return item + " of case " + o.CaseNo
	}
	if o.MatchKey != "" {
		return item + " about " + strings.ReplaceAll(o.MatchKey, "\x1f", ", ")
	}
	return item
}

func withoutDocument(why string) *journal.Reason {
	return &journal.Reason{Code: CodeDocument, Text: "the decision came without a document: " + why,
		Next: "have the office mend the document and send the decision again, and drop this one; or give it to its submission as it is: inbasket results attach"}
}

// unread is a result that is kept for a person, with what could be read of it. What it said counts by what it is made of.
func unread(o journal.Outcome, r connectors.Result, why error) journal.Outcome {
	o.Park = &journal.Reason{Code: CodeResult, Text: "no mapping can read this result", Next: "mend it at its source, or give it to its submission: inbasket results attach", Raw: why.Error()}
	var told *connectors.Error
	if errors.As(why, &told) {
		o.Park.Code, o.Park.Text = told.Code, told.Safe()
	}
	h := sha256.New()
	h.Write(r.Content)
	for _, n := range slices.Sorted(maps.Keys(r.Fields)) {
		v := r.Fields[n]
		fmt.Fprintf(h, "%s:%d:%d:%s:%d", n, v.Kind, len(v.Str), v.Str, v.Int)
	}
	_, _ = io.WriteString(h, o.ResultID)
	o.Said = connectors.Digest(h.Sum(nil))
	return o
}

// over notes that something of the result waits, and tells whether its time is over.
func (u *understood) over(key string, w waiting.Item) bool {
	over := u.service.Waiting.Add(health.Results, u.source, key, w)
	u.waits = u.waits || !over
	return over
}

// alone has the whole result wait; once its time is over it is set aside for a person.
func (u *understood) alone(w waiting.Item, why error) {
	u.outcomes = nil
	o := journal.Outcome{Source: u.source, ResultID: u.result.ID, At: u.result.At}
	if w.Name = itemOf(o); u.result.File != "" {
		w.Name = "answer file " + u.result.File
	}
	if w.Next == "" {
		w.Next = "it is tried again"
	}
	if !u.over(u.key(), w) {
		return
	}
	o = unread(o, u.result, why)
	o.Park.Code, o.Park.Text = w.Code, w.Text
	if slices.ContainsFunc(u.readers, func(r *prepare.Route) bool { return r.Plan.ReadsMany() }) {
		whole(o.Park)
	}
	u.outcomes = []journal.Outcome{o}
}

// recorded notes what the journal made of the outcomes. A result of which something waits comes again: what is on record
// is a repeat then.
func (u *understood) recorded(verdicts []connectors.Verdict) {
	s := u.service
	took, verdict := 0, connectors.Repeat
	for i, v := range verdicts {
		if p := u.outcomes[i].Park; p != nil && p.Waits {
			continue // it counts once it is settled
		}
		s.Counters.Result(u.source, v, 1)
		if v != connectors.Taken {
			continue
		}
		took, verdict = took+1, connectors.Taken
		if p := u.outcomes[i].Park; p != nil {
			s.Log.Warn().Str("code", p.Code).Str("results", u.source).Msg("a result is parked: inbasket results --parked")
		}
	}
	s.Counters.TookResults(u.source, took)
	s.Waiting.OnlySince(health.Results, u.source, u.key()+"\x00", u.look)
	if u.waits {
		return
	}
	s.Waiting.Gone(health.Results, u.source, u.key())
	u.receipt.Verdict = verdict
}

// readings reads a result by the mappings that take those of its source. Several may read the same decision: the one
// that knows its submission is right, else the first that understands it.
func (s *Service) readings(ctx context.Context, r connectors.Result, readers []*prepare.Route) ([]reading, error) {
	best := []reading{{Reading: answers.Reading{Decision: answers.Decision{ID: r.ID, Documents: r.Documents}, Err: errors.New("no mapping reads results of this source")}}}
	var all [][]reading
	for _, reader := range readers {
		all = append(all, readBy(reader, r))
	}
	for n, list := range all {
		if n == 0 {
			best = list
			continue
		}
		if len(list) != len(best) { // they take it for different files: the one that reads more of it is right
			if countKnown(list) > countKnown(best) {
				best = list
			}
			continue
		}
		for i := range list {
			better, err := s.better(ctx, list[i], best[i])
			if err != nil {
				return nil, err
			}
			if better {
				best[i] = list[i]
			}
		}
	}
	return best, nil
}

// better tells whether a second reading of a decision is to be preferred.
func (s *Service) better(ctx context.Context, second, first reading) (bool, error) {
	fits := func(r reading) (bool, error) {
		if r.MatchKey == "" || r.reader == nil {
			return false, nil
		}
		fits, err := deciding.Of(s.Journal).Matches(ctx, r.reader.Plan.Name(), r.MatchKey)
		if err != nil {
			err = &connectors.Error{Class: connectors.Transient, Code: journal.CodeUnavailable, Op: "find the submission of a result", Err: err}
		}
		return fits, err
	}
	is, err := fits(first)
	if err != nil || is {
		return false, err
	}
	if is, err = fits(second); err != nil || is {
		return is, err
	}
	return first.MatchKey == "" && second.MatchKey != "" || !first.known() && second.known(), nil
}

func countKnown(list []reading) (n int) {
	for _, r := range list {
		if r.known() {
			n++
		}
	}
	return n
}

// readBy reads a result by one mapping, and survives a mapping that breaks.
func readBy(reader *prepare.Route, r connectors.Result) (list []reading) {
	err := guard.Safely("read a result", func() error {
		for _, one := range reader.Plan.Answers(r) {
			list = append(list, reading{reader, one})
		}
		return nil
	})
	if err != nil {
		return []reading{{reader, answers.Reading{Decision: answers.Decision{ID: r.ID, Documents: r.Documents}, Err: err}}}
	}
	return list
}

// KnownNow goes on with results that were parked for their status, where the mapping in force knows it now.
func (s *Service) KnownNow(ctx context.Context, readers map[string][]*prepare.Route) {
	for after := int64(0); ctx.Err() == nil; {
		list, err := deciding.Of(s.Journal).ParkedResults(ctx, after, PageResults)
		for _, o := range list {
			if err == nil {
				err = s.knowNow(ctx, o, readers[o.Source])
			}
			if err == nil {
				after = o.N
			}
		}
		if err != nil {
			s.Log.Error().Str("code", journal.CodeUnavailable).Err(err).Msg("cannot go on with parked results; trying again")
			loop.Pause(ctx, s.Clock, 2*time.Second)
			continue
		}
		if len(list) < PageResults {
			return
		}
	}
}

func (s *Service) knowNow(ctx context.Context, o journal.Outcome, readers []*prepare.Route) error {
	for _, r := range readers {
		outcome, known := r.Plan.Meaning(o.Status)
		if o.Park == nil || o.Park.Code != journal.CodeStatus || r.Plan.Name() != o.Plan || !known {
			continue
		}
		done, err := deciding.Of(s.Journal).Understood(ctx, o.N, outcome)
		if done {
			s.Log.Info().Str("results", o.Source).Int64("result", o.N).Msg("a result that was parked for its status goes on: the mapping knows it now")
		}
		return err
	}
	return nil
}

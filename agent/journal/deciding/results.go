package deciding

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Results keeps what the back office says and decides the submissions that it fits. A result that is known by its
// source and ID and says the same is a Repeat; one that says anything else is another result. One that fits nothing is
// kept as an orphan.
func (j Decisions) Results(ctx context.Context, outcomes []journal.Outcome) (verdicts []connectors.Verdict, err error) {
	err = j.Do(ctx, "record results", func(t *journal.Tx) error {
		verdicts = make([]connectors.Verdict, len(outcomes))
		for n := range outcomes {
			verdicts[n] = keepResult(t, outcomes[n])
		}
		return nil
	})
	return verdicts, err
}

func keepResult(t *journal.Tx, o journal.Outcome) connectors.Verdict {
	known := versionsOf(t, &o)
	for n := 0; n < len(o.Also) && len(known) == 0; n++ {
		other := o
		if other.ResultID = o.Also[n]; len(versionsOf(t, &other)) > 0 { // it goes on under the spelling by which it is on record
			o.ResultID, known = other.ResultID, versionsOf(t, &other)
		}
	}
	if n := waitingFor(known, &o); n != 0 {
		return complete(t, n, o, known)
	}
	repeat, again := repeats(known, &o)
	if len(known) == 0 && o.Park == nil {
		repeat, again = renamed(t, &o)
	}
	if repeat {
		return connectors.Repeat
	}
	if o.Park == nil {
		o.Park = again
	}
	if n := insertResult(t, &o); o.Park == nil {
		place(t, n, o, known)
	}
	return connectors.Taken
}

// place gives a result that is on record to the submission that it fits; else it waits for one, or for a person.
func place(t *journal.Tx, n int64, o journal.Outcome, known []saidBefore) {
	id, park := match(t, &o)
	if park == nil && id != 0 {
		park = notByItself(t, n, &o, id, known)
	}
	switch {
	case park != nil:
		parkResult(t, n, park)
	case id == 0:
		t.Count(journal.TallyOrphans, 0, 0, 1)
	default:
		decide(t, n, n, o, id)
	}
}

func parkResult(t *journal.Tx, n int64, why *journal.Reason) {
	t.Exec("UPDATE result SET park=? WHERE n=?", journal.EncodeReason(why), n)
}

// match finds the submission that a result speaks of, or why a person must look at it.
func match(t *journal.Tx, o *journal.Outcome) (id journal.ID, park *journal.Reason) {
	if o.ID != 0 {
		_, err := t.Submission(o.ID)
		t.Fail(err)
	}
	if o.ID != 0 || o.MatchKey == "" {
		return o.ID, nil
	}
	switch fit := fit(t.Look, o); len(fit) {
	case 0:
		return 0, tooLate(t.Look, o)
	case 1:
		return fit[0], nil
	}
	return 0, &journal.Reason{Code: journal.CodeAmbiguous, Text: "the result fits several submissions", Next: "attach it by hand to the right one"}
}

// fit returns the submissions that a result may speak of: more than one is enough to know that it does not tell.
func fit(l *journal.Look, o *journal.Outcome) []journal.ID {
	return journal.All[journal.ID](l, "SELECT sub FROM match WHERE plan=? AND key=? LIMIT 2", engine.Word(o.Plan), o.MatchKey)
}

// Matches tells whether a result that was read by a mapping under a match key would find a submission now.
func (j Decisions) Matches(ctx context.Context, plan, key string) (bool, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) bool { return len(fit(l, &journal.Outcome{Plan: plan, MatchKey: key})) > 0 })
}

func insertResult(t *journal.Tx, o *journal.Outcome) (n int64) {
	documents, err := journal.EncodeFiles(o.Documents)
	t.Fail(err)
	at := o.At
	if at.IsZero() {
		at = t.Now
	}
	const sql = `INSERT INTO result(n, source, rid, sub, plan, key, outcome, status, caseno, reason, documents, by, at, park, said, seen)
		VALUES((SELECT coalesce(max(n), 0)+1 FROM (SELECT max(n) AS n FROM result UNION ALL SELECT value FROM meta WHERE key=?)), ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING n`
	return t.Number(sql, journal.LastResult, engine.Word(o.Source), o.ResultID, engine.Word(o.Plan), o.MatchKey, o.Outcome, o.Status, o.CaseNo, o.Reason, documents, o.By, at, journal.EncodeReason(o.Park), said(o), t.LastUsed())
}

const resultColumns = "n, source, rid, plan, key, sub, outcome, status, caseno, reason, documents, by, at, park FROM result "

// List returns results.
func List(l *journal.Look, where string, args ...any) []journal.Outcome {
	return journal.All[journal.Outcome](l, "SELECT "+resultColumns+where, args...)
}

// Result reads a result and says whether it still waits for a submission.
func Result(t *journal.Tx, n int64) (o journal.Outcome, open bool) {
	o, found := journal.One[journal.Outcome](t.Look, "SELECT "+resultColumns+"WHERE n=?", n)
	if !found {
		t.Fail(journal.ErrNotFound)
	}
	return o, found && o.ID == 0
}

// decideOrphan gives an orphaned or parked result to a submission.
func decideOrphan(t *journal.Tx, n, told int64, o journal.Outcome, id journal.ID) {
	if o.Park == nil {
		t.Count(journal.TallyOrphans, 0, 0, -1)
	}
	decide(t, n, told, o, id)
}

// decide gives a result to a submission and tells its front office. What came up to the number told is older news.
func decide(t *journal.Tx, n, told int64, o journal.Outcome, id journal.ID) {
	s, err := t.Submission(id)
	if err != nil {
		return
	}
	if s.State == states.Rejected {
		parkResult(t, n, &journal.Reason{Code: journal.CodeRejected, Text: "the submission " + id.String() + " was rejected before", Next: "settle it with the office that decided"})
		return
	}
	const sql = "UPDATE result SET sub=?, park=NULL, told=?, revision=1+(SELECT count(*) FROM result WHERE sub=?) WHERE n=?"
	t.Exec(sql, id, told, id, n)
	documents, revision := documentsUpTo(t, id, n)
	t.Event(s.Office, id, states.EventDecided, true, map[string]any{"outcome": o.Outcome, "status": o.Status, "caseNumber": o.CaseNo, "reason": o.Reason,
		"revision": revision, "documents": documents})
	s.State = states.Decided
	switch {
	case s.Office != 0:
		s.Flags &^= states.FlagHeard // a second decision is news again
	case !s.Waits():
		s.State = states.Closed // else once it is delivered as well
	}
	s.Dirty = true
	if s.Flags&states.FlagWhole == 0 {
		s.Code, s.Why = "", ""
	}
}

// documentsUpTo lists the documents of result n as events show them: numbered from 1 across all results
// of the submission. revision is the number of results so far.
func documentsUpTo(t *journal.Tx, id journal.ID, n int64) (documents []map[string]any, revision int) {
	number := 0
	documents = []map[string]any{}
	journal.Each(t.Look, "SELECT n, documents FROM result WHERE sub=? ORDER BY revision", []any{id}, func(r struct {
		N         int64
		Documents []journal.File `col:"json"`
	}) {
		revision++
		for _, f := range r.Documents {
			number++
			if r.N == n {
				documents = append(documents, map[string]any{"n": number, "name": f.Name, "contentType": f.ContentType, "size": f.Size,
					"digest": base64.StdEncoding.EncodeToString(f.Digest[:])}) // as the API has it everywhere
			}
		}
	})
	return documents, revision
}

// Documents returns the documents of all results of a submission; number n of the events is index n-1.
func (j Decisions) Documents(ctx context.Context, id journal.ID) ([]journal.File, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) (files []journal.File) {
		for _, o := range List(l, "WHERE sub=? ORDER BY "+ToldOrder(l), id) {
			files = append(files, o.Documents...)
		}
		return files
	})
}

// Orphans returns results that fit no submission, oldest first.
func (j Decisions) Orphans(ctx context.Context, limit int) ([]journal.Outcome, error) {
	return j.listResults(ctx, "WHERE sub IS NULL AND park IS NULL ORDER BY n LIMIT ?", journal.Bounded(limit))
}

// ParkedResults returns results after a number that wait for a person, oldest first.
func (j Decisions) ParkedResults(ctx context.Context, after int64, limit int) ([]journal.Outcome, error) {
	return j.listResults(ctx, "WHERE park IS NOT NULL AND n>? ORDER BY n LIMIT ?", after, journal.Bounded(limit))
}

func (j Decisions) listResults(ctx context.Context, where string, args ...any) ([]journal.Outcome, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Outcome {
		list := List(l, where, args...)
		markOvertaken(l, list)
		return list
	})
}

// ErrMeaning says that a result cannot be given to a submission before a person says what it means.
var ErrMeaning = fmt.Errorf("the meaning of the result's status is not known: %w", journal.ErrState)

// ErrOtherMeaning says that a person gives a result a meaning although it says itself what it means.
var ErrOtherMeaning = fmt.Errorf("the result itself says otherwise: %w", journal.ErrState)

// ErrWhole says that a result is a whole file of many decisions.
var ErrWhole = fmt.Errorf("the result is a file of many decisions: %w", journal.ErrState)

// AttachOrphan gives the orphaned or parked result of this number to a submission on a person's word. An
// outcome that is not empty says what the result means, for one whose status the mapping does not know.
func (j Decisions) AttachOrphan(ctx context.Context, n int64, id journal.ID, outcome, by string) error {
	return j.Do(ctx, "attach a result", func(t *journal.Tx) error {
		o, open := Result(t, n)
		switch {
		case !open:
			return fmt.Errorf("the result belongs to %s: %w", o.ID, journal.ErrState)
		case o.Park != nil && o.Park.Whole:
			return ErrWhole
		case o.Outcome != "" && outcome != "" && outcome != o.Outcome:
			return ErrOtherMeaning
		case o.Outcome == "" && outcome == "":
			return ErrMeaning
		case o.Outcome == "":
			o.Outcome = outcome
			t.Exec("UPDATE result SET outcome=? WHERE n=?", outcome, n)
		}
		t.Note(id, journal.Moment{What: "result attached", By: by})
		decideOrphan(t, n, t.Number("SELECT max(n) FROM result"), o, id)
		return nil
	})
}

// Dropped stands in place of a submission in results that belong to none, on a person's word.
const Dropped = -1

// DropResult sets the orphaned or parked result of this number aside for good on a person's word.
func (j Decisions) DropResult(ctx context.Context, n int64, reason, by string) error {
	return j.Do(ctx, "drop a result", func(t *journal.Tx) error {
		o, open := Result(t, n)
		if !open {
			return fmt.Errorf("the result is settled: %w", journal.ErrState)
		}
		if o.Park == nil {
			t.Count(journal.TallyOrphans, 0, 0, -1)
		}
		t.Exec("UPDATE result SET sub=?, park=NULL WHERE n=?", Dropped, n)
		t.Note(Dropped, journal.Moment{What: "result dropped", Text: fmt.Sprintf("%d: %s", n, reason), By: by})
		return nil
	})
}

// tooLate says of a result that fits nothing whether what it speaks of was purged.
func tooLate(l *journal.Look, o *journal.Outcome) *journal.Reason {
	key := l.PurgedKey()
	if key == nil {
		return nil
	}
	id := journal.Value[journal.ID](l, "SELECT sub FROM tombmatch WHERE key=? LIMIT 1", journal.MatchHash(key, o.Plan, o.MatchKey))
	if id == 0 {
		return nil
	}
	return &journal.Reason{Code: journal.CodePurged, Text: "the result came after submission " + id.String() + " was purged",
		Next: "tell the front office in another way if it must know; then inbasket results drop"}
}

// ToldOrder is the column by which results of a submission are in the order in which they were told.
func ToldOrder(l *journal.Look) string {
	if l.Has(journal.ResultVersion) {
		return "revision"
	}
	return "n"
}

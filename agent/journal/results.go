package journal

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Results keeps what the back office says and decides the submissions that it fits. A result that is known by its
// source and ID and says the same is a Repeat; one that says anything else is another result. One that fits nothing is
// kept as an orphan.
func (j *Journal) Results(ctx context.Context, outcomes []Outcome) (verdicts []connectors.Verdict, err error) {
	err = j.do(ctx, "record results", func(t *tx) error {
		verdicts = make([]connectors.Verdict, len(outcomes))
		for n := range outcomes {
			verdicts[n] = t.keepResult(outcomes[n])
		}
		return nil
	})
	return verdicts, err
}

func (t *tx) keepResult(o Outcome) connectors.Verdict {
	known := t.versionsOf(&o)
	if n := waitingFor(known, &o); n != 0 {
		return t.complete(n, o, known)
	}
	repeat, again := repeats(known, &o)
	if repeat {
		return connectors.Repeat
	}
	if o.Park == nil {
		o.Park = again
	}
	if n := t.insertResult(&o); o.Park == nil {
		t.place(n, o, known)
	}
	return connectors.Taken
}

// place gives a result that is on record to the submission that it fits; else it waits for one, or for a person.
func (t *tx) place(n int64, o Outcome, known []saidBefore) {
	id, park := t.match(&o)
	if park == nil && id != 0 {
		park = t.notByItself(n, id, known)
	}
	switch {
	case park != nil:
		t.parkResult(n, park)
	case id == 0:
		t.count(tallyOrphans, 0, 0, 1)
	default:
		t.decide(n, n, o, id)
	}
}

func (t *tx) parkResult(n int64, why *Reason) {
	t.exec("UPDATE result SET park=? WHERE n=?", encodeReason(why), n)
}

// match finds the submission that a result speaks of, or why a person must look at it.
func (t *tx) match(o *Outcome) (id ID, park *Reason) {
	if o.ID != 0 {
		_, err := t.submission(o.ID)
		t.fail(err)
	}
	if o.ID != 0 || o.MatchKey == "" {
		return o.ID, nil
	}
	switch fit := t.fit(o); len(fit) {
	case 0:
		return 0, t.tooLate(o)
	case 1:
		return fit[0], nil
	}
	return 0, &Reason{Code: CodeAmbiguous, Text: "the result fits several submissions", Next: "attach it by hand to the right one"}
}

// fit returns the submissions that a result may speak of: more than one is enough to know that it does not tell.
func (l *look) fit(o *Outcome) []ID {
	return all[ID](l, "SELECT sub FROM match WHERE plan=? AND key=? LIMIT 2", engine.Word(o.Plan), o.MatchKey)
}

// Matches tells whether a result that was read by a mapping under a match key would find a submission now.
func (j *Journal) Matches(ctx context.Context, plan, key string) (bool, error) {
	return find(ctx, j, func(l *look) bool { return len(l.fit(&Outcome{Plan: plan, MatchKey: key})) > 0 })
}

func (t *tx) insertResult(o *Outcome) (n int64) {
	documents, err := encodeFiles(o.Documents)
	t.fail(err)
	at := o.At
	if at.IsZero() {
		at = t.now
	}
	const sql = `INSERT INTO result(source, rid, sub, plan, key, outcome, status, caseno, reason, documents, by, at, park, said)
		VALUES(?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING n`
	return t.number(sql, engine.Word(o.Source), o.ResultID, engine.Word(o.Plan), o.MatchKey, o.Outcome, o.Status, o.CaseNo, o.Reason, documents, o.By, at, encodeReason(o.Park), o.said())
}

const resultColumns = "n, source, rid, plan, key, sub, outcome, status, caseno, reason, documents, by, at, park FROM result "

func (l *look) results(where string, args ...any) []Outcome {
	return all[Outcome](l, "SELECT "+resultColumns+where, args...)
}

// result reads a result and says whether it still waits for a submission.
func (t *tx) result(n int64) (o Outcome, open bool) {
	o, found := one[Outcome](t.look, "SELECT "+resultColumns+"WHERE n=?", n)
	if !found {
		t.fail(ErrNotFound)
	}
	return o, found && o.ID == 0
}

// decideOrphan gives an orphaned or parked result to a submission.
func (t *tx) decideOrphan(n, told int64, o Outcome, id ID) {
	if o.Park == nil {
		t.count(tallyOrphans, 0, 0, -1)
	}
	t.decide(n, told, o, id)
}

// decide gives a result to a submission and tells its front office. What came up to the number told is older news.
func (t *tx) decide(n, told int64, o Outcome, id ID) {
	s, err := t.submission(id)
	if err != nil {
		return
	}
	if s.State == states.Rejected {
		t.parkResult(n, &Reason{Code: CodeRejected, Text: "the submission " + id.String() + " was rejected before", Next: "settle it with the office that decided"})
		return
	}
	const sql = "UPDATE result SET sub=?, park=NULL, told=?, revision=1+(SELECT count(*) FROM result WHERE sub=?) WHERE n=?"
	t.exec(sql, id, told, id, n)
	documents, revision := t.documentsUpTo(id, n)
	t.event(s.Office, id, states.EventDecided, true, map[string]any{"outcome": o.Outcome, "status": o.Status, "caseNumber": o.CaseNo, "reason": o.Reason,
		"revision": revision, "documents": documents})
	s.State = states.Decided
	switch {
	case s.Office != 0:
		s.Flags &^= states.FlagHeard // a second decision is news again
	case !s.waits():
		s.State = states.Closed // else once it is delivered as well
	}
	s.Dirty = true
	if s.Flags&states.FlagWhole == 0 {
		s.Code, s.Why = "", ""
	}
}

// documentsUpTo lists the documents of result n as events show them: numbered from 1 across all results
// of the submission. revision is the number of results so far.
func (t *tx) documentsUpTo(id ID, n int64) (documents []map[string]any, revision int) {
	number := 0
	documents = []map[string]any{}
	each(t.look, "SELECT n, documents FROM result WHERE sub=? ORDER BY revision", []any{id}, func(r struct {
		N         int64
		Documents []File `col:"json"`
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
func (j *Journal) Documents(ctx context.Context, id ID) ([]File, error) {
	return find(ctx, j, func(l *look) (files []File) {
		for _, o := range l.results("WHERE sub=? ORDER BY "+l.toldOrder(), id) {
			files = append(files, o.Documents...)
		}
		return files
	})
}

// Orphans returns results that fit no submission, oldest first.
func (j *Journal) Orphans(ctx context.Context, limit int) ([]Outcome, error) {
	return j.listResults(ctx, "WHERE sub IS NULL AND park IS NULL ORDER BY n LIMIT ?", bounded(limit))
}

// ParkedResults returns results after a number that wait for a person, oldest first.
func (j *Journal) ParkedResults(ctx context.Context, after int64, limit int) ([]Outcome, error) {
	return j.listResults(ctx, "WHERE park IS NOT NULL AND n>? ORDER BY n LIMIT ?", after, bounded(limit))
}

func (j *Journal) listResults(ctx context.Context, where string, args ...any) ([]Outcome, error) {
	return find(ctx, j, func(l *look) []Outcome {
		list := l.results(where, args...)
		l.markOvertaken(list)
		return list
	})
}

// ErrMeaning says that a result cannot be given to a submission before a person says what it means.
var ErrMeaning = fmt.Errorf("the meaning of the result's status is not known: %w", ErrState)

// ErrWhole says that a result is a whole file of many decisions.
var ErrWhole = fmt.Errorf("the result is a file of many decisions: %w", ErrState)

// AttachOrphan gives the orphaned or parked result of this number to a submission on a person's word. An
// outcome that is not empty says what the result means, for one whose status the mapping does not know.
func (j *Journal) AttachOrphan(ctx context.Context, n int64, id ID, outcome, by string) error {
	return j.do(ctx, "attach a result", func(t *tx) error {
		o, open := t.result(n)
		switch {
		case !open:
			return fmt.Errorf("the result belongs to %s: %w", o.ID, ErrState)
		case o.Park != nil && o.Park.Whole:
			return ErrWhole
		case o.Outcome == "" && outcome == "":
			return ErrMeaning
		case o.Outcome == "":
			o.Outcome = outcome
			t.exec("UPDATE result SET outcome=? WHERE n=?", outcome, n)
		}
		t.note(id, Moment{What: "result attached", By: by})
		t.decideOrphan(n, t.number("SELECT max(n) FROM result"), o, id)
		return nil
	})
}

// dropped stands in place of a submission in results that belong to none, on a person's word.
const dropped = -1

// DropResult sets the orphaned or parked result of this number aside for good on a person's word.
func (j *Journal) DropResult(ctx context.Context, n int64, reason, by string) error {
	return j.do(ctx, "drop a result", func(t *tx) error {
		o, open := t.result(n)
		if !open {
			return fmt.Errorf("the result is settled: %w", ErrState)
		}
		if o.Park == nil {
			t.count(tallyOrphans, 0, 0, -1)
		}
		t.exec("UPDATE result SET sub=?, park=NULL WHERE n=?", dropped, n)
		t.note(dropped, Moment{What: "result dropped", Text: fmt.Sprintf("%d: %s", n, reason), By: by})
		return nil
	})
}

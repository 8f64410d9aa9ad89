package journal

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

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
			if verdicts[n], err = t.keepResult(outcomes[n]); err != nil {
				return err
			}
		}
		return nil
	})
	return verdicts, err
}

func (t *tx) keepResult(o Outcome) (connectors.Verdict, error) {
	source, err := t.name(o.Source)
	if err != nil {
		return 0, err
	}
	known, err := t.versionsOf(source, o.ResultID)
	for n := 0; n < len(o.Also) && len(known) == 0 && err == nil; n++ {
		if known, err = t.versionsOf(source, o.Also[n]); len(known) > 0 {
			o.ResultID = o.Also[n] // it goes on under the spelling by which it is on record
		}
	}
	if err != nil {
		return 0, err
	}
	plan, err := t.name(o.Plan)
	if err != nil {
		return 0, err
	}
	if n := waitingFor(known, &o); n != 0 {
		return t.complete(n, plan, o, known)
	}
	repeat, again := repeats(known, &o)
	if !repeat && len(known) == 0 && o.Park == nil {
		if repeat, err = t.renamed(source, plan, &o); err != nil {
			return 0, err
		}
	}
	if repeat {
		return connectors.Repeat, nil
	}
	if o.Park == nil {
		o.Park = again
	}
	n, err := t.insertResult(source, plan, &o)
	if err != nil || o.Park != nil {
		return connectors.Taken, err
	}
	return connectors.Taken, t.place(n, plan, o, known)
}

// place gives a result that is on record to the submission that it fits; else it waits for one, or for a person.
func (t *tx) place(n int64, plan nameID, o Outcome, known []resultVersionRow) error {
	id, park, err := t.match(plan, &o)
	if err != nil {
		return err
	}
	if park == nil && id != 0 {
		if park, err = t.notByItself(n, id, known); err != nil {
			return err
		}
	}
	switch {
	case park != nil:
		return t.parkResult(n, park)
	case id == 0:
		t.count(tallyOrphans, 0, 0, 1)
		return nil
	}
	return t.decideNew(n, n, o, id)
}

func (t *tx) parkResult(n int64, why *Reason) error {
	_, err := t.c.Exec("UPDATE result SET park=? WHERE n=?", encodeReason(why), n)
	return err
}

// match finds the submission that a result speaks of, or why a person must look at it.
func (t *tx) match(plan nameID, o *Outcome) (id ID, park *Reason, err error) {
	if o.ID != 0 {
		if _, err := t.submission(o.ID); err != nil {
			return 0, nil, err
		}
		return o.ID, nil, nil
	}
	if o.MatchKey == "" {
		return 0, nil, nil
	}
	fit, err := engine.All[ID](t.c, "SELECT sub FROM match WHERE plan=? AND key=? LIMIT 2", plan, o.MatchKey)
	switch {
	case err != nil:
		return 0, nil, err
	case len(fit) > 1:
		return 0, &Reason{Code: CodeAmbiguous, Text: "the result fits several submissions", Next: "attach it by hand to the right one"}, nil
	case len(fit) == 1:
		return fit[0], nil, nil
	}
	park, err = t.tooLate(o)
	return 0, park, err
}

func (t *tx) insertResult(source, plan nameID, o *Outcome) (n int64, err error) {
	documents, err := encodeFiles(o.Documents)
	if err != nil {
		return 0, err
	}
	at := o.At
	if at.IsZero() {
		at = t.now
	}
	const sql = `INSERT INTO result(source, rid, sub, plan, key, outcome, status, caseno, reason, documents, by, at, park, said)
		VALUES(?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING n`
	said := o.said()
	return t.c.Number(sql, source, o.ResultID, plan, o.MatchKey, o.Outcome, o.Status, o.CaseNo, o.Reason, documents, o.By, at, encodeReason(o.Park), said)
}

const resultColumns = "SELECT n, source, rid, sub, plan, key, outcome, status, caseno, reason, documents, by, at, park FROM result "

// resultRow is a row of resultColumns.
type resultRow struct {
	N                               int64
	Source                          nameID
	ResultID                        string
	ID                              ID
	Plan                            nameID
	MatchKey                        string
	Outcome, Status, CaseNo, Reason string
	Documents, By                   string
	At                              time.Time
	Park                            string
}

// results reads results.
func (j *Journal) results(c *engine.Conn, where string, args ...any) (list []Outcome, err error) {
	err = engine.Each(c, resultColumns+where, args, func(r resultRow) error {
		documents, err := decodeFiles(r.Documents)
		list = append(list, Outcome{N: r.N, Source: j.name(c, r.Source), ResultID: r.ResultID, ID: r.ID, Plan: j.name(c, r.Plan), MatchKey: r.MatchKey,
			Outcome: r.Outcome, Status: r.Status, CaseNo: r.CaseNo, Reason: r.Reason, Documents: documents, By: r.By, At: r.At, Park: decodeVerdict(r.Park).Reason})
		return err
	})
	return list, err
}

// result reads a result and says whether it still waits for a submission.
func (t *tx) result(n int64) (o Outcome, open bool, err error) {
	list, err := t.j.results(t.c, "WHERE n=?", n)
	if err != nil || len(list) == 0 {
		return o, false, errorOr(err, ErrNotFound)
	}
	return list[0], list[0].ID == 0, nil
}

// decide gives an orphaned result to a submission.
func (t *tx) decide(n, told int64, o Outcome, id ID) error {
	if o.Park == nil {
		t.count(tallyOrphans, 0, 0, -1)
	}
	return t.decideNew(n, told, o, id)
}

// decideNew gives a result to a submission and tells its front office. What came up to the number told is older news.
func (t *tx) decideNew(n, told int64, o Outcome, id ID) error {
	s, err := t.submission(id)
	if err != nil {
		return err
	}
	if s.state == states.Rejected {
		park := Reason{Code: CodeRejected, Text: "the submission " + id.String() + " was rejected before", Next: "settle it with the office that decided"}
		return t.parkResult(n, &park)
	}
	const sql = "UPDATE result SET sub=?, park=NULL, told=?, revision=1+(SELECT count(*) FROM result WHERE sub=?) WHERE n=?"
	if _, err := t.c.Exec(sql, id, told, id, n); err != nil {
		return err
	}
	documents, revision, err := t.documentsUpTo(id, n)
	if err != nil {
		return err
	}
	if s.office != 0 {
		data := map[string]any{"outcome": o.Outcome, "status": o.Status, "caseNumber": o.CaseNo, "reason": o.Reason, "revision": revision, "documents": documents}
		if err := t.eventData(s.office, id, states.EventDecided, true, data); err != nil {
			return err
		}
		s.state = states.Decided
		s.flags &^= states.FlagHeard // a second decision is news again
	} else {
		s.state = states.Closed
	}
	if s.office == 0 && s.waits() {
		s.state = states.Decided // closed once it is delivered as well
	}
	s.dirty = true
	if s.flags&states.FlagWhole == 0 {
		s.code, s.why = "", ""
	}
	return t.save(s)
}

// documentsUpTo lists the documents of result n as events show them: numbered from 1 across all results
// of the submission. revision is the number of results so far.
func (t *tx) documentsUpTo(id ID, n int64) (documents []map[string]any, revision int, err error) {
	number := 0
	documents = []map[string]any{}
	err = engine.Each(t.c, "SELECT n, documents FROM result WHERE sub=? ORDER BY revision", []any{id}, func(r struct {
		N         int64
		Documents string
	}) error {
		revision++
		files, err := decodeFiles(r.Documents)
		if err != nil {
			return err
		}
		for _, f := range files {
			number++
			if r.N == n {
				documents = append(documents, map[string]any{"n": number, "name": f.Name, "contentType": f.ContentType, "size": f.Size,
					"digest": base64.StdEncoding.EncodeToString(f.Digest[:])}) // as the API has it everywhere
			}
		}
		return nil
	})
	return documents, revision, err
}

// Documents returns the documents of all results of a submission; number n of the events is index n-1.
func (j *Journal) Documents(ctx context.Context, id ID) (files []File, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		return engine.Each(c, "SELECT documents FROM result WHERE sub=? ORDER BY "+j.toldOrder(), []any{id}, func(documents string) error {
			more, err := decodeFiles(documents)
			files = append(files, more...)
			return err
		})
	})
	return files, err
}

// Orphans returns results that fit no submission, oldest first.
func (j *Journal) Orphans(ctx context.Context, limit int) ([]Outcome, error) {
	return j.listResults(ctx, "WHERE sub IS NULL AND park IS NULL ORDER BY n LIMIT ?", bounded(limit))
}

// ParkedResults returns results that wait for a person, oldest first.
func (j *Journal) ParkedResults(ctx context.Context, limit int) ([]Outcome, error) {
	return j.ParkedAfter(ctx, 0, limit)
}

// ParkedAfter is ParkedResults from a number on.
func (j *Journal) ParkedAfter(ctx context.Context, n int64, limit int) ([]Outcome, error) {
	return j.listResults(ctx, "WHERE park IS NOT NULL AND n>? ORDER BY n LIMIT ?", n, bounded(limit))
}

func (j *Journal) listResults(ctx context.Context, where string, args ...any) (list []Outcome, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		if list, err = j.results(c, where, args...); err != nil {
			return err
		}
		return j.markOvertaken(c, list)
	})
	return list, err
}

// ErrMeaning says that a result cannot be given to a submission before a person says what it means.
var ErrMeaning = fmt.Errorf("the meaning of the result's status is not known: %w", ErrState)

// ErrOtherMeaning says that a person gives a result a meaning although it says itself what it means.
var ErrOtherMeaning = fmt.Errorf("the result itself says otherwise: %w", ErrState)

// ErrWhole says that a result is a whole file of many decisions.
var ErrWhole = fmt.Errorf("the result is a file of many decisions: %w", ErrState)

// AttachOrphan gives the orphaned or parked result of this number to a submission on a person's word. An
// outcome that is not empty says what the result means, for one whose status the mapping does not know.
func (j *Journal) AttachOrphan(ctx context.Context, n int64, id ID, outcome, by string) error {
	return j.do(ctx, "attach a result", func(t *tx) error {
		o, open, err := t.result(n)
		if err != nil {
			return err
		}
		if !open {
			return fmt.Errorf("the result belongs to %s: %w", o.ID, ErrState)
		}
		if o.Park != nil && o.Park.Whole {
			return ErrWhole
		}
		if o.Outcome != "" && outcome != "" && outcome != o.Outcome {
			return ErrOtherMeaning
		}
		if o.Outcome == "" {
			if outcome == "" {
				return ErrMeaning
			}
			o.Outcome = outcome
			if _, err := t.c.Exec("UPDATE result SET outcome=? WHERE n=?", outcome, n); err != nil {
				return err
			}
		}
		if err := t.note(id, Moment{What: "result attached", By: by}); err != nil {
			return err
		}
		told, err := t.c.Number("SELECT max(n) FROM result")
		if err != nil {
			return err
		}
		return t.decide(n, told, o, id)
	})
}

// dropped stands in place of a submission in results that belong to none, on a person's word.
const dropped = -1

// DropResult sets the orphaned or parked result of this number aside for good on a person's word.
func (j *Journal) DropResult(ctx context.Context, n int64, reason, by string) error {
	return j.do(ctx, "drop a result", func(t *tx) error {
		o, open, err := t.result(n)
		if err != nil {
			return err
		}
		if !open {
			return fmt.Errorf("the result is settled: %w", ErrState)
		}
		if o.Park == nil {
			t.count(tallyOrphans, 0, 0, -1)
		}
		if _, err := t.c.Exec("UPDATE result SET sub=?, park=NULL WHERE n=?", dropped, n); err != nil {
			return err
		}
		return t.note(dropped, Moment{What: "result dropped", Text: fmt.Sprintf("%d: %s", n, reason), By: by})
	})
}

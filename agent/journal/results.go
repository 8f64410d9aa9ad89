package journal

import (
	"context"
	"database/sql/driver"
	"encoding/base64"
	"fmt"

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
	source, err := t.word(o.Source)
	if err != nil {
		return 0, err
	}
	known, err := t.sayings(source, o.ResultID)
	if err != nil {
		return 0, err
	}
	plan, err := t.word(o.Plan)
	if err != nil {
		return 0, err
	}
	if n := waitingFor(known, &o); n != 0 {
		return t.complete(n, plan, o, known)
	}
	repeat, again := repeats(known, &o)
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
func (t *tx) place(n int64, plan word, o Outcome, known []saying) error {
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
	_, err := t.c.exec("UPDATE result SET park=? WHERE n=?", encodeReason(why), n)
	return err
}

// match finds the submission that a result speaks of, or why a person must look at it.
func (t *tx) match(plan word, o *Outcome) (id ID, park *Reason, err error) {
	if o.ID != 0 {
		if _, err := t.submission(o.ID); err != nil {
			return 0, nil, err
		}
		return o.ID, nil, nil
	}
	if o.MatchKey == "" {
		return 0, nil, nil
	}
	found := 0
	err = t.c.query("SELECT sub FROM match WHERE plan=? AND key=? LIMIT 2", []any{plan, o.MatchKey}, func(row []driver.Value) error {
		id = ID(integer(row[0]))
		found++
		return nil
	})
	if found > 1 {
		return 0, &Reason{Code: CodeAmbiguous, Text: "the result fits several submissions", Next: "attach it by hand to the right one"}, err
	}
	if found == 0 && err == nil {
		park, err = t.tooLate(o)
	}
	return id, park, err
}

func (t *tx) insertResult(source, plan word, o *Outcome) (n int64, err error) {
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
	return t.c.number(sql, source, o.ResultID, plan, o.MatchKey, o.Outcome, o.Status, o.CaseNo, o.Reason, documents, o.By, at, encodeReason(o.Park), said[:])
}

const resultColumns = "SELECT source, rid, coalesce(sub, 0), plan, key, outcome, status, caseno, reason, documents, by, at, park, n FROM result "

func (j *Journal) resultRow(c *conn, row []driver.Value) (o Outcome, err error) {
	o = Outcome{N: integer(row[13]), Source: j.name(c, row[0]), ResultID: text(row[1]), ID: ID(integer(row[2])), Plan: j.name(c, row[3]), MatchKey: text(row[4]), Outcome: text(row[5]),
		Status: text(row[6]), CaseNo: text(row[7]), Reason: text(row[8]), By: text(row[10]), At: instant(row[11]), Park: decodeVerdict(text(row[12])).Reason}
	o.Documents, err = decodeFiles(text(row[9]))
	return o, err
}

// result reads a result and says whether it still waits for a submission.
func (t *tx) result(n int64) (o Outcome, open bool, err error) {
	found, err := t.c.one(resultColumns+"WHERE n=?", []any{n}, func(row []driver.Value) (err error) {
		o, err = t.j.resultRow(t.c, row)
		return err
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return o, found && o.ID == 0, err
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
	if s.state == sRejected {
		park := Reason{Code: CodeRejected, Text: "the submission " + id.String() + " was rejected before", Next: "settle it with the office that decided"}
		return t.parkResult(n, &park)
	}
	const sql = "UPDATE result SET sub=?, park=NULL, told=?, revision=1+(SELECT count(*) FROM result WHERE sub=?) WHERE n=?"
	if _, err := t.c.exec(sql, id, told, id, n); err != nil {
		return err
	}
	documents, revision, err := t.documentsUpTo(id, n)
	if err != nil {
		return err
	}
	if s.office != 0 {
		data := map[string]any{"outcome": o.Outcome, "status": o.Status, "caseNumber": o.CaseNo, "reason": o.Reason, "revision": revision, "documents": documents}
		if err := t.eventData(s.office, id, evDecided, true, data); err != nil {
			return err
		}
		s.state = sDecided
		s.flags &^= flagHeard // a second decision is news again
	} else {
		s.state = sClosed
	}
	if s.office == 0 && s.unsettled() {
		s.state = sDecided // closed once it is delivered as well
	}
	s.dirty = true
	if s.flags&flagWhole == 0 {
		s.code, s.why = nil, nil
	}
	return t.save(s)
}

func (s *submissionRow) unsettled() bool {
	for n := range s.deliveries {
		if s.deliveries[n].state.left() {
			return true
		}
	}
	return false
}

// documentsUpTo lists the documents of result n as events show them: numbered from 1 across all results
// of the submission. revision is the number of results so far.
func (t *tx) documentsUpTo(id ID, n int64) (documents []map[string]any, revision int, err error) {
	number := 0
	documents = []map[string]any{}
	err = t.c.query("SELECT n, documents FROM result WHERE sub=? ORDER BY revision", []any{id}, func(row []driver.Value) error {
		revision++
		files, err := decodeFiles(text(row[1]))
		if err != nil {
			return err
		}
		for _, f := range files {
			number++
			if integer(row[0]) == n {
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
	err = j.read(ctx, func(c *conn) error {
		return c.query("SELECT documents FROM result WHERE sub=? ORDER BY "+j.toldOrder(), []any{id}, func(row []driver.Value) error {
			more, err := decodeFiles(text(row[0]))
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
	err = j.read(ctx, func(c *conn) error {
		err := c.query(resultColumns+where, args, func(row []driver.Value) error {
			o, err := j.resultRow(c, row)
			list = append(list, o)
			return err
		})
		if err != nil {
			return err
		}
		return j.withHopes(c, list)
	})
	return list, err
}

// ErrMeaning says that a result cannot be given to a submission before a person says what it means.
var ErrMeaning = fmt.Errorf("the meaning of the result's status is not known: %w", ErrState)

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
		if o.Outcome == "" {
			if outcome == "" {
				return ErrMeaning
			}
			o.Outcome = outcome
			if _, err := t.c.exec("UPDATE result SET outcome=? WHERE n=?", outcome, n); err != nil {
				return err
			}
		}
		if err := t.note(id, Moment{What: "result attached", By: by}); err != nil {
			return err
		}
		told, err := t.c.number("SELECT max(n) FROM result")
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
		if _, err := t.c.exec("UPDATE result SET sub=?, park=NULL WHERE n=?", dropped, n); err != nil {
			return err
		}
		return t.note(dropped, Moment{What: "result dropped", Text: fmt.Sprintf("%d: %s", n, reason), By: by})
	})
}

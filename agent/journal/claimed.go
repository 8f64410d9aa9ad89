package journal

import (
	"errors"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/connectors"
)

// claimed deals with an arrival whose reference another submission has. It is kept if it conflicts and
// the in-basket cannot refuse it.
func (a *acceptance) claimed(t *tx, row *arrivalRow) (keep bool, err error) {
	r := &a.arrivals[row.n]
	known, found, err := claimant(t, row.scope, r.Reference)
	if err != nil || !found {
		return false, errorOr(err, errors.New("a submission was neither written nor known"))
	}
	same, _, err := t.recognises(r, known)
	if err != nil {
		return false, err
	}
	other, err := t.otherRoute(r, known.ID)
	if err != nil {
		return false, err
	}
	what := "with other content, as "
	if other != "" {
		same, what = false, "on route "+other+", as "
	}
	switch {
	case same:
		return false, a.answerKnown(t, row.n, known, "reference")
	case r.ParkConflict:
		if again, err := a.conflictAgain(t, row.n, row.scope); again || err != nil {
			return false, err
		}
	case len(row.stands) == 0:
		if parked, found, err := parkedConflict(t, r, row.scope); err != nil || found {
			return false, errorOr(err, a.answerKnown(t, row.n, parked, "reference"))
		}
		return false, a.answerKnown(t, row.n, known, "reference")
	}
	if err := t.note(known.ID, Moment{What: "conflict", Code: CodeReference, Text: "parked as " + row.id.String()}); err != nil {
		return false, err
	}
	row.conflict("the reference is known "+what+known.ID.String(), row.stands)
	args, err := a.values(nil, row, t.now)
	if err != nil {
		return false, err
	}
	return true, t.c.Insert(submissionColumns, args)
}

// conflictAgain answers a conflict that was parked before, such as after a crash before the in-basket was told.
func (a *acceptance) conflictAgain(t *tx, n int, scope nameID) (bool, error) {
	r := &a.arrivals[n]
	k, found, err := parkedConflict(t, r, scope)
	if err != nil || !found {
		return false, err
	}
	a.out[n] = Acceptance{ID: k.ID, Verdict: connectors.Conflict, State: Parked, On: "reference"}
	return true, t.note(k.ID, Moment{What: "repeat", Text: r.Inbasket})
}

// parkedConflict finds the very form of an arrival beside the one that its reference belongs to.
func parkedConflict(t *tx, r *Arrival, scope nameID) (k knownForm, found bool, err error) {
	const sql = "SELECT id, digest FROM submission WHERE claim=0 AND scope=? AND reference=? AND digest=?"
	return engine.One[knownForm](t.c, sql, scope, r.Reference, r.Digest)
}

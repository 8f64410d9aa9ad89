package journal

import (
	"strings"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// answerPurged answers an arrival whose reference belongs to a purged submission, from its tombstone: the very same form
// is a Repeat, another one a Conflict. An in-basket that cannot refuse it has it accepted and parked: then kept is
// true, and the row is as it has to be written.
func (a *acceptance) answerPurged(t *tx, n int, row *arrivalRow) (answered, kept bool, err error) {
	r := &a.arrivals[n]
	tombstones := a.tombstones[n]
	if len(tombstones) == 0 {
		return false, false, nil
	}
	for _, g := range tombstones {
		if g.same {
			return true, false, a.tell(n, g.id, g.state, g.claim == 1, "reference")
		}
	}
	first := tombstones[0]
	if first.claim == 0 { // the reference itself belongs to nobody, or to one that is still there
		return false, false, nil
	}
	if r.KnownOnly || !r.ParkConflict {
		return true, false, a.tell(n, first.id, first.state, false, "reference")
	}
	return a.parkPurged(t, n, row, first.id)
}

// tell answers an arrival about a purged submission. Nothing is noted of it: it has no timeline any more.
func (a *acceptance) tell(n int, id ID, state states.State, same bool, on string) error {
	if a.gone == nil {
		a.gone = map[int]bool{}
	}
	a.gone[n] = true
	a.out[n] = Acceptance{ID: id, Verdict: connectors.Repeat, State: State(state.String())}
	if !same {
		a.out[n].Verdict, a.out[n].On = connectors.Conflict, on
	}
	return nil
}

// answerGone answers an arrival whose idempotency key led to a submission that is not there any more.
func (a *acceptance) answerGone(t *tx, n int, id ID, same bool, on string) error {
	state, err := engine.Value[states.State](t.c, "SELECT state FROM tombstone WHERE id=?", id)
	if err != nil {
		return err
	}
	return a.tell(n, id, state, same, on)
}

// parkPurged makes an arrival that conflicts with a purged submission a parked one; the same conflict again is
// told as the first time.
func (a *acceptance) parkPurged(t *tx, n int, row *arrivalRow, known ID) (answered, kept bool, err error) {
	r := &a.arrivals[n]
	scope, err := t.name(r.Scope)
	if err != nil {
		return false, false, err
	}
	if again, err := a.conflictAgain(t, n, scope); again || err != nil {
		return again, false, err
	}
	*row, err = a.row(t, n)
	row.conflict("the reference is known with other content, as "+known.String()+", which was purged", nil)
	return false, true, err
}

// conflict makes the row one that is parked because another submission has its reference.
func (row *arrivalRow) conflict(why string, stands []string) {
	row.state, row.flags, row.claim, row.reject = states.Parked, states.FlagWhole, 0, nil
	if row.park == nil {
		row.park = &Reason{Code: CodeReference, Text: why, Next: "compare both; reject this one, or release it to deliver it as well"}
		if len(stands) > 0 {
			row.park.Text += "; this one was accepted before the journal was restored, and stands in " + strings.Join(stands, ", ")
			row.park.Next = "compare both; release the one that counts, and reject the other"
		}
	}
}

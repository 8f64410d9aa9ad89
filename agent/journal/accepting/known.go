package accepting

import (
	"errors"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// claimed deals with an arrival whose reference another submission has. It is kept if it conflicts and
// the in-basket cannot refuse it.
func (a *acceptance) claimed(row *arrivalRow) (keep bool) {
	r := &a.arrivals[row.n]
	known, found := a.Claimant(r.Scope, r.Reference)
	if !found {
		a.Fail(errors.New("a submission was neither written nor known"))
		return false
	}
	how, _ := recognises(a.Tx.Look, r, known, false)
	same, what := how >= today, "with other content, as "
	if other := otherRoute(a.Tx.Look, r, known.ID); other != "" {
		same, what = false, "on route "+other+", as "
	}
	switch {
	case same:
		a.answerKnown(row.n, known, "reference")
		return false
	case r.ParkConflict:
		if a.conflictAgain(row.n) {
			return false
		}
	case len(row.stands) == 0:
		if parked, found := a.parkedConflict(r); found {
			known = parked
		}
		a.answerKnown(row.n, known, "reference")
		return false
	}
	a.Note(known.ID, journal.Moment{What: "conflict", Code: journal.CodeReference, Text: "parked as " + row.id.String()})
	row.conflict("the reference is known "+what+known.ID.String(), row.stands)
	a.Insert(submissionColumns, a.values(nil, row))
	return true
}

// conflictAgain answers a conflict that was parked before, such as after a crash before the in-basket was told.
func (a *acceptance) conflictAgain(n int) bool {
	r := &a.arrivals[n]
	k, found := a.parkedConflict(r)
	if found {
		a.out[n] = journal.Acceptance{ID: k.ID, Verdict: connectors.Conflict, State: journal.Parked, On: "reference"}
		a.Note(k.ID, journal.Moment{What: "repeat", Text: r.Inbasket})
	}
	return found
}

// parkedConflict finds the very form of an arrival beside the one that its reference belongs to.
func (a *acceptance) parkedConflict(r *journal.Arrival) (k journal.KnownForm, found bool) {
	const sql = "SELECT id, digest FROM submission WHERE claim=0 AND scope=? AND reference=? AND digest=?"
	return journal.One[journal.KnownForm](a.Look, sql, a.NameID(r.Scope), r.Reference, r.Digest)
}

// alike is how surely a known form is the one that arrives. What counts more is asked first: a version of the mapping that is in force no
// longer does not say that two forms are one, only that a person has to look.
type alike int

const (
	another alike = iota
	earlier       // by an earlier version of the mapping, and not by that of today
	today         // by the mapping of today
	exact         // all bytes are equal
)

// byDigest is what digests alone tell.
func byDigest(r *journal.Arrival, is func(connectors.Digest) bool) alike {
	switch {
	case is(r.Raw):
		return exact
	case is(r.Digest):
		return today
	case slices.ContainsFunc(r.Also, is):
		return earlier
	}
	return another
}

// recognises tells whether a known submission is the form that arrives: both are compared, or their digests where its content is gone. An
// alias is a name that only an earlier version of the mapping gives it, which is no name to the mapping of today. differs says in what else
// they differ, without content.
func recognises(l *journal.Look, r *journal.Arrival, k journal.KnownForm, alias bool) (how alike, differs string) {
	if how = byDigest(r, func(d connectors.Digest) bool { return d == k.Digest }); r.Known == nil || how == exact {
		return how, ""
	}
	row, found := l.FormOf(k.ID)
	if !found {
		return how, ""
	}
	form, err := l.Journal.OpenForm(row.Form)
	if err != nil {
		return how, "" // it is not there any more
	}
	like := r.Known(form, row.Type, row.Transport, row.Files)
	switch {
	case like.Exact:
		return exact, ""
	case like.Same && (like.Named || !alias):
		return today, like.Differs
	case how > another:
		return earlier, ""
	}
	return another, ""
}

// otherRoute names the route that took a known submission, if that is another one than now and still there: then it is not
// the same form, whatever its bytes.
func otherRoute(l *journal.Look, r *journal.Arrival, id journal.ID) string {
	if len(r.Elsewhere) == 0 {
		return ""
	}
	if route := l.Name(journal.Value[journal.NameID](l, "SELECT route FROM submission WHERE id=?", id)); slices.Contains(r.Elsewhere, route) {
		return route
	}
	return ""
}

// answerPurged answers an arrival whose reference belongs to a purged submission, from its tombstone: the very same form
// is a Repeat, another one a Conflict. An in-basket that cannot refuse it has it accepted and parked: then kept is
// true, and the row is as it has to be written.
func (a *acceptance) answerPurged(n int, row *arrivalRow) (answered, kept bool) {
	r := &a.arrivals[n]
	tombstones := slices.DeleteFunc(slices.Clone(a.tombstones[n]), func(g purgedForm) bool { return g.apart })
	if len(tombstones) == 0 {
		return false, false
	}
	for _, g := range tombstones {
		if g.how >= today {
			a.tell(n, g.id, g.state, g.claim == 1, "reference")
			return true, false
		}
	}
	first := tombstones[0]
	switch {
	case first.claim == 0: // the reference itself belongs to nobody, or to one that is still there
		return false, false
	case r.KnownOnly || !r.ParkConflict:
		a.tell(n, first.id, first.state, false, "reference")
		return true, false
	case a.conflictAgain(n): // the same conflict again is told as the first time
		return true, false
	}
	*row = a.row(n)
	row.conflict("the reference is known with other content, as "+first.id.String()+", which was purged", nil)
	return false, true
}

// tell answers an arrival about a purged submission. Nothing is noted of it: it has no timeline any more.
func (a *acceptance) tell(n int, id journal.ID, state journal.State, same bool, on string) {
	a.gone[n] = true
	a.out[n] = journal.Acceptance{ID: id, Verdict: connectors.Repeat, State: state}
	if !same {
		a.out[n].Verdict, a.out[n].On = connectors.Conflict, on
	}
}

// conflict makes the row one that is parked because another submission has its reference.
func (row *arrivalRow) conflict(why string, stands []string) {
	row.state, row.flags, row.claim, row.reject = states.Parked, states.FlagWhole, 0, nil
	if row.park == nil {
		row.park = &journal.Reason{Code: journal.CodeReference, Text: why, Next: "compare both; reject this one, or release it to deliver it as well"}
		if len(stands) > 0 {
			row.park.Text += "; this one was accepted before the journal was restored, and stands in " + strings.Join(stands, ", ")
			row.park.Next = "compare both; release the one that counts, and reject the other"
		}
	}
}

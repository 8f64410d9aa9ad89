package journal

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Accept makes arrivals durable, in order, and says of each what became of it. A known reference with
// the same content is a Repeat, with other content a Conflict, also within one call.
func (j *Journal) Accept(ctx context.Context, arrivals []Arrival) ([]Acceptance, error) {
	a := &acceptance{arrivals: arrivals, out: make([]Acceptance, len(arrivals)), files: make([]engine.Optional, len(arrivals)), forms: make([]storedForm, len(arrivals))}
	if err := a.prepare(ctx, j); err != nil {
		return nil, err
	}
	err := j.do(ctx, "accept submissions", func(t *tx) error {
		a.tx = t
		return a.run()
	})
	if err != nil {
		return nil, err
	}
	return a.out, nil
}

// acceptance is one call of Accept.
type acceptance struct {
	*tx
	arrivals   []Arrival
	out        []Acceptance
	files      []engine.Optional // attachments as JSON
	forms      []storedForm
	fresh      []arrivalRow
	plans      map[connectors.Digest]int64
	gone       map[int]bool         // arrivals that were answered from a tombstone
	tombstones map[int][]purgedForm // tombstones that carry an arrival's reference
	adopted    map[ID]bool          // ghosts that arrivals of this call are
}

// arrivalRow is an arrival with what the tables need of it.
type arrivalRow struct {
	n                                       int // index of the arrival
	id                                      ID
	plan                                    int64
	scope, office, inbasket, route, targets nameID
	names                                   []nameID // of the targets
	state                                   states.State
	flags                                   int64
	claim                                   int64
	park                                    *Reason
	reject                                  []FieldError
	again                                   bool     // accepted before, in the time that a backup does not know
	stands                                  []string // targets whose ledger shows that
}

// prepare checks the arrivals, compresses their forms and puts large ones into the content store, before any transaction.
func (a *acceptance) prepare(ctx context.Context, j *Journal) error {
	for n := range a.arrivals {
		r := &a.arrivals[n]
		if len(r.Targets) == 0 && r.Park == nil && len(r.Reject) == 0 {
			return fmt.Errorf("accept %d: %w: without targets it must be parked or rejected", n, ErrState)
		}
		var err error
		if a.files[n], err = encodeFiles(r.Attachments); err != nil {
			return err
		}
		if r.KnownOnly {
			continue
		}
		if len(r.Form) <= inlineForm {
			a.forms[n] = compress(r.Form)
			continue
		}
		if j.content == nil {
			return fmt.Errorf("accept %d: %w: no content store for a large form", n, ErrState)
		}
		blob, err := j.content.Put(ctx, bytes.NewReader(r.Form), int64(len(r.Form)))
		if err != nil {
			return err
		}
		a.forms[n].large = blob.Digest[:]
	}
	return nil
}

// run is the whole within the transaction. It may run again after a fault, so it starts from nothing.
func (a *acceptance) run() error {
	a.fresh, a.plans, a.adopted, a.gone = a.fresh[:0], map[connectors.Digest]int64{}, map[ID]bool{}, map[int]bool{}
	keys := map[string]int{}
	a.tombstones = a.tombstonesOf(a.arrivals)
	for n := range a.arrivals {
		a.out[n] = Acceptance{}
		if a.knownKey(n, keys) {
			continue
		}
		if row, answered := a.one(n); !answered {
			a.fresh = append(a.fresh, row)
		}
		if a.err != nil {
			return a.err
		}
	}
	a.insertRows()
	a.writeRest(keys)
	if a.j.afterRestore.active {
		a.mended()
	}
	return nil
}

// knownKey answers an arrival whose idempotency key was used before.
func (a *acceptance) knownKey(n int, keys map[string]int) bool {
	r := &a.arrivals[n]
	if r.IdempotencyKey == "" {
		return false
	}
	key := r.Scope + engine.Separator + r.IdempotencyKey
	if _, ok := keys[key]; ok {
		return true // keepKeys answers it, once the first one is known
	}
	k, found := one[knownForm](a.look, "SELECT sub, digest FROM idem WHERE scope=? AND key=?", engine.Word(r.Scope), r.IdempotencyKey)
	if found {
		a.answerKnown(n, k, "idempotency-key")
	} else if !r.KnownOnly {
		keys[key] = n
	}
	return found
}

// one makes the row of an arrival, unless it is known or is to be accepted only if it is.
func (a *acceptance) one(n int) (row arrivalRow, answered bool) {
	r := &a.arrivals[n]
	for _, alias := range r.Aliases { // it has no reference of its own, and is known by one that an earlier version of its mapping gave it
		if k, found := a.claimant(r.Scope, alias); found {
			a.answerKnown(n, k, "reference")
			return row, true
		}
	}
	if r.KnownOnly {
		if k, found := a.claimant(r.Scope, r.Reference); found {
			a.answerKnown(n, k, "reference")
			return row, true
		}
	}
	answered, kept := a.answerPurged(n, &row)
	if answered || kept {
		return row, answered
	}
	if r.KnownOnly {
		return row, true
	}
	return a.row(n), false
}

// claimant finds the submission that a reference belongs to.
func (l *look) claimant(scope, reference string) (k knownForm, found bool) {
	return one[knownForm](l, "SELECT id, digest FROM submission WHERE claim=1 AND scope=? AND reference=?", engine.Word(scope), reference)
}

// knownForm is a form that was accepted before.
type knownForm struct {
	ID     ID
	Digest connectors.Digest
}

// answerKnown records a repeat or a conflict with a submission that exists, or did when its idempotency key was kept.
func (a *acceptance) answerKnown(n int, k knownForm, on string) {
	r := &a.arrivals[n]
	state, found := one[State](a.look, "SELECT state FROM submission WHERE id=?", k.ID)
	if !found {
		a.tell(n, k.ID, value[State](a.look, "SELECT state FROM tombstone WHERE id=?", k.ID), r.is(k.Digest), on)
		return
	}
	same, differs := a.recognises(r, k)
	switch {
	case a.otherRoute(r, k.ID) != "":
		a.out[n] = Acceptance{ID: k.ID, Verdict: connectors.Conflict, State: state, On: "route"}
		a.note(k.ID, Moment{What: "conflict", Code: CodeReference, Text: "refused: the same " + on + " for route " + r.Route})
	case same:
		a.out[n] = Acceptance{ID: k.ID, Verdict: connectors.Repeat, State: state}
		a.note(k.ID, Moment{What: "repeat", Text: r.Inbasket + differs})
	default:
		a.out[n] = Acceptance{ID: k.ID, Verdict: connectors.Conflict, State: state, On: on}
		a.note(k.ID, Moment{What: "conflict", Code: CodeReference, Text: "refused: the same " + on + " with other content"})
	}
}

func (a *acceptance) row(n int) arrivalRow {
	r := &a.arrivals[n]
	row := arrivalRow{n: n, state: states.Accepted, claim: 1, park: r.Park, reject: r.Reject}
	var err error
	row.id, err = a.j.ids.next(a.now)
	a.fail(err)
	if a.j.afterRestore.active {
		a.recognise(&row)
	}
	plan, ok := a.plans[r.Plan]
	if !ok {
		plan = a.pin(r.Plan)
		a.plans[r.Plan] = plan
	}
	row.plan = plan
	row.scope, row.office, row.inbasket, row.route, row.targets = a.nameID(r.Scope), a.nameID(r.Office), a.nameID(r.Inbasket), a.nameID(r.Route), a.nameID(joinList(r.Targets))
	row.names = make([]nameID, len(r.Targets))
	for k, name := range r.Targets {
		row.names[k] = a.nameID(name)
	}
	switch {
	case len(r.Reject) > 0:
		row.state = states.Rejected
	case r.Park != nil:
		row.state, row.flags = states.Parked, states.FlagWhole
	}
	return row
}

const (
	submissionColumns = `submission(id, state, flags, claim, scope, office, inbasket, route, plan, targets, at, changed,
		received, reference, transport, digest, ctype, files, code, why)`
	submissionWidth = 20
	deliveryColumns = "delivery(target, sub, state, attempts, batch, at)"
)

// values appends the row of table submission.
func (a *acceptance) values(args []any, row *arrivalRow) []any {
	r := &a.arrivals[row.n]
	received := r.At
	if received.IsZero() {
		received = a.now
	}
	var code string
	var why engine.Optional
	switch {
	case len(row.reject) > 0:
		code, why = row.reject[0].Code, encodeVerdict(verdict{Reason: r.Why, Errors: row.reject})
		if r.Why != nil {
			code = r.Why.Code
		}
	case row.park != nil:
		code, why = row.park.Code, encodeReason(row.park)
	}
	return append(args, row.id, row.state, row.flags, row.claim, row.scope, row.office, row.inbasket, row.route, row.plan, row.targets,
		a.now, a.now, received, r.Reference, r.storedTransport(), r.Digest[:], unlessUsual(r.ContentType, usualType), a.files[row.n], engine.Optional(code), why)
}

// unlessUsual stores what is usual as NULL.
func unlessUsual(s, usual string) engine.Optional {
	if s == usual {
		return ""
	}
	return engine.Optional(s)
}

// usualType is the type of a form that is stored as NULL.
const usualType = "application/json"

// storedTransport is the transport's identity, where it is not the reference as well.
func (r *Arrival) storedTransport() engine.Optional { return unlessUsual(r.Transport, r.Reference) }

// insertRows writes the submissions that are new and leaves only those in fresh.
func (a *acceptance) insertRows() {
	if len(a.fresh) == 0 {
		return
	}
	args := make([]any, 0, len(a.fresh)*submissionWidth)
	for n := range a.fresh {
		args = a.values(args, &a.fresh[n])
	}
	if a.insertNew(submissionColumns, args...) == int64(len(a.fresh)) {
		return
	}
	there := map[ID]bool{}
	first, last := a.fresh[0].id, a.fresh[0].id
	for n := range a.fresh { // one that came again has an older ID
		first, last = min(first, a.fresh[n].id), max(last, a.fresh[n].id)
	}
	each(a.look, "SELECT id FROM submission WHERE id BETWEEN ? AND ?", []any{first, last}, func(id ID) { there[id] = true })
	fresh := a.fresh[:0]
	for _, row := range a.fresh {
		if there[row.id] || a.claimed(&row) {
			fresh = append(fresh, row)
		}
	}
	a.fresh = fresh
}

// writeRest writes everything else about the new submissions.
func (a *acceptance) writeRest(keys map[string]int) {
	forms := make([]any, 0, 4*len(a.fresh))
	deliveries := make([]any, 0, 6*len(a.fresh))
	for n := range a.fresh {
		row := &a.fresh[n]
		f := &a.forms[row.n]
		forms = append(forms, row.id, f.body, f.large, f.size)
		out := Acceptance{ID: row.id, Verdict: connectors.Taken, State: State(row.state.String())}
		if row.claim == 0 && (len(row.stands) == 0 || a.arrivals[row.n].ParkConflict) {
			out.Verdict, out.On = connectors.Conflict, "reference"
		}
		a.out[row.n] = out
		a.count(tallyState, int64(row.route), int64(row.state), 1)
		a.tellFirst(row)
		if row.state != states.Rejected {
			deliveries = a.deliveries(deliveries, row)
		}
	}
	a.insert("form(id, body, digest, size)", forms)
	a.insert(deliveryColumns, deliveries)
	a.keepKeys(keys)
}

// deliveries appends the rows of table delivery.
func (a *acceptance) deliveries(args []any, row *arrivalRow) []any {
	for i, target := range row.names {
		state := states.Pending
		switch {
		case row.state == states.Parked && slices.Contains(row.stands, a.arrivals[row.n].Targets[i]):
			state = states.Unclear // what it returned is looked up, whatever becomes of the rest
		case row.state == states.Parked:
			state = states.Held
		case row.again && a.j.afterRestore.doubts[target] != 0:
			state = states.Doubtful
		}
		args = append(args, target, row.id, state, 0, 0, a.now)
		a.count(tallyProgress, int64(target), int64(state), 1)
	}
	return args
}

func (a *acceptance) tellFirst(row *arrivalRow) {
	a.event(row.office, row.id, states.EventAccepted, false, nil)
	if row.state != states.Rejected {
		return
	}
	data := map[string]any{"errors": row.reject}
	if why := a.arrivals[row.n].Why; why != nil {
		data["code"], data["reason"] = why.Code, why.Text
	}
	a.event(row.office, row.id, states.EventRejected, true, data)
}

// keepKeys remembers idempotency keys and answers the arrivals that shared one within the call.
func (a *acceptance) keepKeys(keys map[string]int) {
	for n := range a.arrivals {
		r := &a.arrivals[n]
		if r.IdempotencyKey == "" {
			continue
		}
		first, ours := keys[r.Scope+engine.Separator+r.IdempotencyKey]
		switch {
		case !ours:
		case first == n && a.out[n].Verdict != connectors.Conflict && !a.gone[n]:
			a.insertNew("idem(scope, key, sub, digest)", engine.Word(r.Scope), r.IdempotencyKey, a.out[n].ID, r.Digest)
		case first != n && a.out[first].ID != 0:
			a.answerKnown(n, knownForm{a.out[first].ID, a.arrivals[first].Digest}, "idempotency-key")
		}
	}
}

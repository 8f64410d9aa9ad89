package journal

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

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
	if err := j.do(ctx, "accept submissions", a.run); err != nil {
		return nil, err
	}
	return a.out, nil
}

// acceptance is one call of Accept.
type acceptance struct {
	arrivals   []Arrival
	out        []Acceptance
	files      []engine.Optional // attachments as JSON
	forms      []storedForm
	rows       []arrivalRow
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

const idemDigest = "SELECT sub, digest FROM idem WHERE scope=? AND key=?"

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
func (a *acceptance) run(t *tx) error {
	a.rows, a.plans, a.adopted, a.gone = a.rows[:0], map[connectors.Digest]int64{}, nil, nil
	keys := map[string]int{}
	var err error
	if a.tombstones, err = t.tombstonesOf(a.arrivals); err != nil {
		return err
	}
	for n := range a.arrivals {
		a.out[n] = Acceptance{}
		known, err := a.knownKey(t, n, keys)
		if err != nil {
			return err
		}
		if known {
			continue
		}
		row, answered, err := a.one(t, n)
		if err != nil {
			return err
		}
		if !answered {
			a.rows = append(a.rows, row)
		}
	}
	if err := a.insert(t); err != nil {
		return err
	}
	if err := a.finish(t, keys); err != nil || !t.j.afterRestore.active {
		return err
	}
	return a.mended(t)
}

// knownKey answers an arrival whose idempotency key was used before.
func (a *acceptance) knownKey(t *tx, n int, keys map[string]int) (bool, error) {
	r := &a.arrivals[n]
	if r.IdempotencyKey == "" {
		return false, nil
	}
	key := r.Scope + listSeparator + r.IdempotencyKey
	if _, ok := keys[key]; ok {
		return true, nil // finish answers it, once the first one is known
	}
	scope, err := t.name(r.Scope)
	if err != nil {
		return false, err
	}
	k, found, err := engine.One[knownForm](t.c, idemDigest, scope, r.IdempotencyKey)
	if err != nil {
		return false, err
	}
	if !found {
		if !r.KnownOnly {
			keys[key] = n
		}
		return false, nil
	}
	return true, a.answerKnown(t, n, k, "idempotency-key")
}

// knownReference answers an arrival whose reference another submission has, and nothing else.
func (a *acceptance) knownReference(t *tx, n int) error {
	r := &a.arrivals[n]
	scope, err := t.name(r.Scope)
	if err != nil {
		return err
	}
	k, found, err := claimant(t, scope, r.Reference)
	if err != nil || !found {
		return err
	}
	return a.answerKnown(t, n, k, "reference")
}

// one makes the row of an arrival, unless it is known or is to be accepted only if it is.
func (a *acceptance) one(t *tx, n int) (row arrivalRow, answered bool, err error) {
	if known, err := a.knownAlias(t, n); known || err != nil {
		return row, true, err
	}
	only := a.arrivals[n].KnownOnly
	if only {
		if err := a.knownReference(t, n); err != nil || a.out[n].ID != 0 {
			return row, true, err
		}
	}
	answered, kept, err := a.answerPurged(t, n, &row)
	if err != nil || answered || kept {
		return row, answered, err
	}
	if only {
		return row, true, nil
	}
	row, err = a.row(t, n)
	return row, false, err
}

// claimant finds the submission that a reference belongs to.
func claimant(t *tx, scope nameID, reference string) (k knownForm, found bool, err error) {
	return engine.One[knownForm](t.c, "SELECT id, digest FROM submission WHERE claim=1 AND scope=? AND reference=?", scope, reference)
}

// knownForm is a form that was accepted before.
type knownForm struct {
	ID     ID
	Digest connectors.Digest
}

// answerKnown records a repeat or a conflict with a submission that exists.
func (a *acceptance) answerKnown(t *tx, n int, k knownForm, on string) error {
	id := k.ID
	state, found, err := engine.One[states.State](t.c, "SELECT state FROM submission WHERE id=?", id)
	r := &a.arrivals[n]
	if err != nil || !found {
		return errorOr(err, a.answerGone(t, n, id, r.is(k.Digest), on))
	}
	same, differs, err := t.recognises(r, k)
	if err != nil {
		return err
	}
	other, err := t.otherRoute(r, id)
	if err != nil {
		return err
	}
	if other != "" {
		a.out[n] = Acceptance{ID: id, Verdict: connectors.Conflict, State: State(state.String()), On: "route"}
		return t.note(id, Moment{What: "conflict", Code: CodeReference, Text: "refused: the same " + on + " for route " + r.Route})
	}
	if same {
		a.out[n] = Acceptance{ID: id, Verdict: connectors.Repeat, State: State(state.String())}
		return t.note(id, Moment{What: "repeat", Text: r.Inbasket + differs})
	}
	a.out[n] = Acceptance{ID: id, Verdict: connectors.Conflict, State: State(state.String()), On: on}
	return t.note(id, Moment{What: "conflict", Code: CodeReference, Text: "refused: the same " + on + " with other content"})
}

func (a *acceptance) row(t *tx, n int) (row arrivalRow, err error) {
	r := &a.arrivals[n]
	row = arrivalRow{n: n, state: states.Accepted, claim: 1, park: r.Park, reject: r.Reject}
	if row.id, err = t.j.ids.next(t.now); err != nil {
		return row, err
	}
	if t.j.afterRestore.active {
		if err = a.recognise(t, &row); err != nil {
			return row, err
		}
	}
	plan, ok := a.plans[r.Plan]
	if !ok {
		if plan, err = t.pin(r.Plan); err != nil {
			return row, err
		}
		a.plans[r.Plan] = plan
	}
	row.plan = plan
	for _, w := range []struct {
		to *nameID
		s  string
	}{{&row.scope, r.Scope}, {&row.office, r.Office}, {&row.inbasket, r.Inbasket}, {&row.route, r.Route}, {&row.targets, joinList(r.Targets)}} {
		if *w.to, err = t.name(w.s); err != nil {
			return row, err
		}
	}
	row.names = make([]nameID, len(r.Targets))
	for k, name := range r.Targets {
		if row.names[k], err = t.name(name); err != nil {
			return row, err
		}
	}
	switch {
	case len(r.Reject) > 0:
		row.state = states.Rejected
	case r.Park != nil:
		row.state, row.flags = states.Parked, states.FlagWhole
	}
	return row, nil
}

const (
	submissionColumns = `submission(id, state, flags, claim, scope, office, inbasket, route, plan, targets, at, changed,
		received, reference, transport, digest, ctype, files, code, why)`
	submissionWidth = 20
)

// values appends the row of table submission.
func (a *acceptance) values(args []any, row *arrivalRow, now time.Time) ([]any, error) {
	r := &a.arrivals[row.n]
	received := r.At
	if received.IsZero() {
		received = now
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
		now, now, received, r.Reference, r.storedTransport(), r.Digest[:], storedType(r.ContentType), a.files[row.n], engine.Optional(code), why), nil
}

// storedType stores the usual type as NULL.
func storedType(s string) engine.Optional {
	if s == usualType {
		return ""
	}
	return engine.Optional(s)
}

// typeOf is the type that storedType has stored.
func typeOf(s engine.Optional) string { return cmp.Or(string(s), usualType) }

// storedTransport stores the transport's identity as NULL where it is the reference as well.
func (r *Arrival) storedTransport() engine.Optional {
	if r.Transport == r.Reference {
		return ""
	}
	return engine.Optional(r.Transport)
}

const usualType = "application/json"

// insert writes the submissions that are new and leaves only those in rows.
func (a *acceptance) insert(t *tx) error {
	if len(a.rows) == 0 {
		return nil
	}
	args := make([]any, 0, len(a.rows)*submissionWidth)
	var err error
	for n := range a.rows {
		if args, err = a.values(args, &a.rows[n], t.now); err != nil {
			return err
		}
	}
	written, err := t.c.InsertNew(submissionColumns, args)
	if err != nil || written == int64(len(a.rows)) {
		return err
	}
	there := map[ID]bool{}
	first, last := a.rows[0].id, a.rows[0].id
	for n := range a.rows { // one that came again has an older ID
		first, last = min(first, a.rows[n].id), max(last, a.rows[n].id)
	}
	err = engine.Each(t.c, "SELECT id FROM submission WHERE id BETWEEN ? AND ?", []any{first, last}, func(id ID) error { there[id] = true; return nil })
	if err != nil {
		return err
	}
	fresh := a.rows[:0]
	for _, row := range a.rows {
		keep := there[row.id]
		if !keep {
			if keep, err = a.claimed(t, &row); err != nil {
				return err
			}
		}
		if keep {
			fresh = append(fresh, row)
		}
	}
	a.rows = fresh
	return nil
}

// finish writes everything else about the new submissions.
func (a *acceptance) finish(t *tx, keys map[string]int) error {
	forms := make([]any, 0, 4*len(a.rows))
	deliveries := make([]any, 0, 6*len(a.rows))
	for n := range a.rows {
		row := &a.rows[n]
		f := &a.forms[row.n]
		forms = append(forms, row.id, f.body, f.large, f.size)
		verdict := connectors.Taken
		on := ""
		if row.claim == 0 && (len(row.stands) == 0 || a.arrivals[row.n].ParkConflict) {
			verdict, on = connectors.Conflict, "reference"
		}
		a.out[row.n] = Acceptance{ID: row.id, Verdict: verdict, State: State(row.state.String()), On: on}
		t.count(tallyState, int64(row.route), int64(row.state), 1)
		if err := a.events(t, row); err != nil {
			return err
		}
		if row.state == states.Rejected {
			continue
		}
		progress := states.Pending
		if row.state == states.Parked {
			progress = states.Held
		}
		for i, target := range row.names {
			state := progress
			if state == states.Held && slices.Contains(row.stands, a.arrivals[row.n].Targets[i]) {
				state = states.Unclear // what it returned is looked up, whatever becomes of the rest
			}
			if row.again && state == states.Pending && t.j.afterRestore.doubts[target] != 0 {
				state = states.Doubtful
			}
			deliveries = append(deliveries, target, row.id, state, 0, 0, t.now)
			t.count(tallyProgress, int64(target), int64(state), 1)
		}
	}
	if err := t.c.Insert("form(id, body, digest, size)", forms); err != nil {
		return err
	}
	if err := t.c.Insert(deliveryColumns, deliveries); err != nil {
		return err
	}
	return a.keepKeys(t, keys)
}

const deliveryColumns = "delivery(target, sub, state, attempts, batch, at)"

func (a *acceptance) events(t *tx, row *arrivalRow) error {
	if row.office == 0 {
		return nil
	}
	t.event(row.office, row.id, states.EventAccepted, false, nil)
	if row.state != states.Rejected {
		return nil
	}
	data := map[string]any{"errors": row.reject}
	if why := a.arrivals[row.n].Why; why != nil {
		data["code"], data["reason"] = why.Code, why.Text
	}
	return t.eventData(row.office, row.id, states.EventRejected, true, data)
}

// keepKeys remembers idempotency keys and answers the arrivals that shared one within the call.
func (a *acceptance) keepKeys(t *tx, keys map[string]int) error {
	for n := range a.arrivals {
		r := &a.arrivals[n]
		if r.IdempotencyKey == "" {
			continue
		}
		scope, err := t.name(r.Scope)
		if err != nil {
			return err
		}
		first, ours := keys[r.Scope+listSeparator+r.IdempotencyKey]
		switch {
		case !ours:
		case first == n && a.out[n].Verdict != connectors.Conflict && !a.gone[n]:
			if _, err := t.c.InsertNew("idem(scope, key, sub, digest)", []any{scope, r.IdempotencyKey, a.out[n].ID, r.Digest}); err != nil {
				return err
			}
		case first != n && a.out[first].ID != 0:
			if err := a.answerKnown(t, n, knownForm{a.out[first].ID, a.arrivals[first].Digest}, "idempotency-key"); err != nil {
				return err
			}
		}
	}
	return nil
}

package accepting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/searching"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Accept makes arrivals durable, in order, and says of each what became of it. A known reference with
// the same content is a Repeat, with other content a Conflict, also within one call.
func (j Forms) Accept(ctx context.Context, arrivals []journal.Arrival) ([]journal.Acceptance, error) {
	a := &acceptance{arrivals: arrivals, out: make([]journal.Acceptance, len(arrivals)), files: make([]engine.Optional, len(arrivals)), forms: make([]journal.StoredForm, len(arrivals))}
	if err := a.prepare(ctx, j.Journal); err != nil {
		return nil, err
	}
	const op = "accept submissions"
	var err error
	if len(arrivals) == 1 { // as front offices post them: many at once
		err = j.DoJoint(ctx, op, a)
	} else {
		err = j.Do(ctx, op, a.run)
	}
	if err != nil {
		return nil, err
	}
	return a.out, nil
}

// Run accepts what several calls bring as if one had brought it.
func (a *acceptance) Run(t *journal.Tx, calls []journal.Joint) error {
	if len(calls) == 1 {
		return a.run(t)
	}
	all := &acceptance{out: make([]journal.Acceptance, len(calls))}
	for _, c := range calls {
		one := c.(*acceptance) // there is no other joint call
		all.arrivals, all.files, all.forms = append(all.arrivals, one.arrivals...), append(all.files, one.files...), append(all.forms, one.forms...)
	}
	if sharedKey(all.arrivals) { // each is judged by what became of the one before
		return errSharedKey
	}
	if err := all.run(t); err != nil {
		return err
	}
	for n, c := range calls {
		c.(*acceptance).out[0] = all.out[n]
	}
	return nil
}

var errSharedKey = errors.New("two calls have one idempotency key")

func sharedKey(arrivals []journal.Arrival) bool {
	keys := map[string]bool{}
	for i := range arrivals {
		if r := &arrivals[i]; r.IdempotencyKey != "" {
			key := r.Scope + engine.Separator + r.IdempotencyKey
			if keys[key] {
				return true
			}
			keys[key] = true
		}
	}
	return false
}

// acceptance is one call of Accept.
type acceptance struct {
	*journal.Tx
	arrivals   []journal.Arrival
	out        []journal.Acceptance
	files      []engine.Optional // attachments as JSON
	forms      []journal.StoredForm
	fresh      []arrivalRow
	plans      map[connectors.Digest]int64
	gone       map[int]bool         // arrivals that were answered from a tombstone
	tombstones map[int][]purgedForm // tombstones that carry an arrival's reference
	adopted    map[journal.ID]bool  // ghosts that arrivals of this call are
}

// arrivalRow is an arrival with what the tables need of it.
type arrivalRow struct {
	n                                       int // index of the arrival
	id                                      journal.ID
	plan                                    int64
	scope, office, inbasket, route, targets journal.NameID
	names                                   []journal.NameID // of the targets
	state                                   states.State
	flags                                   int64
	claim                                   int64
	park                                    *journal.Reason
	reject                                  []journal.FieldError
	again                                   bool     // accepted before, in the time that a backup does not know
	stands                                  []string // targets whose ledger shows that
}

// prepare checks the arrivals, compresses their forms and puts large ones into the content store, before any transaction.
func (a *acceptance) prepare(ctx context.Context, j *journal.Journal) error {
	for n := range a.arrivals {
		r := &a.arrivals[n]
		if len(r.Targets) == 0 && r.Park == nil && len(r.Reject) == 0 {
			return fmt.Errorf("accept %d: %w: without targets it must be parked or rejected", n, journal.ErrState)
		}
		var err error
		if a.files[n], err = journal.EncodeFiles(r.Attachments); err != nil {
			return err
		}
		if r.KnownOnly {
			continue
		}
		if len(r.Form) <= journal.InlineForm {
			a.forms[n] = journal.Compress(r.Form)
			continue
		}
		if j.ContentStore() == nil {
			return fmt.Errorf("accept %d: %w: no content store for a large form", n, journal.ErrState)
		}
		blob, err := j.ContentStore().Put(ctx, bytes.NewReader(r.Form), int64(len(r.Form)))
		if err != nil {
			return err
		}
		a.forms[n].Large = blob.Digest[:]
	}
	return nil
}

// run is the whole within the transaction. It may run again after a fault, so it starts from nothing.
func (a *acceptance) run(t *journal.Tx) error {
	a.Tx = t
	a.fresh, a.plans, a.adopted, a.gone = a.fresh[:0], map[connectors.Digest]int64{}, map[journal.ID]bool{}, map[int]bool{}
	keys := map[string]int{}
	a.tombstones = tombstonesOf(a.Tx.Look, a.arrivals)
	for n := range a.arrivals {
		a.out[n] = journal.Acceptance{}
		if a.knownKey(n, keys) {
			continue
		}
		if row, answered := a.one(n); !answered {
			a.fresh = append(a.fresh, row)
		}
		if a.Err != nil {
			return a.Err
		}
	}
	a.insertRows()
	a.writeRest(keys)
	if a.AfterRestore().Active {
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
	k, found := journal.One[journal.KnownForm](a.Look, "SELECT sub, digest FROM idem WHERE scope=? AND key=?", engine.Word(r.Scope), r.IdempotencyKey)
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
	why, known := a.before(n)
	if known || a.sameContent(n) {
		return row, true
	}
	if r.KnownOnly {
		if k, found := a.Claimant(r.Scope, r.Reference); found {
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
	row = a.row(n)
	if why != nil && row.state == states.Accepted {
		row.state, row.flags, row.park = states.Parked, states.FlagWhole, why
	}
	return row, false
}

// answerKnown records a repeat or a conflict with a submission that exists, or did when its idempotency key was kept.
func (a *acceptance) answerKnown(n int, k journal.KnownForm, on string) {
	r := &a.arrivals[n]
	how, differs := recognises(a.Tx.Look, r, k, false)
	state, found := journal.One[journal.State](a.Look, "SELECT state FROM submission WHERE id=?", k.ID)
	if !found {
		a.tell(n, k.ID, journal.Value[journal.State](a.Look, "SELECT state FROM tombstone WHERE id=?", k.ID), how >= today, on)
		return
	}
	switch {
	case otherRoute(a.Tx.Look, r, k.ID) != "":
		a.out[n] = journal.Acceptance{ID: k.ID, Verdict: connectors.Conflict, State: state, On: "route"}
		a.Note(k.ID, journal.Moment{What: "conflict", Code: journal.CodeReference, Text: "refused: the same " + on + " for route " + r.Route})
	case how >= today:
		a.out[n] = journal.Acceptance{ID: k.ID, Verdict: connectors.Repeat, State: state}
		a.Note(k.ID, journal.Moment{What: "repeat", Text: r.Inbasket + differs})
	default:
		a.out[n] = journal.Acceptance{ID: k.ID, Verdict: connectors.Conflict, State: state, On: on}
		a.Note(k.ID, journal.Moment{What: "conflict", Code: journal.CodeReference, Text: "refused: the same " + on + " with other content"})
	}
}

func (a *acceptance) row(n int) arrivalRow {
	r := &a.arrivals[n]
	row := arrivalRow{n: n, id: a.NextID(), state: states.Accepted, claim: 1, park: r.Park, reject: r.Reject}
	if a.AfterRestore().Active {
		a.recognise(&row)
	}
	plan, ok := a.plans[r.Plan]
	if !ok {
		plan = a.Pin(r.Plan)
		a.plans[r.Plan] = plan
	}
	row.plan = plan
	row.scope, row.office, row.inbasket, row.route, row.targets = a.NameID(r.Scope), a.NameID(r.Office), a.NameID(r.Inbasket), a.NameID(r.Route), a.NameID(journal.JoinList(r.Targets))
	row.names = make([]journal.NameID, len(r.Targets))
	for k, name := range r.Targets {
		row.names[k] = a.NameID(name)
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
)

// values appends the row of table submission.
func (a *acceptance) values(args []any, row *arrivalRow) []any {
	r := &a.arrivals[row.n]
	received := r.At
	if received.IsZero() {
		received = a.Now
	}
	var code string
	var why engine.Optional
	switch {
	case len(row.reject) > 0:
		code, why = row.reject[0].Code, journal.EncodeVerdict(journal.Verdict{Reason: r.Why, Errors: row.reject})
		if r.Why != nil {
			code = r.Why.Code
		}
	case row.park != nil:
		code, why = row.park.Code, journal.EncodeReason(row.park)
	}
	return append(args, row.id, row.state, row.flags, row.claim, row.scope, row.office, row.inbasket, row.route, row.plan, row.targets,
		a.Now, a.Now, received, r.Reference, r.StoredTransport(), r.Digest[:], journal.UnlessUsual(r.ContentType, journal.UsualType), a.files[row.n], engine.Optional(code), why)
}

// insertRows writes the submissions that are new and leaves only those in fresh.
func (a *acceptance) insertRows() {
	if len(a.fresh) == 0 {
		return
	}
	args := make([]any, 0, len(a.fresh)*submissionWidth)
	for n := range a.fresh {
		args = a.values(args, &a.fresh[n])
	}
	if a.InsertNew(submissionColumns, args...) == int64(len(a.fresh)) {
		return
	}
	there := map[journal.ID]bool{}
	first, last := a.fresh[0].id, a.fresh[0].id
	for n := range a.fresh { // one that came again has an older ID
		first, last = min(first, a.fresh[n].id), max(last, a.fresh[n].id)
	}
	journal.Each(a.Look, "SELECT id FROM submission WHERE id BETWEEN ? AND ?", []any{first, last}, func(id journal.ID) { there[id] = true })
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
		forms = append(forms, row.id, f.Body, f.Large, f.Size)
		out := journal.Acceptance{ID: row.id, Verdict: connectors.Taken, State: journal.State(row.state.String())}
		if row.claim == 0 && (len(row.stands) == 0 || a.arrivals[row.n].ParkConflict) {
			out.Verdict, out.On = connectors.Conflict, "reference"
		}
		a.out[row.n] = out
		a.Count(journal.TallyState, int64(row.route), int64(row.state), 1)
		a.tellFirst(row)
		if row.state != states.Rejected {
			deliveries = a.deliveries(deliveries, row)
		}
	}
	a.Insert("form(id, body, digest, size)", forms)
	a.Insert(journal.DeliveryColumns, deliveries)
	found := searching.Keys{Tx: a.Tx}
	for n := range a.fresh {
		found.Add(a.fresh[n].id, a.arrivals[a.fresh[n].n].Keys)
	}
	found.Write()
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
		case row.again && a.AfterRestore().Unsure[target] != 0:
			state = states.Doubtful
		}
		args = append(args, target, row.id, state, 0, 0, a.Now)
		a.Count(journal.TallyProgress, int64(target), int64(state), 1)
	}
	return args
}

func (a *acceptance) tellFirst(row *arrivalRow) {
	a.Event(row.office, row.id, states.EventAccepted, false, nil)
	if row.state != states.Rejected {
		return
	}
	data := map[string]any{"errors": row.reject}
	if why := a.arrivals[row.n].Why; why != nil {
		data["code"], data["reason"] = why.Code, why.Text
	}
	a.Event(row.office, row.id, states.EventRejected, true, data)
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
			a.InsertNew("idem(scope, key, sub, digest)", engine.Word(r.Scope), r.IdempotencyKey, a.out[n].ID, r.Digest)
		case first != n && a.out[first].ID != 0:
			a.answerKnown(n, journal.KnownForm{ID: a.out[first].ID, Digest: a.arrivals[first].Digest}, "idempotency-key")
		}
	}
}

package journal

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// Accept makes arrivals durable, in order, and says of each what became of it. A known reference with
// the same content is a Repeat, with other content a Conflict, also within one call.
func (j *Journal) Accept(ctx context.Context, arrivals []Arrival) ([]Acceptance, error) {
	a := &acceptance{arrivals: arrivals, out: make([]Acceptance, len(arrivals)), files: make([]any, len(arrivals))}
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
	arrivals []Arrival
	out      []Acceptance
	files    []any                     // attachments as JSON, or nil
	large    map[int]connectors.Digest // forms that lie in the content store
	rows     []arrivalRow
	plans    map[connectors.Digest]int64
	gone     map[int]bool    // arrivals that were answered from a tombstone
	graves   map[int][]grave // tombstones that carry an arrival's reference
	adopted  map[ID]bool     // ghosts that arrivals of this call are
}

// arrivalRow is an arrival with what the tables need of it.
type arrivalRow struct {
	n                                       int // index of the arrival
	id                                      ID
	plan                                    int64
	scope, office, inbasket, route, targets word
	names                                   []word // of the targets
	state                                   stateCode
	flags                                   int64
	claim                                   int64
	park                                    *Reason
	reject                                  []FieldError
	again                                   bool // accepted before, in the time that a backup does not know
}

const idemDigest = "SELECT sub, digest FROM idem WHERE scope=? AND key=?"

// prepare checks the arrivals and puts large forms into the content store, before any transaction.
func (a *acceptance) prepare(ctx context.Context, j *Journal) error {
	for n := range a.arrivals {
		r := &a.arrivals[n]
		if len(r.Targets) == 0 && r.Park == nil && len(r.Reject) == 0 {
			return fmt.Errorf("accept %d: %w: without targets it must be parked or rejected", n, ErrState)
		}
		if len(r.Attachments) > 0 {
			b, err := json.Marshal(r.Attachments)
			if err != nil {
				return err
			}
			a.files[n] = string(b)
		}
		if len(r.Form) <= inlineForm || r.KnownOnly {
			continue
		}
		if j.content == nil {
			return fmt.Errorf("accept %d: %w: no content store for a large form", n, ErrState)
		}
		blob, err := j.content.Put(ctx, bytes.NewReader(r.Form), int64(len(r.Form)))
		if err != nil {
			return err
		}
		if a.large == nil {
			a.large = map[int]connectors.Digest{}
		}
		a.large[n] = blob.Digest
	}
	return nil
}

// run is the whole within the transaction. It may run again after a fault, so it starts from nothing.
func (a *acceptance) run(t *tx) error {
	a.rows, a.plans, a.adopted, a.gone = a.rows[:0], map[connectors.Digest]int64{}, nil, nil
	keys := map[string]int{}
	var err error
	if a.graves, err = t.gravesOf(a.arrivals); err != nil {
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
	if err := a.finish(t, keys); err != nil || !t.j.mending.active {
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
	scope, err := t.word(r.Scope)
	if err != nil {
		return false, err
	}
	var id ID
	var digest []byte
	found, err := t.c.one(idemDigest, []any{scope, r.IdempotencyKey}, func(row []driver.Value) error {
		id, digest = ID(integer(row[0])), bytesOf(row[1])
		return nil
	})
	if err != nil {
		return false, err
	}
	if !found {
		if !r.KnownOnly {
			keys[key] = n
		}
		return false, nil
	}
	return true, a.answerKnown(t, n, id, digest, "idempotency-key")
}

// knownReference answers an arrival whose reference another submission has, and nothing else.
func (a *acceptance) knownReference(t *tx, n int) error {
	r := &a.arrivals[n]
	scope, err := t.word(r.Scope)
	if err != nil {
		return err
	}
	id, digest, found, err := claimant(t, scope, r.Reference)
	if err != nil || !found {
		return err
	}
	return a.answerKnown(t, n, id, digest, "reference")
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
	answered, kept, err := a.buried(t, n, &row)
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
func claimant(t *tx, scope word, reference string) (id ID, digest []byte, found bool, err error) {
	found, err = t.c.one("SELECT id, digest FROM submission WHERE claim=1 AND scope=? AND reference=?", []any{scope, reference}, func(v []driver.Value) error {
		id, digest = ID(integer(v[0])), bytesOf(v[1])
		return nil
	})
	return id, digest, found, err
}

// answerKnown records a repeat or a conflict with a submission that exists.
func (a *acceptance) answerKnown(t *tx, n int, id ID, digest []byte, on string) error {
	var state stateCode
	found, err := t.c.one("SELECT state FROM submission WHERE id=?", []any{id}, func(row []driver.Value) error {
		state = stateCode(integer(row[0]))
		return nil
	})
	r := &a.arrivals[n]
	if err != nil || !found {
		return errorOr(err, a.answerGone(t, n, id, r.is(digest), on))
	}
	same, differs, err := t.recognises(r, id, digest)
	if err != nil {
		return err
	}
	if same {
		a.out[n] = Acceptance{ID: id, Verdict: connectors.Repeat, State: state.word()}
		return t.note(id, Moment{What: "repeat", Text: r.Inbasket + differs})
	}
	a.out[n] = Acceptance{ID: id, Verdict: connectors.Conflict, State: state.word(), On: on}
	return t.note(id, Moment{What: "conflict", Code: CodeReference, Text: "refused: the same " + on + " with other content"})
}

func (a *acceptance) row(t *tx, n int) (row arrivalRow, err error) {
	r := &a.arrivals[n]
	row = arrivalRow{n: n, state: sAccepted, claim: 1, park: r.Park, reject: r.Reject}
	if row.id, err = t.j.ids.next(t.now); err != nil {
		return row, err
	}
	if t.j.mending.active {
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
		to *word
		s  string
	}{{&row.scope, r.Scope}, {&row.office, r.Office}, {&row.inbasket, r.Inbasket}, {&row.route, r.Route}, {&row.targets, joinList(r.Targets)}} {
		if *w.to, err = t.word(w.s); err != nil {
			return row, err
		}
	}
	row.names = make([]word, len(r.Targets))
	for k, name := range r.Targets {
		if row.names[k], err = t.word(name); err != nil {
			return row, err
		}
	}
	switch {
	case len(r.Reject) > 0:
		row.state = sRejected
	case r.Park != nil:
		row.state, row.flags = sParked, flagWhole
	}
	return row, nil
}

const (
	insertSubmission = `INSERT OR IGNORE INTO submission(id, state, flags, claim, scope, office, inbasket, route, plan, targets, at, changed,
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
	var code, why any
	switch {
	case len(row.reject) > 0:
		code, why = row.reject[0].Code, encodeVerdict(verdict{Reason: r.Why, Errors: row.reject})
		if r.Why != nil {
			code = r.Why.Code
		}
	case row.park != nil:
		code, why = row.park.Code, encodeReason(row.park)
	}
	var transport any
	if r.Transport != r.Reference {
		transport = r.Transport
	}
	return append(args, row.id, row.state, row.flags, row.claim, row.scope, row.office, row.inbasket, row.route, row.plan, row.targets,
		now, now, received, r.Reference, transport, r.Digest[:], contentType(r.ContentType), a.files[row.n], code, why), nil
}

// contentType stores the usual type as NULL.
func contentType(s string) any {
	if s == usualType {
		return nil
	}
	return s
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
	written, err := t.c.insert(insertSubmission, submissionWidth, args)
	if err != nil || written == int64(len(a.rows)) {
		return err
	}
	there := map[ID]bool{}
	first, last := a.rows[0].id, a.rows[0].id
	for n := range a.rows { // one that came again has an older ID
		first, last = min(first, a.rows[n].id), max(last, a.rows[n].id)
	}
	err = t.c.query("SELECT id FROM submission WHERE id BETWEEN ? AND ?", []any{first, last}, func(row []driver.Value) error {
		there[ID(integer(row[0]))] = true
		return nil
	})
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

// claimed deals with an arrival whose reference another submission has. It is kept if it conflicts and
// the in-basket cannot refuse it.
func (a *acceptance) claimed(t *tx, row *arrivalRow) (keep bool, err error) {
	r := &a.arrivals[row.n]
	id, digest, found, err := claimant(t, row.scope, r.Reference)
	if err != nil || !found {
		return false, errorOr(err, errors.New("a submission was neither written nor known"))
	}
	same, _, err := t.recognises(r, id, digest)
	if err != nil {
		return false, err
	}
	if same || !r.ParkConflict {
		return false, a.answerKnown(t, row.n, id, digest, "reference")
	}
	known := id
	found, err = t.c.one("SELECT id FROM submission WHERE claim=0 AND scope=? AND reference=? AND digest=?", []any{row.scope, r.Reference, r.Digest[:]}, func(v []driver.Value) error {
		id = ID(integer(v[0]))
		return nil
	})
	if err != nil {
		return false, err
	}
	if found { // the same conflict again, such as after a crash before the in-basket was told
		if err := t.note(id, Moment{What: "repeat", Text: r.Inbasket}); err != nil {
			return false, err
		}
		a.out[row.n] = Acceptance{ID: id, Verdict: connectors.Conflict, State: Parked, On: "reference"}
		return false, nil
	}
	if err := t.note(known, Moment{What: "conflict", Code: CodeReference, Text: "parked as " + row.id.String()}); err != nil {
		return false, err
	}
	row.conflict("the reference is known with other content, as " + known.String())
	args, err := a.values(nil, row, t.now)
	if err != nil {
		return false, err
	}
	_, err = t.c.insert(insertSubmission, submissionWidth, args)
	return true, err
}

// finish writes everything else about the new submissions.
func (a *acceptance) finish(t *tx, keys map[string]int) error {
	forms := make([]any, 0, 3*len(a.rows))
	deliveries := make([]any, 0, 6*len(a.rows))
	for n := range a.rows {
		row := &a.rows[n]
		r := &a.arrivals[row.n]
		var digest, body any = nil, r.Form
		if d, ok := a.large[row.n]; ok {
			digest, body = d[:], nil
		}
		forms = append(forms, row.id, body, digest)
		verdict := connectors.Taken
		on := ""
		if row.claim == 0 {
			verdict, on = connectors.Conflict, "reference"
		}
		a.out[row.n] = Acceptance{ID: row.id, Verdict: verdict, State: row.state.word(), On: on}
		t.count(tallyState, int64(row.route), int64(row.state), 1)
		if err := a.events(t, row); err != nil {
			return err
		}
		if row.state == sRejected {
			continue
		}
		progress := pPending
		if row.state == sParked {
			progress = pHeld
		}
		for _, target := range row.names {
			state := progress
			if row.again && state == pPending && t.j.mending.doubts[target] != 0 {
				state = pDoubtful
			}
			deliveries = append(deliveries, target, row.id, state, 0, 0, t.now)
			t.count(tallyProgress, int64(target), int64(state), 1)
		}
	}
	if _, err := t.c.insert("INSERT INTO form(id, body, digest)", 3, forms); err != nil {
		return err
	}
	if _, err := t.c.insert(insertDelivery, 6, deliveries); err != nil {
		return err
	}
	return a.keepKeys(t, keys)
}

const insertDelivery = "INSERT INTO delivery(target, sub, state, attempts, batch, at)"

func (a *acceptance) events(t *tx, row *arrivalRow) error {
	if row.office == 0 {
		return nil
	}
	t.event(row.office, row.id, evAccepted, false, nil)
	if row.state != sRejected {
		return nil
	}
	data := map[string]any{"errors": row.reject}
	if why := a.arrivals[row.n].Why; why != nil {
		data["code"], data["reason"] = why.Code, why.Text
	}
	return t.eventData(row.office, row.id, evRejected, true, data)
}

// keepKeys remembers idempotency keys and answers the arrivals that shared one within the call.
func (a *acceptance) keepKeys(t *tx, keys map[string]int) error {
	for n := range a.arrivals {
		r := &a.arrivals[n]
		if r.IdempotencyKey == "" {
			continue
		}
		scope, err := t.word(r.Scope)
		if err != nil {
			return err
		}
		first, ours := keys[r.Scope+listSeparator+r.IdempotencyKey]
		switch {
		case !ours:
		case first == n && a.out[n].Verdict != connectors.Conflict && !a.gone[n]:
			if _, err := t.c.exec("INSERT OR IGNORE INTO idem(scope, key, sub, digest) VALUES(?, ?, ?, ?)", scope, r.IdempotencyKey, a.out[n].ID, r.Digest[:]); err != nil {
				return err
			}
		case first != n && a.out[first].ID != 0:
			if err := a.answerKnown(t, n, a.out[first].ID, a.arrivals[first].Digest[:], "idempotency-key"); err != nil {
				return err
			}
		}
	}
	return nil
}

package journal

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// checkPage is how many submissions a look at all tables takes at a time.
const checkPage = 1000

// dossier is all that the journal has of one submission, and of one that it should not have.
type dossier struct {
	submissionHead
	known, form, purged, remains bool
	deliveries                   []deliveryHead
	events                       [len(eventNames)]int
	told                         bool // there are events
}

type submissionHead struct {
	ID            ID
	State         stateCode
	Flags         int64
	Office, Route nameID
}

type deliveryHead struct {
	ID      ID
	Target  nameID
	State   progressCode
	Batch   int64
	InBatch progressCode // state of the batch; 0: there is no such batch
}

func (d *dossier) some(is func(*deliveryHead) bool) bool {
	for n := range d.deliveries {
		if is(&d.deliveries[n]) {
			return true
		}
	}
	return false
}

func isOpen(d *deliveryHead) bool { return d.State.open() }
func isHeld(d *deliveryHead) bool { return d.State == pHeld }
func isLeft(d *deliveryHead) bool { return d.State.left() }

// invariants are what must never be true of a submission.
var invariants = []struct {
	what   string
	broken func(d *dossier) bool
}{
	{"a submission without its form", func(d *dossier) bool { return d.known && !d.form }},
	{"a form without its submission", func(d *dossier) bool { return d.form && !d.known }},
	{"delivered with something left", func(d *dossier) bool { return d.State == sDelivered && d.Flags&flagReopened == 0 && d.some(isLeft) }},
	{"accepted with nothing left", func(d *dossier) bool { return d.State == sAccepted && !d.some(isOpen) }},
	{"accepted with a parked delivery", func(d *dossier) bool { return d.State == sAccepted && d.some(isHeld) }},
	{"parked without a cause", func(d *dossier) bool { return d.State == sParked && d.Flags&flagWhole == 0 && !d.some(isHeld) }},
	{"rejected with an open delivery", func(d *dossier) bool { return d.State == sRejected && d.some(isOpen) }},
	{"acceptance told twice or never", func(d *dossier) bool { return d.known && d.Office != 0 && d.events[evAccepted] != 1 }},
	{"delivery told twice", func(d *dossier) bool { return d.events[evDelivered] > 1 }},
	{"in a batch that has no number", func(d *dossier) bool {
		return d.some(func(d *deliveryHead) bool { return d.State == pBatched && d.Batch == 0 })
	}},
	{"a delivery without its submission", func(d *dossier) bool { return !d.known && len(d.deliveries) > 0 }},
	{"an event without its submission", func(d *dossier) bool { return !d.known && d.told }},
	{"something is left of a purged submission", func(d *dossier) bool {
		return d.purged && (d.remains || d.known || d.form || d.told || len(d.deliveries) > 0)
	}},
	{"a delivered batch with an open member", func(d *dossier) bool {
		return d.some(func(d *deliveryHead) bool { return (d.State == pBatched || d.State == pStaged) && d.InBatch == pDone })
	}},
	{"a delivery in a batch that does not exist", func(d *dossier) bool {
		return d.some(func(d *deliveryHead) bool { return d.Batch != 0 && d.InBatch == 0 })
	}},
}

// examination holds the tables against each other. It reads each of them once, in the order of submissions and a page at a time:
// as much work as there are rows.
type examination struct {
	*Checkup
	ctx     context.Context
	c       *engine.Conn
	targets []nameID // that have deliveries
	tally   map[tallyKey]int64
	found   []finding // by invariant
}

// finding is where something was found.
type finding struct {
	count int
	ids   []string
}

func (f *finding) add(id ID) {
	if f.count++; f.count <= maxFindings {
		f.ids = append(f.ids, id.String())
	}
}

// consistent tells what contradicts itself.
func (c *Checkup) consistent(ctx context.Context, j *Journal, db *engine.Conn) (err error) {
	e := &examination{Checkup: c, ctx: ctx, c: db, tally: map[tallyKey]int64{}, found: make([]finding, len(invariants))}
	const next = "SELECT coalesce(min(target), 0) FROM delivery WHERE target>?"
	for target, err := engine.Value[nameID](db, next, 0); target != 0 || err != nil; target, err = engine.Value[nameID](db, next, target) {
		if err != nil {
			return err
		}
		e.targets = append(e.targets, target)
	}
	for from := ID(0); from < math.MaxInt64; {
		if from, err = e.page(from); err != nil {
			return err
		}
	}
	if err := e.tallies(); err != nil {
		return err
	}
	for n, f := range e.found {
		c.inconsistent(invariants[n].what, f)
	}
	var pushes finding
	err = engine.Each(db, "SELECT p.sub FROM push p LEFT JOIN event e ON e.office=p.office AND e.seq=p.seq WHERE e.seq IS NULL", nil,
		func(id ID) error { pushes.add(id); return nil })
	c.inconsistent("a push without its event", pushes)
	if err != nil {
		return err
	}
	return c.numbers(j, db)
}

func (c *Checkup) inconsistent(what string, f finding) {
	if f.count > 0 {
		c.add(Finding{Code: CodeInconsistent, Text: fmt.Sprintf("%s: %d, such as %s", what, f.count, strings.Join(f.ids, ", ")),
			Cure: "look at it by inbasket show; send diagnostics to the maintainers"})
	}
}

// page examines what there is of the submissions after an ID, and returns the last that it has examined.
func (e *examination) page(from ID) (to ID, err error) {
	to = math.MaxInt64
	for _, table := range []string{"submission", "tombstone"} {
		last, full, err := engine.One[ID](e.c, "SELECT id FROM "+table+" WHERE id>? ORDER BY id LIMIT 1 OFFSET ?", from, checkPage-1)
		if err != nil {
			return 0, err
		}
		if full {
			to = min(to, last)
		}
	}
	dossiers, err := e.read(from, to)
	if err != nil {
		return 0, err
	}
	for _, d := range dossiers {
		if d.known {
			e.Submissions++
			e.tally[tallyKey{tallyState, int64(d.Route), int64(d.State)}]++
		}
		if d.purged {
			e.Purged++
		}
		for n := range d.deliveries {
			e.tally[tallyKey{tallyProgress, int64(d.deliveries[n].Target), int64(d.deliveries[n].State)}]++
		}
		for n := range invariants {
			if invariants[n].broken(d) {
				e.found[n].add(d.ID)
			}
		}
	}
	return to, e.ctx.Err()
}

// read joins what the tables have from an ID, which it leaves out, to another, in the order of IDs.
func (e *examination) read(from, to ID) ([]*dossier, error) {
	all := map[ID]*dossier{}
	of := func(id ID) *dossier {
		d := all[id]
		if d == nil {
			d = &dossier{submissionHead: submissionHead{ID: id}}
			all[id] = d
		}
		return d
	}
	span := []any{from, to}
	err := engine.Each(e.c, "SELECT id, state, flags, office, route FROM submission WHERE id>? AND id<=?", span, func(s submissionHead) error {
		d := of(s.ID)
		d.submissionHead, d.known = s, true
		return nil
	})
	purged := false
	ids := func(sql string, see func(*dossier)) {
		if err == nil {
			err = engine.Each(e.c, sql, span, func(id ID) error { see(of(id)); return nil })
		}
	}
	ids("SELECT id FROM form WHERE id>? AND id<=?", func(d *dossier) { d.form = true })
	ids("SELECT id FROM tombstone WHERE id>? AND id<=?", func(d *dossier) { d.purged, purged = true, true })
	if purged { // else the rows of these tables are of no interest
		for _, table := range []string{"history", "result", "match", "idem"} {
			ids("SELECT sub FROM "+table+" WHERE sub>? AND sub<=?", func(d *dossier) { d.remains = true })
		}
	}
	if err != nil {
		return nil, err
	}
	type event struct {
		ID   ID
		Type int
	}
	err = engine.Each(e.c, "SELECT sub, type FROM event /*by event_sub*/ WHERE sub>? AND sub<=?", span, func(v event) error {
		d := of(v.ID)
		d.told = true
		d.events[min(max(v.Type, 0), len(eventNames)-1)]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := e.deliveries(span, of); err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *dossier) int { return cmp.Compare(a.ID, b.ID) }), nil
}

func (e *examination) deliveries(span []any, of func(ID) *dossier) error {
	type batchKey struct {
		target nameID
		seq    int64
	}
	batches := map[batchKey]progressCode{}
	for _, target := range e.targets {
		const sql = "SELECT sub, target, state, batch, 0 FROM delivery WHERE target=? AND sub>? AND sub<=?"
		list, err := engine.All[deliveryHead](e.c, sql, append([]any{target}, span...)...)
		for _, d := range list {
			key := batchKey{target, d.Batch}
			state, known := batches[key]
			if !known && d.Batch != 0 && err == nil {
				state, err = engine.Value[progressCode](e.c, "SELECT state FROM batch WHERE target=? AND seq=?", target, d.Batch)
				batches[key] = state
			}
			d.InBatch = state
			dossier := of(d.ID)
			dossier.deliveries = append(dossier.deliveries, d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tallies compares the counters that every commit keeps with what was counted.
func (e *examination) tallies() (err error) {
	if e.tally[tallyKey{kind: tallyOrphans}], err = e.c.Number("SELECT count(*) FROM result WHERE sub IS NULL AND park IS NULL"); err != nil {
		return err
	}
	e.tally[tallyKey{kind: tallyPurged}] = e.Purged
	less, more := map[int64]bool{}, map[int64]bool{}
	err = engine.Each(e.c, "SELECT kind, a, b, n FROM tally WHERE kind<>?", []any{tallySeq}, func(t struct{ Kind, A, B, N int64 }) error {
		key := tallyKey{t.Kind, t.A, t.B}
		counted := e.tally[key]
		delete(e.tally, key)
		switch {
		case counted == t.N:
		case counted == 0:
			more[t.Kind] = true
		default:
			less[t.Kind] = true
		}
		return nil
	})
	for key, n := range e.tally {
		if n != 0 {
			less[key.kind] = true
		}
	}
	for _, k := range []struct {
		wrong bool
		what  string
	}{
		{less[tallyState], "submissions are counted wrong"},
		{more[tallyState], "submissions are counted that are not there"},
		{less[tallyProgress], "deliveries are counted wrong"},
		{more[tallyProgress], "deliveries are counted that are not there"},
		{less[tallyOrphans] || more[tallyOrphans], "results without a submission are counted wrong"},
		{less[tallyPurged] || more[tallyPurged], "purged submissions are counted wrong"},
	} {
		if k.wrong {
			e.add(Finding{Code: CodeTally, Text: k.what, Cure: "inbasket journal compact counts anew"})
		}
	}
	return err
}

// numbers looks for gaps in the numbers of batches: each one up to the last was used, but for those that were
// skipped because evidence at the target showed them used.
func (c *Checkup) numbers(j *Journal, db *engine.Conn) error {
	const sql = `SELECT target, min(seq), max(seq), count(*) FROM batch WHERE target NOT IN (SELECT w.id FROM word w JOIN meta m ON m.key='seq:'||w.text)
		GROUP BY target HAVING count(*)<>max(seq)-min(seq)+1`
	return engine.Each(db, sql, nil, func(r struct {
		Target             nameID
		First, Last, Count int64
	}) error {
		c.add(Finding{Code: CodeGap, Text: fmt.Sprintf("of the batches of %s from %d to %d only %d are known", j.name(db, r.Target), r.First, r.Last, r.Count),
			Cure: "look at the target for the numbers that inbasket batches does not list, and send diagnostics to the maintainers"})
		return nil
	})
}

package checking

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// checkPage is how many submissions a look at all tables takes at a time.
const checkPage = 1000

// examination holds the tables against each other. It reads each of them once, in the order of submissions and a page at a time:
// as much work as there are rows.
type examination struct {
	*Checkup
	*journal.Look
	ctx     context.Context
	targets []journal.NameID // that have deliveries
	tally   map[journal.TallyKey]int64
	found   []finding // by invariant
}

// finding is where something was found.
type finding struct {
	count int
	ids   []string
}

func (f *finding) add(id journal.ID) {
	if f.count++; f.count <= maxFindings {
		f.ids = append(f.ids, id.String())
	}
}

// consistent tells what contradicts itself.
func (c *Checkup) consistent(ctx context.Context, l *journal.Look) {
	e := &examination{Checkup: c, Look: l, ctx: ctx, tally: map[journal.TallyKey]int64{}, found: make([]finding, len(states.Invariants))}
	const next = "SELECT coalesce(min(target), 0) FROM delivery WHERE target>?"
	for target := journal.Value[journal.NameID](l, next, 0); target != 0; target = journal.Value[journal.NameID](l, next, target) {
		e.targets = append(e.targets, target)
	}
	for from := journal.ID(0); from < math.MaxInt64 && l.Err == nil; {
		from = e.page(from)
	}
	e.tallies()
	for n, f := range e.found {
		c.inconsistent(states.Invariants[n].What, f)
	}
	var pushes finding
	journal.Each(l, "SELECT p.sub FROM push p LEFT JOIN event e ON e.office=p.office AND e.seq=p.seq WHERE e.seq IS NULL", nil, pushes.add)
	c.inconsistent("a push without its event", pushes)
	c.numbers(l)
}

func (c *Checkup) inconsistent(what string, f finding) {
	if f.count > 0 {
		c.add(Finding{Code: journal.CodeInconsistent, Text: fmt.Sprintf("%s: %d, such as %s", what, f.count, strings.Join(f.ids, ", ")),
			Cure: "look at it by inbasket show; send diagnostics to the maintainers"})
	}
}

// page examines what there is of the submissions after an ID, and returns the last that it has examined.
func (e *examination) page(from journal.ID) (to journal.ID) {
	to = math.MaxInt64
	for _, table := range []string{"submission", "tombstone"} {
		if last, full := journal.One[journal.ID](e.Look, "SELECT id FROM "+table+" WHERE id>? ORDER BY id LIMIT 1 OFFSET ?", from, checkPage-1); full {
			to = min(to, last)
		}
	}
	facts := e.read(from, to)
	for _, id := range slices.Sorted(maps.Keys(facts)) {
		d := facts[id]
		if d.Purged {
			e.Purged++
		}
		for n := range states.Invariants {
			if states.Invariants[n].Broken(d) {
				e.found[n].add(id)
			}
		}
	}
	e.Fail(e.ctx.Err())
	return to
}

// read joins what the tables have from an ID, which it leaves out, to another.
func (e *examination) read(from, to journal.ID) map[journal.ID]*states.Facts {
	all := map[journal.ID]*states.Facts{}
	of := func(id journal.ID) *states.Facts {
		if all[id] == nil {
			all[id] = &states.Facts{}
		}
		return all[id]
	}
	span := []any{from, to}
	journal.Each(e.Look, "SELECT id, state, flags, office, route FROM submission WHERE id>? AND id<=?", span, func(s struct {
		ID    journal.ID
		Facts states.Submission
		Route int64
	}) {
		d := of(s.ID)
		d.Submission, d.Known = s.Facts, true
		e.Submissions++
		e.tally[journal.TallyKey{Kind: journal.TallyState, A: s.Route, B: int64(s.Facts.State)}]++
	})
	ids := func(sql string, mark func(*states.Facts)) {
		journal.Each(e.Look, sql, span, func(id journal.ID) { mark(of(id)) })
	}
	ids("SELECT id FROM form WHERE id>? AND id<=?", func(d *states.Facts) { d.Form = true })
	purged := false
	ids("SELECT id FROM tombstone WHERE id>? AND id<=?", func(d *states.Facts) { d.Purged, purged = true, true })
	if purged { // else the rows of these tables are of no interest
		tables := []string{"history", "result", "match", "idem"}
		if e.Has(journal.KeyVersion) {
			tables = append(tables, "search")
		}
		for _, table := range tables {
			ids("SELECT sub FROM "+table+" WHERE sub>? AND sub<=?", func(d *states.Facts) { d.Remains = true })
		}
	}
	journal.Each(e.Look, "SELECT sub, type FROM event /*by event_sub*/ WHERE sub>? AND sub<=?", span, func(v struct {
		ID   journal.ID
		Type int
	}) {
		d := of(v.ID)
		d.Told = true
		if states.EventName(v.Type) != "" {
			d.Events[v.Type]++
		}
	})
	e.deliveries(span, of)
	return all
}

func (e *examination) deliveries(span []any, of func(journal.ID) *states.Facts) {
	for _, target := range e.targets {
		batches := map[int64]states.Progress{}
		type row struct {
			ID       journal.ID
			Delivery states.Delivery
		}
		for _, r := range journal.All[row](e.Look, "SELECT sub, state, batch, 0, "+e.Lacks()+" FROM delivery d WHERE target=? AND sub>? AND sub<=?", append([]any{target}, span...)...) {
			e.tally[journal.TallyKey{Kind: journal.TallyProgress, A: int64(target), B: int64(r.Delivery.State)}]++
			state, known := batches[r.Delivery.Batch]
			if !known && r.Delivery.Batch != 0 {
				state = journal.Value[states.Progress](e.Look, "SELECT state FROM batch WHERE target=? AND seq=?", target, r.Delivery.Batch)
				batches[r.Delivery.Batch] = state
			}
			r.Delivery.InBatch = state
			d := of(r.ID)
			d.Deliveries = append(d.Deliveries, r.Delivery)
		}
	}
}

// tallies compares the counters that every commit keeps with what was counted.
func (e *examination) tallies() {
	e.tally[journal.TallyKey{Kind: journal.TallyOrphans}] = e.Number("SELECT count(*) FROM result WHERE sub IS NULL AND park IS NULL")
	e.tally[journal.TallyKey{Kind: journal.TallyPurged}] = e.Purged
	less, more := map[int64]bool{}, map[int64]bool{}
	journal.Each(e.Look, "SELECT kind, a, b, n FROM tally WHERE kind<>?", []any{journal.TallySeq}, func(t struct{ Kind, A, B, N int64 }) {
		key := journal.TallyKey{Kind: t.Kind, A: t.A, B: t.B}
		counted := e.tally[key]
		delete(e.tally, key)
		switch {
		case counted == t.N:
		case counted == 0:
			more[t.Kind] = true
		default:
			less[t.Kind] = true
		}
	})
	for key, n := range e.tally {
		if n != 0 {
			less[key.Kind] = true
		}
	}
	for _, k := range []struct {
		wrong bool
		what  string
	}{
		{less[journal.TallyState], "submissions are counted wrong"},
		{more[journal.TallyState], "submissions are counted that are not there"},
		{less[journal.TallyProgress], "deliveries are counted wrong"},
		{more[journal.TallyProgress], "deliveries are counted that are not there"},
		{less[journal.TallyOrphans] || more[journal.TallyOrphans], "results without a submission are counted wrong"},
		{less[journal.TallyPurged] || more[journal.TallyPurged], "purged submissions are counted wrong"},
	} {
		if k.wrong {
			e.add(Finding{Code: journal.CodeTally, Text: k.what, Cure: "inbasket journal compact counts anew"})
		}
	}
}

// numbers looks for gaps in the numbers of batches: each one up to the last was used, but for those that were
// skipped because evidence at the target showed them used.
func (c *Checkup) numbers(l *journal.Look) {
	const sql = `SELECT target, min(seq), max(seq), count(*) FROM batch WHERE target NOT IN (SELECT w.id FROM word w JOIN meta m ON m.key='seq:'||w.text)
		GROUP BY target HAVING count(*)<>max(seq)-min(seq)+1`
	journal.Each(l, sql, nil, func(r struct {
		Target             string `col:"word"`
		First, Last, Count int64
	}) {
		c.add(Finding{Code: journal.CodeGap, Text: fmt.Sprintf("of the batches of %s from %d to %d only %d are known", r.Target, r.First, r.Last, r.Count),
			Cure: "look at the target for the numbers that inbasket batches does not list, and send diagnostics to the maintainers"})
	})
}

package simulate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/inbasket/inbasket/connectors"
)

// database is a legacy database: tables, and the ledger in the same transaction.
type database struct {
	w      *world
	rows   []row // in the order of COMMIT
	next   int64
	ledger map[string]*entry
	order  []string // keys of the ledger, in the order of COMMIT
	forbid bool     // the table has a rule that some forms break
}

type row struct {
	key    string // of the delivery
	table  string
	fields map[string]connectors.Value
}

type entry struct {
	submission string
	digest     connectors.Digest
	returned   map[string]connectors.Value
	at         time.Time
}

// forbidden is a name that the table does not take.
const forbidden = "FORBIDDEN"

// databaseTarget is a connector to it.
type databaseTarget struct {
	part
	db     *database
	ledger bool
}

func (t *databaseTarget) Abilities() connectors.Abilities {
	a := connectors.Abilities{Operations: connectors.RowOperations, Returning: true, Binary: true, Recorded: t.ledger, MaxItems: 20, Guarantee: connectors.Guarantee{Level: "exact", Why: "simulated"}}
	if t.ledger {
		a.Parallel = 2
	}
	return a
}

func (t *databaseTarget) Check(ctx context.Context) error { return nil }
func (t *databaseTarget) Close() error                    { return nil }

// Deliver writes all items in one transaction; those that the table refuses are left out.
func (t *databaseTarget) Deliver(ctx context.Context, g connectors.Group) (out []connectors.Outcome, err error) {
	err = t.call(ctx, "deliver "+g.Items[0].Key, func() error {
		out = nil
		for i := range g.Items {
			t.w.say("%s: deliver %s (%s)", t.name, g.Items[i].Key, g.Items[i].Order)
			out = append(out, t.write(&g.Items[i]))
		}
		return nil
	}, refuse, broken, cutBefore, cutAfter, cutAfter, hang, hangAfter, late, dieBefore, dieAfter, dieAfter, collapse)
	if err != nil {
		return nil, err
	}
	if t.draws.one(9) {
		out = append(out, out[0]) // it answers twice
	}
	slices.SortFunc(out, func(a, b connectors.Outcome) int { return t.draws.below(3) - 1 })
	return out, nil
}

// write writes one delivery. The world's lock is held.
func (t *databaseTarget) write(d *connectors.Delivery) connectors.Outcome {
	db := t.db
	if e := db.ledger[d.Key]; e != nil && t.ledger && !t.w.breaks(forgetLedger) {
		return connectors.Outcome{Key: d.Key, Class: connectors.Written, Returned: e.returned}
	}
	if t.w.breaks(loseDelivery) && t.w.once() {
		return connectors.Outcome{Key: d.Key, Class: connectors.Written, Returned: map[string]connectors.Value{"application.ID": {Kind: connectors.Integer, Int: 1 << 40}}}
	}
	for _, r := range d.Records {
		for i, f := range r.Shape.Fields {
			if f == "NAME" && r.Values[i].Str == forbidden && db.forbid {
				return connectors.Outcome{Key: d.Key, Class: connectors.ItemError, Code: "sim.rule", Text: "the table refuses the row"}
			}
		}
	}
	returned := map[string]connectors.Value{}
	for _, r := range d.Records {
		one := row{key: d.Key, table: r.Shape.Object, fields: map[string]connectors.Value{}}
		for i, f := range r.Shape.Fields {
			v := r.Values[i]
			if v.Kind == connectors.Reference {
				v = returned[v.Str]
			}
			if f == "NAME" && t.w.breaks(wrongValue) && t.w.once() {
				v.Str += "?"
			}
			one.fields[f] = v
		}
		for _, f := range r.Shape.Returning {
			db.next++
			one.fields[f] = connectors.Value{Kind: connectors.Integer, Int: db.next}
			returned[r.Shape.Write+"."+f] = one.fields[f]
		}
		db.rows = append(db.rows, one)
	}
	db.ledger[d.Key] = &entry{submission: d.Submission, digest: d.Digest, returned: returned, at: t.w.clock.Now()}
	db.order = append(db.order, d.Key)
	t.w.say("register: COMMIT %s", d.Key)
	return connectors.Outcome{Key: d.Key, Class: connectors.Written, Returned: returned}
}

// Lookup asks the ledger; a database without one cannot tell.
func (t *databaseTarget) Lookup(ctx context.Context, g connectors.Group) (found []connectors.Found, err error) {
	err = t.call(ctx, "look up "+g.Items[0].Key, func() error {
		for _, d := range g.Items {
			f := connectors.Found{Key: d.Key}
			if t.ledger {
				f.Presence = connectors.Absent
				if e := t.db.ledger[d.Key]; e != nil {
					f.Presence, f.Returned = connectors.Present, e.returned
				}
			}
			found = append(found, f)
		}
		return nil
	}, refuse, cutBefore, hang, dieBefore, collapse)
	return found, err
}

// Evidence tells the rows of the ledger.
func (t *databaseTarget) Evidence(ctx context.Context, since time.Time, each func(connectors.Trace) error) error {
	if !t.ledger {
		return connectors.ErrNoEvidence
	}
	var traces []connectors.Trace
	err := t.call(ctx, "evidence", func() error {
		for _, key := range t.db.order {
			if e := t.db.ledger[key]; !e.at.Before(since) {
				traces = append(traces, connectors.Trace{Key: key, Submission: e.submission, Digest: e.digest, At: e.at})
			}
		}
		return nil
	}, refuse, cutBefore, dieBefore)
	for _, trace := range traces {
		if err == nil {
			err = each(trace)
		}
	}
	return err
}

// decision is what the back office says of an application.
type decision struct {
	id     int64
	app    int64
	status string
	reason string
	sent   time.Time // marked as fetched; zero: not yet
	told   bool      // some source has handed it out
}

// office is the back office that works with the database.
type backOffice struct {
	decisions []*decision
	decided   map[int64]int // by application
}

// decide rules on an application. The world's lock is held.
func (w *world) decide(app int64, status string) {
	o := &w.office
	o.decided[app]++
	d := &decision{id: int64(len(o.decisions) + 1), app: app, status: status, reason: "decision " + strconv.Itoa(len(o.decisions)+1)}
	o.decisions = append(o.decisions, d)
	w.say("office decides %d on application %d: %s", d.id, app, status)
}

// applications lists the applications by number. The world's lock is held.
func (w *world) applications() (apps []int64) {
	for _, r := range w.register.rows {
		if r.table == "APPLICATION" {
			apps = append(apps, r.fields["ID"].Int)
		}
	}
	return apps
}

// Answers returns the decisions that are not marked.
func (t *databaseTarget) Answers(q connectors.Question) (connectors.ResultSource, error) {
	p := t.part
	p.draws = newStream(p.w.seed, fmt.Sprintf("results %d", p.life.n))
	return &answers{part: p, every: q.Every, out: map[int64]bool{}, done: make(chan struct{})}, nil
}

// Repeat returns those that were marked since a time, once.
func (t *databaseTarget) Repeat(q connectors.Question, since time.Time) (connectors.ResultSource, error) {
	s, err := t.Answers(q)
	s.(*answers).since = since
	return s, err
}

type answers struct {
	part
	every time.Duration
	since time.Time
	over  bool
	out   map[int64]bool
	done  chan struct{}
}

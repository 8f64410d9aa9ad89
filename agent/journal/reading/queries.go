package reading

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/searching"
	"github.com/inbasket/inbasket/agent/journal/states"
)

// List returns submissions in the order of acceptance.
func (j Submissions) List(ctx context.Context, f journal.Filter) ([]journal.Entry, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) []journal.Entry {
		if f.State == journal.Purged {
			if f.Key != "" {
				return nil // they have none
			}
			return listPurged(l, f)
		}
		late := heldLate(l)
		held := ""
		if late {
			held = heldDeliveries(l)
		}
		var c conditions
		if f.Key != "" {
			cond, args := searching.Having(l, f.Key, f.Value)
			c.add(cond, args...)
		}
		sql, args := where(f, held, c)
		list := journal.All[journal.Entry](l, sql, args...)
		for i := range list {
			if e := &list[i]; late && e.Code == "" && (e.State == journal.Delivered || e.State == journal.Decided || e.State == journal.Closed) {
				why := journal.Value[string](l, "SELECT why FROM delivery WHERE sub=? AND state=13 AND "+knownTargets+" LIMIT 1", e.ID)
				if r := journal.DecodeVerdict(why).Reason; r != nil {
					e.Code = r.Code
				}
			}
		}
		return list
	})
}

// knownTargets lets the key of delivery find those of one submission.
const knownTargets = "target IN (SELECT a FROM tally WHERE kind=2)"

// heldDeliveries are the submissions with a parked delivery.
func heldDeliveries(l *journal.Look) string {
	if l.Has(journal.WaitVersion) {
		return "SELECT sub FROM delivery /*by delivery_stops*/ WHERE (state=13 OR needs IS NOT NULL) AND state=13"
	}
	return "SELECT sub FROM delivery WHERE state=13"
}

// heldLate tells whether some delivery is parked whose submission is not: it was decided meanwhile, or delivered again.
func heldLate(l *journal.Look) bool {
	all := l.Number("SELECT coalesce(sum(n), 0) FROM tally WHERE kind=2 AND b=13")
	return all > 0 && l.Number("SELECT count(*) FROM submission s /*by submission_parked*/ CROSS JOIN delivery d ON d.sub=s.id AND d."+knownTargets+" WHERE s.state=6 AND d.state=13") < all
}

// byReference looks a reference up in every scope, through the two indexes that start with the scope.
const byReference = `s.id IN (
	SELECT id FROM submission WHERE claim=1 AND scope IN (SELECT 0 UNION ALL SELECT id FROM word) AND reference=?
	UNION ALL SELECT id FROM submission WHERE claim=0 AND scope IN (SELECT 0 UNION ALL SELECT id FROM word) AND reference=?)`

// conditions are those of a query, with their arguments.
type conditions struct {
	list []string
	args []any
}

func (c *conditions) add(cond string, args ...any) {
	c.list, c.args = append(c.list, cond), append(c.args, args...)
}

// name adds a condition about a name, if there is one.
func (c *conditions) name(cond, name string) {
	if name != "" {
		c.add(cond, engine.Word(name))
	}
}

// between adds those of a time.
func (c *conditions) between(column string, f journal.Filter) {
	if !f.Since.IsZero() {
		c.add(column+">=?", f.Since)
	}
	if !f.Until.IsZero() {
		c.add(column+"<?", f.Until)
	}
}

// where is the text of the conditions, up to so many rows in the order of IDs.
func (c *conditions) where(id string, limit int) (sql string, args []any) {
	return "WHERE " + strings.Join(c.list, " AND ") + " ORDER BY " + id + " LIMIT ?", append(c.args, journal.Bounded(limit))
}

// where builds the query of a Filter. held are submissions of which some are parked for a delivery only; empty: there are none.
func where(f journal.Filter, held string, c conditions) (sql string, args []any) {
	c.add("s.id>?", f.After)
	from := journal.EntryColumns
	p := states.ProgressOf(string(f.Progress))
	switch {
	case f.Target != "":
		c.name("d.target=?", f.Target)
		join := "JOIN delivery d ON d.sub=s.id "
		switch {
		case f.Progress == "":
		case p.Open():
			join = "JOIN delivery d /*by delivery_open*/ ON d.sub=s.id "
			c.add("d.state<10 AND d.state=?", p)
		default:
			c.add("d.state=?", p)
		}
		from += join
	case f.Progress != "":
		c.add("EXISTS(SELECT 1 FROM delivery d WHERE d.sub=s.id AND d.state=? AND d.target IN (SELECT a FROM tally WHERE kind=2))", p)
	}
	switch {
	case f.State == "":
	case f.State == journal.Parked && held != "":
		c.add("s.id IN (SELECT id FROM submission /*by submission_parked*/ WHERE state=6 UNION " + held + ") AND s.state IN (2, 3, 4, 6)")
	case f.State == journal.Parked:
		c.add("s.state=6") // as a literal, so that the partial index serves
	case f.State == journal.Accepted: // has something open, which the index over that finds without reading all that is done
		c.add("s.state=1 AND s.id IN (SELECT sub FROM delivery /*by delivery_open*/ WHERE state<10)")
	default:
		c.add("s.state=?", states.StateOf(string(f.State)))
	}
	c.name("s.route=?", f.Route)
	c.name("s.office=?", f.Office)
	if f.Reference != "" {
		c.add(byReference, f.Reference, f.Reference)
	}
	c.between("s.at", f)
	sql, args = c.where("s.id", f.Limit)
	return from + sql, args
}

// Delivered returns what a target has since a moment, after an ID, and how many there are in all after it; that is what Reopen
// would do. Confirmed are those of which a person has said so last; without it, it is all others.
func (j Submissions) Delivered(ctx context.Context, target string, since time.Time, confirmed bool, after journal.ID, limit int) (list []journal.Entry, count int64, err error) {
	err = j.Read(ctx, func(l *journal.Look) {
		const where = `d.target=? AND d.sub>? AND d.state=11 AND d.at>=? AND coalesce((SELECT h.what='confirmed' FROM history h
			WHERE h.sub=d.sub AND h.target=? AND h.what IN ('confirmed', 'redeliver') ORDER BY h.n DESC LIMIT 1), 0)=?
			AND (SELECT state FROM submission WHERE id=d.sub)<>?`
		args := []any{engine.Word(target), after, since, target, confirmed, states.Rejected}
		count = l.Number("SELECT count(*) FROM delivery d WHERE "+where, args...)
		list = journal.All[journal.Entry](l, journal.EntryColumns+"JOIN delivery d ON d.sub=s.id WHERE "+where+" ORDER BY d.sub LIMIT ?", append(args, journal.Bounded(limit))...)
	})
	return list, count, err
}

// Show returns everything about a submission but what the citizen wrote; of a purged one what its tombstone keeps.
func (j Submissions) Show(ctx context.Context, id journal.ID) (journal.View, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) journal.View {
		v, targets := standing(l, id)
		if v.State != journal.Purged {
			viewDeliveries(l, &v, targets)
			v.Keys = searching.Of(l, id)
			v.Timeline = timeline(l, &v)
		}
		return v
	})
}

// Standing is Show without deliveries and timeline, for those who ask often.
func (j Submissions) Standing(ctx context.Context, id journal.ID) (journal.View, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) journal.View {
		v, _ := standing(l, id)
		return v
	})
}

func standing(l *journal.Look, id journal.ID) (v journal.View, targets []string) {
	r, found := journal.One[struct {
		Entry   journal.Entry
		Why     string
		Files   []journal.File `col:"json"`
		Digest  []byte
		Targets []string `col:"words"`
		Plan    string
		Version int
	}](l, `SELECT s.id, s.state, s.route, s.office, s.reference, s.at, s.changed, s.code, s.why, s.files, s.digest, s.targets, p.name, p.version
		FROM submission s LEFT JOIN plan p ON p.id=s.plan WHERE s.id=?`, id)
	if !found {
		t, purged := l.Tombstone(id)
		if !purged {
			l.Missing(id)
		}
		return t.View(), nil
	}
	why := journal.DecodeVerdict(r.Why)
	v.Entry, v.Attachments, v.Reason, v.Errors, v.Digest = r.Entry, r.Files, why.Reason, why.Errors, fmt.Sprintf("%x", r.Digest)
	if r.Plan != "" {
		v.Plan = fmt.Sprintf("%s version %d", r.Plan, r.Version)
	}
	v.Results = deciding.List(l, "WHERE sub=? ORDER BY "+deciding.ToldOrder(l), id)
	return v, r.Targets
}

func viewDeliveries(l *journal.Look, v *journal.View, targets []string) {
	needs := "NULL"
	if l.Has(journal.WaitVersion) {
		needs = "needs"
	}
	for _, name := range targets {
		d, found := journal.One[struct {
			View     journal.DeliveryView
			Returned string
			Needs    journal.Needs `col:"json"`
		}](l, "SELECT state, batch, attempts, at, why, returned, "+needs+" FROM delivery WHERE target=? AND sub=?", engine.Word(name), v.ID)
		if !found {
			continue
		}
		d.View.Target = name
		if d.View.Reason == nil {
			d.View.Reason = d.Needs.Reason()
		}
		var err error
		d.View.Returned, err = journal.DecodeReturned(d.Returned, nil)
		l.Fail(err)
		v.Deliveries = append(v.Deliveries, d.View)
	}
}

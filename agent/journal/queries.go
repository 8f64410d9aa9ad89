package journal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
)

const entryColumns = "SELECT s.id, s.state, s.route, s.office, s.reference, s.at, s.changed, s.code FROM submission s "

// List returns submissions in the order of acceptance.
func (j *Journal) List(ctx context.Context, f Filter) ([]Entry, error) {
	return find(ctx, j, func(l *look) []Entry {
		if f.State == Purged {
			return l.listPurged(f)
		}
		sql, args := where(f)
		return all[Entry](l, sql, args...)
	})
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
func (c *conditions) between(column string, f Filter) {
	if !f.Since.IsZero() {
		c.add(column+">=?", f.Since)
	}
	if !f.Until.IsZero() {
		c.add(column+"<?", f.Until)
	}
}

// where is the text of the conditions, up to so many rows in the order of IDs.
func (c *conditions) where(id string, limit int) (sql string, args []any) {
	return "WHERE " + strings.Join(c.list, " AND ") + " ORDER BY " + id + " LIMIT ?", append(c.args, bounded(limit))
}

// where builds the query of a Filter.
func where(f Filter) (sql string, args []any) {
	var c conditions
	c.add("s.id>?", f.After)
	from := entryColumns
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
	switch f.State {
	case "":
	case Parked:
		c.add("s.state=6") // as a literal, so that the partial index serves
	case Accepted: // has something open, which the index over that finds without reading all that is done
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

// Find returns the submission that holds a reference of a front office, also a purged one.
func (j *Journal) Find(ctx context.Context, office, reference string) (id ID, found bool, err error) {
	id, err = find(ctx, j, func(l *look) ID {
		if k, found := l.claimant(office, reference); found {
			return k.ID
		}
		return l.purgedHolder(office, reference)
	})
	return id, id != 0, err
}

// Delivered returns what a target has since a moment, after an ID, and how many there are in all after it; that is what Reopen
// would do. Confirmed are those of which a person has said so last; without it, it is all others.
func (j *Journal) Delivered(ctx context.Context, target string, since time.Time, confirmed bool, after ID, limit int) (list []Entry, count int64, err error) {
	err = j.read(ctx, func(l *look) {
		const where = `d.target=? AND d.sub>? AND d.state=11 AND d.at>=? AND coalesce((SELECT h.what='confirmed' FROM history h
			WHERE h.sub=d.sub AND h.target=? AND h.what IN ('confirmed', 'redeliver') ORDER BY h.n DESC LIMIT 1), 0)=?`
		args := []any{engine.Word(target), after, since, target, confirmed}
		count = l.number("SELECT count(*) FROM delivery d WHERE "+where, args...)
		list = all[Entry](l, entryColumns+"JOIN delivery d ON d.sub=s.id WHERE "+where+" ORDER BY d.sub LIMIT ?", append(args, bounded(limit))...)
	})
	return list, count, err
}

// Overdue returns submissions of a route that are delivered but not decided, were accepted before a
// moment, and were not marked yet.
func (j *Journal) Overdue(ctx context.Context, route string, acceptedBefore time.Time, limit int) ([]Entry, error) {
	before := firstAt(acceptedBefore)
	return find(ctx, j, func(l *look) []Entry {
		const undecided = entryColumns + "WHERE s.route=? AND s.state=2 AND s.flags&6=0 AND "
		list := all[Entry](l, undecided+"s.id<? ORDER BY s.id LIMIT ?", engine.Word(route), before, bounded(limit))
		if len(list) >= bounded(limit) {
			return list
		}
		// IDs that are ahead of the clock: it was set back, and only the time of acceptance tells.
		ahead := max(firstAt(j.clock.Now().Add(time.Second)), before)
		return append(list, all[Entry](l, undecided+"s.id>? AND s.at<? ORDER BY s.id LIMIT ?", engine.Word(route), ahead, acceptedBefore, bounded(limit)-len(list))...)
	})
}

// MarkOverdue tells the front offices that no decision came in time, once for each submission.
func (j *Journal) MarkOverdue(ctx context.Context, ids []ID) error {
	return j.do(ctx, "mark submissions as overdue", func(t *tx) error {
		rows, err := t.load(ids...)
		if err != nil {
			return err
		}
		for _, id := range ids {
			s := rows[id]
			if s.State != states.Delivered || s.Flags&(states.FlagOverdue|states.FlagFinal) != 0 {
				continue
			}
			s.Flags, s.Dirty = s.Flags|states.FlagOverdue, true
			t.event(s.Office, id, states.EventOverdue, false, nil)
			t.note(id, Moment{What: "overdue"})
		}
		return nil
	})
}

// SetPaused pauses a target or lets it go on; the journal remembers it.
func (j *Journal) SetPaused(ctx context.Context, target string, paused bool, by, reason string) error {
	if !paused {
		return j.put(ctx, "let a target go on", "DELETE FROM pause WHERE target=?", target)
	}
	return j.put(ctx, "pause a target", `INSERT INTO pause(target, by, reason, at) VALUES(?, ?, ?, ?)
		ON CONFLICT(target) DO UPDATE SET by=excluded.by, reason=excluded.reason, at=excluded.at`, target, by, reason, j.clock.Now())
}

// Paused returns the paused targets, each with the reason.
func (j *Journal) Paused(ctx context.Context) (map[string]string, error) {
	return find(ctx, j, func(l *look) map[string]string {
		paused := map[string]string{}
		each(l, "SELECT target, reason FROM pause", nil, func(p struct{ Target, Reason string }) { paused[p.Target] = p.Reason })
		return paused
	})
}

// KnownTarget is what the journal knows of a target: by it the agent notices that a name points elsewhere.
type KnownTarget struct {
	Identity    string
	Fingerprint string
	Open        int64 // deliveries that are open or held
}

// Targets returns all targets that the journal knows, by name.
func (j *Journal) Targets(ctx context.Context) (map[string]KnownTarget, error) {
	return find(ctx, j, func(l *look) map[string]KnownTarget {
		marks := map[string]KnownTarget{}
		each(l, "SELECT a, sum(n) FROM tally WHERE kind=2 AND (b<10 OR b=13) GROUP BY a", nil, func(t struct {
			Target string `col:"word"`
			Open   int64
		}) {
			marks[t.Target] = KnownTarget{Open: t.Open}
		})
		each(l, "SELECT name, identity, fingerprint FROM target", nil, func(t struct{ Name, Identity, Fingerprint string }) {
			marks[t.Name] = KnownTarget{t.Identity, t.Fingerprint, marks[t.Name].Open}
		})
		return marks
	})
}

// PutTarget remembers where a target's name points to.
func (j *Journal) PutTarget(ctx context.Context, name, identity, fingerprint string) error {
	return j.put(ctx, "remember a target", `INSERT INTO target(name, identity, fingerprint, at) VALUES(?, ?, ?, ?)
		ON CONFLICT(name) DO UPDATE SET identity=excluded.identity, fingerprint=excluded.fingerprint, at=excluded.at`, name, identity, fingerprint, j.clock.Now())
}

// Show returns everything about a submission but what the citizen wrote; of a purged one what its tombstone keeps.
func (j *Journal) Show(ctx context.Context, id ID) (View, error) {
	return find(ctx, j, func(l *look) View {
		v, targets := l.standing(id)
		if v.State != Purged {
			l.viewDeliveries(&v, targets)
			v.Timeline = l.timeline(&v)
		}
		return v
	})
}

// Standing is Show without deliveries and timeline, for those who ask often.
func (j *Journal) Standing(ctx context.Context, id ID) (View, error) {
	return find(ctx, j, func(l *look) View {
		v, _ := l.standing(id)
		return v
	})
}

func (l *look) standing(id ID) (v View, targets []string) {
	r, found := one[struct {
		Entry   Entry
		Why     string
		Files   []File `col:"json"`
		Digest  []byte
		Targets []string `col:"words"`
		Plan    string
		Version int
	}](l, `SELECT s.id, s.state, s.route, s.office, s.reference, s.at, s.changed, s.code, s.why, s.files, s.digest, s.targets, p.name, p.version
		FROM submission s LEFT JOIN plan p ON p.id=s.plan WHERE s.id=?`, id)
	if !found {
		t, purged := l.tombstone(id)
		if !purged {
			l.missing(id)
		}
		return t.view(), nil
	}
	why := decodeVerdict(r.Why)
	v.Entry, v.Attachments, v.Reason, v.Errors, v.Digest = r.Entry, r.Files, why.Reason, why.Errors, fmt.Sprintf("%x", r.Digest)
	if r.Plan != "" {
		v.Plan = fmt.Sprintf("%s version %d", r.Plan, r.Version)
	}
	v.Results = l.results("WHERE sub=? ORDER BY "+l.toldOrder(), id)
	return v, r.Targets
}

func (l *look) viewDeliveries(v *View, targets []string) {
	for _, name := range targets {
		d, found := one[struct {
			View     DeliveryView
			Returned string
		}](l, "SELECT state, batch, attempts, at, why, returned FROM delivery WHERE target=? AND sub=?", engine.Word(name), v.ID)
		if !found {
			continue
		}
		d.View.Target = name
		var err error
		d.View.Returned, err = decodeReturned(d.Returned, nil)
		l.fail(err)
		v.Deliveries = append(v.Deliveries, d.View)
	}
}

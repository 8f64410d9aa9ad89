package journal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

const entryColumns = "SELECT s.id, s.state, s.route, s.office, s.reference, s.at, s.changed, s.code FROM submission s "

// entryRow is a row of entryColumns.
type entryRow struct {
	ID            ID
	State         states.State
	Route, Office nameID
	Reference     string
	At, Changed   time.Time
	Code          string
}

func (j *Journal) entry(c *engine.Conn, r *entryRow) Entry {
	return Entry{ID: r.ID, State: State(r.State.String()), Route: j.name(c, r.Route), Office: j.name(c, r.Office),
		Reference: r.Reference, At: r.At, Changed: r.Changed, Code: r.Code}
}

func (j *Journal) entries(c *engine.Conn, sql string, args ...any) (list []Entry, err error) {
	err = engine.Each(c, sql, args, func(r entryRow) error {
		list = append(list, j.entry(c, &r))
		return nil
	})
	return list, err
}

// List returns submissions in the order of acceptance.
func (j *Journal) List(ctx context.Context, f Filter) (list []Entry, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		if f.State == Purged {
			list, err = j.listPurged(c, f)
			return err
		}
		late, err := j.heldLate(c)
		if err != nil {
			return err
		}
		sql, args, ok := j.where(c, f, late)
		if !ok {
			return nil
		}
		if list, err = j.entries(c, sql, args...); err != nil || !late {
			return err
		}
		for i := range list {
			if e := &list[i]; e.Code == "" && (e.State == Delivered || e.State == Decided || e.State == Closed) {
				why, err := engine.Value[string](c, "SELECT why FROM delivery WHERE sub=? AND state=13 AND "+knownTargets+" LIMIT 1", e.ID)
				if err != nil {
					return err
				}
				if r := decodeVerdict(why).Reason; r != nil {
					e.Code = r.Code
				}
			}
		}
		return nil
	})
	return list, err
}

// knownTargets lets the key of delivery find those of one submission.
const knownTargets = "target IN (SELECT a FROM tally WHERE kind=2)"

// heldLate tells whether some delivery is parked whose submission is not: it was decided meanwhile, or delivered again.
func (j *Journal) heldLate(c *engine.Conn) (bool, error) {
	all, err := c.Number("SELECT coalesce(sum(n), 0) FROM tally WHERE kind=2 AND b=13")
	if err != nil || all == 0 {
		return false, err
	}
	n, err := c.Number("SELECT count(*) FROM submission s JOIN delivery d ON d.sub=s.id AND d." + knownTargets + " WHERE s.state=6 AND d.state=13")
	return n < all, err
}

// byReference looks a reference up in every scope, through the two indexes that start with the scope.
const byReference = `s.id IN (
	SELECT id FROM submission WHERE claim=1 AND scope IN (SELECT 0 UNION ALL SELECT id FROM word) AND reference=?
	UNION ALL SELECT id FROM submission WHERE claim=0 AND scope IN (SELECT 0 UNION ALL SELECT id FROM word) AND reference=?)`

// where builds the query of a Filter; ok is false where a name was never seen, so nothing can match.
func (j *Journal) where(c *engine.Conn, f Filter, late bool) (sql string, args []any, ok bool) {
	conds := []string{"s.id>?"}
	from := entryColumns
	args = []any{f.After}
	add := func(cond string, arg any) { conds, args = append(conds, cond), append(args, arg) }
	ok = true
	name := func(cond, s string) {
		if s == "" {
			return
		}
		w, known := j.nameID(c, s)
		ok = ok && known
		add(cond, w)
	}
	switch {
	case f.Target != "":
		join := "JOIN delivery d ON d.sub=s.id "
		name("d.target=?", f.Target)
		switch p := states.ProgressOf(string(f.Progress)); {
		case f.Progress == "":
		case p.Open():
			join = "JOIN delivery d /*by delivery_open*/ ON d.sub=s.id "
			add("d.state<10 AND d.state=?", p)
		default:
			add("d.state=?", p)
		}
		from += join
	case f.Progress != "":
		add("EXISTS(SELECT 1 FROM delivery d WHERE d.sub=s.id AND d.state=? AND d.target IN (SELECT a FROM tally WHERE kind=2))", states.ProgressOf(string(f.Progress)))
	}
	switch {
	case f.State == "":
	case f.State == Parked && late:
		conds = append(conds, "(s.state=6 OR s.state IN (2, 3, 4) AND EXISTS(SELECT 1 FROM delivery h WHERE h.sub=s.id AND h.state=13 AND h."+knownTargets+"))")
	case f.State == Parked:
		conds = append(conds, "s.state=6") // as a literal, so that the partial index serves
	case f.State == Accepted: // has something open, which the index over that finds without reading all that is done
		conds = append(conds, "s.state=1", "s.id IN (SELECT sub FROM delivery /*by delivery_open*/ WHERE state<10)")
	default:
		add("s.state=?", states.StateOf(string(f.State)))
	}
	name("s.route=?", f.Route)
	name("s.office=?", f.Office)
	if f.Reference != "" {
		add(byReference, f.Reference)
		args = append(args, f.Reference)
	}
	if !f.Since.IsZero() {
		add("s.at>=?", f.Since)
	}
	if !f.Until.IsZero() {
		add("s.at<?", f.Until)
	}
	args = append(args, bounded(f.Limit))
	return from + "WHERE " + strings.Join(conds, " AND ") + " ORDER BY s.id LIMIT ?", args, ok
}

// Find returns the submission that holds a reference of a front office, also a purged one.
func (j *Journal) Find(ctx context.Context, office, reference string) (id ID, found bool, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, office)
		if !ok {
			return nil
		}
		n, err := c.Number("SELECT id FROM submission WHERE claim=1 AND scope=? AND reference=?", w, reference)
		if id, found = ID(n), n != 0; found || err != nil {
			return err
		}
		id, found, err = j.purgedHolder(c, office, reference)
		return err
	})
	return id, found, err
}

// Delivered returns what a target has since a moment, after an ID, and how many there are in all after it; that is what Reopen
// would do. Confirmed are those of which a person has said so last; without it, it is all others.
func (j *Journal) Delivered(ctx context.Context, target string, since time.Time, confirmed bool, after ID, limit int) (list []Entry, count int64, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, target)
		if !ok {
			return nil
		}
		const where = `d.target=? AND d.sub>? AND d.state=11 AND d.at>=? AND coalesce((SELECT h.what='confirmed' FROM history h
			WHERE h.sub=d.sub AND h.target=? AND h.what IN ('confirmed', 'redeliver') ORDER BY h.n DESC LIMIT 1), 0)=?`
		count, err = c.Number("SELECT count(*) FROM delivery d WHERE "+where, w, after, since, target, confirmed)
		if err != nil {
			return err
		}
		list, err = j.entries(c, entryColumns+"JOIN delivery d ON d.sub=s.id WHERE "+where+" ORDER BY d.sub LIMIT ?", w, after, since, target, confirmed, bounded(limit))
		return err
	})
	return list, count, err
}

// Overdue returns submissions of a route that are delivered but not decided, were accepted before a
// moment, and were not marked yet.
func (j *Journal) Overdue(ctx context.Context, route string, acceptedBefore time.Time, limit int) (list []Entry, err error) {
	before := ID(max(acceptedBefore.UnixMilli()-idEpoch, 0)) << idLow
	err = j.read(ctx, func(c *engine.Conn) error {
		w, ok := j.nameID(c, route)
		if !ok {
			return nil
		}
		const undecided = "WHERE s.route=? AND s.state=2 AND s.flags&6=0 AND "
		list, err = j.entries(c, entryColumns+undecided+"s.id<? ORDER BY s.id LIMIT ?", w, before, bounded(limit))
		if err != nil || len(list) >= bounded(limit) {
			return err
		}
		// IDs that are ahead of the clock: it was set back, and only the time of acceptance tells.
		ahead := ID(max(j.clock.Now().UnixMilli()-idEpoch, 0)+1000) << idLow
		more, err := j.entries(c, entryColumns+undecided+"s.id>? AND s.at<? ORDER BY s.id LIMIT ?", w, max(ahead, before), acceptedBefore, bounded(limit)-len(list))
		list = append(list, more...)
		return err
	})
	return list, err
}

// MarkOverdue tells the front offices that no decision came in time, once for each submission.
func (j *Journal) MarkOverdue(ctx context.Context, ids []ID) error {
	return j.do(ctx, "mark submissions as overdue", func(t *tx) error {
		rows, err := t.load(ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			s := rows[id]
			if s.state != states.Delivered || s.flags&(states.FlagOverdue|states.FlagFinal) != 0 {
				continue
			}
			s.flags |= states.FlagOverdue
			s.dirty = true
			if s.office != 0 {
				t.event(s.office, id, states.EventOverdue, false, nil)
			}
			if err := t.note(id, Moment{What: "overdue"}); err != nil {
				return err
			}
			if err := t.save(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetPaused pauses a target or lets it go on; the journal remembers it.
func (j *Journal) SetPaused(ctx context.Context, target string, paused bool, by, reason string) error {
	return j.do(ctx, "pause a target", func(t *tx) error {
		if !paused {
			_, err := t.c.Exec("DELETE FROM pause WHERE target=?", target)
			return err
		}
		_, err := t.c.Exec(`INSERT INTO pause(target, by, reason, at) VALUES(?, ?, ?, ?)
			ON CONFLICT(target) DO UPDATE SET by=excluded.by, reason=excluded.reason, at=excluded.at`, target, by, reason, t.now)
		return err
	})
}

// Paused returns the paused targets, each with the reason.
func (j *Journal) Paused(ctx context.Context) (paused map[string]string, err error) {
	paused = map[string]string{}
	err = j.read(ctx, func(c *engine.Conn) error {
		return engine.Each(c, "SELECT target, reason FROM pause", nil, func(p struct{ Target, Reason string }) error {
			paused[p.Target] = p.Reason
			return nil
		})
	})
	return paused, err
}

// KnownTarget is what the journal knows of a target: by it the agent notices that a name points elsewhere.
type KnownTarget struct {
	Identity    string
	Fingerprint string
	Open        int64 // deliveries that are open or held
}

// Targets returns all targets that the journal knows, by name.
func (j *Journal) Targets(ctx context.Context) (marks map[string]KnownTarget, err error) {
	marks = map[string]KnownTarget{}
	err = j.read(ctx, func(c *engine.Conn) error {
		err := engine.Each(c, "SELECT a, sum(n) FROM tally WHERE kind=2 AND (b<10 OR b=13) GROUP BY a", nil, func(t struct {
			Target nameID
			Open   int64
		}) error {
			marks[j.name(c, t.Target)] = KnownTarget{Open: t.Open}
			return nil
		})
		if err != nil {
			return err
		}
		return engine.Each(c, "SELECT name, identity, fingerprint FROM target", nil, func(t struct{ Name, Identity, Fingerprint string }) error {
			marks[t.Name] = KnownTarget{t.Identity, t.Fingerprint, marks[t.Name].Open}
			return nil
		})
	})
	return marks, err
}

// PutTarget remembers where a target's name points to.
func (j *Journal) PutTarget(ctx context.Context, name, identity, fingerprint string) error {
	return j.do(ctx, "remember a target", func(t *tx) error {
		_, err := t.c.Exec(`INSERT INTO target(name, identity, fingerprint, at) VALUES(?, ?, ?, ?)
			ON CONFLICT(name) DO UPDATE SET identity=excluded.identity, fingerprint=excluded.fingerprint, at=excluded.at`, name, identity, fingerprint, t.now)
		return err
	})
}

// Show returns everything about a submission but what the citizen wrote; of a purged one what its tombstone keeps.
func (j *Journal) Show(ctx context.Context, id ID) (v View, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		var targets []string
		if v, targets, err = j.standing(c, id); err != nil || v.State == Purged {
			return err
		}
		if err := j.viewDeliveries(c, &v, targets); err != nil {
			return err
		}
		v.Timeline, err = j.timeline(c, &v)
		return err
	})
	return v, err
}

// Standing is Show without deliveries and timeline, for those who ask often.
func (j *Journal) Standing(ctx context.Context, id ID) (v View, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		v, _, err = j.standing(c, id)
		return err
	})
	return v, err
}

func (j *Journal) standing(c *engine.Conn, id ID) (v View, targets []string, err error) {
	r, found, err := engine.One[struct {
		Entry   entryRow
		Why     string
		Files   string
		Digest  connectors.Digest
		Targets nameID
		Plan    string
		Version int
	}](c, `SELECT s.id, s.state, s.route, s.office, s.reference, s.at, s.changed, s.code, s.why, s.files, s.digest, s.targets, p.name, p.version
		FROM submission s LEFT JOIN plan p ON p.id=s.plan WHERE s.id=?`, id)
	if err != nil {
		return v, nil, err
	}
	if !found {
		t, buried, err := j.tombstone(c, id)
		if err != nil || !buried {
			return v, nil, errorOr(err, fmt.Errorf("submission %s: %w", id, ErrNotFound))
		}
		return t.view(), nil, nil
	}
	why := decodeVerdict(r.Why)
	v.Entry, v.Reason, v.Errors, v.Digest = j.entry(c, &r.Entry), why.Reason, why.Errors, fmt.Sprintf("%x", r.Digest)
	if r.Plan != "" {
		v.Plan = fmt.Sprintf("%s version %d", r.Plan, r.Version)
	}
	if v.Attachments, err = decodeFiles(r.Files); err != nil {
		return v, nil, err
	}
	v.Results, err = j.results(c, "WHERE sub=? ORDER BY "+j.toldOrder(), id)
	return v, splitList(j.name(c, r.Targets)), err
}

// LastReturned is what the last delivery to a target returned that returned anything.
func (j *Journal) LastReturned(ctx context.Context, target string) (values map[string]connectors.Value, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		w, _ := j.nameID(c, target)
		text, err := engine.Value[string](c, "SELECT returned FROM delivery WHERE target=? AND returned<>'' ORDER BY sub DESC LIMIT 1", w)
		if err == nil {
			values, err = decodeReturned(text, nil)
		}
		return err
	})
	return values, err
}

// Ended tells which deliveries to a target have ended: nothing more comes of them.
func (j *Journal) Ended(ctx context.Context, target string, ids []ID) (ended map[ID]bool, err error) {
	ended = map[ID]bool{}
	err = j.read(ctx, func(c *engine.Conn) error {
		w, _ := j.nameID(c, target)
		for _, id := range ids {
			p, found, err := engine.One[states.Progress](c, "SELECT state FROM delivery WHERE target=? AND sub=?", w, id)
			if err != nil {
				return err
			}
			if found && !p.Left() {
				ended[id] = true
			}
		}
		return nil
	})
	return ended, err
}

func (j *Journal) viewDeliveries(c *engine.Conn, v *View, targets []string) error {
	for _, name := range targets {
		w, ok := j.nameID(c, name)
		if !ok {
			continue
		}
		d, found, err := engine.One[struct {
			State         states.Progress
			Batch         int64
			Attempts      int
			At            time.Time
			Returned, Why string
		}](c, "SELECT state, batch, attempts, at, returned, why FROM delivery WHERE target=? AND sub=?", w, v.ID)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		returned, err := decodeReturned(d.Returned, nil)
		if err != nil {
			return err
		}
		v.Deliveries = append(v.Deliveries, DeliveryView{Target: name, Progress: Progress(d.State.String()), Batch: d.Batch,
			Attempts: d.Attempts, At: d.At, Reason: decodeVerdict(d.Why).Reason, Returned: returned})
	}
	return nil
}

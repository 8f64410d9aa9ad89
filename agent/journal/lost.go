package journal

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// LostSubmission is a submission that a target has and this journal does not know: it was accepted after the backup that
// the journal was restored from.
type LostSubmission struct {
	ID      ID                `json:"id"`
	Digest  connectors.Digest `json:"-"` // as it came; zero: the target does not tell
	Targets []string          `json:"targets"`
	At      time.Time         `json:"at"`      // when the target got it, by its own clock
	Adopted bool              `json:"adopted"` // it came again and took its ID
}

// Lost counts evidence of submissions that the journal does not know.
type Lost struct {
	Unknown int
	Blind   int // of them, those without a digest
}

// KeepEvidence keeps what a target says it has: of unknown submissions a ghost, and a parked delivery that it has all
// the same is looked up again. It returns how many were unknown. It may be repeated at will.
func (j *Journal) KeepEvidence(ctx context.Context, target string, traces []connectors.Trace) (lost Lost, err error) {
	err = j.do(ctx, "keep evidence", func(t *tx) error {
		lost = Lost{}
		w, err := t.name(target)
		if err != nil {
			return err
		}
		for i := range traces {
			unknown, err := t.witnessed(w, target, &traces[i])
			if err != nil {
				return err
			}
			if unknown {
				lost.Unknown++
			}
			if unknown && traces[i].Digest == (connectors.Digest{}) {
				lost.Blind++
			}
		}
		return t.j.loadAfterRestore(t.c)
	})
	return lost, err
}

func (t *tx) witnessed(w nameID, target string, trace *connectors.Trace) (unknown bool, err error) {
	id, err := ParseID(trace.Submission)
	if err != nil {
		return false, nil // no mark of ours
	}
	t.j.ids.last = max(t.j.ids.last, id)
	if _, err := t.c.Exec(raiseMeta, "last-id", id); err != nil {
		return false, err
	}
	known, err := t.c.Number("SELECT (SELECT count(*) FROM submission WHERE id=?)+(SELECT count(*) FROM tombstone WHERE id=?)", id, id)
	if err != nil {
		return false, err
	}
	if known == 0 {
		return true, t.noteLost(id, target, trace)
	}
	state, err := engine.Value[states.Progress](t.c, "SELECT state FROM delivery WHERE target=? AND sub=?", w, id)
	if err != nil || state != states.Held {
		return false, err // purged, or nothing that a person could settle in another way
	}
	s, err := t.submission(id)
	if err != nil {
		return false, err
	}
	s.delivery(w).move(states.Unclear) // it was released and delivered after the backup
	t.settle(s, false)
	return false, t.save(s)
}

func (t *tx) noteLost(id ID, target string, trace *connectors.Trace) error {
	var targets []string
	old, found, err := engine.One[string](t.c, "SELECT targets FROM ghost WHERE id=?", id)
	if err == nil && found {
		err = json.Unmarshal([]byte(old), &targets)
	}
	if err != nil {
		return err
	}
	if !slices.Contains(targets, target) {
		targets = append(targets, target)
	}
	list, err := json.Marshal(targets)
	if err != nil {
		return err
	}
	var digest any
	if trace.Digest != (connectors.Digest{}) {
		digest = trace.Digest[:]
	}
	var at any = 0
	if !trace.At.IsZero() {
		at = trace.At
	}
	_, err = t.c.Exec(`INSERT INTO ghost(id, digest, targets, at, adopted) VALUES(?, ?, ?, ?, 0) ON CONFLICT(id) DO UPDATE
		SET digest=coalesce(ghost.digest, excluded.digest), targets=excluded.targets, at=CASE WHEN ghost.at<excluded.at THEN excluded.at ELSE ghost.at END`,
		id, digest, string(list), at)
	return err
}

// LostSubmissions returns lost submissions after an ID, by their IDs; those that came again only when all is set.
func (j *Journal) LostSubmissions(ctx context.Context, after ID, all bool, limit int) (list []LostSubmission, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		const sql = "SELECT id, digest, at, adopted, targets FROM ghost WHERE id>? AND adopted<=? ORDER BY id LIMIT ?"
		return engine.Each(c, sql, []any{after, all, bounded(limit)}, func(r struct {
			ID      ID
			Digest  connectors.Digest
			At      time.Time
			Adopted bool
			Targets string
		}) error {
			list = append(list, LostSubmission{ID: r.ID, Digest: r.Digest, At: r.At, Adopted: r.Adopted})
			return json.Unmarshal([]byte(r.Targets), &list[len(list)-1].Targets)
		})
	})
	return list, err
}

// LostCount tells how many lost submissions are known of, how many of them came again, and how many bear no digest.
func (j *Journal) LostCount(ctx context.Context) (all, adopted, blind int64, err error) {
	err = j.read(ctx, func(c *engine.Conn) error {
		n, err := engine.Value[struct{ All, Adopted, Digests int64 }](c, "SELECT count(*), coalesce(sum(adopted), 0), count(digest) FROM ghost")
		all, adopted, blind = n.All, n.Adopted, n.All-n.Digests
		return err
	})
	return all, adopted, blind, err
}

// Recall notes forms that are about to be put back into an in-basket, by their names there.
func (j *Journal) Recall(ctx context.Context, inbasket string, names []string) error {
	return j.do(ctx, "note forms that come again", func(t *tx) error {
		for _, name := range names {
			if _, err := t.c.InsertNew("recall(inbasket, name)", []any{inbasket, name}); err != nil {
				return err
			}
		}
		return t.j.loadAfterRestore(t.c)
	})
}

// afterRestore is what acceptance must know after a restore; the writer's own.
type afterRestore struct {
	active bool             // there are ghosts that may come again, or forms that were put back
	doubts map[nameID]int64 // targets that cannot tell what they got before this time, in nanoseconds
}

// loadAfterRestore reads what acceptance must know. It may say too much where its transaction fails, which does no harm.
func (j *Journal) loadAfterRestore(c *engine.Conn) error {
	m := afterRestore{doubts: map[nameID]int64{}}
	var err error
	m.active, err = engine.Value[bool](c, "SELECT EXISTS(SELECT 1 FROM ghost WHERE adopted=0 AND digest IS NOT NULL) OR EXISTS(SELECT 1 FROM recall)")
	if err != nil {
		return err
	}
	err = engine.Each(c, "SELECT target, restored FROM doubt", nil, func(d struct {
		Target   string
		Restored int64
	}) error {
		if w, ok := j.names.find(d.Target); ok {
			m.doubts[w] = d.Restored
		}
		return nil
	})
	j.afterRestore = m
	return err
}

// RestoredReason says why something is parked that may have been delivered in the time that a restored journal has lost.
func RestoredReason() *Reason {
	return &Reason{Code: CodeRestore, Text: "it may have been delivered after the backup was made that the journal was restored from, and the target cannot tell",
		Next: "look in the target: if it has the data, inbasket confirm; if not, inbasket retry --target delivers it"}
}

// recognise finds out whether an arrival was accepted before, in the time that the backup does not know. It then
// takes the ID that it had, where a target tells it; known by nothing but its name, it keeps its new one.
func (a *acceptance) recognise(t *tx, row *arrivalRow) error {
	r := &a.arrivals[row.n]
	var err error
	if row.again, err = engine.Value[bool](t.c, "SELECT 1 FROM recall WHERE inbasket=? AND name=?", r.Inbasket, r.Transport); err != nil {
		return err
	}
	const sql = "SELECT id, targets FROM ghost WHERE adopted=0 AND digest=? ORDER BY id"
	type ghost struct {
		ID      ID
		Targets string
	}
	var found ghost
	for _, digest := range append([]connectors.Digest{r.Digest}, r.Also...) {
		if err != nil || found.ID != 0 {
			break
		}
		err = engine.Each(t.c, sql, []any{digest}, func(g ghost) error {
			if found.ID == 0 && !a.adopted[g.ID] {
				found = g
			}
			return nil
		})
	}
	if err != nil || found.ID == 0 {
		return err
	}
	if a.adopted == nil {
		a.adopted = map[ID]bool{}
	}
	a.adopted[found.ID] = true
	row.id, row.again = found.ID, true
	return json.Unmarshal([]byte(found.Targets), &row.stands)
}

// mended ends what was recalled, and marks the ghosts that came again.
func (a *acceptance) mended(t *tx) error {
	for n := range a.rows {
		row := &a.rows[n]
		if !row.again {
			continue
		}
		a.out[row.n].Again = true
		found, err := t.c.Exec("UPDATE ghost SET adopted=1 WHERE id=? AND adopted=0", row.id)
		if err != nil {
			return err
		}
		text := "accepted once before, after the backup was made; nothing at the targets tells its ID"
		if found > 0 {
			text = "accepted once before, after the backup was made, under the same ID"
		}
		if err := t.note(row.id, Moment{What: "again", Text: text}); err != nil {
			return err
		}
		for target := range t.j.afterRestore.doubts { // of what is parked a person says whether it is there
			const sql = "UPDATE delivery SET why=? WHERE sub=? AND target=? AND state=?"
			if _, err := t.c.Exec(sql, encodeReason(RestoredReason()), row.id, target, states.Held); err != nil {
				return err
			}
		}
	}
	for n := range a.arrivals {
		r := &a.arrivals[n]
		if _, err := t.c.Exec("DELETE FROM recall WHERE inbasket=? AND name=?", r.Inbasket, r.Transport); err != nil {
			return err
		}
	}
	return t.j.loadAfterRestore(t.c)
}

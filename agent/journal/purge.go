package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Ended is a submission whose life may be over.
type Ended struct {
	ID    ID
	State State // closed, rejected; decided or delivered where the front office never fetched the last word
	Route string
	At    time.Time // since when it is so
}

// PurgeOrder says for what and on whose word submissions are purged.
type PurgeOrder struct {
	Run    int64  // see StartPurge
	By     string // operator; empty: retention
	Reason string // the operator's
	DryRun bool   // only say which would go; then Run is not needed
}

// EndedBefore returns submissions after an ID that were accepted before a moment and wait for nobody any more. It
// looks at no more than limit submissions; next is the last one it looked at, 0 when none is left.
func (j *Journal) EndedBefore(ctx context.Context, before time.Time, after ID, limit int) (list []Ended, next ID, err error) {
	to := ID(max(before.UnixMilli()-idEpoch, 0)) << idLow
	err = j.read(ctx, func(c *engine.Conn) error {
		seen := 0
		const sql = "SELECT id, state, flags, route, changed FROM submission WHERE id>? AND id<? ORDER BY id LIMIT ?"
		err := engine.Each(c, sql, []any{after, to, bounded(limit)}, func(r struct {
			ID      ID
			State   states.State
			Flags   int64
			Route   nameID
			Changed time.Time
		}) error {
			next = r.ID
			seen++
			if states.Ended(r.State, r.Flags) {
				list = append(list, Ended{ID: r.ID, State: State(r.State.String()), Route: j.name(c, r.Route), At: r.Changed})
			}
			return nil
		})
		if seen < bounded(limit) {
			next = 0
		}
		return err
	})
	return list, next, err
}

// StartPurge makes the journal ready for a purge and gives it its number.
func (j *Journal) StartPurge(ctx context.Context) (run int64, err error) {
	err = j.do(ctx, "start a purge", func(t *tx) error {
		// Only who purges pays for these indexes. In a fresh journal they cost nothing to make, in a large one minutes.
		defer t.maintains()()
		for _, s := range []string{"CREATE INDEX IF NOT EXISTS idem_sub ON idem(sub)", "CREATE INDEX IF NOT EXISTS match_sub ON match(sub)"} {
			if _, err := t.c.Exec(s); err != nil {
				return err
			}
		}
		if _, err := t.tombstoneKey(); err != nil {
			return err
		}
		if err := t.discardBatches("state=?", states.Dropped); err != nil { // nobody sends a voided batch again
			return err
		}
		run, err = t.c.Number("INSERT INTO meta(key, value) VALUES('purge-run', 1) ON CONFLICT(key) DO UPDATE SET value=meta.value+1 RETURNING value")
		return err
	})
	return run, err
}

// Purge takes away everything about submissions whose life is over but a tombstone each, and returns those that
// are gone now. What is not over, such as one that was given another decision meanwhile, stays, and what is gone
// already is left out. Content that nothing refers to any more is removed by who asks Garbage for it.
func (j *Journal) Purge(ctx context.Context, ids []ID, o PurgeOrder) (purged []ID, err error) {
	err = j.do(ctx, "purge submissions", func(t *tx) error {
		purged = nil
		p := &purging{tx: t, order: o}
		if !o.DryRun {
			if p.key, err = t.tombstoneKey(); err != nil {
				return err
			}
		}
		for _, id := range ids {
			gone, err := p.one(id)
			if err != nil {
				return err
			}
			if gone {
				purged = append(purged, id)
			}
		}
		if len(purged) > 0 && !o.DryRun {
			// An ID is never used again, also when no row shows any more that it was.
			if _, err := t.c.Exec(raiseMeta, "last-id", slices.Max(purged)); err != nil {
				return err
			}
			t.j.purged = purgedKnown{key: p.key, any: true} // also right if the commit fails: it makes the writer look
		}
		return nil
	})
	return purged, err
}

// purging is one call of Purge within its transaction.
type purging struct {
	*tx
	order PurgeOrder
	key   []byte
}

// purgeRow is the row of a submission that is about to be purged, beside what the state machine knows.
type purgeRow struct {
	Claim, At, Changed int64
	Scope              nameID
	Reference, Files   string
	Digest, Form       []byte
}

func (p *purging) one(id ID) (bool, error) {
	there, err := p.c.Number("SELECT count(*) FROM submission WHERE id=?", id)
	if err != nil || there == 0 {
		return false, err
	}
	s, err := p.submission(id)
	if err != nil {
		return false, err
	}
	over, err := p.over(s)
	if err != nil || !over || p.order.DryRun {
		return over, err
	}
	const sql = `SELECT s.claim, s.at, s.changed, s.scope, s.reference, s.files, s.digest, f.digest FROM submission s LEFT JOIN form f ON f.id=s.id WHERE s.id=?`
	m, err := engine.Value[purgeRow](p.c, sql, id)
	if err != nil {
		return false, err
	}
	if err := p.discardOf(s, &m); err != nil {
		return false, err
	}
	if err := p.writeTombstone(s, &m); err != nil {
		return false, err
	}
	return true, p.remove(s)
}

// over tells whether a submission may be purged: its life has ended, nothing of it is on its way to a target or
// to a front office, and no file that is still to be sent holds it.
func (p *purging) over(s *submissionRow) (bool, error) {
	if !states.Ended(s.state, s.flags) || s.waits() {
		return false, nil
	}
	n, err := p.c.Number("SELECT count(*) FROM push WHERE office=? AND sub=?", s.office, s.id)
	for i := range s.deliveries {
		if d := &s.deliveries[i]; err == nil && n == 0 && d.batch != 0 {
			n, err = p.c.Number("SELECT count(*) FROM batch WHERE target=? AND seq=? AND (state<10 OR state=13)", d.target, d.batch)
		}
	}
	return err == nil && n == 0, err
}

// writeTombstone writes the tombstone.
func (p *purging) writeTombstone(s *submissionRow, m *purgeRow) error {
	var reached []string
	for i := range s.deliveries {
		if s.deliveries[i].state == states.Done {
			reached = append(reached, p.j.names.text(s.deliveries[i].target))
		}
	}
	list, err := p.name(joinList(reached))
	if err != nil {
		return err
	}
	_, err = p.c.Exec(`INSERT INTO tombstone(id, state, claim, office, route, reached, ref, digest, at, ended, purged, run, by, why)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.id, s.state, m.Claim, s.office, s.route, list,
		refHash(p.key, p.j.names.text(m.Scope), m.Reference), digestHash(p.key, m.Digest), m.At, m.Changed, p.now, p.order.Run,
		engine.Optional(p.order.By), engine.Optional(p.order.Reason))
	if err != nil {
		return err
	}
	p.count(tallyPurged, 0, 0, 1)
	keys, err := engine.All[struct {
		Plan nameID
		Key  string
	}](p.c, "SELECT plan, key FROM match WHERE sub=?", s.id)
	for _, k := range keys {
		if err == nil {
			_, err = p.c.InsertNew("tombmatch(key, sub)", []any{matchHash(p.key, p.j.names.text(k.Plan), k.Key), s.id})
		}
	}
	return err
}

// remove deletes every row about the submission.
func (p *purging) remove(s *submissionRow) error {
	for i := range s.deliveries {
		d := &s.deliveries[i]
		if _, err := p.c.Exec("DELETE FROM delivery WHERE target=? AND sub=?", d.target, s.id); err != nil {
			return err
		}
		p.count(tallyProgress, int64(d.target), int64(d.was), -1)
	}
	for _, sql := range [...]string{"DELETE FROM idem WHERE sub=?", "DELETE FROM match WHERE sub=?", "DELETE FROM result WHERE sub=?",
		"DELETE FROM event WHERE sub=?", "DELETE FROM history WHERE sub=?", "DELETE FROM ghost WHERE id=?", "DELETE FROM form WHERE id=?", "DELETE FROM submission WHERE id=?"} {
		if _, err := p.c.Exec(sql, s.id); err != nil {
			return err
		}
	}
	p.count(tallyState, int64(s.route), int64(s.was), -1)
	return nil
}

// discardOf notes the content that the submission, its results and its batches refer to.
func (p *purging) discardOf(s *submissionRow, m *purgeRow) error {
	digests, err := digestsOf(m.Files)
	if err != nil {
		return fmt.Errorf("attachments of %s: %w", s.id, err)
	}
	err = engine.Each(p.c, "SELECT documents FROM result WHERE sub=? AND documents IS NOT NULL", []any{s.id}, func(files string) error {
		more, err := digestsOf(files)
		digests = append(digests, more...)
		return err
	})
	if err != nil {
		return err
	}
	if len(m.Form) == len(connectors.Digest{}) {
		digests = append(digests, connectors.Digest(m.Form))
	}
	for i := range s.deliveries {
		if d := &s.deliveries[i]; d.batch != 0 {
			// The file of a delivered batch is not needed any more, and it holds this submission.
			if err := p.discardBatches("target=? AND seq=?", d.target, d.batch); err != nil {
				return err
			}
		}
	}
	return p.discard(digests)
}

// discardBatches notes the files of batches that are delivered or voided.
func (t *tx) discardBatches(where string, args ...any) error {
	digests, err := engine.All[connectors.Digest](t.c, "UPDATE batch SET gone=1 WHERE gone=0 AND (state=11 OR state=14) AND "+where+" RETURNING digest", args...)
	if err != nil {
		return err
	}
	return t.discard(digests)
}

// discard notes content that may be removed once nothing refers to it.
func (t *tx) discard(digests []connectors.Digest) error {
	for _, d := range digests {
		if _, err := t.c.InsertNew("garbage(digest)", []any{d}); err != nil {
			return err
		}
	}
	return nil
}

func digestsOf(files string) (digests []connectors.Digest, err error) {
	list, err := decodeFiles(files)
	for _, f := range list {
		digests = append(digests, f.Digest)
	}
	return digests, err
}

// PurgeDropped takes away results that a person set aside before a moment, some at a time, and returns how many
// are gone.
func (j *Journal) PurgeDropped(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = j.do(ctx, "purge dropped results", func(t *tx) error {
		n = 0
		var digests []connectors.Digest
		results, err := engine.All[struct {
			N         int64
			Documents string
		}](t.c, "SELECT n, documents FROM result WHERE sub=? AND at<? LIMIT ?", dropped, before, limit)
		if err != nil {
			return err
		}
		for _, r := range results {
			more, err := digestsOf(r.Documents)
			if err != nil {
				return err
			}
			digests = append(digests, more...)
			if _, err := t.c.Exec("DELETE FROM result WHERE n=?", r.N); err != nil {
				return err
			}
		}
		if _, err := t.c.Exec("DELETE FROM history WHERE sub=? AND at<?", dropped, before); err != nil {
			return err
		}
		n = len(results)
		return t.discard(digests)
	})
	return n, err
}

// ExpireTombstones takes away tombstones of submissions that were purged before a moment, some at a time, and
// returns how many are gone. Such a form is unknown from then on.
func (j *Journal) ExpireTombstones(ctx context.Context, before time.Time, limit int) (n int, err error) {
	var ids []ID
	err = j.read(ctx, func(c *engine.Conn) error {
		ids, err = engine.All[ID](c, "SELECT id FROM tombstone WHERE purged<? LIMIT ?", before, limit)
		return err
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = j.do(ctx, "expire tombstones", func(t *tx) error {
		n = 0
		for _, id := range ids {
			gone, err := t.c.Exec("DELETE FROM tombstone WHERE id=?", id)
			if err != nil {
				return err
			}
			if _, err := t.c.Exec("DELETE FROM tombmatch WHERE sub=?", id); err != nil {
				return err
			}
			n += int(gone)
			t.count(tallyPurged, 0, 0, -gone)
		}
		return nil
	})
	return n, err
}

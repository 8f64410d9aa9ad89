package journal

import (
	"context"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Ended is a submission whose life may be over.
type Ended struct {
	ID    ID
	State State     // closed, rejected; decided or delivered where the front office never fetched the last word
	Route string    `col:"word"`
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
	type row struct {
		Ended Ended
		Code  states.State
		Flags int64
	}
	const sql = "SELECT id, state, route, changed, state, flags FROM submission WHERE id>? AND id<? ORDER BY id LIMIT ?"
	seen, err := ask[row](ctx, j, sql, after, firstAt(before), bounded(limit))
	for _, r := range seen {
		if states.Ended(r.Code, r.Flags) {
			list = append(list, r.Ended)
		}
	}
	if len(seen) == bounded(limit) {
		next = seen[len(seen)-1].Ended.ID
	}
	return list, next, err
}

// StartPurge makes the journal ready for a purge and gives it its number.
func (j *Journal) StartPurge(ctx context.Context) (run int64, err error) {
	err = j.do(ctx, "start a purge", func(t *tx) error {
		// Only who purges pays for these indexes. In a fresh journal they cost nothing to make, in a large one minutes.
		defer t.maintains()()
		t.exec("CREATE INDEX IF NOT EXISTS idem_sub ON idem(sub)")
		t.exec("CREATE INDEX IF NOT EXISTS match_sub ON match(sub)")
		t.tombstoneKey()
		t.discardBatches("state=?", states.Dropped) // nobody sends a voided batch again
		run = t.number("INSERT INTO meta(key, value) VALUES('purge-run', 1) ON CONFLICT(key) DO UPDATE SET value=meta.value+1 RETURNING value")
		return nil
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
			p.key = t.tombstoneKey()
		}
		for _, id := range ids {
			if p.one(id) {
				purged = append(purged, id)
			}
		}
		if len(purged) > 0 && !o.DryRun && t.err == nil {
			// An ID is never used again, also when no row shows any more that it was.
			t.exec(raiseMeta, "last-id", slices.Max(purged))
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
	Scope              string `col:"word"`
	Reference          string
	Files              []File `col:"json"`
	Digest, Form       []byte
}

func (p *purging) one(id ID) bool {
	const sql = "SELECT s.claim, s.at, s.changed, s.scope, s.reference, s.files, s.digest, f.digest FROM submission s LEFT JOIN form f ON f.id=s.id WHERE s.id=?"
	m, there := one[purgeRow](p.look, sql, id)
	if !there {
		return false
	}
	s, err := p.submission(id)
	if err != nil || !p.over(s) {
		return false
	}
	if !p.order.DryRun {
		p.discardOf(s, &m)
		p.writeTombstone(s, &m)
		p.remove(s)
	}
	return true
}

// over tells whether a submission may be purged: its life has ended, nothing of it is on its way to a target or
// to a front office, and no file that is still to be sent holds it.
func (p *purging) over(s *submissionRow) bool {
	if !states.Ended(s.State, s.Flags) || s.waits() || p.is("SELECT count(*) FROM push WHERE office=? AND sub=?", s.Office, s.ID) {
		return false
	}
	return !slices.ContainsFunc(s.Deliveries, func(d deliveryRow) bool {
		return d.Batch != 0 && p.is("SELECT count(*) FROM batch WHERE target=? AND seq=? AND (state<10 OR state=13)", d.Target, d.Batch)
	})
}

func (p *purging) writeTombstone(s *submissionRow, m *purgeRow) {
	var reached []string
	for i := range s.Deliveries {
		if s.Deliveries[i].State == states.Done {
			reached = append(reached, p.name(s.Deliveries[i].Target))
		}
	}
	p.exec(`INSERT INTO tombstone(id, state, claim, office, route, reached, ref, digest, at, ended, purged, run, by, why)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.ID, s.State, m.Claim, s.Office, s.Route, engine.Word(joinList(reached)),
		refHash(p.key, m.Scope, m.Reference), digestHash(p.key, m.Digest), m.At, m.Changed, p.now, p.order.Run,
		engine.Optional(p.order.By), engine.Optional(p.order.Reason))
	p.count(tallyPurged, 0, 0, 1)
	type match struct {
		Plan string `col:"word"`
		Key  string
	}
	for _, m := range all[match](p.look, "SELECT plan, key FROM match WHERE sub=?", s.ID) {
		p.insertNew("tombmatch(key, sub)", matchHash(p.key, m.Plan, m.Key), s.ID)
	}
}

// remove deletes every row about the submission.
func (p *purging) remove(s *submissionRow) {
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		p.exec("DELETE FROM delivery WHERE target=? AND sub=?", d.Target, s.ID)
		p.count(tallyProgress, int64(d.Target), int64(d.State), -1)
	}
	for _, sql := range [...]string{"DELETE FROM idem WHERE sub=?", "DELETE FROM match WHERE sub=?", "DELETE FROM result WHERE sub=?",
		"DELETE FROM event WHERE sub=?", "DELETE FROM history WHERE sub=?", "DELETE FROM ghost WHERE id=?", "DELETE FROM form WHERE id=?", "DELETE FROM submission WHERE id=?"} {
		p.exec(sql, s.ID)
	}
	p.count(tallyState, int64(s.Route), int64(s.State), -1)
}

// discardOf notes the content that the submission, its results and its batches refer to.
func (p *purging) discardOf(s *submissionRow, m *purgeRow) {
	p.discardFiles(m.Files)
	p.discardDocuments("sub=?", s.ID)
	if len(m.Form) == len(connectors.Digest{}) {
		p.discard(connectors.Digest(m.Form))
	}
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.Batch != 0 {
			// The file of a delivered batch is not needed any more, and it holds this submission.
			p.discardBatches("target=? AND seq=?", d.Target, d.Batch)
		}
	}
}

// discardDocuments notes the documents of results, and returns their numbers.
func (t *tx) discardDocuments(where string, args ...any) (numbers []int64) {
	for _, o := range t.results("WHERE "+where, args...) {
		numbers = append(numbers, o.N)
		t.discardFiles(o.Documents)
	}
	return numbers
}

// discardBatches notes the files of batches that are delivered or voided.
func (t *tx) discardBatches(where string, args ...any) {
	const sql = "UPDATE batch SET gone=1 WHERE gone=0 AND (state=11 OR state=14) AND "
	for _, d := range all[connectors.Digest](t.look, sql+where+" RETURNING digest", args...) {
		t.discard(d)
	}
}

func (t *tx) discardFiles(files []File) {
	for _, f := range files {
		t.discard(f.Digest)
	}
}

// discard notes content that may be removed once nothing refers to it.
func (t *tx) discard(d connectors.Digest) { t.insertNew("garbage(digest)", d) }

// PurgeDropped takes away results that a person set aside before a moment, some at a time, and returns how many
// are gone.
func (j *Journal) PurgeDropped(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = j.do(ctx, "purge dropped results", func(t *tx) error {
		numbers := t.discardDocuments("sub=? AND at<? LIMIT ?", dropped, before, limit)
		for _, n := range numbers {
			t.exec("DELETE FROM result WHERE n=?", n)
		}
		t.exec("DELETE FROM history WHERE sub=? AND at<?", dropped, before)
		n = len(numbers)
		return nil
	})
	return n, err
}

// ExpireTombstones takes away tombstones of submissions that were purged before a moment, some at a time, and
// returns how many are gone. Such a form is unknown from then on.
func (j *Journal) ExpireTombstones(ctx context.Context, before time.Time, limit int) (n int, err error) {
	ids, err := ask[ID](ctx, j, "SELECT id FROM tombstone WHERE purged<? LIMIT ?", before, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = j.do(ctx, "expire tombstones", func(t *tx) error {
		n = 0
		for _, id := range ids {
			gone := t.exec("DELETE FROM tombstone WHERE id=?", id)
			t.exec("DELETE FROM tombmatch WHERE sub=?", id)
			n += int(gone)
			t.count(tallyPurged, 0, 0, -gone)
		}
		return nil
	})
	return n, err
}

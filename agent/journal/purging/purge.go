package purging

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/inbasket/inbasket/agent/journal"
	"github.com/inbasket/inbasket/agent/journal/deciding"
	"github.com/inbasket/inbasket/agent/journal/engine"
	"github.com/inbasket/inbasket/agent/journal/states"
	"github.com/inbasket/inbasket/connectors"
)

// Ended is a submission whose life may be over.
type Ended struct {
	ID    journal.ID
	State journal.State // closed, rejected; decided or delivered where the front office never fetched the last word
	Route string        `col:"word"`
	At    time.Time     // since when it is so
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
func (j Purges) EndedBefore(ctx context.Context, before time.Time, after journal.ID, limit int) (list []Ended, next journal.ID, err error) {
	type row struct {
		Ended Ended
		Code  states.State
		Flags int64
	}
	const sql = "SELECT id, state, route, changed, state, flags FROM submission WHERE id>? AND id<? ORDER BY id LIMIT ?"
	seen, err := journal.Ask[row](ctx, j.Journal, sql, after, journal.FirstAt(before), journal.Bounded(limit))
	for _, r := range seen {
		if states.Ended(r.Code, r.Flags) {
			list = append(list, r.Ended)
		}
	}
	if len(seen) == journal.Bounded(limit) {
		next = seen[len(seen)-1].Ended.ID
	}
	return list, next, err
}

// StartPurge makes the journal ready for a purge and gives it its number.
func (j Purges) StartPurge(ctx context.Context) (run int64, err error) {
	err = j.Do(ctx, "start a purge", func(t *journal.Tx) error {
		// Only who purges pays for these indexes. In a fresh journal they cost nothing to make, in a large one minutes.
		defer t.Maintains()()
		t.Exec("CREATE INDEX IF NOT EXISTS idem_sub ON idem(sub)")
		t.Exec("CREATE INDEX IF NOT EXISTS match_sub ON match(sub)")
		t.TombstoneKey()
		t.DiscardBatches("state=?", states.Dropped) // nobody sends a voided batch again
		run = t.Number("INSERT INTO meta(key, value) VALUES('purge-run', 1) ON CONFLICT(key) DO UPDATE SET value=meta.value+1 RETURNING value")
		return nil
	})
	return run, err
}

// Purge takes away everything about submissions whose life is over but a tombstone each, and returns those that
// are gone now. What is not over, such as one that was given another decision meanwhile, stays, and what is gone
// already is left out. Content that nothing refers to any more is removed by who asks Garbage for it.
func (j Purges) Purge(ctx context.Context, ids []journal.ID, o PurgeOrder) (purged []journal.ID, err error) {
	err = j.Do(ctx, "purge submissions", func(t *journal.Tx) error {
		purged = nil
		p := &purging{Tx: t, order: o}
		if !o.DryRun {
			p.key = t.TombstoneKey()
		}
		for _, id := range ids {
			if p.one(id) {
				purged = append(purged, id)
			}
		}
		if len(purged) > 0 && !o.DryRun && t.Err == nil {
			t.UsedID(slices.Max(purged))
			t.Purges(p.key)
		}
		return nil
	})
	return purged, err
}

// purging is one call of Purge within its transaction.
type purging struct {
	*journal.Tx
	order PurgeOrder
	key   []byte
}

// purgeRow is the row of a submission that is about to be purged, beside what the state machine knows.
type purgeRow struct {
	Claim, At, Changed int64
	Scope              string `col:"word"`
	Reference          string
	Files              []journal.File `col:"json"`
	Digest, Form       []byte
}

func (p *purging) one(id journal.ID) bool {
	const sql = "SELECT s.claim, s.at, s.changed, s.scope, s.reference, s.files, s.digest, f.digest FROM submission s LEFT JOIN form f ON f.id=s.id WHERE s.id=?"
	m, there := journal.One[purgeRow](p.Look, sql, id)
	if !there {
		return false
	}
	s, err := p.Submission(id)
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
func (p *purging) over(s *journal.Row) bool {
	if !states.Ended(s.State, s.Flags) || s.Waits() || p.Is("SELECT count(*) FROM push WHERE office=? AND sub=?", s.Office, s.ID) {
		return false
	}
	return !slices.ContainsFunc(s.Deliveries, func(d journal.DeliveryRow) bool {
		return d.Batch != 0 && p.Is("SELECT count(*) FROM batch WHERE target=? AND seq=? AND (state<10 OR state=13)", d.Target, d.Batch)
	})
}

func (p *purging) writeTombstone(s *journal.Row, m *purgeRow) {
	var reached []string
	for i := range s.Deliveries {
		if s.Deliveries[i].State == states.Done {
			reached = append(reached, p.Name(s.Deliveries[i].Target))
		}
	}
	p.Exec(`INSERT INTO tombstone(id, state, claim, office, route, reached, ref, digest, at, ended, purged, run, by, why)
		VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.ID, s.State, m.Claim, s.Office, s.Route, engine.Word(journal.JoinList(reached)),
		journal.RefHash(p.key, m.Scope, m.Reference), journal.DigestHash(p.key, m.Digest), m.At, m.Changed, p.Now, p.order.Run,
		engine.Optional(p.order.By), engine.Optional(p.order.Reason))
	p.Count(journal.TallyPurged, 0, 0, 1)
	type match struct {
		Plan string `col:"word"`
		Key  string
	}
	for _, m := range journal.All[match](p.Look, "SELECT plan, key FROM match WHERE sub=?", s.ID) {
		p.InsertNew("tombmatch(key, sub)", journal.MatchHash(p.key, m.Plan, m.Key), s.ID)
	}
}

// remove deletes every row about the submission.
func (p *purging) remove(s *journal.Row) {
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		p.Exec("DELETE FROM delivery WHERE target=? AND sub=?", d.Target, s.ID)
		p.Count(journal.TallyProgress, int64(d.Target), int64(d.State), -1)
	}
	for _, sql := range [...]string{"DELETE FROM idem WHERE sub=?", "DELETE FROM match WHERE sub=?", "DELETE FROM search WHERE sub=?", "DELETE FROM result WHERE sub=?",
		"DELETE FROM event WHERE sub=?", "DELETE FROM history WHERE sub=?", "DELETE FROM ghost WHERE id=?", "DELETE FROM number WHERE sub=?", "DELETE FROM form WHERE id=?", "DELETE FROM submission WHERE id=?"} {
		p.Exec(sql, s.ID)
	}
	p.Count(journal.TallyState, int64(s.Route), int64(s.State), -1)
}

// discardOf notes the content that the submission, its results and its batches refer to.
func (p *purging) discardOf(s *journal.Row, m *purgeRow) {
	discardFiles(p.Tx, m.Files)
	discardDocuments(p.Tx, "sub=?", s.ID)
	if len(m.Form) == len(connectors.Digest{}) {
		p.Discard(connectors.Digest(m.Form))
	}
	for i := range s.Deliveries {
		if d := &s.Deliveries[i]; d.Batch != 0 {
			// The file of a delivered batch is not needed any more, and it holds this submission.
			p.DiscardBatches("target=? AND seq=?", d.Target, d.Batch)
		}
	}
}

// discardDocuments notes the documents of results, and returns their numbers.
func discardDocuments(t *journal.Tx, where string, args ...any) (numbers []int64) {
	for _, o := range deciding.List(t.Look, "WHERE "+where, args...) {
		numbers = append(numbers, o.N)
		discardFiles(t, o.Documents)
	}
	return numbers
}

func discardFiles(t *journal.Tx, files []journal.File) {
	for _, f := range files {
		t.Discard(f.Digest)
	}
}

// PurgeDropped takes away results that a person set aside before a moment, some at a time, and returns how many
// are gone.
func (j Purges) PurgeDropped(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = j.Do(ctx, "purge dropped results", func(t *journal.Tx) error {
		numbers := discardDocuments(t, "sub=? AND at<? LIMIT ?", deciding.Dropped, before, limit)
		for _, n := range numbers {
			t.Exec("DELETE FROM result WHERE n=?", n)
		}
		t.Exec("DELETE FROM history WHERE sub=? AND at<?", deciding.Dropped, before)
		n = len(numbers)
		return nil
	})
	return n, err
}

// ExpireTombstones takes away tombstones of submissions that were purged before a moment, some at a time, and
// returns how many are gone. Such a form is unknown from then on.
func (j Purges) ExpireTombstones(ctx context.Context, before time.Time, limit int) (n int, err error) {
	ids, err := journal.Ask[journal.ID](ctx, j.Journal, "SELECT id FROM tombstone WHERE purged<? LIMIT ?", before, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = j.Do(ctx, "expire tombstones", func(t *journal.Tx) error {
		n = 0
		for _, id := range ids {
			gone := t.Exec("DELETE FROM tombstone WHERE id=?", id)
			t.Exec("DELETE FROM tombmatch WHERE sub=?", id)
			n += int(gone)
			t.Count(journal.TallyPurged, 0, 0, -gone)
		}
		return nil
	})
	return n, err
}

// Tombstone returns what is left of a purged submission; ErrNotFound if it was not purged.
func (j Purges) Tombstone(ctx context.Context, id journal.ID) (journal.Tombstone, error) {
	return journal.Find(ctx, j.Journal, func(l *journal.Look) journal.Tombstone {
		t, found := l.Tombstone(id)
		if !found {
			l.Fail(fmt.Errorf("tombstone of %s: %w", id, journal.ErrNotFound))
		}
		return t
	})
}

package journal

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/connectors"
)

// Fault codes of a Checkup's findings are in codes.go; each finding says what is wrong and what cures it.

// Finding is one thing that a Checkup found wrong. It holds nothing that a citizen wrote.
type Finding struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Cure string `json:"cure"`
}

// CheckupOrder says how closely to look.
type CheckupOrder struct {
	Full    bool           // read every page and every index, not only the quick way
	Content *content.Store // read all content that is referred to and compare it with its digest; nil: do not
}

// Checkup is what was looked at and what was found.
type Checkup struct {
	Submissions int64     `json:"submissions"`
	Purged      int64     `json:"purged"`
	Content     int64     `json:"content"` // pieces that were read
	Findings    []Finding `json:"findings"`
}

// maxFindings is how many findings of one kind are told.
const maxFindings = 5

// invariant is something that must not exist in a journal. The first columns of a row say where it was found.
type invariant struct {
	what, sql string
	tally     bool // a counter is wrong: compact counts anew
}

// invariants are what must always be true of a journal, as queries that find what is not.
func invariants() []invariant {
	return append(tallyInvariants(),
		invariant{what: "a submission without its form", sql: `SELECT id FROM submission EXCEPT SELECT id FROM form`},
		invariant{what: "a form without its submission", sql: `SELECT id FROM form EXCEPT SELECT id FROM submission`},
		invariant{what: "delivered with something left", sql: `SELECT s.id FROM submission s JOIN delivery d ON d.sub=s.id
			WHERE s.state=2 AND s.flags&32=0 AND (d.state<10 OR d.state=13)`},
		invariant{what: "accepted with nothing left", sql: `SELECT s.id FROM submission s WHERE s.state=1
			AND s.id NOT IN (SELECT sub FROM delivery INDEXED BY delivery_open WHERE state<10)`},
		invariant{what: "accepted with a parked delivery", sql: `SELECT s.id FROM submission s JOIN delivery d ON d.sub=s.id WHERE s.state=1 AND d.state=13`},
		invariant{what: "parked without a cause", sql: `SELECT s.id FROM submission s WHERE s.state=6 AND s.flags&1=0
			AND s.id NOT IN (SELECT sub FROM delivery WHERE state=13)`},
		invariant{what: "rejected with an open delivery", sql: `SELECT s.id FROM submission s JOIN delivery d ON d.sub=s.id WHERE s.state=5 AND d.state<10`},
		invariant{what: "acceptance told twice or never", sql: `SELECT s.id FROM submission s WHERE s.office<>0
			AND (SELECT count(*) FROM event e WHERE e.sub=s.id AND e.type=1)<>1`},
		invariant{what: "delivery told twice", sql: `SELECT sub FROM event WHERE type=2 GROUP BY sub HAVING count(*)>1`},
		invariant{what: "in a batch that has no number", sql: `SELECT sub FROM delivery WHERE state=4 AND batch=0`},
		invariant{what: "a delivery without its submission", sql: `SELECT sub FROM delivery EXCEPT SELECT id FROM submission`},
		invariant{what: "an event without its submission", sql: `SELECT sub FROM event EXCEPT SELECT id FROM submission`},
		invariant{what: "a push without its event", sql: `SELECT sub FROM push p WHERE NOT EXISTS(SELECT 1 FROM event e WHERE e.office=p.office AND e.seq=p.seq)`},
		invariant{what: "something is left of a purged submission", sql: `SELECT id FROM tombstone WHERE id IN (SELECT id FROM submission UNION SELECT id FROM form
			UNION SELECT sub FROM delivery UNION SELECT sub FROM event UNION SELECT sub FROM history UNION SELECT sub FROM result WHERE sub IS NOT NULL
			UNION SELECT sub FROM match UNION SELECT sub FROM idem)`},
		invariant{what: "a delivered batch with an open member", sql: `SELECT d.sub FROM delivery d JOIN batch b ON b.target=d.target AND b.seq=d.batch
			WHERE d.state IN (4, 5) AND b.state=11`},
		invariant{what: "a delivery in a batch that does not exist", sql: `SELECT sub FROM delivery d WHERE batch<>0
			AND NOT EXISTS(SELECT 1 FROM batch b WHERE b.target=d.target AND b.seq=d.batch)`})
}

// tallyInvariants compare the counters that every commit keeps with what they count.
func tallyInvariants() []invariant {
	return []invariant{
		{"submissions are counted wrong", `SELECT route, state, count(*) FROM submission GROUP BY 1, 2
			EXCEPT SELECT a, b, n FROM tally WHERE kind=1`, true},
		{"submissions are counted that are not there", `SELECT a, b, n FROM tally WHERE kind=1 AND n<>0
			EXCEPT SELECT route, state, count(*) FROM submission GROUP BY 1, 2`, true},
		{"deliveries are counted wrong", `SELECT target, state, count(*) FROM delivery GROUP BY 1, 2
			EXCEPT SELECT a, b, n FROM tally WHERE kind=2`, true},
		{"deliveries are counted that are not there", `SELECT a, b, n FROM tally WHERE kind=2 AND n<>0
			EXCEPT SELECT target, state, count(*) FROM delivery GROUP BY 1, 2`, true},
		{"results without a submission are counted wrong", `SELECT count(*) FROM result WHERE sub IS NULL AND park IS NULL
			EXCEPT SELECT coalesce((SELECT n FROM tally WHERE kind=3), 0)`, true},
		{"purged submissions are counted wrong", `SELECT count(*) FROM tombstone
			EXCEPT SELECT coalesce((SELECT n FROM tally WHERE kind=5), 0)`, true},
	}
}

// Checkup looks whether the journal is whole and says in itself what is true. The journal may be in use; the
// error is for one that cannot be read at all.
func (j *Journal) Checkup(ctx context.Context, o CheckupOrder) (c Checkup, err error) {
	c.Findings = []Finding{}
	if !j.has(graveVersion) {
		return c, &connectors.Error{Class: connectors.TargetError, Code: CodeOld, Op: "check the journal", Hint: "let this version's agent open it once, then check it again"}
	}
	err = j.check(func() error { return j.read(ctx, func(db *conn) error { return c.pages(ctx, db, o.Full) }) })
	var damage *connectors.Error
	if errors.As(err, &damage) && damage.Code == CodeCorrupt || isDamage(err) {
		c.add(damaged(cause(err)))
		return c, nil
	}
	if err != nil || len(c.Findings) > 0 { // what a damaged file says of itself is worth nothing
		return c, err
	}
	err = j.check(func() error { return j.read(ctx, func(db *conn) error { return c.truths(ctx, j, db) }) })
	if err != nil {
		return c, err
	}
	if o.Content == nil {
		return c, nil
	}
	return c, c.contents(ctx, j, o.Content)
}

func (c *Checkup) add(f Finding) { c.Findings = append(c.Findings, f) }

func damaged(what string) Finding {
	return Finding{Code: CodeCorrupt, Text: "the journal's file is damaged: " + what, Cure: "stop the agent, keep a copy of the state folder, and restore the last backup"}
}

// isDamage tells whether SQLite says that its file is broken.
func isDamage(err error) bool {
	var e *connectors.Error
	return errors.As(fault("read", err), &e) && e.Code == CodeCorrupt
}

func cause(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

// pages has SQLite look at its file.
func (c *Checkup) pages(ctx context.Context, db *conn, full bool) error {
	sql := fmt.Sprintf("PRAGMA quick_check(%d)", maxFindings)
	if full {
		sql = fmt.Sprintf("PRAGMA integrity_check(%d)", maxFindings)
	}
	return db.query(sql, nil, func(row []driver.Value) error {
		if s := text(row[0]); s != "ok" {
			c.add(damaged(firstLine(s)))
		}
		return ctx.Err()
	})
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "*** in database main ***\n"), "\n")
	return s
}

// truths holds the tables against each other.
func (c *Checkup) truths(ctx context.Context, j *Journal, db *conn) (err error) {
	if c.Submissions, err = db.number("SELECT count(*) FROM submission"); err != nil {
		return err
	}
	if c.Purged, err = db.number("SELECT count(*) FROM tombstone"); err != nil {
		return err
	}
	for _, q := range invariants() {
		n := 0
		var ids []string
		err := db.query(q.sql, nil, func(row []driver.Value) error {
			if n++; n <= maxFindings && !q.tally {
				ids = append(ids, ID(integer(row[0])).String())
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		switch {
		case n == 0:
		case q.tally:
			c.add(Finding{Code: CodeTally, Text: q.what, Cure: "inbasket journal compact counts anew"})
		default:
			c.add(Finding{Code: CodeInconsistent, Text: fmt.Sprintf("%s: %d, such as %s", q.what, n, strings.Join(ids, ", ")),
				Cure: "look at it by inbasket show; send diagnostics to the maintainers"})
		}
	}
	return c.numbers(j, db)
}

// numbers looks for gaps in the numbers of batches: each one up to the last was used, but for those that were
// skipped because evidence at the target showed them used.
func (c *Checkup) numbers(j *Journal, db *conn) error {
	const sql = `SELECT target, min(seq), max(seq), count(*) FROM batch WHERE target NOT IN (SELECT w.id FROM word w JOIN meta m ON m.key='seq:'||w.text)
		GROUP BY target HAVING count(*)<>max(seq)-min(seq)+1`
	return db.query(sql, nil, func(row []driver.Value) error {
		c.add(Finding{Code: CodeGap, Text: fmt.Sprintf("of the batches of %s from %d to %d only %d are known", j.name(db, row[0]), integer(row[1]), integer(row[2]), integer(row[3])),
			Cure: "look at the target for the numbers that inbasket batches does not list, and send diagnostics to the maintainers"})
		return nil
	})
}

// contents reads everything that the journal refers to.
func (c *Checkup) contents(ctx context.Context, j *Journal, store *content.Store) error {
	bad := 0
	last := sha256.Sum256(nil)
	return j.References(ctx, func(id ID, f File) error {
		if f.Digest == last {
			return nil
		}
		last = f.Digest
		c.Content++
		err := store.Verify(ctx, f.Digest)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if bad++; bad > maxFindings {
			return nil
		}
		what := "cannot be read"
		switch {
		case errors.Is(err, content.ErrNotFound):
			what = "is not there"
		case errors.Is(err, content.ErrDamaged):
			what = "is not what was stored"
		}
		of := "a batch or a result"
		if id != 0 {
			of = "submission " + id.String()
		}
		c.add(Finding{Code: CodeContent, Text: fmt.Sprintf("content %x of %s %s", f.Digest[:8], of, what),
			Cure: "take the file with this name out of a backup's content folder, and put it into that of the state folder"})
		return nil
	})
}

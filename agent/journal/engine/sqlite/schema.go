package sqlite

import (
	"fmt"

	"github.com/inbasket/inbasket/agent/journal/engine"
)

// schema is version 1. What is written for every submission is kept small: texts that repeat are words,
// forms lie apart from the rows that change, and indexes over what is open forget what is done.
var schema = []string{
	`CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)`,
	`CREATE TABLE plan(
		id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, version INTEGER NOT NULL,
		bundle BLOB NOT NULL, used INTEGER NOT NULL, at INTEGER NOT NULL)`,
	`CREATE INDEX plan_version ON plan(name, version)`,

	// targets is a word: the names in order, joined. claim is 1 where the reference is this submission's.
	`CREATE TABLE submission(
		id INTEGER PRIMARY KEY, state INTEGER NOT NULL, flags INTEGER NOT NULL, claim INTEGER NOT NULL,
		scope INTEGER NOT NULL, office INTEGER NOT NULL, inbasket INTEGER NOT NULL, route INTEGER NOT NULL,
		plan INTEGER NOT NULL, targets INTEGER NOT NULL, at INTEGER NOT NULL, changed INTEGER NOT NULL,
		received INTEGER NOT NULL, reference TEXT NOT NULL, transport TEXT, digest BLOB NOT NULL,
		ctype TEXT, files TEXT, code TEXT, why TEXT)`,
	`CREATE UNIQUE INDEX submission_reference ON submission(scope, reference) WHERE claim=1`,
	`CREATE INDEX submission_conflict ON submission(scope, reference) WHERE claim=0`,
	`CREATE INDEX submission_parked ON submission(id) WHERE state=6`,
	`CREATE INDEX submission_undecided ON submission(route, id) WHERE state=2 AND flags&6=0`,
	`CREATE TABLE form(id INTEGER PRIMARY KEY, body BLOB, digest BLOB)`,
	`CREATE TABLE idem(scope INTEGER NOT NULL, key TEXT NOT NULL, sub INTEGER NOT NULL, digest BLOB NOT NULL,
		PRIMARY KEY(scope, key)) WITHOUT ROWID`,

	`CREATE TABLE delivery(
		target INTEGER NOT NULL, sub INTEGER NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
		batch INTEGER NOT NULL, at INTEGER NOT NULL, returned TEXT, why TEXT,
		PRIMARY KEY(target, sub)) WITHOUT ROWID`,
	`CREATE INDEX delivery_open ON delivery(target, sub) WHERE state<10`,
	`CREATE TABLE batch(
		target INTEGER NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL,
		control TEXT NOT NULL, sealed TEXT NOT NULL, state INTEGER NOT NULL, members BLOB NOT NULL, closed TEXT NOT NULL,
		why TEXT, UNIQUE(target, seq))`,
	`CREATE INDEX batch_open ON batch(target, seq) WHERE state<10 OR state=13`,

	`CREATE TABLE match(plan INTEGER NOT NULL, key TEXT NOT NULL, sub INTEGER NOT NULL,
		PRIMARY KEY(plan, key, sub)) WITHOUT ROWID`,
	`CREATE TABLE result(
		n INTEGER PRIMARY KEY, source INTEGER NOT NULL, rid TEXT NOT NULL, sub INTEGER, plan INTEGER NOT NULL, key TEXT NOT NULL,
		outcome TEXT NOT NULL, status TEXT NOT NULL, caseno TEXT NOT NULL, reason TEXT NOT NULL, documents TEXT, by TEXT NOT NULL,
		at INTEGER NOT NULL, park TEXT, UNIQUE(source, rid))`,
	`CREATE INDEX result_sub ON result(sub) WHERE sub IS NOT NULL`,
	`CREATE INDEX result_orphan ON result(plan, key) WHERE sub IS NULL AND park IS NULL`,
	`CREATE INDEX result_parked ON result(n) WHERE park IS NOT NULL`,

	`CREATE TABLE event(
		office INTEGER NOT NULL, seq INTEGER NOT NULL, sub INTEGER NOT NULL, type INTEGER NOT NULL, final INTEGER NOT NULL,
		at INTEGER NOT NULL, data TEXT, PRIMARY KEY(office, seq)) WITHOUT ROWID`,
	`CREATE INDEX event_sub ON event(sub)`,
	`CREATE TABLE cursor(office INTEGER NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL,
		PRIMARY KEY(office, name)) WITHOUT ROWID`,
	// Only the oldest event of a submission has a due time; the others wait for it.
	`CREATE TABLE push(
		office INTEGER NOT NULL, seq INTEGER NOT NULL, sub INTEGER NOT NULL, attempt INTEGER NOT NULL, due INTEGER,
		PRIMARY KEY(office, seq)) WITHOUT ROWID`,
	`CREATE INDEX push_due ON push(office, due) WHERE due IS NOT NULL`,
	`CREATE INDEX push_sub ON push(office, sub)`,

	`CREATE TABLE history(
		n INTEGER PRIMARY KEY, sub INTEGER NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL, target TEXT, code TEXT,
		text TEXT, by TEXT, raw TEXT)`,
	`CREATE INDEX history_sub ON history(sub)`,
	`CREATE TABLE pause(target TEXT PRIMARY KEY, by TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE target(name TEXT PRIMARY KEY, identity TEXT NOT NULL, fingerprint TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID`,
	// kind 1: submissions by route and state; 2: deliveries by target and state; 3: results without a submission.
	`CREATE TABLE tally(kind INTEGER NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL, n INTEGER NOT NULL,
		PRIMARY KEY(kind, a, b)) WITHOUT ROWID`,
	`INSERT INTO meta(key, value) VALUES('epoch', 1), ('seq', 0), ('last-id', 0)`,
}

// restoreSchema is version 2: what a journal that was restored from a backup has to remember.
var restoreSchema = []string{
	// One row: the last restore. It is in force while released is 0.
	`CREATE TABLE hold(
		id INTEGER PRIMARY KEY CHECK(id=1), backup INTEGER NOT NULL, restored INTEGER NOT NULL, gathered INTEGER NOT NULL,
		released INTEGER NOT NULL, by TEXT NOT NULL, file TEXT NOT NULL, report TEXT)`,
	// A ghost is a submission that a target has and this journal does not know; targets is a word list.
	`CREATE TABLE ghost(
		id INTEGER PRIMARY KEY, digest BLOB, targets TEXT NOT NULL, at INTEGER NOT NULL, adopted INTEGER NOT NULL)`,
	`CREATE INDEX ghost_digest ON ghost(digest) WHERE adopted=0 AND digest IS NOT NULL`,
	// Forms that were put back into an in-basket: one that is not known was accepted, and lost, before.
	`CREATE TABLE recall(inbasket TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY(inbasket, name)) WITHOUT ROWID`,
	// What is still to be read again, by kind (in-basket, results) and name.
	`CREATE TABLE reread(kind TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY(kind, name)) WITHOUT ROWID`,
	// Targets that cannot tell whether they got something between the backup and the restore.
	`CREATE TABLE doubt(target TEXT PRIMARY KEY, restored INTEGER NOT NULL) WITHOUT ROWID`,
}

// purgeSchema is version 3: what stays of a submission when its content is gone, and what the agent remembers of
// its own.
var purgeSchema = []string{
	`CREATE TABLE mark(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,

	// ref and digest are keyed hashes; reached is a word list of the targets that have it. run groups what was
	// purged together; by and why are an operator's, and NULL where retention purged it.
	`CREATE TABLE tombstone(
		id INTEGER PRIMARY KEY, state INTEGER NOT NULL, claim INTEGER NOT NULL, office INTEGER NOT NULL, route INTEGER NOT NULL,
		reached INTEGER NOT NULL, ref BLOB NOT NULL, digest BLOB NOT NULL, at INTEGER NOT NULL, ended INTEGER NOT NULL,
		purged INTEGER NOT NULL, run INTEGER NOT NULL, by TEXT, why TEXT)`,
	`CREATE INDEX tombstone_ref ON tombstone(ref)`,
	// Keyed hashes of match keys: a result that comes too late is told apart from one that fits nothing.
	`CREATE TABLE tombmatch(key BLOB NOT NULL, sub INTEGER NOT NULL, PRIMARY KEY(key, sub)) WITHOUT ROWID`,
	`CREATE INDEX tombmatch_sub ON tombmatch(sub)`,
	// Content that may be removed once nothing refers to it any more.
	`CREATE TABLE garbage(digest BLOB PRIMARY KEY) WITHOUT ROWID`,

	// By these the few rows that refer to content are found among the many that do not.
	`CREATE INDEX form_large ON form(digest) WHERE digest IS NOT NULL`,
	`CREATE INDEX submission_files ON submission(id) WHERE files IS NOT NULL`,
	`CREATE INDEX result_documents ON result(n) WHERE documents IS NOT NULL`,
	`ALTER TABLE batch ADD COLUMN gone INTEGER NOT NULL DEFAULT 0`, // 1: its file was purged with a member
}

// resultSchema is version 4: what a result said is kept by its digest, and one identity may say several things.
var resultSchema = []string{
	// said is NULL in rows of before: it is then made of the row itself. told is the number of the last result that had
	// come when this one was told, and revision which one of its submission it is.
	`CREATE TABLE result_next(
		n INTEGER PRIMARY KEY, source INTEGER NOT NULL, rid TEXT NOT NULL, sub INTEGER, plan INTEGER NOT NULL, key TEXT NOT NULL,
		outcome TEXT NOT NULL, status TEXT NOT NULL, caseno TEXT NOT NULL, reason TEXT NOT NULL, documents TEXT, by TEXT NOT NULL,
		at INTEGER NOT NULL, park TEXT, said BLOB, told INTEGER, revision INTEGER)`,
	`INSERT INTO result_next SELECT n, source, rid, sub, plan, key, outcome, status, caseno, reason, documents, by, at, park, NULL,
		iif(sub>0, n, NULL), iif(sub>0, row_number() OVER (PARTITION BY sub ORDER BY n), NULL) FROM result`,
	`DROP TABLE result`,
	`ALTER TABLE result_next RENAME TO result`,
	`CREATE INDEX result_rid ON result(source, rid)`,
	`CREATE INDEX result_sub ON result(sub) WHERE sub IS NOT NULL`,
	`CREATE INDEX result_orphan ON result(plan, key) WHERE sub IS NULL AND park IS NULL`,
	`CREATE INDEX result_parked ON result(n) WHERE park IS NOT NULL`,
	`CREATE INDEX result_documents ON result(n) WHERE documents IS NOT NULL`,
}

// formSchema is version 5: forms are compressed. size is that of the form; 0 and NULL: body is the form as it came.
var formSchema = []string{`ALTER TABLE form ADD COLUMN size INTEGER`}

// orderSchema is version 6: a parked delivery keeps its order key. okey is NULL where nobody has found it out, and empty where there is none.
var orderSchema = []string{`ALTER TABLE delivery ADD COLUMN okey TEXT`}

// waitSchema is version 7: a delivery keeps which values of which targets it lacks; NULL: none. What waits for a value in journals of before is
// mapped once more, which finds out the same. By the index is found what stops others of its order key.
var waitSchema = []string{
	`ALTER TABLE delivery ADD COLUMN needs TEXT`,
	`CREATE INDEX delivery_stops ON delivery(target, sub) WHERE state=13 OR needs IS NOT NULL`,
	`UPDATE delivery SET state=1 WHERE state=2 AND state<10`,
	`INSERT INTO tally(kind, a, b, n) SELECT kind, a, 1, n FROM tally WHERE kind=2 AND b=2 ON CONFLICT(kind, a, b) DO UPDATE SET n=tally.n+excluded.n`,
	`DELETE FROM tally WHERE kind=2 AND b=2`,
}

// earlySchema is version 8: by which submissions a result does not go on by itself. seen is the last submission that was accepted when it came;
// NULL: it came before this version. Results up to the number since came before the value of a match was returned anew; a value that was
// replaced has the highest number.
var earlySchema = []string{
	`ALTER TABLE result ADD COLUMN seen INTEGER`,
	`ALTER TABLE match ADD COLUMN since INTEGER`,
}

// numberSchema is version 9: how far the agent's own sequences have come, in which epoch that was known, and who has which number.
var numberSchema = []string{
	`CREATE TABLE series(name TEXT PRIMARY KEY, last INTEGER NOT NULL, epoch INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE TABLE number(sub INTEGER NOT NULL, series TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(sub, series)) WITHOUT ROWID`,
	`CREATE UNIQUE INDEX number_once ON number(series, n)`,
}

// keySchema is version 10: what people find submissions by. value is what is compared: a text that begins with how it was made comparable, or a keyed
// hash; keep says how the value is kept, and shown is the value itself, where it may be shown.
var keySchema = []string{
	`CREATE TABLE search(name INTEGER NOT NULL, value BLOB NOT NULL, sub INTEGER NOT NULL, keep INTEGER NOT NULL, shown BLOB,
		PRIMARY KEY(name, value, sub)) WITHOUT ROWID`,
	`CREATE INDEX search_sub ON search(sub)`,
}

// migrations[n] lifts a journal from version n to n+1.
var migrations = [][]string{schema, restoreSchema, purgeSchema, resultSchema, formSchema, orderSchema, waitSchema, earlySchema, numberSchema, keySchema}

// Newest is the version of the tables that this program writes.
func (e *Engine) Newest() int64 { return int64(len(migrations)) }

// Version is kept by SQLite beside the tables.
func (e *Engine) Version(c *engine.Conn) (int64, error) { return c.Number("PRAGMA user_version") }

// Migrate brings the journal to this program's version, all in one transaction.
func (e *Engine) Migrate(c *engine.Conn) error { return e.MigrateTo(c, e.Newest()) }

// MigrateTo brings the journal to a version, as programs of before have left it.
func (e *Engine) MigrateTo(c *engine.Conn, to int64) error {
	version, err := e.Version(c)
	if err != nil {
		return err
	}
	if version > e.Newest() {
		return engine.ErrTooNew
	}
	if version >= to {
		return nil
	}
	if err := c.Begin(); err != nil {
		return err
	}
	for ; version < to; version++ {
		for _, s := range append(migrations[version][:len(migrations[version]):len(migrations[version])], fmt.Sprintf("PRAGMA user_version=%d", version+1)) {
			if _, err := c.Exec(s); err != nil {
				_, _ = c.Exec("ROLLBACK") // the first error is the one that matters
				return fmt.Errorf("migrate the journal to version %d: %w", version+1, err)
			}
		}
	}
	_, err = c.Exec("COMMIT")
	return err
}

package journal

import (
	"fmt"
	"strconv"
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

// migrations[n] lifts a journal from version n to n+1.
var migrations = [][]string{schema, restoreSchema, purgeSchema, resultSchema}

// migrate brings the journal to this program's version, all in one transaction.
func migrate(c *conn) error {
	version, err := c.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	if version > int64(len(migrations)) {
		return ErrTooNew
	}
	if version == int64(len(migrations)) {
		return nil
	}
	if _, err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for n := version; n < int64(len(migrations)); n++ {
		for _, s := range migrations[n] {
			if _, err := c.exec(s); err != nil {
				_, _ = c.exec("ROLLBACK") // the first error is the one that matters
				return fmt.Errorf("bring the journal to version %d: %w", n+1, err)
			}
		}
	}
	if _, err := c.exec("PRAGMA user_version=" + strconv.Itoa(len(migrations))); err != nil {
		_, _ = c.exec("ROLLBACK")
		return err
	}
	_, err = c.exec("COMMIT")
	return err
}

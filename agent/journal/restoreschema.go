package journal

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

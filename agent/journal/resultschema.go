package journal

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

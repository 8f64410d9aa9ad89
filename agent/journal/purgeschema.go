package journal

// graveVersion is the version of the file from which on it has the tables of purgeSchema.
const graveVersion = 3

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

package upkeep

// Codes of what upkeep reports. Each is stable; docs/errors.md is generated from this file.
const (
	CodePurge      = "purge.failed" // what is kept no longer could not all be purged; the log says why, and it is tried again the next night
	CodePurgeWaits = "purge.waits"  // the clock went on by more than a week since the last purge; purging waits for a day: set the clock if it is wrong
	CodePurgeRuns  = "purge.runs"   // a purge or a compaction is running; wait until it is done
)

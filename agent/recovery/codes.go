package recovery

// Codes of what is said after a restore. Each is stable; docs/errors.md is generated from this file.
const (
	CodeRestoreAsk = "restore.undecided" // a restored agent cannot be released before what it cannot know is said; the message lists the questions
	CodeReread     = "restore.reread"    // what was settled after the backup cannot be offered again yet; mend what the message says, it is tried again
)

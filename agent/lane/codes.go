package lane

// Codes of what happens on the way to a target. Each is stable; docs/errors.md is generated from this list.
const (
	CodeStage     = "target.stage"  // a file could not be put in place under its temporary name; it is tried again
	CodeBehind    = "target.behind" // the delivery waits for an older one of the same order key; settle that one: inbasket show names it
	CodeSeal      = "batch.seal"    // a batch file could not be made or kept; it is tried again
	CodeBatchHeld = "batch.held"    // a sealed batch cannot go and stops its target; look at it with inbasket batches, then retry or void it
)

package orders

// Codes of what is said of orders. Each is stable; docs/errors.md is generated from this file.
const (
	CodeByOperator = "form.rejected"     // a person rejected the form; the reason is theirs
	CodeWholeFile  = "result.whole-file" // an answer file of many decisions that cannot be read was to be given to one submission; mend the file and put it there again, then drop it
	CodeBackupRuns = "backup.under-way"  // another backup is being made; wait until it is done
)

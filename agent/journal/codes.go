package journal

// The stable codes of what this package tells an operator.
const (
	CodeUnavailable   = "journal.unavailable"   // the journal cannot be read or written: disk full, file rights, a failing disk; nothing is taken from the in-baskets until it can; mend the disk, the agent goes on by itself
	CodeDiskFull      = "journal.disk-full"     // no space is left where the journal lies; make space, nothing that was acknowledged is lost
	CodeIO            = "journal.io"            // the disk refused to write the journal; look at the disk and the system's log
	CodeCorrupt       = "journal.corrupt"       // the journal's file is damaged; stop the agent and restore the last backup
	CodeLocked        = "journal.locked"        // another agent uses this journal; stop it, or give this one a state folder of its own
	CodeTooNew        = "journal.too-new"       // a newer version wrote this journal; install that version or restore an older backup
	CodeClosed        = "journal.closed"        // the journal was closed; the agent is stopping
	CodeReadOnly      = "journal.read-only"     // the journal was opened for reading only; the running agent must do this
	CodePlanChanged   = "journal.plan-changed"  // the content of a mapping changed under a version that was used; raise the version
	CodeReference     = "journal.reference"     // the reference is known with another content; ask the sender
	CodeKnownBefore   = "journal.known-before"  // a form may be one that was known before the configuration or its mapping changed; compare both: reject this one, or release it to deliver it as well
	CodeAmbiguous     = "journal.ambiguous"     // a result fits several submissions; attach it by hand
	CodeTally         = "journal.tally"         // the journal counts wrong, which shows in status only; inbasket journal compact counts anew
	CodeInconsistent  = "journal.inconsistent"  // two parts of the journal contradict each other; look at the submission by inbasket show, and send diagnostics to the maintainers
	CodeGap           = "journal.gap"           // numbers of batches are missing in the journal; look at the target for them
	CodeContent       = "journal.content"       // an attachment, document or large form is gone or damaged in the content store; take it out of a backup
	CodeOld           = "journal.old"           // an older version wrote the journal last; start this version's agent once
	CodeSpace         = "journal.space"         // there is too little space on the disk to make the journal small; make space first
	CodePurged        = "journal.purged"        // the submission was purged, and only a tombstone is left of it; what it said is gone here, and stands in the targets only
	CodeRejected      = "journal.rejected"      // a result came for a rejected submission; look at both
	CodeSaidBefore    = "result.said-before"    // a result says again what one of the same ID said before another one said otherwise; ask the office which holds, then inbasket results attach, or drop
	CodeDroppedBefore = "result.dropped-before" // the office has sent again a result that a person dropped; give it to its submission by inbasket results attach, or drop it again
	CodeOvertaken     = "result.overtaken"      // a newer decision was told, or said under the same ID, while a result waited: it does not go on by itself; inbasket results attach, or drop
	CodeEarly         = "result.early"          // a result came before the submission that it fits was accepted (after a restore: read again), or before its target returned that value anew: it may speak of another case that had the number before; ask the office which it means, then inbasket results attach, or drop
	CodeFormerValue   = "result.former-value"   // a result fits a submission only by a value that its target has replaced since, as when it was delivered again: the number may be another case's now; ask the office which it means, then inbasket results attach, or drop
	CodeStatus        = "result.unknown-status" // a result carries a status that the mapping's outcome does not name; add it and reload, then it goes on by itself
	CodeOtherCase     = "result.other-case"     // a result has the ID of one that decided another submission: the number was used again, or the first was wrong; inbasket results attach, and let answer.id name more than a number that is used again
	CodeUnclear       = "target.unclear"        // whether the target has the delivery cannot be told; look there: if it has it, inbasket confirm; if not, inbasket retry --target
	CodeLacks         = "target.waits"          // the delivery waits for a value that another target returns; it goes on by itself once that one has its part: settle it there if it is parked
	CodeNoValue       = "submission.no-value"   // a delivery needs a value that another target was to return, and that one has ended without it; bring it there by hand and inbasket confirm it, or mend the mapping and inbasket retry --mapping NEW
	CodeOtherValues   = "target.other-values"   // a target that got a delivery again returned other values than the first time, such as another case number; what other targets hold of the old ones is wrong: mend it there
	CodeRestore       = "restore.unclear"       // whether the target got this after the backup was made cannot be told; look there: if it has it, inbasket confirm; if not, inbasket retry --target delivers it
)

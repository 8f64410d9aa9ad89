package journal

// The stable codes of what this package tells an operator.
const (
	CodeDiskFull    = "journal.disk-full"    // no space is left where the journal lies; make space, nothing that was acknowledged is lost
	CodeIO          = "journal.io"           // the disk refused to write the journal; look at the disk and the system's log
	CodeCorrupt     = "journal.corrupt"      // the journal's file is damaged; stop the agent and restore the last backup
	CodeLocked      = "journal.locked"       // another agent uses this journal; stop it, or give this one a state folder of its own
	CodeTooNew      = "journal.too-new"      // a newer version wrote this journal; install that version or restore an older backup
	CodeClosed      = "journal.closed"       // the journal was closed; the agent is stopping
	CodeReadOnly    = "journal.read-only"    // the journal was opened for reading only; the running agent must do this
	CodePlanChanged = "journal.plan-changed" // the content of a mapping changed under a version that was used; raise the version
	CodeReference   = "journal.reference"    // the reference is known with another content; ask the sender
	CodeAmbiguous   = "journal.ambiguous"    // a result fits several submissions; attach it by hand
	CodePurged      = "journal.purged"       // the submission was purged, and only a tombstone is left of it; what it said is gone here, and stands in the targets only
	CodeRejected    = "journal.rejected"     // a result came for a rejected submission; look at both
)

package audit

// Codes of errors of the audit log.
const (
	CodeUnwritten = "audit.unwritten" // the audit log cannot be written, so the order was not carried out; mend the disk below state, then give the order again
	CodeBroken    = "audit.broken"    // the audit log was changed after it was written, or a part of it is gone; keep a copy of state/audit and find out who could write there
	CodeLocked    = "audit.locked"    // another program writes the audit log; give the order to the running agent
	CodeDamaged   = "audit.damaged"   // the end of the audit log could not be read when the agent started; it goes on in a new file; look by inbasket audit verify
)

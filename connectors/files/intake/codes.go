package intake

// The codes of errors and notices, as docs/errors.md lists them; those of places are in their packages.
const (
	CodeClaimed    = "files.claimed"    // another agent takes files out of this folder; stop it, or give this one another folder
	CodeTooLarge   = "files.too-large"  // a file is over the size limit; it lies in the error folder
	CodeEmpty      = "files.empty"      // a file stayed empty; it lies in the error folder
	CodeBadName    = "files.bad-name"   // a file's name is not UTF-8 or holds control characters; it lies in the error folder
	CodeIncomplete = "files.incomplete" // attachments of a form did not come, or it cannot be told which they are; it lies in the error folder
	CodeBusy       = "files.busy"       // a program holds a form open for writing; close it there, or use a marker
	CodeGrown      = "files.grown"      // a form was still being written after it was taken, and is taken again as a whole; let its writer rename it when it is complete, or use a marker, or a longer quiet
	CodeGap        = "files.gap"        // a form's numbered attachments have a gap, and those behind it were left lying; give them numbers without one, then hand them in with the form again
	CodeNoMarker   = "files.no-marker"  // forms wait for their done-marker for long; see whether their writer still writes one, and how marker names it
	CodeNoForm     = "files.no-form"    // done-markers lie without their form for long; see whether match and marker fit, or remove them
	CodeStray      = "files.stray"      // files lie in the folder for long that belong to no form there, such as attachments that came after it; hand them in with their form again, or let ignore name them
	CodeSkipped    = "files.skipped"    // links or special files lie in the folder and are left alone; remove them
	CodeNotMoved   = "files.not-moved"  // a file could not be moved out of the folder; grant the agent's account delete and create
)

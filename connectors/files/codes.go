package files

// The codes of errors and notices, as docs/errors.md lists them.
const (
	CodeFolder       = "files.folder"     // the folder is missing or cannot be listed; create it, mount the share, or grant the agent's account
	CodeClaimed      = "files.claimed"    // another agent takes files out of this folder; stop it, or give this one another folder
	CodePermission   = "files.permission" // the agent's account may not do this; grant it read, write and delete on the folder
	CodeReadOnly     = "files.read-only"  // the file system is mounted read-only, or closed to the service; look for disk errors, or open the folder by: inbasket service drop-in --write
	CodeDiskFull     = "files.disk-full"  // no space or quota left; make room, the agent goes on by itself
	CodeIO           = "files.io"         // reading or writing failed; look at the disk or the share
	CodeSync         = "files.sync"       // the disk did not confirm that data is durable; the agent looks up before it goes on
	CodeName         = "files.name"       // a file name is empty, too long or holds characters that are not allowed; correct the name template
	CodeNameTaken    = "files.name-taken" // another file of that name lies there; move it away or correct the name template, then retry
	CodeNotStaged    = "files.not-staged" // the temporary file is not as it was put there; somebody changed the folder
	CodeContent      = "files.content"    // the agent's own stored bytes could not be read; it is tried again
	CodeTooLarge     = "files.too-large"  // a file is over the size limit; it lies in the error folder
	CodeEmpty        = "files.empty"      // a file stayed empty; it lies in the error folder
	CodeBadName      = "files.bad-name"   // a file's name is not UTF-8 or holds control characters; it lies in the error folder
	CodeIncomplete   = "files.incomplete" // attachments that a form lists did not come; it lies in the error folder
	CodeBusy         = "files.busy"       // a program holds a form open for writing; close it there, or use a marker
	CodeGrown        = "files.grown"      // a form was still being written after it was taken, and is taken again as a whole; let its writer rename it when it is complete, or use a marker, or a longer quiet
	CodeGap          = "files.gap"        // a form's numbered attachments have a gap, and those behind it were left lying; give them numbers without one, then hand them in with the form again
	CodeNoMarker     = "files.no-marker"  // forms wait for their done-marker for long; see whether their writer still writes one, and how marker names it
	CodeNoForm       = "files.no-form"    // done-markers lie without their form for long; see whether match and marker fit, or remove them
	CodeRefused      = "files.refused"    // the agent could not accept a file; it lies in the error folder
	CodeSkipped      = "files.skipped"    // links or special files lie in the folder and are left alone; remove them
	CodeNotMoved     = "files.not-moved"  // a file could not be moved out of the folder; grant the agent's account delete and create
	CodeProof        = "files.proof"      // the file that proves the right folder is not there; mount the share
	CodeUnclear      = "files.unclear"    // the connection broke while the file was being renamed; the agent looks it up
	CodeCancelled    = "files.cancelled"  // the agent was stopped in the middle; nothing became visible
	CodeFTPConnect   = "ftp.connect"      // the server cannot be reached; check address, firewall and service
	CodeFTPSilent    = "ftp.silent"       // the server is there, and left out an answer or a data connection; the hint says which, and what to do
	CodeFTPLogin     = "ftp.login"        // the server refuses user or password
	CodeFTPTLS       = "ftp.certificate"  // TLS failed; check tls.ca, tls.server-name and the server's certificate
	CodeFTPTransfer  = "ftp.transfer"     // the connection broke during the transfer; it is tried again
	CodeFTPTruncated = "ftp.truncated"    // the server kept fewer bytes than were sent; it is tried again
	CodeFTPRefused   = "ftp.refused"      // the server refuses a command; its answer is kept with the submission
)

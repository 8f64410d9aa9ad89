package place

// Codes of errors that every place may have, as docs/errors.md lists them.
const (
	CodeFolder     = "files.folder"      // the folder is missing or cannot be listed; create it, mount the share, or grant the agent's account
	CodePermission = "files.permission"  // the agent's account may not do this; grant it read, write and delete on the folder
	CodeReadOnly   = "files.read-only"   // the file system is mounted read-only, or closed to the service; look for disk errors, or open the folder by: inbasket service drop-in --write
	CodeDiskFull   = "files.disk-full"   // no space or quota left; make room, the agent goes on by itself
	CodeIO         = "files.io"          // reading or writing failed; look at the disk or the share
	CodeSync       = "files.sync"        // the disk did not confirm that data is durable; the agent looks up before it goes on
	CodeName       = "files.name"        // a file name is empty, too long or holds characters that are not allowed; correct the name template
	CodeNameTaken  = "files.name-taken"  // another file of that name lies there; move it away or correct the name template, then retry
	CodeNotStaged  = "files.not-staged"  // the temporary file is not as it was put there; somebody changed the folder
	CodeNotRenamed = "files.not-renamed" // the server said that it renamed a file, and did not; look at the server and the account's rights, the agent tries it again
	CodeContent    = "files.content"     // the agent's own stored bytes could not be read; it is tried again
	CodeUnclear    = "files.unclear"     // the connection broke while the file was being renamed; the agent looks it up
	CodeCancelled  = "files.cancelled"   // the agent was stopped in the middle; nothing became visible
)

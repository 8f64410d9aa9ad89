package backup

// The stable codes of what this package tells an operator.
const (
	CodeDamaged  = "backup.damaged"   // the backup is not what was written: cut off, changed or no backup at all; take another one
	CodeTooNew   = "backup.too-new"   // a newer version of the program made this backup; install that version, or restore an older backup
	CodeNotEmpty = "backup.not-empty" // the state folder holds a journal already; say with --replace that it is to be moved aside
	CodeRunning  = "backup.running"   // an agent uses the state folder; stop it before the restore
	CodeExists   = "backup.exists"    // a file of that name lies there already; backups are never overwritten, name another file
	CodeWrite    = "backup.write"     // the backup could not be written where it should lie; make room or mend the rights, then repeat it
	CodeClock    = "backup.clock"     // the clock is set before the time at which the backup was made, and numbers that were used could be used again; set the clock, then restore
	CodeSpace    = "backup.no-room"   // the disk that is named has no room for a copy of the journal; make room there, then repeat the order
	CodeHalf     = "backup.half"      // a restore was interrupted while it changed over; run the same restore again, or start the agent, which finishes it
	CodeState    = "backup.state"     // the state folder could not be read or changed; mend its rights or the disk, then repeat the order
)

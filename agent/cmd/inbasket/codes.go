package main

// Codes of errors of the command line itself.
const (
	codeLogClosed = "agent.log-closed" // nobody reads the log on standard error any more; it goes on in log/inbasket.log of the state folder; set log.file, or start it under a service manager
	codeExists    = "new.exists"       // new never overwrites a file; remove it, or name another place
)

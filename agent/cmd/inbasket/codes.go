package main

// Codes of errors of the command line itself.
const (
	codeExists = "new.exists" // new never overwrites a file; remove it, or name another place
)

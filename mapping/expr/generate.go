// Package expr is the language of mappings: it compiles expressions to closures, knows what check can know of their values
// before there is a form, and keeps to each value what it is made of, by which it is decided whose fault an error is. It
// does no I/O and has no clock; a program may be run by many goroutines at once, each with an Env of its own.
package expr

// The reference of helpers is written by its own test, which otherwise fails when it is stale.
//go:generate go test -count=1 -run TestReference -update .

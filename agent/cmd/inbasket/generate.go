package main

// The references in docs are written by their own tests, which otherwise fail when one is stale.
//go:generate go test -count=1 -run TestReferences -update .

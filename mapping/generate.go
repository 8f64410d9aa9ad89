package mapping

// The schema that editors use is written by its own test, which otherwise fails when it is stale.
//go:generate go test -count=1 -run TestFileSchema -update .

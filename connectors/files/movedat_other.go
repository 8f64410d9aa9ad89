//go:build !linux

package files

import (
	"io/fs"
	"time"
)

// backlog is how long a form may have waited in its folder before it was accepted. It is generous: what was
// accepted before all the same is only a repeat.
const backlog = 30 * 24 * time.Hour

// movedAt is the latest time at which a file can have come into its folder: a rename leaves no time behind here.
func movedAt(fi fs.FileInfo) time.Time { return touched(fi).Add(backlog) }

package files

import (
	"io/fs"
	"time"
)

// movedAt is when a file came into its folder: Linux notes a rename as a change of the inode.
func movedAt(fi fs.FileInfo) time.Time { return touched(fi) }

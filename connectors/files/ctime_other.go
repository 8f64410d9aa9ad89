//go:build !linux && !windows

package files

import (
	"io/fs"
	"time"
)

// touched is when the file was last changed. Where only mtime is known, a look in the future makes
// sure that two looks are always taken.
func touched(fi fs.FileInfo) time.Time { return fi.ModTime().AddDate(100, 0, 0) }

package files

import (
	"io/fs"
	"syscall"
	"time"
)

// touched is when the file was last changed or came here. Explorer and robocopy keep the time of
// writing of what they copy; the time of creation is that of the copy.
func touched(fi fs.FileInfo) time.Time {
	t := fi.ModTime()
	if d, ok := fi.Sys().(*syscall.Win32FileAttributeData); ok {
		if c := time.Unix(0, d.CreationTime.Nanoseconds()); c.After(t) {
			return c
		}
	}
	return t
}

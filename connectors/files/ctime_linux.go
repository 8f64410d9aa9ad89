package files

import (
	"io/fs"
	"syscall"
	"time"
)

// touched is when the file was last changed in any way. Programs that copy a file keep its mtime; the
// inode's change time cannot be set back.
func touched(fi fs.FileInfo) time.Time {
	t := fi.ModTime()
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		if c := time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec)); c.After(t) { //nolint:unconvert // 32 bits on some
			return c
		}
	}
	return t
}

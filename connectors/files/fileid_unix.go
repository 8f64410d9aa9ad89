//go:build unix

package files

import (
	"io/fs"
	"os"
	"syscall"
)

// idOf tells one file from another that has its name: device and inode.
func idOf(fi fs.FileInfo) fileID {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return fileID{uint64(st.Dev), uint64(st.Ino)} //nolint:unconvert // 32 bits on some
	}
	return fileID{}
}

// idOfOpen is idOf for an open file.
func idOfOpen(_ *os.File, fi fs.FileInfo) fileID { return idOf(fi) }

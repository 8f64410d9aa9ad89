//go:build unix && !linux

package local

import (
	"io/fs"
	"syscall"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// addSystem adds device and inode. When a file was last changed in any way is not looked up: two looks are always taken.
func addSystem(info *place.Info, fi fs.FileInfo) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		info.ID = place.ID{Volume: uint64(st.Dev), Index: uint64(st.Ino)} //nolint:unconvert // 32 bits on some
	}
}

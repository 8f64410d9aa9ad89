package files

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// ownFileSystem tells whether the kernel itself keeps the folder's files: then it knows who has one open, and an inode
// number means one file. Over the network a refused lease means something else, and numbers may be made up.
func ownFileSystem(dir string) bool {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return false
	}
	switch int64(st.Type) { //nolint:unconvert // 32 bits on some
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.F2FS_SUPER_MAGIC, unix.OVERLAYFS_SUPER_MAGIC:
		return true
	}
	return false
}

// writers tells whether a program has a file of an own file system open for writing. Linux refuses a lease for reading
// then; where it grants none to this account (files of others, without CAP_LEASE), that is not known. Closing the file
// gives the lease back; whoever opens the file for writing until then waits that long.
func writers(f *os.File) (some, known bool) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false, false
	}
	var refused error
	if err := raw.Control(func(fd uintptr) { _, refused = unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK) }); err != nil {
		return false, false
	}
	some = errors.Is(refused, unix.EAGAIN)
	return some, some || refused == nil
}

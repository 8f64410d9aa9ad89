package local

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// renamesTouch: Linux notes a rename as a change of the inode.
const renamesTouch = true

// lstat looks at a file by the one call that it takes.
func lstat(path string) (place.Info, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Lstat(path, &st) })
	if err != nil {
		return place.Info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return infoOfStat(path, &st), nil
}

// infoOfStat reads what the kernel tells. Programs that copy a file keep its mtime; the inode's change time cannot be set
// back.
func infoOfStat(path string, st *unix.Stat_t) place.Info {
	info := place.Info{Name: filepath.Base(path), Size: st.Size, Mtime: st.Mtim.Nano(), ID: place.ID{Volume: uint64(st.Dev), Index: uint64(st.Ino)}} //nolint:unconvert // 32 bits on some
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		info.Kind, info.Size = place.Folder, -1
	default:
		info.Kind, info.Size = place.Special, -1
	}
	info.Touched = time.Unix(0, max(info.Mtime, st.Ctim.Nano()))
	return info
}

func addSystem(info *place.Info, fi fs.FileInfo) {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		info.ID = place.ID{Volume: uint64(st.Dev), Index: uint64(st.Ino)}                      //nolint:unconvert // 32 bits on some
		info.Touched = later(fi.ModTime(), time.Unix(int64(st.Ctim.Sec), int64(st.Ctim.Nsec))) //nolint:unconvert // 32 bits on some
	}
}

// again repeats a call that a signal ended.
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// readFile opens, reads and looks at a file without the runtime's poller, which a regular file has no use for. That the
// file ends there, the look at the open file tells without another read.
func readFile(path string, limit int64, lease bool) (c place.Content, err error) {
	var fd int
	err = again(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		return err
	})
	if errors.Is(err, unix.ELOOP) {
		return c, place.ErrSpecial
	}
	if err != nil {
		return c, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(fd) }()
	if lease {
		some, known := writers(fd)
		if some {
			return c, place.ErrBusy
		}
		c.Alone = known
	}
	b := make([]byte, max(limit, 0))
	n := 0
	for n < len(b) {
		var k int
		if err := again(func() (err error) { k, err = unix.Read(fd, b[n:]); return err }); err != nil {
			return c, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if k <= 0 {
			break
		}
		n += k
	}
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return c, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	c.Bytes, c.Info = b[:n:n], infoOfStat(path, &st)
	if c.Info.Kind != place.Regular {
		return c, place.ErrSpecial
	}
	return c, nil
}

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
func writers(fd int) (some, known bool) {
	_, refused := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	some = errors.Is(refused, unix.EAGAIN)
	return some, some || refused == nil
}

package local

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// openRegular opens for reading and lets nobody write meanwhile: a program that still has the file open
// for writing makes this fail with a sharing violation, so that the file counts as not ready. Links
// are opened themselves, not what they point to; the caller's fstat refuses them.
func openRegular(path string) (*os.File, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	h, err := windows.CreateFile(p, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_DELETE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

func isCrossDevice(err error) bool { return errors.Is(err, windows.ERROR_NOT_SAME_DEVICE) }

func isDiskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

func isNotFolder(err error) bool { return errors.Is(err, windows.ERROR_DIRECTORY) }

func isNoName(err error) bool {
	return errors.Is(err, windows.ERROR_INVALID_NAME) || errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE)
}

func isLink(error) bool { return false }

// addSystem adds when the file was last changed or came here. Explorer and robocopy keep the time of writing of what they
// copy; the time of creation is that of the copy. A look by name does not tell the file's index here.
func addSystem(info *place.Info, fi fs.FileInfo) {
	info.Touched = fi.ModTime()
	if d, ok := fi.Sys().(*syscall.Win32FileAttributeData); ok {
		info.Touched = later(info.Touched, time.Unix(0, d.CreationTime.Nanoseconds()))
	}
}

// idOfOpen tells one file from another that has its name: volume and file index.
func idOfOpen(f *os.File, _ place.Info) place.ID {
	var d windows.ByHandleFileInformation
	if windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &d) != nil {
		return place.ID{}
	}
	return place.ID{Volume: uint64(d.VolumeSerialNumber), Index: uint64(d.FileIndexHigh)<<32 | uint64(d.FileIndexLow)}
}

// lockFile takes the exclusive lock or says that somebody else has it. The locked byte lies far behind
// the content, because Windows would forbid others to read it.
func lockFile(f *os.File) (held bool, err error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}

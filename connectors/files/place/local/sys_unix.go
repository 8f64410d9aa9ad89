//go:build unix

package local

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/inbasket/inbasket/connectors/files/place"
)

// openRegular opens without following a link and without waiting for a pipe's other end. O_NONBLOCK
// means nothing for a regular file; what is none is refused by the caller's fstat.
func openRegular(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

func isCrossDevice(err error) bool { return errors.Is(err, syscall.EXDEV) }

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

func isNotFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

func isNoName(err error) bool { return errors.Is(err, syscall.ENAMETOOLONG) }

func isLink(err error) bool { return errors.Is(err, syscall.ELOOP) }

// idOfOpen is what a look by name tells, too.
func idOfOpen(_ *os.File, info place.Info) place.ID { return info.ID }

// lockFile takes the exclusive lock or says that somebody else has it.
func lockFile(f *os.File) (held bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

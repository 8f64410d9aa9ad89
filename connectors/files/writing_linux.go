package files

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// writers tells whether a program has the file open for writing. Linux refuses a lease for reading then; where it
// grants none to this account (files of others, without CAP_LEASE) or to nobody (network shares), that is not known.
func writers(f *os.File) (some, known bool) {
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	if err == nil {
		_, _ = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK) // closing gives it back, too
	}
	some = errors.Is(err, unix.EAGAIN)
	return some, some || err == nil
}

//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"
)

// noFollow keeps a link that the agent's account put there from leading root's commands elsewhere.
const noFollow = syscall.O_NOFOLLOW

// lockFile takes the exclusive lock or says that somebody else has it.
func lockFile(f *os.File) (held bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

func isDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

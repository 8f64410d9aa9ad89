//go:build !windows

package setup

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// reach tells whether this process may read a file or folder and, with write, change it. It changes nothing.
func reach(path string, write bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return reason(err)
	}
	mode := uint32(unix.R_OK)
	if info.IsDir() {
		mode |= unix.X_OK
	}
	if write {
		mode |= unix.W_OK
	}
	if err := unix.Access(path, mode); err != nil {
		return err
	}
	return nil
}

// reason drops the path, which stands in the message already.
func reason(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

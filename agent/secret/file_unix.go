//go:build !windows

package secret

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/inbasket/inbasket/agent/disk"
)

// adopt gives a new file owner and mode of the one that it replaces, or of its folder.
func adopt(file, instead string) error {
	mode, like := os.FileMode(0o640), filepath.Dir(instead)
	info, err := os.Stat(instead)
	switch {
	case err == nil:
		mode, like = info.Mode().Perm(), instead
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	if err := disk.SameOwner(file, like); err != nil {
		return err
	}
	return os.Chmod(file, mode)
}

// lockFolder keeps others who ask for it from changing files in a folder at the same time, until release.
func lockFolder(dir string) (release func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil && !errors.Is(err, syscall.ENOTSUP) && !errors.Is(err, syscall.ENOLCK) {
		return nil, errors.Join(err, d.Close())
	}
	return func() { _ = d.Close() }, nil
}

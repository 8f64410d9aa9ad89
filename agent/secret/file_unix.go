//go:build !windows

package secret

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// adopt gives a new file owner and mode of the one that it replaces, or of its folder.
func adopt(file, instead string) error {
	mode := os.FileMode(0o640)
	info, err := os.Stat(instead)
	if errors.Is(err, os.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(instead))
	} else if err == nil {
		mode = info.Mode().Perm()
	}
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := os.Chown(file, int(s.Uid), int(s.Gid)); err != nil {
			return err
		}
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

package secret

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// adopt has nothing to do: a file takes over the ACL of its folder.
func adopt(string, string) error { return nil }

// lockFolder keeps others who ask for it from changing files in a folder at the same time, until release.
func lockFolder(dir string) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, ".secrets.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

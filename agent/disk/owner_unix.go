//go:build unix

package disk

import (
	"os"
	"path/filepath"
	"syscall"
)

// OpenOwned opens a file in a folder of the agent's account, where root writes too: a link that somebody put there must lead root
// nowhere, and what root makes belongs to the account that owns the folder.
func OpenOwned(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW, 0o600)
	if err == nil && os.Geteuid() == 0 {
		if uid, gid, err := owner(filepath.Dir(path)); err == nil {
			_ = f.Chown(uid, gid) // if it fails, the agent says that it may not write
		}
	}
	return f, err
}

// SameOwner gives a file or folder that root made to the owner of another one.
func SameOwner(path, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := owner(like)
	if err != nil {
		return err
	}
	return os.Lchown(path, uid, gid)
}

// owner returns who a file belongs to; -1 changes nothing.
func owner(path string) (uid, gid int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return -1, -1, err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), int(s.Gid), nil
	}
	return -1, -1, nil
}

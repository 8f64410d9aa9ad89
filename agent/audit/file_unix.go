//go:build unix

package audit

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile takes the exclusive lock or says that somebody else has it.
func lockFile(f *os.File) (held bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// openFile opens one of the log's files. The folder belongs to the agent's account, and root writes here too: a link
// that somebody put there must lead root nowhere. What root makes belongs to the account that owns the folder.
func openFile(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|syscall.O_NOFOLLOW, 0o600)
	if err != nil || os.Geteuid() != 0 {
		return f, err
	}
	if uid, gid, ok := owner(filepath.Dir(path)); ok {
		_ = f.Chown(uid, gid) // if it fails, the agent says that it may not write
	}
	return f, nil
}

// inherit gives a folder that root made to the account that owns the one around it.
func inherit(dir string) {
	if os.Geteuid() != 0 {
		return
	}
	if uid, gid, ok := owner(filepath.Dir(dir)); ok {
		_ = os.Lchown(dir, uid, gid) // as above
	}
}

func owner(dir string) (uid, gid int, ok bool) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, 0, false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(s.Uid), int(s.Gid), true
}

//go:build !windows

package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// exposed tells why a file with a secret is not safe from others, and what to do; empty: it is. Its owner
// is root or the agent's account. The group may read only what root owns: so the service's account reads
// what it cannot change.
func exposed(path string, info fs.FileInfo) (why, cure string) {
	const file = "the file of this secret "
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", ""
	}
	mode, me := info.Mode().Perm(), os.Geteuid()
	switch {
	case mode&0o004 != 0:
		return file + "can be read by everybody", "chmod 600 " + path
	case mode&0o022 != 0:
		return file + "can be changed by others than its owner", "chmod 600 " + path
	case mode&0o040 != 0 && s.Uid != 0:
		return file + "can be read by its group", "chmod 600 " + path
	case me != 0 && s.Uid != 0 && int(s.Uid) != me: // root looks at it for an account that it does not know
		return file + "belongs to another account, which can change it", fmt.Sprintf("chown it to root or to the agent's own account: %s", path)
	}
	if dir := open(path); dir != "" {
		return "everybody can replace the file of this secret: the folder " + dir + " is open to all", "chmod o-w " + dir
	}
	return "", ""
}

// open returns the folder above a file in which everybody may rename what is another's; empty: there is none.
func open(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

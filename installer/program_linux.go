package installer

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/inbasket/inbasket/connectors"
)

// CheckProgram refuses a program where others than root could change what the service runs, or that may be gone
// after the next start of the machine.
func CheckProgram(path string) error {
	refuse := func(format string, args ...any) error {
		return connectors.Errorf(connectors.ItemError, CodeProgram, "choose the program", "copy it: install -m 755 "+path+
			" /usr/local/bin/inbasket, and repeat the command by that one; or say --force", format, args...)
	}
	for _, dir := range append([]string{"/run", "/dev/shm"}, hidden...) {
		if inside(path, dir) {
			return refuse("%s lies below %s, which is no place for a service's program", path, dir)
		}
	}
	for p := path; ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err != nil {
			return refuse("%s cannot be seen: %w", p, err)
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && (s.Uid != 0 || info.Mode()&0o022 != 0 && info.Mode()&os.ModeSticky == 0) {
			return refuse("%s can be changed by others than root", p)
		}
		if p == filepath.Dir(p) {
			return nil
		}
	}
}

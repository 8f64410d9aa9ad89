package intake

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/connectors/files/intake/rules"
)

// TestErrorFolderCannotBeWritten leaves the form where it is and says so, once a minute.
func TestErrorFolderCannotBeWritten(t *testing.T) {
	b := newBasket(t, func(c *rules.FolderConfig) { c.MaxBytes = 10 })
	b.names()
	errs := filepath.Join(b.dir, "error")
	if err := syscall.Mount("tmpfs", errs, "tmpfs", syscall.MS_RDONLY, "size=64k"); err != nil {
		lacks(t, "needs root:", err)
	}
	defer func() { _ = syscall.Unmount(errs, syscall.MNT_DETACH) }()
	b.put("a.json", strings.Repeat("x", 11))
	expect(t, "not taken", b.later(), "")
	expect(t, "not taken", b.later(), "")
	expect(t, "left lying", tree(t, b.dir), "a.json")
	expect(t, "told once", strings.Join(b.notices, " "), CodeNotMoved)
}

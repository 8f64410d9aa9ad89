//go:build unix

package journal_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/inbasket/inbasket/agent/journal"
)

// What citizens wrote is readable by the agent's account only, whatever the umask and the folder's rights are, and also
// in a journal that an older version made.
func TestTheFileIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer syscall.Umask(syscall.Umask(0o022))
	for range 2 {
		j, err := journal.Open(t.Context(), dir, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{journal.FileName, journal.FileName + "-wal", journal.FileName + "-shm"} {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v %v", name, info, err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, journal.FileName), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

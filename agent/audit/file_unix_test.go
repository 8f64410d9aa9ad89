//go:build unix

package audit

import (
	"os"
	"path/filepath"
	"testing"
)

// The folder belongs to the agent's account, and root's commands write into it: a link there leads them nowhere.
func TestALinkLeadsNowhere(t *testing.T) {
	for _, name := range []string{"audit.lock", fileName(1)} {
		dir := t.TempDir()
		victim := filepath.Join(t.TempDir(), "victim")
		must(t, os.WriteFile(victim, []byte("theirs"), 0o600))
		must(t, os.Symlink(victim, filepath.Join(dir, name)))
		l, err := Open(dir, newClock())
		if err == nil {
			_, err = l.Add(Record{Who: "root", Via: ViaCLI, Action: "x"})
			must(t, l.Close())
		}
		if err == nil {
			t.Errorf("%s: it was written to", name)
		}
		if b, err := os.ReadFile(victim); err != nil || string(b) != "theirs" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

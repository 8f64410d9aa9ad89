package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCredentialOfAFolder reads a secret under the name that systemd gives a file of a folder it hands over
// (LoadCredential=inbasket:/etc/inbasket/credentials), and prefers one that was handed over by itself.
func TestCredentialOfAFolder(t *testing.T) {
	dir := t.TempDir()
	l := &loader{options: Options{Getenv: func(string) string { return dir }}}
	if _, err := l.fromCredential("register"); err == nil {
		t.Error("read what is not there")
	}
	for _, f := range []struct{ name, text string }{{"inbasket_register", "of the folder\n"}, {"register", "of its own\n"}} {
		if err := os.WriteFile(filepath.Join(dir, f.name), []byte(f.text), 0o400); err != nil {
			t.Fatal(err)
		}
		if got, err := l.fromCredential("register"); err != nil || got+"\n" != f.text {
			t.Errorf("after writing %s: %q, %v", f.name, got, err)
		}
	}
}

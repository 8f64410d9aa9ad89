//go:build unix

package system

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLogFileMovedAway: logrotate moves the file, or cuts it, and the log goes on under its name.
func TestLogFileMovedAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log", "inbasket.log")
	l, err := openFile(path)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	l.now = func() time.Time { return now }
	write := func(s string) {
		t.Helper()
		if _, err := l.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(file, want string) {
		t.Helper()
		if b, err := os.ReadFile(file); err != nil || string(b) != want {
			t.Errorf("%s holds %q (%v), want %q", file, b, err, want)
		}
	}
	write("1\n")
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	write("2\n")
	holds(path+".old", "1\n")
	holds(path, "2\n")
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	write("3\n")
	holds(path, "3\n")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	write("4\n")
	holds(path, "4\n")
	if l.size != 2 {
		t.Errorf("size %d after it was cut", l.size)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestLogWithoutReader: the log goes on in a file once nobody reads standard error.
func TestLogWithoutReader(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	p := NewPipeLog(w, state)
	for i, line := range []string{"1\n", "2\n", "3\n"} {
		if i == 1 {
			_ = r.Close()
		}
		if n, err := p.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%q: %d %v", line, n, err)
		}
	}
	b, err := os.ReadFile(filepath.Join(state, "log", "inbasket.log"))
	if err != nil || !strings.Contains(string(b), codeLogClosed) || !strings.HasSuffix(string(b), "}\n2\n3\n") {
		t.Errorf("%q %v", b, err)
	}
	if err := errors.Join(p.Close(), w.Close()); err != nil {
		t.Error(err)
	}
}
